"""Single spectra in columns of text: counts, or energies and counts, after any lines of a header.

The unit of the energies is that in the header (``keV`` or ``eV``); where there is none, or the first
column counts channels, the caller gives the axis.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from numpy.polynomial import Polynomial
from numpy.typing import NDArray

from skxrf.exceptions import Argument, FileFormatError

from .axes import axis_or_reason
from .single import ArrayReader, smallest_unsigned
from .source import CubeRequest, CubeSource
from .stated_axis import counts_channels, stated_axis
from .text_spectrum import floats, whole_counts

__all__ = ["open_columns", "recognizes"]

_NUMBER = re.compile(r"[-+]?(\d+[.,]?\d*|[.,]\d+)([eE][-+]?\d+)?")
_UNIT = re.compile(r"(?<![A-Za-z])(keV|eV)(?![A-Za-z])", re.IGNORECASE)
# Lines before the first number, and channels of the smallest spectrum.
_LONGEST_HEADER = 100
_FEWEST = 16
_LARGEST = 1 << 24


def recognizes(path: Path, head: bytes) -> bool:
    """Recognize a text of which the first bytes hold three lines of one or two numbers in a row."""
    if b"\0" in head or path.is_dir():
        return False
    # The last line of the first bytes may be cut.
    lines = head.decode("latin-1").splitlines()[:-1]
    rows = [bool(_cells(line)) for line in lines]
    return any(all(rows[i : i + 3]) for i in range(len(rows) - 2))


def open_columns(path: Path, request: CubeRequest) -> tuple[CubeSource, CubeRequest]:
    """Describe a single spectrum as a cube of one pixel.

    Parameters
    ----------
    path : Path
        The file.
    request : CubeRequest
        An energy axis of the caller's replaces that of the file.

    Returns
    -------
    source : CubeSource
        The cube of shape (1, 1, n_channels).
    request : CubeRequest
        As given.

    Raises
    ------
    FileFormatError
        If its lines are not numbers from the first of them on.
    """
    if path.stat().st_size > _LARGEST:
        raise FileFormatError(f"{path} has {path.stat().st_size:,} bytes, more than any spectrum.")
    lines = path.read_bytes().decode("latin-1").splitlines()
    start = next((i for i, line in enumerate(lines) if _cells(line)), len(lines))
    header, rows = "\n".join(lines[:start]), [line for line in lines[start:] if line.strip()]
    values = _values(rows, path, start)
    counts = whole_counts(values[:, -1])
    energy: NDArray[np.float64] | Polynomial | None = None
    hint: tuple[str | Argument, ...] = ()
    if values.shape[1] == 2:
        unit = _UNIT.search(header)
        if unit is not None:
            energy, hint = axis_or_reason(
                lambda: stated_axis(
                    values=values[:, 0], units=unit[1], source=f"the first column of {path}"
                )
            )
        elif not counts_channels(values[:, 0]):
            ends = f"from {values[0, 0]:g} to {values[-1, 0]:g}"
            hint = (
                f"Its first column goes {ends} in a unit that its header does not name (keV, eV).",
            )
    return CubeSource(
        path=path,
        dataset="",
        layout="columns of text",
        reader=ArrayReader(
            (smallest_unsigned(counts) if counts.dtype.kind == "u" else counts).reshape(1, 1, -1)
        ),
        dims=("y", "x", "energy"),
        dims_from="being one spectrum",
        energy=energy,
        energy_hint=hint,
        energy_from=f"the first column of {path}",
    ), request


def _cells(line: str) -> list[str]:
    """One or two numbers of a line, none where it holds anything else.

    A comma is that of a decimal where something else stands between the numbers.
    """
    line = line.strip()
    for separator in (";", "\t", " ", ","):
        if separator in line:
            cells = line.split() if separator == " " else line.split(separator)
            cells = [cell.strip().rstrip(",") for cell in cells if cell.strip(" ,")]
            break
    else:
        cells = [line]
    whole = all(_NUMBER.fullmatch(cell) for cell in cells)
    return cells if whole and 1 <= len(cells) <= 2 else []


def _values(rows: list[str], path: Path, start: int) -> NDArray[np.float64]:
    """Numbers of all rows, of one or two columns."""
    cells = [_cells(row) for row in rows]
    widths = {len(one) for one in cells}
    if len(rows) < _FEWEST or start > _LONGEST_HEADER or len(widths) > 1 or 0 in widths:
        wrong = next(
            (row for row, one in zip(rows, cells, strict=True) if len(one) != len(cells[0])), ""
        )
        raise FileFormatError(
            f"{path} holds {len(rows)} lines from the first number on"
            + (f", one of which is {wrong[:40]!r}" if wrong else "")
            + f": expected a spectrum, at least {_FEWEST} lines, each of energy and counts or of counts alone."
        )
    values = np.array([floats(one) for one in cells], np.float64)
    if not np.isfinite(values).all():
        raise FileFormatError(f"{path} holds numbers that are too large: it is damaged.")
    return values
