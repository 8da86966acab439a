"""Maps of larch: ``/xrmmap/mcasum/{counts,energy}`` of (rows, columns, channels).

Older files call the groups ``/xrfmap/detsum``, as PyXRF does; larch's have ``energy`` [keV] beside the
counts. The sum is corrected for dead time. ``livetime`` and ``realtime`` are whole microseconds.
"""

from __future__ import annotations

import re
from typing import Any

import h5py

from .._hdf5_values import numbers, pixel_times, scalar_attrs, units_of
from .axes import axis_or_reason
from .hdf5_reader import HDF5Reader
from .source import CubeSource
from .stated_axis import stated_axis

__all__ = ["find", "read"]

_CUBE = re.compile(r"/(xrmmap|xrfmap)/((mca|det)(sum|\d+))/counts")
_LINE = ("cal_offset", "cal_slope", "cal_quad")
_ABOUT = ("Beamline", "Title")


def find(file: Any, cubes: list[Any]) -> list[Any]:
    """The summed cube, or those of single detectors where there is no sum."""
    found = [cube for cube in cubes if _CUBE.fullmatch(cube.name) and "energy" in cube.parent]
    summed = [cube for cube in found if cube.parent.name.endswith("sum")]
    return summed or found


def read(cube: Any) -> CubeSource:
    """Describe one cube."""
    group = cube.parent
    reader = HDF5Reader.of(cube)
    energy, reason = axis_or_reason(lambda: _energy(group))
    about = scalar_attrs(group.parent, _ABOUT)
    return CubeSource(
        path=reader.path,
        dataset=cube.name,
        layout="larch map",
        reader=reader,
        dims=("y", "x", "energy"),
        dims_from="larch's layout",
        energy=energy,
        energy_from=f"{group['energy'].name!r} in {cube.file.filename}",
        energy_hint=reason,
        live_time=pixel_times(group.get("livetime"), cube.shape, seconds=1e-6),
        real_time=pixel_times(group.get("realtime"), cube.shape, seconds=1e-6),
        attrs={"instrument": about["Beamline"]} if "Beamline" in about else {},
    )


def _energy(group: Any) -> Any:
    item = group["energy"]
    source = f"{item.name!r} in {group.file.filename}"
    units = units_of(item)
    values = numbers(item) if isinstance(item, h5py.Dataset) and item.ndim == 1 else None
    if values is not None:
        return stated_axis(values=values, units=units, source=source)
    line = scalar_attrs(item, _LINE)
    if len(line) == len(_LINE):
        return stated_axis(coefficients=[line[name] for name in _LINE], units=units, source=source)
    return None
