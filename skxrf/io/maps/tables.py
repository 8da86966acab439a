"""Text tables of maps: one line a pixel, as PyMca writes them (``.dat``, ``.csv``)."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skxrf.exceptions import FileFormatError
from skxrf.utils.units import may_divide_thousands

from .._limits import LIMITS
from .._packed import read_bytes
from ..cubes.text_spectrum import decoded
from .plain import only_maps, refuse_name
from .source import MapsRequest, MapsSource, build_maps, split_errors

_EXPECTED = (
    "expected a table of maps, one line a pixel, with a header such as "
    "'row  column  S_K  Fe_K' (blanks, ';', ',' or tabs between)"
)


def recognizes(path: Path, head: bytes) -> bool:
    """Recognize a file that starts as text."""
    return "\0" not in decoded(head)


def read_table(path: Path, request: MapsRequest) -> xr.Dataset:
    """Read a table of maps."""
    names, values, numbers = _parsed(path)
    row, column = (_position(path, names, words) for words in (("row",), ("column", "col")))
    order, y, x = _grid(path, values[:, row], values[:, column], numbers)
    shape = (y.size, x.size)
    others = [name for i, name in enumerate(names) if i not in (row, column)]
    images, errors = split_errors(
        {name: values[order, names.index(name)].reshape(shape) for name in others}
    )
    source = MapsSource(path, "a table of pixels", images=images, errors=errors, y=y, x=x)
    return build_maps(source, request.elements)


def write_table(maps: xr.Dataset, path: Path, separator: str) -> None:
    """Write computed maps as a table, with as many digits as give the values back exactly."""
    only_maps(maps, "a text table", uncertainty=True)
    elements = [str(name) for name in maps["element"].to_numpy()]
    for name in elements:
        refuse_name(name, not name or re.search(r"""[;,"()\s]""", name), "a text table cannot hold")
    y, x = (_whole_positions(maps, dim) for dim in ("y", "x"))
    header = ["row", "column", *elements]
    columns = [np.repeat(y, x.size).astype(str), np.tile(x, y.size).astype(str)]
    columns += _digits(maps["intensity"])
    if "uncertainty" in maps:
        header += [f"s({name})" for name in elements]
        columns += _digits(maps["uncertainty"])
    lines = map(separator.join, zip(*(column.tolist() for column in columns), strict=True))
    path.write_text("\n".join([separator.join(header), *lines, ""]), encoding="utf-8", newline="\n")


def _whole_positions(maps: xr.Dataset, dim: str) -> NDArray[np.int64]:
    """Integer rows or columns without gaps, as coordinates or else counted from 0."""
    coordinate = maps[dim].to_numpy()
    counted = np.issubdtype(coordinate.dtype, np.integer) and np.all(np.diff(coordinate) == 1)
    if counted and coordinate[0] >= 0:
        return np.asarray(coordinate, dtype=np.int64)
    return np.arange(maps.sizes[dim])


def _digits(maps: xr.DataArray) -> list[NDArray[Any]]:
    """The maps as columns of text: the fewest digits that give back each value in its type."""
    values = maps.transpose("element", "y", "x").to_numpy()
    if values.dtype.kind == "f" and values.dtype.itemsize < 4:
        values = values.astype(np.float32)
    columns = []
    for one in values.reshape(len(values), -1):
        digits = one.astype(str)
        if one.dtype == np.float32:
            # Readers parse to double precision first, and rounding twice may miss by one unit:
            # nine digits are always enough (IEEE 754, 5.12.2).
            missed = np.flatnonzero(digits.astype(np.float64).astype(np.float32) != one)
            digits = digits.astype(object)
            digits[missed] = [f"{value:.9g}" for value in one[missed]]
        columns.append(digits)
    return columns


def _parsed(path: Path) -> tuple[list[str], NDArray[np.float64], NDArray[np.int64]]:
    """Column names, values of shape (n_lines, n_columns), and the line number of each."""
    lines = decoded(read_bytes(path, max(path.stat().st_size, LIMITS.spectra_bytes))).splitlines()
    filled = [number for number, line in enumerate(lines, start=1) if line.strip()]
    if not filled:
        raise FileFormatError(f"{path} holds only blank lines: {_EXPECTED}.")
    header = lines[filled[0] - 1]
    separator = next((one for one in (";", "\t", ",") if header.count(one) >= 2), None)
    names = _header_names(header, separator)
    if len(names) < 3:
        raise FileFormatError(f"{path}, line {filled[0]}: {header[:80]!r}; {_EXPECTED}.")
    body = [lines[number - 1] for number in filled[1:]]
    if separator != "," and not any("." in line for line in body):
        # The comma of decimals.
        words = re.findall(r"\d+,\d+", "\n".join(body))
        if words and all(map(may_divide_thousands, words)):
            raise FileFormatError(
                f"{path} writes numbers such as {words[0]!r}, in which a comma may divide thousands. Export "
                "it without a mark between thousands."
            )
        body = [line.replace(",", ".") for line in body]
    if not body:
        raise FileFormatError(f"{path} has a header but no pixels: {_EXPECTED}.")
    try:
        values = np.loadtxt(body, delimiter=separator, comments=None, ndmin=2)
    except ValueError as error:
        values, reason = np.empty((0, 0)), str(error)
    else:
        reason = f"{values.shape[1]} values in each line"
    if values.shape[1] != len(names):
        _raise_at_first_fault(path, names, separator, body, filled[1:])
        raise FileFormatError(f"{path}: {reason}; {_EXPECTED}.")
    return names, values, np.array(filled[1:])


def _header_names(header: str, separator: str | None) -> list[str]:
    if separator is not None:
        names = next(csv.reader([header], delimiter=separator))
    else:
        # PyMca puts two blanks between columns, so that a name may hold one.
        names = re.split(r"\s{2,}", header.strip())
        names = header.split() if len(names) < 3 else names
    return [name.strip().strip('"') for name in names]


def _raise_at_first_fault(
    path: Path, names: list[str], separator: str | None, body: list[str], numbers: list[int]
) -> None:
    for number, line in zip(numbers, body, strict=True):
        fields = line.split(separator)
        if len(fields) != len(names):
            raise FileFormatError(
                f"{path}, line {number}: {len(fields)} values for the {len(names)} columns of the "
                f"header, in {line[:80]!r}. Is the file cut off?"
            )
        for name, field in zip(names, fields, strict=True):
            try:
                float(field)
            except ValueError as error:
                raise FileFormatError(
                    f"{path}, line {number}: {field.strip()!r} in column {name!r} is no number "
                    "(write 0.5 with a point, and nan for a missing value)."
                ) from error


def _position(path: Path, names: list[str], words: tuple[str, ...]) -> int:
    found = [i for i, name in enumerate(names) if name.lower() in words]
    if len(found) != 1:
        raise FileFormatError(
            f"{path} has {len(found)} columns called {words[0]!r}, among {', '.join(names[:12])}: "
            f"{_EXPECTED}."
        )
    return found[0]


def _grid(
    path: Path,
    rows: NDArray[np.float64],
    columns: NDArray[np.float64],
    numbers: NDArray[np.int64],
) -> tuple[NDArray[np.intp], NDArray[np.int64], NDArray[np.int64]]:
    """Order of the lines that makes a full row-major grid, and its rows and columns."""
    for what, values in (("row", rows), ("column", columns)):
        wrong = ~((values >= 0) & (values < 2**31) & (values == np.floor(values)))
        if wrong.any():
            at = int(np.argmax(wrong))
            raise FileFormatError(
                f"{path}, line {numbers[at]}: {what} is {values[at]:g}, expected a whole number "
                "from 0."
            )
    y, x = rows.astype(np.int64), columns.astype(np.int64)
    order = np.lexsort((x, y))
    y, x = y[order], x[order]
    twice = np.flatnonzero((np.diff(y) == 0) & (np.diff(x) == 0))
    if twice.size:
        first, second = np.sort(numbers[order[twice[0] : twice[0] + 2]])
        raise FileFormatError(
            f"{path}, line {second}: pixel (row {y[twice[0]]}, column {x[twice[0]]}) stands there "
            f"a second time, after line {first}."
        )
    n_y, n_x = int(y[-1] - y[0] + 1), int(x.max() - x.min() + 1)
    if n_y * n_x != y.size:
        # In a full grid the pixels, sorted, are numbered 0, 1, 2, ...
        place = (y - y[0]) * n_x + (x - x.min())
        gap = int(np.argmax(np.append(place != np.arange(y.size), True)))
        raise FileFormatError(
            f"{path} holds {y.size} pixels of a grid of {n_y} rows and {n_x} columns "
            f"({n_y * n_x}): the first missing is (row {y[0] + gap // n_x}, column "
            f"{x.min() + gap % n_x}). Is the file cut off? A pixel without a value needs a line "
            "with nan."
        )
    return order, np.arange(n_y) + y[0], np.arange(n_x) + x.min()
