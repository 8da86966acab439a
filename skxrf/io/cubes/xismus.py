"""XISMuS: ``dataset_1`` of (rows, columns, channels), with ``calibration`` at the root.

The root's attribute ``calibration`` lists anchors (channel, keV), through which a straight line is laid;
``datatypes`` is 1 for infrared spectra, which are none of this library's.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.polynomial import Polynomial

from skxrf.exceptions import Argument, EnergyAxisError, FileFormatError

from .axes import axis_or_reason
from .hdf5_reader import HDF5Reader
from .source import CubeSource

__all__ = ["find", "read"]


def find(file: Any, cubes: list[Any]) -> list[Any]:
    """Cubes at the root of a file that says what XISMuS says."""
    if not {"datatypes", "calibration"} <= set(file.attrs):
        return []
    return [cube for cube in cubes if cube.parent == file]


def read(cube: Any) -> CubeSource:
    """Describe the cube."""
    file = cube.file
    if np.any(np.asarray(file.attrs["datatypes"]) == 1):
        raise FileFormatError(
            f"{file.filename} holds infrared spectra, by its attribute datatypes=1: expected X-ray "
            "fluorescence."
        )
    reader = HDF5Reader.of(cube)
    stored = file.attrs["calibration"]
    source = f"the attribute calibration of {file.filename}"
    energy, reason = axis_or_reason(lambda: _line(stored, source))
    return CubeSource(
        path=reader.path,
        dataset=cube.name,
        layout="XISMuS",
        reader=reader,
        dims=("y", "x", "energy"),
        dims_from="XISMuS' layout",
        energy=energy,
        energy_from=source,
        energy_hint=reason,
    )


def _line(stored: Any, source: str) -> Polynomial:
    """Least-squares line through anchors (channel, keV)."""
    anchors = np.asarray(stored)
    usable = anchors.dtype.kind in "uif" and anchors.ndim == 2 and anchors.shape[1:] == (2,)
    channels = np.unique(anchors[:, 0]) if usable else np.empty(0)
    if channels.size < 2 or not np.all(np.isfinite(anchors)):
        raise EnergyAxisError(
            f"{source} is {anchors.tolist()!s:.100}: expected at least two anchors "
            "(channel, keV); pass ",
            Argument("energy"),
            ".",
        )
    x, y = anchors.astype(np.float64).T
    return Polynomial.fit(x, y, 1).convert()
