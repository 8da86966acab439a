"""Single spectra in columns of text: counts, or energies and counts, after any lines of a header.

A last line of the header with a word for each column names them; of more than two columns those of
energy and counts must be named. The unit of the energies is that in the name of their column, or in
the header (``keV`` or ``eV``); where there is none, or the column counts channels, the caller gives
the axis.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skxrf.exceptions import Argument, CountsError, EnergyAxisError, FileFormatError
from skxrf.utils.units import decimal, is_rate, may_divide_thousands

from .._limits import LIMITS
from .axes import axis_or_reason
from .single import one_spectrum
from .source import CubeRequest, CubeSource
from .stated_axis import counts_channels, stated_axis
from .text_spectrum import TextSpectrum, decoded, floats, read_spectrum, seconds, whole_counts

_NUMBER = re.compile(r"[-+]?((\d+[.,]?\d*|[.,]\d+)([eE][-+]?\d+)?|nan|inf)", re.IGNORECASE)
_UNIT = re.compile(r"(?<![A-Za-z])(keV|eV)(?![A-Za-z])", re.IGNORECASE)
_ENERGY = re.compile(r"energ|(?<![a-z])k?ev(?![a-z])", re.IGNORECASE)
_COUNTS = re.compile(r"counts?|cts|intensit|cps|spectrum", re.IGNORECASE)
_TIME = re.compile(
    r"\b(live|real)[ _-]?time(?:inseconds)?\b[^\d\n]{0,9}?(\d+(?:[.,]\d+)?)[ \t]*(ms|us|min|s|)\b",
    re.IGNORECASE,
)
_LINE = re.compile(
    r"^\W*(eV ?per ?channel|Starting ?keV)\W+?([-+]?[\d.,]+)", re.IGNORECASE | re.MULTILINE
)


def recognizes(path: Path, head: bytes) -> bool:
    """Recognize a text of which the first bytes hold three lines of numbers in a row.

    One or two; or more, below names of columns that say which are energies and counts.
    """
    if path.is_dir():
        return False
    n_columns, header = _start(head)
    return 0 < n_columns <= 2 or len(_named(header, n_columns)) == 2


def too_many_columns(head: bytes) -> str:
    """Sentence on a text of more columns than those of a spectrum; empty where the first bytes are of none."""
    n_columns, _ = _start(head)
    return (
        f" It is a text of {n_columns} columns of numbers: of more than two, a line above them must name "
        "those of energy and counts, such as 'channel;energy (keV);counts'. Several spectra need a file "
        "each."
        if n_columns > 2
        else ""
    )


def _start(head: bytes) -> tuple[int, list[str]]:
    """Number of columns of the first three lines of numbers in a row, and the lines above them."""
    text = decoded(head)
    # The last line of the first bytes may be cut.
    lines = [] if "\0" in text else text.splitlines()[:-1]
    widths = [len(_cells(line)) for line in lines]
    start = next((i for i in range(len(widths) - 2) if all(widths[i : i + 3])), None)
    return (0, []) if start is None else (widths[start], lines[:start])


def open_columns(path: Path, request: CubeRequest) -> tuple[CubeSource, CubeRequest]:
    """Describe a single spectrum as a cube of one pixel."""
    spectrum = column_spectrum(decoded(read_spectrum(path)), path)
    from_ = f"the columns of {path}"
    return one_spectrum(path, "columns of text", spectrum, energy_from=from_), request


def column_spectrum(content: str, path: Path) -> TextSpectrum:
    """Read the spectrum of a text."""
    lines = content.splitlines()
    start = next((i for i, line in enumerate(lines) if _cells(line)), len(lines))
    header, rows = lines[:start], [line for line in lines[start:] if line.strip()]
    values = _values(rows, path, start)
    named = _named(header, values.shape[1])
    place, name = named.get("counts", (-1, ""))
    if any(is_rate(word) for word in re.findall(r"[\w/^-]+", name)):
        raise CountsError(f"{path} names its column {name!r}: expected counts. Export counts.")
    at, label = named.get("energy", (0, ""))
    steps = np.diff(values[:, at])
    if values.shape[1] > 1 and not ((steps > 0).all() or (steps < 0).all()):
        raise FileFormatError(
            f"{path} has two columns, of which the first column ({values[0, at]:g}, {values[1, at]:g}, ...) is "
            "no axis: expected energies or channels, and counts. Several spectra in one text are not read."
        )
    energy, problem = axis_or_reason(
        lambda: None if values.shape[1] == 1 else _energy(values[:, at], label, header, path)
    )
    times = {match[1].lower(): (match[2], match[3]) for match in _TIME.finditer("\n".join(header))}
    live_time, real_time = (seconds(*times.get(kind, (None, ""))) for kind in ("live", "real"))
    return TextSpectrum(
        whole_counts(values[:, place]), energy, problem, live_time=live_time, real_time=real_time
    )


def _energy(values: NDArray[np.float64], label: str, header: list[str], path: Path) -> Any:
    """Energies [keV] of a column; None where it only counts channels."""
    # A unit in the header is that of the axis, unless the column counts channels or there are two.
    found = _UNIT.findall(label) or (
        [] if counts_channels(values) else _UNIT.findall("\n".join(header))
    )
    units = {unit.lower() for unit in found}
    ends = f"{path}: its column of energies goes from {values[0]:g} to {values[-1]:g}"
    if len(units) == 1:
        return stated_axis(
            values=values, units=units.pop(), source=f"the column of energies in {path}"
        )
    if units:
        raise EnergyAxisError(
            f"{ends}, and its header names both keV and eV: pass ", Argument("energy"), "."
        )
    if counts_channels(values):
        return _handheld_axis(header, path)
    raise EnergyAxisError(
        f"{ends} in a unit that its header does not name (keV, eV): pass ", Argument("energy"), "."
    )


def _handheld_axis(header: list[str], path: Path) -> Any:
    """Axis of Bruker's handheld instruments, ``eVPerChannel`` and ``StartingKeV``, of the first number on."""
    stated = {
        match[1].lower().replace(" ", ""): match[2] for match in _LINE.finditer("\n".join(header))
    }
    gain, offset = (decimal(stated.get(key)) for key in ("evperchannel", "startingkev"))
    if gain is None:
        return None
    if offset is None:
        raise EnergyAxisError(
            f"{path} says {gain:g} eV per channel, but not the energy of the first one: pass ",
            Argument("energy", placeholder=f"offset, {gain / 1000:g}"),
            " with that energy in keV.",
        )
    source = f"eVPerChannel and StartingKeV in {path}"
    return stated_axis(coefficients=[offset, gain / 1000], units="keV", source=source)


def _refuse_thousands(rows: list[list[str]], path: Path) -> None:
    """Refuse points or commas that may divide thousands: read as those of decimals they give other numbers."""
    marked = {mark: [cell for row in rows for cell in row if mark in cell] for mark in ".,"}
    odd = [cells[0] for cells in marked.values() if cells]
    if len(odd) < 2:
        odd = []
        for column in zip(*rows, strict=True):
            grouped = [cell for cell in column if not cell.isdecimal()]
            # Whole numbers up to 999, and beyond them always three digits after the mark.
            if 0 < len(grouped) < len(column) and all(map(may_divide_thousands, grouped)):
                odd = [grouped[0]]
    if odd:
        raise FileFormatError(
            f"{path} writes numbers such as {' and '.join(map(repr, odd))}, in which a point or comma may "
            "divide thousands. Export it without a mark between thousands."
        )


def _named(header: list[str], n_columns: int) -> dict[str, tuple[int, str]]:
    """Place and name of the columns of energies and counts, where the last line of a header says so."""
    line = next((one.strip(" \t#%\"'") for one in reversed(header) if one.strip()), "")
    for separator in ("\t", ";", ",", r"\s{2,}", " "):
        names = [one.strip(" \"'") for one in re.split(separator, line)]
        if len(names) == n_columns:
            break
    else:
        return {}
    found: dict[str, tuple[int, str]] = {}
    for kind, pattern in (("energy", _ENERGY), ("counts", _COUNTS)):
        places = [i for i, one in enumerate(names) if pattern.search(one)]
        if len(places) == 1:
            found[kind] = places[0], names[places[0]]
    return found


def _cells(line: str) -> list[str]:
    """Numbers of a line, none where it holds anything else.

    A comma is that of a decimal where something else stands between the numbers.
    """
    line = line.strip()
    for separator in (";", "\t", " ", ","):
        if separator in line:
            cells = line.split() if separator == " " else line.split(separator)
            cells = [cell.strip(' "').rstrip(",") for cell in cells if cell.strip(' ,"')]
            break
    else:
        cells = [line]
    return cells if all(_NUMBER.fullmatch(cell) for cell in cells) else []


def _values(rows: list[str], path: Path, start: int) -> NDArray[np.float64]:
    """Numbers of all rows, of as many columns each."""
    cells = [_cells(row) for row in rows]
    widths = {len(one) for one in cells}
    if (
        len(rows) < LIMITS.fewest_lines
        or start > LIMITS.header_lines
        or len(widths) > 1
        or 0 in widths
    ):
        wrong = next(
            (row for row, one in zip(rows, cells, strict=True) if len(one) != len(cells[0])), ""
        )
        raise FileFormatError(
            f"{path} holds {len(rows)} lines from the first number on"
            + (f", one of which is {wrong[:40]!r}" if wrong else "")
            + f": expected a spectrum, at least {LIMITS.fewest_lines} lines, each of energy and counts or of counts alone."
        )
    _refuse_thousands(cells, path)
    values = np.array([floats(one) for one in cells], np.float64)
    if not np.isfinite(values).all():
        raise FileFormatError(
            f"{path} holds values that are no finite numbers: expected counts. Export them anew."
        )
    return values
