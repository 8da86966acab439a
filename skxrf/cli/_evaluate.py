"""``skxrf evaluate``: maps against reference maps."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from ._options import (
    FILE,
    check_output,
    command_line,
    elements_option,
    examples,
    force_option,
    names,
    opened_maps,
    print_table,
    say,
    write_json,
)

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

_COLUMNS = {
    "ssim": ("SSIM", ".3f"),
    "within_1": ("|z|<=1", ".3f"),
    "within_2": ("|z|<=2", ".3f"),
    "within_3": ("|z|<=3", ".3f"),
    "rmse": ("RMSE", ",.1f"),
    "slope": ("slope", ".3f"),
    "correlation": ("corr.", ".4f"),
    "mean": ("mean", ",.1f"),
}


@click.command(
    epilog=examples("""\
SSIM     structural similarity, 1 is a perfect match
|z|<=1   share of pixels within one standard deviation of the reference
RMSE     root-mean-square difference [counts]
slope    of the line of MAPS over REFERENCE
corr.    their correlation
mean     of REFERENCE [counts]

Examples:
  skxrf evaluate maps.nc fit.nc -o report.html
  skxrf evaluate maps.nc pymca.dat --elements Fe_K,Pb_L
  skxrf evaluate maps.nc fit.nc --json | jq .elements.Fe_K.ssim
"""),
    short_help="Score element maps against reference maps.",
)
@click.argument("maps", type=FILE)
@click.argument("reference", type=FILE)
@click.option(
    "-o",
    "--output",
    type=FILE,
    help="HTML file for the report: maps, |z|, histograms and scores of every line group.",
)
@elements_option
@click.option(
    "--sigma",
    type=click.Choice(["poisson", "residual", "uncertainty"]),
    default="poisson",
    show_default=True,
    help="What z is measured in: the square root of the reference + 1, the spread of the "
    "differences, or the standard errors in MAPS.",
)
@force_option
@click.option("--json", "as_json", is_flag=True, help="The scores as JSON.")
def evaluate(
    maps: Path,
    reference: Path,
    output: Path | None,
    elements: str | None,
    sigma: Literal["poisson", "residual", "uncertainty"],
    force: bool,
    as_json: bool,
) -> None:
    """Score the element maps in the file MAPS against those in the file REFERENCE.

    Both are maps of the same pixels in any format that skxrf reads; line groups that only one of
    them has are left out. A table goes to the terminal. With -o, a report goes to one HTML file
    that needs nothing else: both maps of each line group beside each other, where they differ and
    by how much, and the value of every pixel at a click.
    """
    if output is not None:
        check_output(output, [maps, reference], (".html", ".htm"), force=force)
    say(f"comparing {maps} with {reference}")
    from skxrf.exceptions import SkxrfError
    from skxrf.metrics import score_table

    opened = opened_maps(maps)
    found, errors = opened["intensity"], opened.get("uncertainty")
    truth = opened_maps(reference)["intensity"]
    wanted = names(elements)
    if wanted is not None:
        truth = _chosen(truth, wanted, reference)
        found = _chosen(found, wanted, maps)
    scale: Any = sigma
    if sigma == "uncertainty":
        if errors is None:
            raise SkxrfError(f"{maps} contains no standard errors: use --sigma poisson.")
        groups = [str(name) for name in truth["element"].to_numpy() if name in found["element"]]
        scale = errors.sel(element=groups).clip(min=1e-6)
    scores = score_table(truth, found, sigma=scale)
    if output is not None:
        say("writing the report")
        _report(found, errors, truth, scale, output, (maps, reference))
    if as_json:
        write_json(
            {
                "maps": maps,
                "reference": reference,
                "sigma": sigma,
                "report": output,
                "elements": scores.to_dict(orient="index"),
                "mean": scores.drop(columns="n_pixels").mean().to_dict(),
            }
        )
        return
    _print_table(scores)
    if output is not None:
        click.echo(f"Report: {output}")


def _chosen(maps: xr.DataArray, wanted: list[str], path: Path) -> xr.DataArray:
    from skxrf.exceptions import LineGroupError
    from skxrf.utils.line_group_names import find_line_groups

    known = [str(name) for name in maps["element"].to_numpy()]
    wanted = find_line_groups(wanted, known)
    missing = [name for name in wanted if name not in known]
    if missing:
        raise LineGroupError(f"{path} has no {', '.join(missing)}: it contains {', '.join(known)}.")
    return maps.sel(element=wanted)


def _report(
    maps: xr.DataArray,
    errors: xr.DataArray | None,
    reference: xr.DataArray,
    sigma: Any,
    output: Path,
    files: tuple[Path, Path],
) -> None:
    """Write the report of the line groups that both have, in the order of the reference."""
    import xarray as xr

    from skxrf.report import write_map_report

    groups = [name for name in reference["element"].to_numpy() if name in maps["element"]]
    shown: xr.DataArray | xr.Dataset = maps.sel(element=groups)
    if errors is not None:
        shown = xr.Dataset({"intensity": shown, "uncertainty": errors.sel(element=groups)})
    write_map_report(
        shown,
        output,
        reference=reference.sel(element=groups),
        sigma=sigma,
        title=f"{files[0].name} against {files[1].name}",
        provenance={"maps": files[0], "reference": files[1], "command": command_line()},
    )


def _print_table(scores: pd.DataFrame) -> None:
    rows = [["", *(heading for heading, _ in _COLUMNS.values())]]
    for name, row in scores.iterrows():
        rows.append([str(name), *_cells(row)])
    if len(scores) > 1:
        rows.append(["mean", *_cells(scores.mean())])
    print_table(rows)


def _cells(row: Any) -> list[str]:
    values = ((float(row[name]), form) for name, (_, form) in _COLUMNS.items())
    return [format(value, form) if math.isfinite(value) else "-" for value, form in values]
