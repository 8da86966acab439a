"""XRDXRFUtils: ``data`` of (rows, columns, channels) with ``x``, bin centers in keV.

A calibrated cube has a group ``calibration`` (``x`` and ``y``, points of channel and keV, and ``opt``,
the coefficients a, b, c of a n^2 + b n + c), whose energies ``x`` holds; a cube that was resampled, by
default to 1024 bins of 0 to 30 keV, has ``x`` alone. Diffraction patterns are kept in the same way and
cannot be told apart.
"""

from __future__ import annotations

from typing import Any

import h5py

from .._hdf5_values import numbers, units_of
from .hdf5_reader import hdf5_source
from .source import CubeSource
from .stated_axis import axis_facts

# All that its writer puts at the root.
_MEMBERS = {
    "data",
    "x",
    "labels",
    "weights",
    "calibration",
    "background",
    "signal_background_ratio",
    "rescaling",
    "intensity",
}


def find(file: Any, cubes: list[Any]) -> list[Any]:
    """The cube ``/data`` with ``x`` beside it, where all else is this program's too."""
    x = file.get("x")
    calibrated = isinstance(file.get("calibration"), h5py.Group)
    if not isinstance(x, h5py.Dataset) or x.ndim != 1:
        return []
    if not calibrated and not set(file) <= _MEMBERS:
        return []
    # Without the group, an x of another length is of something else.
    return [
        cube for cube in cubes if cube.name == "/data" and (calibrated or x.size == cube.shape[2])
    ]


def read(cube: Any) -> CubeSource:
    """Describe the cube."""
    x = cube.file["x"]
    axis = axis_facts(f"'/x' in {cube.file.filename}", values=numbers(x), units=units_of(x))
    axis["energy_hint"] = axis["energy_hint"] or ("Its x only counts channels.",)
    return hdf5_source(
        cube,
        "XRDXRFUtils",
        dims=("y", "x", "energy") if x.size == cube.shape[2] else None,
        dims_from="the length of x",
        **axis,
    )
