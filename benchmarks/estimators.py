"""The estimators: ours, the published networks, and rivals tuned by inner cross-validation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.cross_decomposition import PLSRegression
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.problems import ProblemData
from benchmarks.pymca import PyMcaFastFit
from skxrf.linear_model import TemplateFitRegressor
from skxrf.neural_network import (
    SpectrumCNNRegressor,
    SpectrumMLPRegressor,
    published_networks,
)
from skxrf.physics import DetectorResponse, line_group
from skxrf.preprocessing import ChannelBinner, SpectrumNormalizer
from skxrf.utils.energy import bin_edges

__all__ = ["ESTIMATORS", "Budget", "Entry"]


@dataclass(frozen=True)
class Budget:
    """What the training of one network may cost.

    Parameters
    ----------
    seconds : float
        Training time [s].
    quick : bool
        Whether the rivals' grids are cut down too: to see that everything runs, not how well.
    """

    seconds: float = 30.0
    quick: bool = False


@dataclass(frozen=True)
class Entry:
    """A named estimator; `make(data, budget)` builds it unfitted for a problem.

    Parameters
    ----------
    name : str
        Name in the tables.
    description : str
        What it is and how it was tuned.
    make : callable
        Takes a `ProblemData` and a `Budget`.
    max_folds : int or None
        Folds that are run: fewer for what is slow and not expected to win.
    learns : bool
        Whether it learns from the labels.
    """

    name: str
    description: str
    make: Callable[[ProblemData, Budget], Any]
    max_folds: int | None = None
    learns: bool = True


def cnn(data: ProblemData, budget: Budget) -> Any:
    return SpectrumCNNRegressor(max_time=budget.seconds, random_state=0)


def mlp(data: ProblemData, budget: Budget) -> Any:
    return SpectrumMLPRegressor(max_time=budget.seconds, random_state=0)


def published(name: str) -> Callable[[ProblemData, Budget], Any]:
    """One of the four published networks, as they were published but for the training time."""

    def make(data: ProblemData, budget: Budget) -> Any:
        return published_networks(_templates(data), max_time=budget.seconds, random_state=0)[name]

    return make


def _templates(data: ProblemData) -> NDArray[np.float64]:
    """Spectra of pure elements: all lines of each line group, as a usual detector shows them."""
    detector, edges = DetectorResponse(), bin_edges(data.energy)
    groups = [line_group(str(name)) for name in data.labels.columns]
    return np.stack([detector.peaks(g.energies, g.intensities, edges) for g in groups])


def ridge(data: ProblemData, budget: Budget) -> Any:
    alphas = np.logspace(-2, 6, 5 if budget.quick else 17)
    # The strength of each line group by its own leave-one-out error, on top of the search.
    pipeline = Pipeline(
        [("scale", "passthrough"), ("ridge", RidgeCV(alphas, alpha_per_target=True))]
    )
    return _searched(pipeline, {"scale": ["passthrough", StandardScaler()]})


def pls(data: ProblemData, budget: Budget) -> Any:
    pipeline = make_pipeline(ChannelBinner(2), PLSRegression(scale=False))
    components = [5, 10] if budget.quick else [5, 10, 15, 20, 30, 40]
    return _searched(pipeline, {"plsregression__n_components": components})


def random_forest(data: ProblemData, budget: Budget) -> Any:
    forest = RandomForestRegressor(
        n_estimators=10 if budget.quick else 60, n_jobs=-1, random_state=0
    )
    grid = {"randomforestregressor__max_features": [0.1] if budget.quick else [0.1, 0.3]}
    return _searched(make_pipeline(ChannelBinner(4), forest), grid)


def k_nearest_neighbours(data: ProblemData, budget: Budget) -> Any:
    # On square roots the noise of all channels is the same; components shed most of it.
    pipeline = make_pipeline(
        ChannelBinner(4),
        SpectrumNormalizer("sqrt"),
        PCA(random_state=0, svd_solver="randomized"),
        KNeighborsRegressor(weights="distance", n_jobs=-1),
    )
    grid = {
        "pca__n_components": [10] if budget.quick else [10, 40],
        "kneighborsregressor__n_neighbors": [4, 8, 16],
    }
    return _searched(pipeline, grid)


def template_fit(data: ProblemData, budget: Budget) -> Any:
    return TemplateFitRegressor(
        list(data.labels.columns), energy=data.energy, anode=data.anode, **_nuisance(data)
    )


def pymca_polynomial(data: ProblemData, budget: Budget) -> Any:
    return PyMcaFastFit(data.energy, "polynomial", data.nuisance)


def pymca_snip(data: ProblemData, budget: Budget) -> Any:
    return PyMcaFastFit(data.energy, "snip", data.nuisance)


def _nuisance(data: ProblemData) -> dict[str, Any]:
    return {"nuisance": list(data.nuisance)} if data.nuisance else {}


def _searched(pipeline: Any, grid: dict[str, list[Any]]) -> GridSearchCV:
    """Tune by cross-validation within the training set, with whole blocks held out there too."""
    return GridSearchCV(pipeline, grid, cv=GroupKFold(3), scoring="r2", error_score="raise")


ESTIMATORS = {
    entry.name: entry
    for entry in (
        Entry("cnn", "SpectrumCNNRegressor as it comes.", cnn),
        Entry("mlp", "SpectrumMLPRegressor as it comes.", mlp),
        *(
            Entry(
                f"published_{name.lower().replace('+', '_plus')}",
                f"The published {name} (Gerodimos et al.), stopped when the budget is spent: it "
                "needs hours to converge.",
                published(name),
                max_folds=1,
            )
            for name in ("CNN", "MLP", "CNN+", "MLP+")
        ),
        Entry(
            "ridge",
            "Ridge regression on counts; the strength of each line group by leave-one-out, "
            "scaling of channels or none by inner cross-validation.",
            ridge,
        ),
        Entry("pls", "Partial least squares; number of components tuned.", pls),
        Entry(
            "random_forest",
            "60 trees on four channels summed; features per split tuned.",
            random_forest,
        ),
        Entry(
            "knn",
            "k nearest neighbours, on principal components of square-root counts (four channels "
            "summed); k and number of components tuned.",
            k_nearest_neighbours,
        ),
        Entry(
            "template_fit",
            "Template fit of this library; learns no labels.",
            template_fit,
            learns=False,
        ),
        Entry(
            "pymca_polynomial",
            "PyMca's fast linear fit with a polynomial background; learns no labels.",
            pymca_polynomial,
            learns=False,
        ),
        Entry(
            "pymca_snip",
            "PyMca's fast linear fit with the SNIP background; learns no labels.",
            pymca_snip,
            learns=False,
        ),
    )
}
