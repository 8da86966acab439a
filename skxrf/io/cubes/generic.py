"""Any other HDF5 cube: the caller names the dataset and gives the energy axis.

Labels of the axes are used where the file has them: the attribute ``dims`` or ``axes``, or HDF5's own
dimension labels and scales (as netCDF and xarray write them), whose units may calibrate the axis.
"""

from __future__ import annotations

import posixpath
from functools import partial
from typing import Any

from skxrf.utils.units import to_kev, to_mm

from .._hdf5_access import texts, units_of
from .axes import axis_or_reason, dims_from_labels
from .hdf5_reader import HDF5Reader
from .source import CubeSource

__all__ = ["find", "read"]


def find(file: Any, cubes: list[Any]) -> list[Any]:
    """Every cube."""
    return cubes


def read(cube: Any) -> CubeSource:
    """Describe one cube by what HDF5 itself can say about it."""
    scales = [_scale(cube, i) for i in range(3)]
    dims = _dims(cube, scales)
    found: dict[str, Any] = {}
    for dim, scale in zip(dims or (), scales, strict=False):
        units = "" if scale is None else units_of(scale)
        if dim == "energy" and units:
            found["energy_from"] = f"{scale.name!r} in {cube.file.filename}"
            found["energy"], found["energy_hint"] = axis_or_reason(
                partial(to_kev, scale[()], units, source=found["energy_from"])
            )
        elif units:
            found[dim] = to_mm(scale[()], units)
    reader = HDF5Reader.of(cube)
    return CubeSource(
        path=reader.path,
        dataset=cube.name,
        layout="HDF5",
        reader=reader,
        dims=dims,
        dims_from="the labels of its axes",
        **found,
    )


def _scale(cube: Any, i: int) -> Any:
    scales = cube.dims[i].values()
    return scales[0] if len(scales) == 1 else None


def _dims(cube: Any, scales: list[Any]) -> tuple[str, ...] | None:
    for name in ("dims", "axes"):
        if name in cube.attrs:
            return dims_from_labels(texts(cube.attrs[name]))
    labels = [
        cube.dims[i].label or ("" if scale is None else posixpath.basename(scale.name))
        for i, scale in enumerate(scales)
    ]
    return dims_from_labels(labels)
