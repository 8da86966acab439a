"""HyperSpy's HDF5 layout: ``Experiments/<name>/data`` with the groups ``axis-0``, ``axis-1``, ...

Each axis group has the attributes ``name``, ``size``, ``scale``, ``offset``, ``units`` and
``navigate``, in the order in which the array is stored; an axis of uneven steps has a dataset ``axis`` of
its values instead. HyperSpy writes it for a Bruker ``.bcf``. Line scans and single spectra have fewer
axes.
"""

from __future__ import annotations

import re
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skxrf.exceptions import Argument, EnergyAxisError, FileFormatError
from skxrf.utils.units import to_mm

from .._hdf5_values import numbers, scalar_attrs, text
from .axes import axis_name, axis_or_reason, dims_from_labels, pixels_around_energy
from .hdf5_reader import hdf5_source
from .source import CubeSource
from .stated_axis import stated_axis

# HyperSpy's text for an unknown name or unit.
_UNKNOWN = {"", "<undefined>", "_None_", "None", "t.Undefined"}


def find(file: Any, cubes: list[Any]) -> list[Any]:
    """Cubes ``Experiments/<name>/data`` that have their axes beside them."""
    return [
        c
        for c in cubes
        if re.fullmatch(r"/Experiments/[^/]+/data", c.name) and "axis-0" in c.parent
    ]


def read(cube: Any) -> CubeSource:
    """Describe one cube of this layout."""
    group = cube.parent
    where = f"{cube.file.filename}, dataset {cube.name!r}"
    axes = [_axis(group, i, size, where) for i, size in enumerate(cube.shape)]
    dims, at = _dims(axes)
    found: dict[str, Any] = {
        dim: to_mm(values, axis["units"])
        for dim, axis in zip(dims or (), axes, strict=False)
        if dim in ("y", "x") and (values := _values(axis)) is not None
    }
    if at is not None:
        source = f"{group.name}/axis-{at} in {cube.file.filename}"
        found["energy"], found["energy_hint"] = axis_or_reason(lambda: _energy(axes[at], source))
        found["energy_from"] = source
    return hdf5_source(
        cube,
        "HyperSpy HDF5",
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
    attrs = scalar_attrs(item, ("size", "scale", "offset"))
    stored = attrs.get("size", float(size))
    if not isinstance(stored, float):
        stored = float("nan")
    values = numbers(item.get("axis"), at_most=size)
    said = stored if values is None else values.size
    if abs(said - size) > 1 or (values is not None and said != size):
        raise FileFormatError(
            f"{where} has {size} values along axis {i}, but axis-{i} says {said}: the file "
            "contradicts itself."
        )
    if said != size:
        warnings.warn(
            f"{where} has {size} values along axis {i}, though axis-{i} says {said:g}.",
            UserWarning,
            stacklevel=2,
        )
    words = {key: text(item.attrs.get(key)) for key in ("name", "units", "_type")}
    navigate = item.attrs.get("navigate")
    return {
        "size": size,
        "scale": attrs.get("scale"),
        "offset": attrs.get("offset"),
        "values": values,
        "navigate": None if np.size(navigate) != 1 or navigate is None else bool(navigate),
        **{key: "" if word in _UNKNOWN else word for key, word in words.items()},
    }


def _dims(axes: list[dict[str, Any]]) -> tuple[tuple[str, ...] | None, int | None]:
    """Axis names and the position of the energy, from the axes' names or from what is signal.

    HyperSpy's arrays are stored with the vertical before the horizontal navigation axis.
    """
    # An axis of one value tells nothing, whatever it is called.
    named = dims_from_labels(
        axis["name"] if axis_name(axis["name"]) or axis["size"] > 1 else "scan" for axis in axes
    )
    signal = [i for i, axis in enumerate(axes) if axis["navigate"] is False]
    if not signal:
        signal = [i for i, axis in enumerate(axes) if axis["units"].lower() in ("kev", "ev")]
    if len(axes) == 1:
        return ("energy",), 0
    if named is not None:
        return named, named.index("energy")
    if len(signal) != 1:
        return None, None
    at = signal[0]
    if len(axes) == 2:
        return ("x", "energy") if at else ("energy", "x"), at
    return pixels_around_energy(at) if len(axes) == 3 else None, at


def _values(axis: dict[str, Any]) -> NDArray[np.float64] | None:
    """Values along an axis, None where it states none."""
    if axis["values"] is not None:
        return np.asarray(axis["values"], np.float64)
    line = (axis["offset"] or 0.0, axis["scale"] if axis["scale"] is not None else 1.0)
    if axis["_type"] not in ("", "UniformDataAxis") or not all(isinstance(n, float) for n in line):
        return None
    return np.asarray(line[0] + line[1] * np.arange(axis["size"]), np.float64)


def _energy(axis: dict[str, Any], source: str) -> Any:
    values = _values(axis)
    if values is None:
        raise EnergyAxisError(
            f"{source} is of the type {axis['_type'] or 'unknown'}, which states no values: pass ",
            Argument("energy"),
            ".",
        )
    return stated_axis(values=values, units=axis["units"], source=source)


def _about(group: Any) -> dict[str, str | float]:
    """Instrument and tube voltage from HyperSpy's metadata, which calls every instrument SEM."""
    found: dict[str, str | float] = {}
    general = group.get("metadata/General")
    if general is not None:
        found.update(scalar_attrs(general, ("title", "date")))
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
