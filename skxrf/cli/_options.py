"""Options that several commands share, and what is checked before any work is done."""

from __future__ import annotations

import functools
import json
import math
import os
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ._cluster import cluster_option

if TYPE_CHECKING:
    import xarray as xr

FILE = click.Path(path_type=Path)
_QUIET = "skxrf.quiet"
ReadOptions = Mapping[str, Any]


def together(*options: Any) -> Callable[[Any], Any]:
    """Make one decorator of several options, which a command's help lists in this order."""
    return lambda command: functools.reduce(lambda made, one: one(made), reversed(options), command)


elements_option = click.option(
    "--elements",
    metavar="NAMES",
    help="Line groups, such as Ca_K,Fe_K,Pb_M, or Ca,Fe; default: all.",
)
output_option = click.option(
    "-o",
    "--output",
    type=FILE,
    required=True,
    help="File for the maps: .nc; .nxs for PyMca and silx; .tif; .csv or .dat; .dms for XRF "
    "Explorer; .png of one map. Of several cubes: a folder.",
)
force_option = click.option("--force", is_flag=True, help="Replace outputs that exist.")
quiet_option = click.option(
    "--quiet",
    is_flag=True,
    expose_value=False,
    callback=lambda context, _, quiet: context.meta.update({_QUIET: quiet}),
    help="Show no progress.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
shape_option = click.option(
    "--shape",
    metavar="ROWS,COLUMNS",
    help="Rows and columns of a folder of single spectra whose names do not tell.",
)
cube_options = together(
    click.option(
        "--axes",
        metavar="ORDER",
        help="Order of the stored axes, such as energy,y,x, where the file does not state it.",
    ),
    click.option(
        "--energy",
        metavar="AXIS",
        help="Energy axis: a dataset's name, or OFFSET,GAIN in keV and keV per channel.",
    ),
    click.option("--dataset", metavar="NAME", help="Dataset of the cube within its file."),
)
reading_options = together(
    click.option(
        "--follow-links",
        is_flag=True,
        help="Read files in other folders that the file links to; only where you trust it.",
    ),
    click.option(
        "--clip-negative", is_flag=True, help="Take negative counts of an export for zeros."
    ),
    click.option("--scan", metavar="NAME", help="Scan of a file that holds several."),
    click.option(
        "--detector",
        metavar="NAME",
        help="Detector of a file that keeps several apart, by name or position from 0; or sum.",
    ),
    click.option(
        "--snake",
        is_flag=True,
        help="Turn every second row: the scan went to and fro, and the file is in its order.",
    ),
)
scan_options = together(cube_options, reading_options, shape_option)
run_options = together(
    click.option(
        "--report",
        type=FILE,
        help="HTML report of the maps: click on one to see that pixel's spectrum and its fit. "
        "Of several cubes: a folder.",
    ),
    click.option(
        "--per-second",
        is_flag=True,
        help="Divide the maps by the live times of the pixels: counts per second.",
    ),
    click.option(
        "--restart", is_flag=True, help="Begin anew where an earlier run was interrupted."
    ),
    force_option,
    cluster_option,
    json_option,
    quiet_option,
)


def examples(text: str) -> str:
    """Make the end of a command's help of lines that keep their breaks: blank ones part them."""
    # Click fills paragraphs, but for those that begin with a backspace.
    return "\n\n".join(f"\b\n{part}" for part in text.strip("\n").split("\n\n"))


def open_with(path: Path, options: ReadOptions) -> xr.DataArray:
    """Open a cube with the options of :func:`cube_options`, and take the pixels of others."""
    from skxrf.io import open_cube

    from ._pixels import taken

    order = names(options["axes"])
    cube = open_cube(
        path,
        dataset=options["dataset"],
        energy=axis(options["energy"]),
        axes=None if order is None else tuple(order),
        shape=_shape(options.get("shape")),
        snake=bool(options.get("snake")),
        detector=options.get("detector"),
        scan=options.get("scan"),
        clip_negative=bool(options.get("clip_negative")),
        follow_links=bool(options.get("follow_links")),
    )
    return taken(cube, options)


def _shape(text: str | None) -> tuple[int, int] | None:
    words = names(text)
    if words is None:
        return None
    if len(words) != 2 or not all(word.isdecimal() for word in words):
        raise click.UsageError(f"--shape takes ROWS,COLUMNS, such as 60,120, got {text!r}.")
    return int(words[0]), int(words[1])


def names(text: str | None) -> list[str] | None:
    """Take a list apart: A,B,C."""
    return None if text is None else [name.strip() for name in text.split(",") if name.strip()]


def axis(text: str | None) -> str | tuple[float, float] | None:
    """Read OFFSET,GAIN; anything else is the name of a dataset."""
    if text is None:
        return None
    try:
        offset, gain = (float(part) for part in text.split(","))
    except ValueError:
        if "," in text:
            raise click.UsageError(
                f"--energy takes OFFSET,GAIN in keV and keV per channel, such as -0.96,0.01, or the "
                f"name of a dataset, got {text!r}."
            ) from None
        return text
    return offset, gain


def check_output(
    output: Path,
    inputs: Sequence[Path],
    suffixes: Sequence[str] | None = None,
    *,
    force: bool = False,
) -> None:
    """Refuse a file that could not or should not be written, before the work is done."""
    from skxrf.exceptions import Argument, FileFormatError
    from skxrf.utils.files import check_writable

    if suffixes is not None and output.suffix.lower() not in suffixes:
        raise FileFormatError(f"cannot write {output}: name it {', '.join(suffixes)}.")
    check_writable(output, inputs)
    if output.exists() and not force:
        raise FileFormatError(
            f"{output} exists: name another output, or replace it with ",
            Argument("force", True),
            ".",
        )


def check_apart(*outputs: Path | None) -> None:
    """Refuse two outputs of one command under one name: the second would replace the first."""
    from skxrf.exceptions import FileFormatError

    found = [os.path.realpath(output) for output in outputs if output is not None]
    twice = [path for path in found if found.count(path) > 1]
    if twice:
        raise FileFormatError(f"{twice[0]} is named for two outputs: give each a name of its own.")


def holds_errors(output: Path) -> bool:
    """Tell if a file for maps has room for standard errors; print a note where it has none."""
    if output.suffix.lower() not in (".dms", ".png"):
        return True
    say(f"standard errors are left out: a {output.suffix} has no place for them")
    return False


def opened_maps(path: Path) -> xr.Dataset:
    """Maps in a file, with their standard errors where it has them."""
    from skxrf.io import open_maps
    from skxrf.utils.validation import as_map_dataset

    return as_map_dataset(open_maps(path), str(path))


def command_line() -> str:
    """The command's line, for reports."""
    return shlex.join(["skxrf", *sys.argv[1:]])


def is_quiet() -> bool:
    """Tell whether the command's line says --quiet."""
    context = click.get_current_context(silent=True)
    return context is not None and bool(context.meta.get(_QUIET))


def say(text: str) -> None:
    """Tell what is being done, beside the output, unless the command is quiet."""
    if not is_quiet():
        click.echo(text, err=True)


def print_table(
    rows: Sequence[Sequence[str]], *, indent: str = "", ends_in_words: bool = False
) -> None:
    """Print rows of cells: the first column and words to the left, numbers to the right."""
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    for row in rows:
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        if ends_in_words:
            cells[-1] = row[-1]
        click.echo((indent + "  ".join(cells)).rstrip())


def write_json(content: object) -> None:
    """Print one object for a script; what is no number becomes null."""
    click.echo(json.dumps(_plain(content), indent=2, ensure_ascii=False, allow_nan=False))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, str | bool | int) or value is None:
        return value
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return str(value)
