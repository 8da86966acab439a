"""Run the benchmarks: ``python -m benchmarks.run``; what is done already is not done again."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.model_selection import GridSearchCV

from benchmarks.estimators import ESTIMATORS, Budget, Entry
from benchmarks.problems import PROBLEMS, Problem, ProblemData
from benchmarks.scores import score_elements

__all__ = ["KEYS", "RESULTS", "main", "run"]

RESULTS = Path(__file__).parent / "results"
QUICK_RESULTS = Path(__file__).parent / "quick-results"
KEYS = ["problem", "estimator", "fold"]
# The speed of prediction is the median of up to five runs, of this many seconds together.
LONG_ENOUGH = 1.0
_PACKAGES = ("numpy", "scikit-learn", "skxrf", "torch")


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

    Parameters
    ----------
    problems, entries : sequence of Problem, sequence of Entry
        What to run on what.
    budget : Budget
        Training time of a network.
    output : Path
        Folder of the tables ``runs.csv`` (one row a fold) and ``scores.csv`` (one row a fold,
        reference and line group).
    max_folds : int or None
        At most so many folds of each problem.
    redo : bool
        Whether to run again what the tables hold, and replace it.

    Returns
    -------
    list of str
        What failed: problem, estimator, fold and error.
    """
    failures = []
    for problem in problems:
        if not problem.available:
            print(f"{problem.name}: left out, {problem.needs} is not there.", flush=True)
            continue
        waiting = [
            (entry, fold)
            for entry in entries
            for fold in range(_n_folds(problem, entry, max_folds))
            if redo or not _is_done(output, (problem.name, entry.name, fold))
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
            key = {"problem": problem.name, "estimator": entry.name, "fold": fold}
            # Scores first: a row in runs.csv says that the fold is done.
            _replace_rows(output / "scores.csv", key, scores)
            _replace_rows(output / "runs.csv", key, pd.DataFrame([row]))
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
    scores = [
        score_elements(reference.iloc[test], predicted).assign(reference=name)
        for name, reference in data.references.items()
    ]
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
        "versions": _versions(),
        "revision": _revision(),
    }
    return row, pd.concat(scores, ignore_index=True)


def _median_seconds(model: Any, X: NDArray[np.float32]) -> float:
    times: list[float] = []
    while len(times) < 5 and sum(times) < LONG_ENOUGH:
        started = time.perf_counter()
        model.predict(X)
        times.append(time.perf_counter() - started)
    return float(np.median(times))


def _is_done(output: Path, key: tuple[str, str, int]) -> bool:
    path = output / "runs.csv"
    if not path.exists():
        return False
    done = pd.read_csv(path)
    return key in set(done[KEYS].itertuples(index=False, name=None))


def _replace_rows(path: Path, key: dict[str, Any], rows: pd.DataFrame) -> None:
    """Put the rows of one fold into a table, in place of older ones; whole or not at all."""
    rows = pd.concat([pd.DataFrame([key] * len(rows)), rows.reset_index(drop=True)], axis=1)
    if path.exists():
        table = pd.read_csv(path)
        same = np.logical_and.reduce([table[name] == value for name, value in key.items()])
        kept = table[~same]
        rows = pd.concat([kept, rows], ignore_index=True) if len(kept) else rows
    order = [*KEYS, *(name for name in ("reference", "element") if name in rows)]
    rows = rows[order + [name for name in rows if name not in order]]
    rows = rows.sort_values(KEYS, kind="stable")
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.partial")
    rows.to_csv(partial, index=False, float_format="%.5g")
    os.replace(partial, path)


def _versions() -> str:
    found = [f"{name} {importlib.metadata.version(name)}" for name in _PACKAGES]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    python = f"python {platform.python_version()}"
    return "; ".join([python, *found, f"{cores} cores {platform.machine()}"])


def _revision() -> str:
    """Short git revision, with a mark if the library or the benchmarks were changed since."""
    here = Path(__file__).parents[1]
    try:
        name = _git(here, "rev-parse", "--short=10", "HEAD")
        changed = _git(here, "status", "--porcelain", "--", "skxrf", "benchmarks/*.py")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return f"{name}-changed" if changed else name


def _git(where: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=where, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def _line(key: dict[str, Any], row: dict[str, Any], scores: pd.DataFrame) -> str:
    means = scores.groupby("reference", sort=False)["ssim"].mean()
    ssim = ", ".join(f"SSIM {value:.3f} ({name})" for name, value in means.items())
    return (
        f"{key['problem']:<24}{key['estimator']:<20}fold {key['fold']}  {ssim}  "
        f"fit {row['fit_seconds']:.1f} s, {row['spectra_per_second']:,} spectra/s"
    )


def _chosen(known: dict[str, Any], names: Sequence[str]) -> Iterator[Any]:
    for name in names or known:
        yield known[name]


@click.command()
@click.option(
    "--problem", "-p", multiple=True, type=click.Choice(list(PROBLEMS)), help="Default: all."
)
@click.option(
    "--estimator", "-e", multiple=True, type=click.Choice(list(ESTIMATORS)), help="Default: all."
)
@click.option("--budget", default=30.0, show_default=True, help="Training time of a network [s].")
@click.option("--folds", type=click.IntRange(1), help="At most so many folds.")
@click.option("--quick", is_flag=True, help="Small parts and grids: to see that all runs.")
@click.option("--redo", is_flag=True, help="Run again what is done.")
@click.option("--output", "-o", type=click.Path(path_type=Path), help="Folder of the tables.")
def main(
    problem: tuple[str, ...],
    estimator: tuple[str, ...],
    budget: float,
    folds: int | None,
    quick: bool,
    redo: bool,
    output: Path | None,
) -> None:
    """Run the benchmarks and write their tables; resumes where it was stopped."""
    if quick:
        budget, folds = min(budget, 1.0), folds or 1
    failures = run(
        list(_chosen(PROBLEMS, problem)),
        list(_chosen(ESTIMATORS, estimator)),
        Budget(budget, quick),
        output or (QUICK_RESULTS if quick else RESULTS),
        max_folds=folds,
        redo=redo,
    )
    if failures:
        sys.exit("failed:\n" + "\n".join(failures))


if __name__ == "__main__":
    main()
