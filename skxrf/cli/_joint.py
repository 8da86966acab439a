"""Joint fit of several detectors of one scan: ``skxrf fit --joint``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ._maps_run import Job, ModelOf, RunOptions, divided_by_times
from ._options import command_line, open_with, say


def fit_jointly(
    job: Job,
    detectors: Sequence[str],
    model_of: ModelOf,
    reading: Mapping[str, Any],
    options: RunOptions,
) -> dict[str, Any]:
    """Fit the spectra of several detectors of a file in one likelihood, and write the maps.

    `job`: the cube's file and its outputs. `detectors`: names or positions of the detectors.
    `model_of`: template fit of one detector's cube, and its line groups. `reading`, `options`:
    options of the command. Returns result for a script.
    """
    import xarray as xr
    from sklearn.base import clone

    from skxrf.exceptions import SkxrfError
    from skxrf.inference import fit_detectors
    from skxrf.io import save_maps
    from skxrf.report import write_map_report
    from skxrf.utils.validation import as_map_dataset

    cubes, models = [], []
    for name in detectors:
        say(f"detector {name}")
        cubes.append(open_with(job.cube, {**reading, "detector": name}))
        models.append(model_of(cubes[-1]))
    if options.per_second and not all("live_time" in cube.coords for cube in cubes):
        raise SkxrfError(f"{job.cube} states no live times: leave --per-second out.")
    groups = list(dict.fromkeys(name for _, names in models for name in names or ()))
    others = [name for model, _ in models for name in model.fitted_groups_ if name not in groups]
    estimator = clone(models[0][0]).set_params(
        line_groups=groups, nuisance=list(dict.fromkeys(others)) or "none"
    )
    say(f"fitting {', '.join(groups)} in {len(cubes)} detectors at once")
    maps = fit_detectors(cubes, estimator)
    for name, shares in zip(detectors, maps["ratio"].to_numpy(), strict=True):
        said = ", ".join(f"{g} {s:.2f}" for g, s in zip(groups, shares, strict=True))
        say(f"shares of detector {name}: {said}")
    shown: xr.Dataset = maps if options.std else maps.drop_vars("uncertainty")
    if options.per_second:
        times = xr.concat([cube["live_time"] for cube in cubes], "detector").mean("detector")
        shown = as_map_dataset(divided_by_times(shown, times))
    # Other formats have no place for the shares.
    keeps = job.maps.suffix.lower() in (".nc", ".h5")
    save_maps(shown if keeps else shown.drop_vars("ratio"), job.maps)
    if job.report is not None:
        say(f"writing the report{', in counts' * options.per_second}")
        write_map_report(
            maps.drop_vars("ratio"),
            job.report,
            cube=cubes[0],
            warnings=[f"The spectra are those of detector {detectors[0]} alone."],
            provenance={"command": command_line()},
        )
    return {
        "maps": job.maps,
        "report": job.report,
        "line_groups": groups,
        "detectors": list(detectors),
        "shares": maps["ratio"].to_numpy(),
        "rows": maps.sizes["y"],
        "columns": maps.sizes["x"],
    }
