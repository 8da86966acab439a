"""``skxrf fit``: element maps of a cube by a fit of line templates, without a model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ._anode import anode_of, anode_option
from ._map import check_maps_output, tell, write_report
from ._options import (
    FILE,
    check_output,
    cube_options,
    examples,
    holds_errors,
    names,
    open_with,
    output_option,
    reading_options,
    run_options,
    say,
    shape_option,
)

__all__ = ["fit"]


@click.command(
    epilog=examples("""\
Examples:
  skxrf fit scan.h5 -o maps.nc --report maps.html
  skxrf fit scan.h5 -o maps.nc --elements Ca_K,Fe_K,Hg_L,Pb_L --anode Rh
"""),
    short_help="Element maps by a fit of line templates, without a model.",
)
@click.argument("cube", type=FILE)
@output_option
@click.option(
    "--elements", metavar="NAMES", help="Line groups, such as Ca_K,Fe_K,Pb_L; default: those found."
)
@anode_option
@run_options
@cube_options
@reading_options
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
    **options: Any,
) -> None:
    """Fit line templates to the cube in the file CUBE and write the element maps.

    The energy calibration, the resolution and the line groups come from the cube's sum spectrum.
    The maps come with their standard errors. Cubes may be larger than the memory, and an
    interrupted run goes on where it was, as with skxrf map.
    """
    from skxrf.exceptions import LineGroupError
    from skxrf.inference import predict_maps_to_file
    from skxrf.inference._binding import sample_spectra
    from skxrf.linear_model import TemplateFitRegressor
    from skxrf.utils.threads import single_threaded_blas

    check_maps_output(output, [cube], names(elements))
    if report is not None:
        check_output(report, [cube, output])
    opened = open_with(cube, options)
    tube = anode_of(opened, anode)
    model = TemplateFitRegressor(names(elements), energy=opened["energy"].to_numpy(), anode=tube)
    if not quiet:
        scatter = f", with the scattered lines of {tube}" if tube is not None else ""
        say(f"refining the model on the sum spectrum{scatter}")
    # One thread, so that a run that goes on finds the very same model.
    with single_threaded_blas():
        model.fit(sample_spectra(opened))
    # The lines of the tube are fitted like others, and are no element of the painting.
    found = [name for name in model.line_groups_ if elements or not name.startswith(f"{tube}_")]
    if not found:
        raise LineGroupError(
            "no line group stands out of the sum spectrum: there is nothing to map. Name those "
            "to fit with --elements, or check the file and its energy axis with skxrf info."
        )
    if not quiet:
        say(f"fitting {', '.join(found)}")
    run = predict_maps_to_file(
        model,
        opened,
        output,
        elements=found,
        return_std=holds_errors(output, quiet),
        progress=not quiet,
        restart=restart,
    )
    if report is not None:
        write_report(opened, output, report, model)
    tell(run, output, as_json, report=report)
