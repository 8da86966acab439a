"""HyperSpy's HDF5 layout: ``Experiments/<name>/data`` with the groups ``axis-0``, ``axis-1``, ...

Each axis group has the attributes ``name``, ``size``, ``scale``, ``offset``, ``units`` and
``navigate``, in the order in which the array is stored. HyperSpy writes it for a Bruker ``.bcf``.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skxrf.exceptions import FileFormatError
from skxrf.utils.units import to_kev, to_mm

from .._hdf5_access import scalar_attrs, text
from .axes import axis_or_reason, dims_from_labels, pixels_around_energy
from .hdf5_reader import HDF5Reader
from .source import CubeSource

__all__ = ["find", "read"]

_DATA = re.compile(r"/Experiments/[^/]+/data")
# What HyperSpy writes where a name or unit is not known.
_UNKNOWN = {"", "<undefined>", "_None_", "None", "t.Undefined"}
_ABOUT = ("title", "date")


def find(file: Any, cubes: list[Any]) -> list[Any]:
    """Cubes ``Experiments/<name>/data`` that have their axes beside them."""
    return [c for c in cubes if _DATA.fullmatch(c.name) and "axis-0" in c.parent]


def read(cube: Any) -> CubeSource:
    """Describe one cube of this layout."""
    group = cube.parent
    where = f"{cube.file.filename}, dataset {cube.name!r}"
    axes = [_axis(group, i, cube.shape[i], where) for i in range(3)]
    dims = _dims(axes)
    found: dict[str, Any] = {}
    if dims is not None:
        by_dim = dict(zip(dims, axes, strict=True))
        found = {dim: to_mm(_values(by_dim[dim]), by_dim[dim]["units"]) for dim in ("y", "x")}
        energy = by_dim["energy"]
        # Scale 1 and offset 0 are HyperSpy's defaults, which calibrate nothing.
        if energy["units"] or (energy["scale"], energy["offset"]) != (1.0, 0.0):
            source = f"{group.name}/axis-{dims.index('energy')} in {cube.file.filename}"
            found["energy"], found["energy_hint"] = axis_or_reason(
                lambda: to_kev(_values(energy), energy["units"], source=source)
            )
            found["energy_from"] = source
    reader = HDF5Reader.of(cube)
    return CubeSource(
        path=reader.path,
        dataset=cube.name,
        layout="HyperSpy HDF5",
        reader=reader,
        dims=dims,
        dims_from="its groups axis-0 to axis-2",
        attrs=_about(group),
        **found,
    )


def _axis(group: Any, i: int, size: int, where: str) -> dict[str, Any]:
    """One axis group, its unknowns as empty strings."""
    item = group.get(f"axis-{i}")
    if item is None:
        raise FileFormatError(f"{where} has no group axis-{i}: expected one for each of its axes.")
    attrs = item.attrs
    stored = int(attrs.get("size", size))
    if stored != size:
        raise FileFormatError(
            f"{where} has {size} values along axis {i}, but axis-{i} says {stored}: the file "
            "contradicts itself."
        )
    words = {key: text(attrs.get(key)) for key in ("name", "units")}
    return {
        "size": size,
        "scale": float(attrs.get("scale", 1.0)),
        "offset": float(attrs.get("offset", 0.0)),
        "navigate": None if "navigate" not in attrs else bool(attrs["navigate"]),
        **{key: "" if word in _UNKNOWN else word for key, word in words.items()},
    }


def _dims(axes: list[dict[str, Any]]) -> tuple[str, ...] | None:
    """Axis names, from the names if they say all, else from what is signal and what navigation.

    HyperSpy's arrays are stored with the vertical before the horizontal navigation axis.
    """
    named = dims_from_labels(axis["name"] for axis in axes)
    signal = [i for i, axis in enumerate(axes) if axis["navigate"] is False]
    if not signal:
        signal = [i for i, axis in enumerate(axes) if axis["units"].lower() in ("kev", "ev")]
    if named is not None or len(signal) != 1:
        return named
    return pixels_around_energy(signal[0])


def _values(axis: dict[str, Any]) -> NDArray[np.float64]:
    return np.asarray(axis["offset"] + axis["scale"] * np.arange(axis["size"]), dtype=np.float64)


def _about(group: Any) -> dict[str, str | float]:
    """Instrument and tube voltage from HyperSpy's metadata, which calls every instrument SEM."""
    found: dict[str, str | float] = {}
    general = group.get("metadata/General")
    if general is not None:
        found.update(scalar_attrs(general, _ABOUT))
    for column in ("SEM", "TEM"):
        item = group.get(f"metadata/Acquisition_instrument/{column}")
        if item is None:
            continue
        about = scalar_attrs(item, ("microscope", "beam_energy"))
        if about.get("microscope") not in (None, *_UNKNOWN):
            found["instrument"] = about["microscope"]
        if "beam_energy" in about:
            found["tube_voltage_kV"] = about["beam_energy"]
    return found
