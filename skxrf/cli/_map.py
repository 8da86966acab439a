"""``skxrf map``: element maps of cubes by a model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ._maps_run import RunOptions, check_partial_files, jobs_of, map_cube, run_jobs
from ._options import (
    FILE,
    elements_option,
    examples,
    holds_errors,
    names,
    output_option,
    run_options,
    say,
    scan_options,
)
from ._pixels import pixel_options
from ._tube import anode_of, tube_options, voltage_of

if TYPE_CHECKING:
    import xarray as xr


@click.command(
    "map",
    epilog=examples("""\
Examples:
  skxrf map scan.h5 -o maps.nc --report maps.html
  skxrf map scan.h5 -o maps.nc --model my.skxrf --elements Ca,Fe,Pb_M
  skxrf map scan.h5 -o maps.nc --energy -0.96,0.01    a file without energy axis
  skxrf map scan.h5 -o part.nc --crop 0:50,20:80      a part of the scan
  skxrf map a.h5 b.h5 c.h5 -o maps                    several: maps/a.nc, maps/b.nc, ...
  skxrf map scan.h5 -o maps.csv --std --json          for a script
"""),
    short_help="Element maps by a trained model.",
)
@click.argument("cubes", metavar="CUBE...", type=FILE, nargs=-1, required=True)
@output_option
@click.option(
    "--model",
    type=FILE,
    help="A model from skxrf train or save_model; default: the one that comes with skxrf.",
)
@elements_option
@tube_options
@click.option("--std", is_flag=True, help="Standard errors too, where the model gives them.")
@click.option(
    "--paints",
    is_flag=True,
    help="Also clusters of like pixels and their mean spectra; OUTPUT is .nc or .h5.",
)
@run_options
@pixel_options
@scan_options
def map_(
    cubes: tuple[Path, ...],
    output: Path,
    model: Path | None,
    elements: str | None,
    anode: str | None,
    voltage: float | None,
    std: bool,
    paints: bool,
    report: Path | None,
    per_second: bool,
    restart: bool,
    force: bool,
    as_json: bool,
    **reading: Any,
) -> None:
    """Predict the element maps of the cubes in the files CUBE... with a trained model.

    Without --model by the one that comes with skxrf: it needs no element list and no exact energy
    calibration, gives standard errors, and lists the line groups that are present.

    Cubes of any size: they are read block by block, and finished blocks are kept in OUTPUT.partial
    until all are done. After Ctrl-C, a crash or a power cut the same command goes on from there.
    """
    wanted = names(elements)
    inputs = () if model is None else (model,)
    jobs = jobs_of(cubes, output, report, inputs=inputs, elements=wanted, force=force)
    # A word at once: what follows loads libraries for a second.
    say("loading the model")
    check_partial_files(jobs, inputs)
    if paints and any(job.maps.suffix.lower() not in (".nc", ".h5") for job in jobs):
        raise click.UsageError("--paints writes spectra too, which only .nc and .h5 keep.")
    estimator = _load(model)
    options = RunOptions(
        std=std or (model is None and holds_errors(jobs[0].maps)),
        paints=paints,
        per_second=per_second,
        restart=restart,
        force=force,
        as_json=as_json,
    )

    def model_of(cube: xr.DataArray) -> tuple[Any, list[str] | None]:
        return _of_tube(estimator, cube, anode, voltage), wanted

    run_jobs(jobs, lambda job: map_cube(job, model_of, reading, options), options)


def _of_tube(estimator: Any, cube: xr.DataArray, anode: str | None, voltage: float | None) -> Any:
    """Give a model that adapts to a painting the tube that the user or the file states."""
    adapts = {"anode", "tube_voltage"} <= getattr(estimator, "get_params", dict)().keys()
    if adapts and not hasattr(estimator, "energy_"):
        return estimator.set_params(
            anode=anode_of(cube, anode),
            tube_voltage=voltage_of(cube) if voltage is None else voltage,
        )
    if anode is not None or voltage is not None:
        raise click.UsageError(
            "--anode and --voltage are of models that adapt to a painting, which this one does not."
        )
    return estimator


def _load(path: Path | None) -> Any:
    if path is not None:
        from skxrf.persistence import load_model

        return load_model(path)
    from skxrf.pretrained import load_pretrained

    return load_pretrained()
