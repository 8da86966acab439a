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

from skxrf.exceptions import Argument, EnergyAxisError

from .._hdf5_values import numbers, positions, text, texts, units_of
from .axes import axis_or_reason
from .beside import times_beside
from .hdf5_reader import hdf5_source
from .source import CubeSource
from .stated_axis import counts_channels, stated_axis

_ORDERS = {"spectrum": ("y", "x", "energy"), "image": ("energy", "y", "x")}


def find(file: Any, cubes: list[Any]) -> list[Any]:
    """Cubes with an ``interpretation``, or with a ``calibration`` beside them."""
    return [
        cube
        for cube in cubes
        if (text(cube.attrs.get("interpretation")) in _ORDERS and cube.ndim == 3)
        or (
            "calibration" in cube.parent
            and not cube.name.endswith(("_time", "calibration", "channels"))
        )
    ]


def read(cube: Any) -> CubeSource:
    """Describe one cube of this layout."""
    group = cube.parent
    interpretation = text(cube.attrs.get("interpretation"))
    dims = _ORDERS.get(interpretation) if cube.ndim == 3 else None
    y, x = _positions(group, dims, cube.shape)
    energy, reason = axis_or_reason(lambda: stated_beside(group))
    if energy is None:
        reason = reason or _channels_hint(group)
    return hdf5_source(
        cube,
        "NeXus (PyMca stack)",
        dims=dims,
        dims_from=f"the attribute interpretation={interpretation!r}",
        any_axes=dims is None,
        energy=energy,
        energy_hint=reason,
        energy_from=f"calibration in {group.name} of {cube.file.filename}",
        y=y,
        x=x,
        **times_beside(cube),
        attrs=about(group),
    )


def stated_beside(group: Any) -> Any:
    """Energy axis of ``calibration`` and ``channels`` in a group, or None."""
    stored = numbers(group.get("calibration"))
    if stored is None:
        return None
    calibration = np.atleast_1d(stored)
    source = f"calibration in {group.name} of {group.file.filename}"
    if calibration.ndim != 1 or calibration.size not in (2, 3):
        raise EnergyAxisError(
            f"{source} is {calibration.tolist()}: expected (a, b, c) of E = a + b n + c n^2 in keV; pass ",
            Argument("energy"),
            ".",
        )
    line = stated_axis(
        coefficients=calibration, units=units_of(group["calibration"]), source=source
    )
    channels = numbers(group.get("channels"))
    if channels is None or not isinstance(line, Polynomial):
        return line
    return np.asarray(line(channels.astype(np.float64).ravel()))


def _channels_hint(group: Any) -> tuple[str | Argument, ...]:
    """Remark on ``channels`` that are no channel numbers, where nothing calibrates them."""
    channels = numbers(group.get("channels"))
    if channels is None or channels.size < 2 or counts_channels(channels.ravel()):
        return ()
    low, high = channels.min(), channels.max()
    return (
        f"Its dataset 'channels' holds values from {low:g} to {high:g}: if energies in keV, pass ",
        Argument("energy", "channels"),
        ".",
    )


def _positions(group: Any, dims: tuple[str, ...] | None, shape: tuple[int, ...]) -> list[Any]:
    """Positions [mm] along y and x from the NXdata group beside the counts, where it has units."""
    found: dict[str, Any] = {"y": None, "x": None}
    for data in (group.get("map"), group):
        names = [] if data is None else texts(data.attrs.get("axes"))
        if dims is None or len(names) != 3:
            continue
        for dim, name, size in zip(dims, names, shape, strict=True):
            if dim in found:
                found[dim] = positions(data.get(name), size)
        break
    return [found["y"], found["x"]]


def about(group: Any) -> dict[str, str | float]:
    """Name of the instrument, from the NXinstrument group above the detector."""
    name = group.parent.get("name")
    if text(group.parent.attrs.get("NX_class")) != "NXinstrument" or name is None:
        return {}
    word = text(name[()]) if isinstance(name, h5py.Dataset) and name.size == 1 else ""
    return {"instrument": word} if word else {}
