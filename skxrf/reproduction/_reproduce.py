"""The experiment from data to result."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import pandas as pd

from skxrf.exceptions import LineGroupError, SkxrfError
from skxrf.utils.progress import StepReport

from ._experiment import held_out_parts, run_method
from ._problem import Problem, problem_from_files, simulated_problem
from ._provenance import provenance
from ._result import ReproductionResult, Settings
from ._rivals import RIVALS, Rival


def reproduce(
    *,
    cube: str | os.PathLike[str] | None = None,
    maps: str | os.PathLike[str] | None = None,
    elements: Sequence[str] | None = None,
    methods: Sequence[str] | None = None,
    n_folds: int = 5,
    budget: float = 8.0,
    max_samples: int = 50_000,
    random_state: int = 0,
    shape: tuple[int, int] | None = None,
    dataset: str | None = None,
    energy: Any = None,
    axes: Sequence[str] | None = None,
    progress: bool = False,
    command: str | None = None,
) -> ReproductionResult:
    """Repeat the paper's experiment: cross-validated element maps of networks and regressors.

    Each method is fitted on the spectra of all parts but one (at most `max_samples` of them,
    drawn at random), for each of K parts, and predicts the part that was held out; together
    these predictions are whole maps. The parts are whole paintings where there are several,
    else square blocks of the one scan.

    Parameters
    ----------
    cube : str or path-like, optional
        File of a spectral cube. Without, `n_folds` small paintings are simulated.
    maps : str or path-like, optional
        File of reference maps of the cube's pixels, NaN where there is no reference. Without,
        a template fit of the cube makes them.
    elements : sequence of str, optional
        Line groups to map; by default all of `maps`, or those found in the sum spectrum.
    methods : sequence of str, optional
        Names of the methods, such as ``"CNN"`` or ``"Ridge"``; by default all. An unknown name is
        refused with the list of those that there are.
    n_folds : int
        Number K of parts, at least 2.
    budget : float
        Training time for each fit of a network [s]. The published networks need hours to
        converge.
    max_samples : int
        Largest number of spectra that a fit may use.
    random_state : int
        Seed of everything drawn at random; with 0 the simulated test icon is one whose mean
        counts are those of real icons. Times, and so the epochs within the budget, vary.
    shape : pair of int, optional
        Rows and columns of each simulated painting; by default about 1,560 pixels in the
        proportions of each.
    dataset, energy, axes
        Arguments of :func:`skxrf.io.open_cube` for an incomplete file.
    progress : bool
        Whether to report progress on standard error.
    command : str, optional
        The command that is run, for the report.

    Returns
    -------
    ReproductionResult
        Scores, maps, times, learning curves.

    Raises
    ------
    SkxrfError
        If the options contradict each other, or the files do not fit together.
    OSError
        If a file cannot be read.

    See Also
    --------
    skxrf.reproduction.write_report : Write the result as a report with its maps and scores.

    References
    ----------
    Gerodimos et al., poster, University of Ioannina: networks that turn MA-XRF spectra into
    element maps, scored by SSIM and z-score.

    Examples
    --------
    >>> from skxrf.reproduction import reproduce
    >>> result = reproduce(methods=["PLS"], n_folds=2, shape=(10, 12), elements=["Fe_K", "Pb_L"])
    >>> list(result.table("ssim").columns)
    ['mean', 'Fe_K', 'Pb_L']
    """
    settings = _checked_settings(n_folds, budget, max_samples, random_state)
    chosen = _checked_methods(methods)
    if cube is None and (maps is not None or dataset is not None or energy is not None):
        raise SkxrfError("maps, dataset and energy belong to a cube: pass cube as well.")
    if cube is not None and shape is not None:
        raise SkxrfError("shape is that of simulated paintings: leave it out, or the cube.")

    with StepReport(enabled=progress) as report:
        if cube is None:
            problem = simulated_problem(
                n_folds, random_state, shape=shape, elements=elements, say=report.say
            )
        else:
            problem = problem_from_files(
                cube,
                maps,
                n_folds=n_folds,
                elements=elements,
                dataset=dataset,
                energy=energy,
                axes=axes,
                say=report.say,
            )
        return _run(problem, chosen, settings, report, command, skip=methods is None)


def _run(
    problem: Problem,
    chosen: list[Rival],
    settings: Settings,
    progress: StepReport,
    command: str | None,
    *,
    skip: bool,
) -> ReproductionResult:
    """Run the methods; with `skip`, leave out those that do not know the line groups."""
    splits = held_out_parts(problem, settings)
    progress.begin(len(chosen) * len(splits))
    results, rows = [], []
    for method in chosen:
        try:
            result, scores = run_method(method, problem, splits, settings, progress)
        except LineGroupError as error:
            if not skip:
                raise
            progress.say(f"{method.name} left out: {error}")
            continue
        results.append(result)
        rows += scores
    return ReproductionResult(
        settings=settings,
        data=problem.data,
        elements=[str(name) for name in problem.Y.columns],
        reference=problem.maps(problem.Y),
        truth=None if problem.truth is None else problem.maps(problem.truth),
        methods=results,
        scores=pd.DataFrame(rows),
        seconds=progress.seconds,
        provenance=provenance(settings, problem.data, command),
    )


def _checked_settings(n_folds: int, budget: float, max_samples: int, random_state: int) -> Settings:
    if n_folds < 2:
        raise SkxrfError(f"n_folds must be at least 2, got {n_folds}: one part is held out.")
    if not budget > 0:
        raise SkxrfError(f"budget must be positive [s], got {budget}.")
    if max_samples < 1:
        raise SkxrfError(f"max_samples must be at least 1, got {max_samples}.")
    return Settings(n_folds, float(budget), max_samples, random_state)


def _checked_methods(methods: Sequence[str] | None) -> list[Rival]:
    """Rivals of the given names, in the order of the tables, each once."""
    if methods is None:
        return list(RIVALS.values())
    known = {rival.name.lower() for rival in RIVALS.values()}
    wanted = {name: name.lower().replace("neighbour", "neighbor") for name in methods}
    unknown = [name for name, plain in wanted.items() if plain not in known]
    if unknown or not methods:
        raise SkxrfError(
            f"unknown method {', '.join(map(repr, unknown)) or '(none given)'}: known are "
            f"{', '.join(rival.name for rival in RIVALS.values())}."
        )
    return [rival for rival in RIVALS.values() if rival.name.lower() in set(wanted.values())]
