"""Cubes of many files: which files of a folder belong together, and in which order.

The numbers in their names tell, and the words before them: in ``map_x003_y001`` the second one counts
rows, in ``map_xia02_0007`` the first one detectors. Numbers are compared as numbers, so that ``scan_10``
comes after ``scan_9``.
"""

from __future__ import annotations

import itertools
import math
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from skxrf.exceptions import Argument, FileFormatError

from .axes import folded_shape

__all__ = ["Series", "files_in", "grid_of", "require_no_gaps", "series", "series_of"]

_NUMBER = re.compile(r"([A-Za-z]*)[-_. ]*(\d{1,18})")
_ROLES = {
    "y": {"y", "row", "rows", "line", "zeile"},
    "x": {"x", "col", "cols", "column", "columns", "spalte"},
    "detector": {"xia", "det", "detector", "sdd"},
}
# Detectors outside, columns inside.
_RANKS = {"detector": 0, "": 1, "y": 2, "x": 3}


@dataclass(frozen=True)
class Series:
    """Files in the order of the numbers in their names."""

    files: tuple[Path, ...]
    numbers: tuple[tuple[int, ...], ...]
    """Numbers of each file name that differ between the files."""
    roles: tuple[str, ...]
    """Of each number that changes: ``"detector"``, ``"y"``, ``"x"``, or empty where no word tells."""


def files_in(folder: Path, suffix: str) -> list[Path]:
    """Files of a folder with `suffix` in any case, by name, hidden ones left out."""
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() == suffix and not path.name.startswith(".") and path.is_file()
    )


def series(files: Sequence[Path], where: str) -> Series:
    """Put files in the order of the numbers in their names, those left out that never change.

    Parameters
    ----------
    files : sequence of Path
        At least one file.
    where : str
        The folder, for error messages.

    Returns
    -------
    Series
        The files in order.

    Raises
    ------
    FileFormatError
        If the names differ in more than numbers, or two files have the same numbers.
    """
    first = files[0]
    for other in files:
        if _pattern(other) != _pattern(first):
            raise FileFormatError(
                f"{where} holds files of several series, such as {first.name} and {other.name}, "
                "whose names differ in more than numbers: put each series into a folder of its own."
            )
    found = [_numbers(path) for path in files]
    changing = [i for i in range(len(found[0])) if len({one[i] for one in found}) > 1]
    roles = _roles(first, changing)
    places = sorted(changing, key=lambda i: _RANKS[roles[i]])
    keys = [tuple(one[i] for i in places) for one in found]
    order = sorted(range(len(files)), key=keys.__getitem__)
    for before, after in itertools.pairwise(order):
        if keys[before] == keys[after]:
            raise FileFormatError(
                f"{where} holds {files[before].name} and {files[after].name}, whose numbers are "
                "the same: remove one of them."
            )
    return Series(
        files=tuple(files[i] for i in order),
        numbers=tuple(keys[i] for i in order),
        roles=tuple(roles[i] for i in places),
    )


def series_of(file: Path, files: Sequence[Path]) -> list[Path]:
    """The files that differ from one of them in a single number, which does not count detectors.

    Parameters
    ----------
    file : Path
        The file that was asked for.
    files : sequence of Path
        All that may belong to it.

    Returns
    -------
    list of Path
        The file itself and those that belong to it.

    Raises
    ------
    FileFormatError
        If the names differ in several numbers, each of which may count the rows.
    """
    mine = _numbers(file)
    by_place: dict[int, list[Path]] = defaultdict(list)
    for other in files:
        if _pattern(other) == _pattern(file):
            differing = [i for i, n in enumerate(_numbers(other)) if n != mine[i]]
            if len(differing) == 1:
                by_place[differing[0]].append(other)
    roles = _roles(file, list(by_place))
    counting = {place: found for place, found in by_place.items() if roles[place] != "detector"}
    if not counting:
        return [file]
    if len(counting) > 1:
        said = ", ".join(
            f"{len(found) + 1} files with {found[0].name}" for found in counting.values()
        )
        raise FileFormatError(
            f"{file} belongs to {len(counting)} series: {said}. Which of them are the rows is not said: "
            "put the files of one cube into a folder of their own."
        )
    return sorted([file, *next(iter(counting.values()))])


def grid_of(
    found: Series,
    shape: tuple[int, int] | None,
    where: str,
    *,
    axes: Sequence[str] | None = None,
) -> tuple[tuple[int, int], list[Path | None]]:
    """Rows and columns of a cube of one file a pixel, and the file of each pixel.

    Parameters
    ----------
    found : Series
        The files; without a number of detectors.
    shape : tuple of int, optional
        What the caller said.
    where : str
        The folder, for error messages.
    axes : sequence of str, optional
        What the caller said of two numbers without words: the order of "y" and "x" in it.

    Returns
    -------
    shape : tuple of int
        Rows and columns.
    files : list of Path or None
        Row by row; None for those that a stopped scan did not reach.

    Raises
    ------
    FileFormatError
        If files are missing before the last one, or the shape is not known or does not fit.
    """
    files, n_files = list(found.files), len(found.files)
    if n_files == 1:
        rows, columns = 1, 1
    elif len(found.roles) == 2:
        # Two numbers count rows and columns where each goes with each.
        rows, columns = (len({one[i] for one in found.numbers}) for i in range(2))
        if shape is None or shape[0] * shape[1] == rows * columns:
            if _columns_first(found, (rows, columns), shape, axes, where):
                order = sorted(range(n_files), key=lambda i: found.numbers[i][::-1])
                files = [files[i] for i in order]
                found = Series(
                    tuple(files), tuple(found.numbers[i][::-1] for i in order), found.roles
                )
                rows, columns = columns, rows
            full = sorted(itertools.product(*({one[i] for one in found.numbers} for i in range(2))))
            if tuple(full[:n_files]) != found.numbers:
                raise FileFormatError(
                    f"{where} holds {n_files} files whose names count {rows} rows and {columns} "
                    f"columns: {rows * columns - n_files} are missing. Complete them, or pass ",
                    Argument("shape", placeholder="rows, columns"),
                    " where the numbers mean something else.",
                )
            shape = (rows, columns)
    else:
        require_no_gaps([one[0] for one in found.numbers if len(one) == 1], where)
        rows = columns = 0
    if shape is None and rows * columns == n_files:
        shape = (rows, columns)
    chosen = folded_shape(n_files, shape, where)
    missing = math.prod(chosen) - n_files
    return chosen, [*files, *[None] * missing]


def _columns_first(
    found: Series,
    sizes: tuple[int, int],
    shape: tuple[int, int] | None,
    axes: Sequence[str] | None,
    where: str,
) -> bool:
    """True where the first of two numbers counts columns; ask where nothing tells."""
    if found.roles == ("y", "x"):
        return False
    if axes is not None and {"y", "x"} <= set(axes):
        return list(axes).index("x") < list(axes).index("y")
    if shape is not None and sizes[0] != sizes[1]:
        return shape != sizes
    raise FileFormatError(
        f"{where} holds files whose names count two numbers, {sizes[0]} and {sizes[1]} different ones, "
        f"such as {found.files[-1].name}, and do not say which one is the row: pass ",
        Argument("axes", ("y", "x", "energy")),
        " where it is the first one, ",
        Argument("axes", ("x", "y", "energy")),
        " where it is the second.",
    )


def require_no_gaps(numbers: Sequence[int], where: str) -> None:
    """Refuse a series in which a file is missing: all after it would be displaced."""
    steps = {after - before for before, after in itertools.pairwise(numbers)}
    if len(steps) > 1:
        step = min(steps)
        last = next(a for a, b in itertools.pairwise(numbers) if b - a != step)
        raise FileFormatError(
            f"{where}: the numbers in the files' names go on from {last} with "
            f"{numbers[numbers.index(last) + 1]}, not {last + step}. Complete the series: what "
            "comes after a missing file would be displaced."
        )


def _roles(file: Path, changing: Sequence[int]) -> dict[int, str]:
    """Meaning of the numbers that change, by the words before them."""
    words = [match[1].lower() for match in _NUMBER.finditer(file.stem)]
    found = {
        i: next((role for role, names in _ROLES.items() if words[i] in names), "") for i in changing
    }
    # Of two that count pixels, a word for one tells the other.
    pixels = [i for i in changing if found[i] != "detector"]
    known = {found[i] for i in pixels} - {""}
    if len(pixels) == 2 and len(known) == 1:
        other = "x" if known == {"y"} else "y"
        found |= {i: other for i in pixels if not found[i]}
    if len({found[i] for i in pixels}) < len(pixels):
        found |= dict.fromkeys(pixels, "")
    return found


def _pattern(path: Path) -> str:
    return re.sub(r"\d{1,18}", "#", path.stem)


def _numbers(path: Path) -> tuple[int, ...]:
    return tuple(int(match[2]) for match in _NUMBER.finditer(path.stem))
