"""Maps of one cube or of several: what ``skxrf map`` and ``skxrf fit`` have in common."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ._cluster import connect_cluster
from ._options import check_output, open_with, say, write_json

if TYPE_CHECKING:
    import xarray as xr

    from skxrf.inference._to_file import MapsRun

__all__ = ["Job", "jobs_of", "run_jobs"]

# Makes the estimator of a cube, and names its maps: None for all.
ModelOf = Callable[["xr.DataArray"], tuple[Any, list[str] | None]]


@dataclass(frozen=True)
class Job:
    """One cube and the files made of it.

    Parameters
    ----------
    cube : Path
        The cube's file.
    maps : Path
        File for its maps.
    report : Path, optional
        File for the report of the maps.
    """

    cube: Path
    maps: Path
    report: Path | None = None


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

    Of several cubes, or where `output` is a folder, maps are called as their cubes.
    """
    if len(cubes) == 1 and not (output.is_dir() and not output.suffix):
        job = Job(cubes[0], output, report)
        _check_maps(output, [*cubes, *inputs], elements, force)
        if report is not None:
            check_output(report, [*cubes, *inputs, output], force=force)
            if output.suffix.lower() == ".png":
                raise click.UsageError("--report reads the maps again, which a .png does not keep.")
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


def run_jobs(
    jobs: Sequence[Job],
    model_of: ModelOf,
    options: Mapping[str, Any],
    *,
    std: bool,
    restart: bool,
    force: bool,
    per_second: bool,
    as_json: bool,
    quiet: bool,
    paints: bool = False,
) -> None:
    """Make the maps of each cube; of several, go on after one that fails, and name those."""
    from skxrf.exceptions import SkxrfError

    from ._main import in_options

    connect_cluster()
    results, failed = [], []
    for job in jobs:
        if len(jobs) > 1 and job.maps.exists() and not force:
            bare = job.report is not None and not job.report.exists()
            say(f"{job.maps} exists and stays{' without report' * bare}; --force makes it anew")
            continue
        try:
            if not quiet:
                say(f"opening {job.cube}")
            cube = open_with(job.cube, options)
            result = _run(job, cube, model_of, std, restart, per_second, paints, quiet)
        except (SkxrfError, OSError) as error:
            if len(jobs) == 1:
                raise
            say(f"{job.cube}: {in_options(error)}")
            failed.append(job.cube.name)
            continue
        results.append(result)
        if not as_json:
            for what, file in (("Element maps", job.maps), ("Report", job.report)):
                if file is not None:
                    click.echo(f"{what}: {file}")
    if as_json:
        write_json(results if len(jobs) > 1 else results[0])
    if failed:
        raise SkxrfError(
            f"{len(failed)} of {len(jobs)} cubes gave no maps: {', '.join(failed)}. The reasons stand "
            "above; the others are finished."
        )


def _run(
    job: Job,
    cube: xr.DataArray,
    model_of: ModelOf,
    std: bool,
    restart: bool,
    per_second: bool,
    paints: bool,
    quiet: bool,
) -> dict[str, Any]:
    from skxrf.exceptions import SkxrfError
    from skxrf.inference import predict_maps_to_file
    from skxrf.inference.protocol import BindsToPainting

    if per_second and "live_time" not in cube.coords:
        raise SkxrfError(f"{job.cube} states no live times: leave --per-second out.")
    estimator, elements = model_of(cube)
    if isinstance(estimator, BindsToPainting) and not quiet:
        say("finding the energy axis and the line groups of the painting")
    run = predict_maps_to_file(
        estimator,
        cube,
        job.maps,
        elements=elements,
        return_std=std,
        progress=not quiet,
        restart=restart,
    )
    if paints:
        if not quiet:
            say("finding the paints")
        _add_paints(cube, job.maps)
    found, unfamiliar = _found(run, job.maps), _unfamiliar(run.estimator)
    if not quiet:
        if elements is None:
            say(f"line groups: {', '.join(run.line_groups)}")
        if found is not None:
            say(f"present: {', '.join(found) or 'no line group'}")
        for reason in unfamiliar or []:
            say(f"outside the training range: {reason}")
    if job.report is not None:
        if not quiet:
            say("writing the report")
        _write_report(cube, job.maps, job.report, run.estimator, found)
    if per_second:
        _divide(job.maps, cube["live_time"])
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


def _add_paints(cube: xr.DataArray, path: Path) -> None:
    """Add the paints of the pixels, and their mean spectra, to the file of finished maps."""
    import xarray as xr

    from skxrf.inference import paint_maps
    from skxrf.io import open_maps, save_maps

    maps = open_maps(path)
    if isinstance(maps, xr.DataArray):
        maps = maps.to_dataset(name="intensity")
    save_maps(maps.assign(paint_maps(cube).data_vars), path)


def _divide(path: Path, live_time: xr.DataArray) -> None:
    """Turn the maps in a file into rates."""
    import xarray as xr

    from skxrf.io import open_maps, save_maps

    maps = open_maps(path)
    times = live_time.drop_vars(live_time.coords).compute()
    rates = maps if isinstance(maps, xr.Dataset) else maps.to_dataset(name="intensity")
    with xr.set_options(keep_attrs=True):  # type: ignore[no-untyped-call]
        for name in ("intensity", "uncertainty"):
            if name in rates:
                rates[name] = (rates[name] / times.where(times > 0)).astype(rates[name].dtype)
                rates[name].attrs["units"] = "counts/s"
    save_maps(rates if isinstance(maps, xr.Dataset) else rates["intensity"], path)


def _found(run: MapsRun, output: Path) -> list[str] | None:
    """Find the line groups that the maps show, where the model can tell and the file has errors."""
    import xarray as xr

    from skxrf.inference.protocol import BoundModel
    from skxrf.io import open_maps

    if not isinstance(run.estimator, BoundModel) or output.suffix.lower() == ".png":
        return None
    maps = open_maps(output)
    return run.estimator.detected_in(maps) if isinstance(maps, xr.Dataset) else None


def _unfamiliar(estimator: Any) -> list[str] | None:
    """List reasons why the model may do worse on this painting, where it can tell."""
    from skxrf.inference.protocol import BoundModel

    return estimator.unfamiliar_ if isinstance(estimator, BoundModel) else None


def _write_report(
    cube: xr.DataArray,
    output: Path,
    report: Path,
    estimator: Any,
    found: Sequence[str] | None = None,
) -> None:
    """Write the report of finished maps, with fitted spectra where the estimator has them.

    Line groups that were found in the painting come first.
    """
    from skxrf.io import open_maps
    from skxrf.report import write_map_report

    maps = open_maps(output)
    facts = {"command": " ".join(["skxrf", *map(shlex.quote, sys.argv[1:])])}
    if unfamiliar := _unfamiliar(estimator):
        facts = {"outside the training range": "; ".join(unfamiliar)} | facts
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
    """Refuse a file that maps could not be written to, of the inputs or of no known format."""
    from skxrf.exceptions import FileFormatError
    from skxrf.inference._store import PartialMaps

    if output.suffix.lower() == ".png" and (elements is None or len(elements) != 1):
        raise FileFormatError(
            f"cannot write {output}: one picture shows one map. Choose it, such as --elements Fe_K, "
            "or name an output for all, such as maps.nc or maps.tif."
        )
    check_output(output, inputs, force=force)
    partial = PartialMaps(output)
    partial.check()
    check_output(partial.path, inputs, force=True)
