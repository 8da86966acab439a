"""NeXus stacks as PyMca writes them: ``data`` with ``calibration`` and ``interpretation``.

The attribute ``interpretation`` of the counts is ``"spectrum"`` where the last axis is the energy and
``"image"`` where the first is; ``calibration`` (a, b, c) beside it gives E = a + b n + c n^2 in keV
for the channel numbers n in ``channels``; ``live_time`` and ``elapsed_time`` are in seconds.
"""

from __future__ import annotations

from typing import Any

import h5py
import numpy as np
from numpy.polynomial import Polynomial
from numpy.typing import NDArray

from skxrf.exceptions import Argument, EnergyAxisError
from skxrf.utils.units import to_mm

from .._hdf5_access import text, texts, units_of
from .axes import axis_or_reason
from .hdf5_reader import HDF5Reader
from .source import CubeSource

__all__ = ["find", "read"]

_ORDERS = {"spectrum": ("y", "x", "energy"), "image": ("energy", "y", "x")}


def find(file: Any, cubes: list[Any]) -> list[Any]:
    """Cubes with an ``interpretation``, or with a ``calibration`` beside them."""
    return [
        cube
        for cube in cubes
        if text(cube.attrs.get("interpretation")) in _ORDERS or "calibration" in cube.parent
    ]


def read(cube: Any) -> CubeSource:
    """Describe one cube of this layout."""
    group = cube.parent
    interpretation = text(cube.attrs.get("interpretation"))
    dims = _ORDERS.get(interpretation)
    y, x = _positions(group, dims)
    energy, reason = axis_or_reason(lambda: _energy(group))
    reader = HDF5Reader.of(cube)
    return CubeSource(
        path=reader.path,
        dataset=cube.name,
        layout="NeXus (PyMca stack)",
        reader=reader,
        dims=dims,
        dims_from=f"the attribute interpretation={interpretation!r}",
        energy=energy,
        energy_hint=reason,
        energy_from=f"calibration in {group.name} of {cube.file.filename}",
        y=y,
        x=x,
        live_time=_values(group, "live_time"),
        real_time=_values(group, "elapsed_time"),
        attrs=_about(group),
    )


def _energy(group: Any) -> NDArray[np.float64] | Polynomial | None:
    calibration = _values(group, "calibration")
    if calibration is None:
        return None
    calibration = np.atleast_1d(calibration)
    if (
        calibration.ndim != 1
        or calibration.size not in (2, 3)
        or not np.all(np.isfinite(calibration))
    ):
        raise EnergyAxisError(
            f"calibration in {group.name} of {group.file.filename} is {calibration.tolist()}: "
            "expected (a, b, c) of E = a + b n + c n^2 in keV; pass ",
            Argument("energy"),
            ".",
        )
    line = Polynomial(calibration.astype(np.float64))
    # PyMca's default where nothing was calibrated: channel numbers.
    if np.array_equal(line.trim().coef, [0.0, 1.0]):
        return None
    channels = _values(group, "channels")
    return line if channels is None else np.asarray(line(channels.astype(np.float64).ravel()))


def _values(group: Any, name: str) -> NDArray[Any] | None:
    item = group.get(name)
    if not isinstance(item, h5py.Dataset) or item.dtype.kind not in "uif":
        return None
    values = np.asarray(item[()])
    # One time for the whole stack says nothing about a pixel.
    return None if values.size == 1 and name.endswith("_time") else values


def _positions(group: Any, dims: tuple[str, ...] | None) -> list[NDArray[np.float64] | None]:
    """Positions [mm] along y and x from the NXdata group beside the counts, where it has units."""
    found: dict[str, NDArray[np.float64] | None] = {"y": None, "x": None}
    for data in (group.get("map"), group):
        names = [] if data is None else texts(data.attrs.get("axes"))
        if dims is None or len(names) != 3:
            continue
        for dim, name in zip(dims, names, strict=True):
            item = data.get(name)
            if dim in found and isinstance(item, h5py.Dataset) and item.ndim == 1:
                found[dim] = to_mm(item[()], units_of(item))
        break
    return [found["y"], found["x"]]


def _about(group: Any) -> dict[str, str | float]:
    """Name of the instrument, from the NXinstrument group above the detector."""
    name = group.parent.get("name")
    if text(group.parent.attrs.get("NX_class")) != "NXinstrument" or name is None:
        return {}
    word = text(name[()]) if isinstance(name, h5py.Dataset) else ""
    return {"instrument": word} if word else {}
