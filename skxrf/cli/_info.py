"""``skxrf info``: what is in a file."""

from __future__ import annotations

import re
import shutil
import sys
import textwrap
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ._anode import anode_of, anode_option
from ._options import (
    FILE,
    cube_options,
    examples,
    open_with,
    reading_options,
    say,
    shape_option,
    write_json,
)

if TYPE_CHECKING:
    import xarray as xr

    from skxrf.persistence._model_file import ModelInfo

    from ._summary import CubeSummary

__all__ = ["info"]


@click.command(
    epilog=examples("""\
Examples:
  skxrf info scan.h5
  skxrf info scan.h5 --energy 0,0.01                 a file without energy axis
  skxrf info scan.h5 --json | jq .elements
  skxrf info my.skxrf                                a model
""")
)
@click.argument("file", type=FILE)
@anode_option
@click.option("--json", "as_json", is_flag=True, help="Everything as JSON, spectra included.")
@click.option("--quiet", is_flag=True, help="Show no progress.")
@cube_options
@reading_options
@shape_option
def info(file: Path, anode: str | None, as_json: bool, quiet: bool, **options: Any) -> None:
    """Describe FILE: a spectral cube, element maps or a model.

    Of a cube: its shape and energy axis, its counts, dead pixels, the line groups in its sum
    spectrum, and two spectra on a logarithmic scale: the sum of all pixels, and the maximum-pixel
    spectrum, which shows what is rare: in each channel the counts of the pixel that has most.
    """
    if not quiet:
        say(f"reading {file}")
    from skxrf.exceptions import SkxrfError
    from skxrf.persistence import model_info
    from skxrf.persistence._model_file import is_model_file
    from skxrf.utils.files import existing_file

    from ._summary import summarize_cube

    path, _ = existing_file(file, "a spectral cube, element maps or a model", folders=True)
    if path.is_file() and is_model_file(path):
        _show_model(model_info(path), as_json)
        return
    try:
        cube = open_with(file, options)
    except SkxrfError:
        maps = _opened_maps(path)
        if maps is None:
            raise
        _show_maps(maps, as_json)
        return
    with _progress(quiet):
        summary = summarize_cube(cube)
    _show_cube(summary, anode_of(cube, anode), as_json)


def _progress(quiet: bool) -> AbstractContextManager[object]:
    """Bar on a terminal for a cube that takes more than a second to read."""
    from dask.diagnostics.progress import ProgressBar

    if quiet or not sys.stderr.isatty():
        return nullcontext()
    return ProgressBar(minimum=1.0, out=sys.stderr)  # type: ignore[no-untyped-call]


def _show_cube(summary: CubeSummary, anode: str | None, as_json: bool) -> None:
    from ._spectrum import draw_spectrum
    from ._summary import find_elements

    seen = find_elements(summary, anode)
    known = [] if isinstance(seen, str) else seen
    # The L lines of the tube are among those found, and of no element of the painting.
    elements = [lines for lines in known if not lines.name.startswith(f"{anode}_")]
    if as_json:
        areas = {lines.name: {"counts": lines.counts, "error": lines.error} for lines in elements}
        write_json({"kind": "cube", **summary.facts(), "anode": anode, "elements": areas})
        return
    _show(summary.lines())
    total = max(summary.total, 1.0)
    found = ", ".join(f"{lines.name} {100 * lines.counts / total:.2g} %" for lines in elements)
    note = f"not looked for: {seen}" if isinstance(seen, str) else found or "none found"
    besides = f"; beside the lines of the {anode} tube" if anode is not None else ""
    _show({"elements": f"{note}{f' (share of all counts{besides})' if found else ''}"})
    peaks = [(lines.name.replace("_", " "), lines.energy) for lines in known]
    drawn = {"sum of all pixels": summary.sum_spectrum}
    if summary.n_pixels > 1:
        drawn["maximum pixel in each channel"] = summary.max_spectrum
    for title, spectrum in drawn.items():
        click.echo(f"\ncounts, {title}")
        click.echo(draw_spectrum(summary.energy, spectrum, peaks, width=_width()))


def _opened_maps(path: Path) -> xr.Dataset | None:
    """The maps in a file, where it is one of maps."""
    import xarray as xr

    from skxrf.exceptions import SkxrfError
    from skxrf.io import open_maps

    try:
        maps = open_maps(path)
    except SkxrfError:
        return None
    return maps.to_dataset() if isinstance(maps, xr.DataArray) else maps


def _show_maps(maps: xr.Dataset, as_json: bool) -> None:
    intensity = maps["intensity"]
    groups = [str(name) for name in intensity["element"].to_numpy()]
    ranges = {
        name: (float(one.min()), float(one.mean()), float(one.max()))
        for name, one in ((name, intensity.sel(element=name)) for name in groups)
    }
    if as_json:
        write_json(
            {
                "kind": "maps",
                "rows": intensity.sizes["y"],
                "columns": intensity.sizes["x"],
                "uncertainty": "uncertainty" in maps,
                "elements": {
                    name: dict(zip(("min", "mean", "max"), values, strict=True))
                    for name, values in ranges.items()
                },
                "history": intensity.attrs.get("history"),
            }
        )
        return
    _show(
        {
            "shape": f"{intensity.sizes['y']} rows x {intensity.sizes['x']} columns, "
            f"{len(groups)} line groups, {intensity.dtype}",
            "errors": "standard errors are in the file" if "uncertainty" in maps else "none",
        }
    )
    click.echo(f"{'counts':<14} {'least':>12} {'mean':>12} {'most':>12}")
    for name, values in ranges.items():
        click.echo(f"  {name:<12} " + " ".join(f"{value:>12,.1f}" for value in values))


def _show_model(facts: ModelInfo, as_json: bool) -> None:
    if as_json:
        write_json({"kind": "model", **asdict(facts)})
        return
    axis = facts.energy_range
    _show(
        {
            "model": " > ".join(facts.steps[1:]) if len(facts.steps) > 1 else facts.estimator,
            "line groups": ", ".join(facts.line_groups) if facts.line_groups else "not named",
            "channels": f"{facts.n_channels}" if facts.n_channels else "unknown",
            "energy axis": f"{axis[0]:.3f} to {axis[1]:.3f} keV" if axis else "none",
            "saved with": ", ".join(f"{name} {which}" for name, which in facts.versions.items()),
        }
    )


def _show(lines: dict[str, str]) -> None:
    for name, value in lines.items():
        # A name and its share, "Fe_K 9.8 %", stay together.
        words = re.sub(r"(?<=\w) (?=[\d.e+-]+ %)|(?<=\d) (?=%)", "\0", value)
        wrapped = textwrap.fill(
            words,
            _width(),
            initial_indent=f"{name + ':':<14} ",
            subsequent_indent=" " * 15,
            break_long_words=False,
            break_on_hyphens=False,
        )
        click.echo(wrapped.replace("\0", " "))


def _width() -> int:
    return min(shutil.get_terminal_size((80, 24)).columns, 110)
