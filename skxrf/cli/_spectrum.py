"""A spectrum drawn with plain characters, for a terminal of any kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class _Layout:
    """Layout of the drawing."""

    filled: str = ".:#"
    """Characters of a column that is filled to the first, second or last third of a row."""
    decades: int = 5  # decades shown below the highest count; deeper ones are noise
    margin: int = 7  # characters to the left of the axis, axis included
    name_rows: int = 3  # rows of names above the peaks


def draw_spectrum(
    energy: NDArray[Any],
    counts: NDArray[Any],
    peaks: Sequence[tuple[str, float]] = (),
    *,
    width: int = 80,
    height: int = 12,
) -> str:
    """Draw counts over the energy, on a logarithmic scale.

    `energy` (n_channels,): bin centers [keV], increasing. `counts` (n_channels,): counts. `peaks`:
    names and energies [keV] of what to label. `width`, `height`: characters across, axis included,
    and rows of the drawing alone. Returns lines of ASCII characters, the highest count of all
    channels in each column.
    """
    n_columns = max(width - _Layout.margin, 20)
    low, high = _shown_range(energy, counts)
    columns = np.linspace(low, high, n_columns + 1)
    inside = (energy >= low) & (energy <= high)
    place = np.clip(np.searchsorted(columns, energy[inside], side="right") - 1, 0, n_columns - 1)
    tops = np.zeros(n_columns)
    np.maximum.at(tops, place, counts[inside].astype(np.float64))
    if not tops.max() > 0:
        return "(no counts)"
    # Where channels are wider than columns, a column between two has the height of the last.
    for k in range(1, n_columns):
        if k not in set(place.tolist()):
            tops[k] = tops[k - 1]
    top = max(float(np.log10(tops.max())), 0.0) + 0.1
    # Down to a little below the continuum, so that the peaks have most of the room.
    usual = float(np.log10(max(np.percentile(tops[tops > 0], 5), 1.0)))
    bottom = max(0.0, top - _Layout.decades, min(usual - 0.3, top - 1.0))
    filled = (np.log10(np.maximum(tops, 1e-9)) - bottom) / (top - bottom) * height
    rows = [_row(filled, row) for row in range(height)]
    labels = _decade_labels(bottom, top, height)
    lines = _names(peaks, columns)
    for row in reversed(range(height)):
        lines.append(f"{labels.get(row, ''):>{_Layout.margin - 2}} |{rows[row]}".rstrip())
    return "\n".join([*lines, *_energy_axis(low, high, n_columns)])


def _shown_range(energy: NDArray[Any], counts: NDArray[Any]) -> tuple[float, float]:
    """From the first channel at 0.5 keV or above, to where the counts end."""
    enough = np.flatnonzero(counts > max(counts.max() * 10.0**-_Layout.decades, 0))
    high = float(energy[enough[-1]]) if enough.size else float(energy[-1])
    low = max(float(energy[0]), min(0.5, high / 2))
    return low, high if high > low else float(energy[-1])


def _row(filled: NDArray[np.float64], row: int) -> str:
    part = np.clip(filled - row, 0, 1)
    return "".join(
        " "
        if share <= 0
        else _Layout.filled[min(int(share * len(_Layout.filled)), len(_Layout.filled) - 1)]
        for share in part
    )


def _decade_labels(bottom: float, top: float, height: int) -> dict[int, str]:
    """Powers of ten, at the rows that they lie in."""
    labels = {}
    for decade in range(int(np.ceil(bottom)), int(top) + 1):
        row = min(int((decade - bottom) / (top - bottom) * height), height - 1)
        labels[row] = f"1e{decade}" if decade else "1"
    return labels


def _names(peaks: Sequence[tuple[str, float]], columns: NDArray[np.float64]) -> list[str]:
    """Names over their peaks, those that do not fit beside each other one above the other."""
    n_columns = len(columns) - 1
    lanes = [[" "] * n_columns for _ in range(_Layout.name_rows)]
    marks = [" "] * n_columns
    for name, energy in sorted(peaks, key=lambda peak: peak[1]):
        if not columns[0] <= energy <= columns[-1]:
            continue
        at = min(int(np.searchsorted(columns, energy, side="right")) - 1, n_columns - 1)
        start = min(max(at - len(name) // 2, 0), n_columns - len(name))
        for lane in reversed(lanes):
            # A blank on both sides keeps names apart.
            if start >= 0 and not "".join(lane[max(start - 1, 0) : start + len(name) + 1]).strip():
                lane[start : start + len(name)] = name
                marks[at] = "'"
                break
    filled = ["".join(lane) for lane in lanes if "".join(lane).strip()]
    if not filled:
        return []
    return [(" " * _Layout.margin + line).rstrip() for line in [*filled, "".join(marks)]]


def _energy_axis(low: float, high: float, n_columns: int) -> list[str]:
    step = next(s for s in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 1e9) if (high - low) / s < 12)
    unit = " keV"
    line, labels = ["-"] * n_columns, [" "] * (n_columns - len(unit))
    for tick in np.arange(np.ceil(low / step), high / step + 1e-9) * step:
        at = min(int((tick - low) / (high - low) * n_columns), n_columns - 1)
        line[at] = "+"
        text = f"{tick:g}"
        start = max(at - len(text) // 2, 0)
        if start + len(text) <= len(labels):
            labels[start : start + len(text)] = text
    return [
        " " * (_Layout.margin - 1) + "+" + "".join(line),
        " " * _Layout.margin + "".join(labels) + unit,
    ]
