"""Maps of larch: ``/xrmmap/mcasum/{counts,energy}`` of (rows, columns, channels).

Older files call the groups ``/xrfmap/detsum``, as PyXRF does; larch's have ``energy`` [keV] beside the
counts. The sum is corrected for dead time. ``livetime`` and ``realtime`` are whole microseconds.
"""

from __future__ import annotations

import re
from typing import Any

import h5py

from .._hdf5_values import numbers, pixel_times, scalar_attrs, units_of
from .hdf5_reader import hdf5_source
from .source import CubeSource
from .stated_axis import axis_facts

_LINE = ("cal_offset", "cal_slope", "cal_quad")


def find(file: Any, cubes: list[Any]) -> list[Any]:
    """The summed cube, or those of single detectors where there is no sum."""
    found = [
        cube
        for cube in cubes
        if re.fullmatch(r"/(xrmmap|xrfmap)/((mca|det)(sum|\d+))/counts", cube.name)
        and "energy" in cube.parent
    ]
    summed = [cube for cube in found if cube.parent.name.endswith("sum")]
    return summed or found


def read(cube: Any) -> CubeSource:
    """Describe one cube."""
    group, item = cube.parent, cube.parent["energy"]
    about = scalar_attrs(group.parent, ("Beamline", "Title"))
    line = scalar_attrs(item, _LINE)
    is_vector = isinstance(item, h5py.Dataset) and item.ndim == 1
    return hdf5_source(
        cube,
        "larch map",
        dims=("y", "x", "energy"),
        dims_from="larch's layout",
        live_time=pixel_times(group.get("livetime"), cube.shape, seconds=1e-6),
        real_time=pixel_times(group.get("realtime"), cube.shape, seconds=1e-6),
        attrs={"instrument": about["Beamline"]} if "Beamline" in about else {},
        **axis_facts(
            f"{item.name!r} in {cube.file.filename}",
            values=numbers(item) if is_vector else None,
            coefficients=[line[name] for name in _LINE] if len(line) == len(_LINE) else None,
            units=units_of(item),
        ),
    )
