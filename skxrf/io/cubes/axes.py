"""Which stored axis is which, and units of length and energy: only from what a file really says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from skxrf.exceptions import Argument, EnergyAxisError, FileFormatError

__all__ = [
    "DIMS",
    "axis_or_reason",
    "axis_order",
    "dims_from_labels",
    "pixels_around_energy",
]

DIMS = ("y", "x", "energy")

_WORDS = {
    "y": {"y", "row", "rows", "height"},
    "x": {"x", "col", "cols", "column", "columns", "width"},
    "energy": {"energy", "energies", "channel", "channels", "bin", "bins"},
}
_Axis = TypeVar("_Axis")


def dims_from_labels(labels: Iterable[str]) -> tuple[str, ...] | None:
    """Axis names as ``(y, x, energy)`` in stored order, where the labels name all three."""
    names = []
    for label in labels:
        word = label.strip().lower()
        names.append(next((dim for dim, words in _WORDS.items() if word in words), ""))
    return tuple(names) if sorted(names) == sorted(DIMS) else None


def axis_order(
    shape: tuple[int, int, int],
    *,
    axes: Sequence[str] | None,
    recorded: tuple[str, ...] | None,
    recorded_from: str,
    energy_length: int | None,
    where: str,
) -> tuple[str, ...]:
    """Names of the three stored axes, from the caller, the file, or the energy axis' length.

    Parameters
    ----------
    shape : tuple of int
        Sizes of the stored axes.
    axes : sequence of str, optional
        What the caller said; it is believed.
    recorded : tuple of str, optional
        What the file says.
    recorded_from : str
        What in the file says so.
    energy_length : int, optional
        Length of the energy axis. Where it is the size of exactly one axis, that one is the
        energy; the two others are then rows and columns in stored order.
    where : str
        The file and dataset, for error messages.

    Returns
    -------
    tuple of str
        A permutation of ``("y", "x", "energy")``.

    Raises
    ------
    FileFormatError
        If nothing decides, or two things contradict each other.
    EnergyAxisError
        If the energy axis has the length of no stored axis.
    """
    ask = (
        "pass ",
        Argument("axes"),
        ", such as ",
        Argument("axes", DIMS),
        ", in the order in which they are stored.",
    )
    if axes is not None:
        order = (axes,) if isinstance(axes, str) else tuple(axes)
        if sorted(map(str, order)) != sorted(DIMS):
            raise FileFormatError(
                f'axes must name "y", "x" and "energy", each once, got {axes!r}: for {where} of '
                f"shape {shape}, ",
                *ask,
            )
        return order
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
        return recorded
    if energy_length is not None and not fitting:
        raise EnergyAxisError(
            f"{where} has the shape {shape}, but the energy axis has {energy_length} values: "
            "one of the three axes must have that size."
        )
    if len(fitting) == 1:
        return pixels_around_energy(fitting[0])
    reason = (
        f"{len(fitting)} axes have the {energy_length} values of the energy axis"
        if fitting
        else "nothing in it tells which axis is which"
    )
    raise FileFormatError(f"{where} has the shape {shape} and {reason}: ", *ask)


def pixels_around_energy(position: int) -> tuple[str, ...]:
    """Axis names with the energy at `position` and rows before columns."""
    order = ["y", "x"]
    order.insert(position, "energy")
    return tuple(order)


def axis_or_reason(
    read: Callable[[], _Axis],
) -> tuple[_Axis | None, tuple[str | Argument, ...]]:
    """Energy axis of the file, or why it cannot be used: the caller may have given another."""
    try:
        return read(), ()
    except EnergyAxisError as error:
        return None, error.args
