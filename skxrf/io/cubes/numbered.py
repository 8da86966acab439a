"""Cubes of many files: which files of a folder belong together, and in which order.

The numbers in their names tell: those that differ count pixels or rows. They are compared as
numbers, so that ``scan_10`` comes after ``scan_9``.
"""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from skxrf.exceptions import Argument, FileFormatError

__all__ = ["files_in", "grid_of", "numbered", "require_no_gaps", "series_of"]

_NUMBER = re.compile(r"\d{1,18}")


def files_in(folder: Path, suffix: str) -> list[Path]:
    """Files of a folder with `suffix` in any case, by name, hidden ones left out."""
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() == suffix and not path.name.startswith(".") and path.is_file()
    )


def numbered(files: Sequence[Path], where: str) -> tuple[list[tuple[int, ...]], list[Path]]:
    """Put files in the order of the numbers in their names, those left out that never change.

    Parameters
    ----------
    files : sequence of Path
        At least one file.
    where : str
        The folder, for error messages.

    Returns
    -------
    numbers : list of tuple of int
        For each file the numbers that change, in the order of the files.
    files : list of Path
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
    keys = [tuple(one[i] for i in changing) for one in found]
    order = sorted(range(len(files)), key=keys.__getitem__)
    for before, after in itertools.pairwise(order):
        if keys[before] == keys[after]:
            raise FileFormatError(
                f"{where} holds {files[before].name} and {files[after].name}, whose numbers are "
                "the same: remove one of them."
            )
    return [keys[i] for i in order], [files[i] for i in order]


def series_of(file: Path, files: Sequence[Path]) -> list[Path]:
    """The files that differ from one of them in a single number, the one that most files change.

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
        If two numbers count as many files.
    """
    mine = _numbers(file)
    by_place: dict[int, list[Path]] = defaultdict(list)
    for other in files:
        if _pattern(other) == _pattern(file):
            differing = [i for i, n in enumerate(_numbers(other)) if n != mine[i]]
            if len(differing) == 1:
                by_place[differing[0]].append(other)
    if not by_place:
        return [file]
    ranked = sorted(by_place.values(), key=len, reverse=True)
    if len(ranked) > 1 and len(ranked[0]) == len(ranked[1]):
        raise FileFormatError(
            f"{file} belongs to two series of {len(ranked[0]) + 1} files, one with "
            f"{ranked[0][0].name}, one with {ranked[1][0].name}: put the files of one cube into a "
            "folder of their own."
        )
    return sorted([file, *ranked[0]])


def grid_of(
    numbers: Sequence[tuple[int, ...]], shape: tuple[int, int] | None, where: str
) -> tuple[int, int]:
    """Rows and columns of a cube of one file a pixel.

    Parameters
    ----------
    numbers : sequence of tuple of int
        What :func:`numbered` gave.
    shape : tuple of int, optional
        What the caller said.
    where : str
        The folder, for error messages.

    Returns
    -------
    tuple of int
        Rows and columns.

    Raises
    ------
    FileFormatError
        If files are missing, or the shape is not known or does not fit.
    """
    n_files = len(numbers)
    if n_files == 1:
        rows, columns = 1, 1
    elif len(numbers[0]) == 2:
        # Two numbers count rows and columns where each goes with each.
        rows, columns = (len({one[i] for one in numbers}) for i in range(2))
        if rows * columns != n_files and shape is None:
            raise FileFormatError(
                f"{where} holds {n_files} files whose names count {rows} rows and {columns} "
                f"columns: {rows * columns - n_files} are missing. Complete them, or pass ",
                Argument("shape", placeholder="rows, columns"),
                " where the numbers mean something else.",
            )
    else:
        require_no_gaps([one[0] for one in numbers if len(one) == 1], where)
        rows = columns = 0
    if shape is None and rows * columns != n_files:
        raise FileFormatError(
            f"{where} holds {n_files} spectra and does not say how they lie: pass ",
            Argument("shape", placeholder="rows, columns"),
            ", rows that follow each other from left to right, such as ",
            Argument("shape", _squarest(n_files)),
            ".",
        )
    if shape is not None and shape[0] * shape[1] != n_files:
        raise FileFormatError(
            f"{where} holds {n_files} spectra, not the {shape[0]} x {shape[1]} = "
            f"{shape[0] * shape[1]} of ",
            Argument("shape", tuple(shape)),
            ".",
        )
    return shape or (rows, columns)


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


def _pattern(path: Path) -> str:
    return _NUMBER.sub("#", path.stem)


def _numbers(path: Path) -> tuple[int, ...]:
    return tuple(int(word) for word in _NUMBER.findall(path.stem))


def _squarest(n: int) -> tuple[int, int]:
    """Two factors of a number as close to each other as can be."""
    rows = next(i for i in range(int(n**0.5), 0, -1) if n % i == 0)
    return rows, n // rows
