"""Learning benchmark: each estimator on each fold of each problem; resumable."""

from __future__ import annotations

import json
import time
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.model_selection import GridSearchCV

from benchmarks.problems import PROBLEMS, Problem, ProblemData
from benchmarks.rivals import ENTRIES, Budget, Entry, load_entries
from benchmarks.scores import score_elements
from benchmarks.tables import RESULTS, ROOT, ResultTable

QUICK_RESULTS = ROOT / "benchmarks" / "quick-results"
KEYS = ["problem", "estimator", "fold"]
# The speed of prediction is the median of up to five runs, of this many seconds together.
LONG_ENOUGH = 1.0


def run(
    problems: Sequence[Problem],
    entries: Sequence[Entry],
    budget: Budget,
    output: Path,
    *,
    max_folds: int | None = None,
    redo: bool = False,
) -> list[str]:
    """Run what is not in the tables yet; each fold is written as soon as it is done.

    `problems`, `entries`: problems, and estimators to run on each. `budget`: training time of a
    network. `output`: folder of the tables ``runs.csv`` (one row a fold) and ``scores.csv`` (one
    row a fold, reference and line group). `max_folds`: at most so many folds of each problem.
    `redo`: whether to run again what the tables contain, and replace it. Returns failures: problem,
    estimator, fold and error.
    """
    failures = []
    runs = ResultTable(output / "runs.csv", KEYS, float_format="%.5g")
    scored = ResultTable(output / "scores.csv", KEYS, float_format="%.5g")
    for problem in problems:
        if not problem.available:
            print(f"{problem.name}: left out, {problem.needs} is not there.", flush=True)
            continue
        done = runs.done()
        waiting = [
            (entry, fold)
            for entry in entries
            for fold in range(_n_folds(problem, entry, max_folds))
            if redo or (problem.name, entry.name, fold) not in done
        ]
        if not waiting:
            print(f"{problem.name}: nothing left to do.", flush=True)
            continue
        data = problem.load(budget.quick)
        for entry, fold in waiting:
            if fold >= len(data.folds):
                continue
            try:
                row, scores = _run_fold(entry, data, fold, budget)
            except (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError) as error:
                # One that fails is no reason to lose a night's run of the others.
                traceback.print_exc()
                failures.append(f"{problem.name}, {entry.name}, fold {fold}: {error}")
                continue
            key = (problem.name, entry.name, fold)
            # Scores first: a row in runs.csv marks the fold as done.
            scored.put(key, scores)
            runs.put(key, pd.DataFrame([row]))
            print(_line(key, row, scores), flush=True)
    return failures


def _n_folds(problem: Problem, entry: Entry, max_folds: int | None) -> int:
    limits = [n for n in (problem.max_folds, entry.max_folds, max_folds) if n is not None]
    return min([*limits, 100])


def _run_fold(
    entry: Entry, data: ProblemData, fold: int, budget: Budget
) -> tuple[dict[str, Any], pd.DataFrame]:
    train, test = data.folds[fold]
    model = entry.make(data, budget)
    inner = {"groups": data.groups[train]} if isinstance(model, GridSearchCV) else {}
    started = time.perf_counter()
    model.fit(data.X[train], data.labels.iloc[train], **inner)
    seconds = time.perf_counter() - started
    # The first prediction also pays for what is loaded and compiled once; the speed is that
    # of a whole map after it.
    predicted = np.asarray(model.predict(data.X[test]))
    speed = len(data.X) / _median_seconds(model, data.X)
    scores = []
    for name, reference in data.references.items():
        scores.append(score_elements(reference.iloc[test], predicted))
        scores[-1].insert(0, "reference", name)
    row = {
        "n_train": len(train),
        "n_test": len(test),
        # A search counts as a whole; what fitting the winner took is its own column.
        "fit_seconds": round(seconds, 3),
        "refit_seconds": round(getattr(model, "refit_time_", seconds), 3),
        "spectra_per_second": round(speed),
        "tuned": json.dumps({k: str(v) for k, v in getattr(model, "best_params_", {}).items()}),
        "budget_seconds": budget.seconds,
        "quick": budget.quick,
    }
    return row, pd.concat(scores, ignore_index=True)


def _median_seconds(model: Any, X: NDArray[np.float32]) -> float:
    times: list[float] = []
    while len(times) < 5 and sum(times) < LONG_ENOUGH:
        started = time.perf_counter()
        model.predict(X)
        times.append(time.perf_counter() - started)
    return float(np.median(times))


def _line(key: tuple[str, str, int], row: dict[str, Any], scores: pd.DataFrame) -> str:
    means = scores.groupby("reference", sort=False)["ssim"].mean()
    ssim = ", ".join(f"SSIM {value:.3f} ({name})" for name, value in means.items())
    return (
        f"{key[0]:<24}{key[1]:<20}fold {key[2]}  {ssim}  "
        f"fit {row['fit_seconds']:.1f} s, {row['spectra_per_second']:,} spectra/s"
    )


@click.command("run")
@click.option("--problem", "-p", multiple=True, help="Name of a problem. Default: all.")
@click.option("--estimator", "-e", multiple=True, help="Name of an estimator. Default: all.")
@click.option(
    "--rivals",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Python file that defines RIVALS, further estimators.",
)
@click.option("--budget", default=60.0, show_default=True, help="Training time of a network [s].")
@click.option("--folds", type=click.IntRange(1), help="Maximum number of folds.")
@click.option("--quick", is_flag=True, help="Small parts and grids, to check that all runs.")
@click.option("--redo", is_flag=True, help="Run again what is done.")
@click.option("--output", "-o", type=click.Path(path_type=Path), help="Folder of the tables.")
def main(
    problem: tuple[str, ...],
    estimator: tuple[str, ...],
    rivals: Path | None,
    budget: float,
    folds: int | None,
    quick: bool,
    redo: bool,
    output: Path | None,
) -> None:
    """Learn from labels: networks, regressors and fits on held-out blocks and paintings.

    Resumes where it was stopped.
    """
    entries = dict(ENTRIES)
    if rivals is not None:
        try:
            entries |= load_entries(rivals)
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="--rivals") from None
    if quick:
        budget, folds = min(budget, 1.0), folds or 1
    failures = run(
        chosen(PROBLEMS, problem, "--problem"),
        chosen(entries, estimator, "--estimator"),
        Budget(budget, quick),
        output or (QUICK_RESULTS if quick else RESULTS),
        max_folds=folds,
        redo=redo,
    )
    if failures:
        raise click.ClickException("failed:\n" + "\n".join(failures))


def chosen(known: Mapping[str, Any], names: Sequence[str], option: str) -> list[Any]:
    """Return the named ones of a table, or all of them without names."""
    unknown = [name for name in names if name not in known]
    if unknown:
        raise click.BadParameter(
            f"no {', '.join(map(repr, unknown))}: there are {', '.join(known)}.", param_hint=option
        )
    return [known[name] for name in names or known]
