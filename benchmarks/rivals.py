"""Estimators of the benchmarks: the rivals of the experiment, more regressors, PyMca's fits."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import ExtraTreesRegressor, HistGradientBoostingRegressor
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.multioutput import MultiOutputRegressor
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.problems import ProblemData
from benchmarks.pymca import PyMcaFastFit
from skxrf.preprocessing import ChannelBinner, SpectrumNormalizer
from skxrf.reproduction._rivals import RIVALS, Rival, Task


@dataclass(frozen=True)
class Budget:
    """Limits of a run."""

    seconds: float = 60.0  # training time of one network [s]
    quick: bool = False
    """True where the grids are cut down to two values, to check that everything runs."""


@dataclass(frozen=True)
class Entry:
    """A named estimator; `make(data, budget)` builds it unfitted for a problem."""

    name: str  # name in the tables
    description: str  # one or two sentences: what it is and how it was tuned
    make: Callable[[ProblemData, Budget], Any]  # takes a `ProblemData` and a `Budget`
    max_folds: int | None = None
    """Number of folds that are run: fewer for what is slow and not expected to win."""
    learns: bool = True  # whether it learns from the labels
    title: str = ""  # name for readers; empty: `name`
    tuned: bool = False  # whether its settings are chosen by inner cross-validation
    limited: bool = False  # whether it is stopped when the budget is spent, before it has converged


class InnerFolds(GroupKFold):
    """Folds of whole groups within a training set, of a limited number of spectra.

    The search costs most of the time of a rival; settings such as a number of components depend
    little on the number of spectra. The winner is fitted to all of them.

    `most`: largest number of spectra to train on, and to score.
    """

    def __init__(self, n_splits: int = 3, most: int = 2000) -> None:
        super().__init__(n_splits)
        self.most = most

    def split(
        self, X: Any, y: Any = None, groups: Any = None
    ) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
        """Yield the rows to train on and to score, evenly drawn."""
        for parts in super().split(X, y, groups):
            train, test = (rows[:: -(-len(rows) // self.most)] for rows in parts)
            yield train, test


def tuned(estimator: Any, grid: dict[str, list[Any]], budget: Budget) -> GridSearchCV:
    """Wrap an estimator in a search within the training set; whole blocks are held out there too.

    Each candidate is trained on at most 2,000 spectra of each inner fold.

    `grid`: settings to choose from. `budget`: a quick one tries two values of each setting.
    """
    chosen = {name: values[:2] if budget.quick else values for name, values in grid.items()}
    return GridSearchCV(estimator, chosen, cv=InnerFolds(), scoring="r2", error_score="raise")


def task_of(data: ProblemData, budget: Budget) -> Task:
    """Describe a problem to the rivals of the experiment."""
    fit: dict[str, Any] = {"anode": data.anode}
    if data.nuisance:
        fit["nuisance"] = list(data.nuisance)
    line_groups = [str(name) for name in data.labels.columns]
    return Task(data.energy, line_groups, len(data.X), budget.seconds, template_fit=fit)


def _entry(name: str, rival: Rival) -> Entry:
    def make(data: ProblemData, budget: Budget) -> Any:
        estimator = rival.make(task_of(data, budget))
        return tuned(estimator, dict(rival.grid), budget) if rival.grid else estimator

    slow = rival.kind == "published network"
    return Entry(
        name,
        rival.description,
        make,
        max_folds=1 if slow else None,
        learns=rival.learns,
        title=rival.name,
        tuned=bool(rival.grid),
        limited=slow,
    )


def _pymca(background: str, title: str) -> Entry:
    return Entry(
        f"pymca_{background}",
        f"PyMca's fast linear fit with {title} background; learns no labels.",
        lambda data, budget: PyMcaFastFit(data.energy, background, data.nuisance),
        learns=False,
    )


def _boosting(data: ProblemData, budget: Budget) -> Any:
    boosting = HistGradientBoostingRegressor(max_iter=100, random_state=0)
    model = make_pipeline(ChannelBinner(8), MultiOutputRegressor(boosting))
    name = "multioutputregressor__estimator__"
    grid = {f"{name}max_leaf_nodes": [7, 31], f"{name}learning_rate": [0.1, 0.2]}
    return tuned(model, grid, budget)


def _extra_trees(data: ProblemData, budget: Budget) -> Any:
    trees = ExtraTreesRegressor(60, n_jobs=-1, random_state=0)
    model = make_pipeline(ChannelBinner(4), trees)
    return tuned(model, {"extratreesregressor__max_features": [0.1, 0.3, 1.0]}, budget)


def _dense_network(data: ProblemData, budget: Budget) -> Any:
    network = MLPRegressor(
        hidden_layer_sizes=(128, 64), early_stopping=True, max_iter=500, random_state=0
    )
    model = make_pipeline(
        ChannelBinner(4),
        SpectrumNormalizer("sqrt"),
        StandardScaler(),
        TransformedTargetRegressor(network, transformer=StandardScaler(), check_inverse=False),
    )
    name = "transformedtargetregressor__regressor__"
    grid = {f"{name}alpha": [1e-4, 1e-2, 1.0], f"{name}learning_rate_init": [1e-3, 5e-3]}
    return tuned(model, grid, budget)


ENTRIES = {
    **{name: _entry(name, rival) for name, rival in RIVALS.items()},
    "hist_gradient_boosting": Entry(
        "hist_gradient_boosting",
        "scikit-learn's histogram-based gradient boosting, one of 100 trees for each line group, on "
        "channels summed by eight; leaves and learning rate tuned.",
        _boosting,
        title="gradient boosting",
        tuned=True,
    ),
    "extra_trees": Entry(
        "extra_trees",
        "60 extremely randomized trees on channels summed by four; features a split tuned.",
        _extra_trees,
        title="extra trees",
        tuned=True,
    ),
    "sklearn_mlp": Entry(
        "sklearn_mlp",
        "scikit-learn's MLPRegressor, hidden layers of 128 and 64, early stopping, on standardized "
        "square roots of counts in channels summed by four; penalty and learning rate tuned.",
        _dense_network,
        title="MLPRegressor",
        tuned=True,
    ),
    "pymca_polynomial": _pymca("polynomial", "a polynomial"),
    "pymca_snip": _pymca("snip", "the SNIP"),
}


def load_entries(path: Path) -> dict[str, Entry]:
    """Load further rivals from a Python file.

    `path`: the file; it defines ``RIVALS``, a list of :class:`Entry`. Returns them by name.
    """
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ValueError(f"{path} is no Python file: name one that defines RIVALS.")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    entries = getattr(module, "RIVALS", None)
    if not entries or not all(isinstance(entry, Entry) for entry in entries):
        raise ValueError(f"{path} defines no RIVALS: expected a list of benchmarks.rivals.Entry.")
    taken = [entry.name for entry in entries if entry.name in ENTRIES]
    if taken:
        raise ValueError(f"{', '.join(taken)} of {path} is a rival already: choose another name.")
    return {entry.name: entry for entry in entries}
