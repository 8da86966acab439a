"""The library's own plain layout: a dataset ``counts`` with ``energy_keV`` beside it.

``counts`` (attribute ``dims`` or ``axes``: names of its axes), ``energy_keV`` (or the attributes
``energy_offset_keV`` and ``energy_slope_keV`` of ``counts``), and where known ``live_time_s``,
``real_time_s`` per pixel and ``y_mm``, ``x_mm``. What describes the instrument is an attribute of
``counts`` or of its group.
"""

from __future__ import annotations

import posixpath
from typing import Any

import h5py
import numpy as np
from numpy.polynomial import Polynomial
from numpy.typing import NDArray

from .._hdf5_access import scalar_attrs, texts
from .axes import dims_from_labels
from .hdf5_reader import HDF5Reader
from .source import CubeSource

__all__ = ["find", "read"]

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
    labels = next((texts(cube.attrs[name]) for name in ("dims", "axes") if name in cube.attrs), [])
    energy: NDArray[np.float64] | Polynomial | None = None
    energy_from = ""
    stored = _values(group, "energy_keV")
    if stored is not None:
        energy = stored.astype(np.float64)
        energy_from = f"{group['energy_keV'].name!r} in {cube.file.filename}"
    elif all(name in cube.attrs for name in _LINE):
        energy = Polynomial([float(cube.attrs[name]) for name in _LINE])
        energy_from = f"the attributes {' and '.join(_LINE)} in {cube.file.filename}"
    reader = HDF5Reader.of(cube)
    return CubeSource(
        path=reader.path,
        dataset=cube.name,
        layout="HDF5 (counts, energy_keV)",
        reader=reader,
        dims=dims_from_labels(labels),
        dims_from="its attribute with the names of the axes",
        energy=energy,
        energy_from=energy_from,
        y=_values(group, "y_mm"),
        x=_values(group, "x_mm"),
        live_time=_values(group, "live_time_s"),
        real_time=_values(group, "real_time_s"),
        attrs={**scalar_attrs(group, _ABOUT), **scalar_attrs(cube, _ABOUT)},
    )


def _values(group: Any, name: str) -> NDArray[Any] | None:
    item = group.get(name)
    if not isinstance(item, h5py.Dataset) or item.dtype.kind not in "uif":
        return None
    return np.asarray(item[()])
