"""``skxrf fit``: element maps of cubes by a fit of line templates, without a model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ._joint import fit_jointly
from ._maps_run import Job, RunOptions, check_partial_files, jobs_of, map_cube, run_jobs
from ._options import (
    FILE,
    examples,
    holds_errors,
    names,
    output_option,
    run_options,
    say,
    scan_options,
)
from ._pixels import pixel_options
from ._tube import anode_of, identified_fit, tube_options

if TYPE_CHECKING:
    import xarray as xr

    from skxrf.linear_model import TemplateFitRegressor


@click.command(
    epilog=examples("""\
Examples:
  skxrf fit scan.h5 -o maps.nc --report maps.html
  skxrf fit scan.h5 -o maps.nc --elements Ca,Fe,Hg,Pb --anode Rh
  skxrf fit a.h5 b.h5 c.h5 -o maps                    several: maps/a.nc, maps/b.nc, ...
  skxrf fit scan.h5 -o maps.nc --config pymca.cfg     elements and axis of a fit by PyMca
  skxrf fit scan.h5 -o maps.nc --joint 0,1,2,3        several detectors in one fit
"""),
    short_help="Element maps by a fit of line templates, without a model.",
)
@click.argument("cubes", metavar="CUBE...", type=FILE, nargs=-1, required=True)
@output_option
@click.option(
    "--elements", metavar="NAMES", help="Line groups, such as Ca,Fe_K,Pb_M; default: those found."
)
@tube_options
@click.option(
    "--config",
    type=FILE,
    help="Configuration of PyMca (.cfg): line groups, range, axis and resolution.",
)
@click.option(
    "--joint",
    metavar="DETECTORS",
    help="Detectors to fit in one likelihood, each with its own axis and background, such as 0,1.",
)
@run_options
@pixel_options
@scan_options
def fit(
    cubes: tuple[Path, ...],
    output: Path,
    elements: str | None,
    anode: str | None,
    voltage: float | None,
    config: Path | None,
    joint: str | None,
    report: Path | None,
    per_second: bool,
    restart: bool,
    force: bool,
    as_json: bool,
    **reading: Any,
) -> None:
    """Fit line templates to the cubes in the files CUBE... and write the element maps.

    The energy calibration, the resolution and the line groups come from the cube's sum spectrum.
    The maps come with their standard errors. Cubes may be larger than the memory, and an
    interrupted run goes on where it was, as with skxrf map; a joint fit of detectors begins anew.
    """
    wanted = names(elements)
    inputs = () if config is None else (config,)
    jobs = jobs_of(cubes, output, report, inputs=inputs, elements=wanted, force=force)
    say("preparing the fit")
    check_partial_files(jobs, inputs)

    def model_of(cube: xr.DataArray) -> tuple[TemplateFitRegressor, list[str]]:
        if config is not None:
            return _configured(cube, wanted, anode_of(cube, anode), config)
        return _fitted(cube, wanted, anode, voltage)

    options = RunOptions(
        std=holds_errors(jobs[0].maps),
        per_second=per_second,
        restart=restart,
        force=force,
        as_json=as_json,
    )
    detectors = names(joint)
    if joint is not None and (not detectors or reading["detector"] is not None):
        raise click.UsageError(
            "--joint takes names of detectors, such as 0,1, and no --detector beside it."
        )

    def run(job: Job) -> dict[str, Any]:
        if detectors is None:
            return map_cube(job, model_of, reading, options)
        return fit_jointly(job, detectors, model_of, reading, options)

    run_jobs(jobs, run, options)


def _configured(
    cube: xr.DataArray, wanted: list[str] | None, anode: str | None, config: Path
) -> tuple[TemplateFitRegressor, list[str]]:
    """Template fit as a configuration of PyMca states it, and the line groups to map."""
    from skxrf.inference._binding import sample_spectra
    from skxrf.linear_model import TemplateFitRegressor
    from skxrf.utils.threads import single_threaded_blas

    settings: dict[str, Any] = {"energy": cube["energy"].to_numpy()}
    if wanted is not None:
        settings["line_groups"] = wanted
    if anode is not None:
        settings["anode"] = None if anode.lower() == "none" else anode
    model = TemplateFitRegressor.from_pymca(config, **settings)
    say(f"line groups, range and resolution from {config}; the background is the fit's own")
    with single_threaded_blas():
        model.fit(sample_spectra(cube))
    say(f"fitting {', '.join(model.line_groups_)}")
    return model, list(model.line_groups_)


def _fitted(
    cube: xr.DataArray,
    wanted: list[str] | None,
    anode: str | None,
    voltage: float | None,
) -> tuple[TemplateFitRegressor, list[str]]:
    """Template fit of a cube's sum spectrum, and the line groups to map."""
    from skxrf.inference._binding import sample_rows
    from skxrf.inference._drift import axis_drift

    say("looking for line groups in the sum spectrum")
    spectra, rows = sample_rows(cube)
    model, tube = identified_fit(cube, spectra, wanted, anode, voltage)
    drift = axis_drift(lambda: model.line_axis_, cube, spectra, rows)
    # The fit of the cube asks the cube, rather than look for a drift once more.
    cube.attrs["axis_drift"] = "none" if drift is None else drift.describe()
    if drift is not None:
        say(f"the energy axis drifts: {drift}; its rows are brought onto one axis")
        model, tube = identified_fit(cube, drift.straighten(spectra, rows), wanted, anode, voltage)
    say(f"tube: {tube}")
    say(f"fitting {', '.join(model.line_groups_)}")
    return model, list(model.line_groups_)
