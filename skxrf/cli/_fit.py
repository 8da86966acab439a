"""``skxrf fit``: element maps of a cube by a fit of line templates, without a model."""

from __future__ import annotations

from pathlib import Path

import click

from ._map import check_maps_output, tell, write_report
from ._options import (
    FILE,
    check_output,
    cube_options,
    examples,
    names,
    open_with,
    say,
    shape_option,
)

__all__ = ["fit"]

_EXAMPLES = """\
Examples:
  skxrf fit scan.h5 -o maps.nc --report maps.html
  skxrf fit scan.h5 -o maps.nc --elements Ca_K,Fe_K,Hg_L,Pb_L --anode Rh
"""


@click.command(
    epilog=examples(_EXAMPLES),
    short_help="Element maps by a fit of line templates, without a model.",
)
@click.argument("cube", type=FILE)
@click.option(
    "-o", "--output", type=FILE, required=True, help="File for the maps: .nc, .h5, .dat or .csv."
)
@click.option(
    "--elements", metavar="NAMES", help="Line groups, such as Ca_K,Fe_K,Pb_L; default: those found."
)
@click.option(
    "--anode", metavar="SYMBOL", help="Anode of the tube, such as Rh: fits its scattered lines too."
)
@click.option(
    "--report",
    type=FILE,
    help="HTML report of the maps: click on one to see that pixel's spectrum and its fit.",
)
@click.option("--restart", is_flag=True, help="Begin anew where an earlier run was interrupted.")
@click.option("--json", "as_json", is_flag=True, help="Say what was done as JSON.")
@click.option("--quiet", is_flag=True, help="Show no progress.")
@cube_options
@shape_option
def fit(
    cube: Path,
    output: Path,
    elements: str | None,
    anode: str | None,
    report: Path | None,
    restart: bool,
    as_json: bool,
    quiet: bool,
    **options: str | None,
) -> None:
    """Fit line templates to the cube in the file CUBE and write the element maps.

    The energy calibration, the resolution and the line groups come from the cube's sum spectrum.
    The maps come with their standard errors. Cubes may be larger than the memory, and an
    interrupted run goes on where it was, as with skxrf map.
    """
    from skxrf.inference import predict_maps_to_file, sample_spectra
    from skxrf.linear_model import TemplateFitRegressor
    from skxrf.utils.threads import single_threaded_blas

    check_maps_output(output, [cube])
    if report is not None:
        check_output(report, [cube, output])
    opened = open_with(cube, options)
    model = TemplateFitRegressor(names(elements), energy=opened["energy"].to_numpy(), anode=anode)
    if not quiet:
        say("refining the model on the sum spectrum")
    # One thread, so that a run that goes on finds the very same model.
    with single_threaded_blas():
        model.fit(sample_spectra(opened))
    if not quiet:
        say(f"fitting {', '.join(model.line_groups_)}")
    run = predict_maps_to_file(
        model, opened, output, return_std=True, progress=not quiet, restart=restart
    )
    if report is not None:
        write_report(opened, output, report, model)
    tell(run, output, as_json, report=report)
