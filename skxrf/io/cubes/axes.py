"""Names of the stored axes of counts: only from what a file or the caller really says."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from skxrf.exceptions import Argument, EnergyAxisError, FileFormatError
from skxrf.utils.validation import CUBE_DIMS

from .._limits import LIMITS

AXES = (*CUBE_DIMS, "detector", "scan", "point")

_WORDS = {
    "y": {"y", "row", "rows", "height", "dim0_y", "samy"},
    "x": {"x", "col", "cols", "column", "columns", "width", "samx"},
    "energy": {"energy", "energies", "channel", "channels", "bin", "bins", "kev"},
    "detector": {"detector", "detectors", "det"},
    "scan": {"scan", "scans"},
    "point": {"point", "points", "pixel", "pixels", "spectrum", "spectra"},
}
_Axis = TypeVar("_Axis")
Message = tuple[str | Argument, ...]


def axis_name(label: str) -> str:
    """Name of an axis by its label in a file, empty where that is not known."""
    word = label.strip().lower()
    return next((dim for dim, words in _WORDS.items() if word in words), "")


def dims_from_labels(labels: Iterable[str]) -> tuple[str, ...] | None:
    """Axis names in stored order, where the labels name every axis and the energy among them."""
    names = tuple(map(axis_name, labels))
    complete = all(names) and len(set(names)) == len(names) and "energy" in names
    return (
        names
        if complete and not {"point", "y"} <= set(names) and not {"point", "x"} <= set(names)
        else None
    )


def axis_order(
    shape: tuple[int, ...],
    *,
    axes: Sequence[str] | None,
    recorded: tuple[str, ...] | None,
    recorded_from: str,
    energy_length: int | None,
    where: str,
    grid: tuple[int, int] | None = None,
    any_axes: bool = False,
    columns_first: bool = False,
) -> tuple[str, ...]:
    """Names of the stored axes, from the caller, the file, or the energy axis' length.

    - `shape`: sizes of the stored axes.
    - `axes`: what the caller said; it is believed.
    - `recorded`: what the file says.
    - `recorded_from`: what in the file says so.
    - `energy_length`: length of the energy axis. Where it is the size of exactly one axis, that one
      is the energy; two others are then rows and columns in stored order, unless they may as well
      be points and detectors.
    - `where`: the file and dataset, for error messages.
    - `grid`: rows and columns that the caller gave.
    - `any_axes`: whether the axes beside the energy may be others than rows and columns.
    - `columns_first`: whether they are columns before rows.
    - Returns out of ``AXES``, one for each stored axis.
    """
    example = {1: ("energy",), 2: ("point", "energy"), 4: ("y", "x", "detector", "energy")}
    ask: Message = (
        "pass ",
        Argument("axes"),
        ", such as ",
        Argument("axes", example.get(len(shape), CUBE_DIMS)),
        ", in the order in which they are stored.",
    )
    if axes is not None:
        return _believed(axes, shape, where, ask)
    fitting = [i for i, size in enumerate(shape) if size == energy_length]
    if recorded is not None:
        stored = recorded.index("energy")
        if energy_length is not None and stored not in fitting and fitting:
            raise FileFormatError(
                f"{where} of shape {shape}: {recorded_from} makes axis {stored} the energy, but the "
                f"energy axis has {energy_length} values, the size of axis {fitting[0]}. Give the "
                f"energy axis of the file's {shape[stored]} channels, or ",
                *ask,
            )
        if grid is None or "point" in recorded or _pixels(shape, recorded) == grid:
            return recorded
        return _around_grid(shape, [stored], grid, where, ask) or recorded
    if energy_length is not None and not fitting:
        raise EnergyAxisError(
            f"{where} has the shape {shape}, but the energy axis has {energy_length} values: "
            f"one of the {_number_word(len(shape))} axes must have that size."
        )
    if len(shape) == 1:
        return ("energy",)
    if grid is not None:
        fits = _around_grid(shape, fitting or list(range(len(shape))), grid, where, ask)
        if fits is not None:
            return fits
    if len(fitting) != 1:
        reason = (
            f"{len(fitting)} axes have the {energy_length} values of the energy axis"
            if fitting
            else "nothing in it tells which axis is which"
        )
        raise FileFormatError(f"{where} has the shape {shape} and {reason}: ", *ask)
    order = _as_stored(shape, fitting[0], where, ask, any_axes=any_axes)
    swapped = {"y": "x", "x": "y"} if columns_first else {}
    return tuple(swapped.get(name, name) for name in order)


def _believed(
    axes: Sequence[str], shape: tuple[int, ...], where: str, ask: Message
) -> tuple[str, ...]:
    order = (axes,) if isinstance(axes, str) else tuple(map(str, axes))
    pixels = set(order) & {"y", "x", "point"}
    sound = set(order) <= set(AXES) and len(set(order)) == len(order) and "energy" in order
    if (
        not sound
        or {"point", "y"} <= pixels
        or {"point", "x"} <= pixels
        or len(order) != len(shape)
    ):
        raise FileFormatError(
            'axes must name "y", "x" and "energy" (or "point" for the pixels, and "detector" and '
            f'"scan"), one for each of the {len(shape)} stored axes, got {axes!r}: for {where} of shape '
            f"{shape}, ",
            *ask,
        )
    return order


def _as_stored(
    shape: tuple[int, ...], energy: int, where: str, ask: Message, *, any_axes: bool
) -> tuple[str, ...]:
    """Rows before columns around the energy, unless they may be points and detectors."""
    rest = [size for i, size in enumerate(shape) if i != energy]
    if len(rest) > 2 and sum(size > 1 for size in rest) == 2:
        # Axes of one value tell nothing.
        names = iter(("detector", "scan"))
        pixels = iter(("y", "x"))
        return tuple(
            "energy" if i == energy else next(pixels if size > 1 else names)
            for i, size in enumerate(shape)
        )
    few = any_axes and 1 < min(rest) <= LIMITS.detectors and max(rest) >= 2 * min(rest)
    if len(rest) == 2 and not few:
        return pixels_around_energy(energy)
    if len(rest) == 2:
        raise FileFormatError(
            f"{where} has the shape {shape}, the energy along axis {energy}, and does not say whether "
            "the others are rows and columns or points and detectors: ",
            *ask,
            " Or ",
            Argument("axes"),
            ' with "point" and "detector", or ',
            Argument("shape", placeholder="rows, columns"),
            ", such as ",
            Argument("shape", suggested_shape(max(rest))),
            ".",
        )
    if len(rest) == 1:
        raise FileFormatError(
            f"{where} has the shape {shape}: {rest[0]} spectra. Pass ",
            Argument("shape", placeholder="rows, columns"),
            ", such as ",
            Argument("shape", suggested_shape(rest[0])),
            ", or ",
            Argument("axes", ("x", "energy")),
            " where they are one row.",
        )
    raise FileFormatError(
        f"{where} has the shape {shape}, the energy along axis {energy}, and does not say what the "
        'others are (rows, columns, "detector", "scan", "point"): ',
        *ask,
    )


def _around_grid(
    shape: tuple[int, ...],
    fitting: list[int],
    grid: tuple[int, int],
    where: str,
    ask: Message,
) -> tuple[str, ...] | None:
    """Axis names by which the caller's rows and columns fit the stored sizes, None for no way."""
    found: set[tuple[str, ...]] = set()
    stopped: set[tuple[str, ...]] = set()
    for energy in fitting:
        rest = [i for i in range(len(shape)) if i != energy]
        for first in rest:
            if shape[first] == math.prod(grid):
                found.add(_named(shape, {energy: "energy", first: "point"}))
            elif shape[first] == max(shape[i] for i in rest) and folds(shape[first], grid):
                stopped.add(_named(shape, {energy: "energy", first: "point"}))
            found |= {
                _named(shape, {energy: "energy", first: "y", second: "x"})
                for second in rest
                if second > first and (shape[first], shape[second]) == grid
            }
    found.discard(())
    found = found or stopped - {()}
    whole = {order for order in found if {"y", "x"} <= set(order)}
    if len(whole or found) == 1:
        return (whole or found).pop()
    if found:
        raise FileFormatError(
            f"{where} has the shape {shape}, in which several axes fit ",
            Argument("shape", tuple(grid)),
            ": ",
            *ask,
        )
    return None


def _named(shape: tuple[int, ...], known: dict[int, str]) -> tuple[str, ...]:
    """Names of all axes, the one that is left the detectors; empty where several are left."""
    left = [i for i in range(len(shape)) if i not in known]
    if len(left) > 1:
        return ()
    return tuple(known.get(i, "detector") for i in range(len(shape)))


def _pixels(shape: tuple[int, ...], order: tuple[str, ...]) -> tuple[int, int]:
    sizes = dict(zip(order, shape, strict=True))
    return sizes.get("y", 1), sizes.get("x", 1)


def _number_word(n: int) -> str:
    return {1: "one", 2: "two", 3: "three", 4: "four", 5: "five"}.get(n, str(n))


def folded_shape(n: int, shape: tuple[int, int] | None, where: str) -> tuple[int, int]:
    """Check rows and columns of spectra that follow each other; the last may be missing."""
    if shape is None and n == 1:
        return 1, 1
    if shape is None:
        raise FileFormatError(
            f"{where} holds {n} spectra and does not say how they lie: pass ",
            Argument("shape", placeholder="rows, columns"),
            ", rows that follow each other from left to right, such as ",
            Argument("shape", suggested_shape(n)),
            ".",
        )
    if not folds(n, shape):
        raise FileFormatError(
            f"{where} holds {n} spectra, not the {shape[0]} x {shape[1]} = {math.prod(shape)} of ",
            Argument("shape", tuple(shape)),
            ".",
        )
    return shape


def folds(n: int, shape: tuple[int, int]) -> bool:
    """True where `n` spectra fill rows and columns, or the first half of them, as after a stopped scan."""
    return 0 <= math.prod(shape) - n < n + shape[1]


def suggested_shape(n: int) -> tuple[int, int]:
    """Two factors of a number as close to each other as can be."""
    rows = next(i for i in range(int(n**0.5), 0, -1) if n % i == 0)
    return rows, n // rows


def pixels_around_energy(position: int) -> tuple[str, ...]:
    """Axis names with the energy at `position` and rows before columns."""
    order = ["y", "x"]
    order.insert(position, "energy")
    return tuple(order)


def axis_or_reason(read: Callable[[], _Axis]) -> tuple[_Axis | None, Message]:
    """Energy axis of a file, or why it cannot be used: the caller may have given another."""
    try:
        return read(), ()
    except EnergyAxisError as error:
        return None, error.args
