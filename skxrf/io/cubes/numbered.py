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

from .._packed import plain_name
from .axes import folded_shape

_ROLES = {
    "y": {"y", "row", "rows", "line", "lines", "zeile", "ligne", "ypos", "posy", "samy", "sy", "r"},
    "x": {"x", "col", "cols", "column", "columns", "spalte", "colonne", "xpos", "posx", "samx"}
    | {"sx", "c"},
    "detector": {"xia", "det", "detector", "sdd", "ch", "chan", "channel"},
}
# Words that say something only beside the other one.
_PAIRED = {"r", "c"}
# A decimal point belongs to a number behind a word for rows or columns.
_NUMBER = re.compile(
    rf"(?:(?<![A-Za-z])({'|'.join(_ROLES['y'] | _ROLES['x'])})[-+_ =(]*(\d{{1,9}}\.\d{{1,9}})(?![.\d])"
    r"|([A-Za-z]*)[-+_. =(]*(\d{1,18}))",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Series:
    """Files in the order of the numbers in their names."""

    files: tuple[Path, ...]
    numbers: tuple[tuple[float, ...], ...]
    """Numbers of each file name that differ between the files."""
    roles: tuple[str, ...]
    """Of each number that changes: ``"detector"``, ``"y"``, ``"x"``, or empty where no word tells."""

    def by_detector(self) -> dict[str, Series]:
        """Files of each detector by its number, where the names count detectors; else all, by an empty name."""
        if self.roles[:1] != ("detector",):
            return {"": self}
        pairs = list(zip(self.files, self.numbers, strict=True))
        parts = {}
        for name in sorted({numbers[0] for _, numbers in pairs}):
            mine = [(file, numbers[1:]) for file, numbers in pairs if numbers[0] == name]
            files, numbers = zip(*mine, strict=True)
            parts[f"{name:g}"] = Series(files, numbers, self.roles[1:])
        return parts


def files_in(folder: Path, *suffixes: str, packed: bool = True) -> list[Path]:
    """Files of a folder with one of some suffixes in any case, by name; packed ones too, hidden ones not."""
    return sorted(
        path
        for path in folder.iterdir()
        if (plain_name(path) if packed else path).suffix.lower() in suffixes
        and not path.name.startswith(".")
        and path.is_file()
    )


def series(files: Sequence[Path], where: str) -> Series:
    """Put files in the order of the numbers in their names, those left out that never change.

    Refused are names that differ in more than numbers, two files of the same numbers, and more numbers that
    change than those of rows and columns.
    """
    first = files[0]
    for other in files:
        if _pattern(other) != _pattern(first):
            raise FileFormatError(
                f"{where} holds files of several series, such as {first.name} and {other.name}, "
                "whose names differ in more than numbers: put each series into a folder of its own."
            )
    found = _signed_numbers(files)
    changing = [i for i in range(len(found[0])) if len({one[i] for one in found}) > 1]
    roles = _roles(first, changing)
    changing = _telling(changing, roles, found, where)
    # Detectors outside, columns inside.
    places = sorted(changing, key=lambda i: ("detector", "", "y", "x").index(roles[i]))
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


def _telling(
    changing: list[int],
    roles: dict[int, str],
    found: Sequence[tuple[float, ...]],
    where: str,
) -> list[int]:
    """Of the numbers that change those that place a file; a running number beside rows and columns does not."""
    placed = [i for i in changing if roles[i]]
    if len(placed) == len(changing) or not {"y", "x"} & {roles[i] for i in placed}:
        return changing
    if len({tuple(one[i] for i in placed) for one in found}) == len(found):
        return placed
    raise FileFormatError(
        f"{where} holds files whose names count more than rows and columns: several of them are of one "
        "pixel. Put those of one scan into a folder of their own."
    )


def series_of(file: Path, files: Sequence[Path]) -> list[Path]:
    """The files that differ from one of them in a single number, which does not count detectors; itself too.

    Where each of several numbers may count the rows, it is refused.
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

    `found`: the files; without a number of detectors. `shape`: what the caller said. `where`: the
    folder, for error messages. `axes`: what the caller said of two numbers without words: the order
    of "y" and "x" in it. Returns `shape`: rows and columns; `files`: row by row; None for those
    that a stopped scan did not reach.
    """
    n_files = len(found.files)
    sizes = [len({one[i] for one in found.numbers}) for i in range(len(found.roles))]
    is_series = not _are_rows_and_columns(found)
    if shape is not None and axes is None and not is_series and found.roles != ("y", "x"):
        # Two numbers, such as minutes and seconds, that count neither rows nor columns.
        is_series = shape[1] not in sizes or (
            list(shape) not in (sizes, sizes[::-1]) and math.prod(shape) == n_files
        )
    if is_series:
        require_no_gaps([one[0] for one in found.numbers if len(one) == 1], where)
        chosen = folded_shape(n_files, None if n_files == 1 else shape, where)
        return chosen, [*found.files, *[None] * (math.prod(chosen) - n_files)]
    first = 1 if _columns_first(found, (sizes[0], sizes[1]), shape, axes, where) else 0
    placed = {
        (one[first], one[1 - first]): file
        for one, file in zip(found.numbers, found.files, strict=True)
    }
    ys, xs = (sorted({place[i] for place in placed}) for i in range(2))
    for numbers in (ys, xs):
        require_no_gaps(numbers, where)
    files = [[placed.get((y, x)) for x in xs] for y in ys]
    if not _is_stopped(files) and not _is_stopped([*zip(*files, strict=True)]):
        raise FileFormatError(
            f"{where} holds {n_files} files whose names count {len(ys)} rows and {len(xs)} "
            f"columns: {len(ys) * len(xs) - n_files} are missing within. Complete them."
        )
    # A stopped scan may lack whole rows.
    rows, columns = shape or (len(ys), len(xs))
    if columns != len(xs) or rows < len(ys):
        raise FileFormatError(
            f"{where} holds files whose names count {len(ys)} rows and {len(xs)} columns, not those of ",
            Argument("shape", (rows, columns)),
            ": leave it out, or rename the files.",
        )
    return (rows, columns), [*itertools.chain(*files), *[None] * (rows - len(ys)) * columns]


def _is_stopped(files: Sequence[Sequence[Path | None]]) -> bool:
    """True where files are missing at the end or the start only, line after line."""
    there = [file is not None for line in files for file in line]
    return there in (sorted(there), sorted(there, reverse=True))


def _are_rows_and_columns(found: Series) -> bool:
    """True where two numbers count, of which neither is a running number or time of its own."""
    if len(found.roles) != 2:
        return False
    counted = [len({one[i] for one in found.numbers}) for i in range(2)]
    return found.roles == ("y", "x") or max(counted) < len(found.files)


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


def require_no_gaps(numbers: Sequence[float], where: str) -> None:
    """Refuse a series in which a file is missing: all after it would be displaced."""
    steps = [after - before for before, after in itertools.pairwise(numbers)]
    step = min(steps, default=0)
    # Decimals differ in their last digits.
    at = next((i for i, one in enumerate(steps) if not math.isclose(one, step, rel_tol=1e-6)), None)
    if at is not None:
        raise FileFormatError(
            f"{where}: the numbers in the files' names go on from {numbers[at]} with {numbers[at + 1]}, not "
            f"{numbers[at] + step}. Complete the series: what comes after a missing file would be displaced."
        )


def _roles(file: Path, changing: Sequence[int]) -> dict[int, str]:
    """Meaning of the numbers that change, by the words before them."""
    words = [(match[1] or match[3] or "").lower() for match in _NUMBER.finditer(file.stem)]
    paired = {words[i] for i in changing} >= _PAIRED
    found = {
        i: next((role for role, names in _ROLES.items() if words[i] in names), "")
        if paired or words[i] not in _PAIRED
        else ""
        for i in changing
    }
    # Of two that count pixels, a word for one tells the other.
    pixels = [i for i in changing if found[i] != "detector"]
    known = {found[i] for i in pixels} - {""}
    if len(pixels) == 2 and len(known) == 1:
        other = "x" if known == {"y"} else "y"
        found |= {i: other for i in pixels if not found[i]}
    # Upright paintings are scanned in x and z.
    if "x" in known and "y" not in known:
        found |= {i: "y" for i in pixels if words[i] == "z"}
    told = [found[i] for i in pixels if found[i]]
    if len(set(told)) < len(told):
        found |= dict.fromkeys(pixels, "")
    return found


def _pattern(path: Path) -> str:
    return re.sub(r"[-+]?\d{1,18}", "#", path.stem)


def _numbers(path: Path) -> tuple[float, ...]:
    """Numbers of a name, whole ones but for decimals behind a word for rows or columns."""
    return tuple(
        float(match[2]) if match[2] else int(match[4]) for match in _NUMBER.finditer(path.stem)
    )


def _signed_numbers(files: Sequence[Path]) -> list[tuple[float, ...]]:
    """Numbers of all names, below zero where a dash before them is a sign and no separator.

    It is one behind a word for rows or columns, where other numbers at its place, or those of the other
    axis, have none.
    """
    matches = [list(_NUMBER.finditer(path.stem)) for path in files]
    words = [(match[1] or match[3] or "").lower() for match in matches[0]]
    places = [i for i, word in enumerate(words) if word in _ROLES["y"] | _ROLES["x"]]
    dashes = {i: [_prefix(one[i]).endswith("-") for one in matches] for i in places}
    signs = {
        i
        for i in places
        if not all(dashes[i]) or any(not any(dashes[other]) for other in places if other != i)
    }
    return [
        tuple(
            -number if i in signs and dashes[i][k] else number
            for i, number in enumerate(_numbers(path))
        )
        for k, path in enumerate(files)
    ]


def _prefix(match: re.Match[str]) -> str:
    """Part of a match before its number."""
    return match[0].removesuffix(match[2] or match[4])
