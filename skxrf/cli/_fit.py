"""``skxrf fit``: element maps of a cube by a fit of line templates, without a model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

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
from ._tube import tube_of, tube_options

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
@tube_options
@run_options
@cube_options
@reading_options
@shape_option
def fit(
    cube: Path,
    output: Path,
    elements: str | None,
    anode: str | None,
    voltage: float | None,
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
    import numpy as np

    from skxrf.exceptions import LineGroupError
    from skxrf.inference import predict_maps_to_file
    from skxrf.inference._binding import sample_spectra
    from skxrf.linear_model import TemplateFitRegressor
    from skxrf.spectrum_fit._elements import find_elements, fitted_between
    from skxrf.utils.threads import single_threaded_blas

    check_maps_output(output, [cube], names(elements))
    if report is not None:
        check_output(report, [cube, output])
    opened = open_with(cube, options)
    energy, spectra = opened["energy"].to_numpy(), sample_spectra(opened)
    total = spectra.sum(axis=0, dtype=np.float64)
    if not quiet:
        say("looking for line groups in the sum spectrum")
    # One thread, so that a run that goes on finds the very same model.
    with single_threaded_blas():
        elements_found = find_elements(total, energy, tube_of(opened, total, anode, voltage))
        tube = elements_found.tube
        found = names(elements) or elements_found.present
        model = TemplateFitRegressor(
            found,
            energy=energy,
            anode=tube.anode,
            tube_voltage=tube.voltage,
            energy_range=fitted_between(elements_found, found),
            nuisance=[name for name in elements_found.components() if name not in found],
        )
        if found:
            model.fit(spectra)
            model.evidence_ = [one.stated(len(spectra)) for one in elements_found.evidence]
    if not quiet:
        say(f"tube: {tube}")
    if not found:
        raise LineGroupError(
            "no line group is present in the sum spectrum: there is nothing to map. Name those "
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
