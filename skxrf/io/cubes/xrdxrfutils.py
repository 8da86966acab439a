"""XRDXRFUtils: ``data`` of (rows, columns, channels) with ``x``, bin centres in keV.

A calibrated cube has a group ``calibration`` (``x`` and ``y``, points of channel and keV, and ``opt``,
the coefficients a, b, c of a n^2 + b n + c), whose energies ``x`` holds; a cube that was resampled, by
default to 1024 bins of 0 to 30 keV, has ``x`` alone. Diffraction patterns are kept in the same way and
cannot be told apart.
"""

from __future__ import annotations

from typing import Any

import h5py

from .._hdf5_values import numbers, units_of
from .axes import axis_or_reason
from .hdf5_reader import HDF5Reader
from .source import CubeSource
from .stated_axis import stated_axis

__all__ = ["find", "read"]

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
    file = cube.file
    x = numbers(file["x"])
    length = file["x"].size
    energy, reason = axis_or_reason(
        lambda: stated_axis(values=x, units=units_of(file["x"]), source=f"'/x' in {file.filename}")
    )
    reader = HDF5Reader.of(cube)
    return CubeSource(
        path=reader.path,
        dataset=cube.name,
        layout="XRDXRFUtils",
        reader=reader,
        dims=("y", "x", "energy") if length == cube.shape[2] else None,
        dims_from="the length of x",
        energy=energy,
        energy_from=f"'/x' in {file.filename}",
        energy_hint=reason or ("Its x only counts channels.",),
    )
