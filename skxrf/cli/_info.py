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

from ._options import (
    FILE,
    examples,
    is_quiet,
    open_with,
    opened_maps,
    quiet_option,
    say,
    scan_options,
    write_json,
)
from ._tube import tube_of, tube_options

if TYPE_CHECKING:
    import xarray as xr

    from skxrf.persistence._model_file import ModelInfo
    from skxrf.spectrum_fit._elements import Elements
    from skxrf.spectrum_fit._tube import Tube

    from ._summary import CubeSummary


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
@tube_options
@click.option("--json", "as_json", is_flag=True, help="Everything as JSON, spectra included.")
@quiet_option
@scan_options
def info(
    file: Path,
    anode: str | None,
    voltage: float | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Describe FILE: a spectral cube, element maps or a model.

    Of a cube: its shape and energy axis, its counts, dead pixels, the tube, the line groups that
    are present in its sum spectrum, signals of other origin (air, instrument, sum peaks), and two
    spectra on a logarithmic scale: the sum of all pixels, and the maximum-pixel
    spectrum, which shows what is rare: in each channel the counts of the pixel that has most.
    """
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
    except SkxrfError as no_cube:
        try:
            maps = opened_maps(path)
        except SkxrfError:
            raise no_cube from None
        _show_maps(maps, as_json)
        return
    with _progress():
        summary = summarize_cube(cube)
    tube = tube_of(cube, summary.sum_spectrum.astype(float), anode, voltage)
    _show_cube(summary, tube, as_json)


def _progress() -> AbstractContextManager[object]:
    """Bar on a terminal for a cube that takes more than a second to read."""
    from dask.diagnostics.progress import ProgressBar

    if is_quiet() or not sys.stderr.isatty():
        return nullcontext()
    return ProgressBar(minimum=1.0, out=sys.stderr)  # type: ignore[no-untyped-call]


def _show_cube(summary: CubeSummary, tube: Tube, as_json: bool) -> None:
    from skxrf.physics import line_group
    from skxrf.spectrum_fit._elements import find_elements

    from ._spectrum import draw_spectrum

    found = find_elements(
        summary.sum_spectrum.astype(float), summary.energy, tube, parts=summary.parts
    )
    if as_json:
        areas = {
            one.line_group: {"counts": one.counts, "error": one.error}
            for one in found.evidence
            if one.answer == "present"
        }
        write_json(
            {
                "kind": "cube",
                **summary.facts(),
                "anode": found.tube.anode,
                "voltage_kV": found.tube.voltage,
                "tube_found": str(found.tube),
                "elements": areas,
                "evidence": [one.stated(summary.n_pixels) for one in found.evidence],
            }
        )
        return
    _show(summary.lines() | {"tube": str(found.tube)} | _elements_lines(found, summary.total))
    peaks = [
        (one.line_group.replace("_", " "), line_group(one.line_group, tube_voltage=1e3).main_energy)
        for one in found.evidence
        if one.fitted
    ]
    drawn = {"sum of all pixels": summary.sum_spectrum}
    if summary.n_pixels > 1:
        drawn["maximum pixel in each channel"] = summary.max_spectrum
    for title, counts in drawn.items():
        click.echo(f"\ncounts, {title}")
        click.echo(draw_spectrum(summary.energy, counts, peaks, width=_width()))


# Headings of signals that are not of the object, and the answers that they stand for.
_ORIGINS = {
    "other origin": ("air", "instrument"),
    "sum peaks": ("sum peak",),
    "escape peaks": ("escape peak",),
    "reflections": ("diffraction",),
}


def _elements_lines(found: Elements, total: float) -> dict[str, str]:
    """Line groups that are present, and signals of other origin, as text."""
    from skxrf.physics.constants import COMMON_LINE_GROUPS
    from skxrf.spectrum_fit._evidence import INSTRUMENT

    if not found.evidence:
        low, high = found.energy_range
        return {
            "present": f"not looked for: too few channels or counts from {low:.2f} to {high:.2f} keV"
        }
    present = [one for one in found.evidence if one.answer == "present"]
    names = ", ".join(f"{one.line_group} {100 * one.counts / total:.2g} %" for one in present)
    lines = {"present": f"{names} (share of all counts)" if names else "no line group"}
    doubts = [
        one.reason.split("; ")[-1] for one in present if one.competitor not in ("", INSTRUMENT)
    ]
    traces = [one.line_group for one in present if one.competitor == INSTRUMENT]
    if traces:
        doubts.append(f"{', '.join(traces)} of the object or of the instrument")
    if doubts:
        lines["ambiguous"] = "; ".join(doubts)
    undecided = [
        f"{one.line_group} ({one.reason.split('; ')[-1]})"
        for one in found.evidence
        if one.fitted and one.answer == "not seen" and one.competitor
    ]
    if undecided:
        lines["undecided"] = ", ".join(undecided)
    elements = {one.line_group.partition("_")[0] for one in present}
    # Softer lines come with the harder ones of their element, which tell if it is there.
    hardest = {one.line_group.partition("_")[0]: one.line_group for one in found.evidence}
    hidden = [
        f"{one.line_group} below {100 * one.limit_counts / total:.2g} % beside {one.competitor}"
        for one in found.evidence
        if not one.fitted
        and one.answer == "not seen"
        and one.competitor in found.fitted
        and one.line_group in COMMON_LINE_GROUPS
        and one.line_group.partition("_")[0] not in elements
        and hardest[one.line_group.partition("_")[0]] == one.line_group
    ]
    if hidden:
        lines["hidden"] = ", ".join(hidden)
    for title, answers in _ORIGINS.items():
        places: dict[tuple[str, str], list[str]] = {}
        for one in found.evidence:
            if one.answer in answers:
                places.setdefault((one.answer, one.competitor), []).append(one.line_group)
        if places:
            lines[title] = "; ".join(
                f"{competitor} in the place of {', '.join(names)}"
                if competitor
                else f"{', '.join(names)} of the {answer}"
                for (answer, competitor), names in places.items()
            )
    return lines


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
                "units": intensity.attrs.get("units"),
                "uncertainty": "uncertainty" in maps,
                "elements": {
                    name: dict(zip(("min", "mean", "max"), values, strict=True))
                    for name, values in ranges.items()
                },
                "axis_drift": maps.attrs.get("axis_drift", intensity.attrs.get("axis_drift")),
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
        | _drift_line(maps)
    )
    unit = str(intensity.attrs.get("units", "counts"))
    click.echo(f"{unit:<14} {'least':>12} {'mean':>12} {'most':>12}")
    for name, values in ranges.items():
        click.echo(f"  {name:<12} " + " ".join(f"{value:>12,.1f}" for value in values))


def _drift_line(maps: xr.Dataset) -> dict[str, str]:
    """Drift of the energy axis that the maps state as corrected, as text."""
    import numpy as np

    from skxrf.preprocessing._axis_drift import AxisDrift

    stated = maps.attrs.get("axis_drift", maps["intensity"].attrs.get("axis_drift", "none"))
    drift = AxisDrift.stated(str(stated), np.zeros(0))
    return {} if drift is None else {"axis drift": f"{drift}, corrected"}


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
