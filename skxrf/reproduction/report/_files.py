"""The files of a run: written beside the target, moved there when all are complete."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from skxrf.reproduction._result import ReproductionResult
from skxrf.utils.files import whole_files

from ._document import render_report


def write_report(result: ReproductionResult, folder: str | os.PathLike[str]) -> Path:
    """Write ``report.html``, ``maps.nc`` and ``scores.csv``, all of them or none.

    Parameters
    ----------
    result : ReproductionResult
        Result of :func:`skxrf.reproduction.reproduce`.
    folder : str or path-like
        The folder. It is made where it does not exist; files of the same names are replaced,
        others stay.

    Returns
    -------
    Path
        The report.

    Raises
    ------
    OSError
        If the folder is a file or cannot be written to.
    """
    dataset = maps_dataset(result)
    compressed = {"zlib": True, "complevel": 4}
    with whole_files(folder) as temporary:
        (temporary / "report.html").write_text(render_report(result), encoding="utf-8")
        result.scores.to_csv(
            temporary / "scores.csv", index=False, float_format="%.6g", lineterminator="\n"
        )
        # Made in memory and written as bytes: HDF5 itself does not survive a full disk.
        content = dataset.to_netcdf(
            engine="h5netcdf", encoding=dict.fromkeys(dataset.data_vars, compressed)
        )
        (temporary / "maps.nc").write_bytes(content)
    return Path(folder) / "report.html"


def maps_dataset(result: ReproductionResult) -> xr.Dataset:
    """All maps in one Dataset.

    Returns ``prediction`` of dims (model, y, x, element), ``reference`` of dims (y, x, element)
    and, where it is known, ``truth``: intensities [counts], float32. With several paintings there
    is a dim ``painting`` before ``y``; ``y`` and ``x`` are then rows and columns, and
    ``y_position`` and ``x_position`` where they are in each painting [mm].
    """
    # Not a dim "method": sel(method=...) is xarray's way to ask for inexact matches.
    variables: dict[str, Any] = {
        "prediction": xr.concat(
            [_over_paintings(m.predictions) for m in result.methods],
            dim=xr.Variable("model", [m.name for m in result.methods]),
        ),
        "reference": _over_paintings(result.reference),
    }
    if result.truth is not None:
        variables["truth"] = _over_paintings(result.truth)
    dataset = xr.Dataset(variables).astype(np.float32)
    described = {
        "prediction": "held-out predictions: each pixel by a model that was not trained on it",
        "reference": f"what the methods learned from: {result.data.reference_name}",
        "truth": "true expected intensities of the simulation",
    }
    for name, variable in dataset.data_vars.items():
        variable.attrs = {"units": "counts", "description": described[str(name)]}
    dataset.attrs = {
        "title": f"Element maps of {result.data.name}",
        "source": result.data.source,
        "simulated": str(result.data.simulated),
        "history": f"skxrf {result.provenance.get('skxrf', '')} reproduce".strip(),
    }
    return dataset


def _over_paintings(maps: dict[str, xr.DataArray]) -> xr.DataArray:
    arrays = [m.transpose("y", "x", "element").drop_attrs(deep=False) for m in maps.values()]
    if len(arrays) == 1:
        return arrays[0]
    # Paintings share rows and columns, not millimeters: those become coordinates of their own.
    painting = xr.Variable("painting", list(maps))
    joined = xr.concat([_by_pixel(m) for m in arrays], dim=painting, join="outer")
    positions = {
        f"{dim}_position": xr.concat(
            [_by_pixel(m[dim].drop_vars(dim)) for m in arrays], dim=painting, join="outer"
        )
        for dim in ("y", "x")
        if all(dim in m.coords for m in arrays)
    }
    return joined.assign_coords(positions)


def _by_pixel(array: xr.DataArray) -> xr.DataArray:
    pixels = {dim: np.arange(array.sizes[dim]) for dim in ("y", "x") if dim in array.dims}
    return array.drop_vars(pixels, errors="ignore").assign_coords(pixels)
