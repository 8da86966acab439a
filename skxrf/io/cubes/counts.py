"""The library's own plain layout: a dataset ``counts`` with ``energy_keV`` beside it.

``counts`` (attribute ``dims`` or ``axes``: names of its axes), ``energy_keV`` (or the attributes
``energy_offset_keV`` and ``energy_slope_keV`` of ``counts``), and where known ``live_time_s``,
``real_time_s`` per pixel and ``y_mm``, ``x_mm``. What describes the instrument is an attribute of
``counts`` or of its group; what `save_cube` kept of a cube's attributes is one of JSON, ``skxrf_attrs``.
"""

from __future__ import annotations

import json
import posixpath
from typing import Any

import numpy as np

from .._cube_coordinates import coordinate_attrs, read_coordinates
from .._hdf5_values import (
    axis_labels,
    numbers,
    pixel_times,
    positions,
    scalar_attrs,
    text,
    units_of,
)
from .axes import dims_from_labels
from .hdf5_reader import hdf5_source
from .source import CubeSource
from .stated_axis import axis_facts

ATTRIBUTES = "skxrf_attrs"
_LINE = ("energy_offset_keV", "energy_slope_keV")
_ABOUT = ("instrument", "tube", "tube_voltage_kV", "kV", "detector", "object", "painting")


def find(file: Any, cubes: list[Any]) -> list[Any]:
    """Cubes called ``counts`` that have their calibration beside them."""
    return [
        cube
        for cube in cubes
        if posixpath.basename(cube.name) == "counts"
        and ("energy_keV" in cube.parent or all(name in cube.attrs for name in _LINE))
    ]


def read(cube: Any) -> CubeSource:
    """Describe one cube of this layout."""
    group = cube.parent
    dims = dims_from_labels(axis_labels(cube))
    stored = group.get("energy_keV")
    found: dict[str, Any] = {}
    if stored is not None:
        source, units = f"{stored.name!r} in {cube.file.filename}", units_of(stored) or "keV"
        found = axis_facts(source, values=numbers(stored), units=units)
    elif all(name in cube.attrs for name in _LINE):
        source = f"the attributes {' and '.join(_LINE)} in {cube.file.filename}"
        line = scalar_attrs(cube, _LINE)
        values = [float(line.get(name, np.nan)) for name in _LINE]
        found = axis_facts(source, coefficients=values, units="keV")
    if dims is not None:
        sizes = dict(zip(dims, cube.shape, strict=True))
        found["coords"] = read_coordinates(group, sizes)
        found |= {
            dim: positions(group.get(f"{dim}_mm"), sizes[dim], units="mm")
            for dim in ("y", "x")
            if dim in sizes
        }
    places = {"energy": "energy_keV", "live_time": "live_time_s", "real_time": "real_time_s"}
    items = {name: group.get(place) for name, place in places.items()} | {
        dim: group.get(f"{dim}_mm") for dim in ("y", "x")
    }
    return hdf5_source(
        cube,
        "HDF5 (counts, energy_keV)",
        dims=dims,
        dims_from="its attribute with the names of the axes",
        live_time=pixel_times(group.get("live_time_s"), cube.shape),
        real_time=pixel_times(group.get("real_time_s"), cube.shape),
        coord_attrs={name: coordinate_attrs(item) for name, item in items.items() if item},
        attrs={**scalar_attrs(group, _ABOUT), **scalar_attrs(cube, _ABOUT), **_kept(cube)},
        **found,
    )


def _kept(cube: Any) -> dict[str, Any]:
    """Attributes of the cube that was saved; the file's own facts are not among them."""
    try:
        kept = json.loads(text(cube.attrs.get(ATTRIBUTES)) or "{}")
    except ValueError:
        return {}
    if not isinstance(kept, dict):
        return {}
    # The counts are in this file now.
    return {name: value for name, value in kept.items() if name != "sources"}
