"""Times and positions that HDF5 files and headers state for each point of a scan, beside its counts."""

from __future__ import annotations

import contextlib
import itertools
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import h5py
import numpy as np
from numpy.typing import NDArray

from skxrf.utils.units import is_pixels, to_mm

from .._hdf5_values import numbers, pixel_times, units_of
from .._limits import LIMITS
from .arrange import ArrangedReader, arranged_times

# Names of PyMca, and of Bliss for a detector's times of spectra before those of its triggers.
_TIMES = {
    "live_time": (
        "live_time",
        "output_live_time",
        "energy_livetime",
        "input_live_time",
        "trigger_livetime",
    ),
    "real_time": ("elapsed_time", "realtime"),
}


class Motor(NamedTuple):
    """Positions of one motor."""

    name: str
    values: NDArray[np.float64]  # one for each point, in the order of the file
    units: str = ""


def times_beside(cube: Any) -> dict[str, Any]:
    """Live and real times of pixels, as arguments of a `CubeSource`.

    They stand in the group of the counts, with or without their name, or in the ``measurement`` of a Bliss
    file under the name of that group.
    """
    parent, name = cube.parent, cube.name.rpartition("/")[2]
    measurement = _entry(cube, "measurement")
    places = [(parent, f"{name}_"), (parent, "")]
    if isinstance(measurement, h5py.Group):
        places.append((measurement, f"{parent.name.rpartition('/')[2]}_"))
    found = {}
    for kind, words in _TIMES.items():
        items = (group.get(f"{prefix}{word}") for word in words for group, prefix in places)
        found[kind] = pixel_times(next((one for one in items if one is not None), None), cube.shape)
    return found


def _entry(cube: Any, name: str) -> Any:
    """Group of that name in the entry that holds a dataset."""
    return cube.file.get(f"{cube.name.split('/')[1]}/{name}")


def motors_beside(cube: Any) -> list[Motor]:
    """Motors with a position for each pixel, in the group of the counts and in those of its entry."""
    sizes = {*cube.shape, *(cube.size // size for size in cube.shape if size)}
    found: dict[str, Motor] = {}
    left = LIMITS.positions
    # Groups of an entry that hold motors, as Bliss writes them.
    for group in (
        cube.parent,
        *(_entry(cube, name) for name in ("measurement", "instrument/positioners")),
    ):
        names = itertools.islice(group if isinstance(group, h5py.Group) else (), LIMITS.names)
        for name in names:
            # A link may lead to itself, or to a file that cannot be opened.
            item = None
            with contextlib.suppress(KeyError, OSError, RuntimeError):
                item = group.get(name)
            if not isinstance(item, h5py.Dataset) or not item.shape or item.size not in sizes:
                continue
            if item.size > left or item.external or not _is_position(name, units_of(item)):
                continue
            values = numbers(item, at_most=left)
            if values is not None:
                left -= item.size
                found.setdefault(name, Motor(name, values, units_of(item)))
    return list(found.values())


def grid_positions(
    motors: Sequence[Motor], reader: ArrangedReader, where: str, *, snake: bool
) -> dict[str, tuple[str, NDArray[np.float64], Mapping[str, Any]]]:
    """Coordinates along rows and columns, from motors that move along one of them only.

    ``y`` and ``x`` [mm] of motors in a unit of length, others under their own names; (dim, values, attrs) each.
    """
    found: dict[str, Any] = {}
    order = sorted(
        motors, key=lambda m: (is_pixels(m.units), m.name[-1:] not in "xyz", len(m.name))
    )
    for motor in order:
        known = _is_position(motor.name, motor.units)
        grid = arranged_times(motor.values, None, reader) if known else None
        if grid is None:
            continue
        turned = grid.astype(np.float64)
        turned[1::2] = turned[1::2, ::-1]
        along = [("y", _profile(grid)), ("x", _profile((turned if snake else grid).T))]
        factor = to_mm(1.0, motor.units)
        for dim, values in along:
            # Positions in a unit of length come first.
            if values is None or dim in found:
                continue
            if factor is not None:
                found[dim] = dim, values * float(factor), {"units": "mm", "long_name": motor.name}
            else:
                # The axes themselves count pixels.
                name = f"motor_{motor.name}" if motor.name in ("x", "y") else motor.name
                found[dim] = name, values, {}
        if along[1][1] is None and _profile((grid if snake else turned).T) is not None:
            warnings.warn(
                f"{where}: by the positions of {motor.name!r} its rows were "
                f"{'all scanned in one direction: leave out' if snake else 'scanned to and fro: pass'} "
                "snake=True.",
                UserWarning,
                stacklevel=2,
            )
    return {name: (dim, values, attrs) for dim, (name, values, attrs) in found.items()}


def told_shape(motors: Sequence[Motor]) -> tuple[int, int] | None:
    """Rows and columns of a scan, from a motor that makes a long step after each row; None where none does."""
    for motor in motors:
        steps = np.abs(np.diff(motor.values.ravel()))
        ends = np.flatnonzero(steps > steps.max(initial=0) / 2) + 1
        n = int(ends[0]) if ends.size else 0
        if n > 1 and np.array_equal(ends, n * np.arange(1, ends.size + 1)):
            return ends.size + 1, n
    return None


def _is_position(name: str, units: str) -> bool:
    """Recognize a motor by its unit of length, or where it has none by the end of its name."""
    if is_pixels(units):
        return name[-1:].lower() in ("x", "y", "z")
    return to_mm(0.0, units) is not None


def _profile(grid: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Position of each row where all pixels of a row have one, to half a step; else None.

    Rows that a stopped scan did not reach go on by the mean step.
    """
    there = np.isfinite(grid)
    n = int(there.any(axis=1).sum())
    if n < 2 or not there[:n].any(axis=1).all():
        return None
    rows = np.nanmedian(grid[:n], axis=1)
    steps = np.diff(rows)
    spread = np.nanmax(np.abs(grid[:n] - rows[:, np.newaxis]))
    one_way = bool(np.all(steps > 0) or np.all(steps < 0))
    if not one_way or 2 * spread >= np.abs(steps).min():
        return None
    return np.append(rows, rows[-1] + steps.mean() * np.arange(1, len(grid) - n + 1))
