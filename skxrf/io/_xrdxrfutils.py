"""XRDXRFUtils: ``data`` of (rows, columns, channels) with ``x`` and the group ``calibration``.

``x`` holds channel numbers, or energies in keV once the cube was resampled to them. What is in
``calibration`` is not documented, so the caller is asked where ``x`` does not tell.
"""

from __future__ import annotations

from typing import Any

import h5py
import numpy as np

from ._hdf5_access import HDF5Reader
from ._source import CubeSource

__all__ = ["find", "read"]


def find(file: Any, cubes: list[Any]) -> list[Any]:
    """The cube ``/data``, where ``x`` and ``calibration`` stand beside it."""
    x = file.get("x")
    if not (isinstance(x, h5py.Dataset) and isinstance(file.get("calibration"), h5py.Group)):
        return []
    return [cube for cube in cubes if cube.name == "/data"] if x.ndim == 1 else []


def read(cube: Any) -> CubeSource:
    """Describe the cube."""
    file = cube.file
    x = file["x"][()] if file["x"].dtype.kind in "uif" else np.arange(cube.shape[2])
    numbers = x.size < 2 or bool(np.all(np.diff(x) == 1))
    reader = HDF5Reader.of(cube)
    return CubeSource(
        path=reader.path,
        dataset=cube.name,
        layout="XRDXRFUtils",
        reader=reader,
        dims=("y", "x", "energy") if x.size == cube.shape[2] else None,
        dims_from="the length of x",
        energy=None if numbers else x.astype(np.float64),
        energy_from=f"'/x' in {file.filename}",
        energy_hint="Its x only counts channels; what its group calibration holds "
        f"({', '.join(sorted(file['calibration'])) or 'nothing'}) is not documented",
    )
