"""Maps of one cube or of several: what ``skxrf map`` and ``skxrf fit`` have in common."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from ._cluster import connect_cluster
from ._options import check_apart, check_output, command_line, is_quiet, open_with, say, write_json

if TYPE_CHECKING:
    import xarray as xr

# Makes the estimator of a cube, and names its maps: None for all.
ModelOf = Callable[["xr.DataArray"], tuple[Any, list[str] | None]]


@dataclass(frozen=True)
class Job:
    """One cube and the files made of it."""

    cube: Path  # the cube's file
    maps: Path  # file for its maps
    report: Path | None = None  # file for the report of the maps


def jobs_of(
    cubes: Sequence[Path],
    output: Path,
    report: Path | None,
    *,
    inputs: Sequence[Path] = (),
    elements: Sequence[str] | None = None,
    force: bool = False,
) -> list[Job]:
    """Name the outputs of each cube, and refuse those that could not or should not be written.

    Of several cubes, or where `output` is a folder, maps are called as their cubes. No library is loaded:
    see :func:`check_partial_files` for the rest.
    """
    if len(cubes) == 1 and not (output.is_dir() and not output.suffix):
        job = Job(cubes[0], output, report)
        _check_maps(output, [*cubes, *inputs], elements, force)
        if report is not None:
            check_apart(report, output)
            check_output(report, [*cubes, *inputs, output], force=force)
        return [job]
    twice = {cube.stem for cube in cubes if [one.stem for one in cubes].count(cube.stem) > 1}
    if twice:
        raise click.UsageError(f"several cubes are called {', '.join(sorted(twice))}: rename them.")
    for folder in filter(None, (output, report)):
        if folder.exists() and not folder.is_dir():
            raise click.UsageError(f"{folder} is a file: name a folder for {len(cubes)} cubes.")
        folder.mkdir(parents=True, exist_ok=True)
    jobs = [
        Job(cube, output / f"{cube.stem}.nc", report and report / f"{cube.stem}.html")
        for cube in cubes
    ]
    for job in jobs:
        # Finished maps of an earlier run are left out later, without --force.
        _check_maps(job.maps, [*cubes, *inputs], elements, force=True)
    return jobs


@dataclass(frozen=True)
class RunOptions:
    """Options of a run that makes maps; see the help of ``skxrf map``."""

    std: bool
    restart: bool
    force: bool
    per_second: bool
    as_json: bool
    paints: bool = False


def run_jobs(
    jobs: Sequence[Job], run: Callable[[Job], dict[str, Any]], options: RunOptions
) -> None:
    """Make the maps of each cube; of several, go on after one that fails, and name those.

    `jobs`: cubes and their outputs. `run`: makes the maps of one, and returns a result for a
    script. `options`: options of the command.
    """
    from skxrf.exceptions import SkxrfError

    from ._main import in_options

    connect_cluster()
    results, failed = [], []
    for job in jobs:
        if len(jobs) > 1 and job.maps.exists() and not options.force:
            bare = job.report is not None and not job.report.exists()
            click.echo(
                f"{job.maps} exists and stays{' without report' * bare}; --force makes it anew",
                err=True,
            )
            continue
        try:
            say(f"opening {job.cube}")
            result = run(job)
        except (SkxrfError, OSError) as error:
            if len(jobs) == 1:
                raise
            click.echo(f"{job.cube}: {in_options(error)}", err=True)
            failed.append(job.cube.name)
            continue
        results.append(result)
        if not options.as_json:
            for what, file in (("Element maps", job.maps), ("Report", job.report)):
                if file is not None:
                    click.echo(f"{what}: {file}")
    if options.as_json:
        write_json(results if len(jobs) > 1 else results[0])
    if failed:
        raise SkxrfError(
            f"{len(failed)} of {len(jobs)} cubes gave no maps: {', '.join(failed)}. The reasons stand "
            "above; the others are finished."
        )


def map_cube(
    job: Job, model_of: ModelOf, reading: Mapping[str, Any], options: RunOptions
) -> dict[str, Any]:
    """Make the maps of one cube block by block; see :func:`run_jobs`."""
    from skxrf.exceptions import SkxrfError
    from skxrf.inference import predict_maps_to_file
    from skxrf.inference.protocol import BindsToPainting, BoundModel, TellsPresence

    cube = open_with(job.cube, reading)
    if options.per_second and "live_time" not in cube.coords:
        raise SkxrfError(f"{job.cube} states no live times: leave --per-second out.")
    estimator, elements = model_of(cube)
    if isinstance(estimator, BindsToPainting):
        say("finding the energy axis and the line groups of the painting")
    counts: dict[str, xr.DataArray | xr.Dataset] = {}

    def finish(maps: xr.DataArray | xr.Dataset) -> xr.DataArray | xr.Dataset:
        counts["maps"] = maps
        if options.paints:
            say("finding the paints")
            counts["maps"] = maps = _with_paints(maps, cube)
        if options.std and isinstance(estimator, TellsPresence):
            data = cast("xr.Dataset", maps)
            counts["maps"] = maps = _with_detection(data, estimator.detected_in(data))
        return divided_by_times(maps, cube["live_time"]) if options.per_second else maps

    run = predict_maps_to_file(
        estimator,
        cube,
        job.maps,
        elements=elements,
        return_std=options.std,
        progress=not is_quiet(),
        restart=options.restart,
        finish=finish,
    )
    maps, bound = counts["maps"], run.estimator
    unfamiliar = bound.unfamiliar_ if isinstance(bound, BoundModel) else None
    # Only errors tell presence.
    tells = isinstance(bound, BoundModel) and options.std
    found = bound.detected_in(maps) if tells else None
    if elements is None:
        say(f"maps of {len(run.line_groups)} line groups: {', '.join(run.line_groups)}")
    if found is not None:
        say(f"present in the painting: {', '.join(found) or 'no line group'}")
    for reason in unfamiliar or []:
        say(f"outside the training range: {reason}")
    if job.report is not None:
        say(f"writing the report{', in counts' * options.per_second}")
        _write_report(cube, maps, job.report, bound, found)
    return {
        "maps": job.maps,
        "report": job.report,
        "line_groups": run.line_groups,
        "found": found,
        "unfamiliar": unfamiliar,
        "rows": run.shape[0],
        "columns": run.shape[1],
        "pixels_from_earlier_run": run.n_resumed,
        "spectra_per_second": round(run.per_second, 1),
    }


def _with_paints(maps: xr.DataArray | xr.Dataset, cube: xr.DataArray) -> xr.Dataset:
    """Add the paints of the pixels, and their mean spectra, to maps."""
    from skxrf.inference import paint_maps
    from skxrf.utils.validation import as_map_dataset

    return as_map_dataset(maps).assign(paint_maps(cube).data_vars)


def _with_detection(maps: xr.Dataset, found: Collection[str]) -> xr.Dataset:
    """State in the evidence of the sum spectrum which line groups single spectra show besides."""
    evidence = json.loads(maps.attrs.get("evidence", "[]"))
    for one in evidence:
        if one["line_group"] in found and one["answer"] == "not seen":
            one |= {"answer": "present", "significance": None}
            one["reason"] = "seen in single spectra by the shipped model"
    return maps.assign_attrs(evidence=json.dumps(evidence)) if evidence else maps


def divided_by_times(
    maps: xr.DataArray | xr.Dataset, live_time: xr.DataArray
) -> xr.DataArray | xr.Dataset:
    """Divide maps by the live times of their pixels."""
    import xarray as xr

    if isinstance(maps, xr.Dataset):
        kinds = [name for name in ("intensity", "uncertainty") if name in maps]
        return maps.assign({name: divided_by_times(maps[name], live_time) for name in kinds})
    times = live_time.drop_vars(live_time.coords).compute()
    rates = (maps / times.where(times > 0)).astype(maps.dtype)
    return rates.assign_attrs(maps.attrs, units="counts/s")


def _write_report(
    cube: xr.DataArray,
    maps: xr.DataArray | xr.Dataset,
    report: Path,
    estimator: Any,
    found: Sequence[str] | None,
) -> None:
    """Write the report of maps, with fitted spectra where the estimator has them.

    Line groups that were found in the painting come first.
    """
    from skxrf.inference.protocol import BoundModel
    from skxrf.report import write_map_report

    facts = {"command": command_line()}
    if isinstance(estimator, BoundModel) and estimator.unfamiliar_:
        facts = {"outside the training range": "; ".join(estimator.unfamiliar_)} | facts
    if found is not None:
        rest = [str(name) for name in maps["element"].to_numpy() if name not in found]
        maps = maps.sel(element=[*found, *rest])
        facts = {
            "present": ", ".join(found) or "none",
            "not seen": ", ".join(rest),
        } | facts
    write_map_report(
        maps,
        report,
        cube=cube,
        detected=found,
        fit=estimator if _has_fit(estimator, cube) else None,
        provenance=facts,
    )


def _has_fit(estimator: Any, cube: xr.DataArray) -> bool:
    """Tell whether an estimator fits the spectra of a cube in the cube's own channels."""
    from skxrf.inference.protocol import BoundModel, SpectrumComponents
    from skxrf.utils.energy import axes_agree

    if isinstance(estimator, BoundModel):
        return True
    if not isinstance(estimator, SpectrumComponents):
        return False
    # A template fit from a file may be of another axis: its maps are of rebinned spectra.
    energy = cube["energy"].to_numpy() if "energy" in cube.coords else estimator.energy_
    return bool(axes_agree(energy, estimator.energy_))


def _check_maps(
    output: Path, inputs: Sequence[Path], elements: Sequence[str] | None, force: bool
) -> None:
    """Refuse a file that maps could not be written to, or of the inputs."""
    from skxrf.exceptions import FileFormatError

    if output.suffix.lower() == ".png" and (elements is None or len(elements) != 1):
        raise FileFormatError(
            f"cannot write {output}: one picture shows one map. Choose it, such as --elements Fe_K, "
            "or name an output for all, such as maps.nc or maps.tif."
        )
    check_output(output, inputs, force=force)


def check_partial_files(jobs: Sequence[Job], inputs: Sequence[Path]) -> None:
    """Refuse outputs of no known format, and those whose unfinished file is an input or in use."""
    from skxrf.inference._store import PartialMaps

    for job in jobs:
        partial = PartialMaps(job.maps)
        partial.check()
        check_output(partial.path, [*(one.cube for one in jobs), *inputs], force=True)
