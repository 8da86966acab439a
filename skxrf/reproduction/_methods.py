"""The methods that are compared: networks, published networks, classical regressors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.cross_decomposition import PLSRegression
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import RidgeCV
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline

from skxrf.linear_model import TemplateFitRegressor
from skxrf.physics import DetectorResponse, line_group
from skxrf.preprocessing import ChannelBinner, SpectrumNormalizer
from skxrf.utils.energy import bin_edges

from ._problem import Problem
from ._result import Kind, Settings

__all__ = ["METHOD_NAMES", "Method", "make_methods"]

METHOD_NAMES = (
    "CNN",
    "MLP",
    "published CNN",
    "published MLP",
    "published CNN+",
    "published MLP+",
    "Ridge",
    "PLS",
    "Random forest",
    "k nearest neighbours",
    "Template fit",
)


@dataclass(frozen=True)
class Method:
    """One method, not yet fitted.

    Parameters
    ----------
    name : str
        One of `METHOD_NAMES`.
    kind : {"network", "published network", "classical"}
        Group that it is shown in.
    description : str
        One sentence: what it is.
    estimator : estimator
        The regressor or Pipeline.
    is_template_fit : bool
        Whether it is the fit that may have made the reference.
    """

    name: str
    kind: Kind
    description: str
    estimator: Any
    is_template_fit: bool = False


def make_methods(problem: Problem, names: list[str], settings: Settings) -> list[Method]:
    """Make the methods for a problem, in the order of `names`."""
    makers: dict[str, Callable[[], Method]] = {
        "CNN": lambda: _cnn(settings),
        "MLP": lambda: _mlp(settings),
        "published CNN": lambda: _published("CNN", problem, settings),
        "published MLP": lambda: _published("MLP", problem, settings),
        "published CNN+": lambda: _published("CNN+", problem, settings),
        "published MLP+": lambda: _published("MLP+", problem, settings),
        "Ridge": lambda: _ridge(),
        "PLS": lambda: _pls(problem),
        "Random forest": lambda: _forest(settings),
        "k nearest neighbours": lambda: _neighbours(problem),
        "Template fit": lambda: _template_fit(problem),
    }
    return [makers[name]() for name in names]


def _cnn(settings: Settings) -> Method:
    from skxrf.neural_network import SpectrumCNNRegressor

    return Method(
        "CNN",
        "network",
        "SpectrumCNNRegressor with its defaults: strided convolutions beside a linear path on the "
        "raw counts.",
        SpectrumCNNRegressor(max_time=settings.budget, random_state=settings.random_state),
    )


def _mlp(settings: Settings) -> Method:
    from skxrf.neural_network import SpectrumMLPRegressor

    return Method(
        "MLP",
        "network",
        "SpectrumMLPRegressor with its defaults: dense layers beside a linear path on the raw "
        "counts.",
        SpectrumMLPRegressor(max_time=settings.budget, random_state=settings.random_state),
    )


_PUBLISHED = {
    "CNN": "five convolutions of stride 2 with max-pooling, on raw counts",
    "MLP": "dense layers of 512, 64 and 64, on raw counts",
    "CNN+": "the CNN with the spectrum times the template of each line group as further inputs",
    "MLP+": "the MLP on the spectrum's inner products with the templates of the line groups",
}


def _published(name: str, problem: Problem, settings: Settings) -> Method:
    from skxrf.neural_network import published_networks

    networks = published_networks(
        _pure_spectra(problem) if name.endswith("+") else None,
        max_time=settings.budget,
        random_state=settings.random_state,
    )
    return Method(
        f"published {name}",
        "published network",
        f"The {name} of Gerodimos et al.: {_PUBLISHED[name]}; Adam at a constant rate, batches of "
        "32, the best epoch on a fifth of the spectra kept.",
        networks[name],
    )


def _pure_spectra(problem: Problem) -> NDArray[np.float64]:
    """Template of each line group as an ordinary silicon drift detector sees it."""
    edges = bin_edges(problem.data.energy)
    response = DetectorResponse()
    return np.array([response.template(line_group(str(name)), edges) for name in problem.Y])


def _ridge() -> Method:
    return Method(
        "Ridge",
        "classical",
        "Linear regression on the counts of all channels with an L2 penalty, chosen for each line "
        "group by leave-one-out among 15 values.",
        RidgeCV(np.logspace(-1, 6, 15), alpha_per_target=True),
    )


def _pls(problem: Problem) -> Method:
    # No more components than a training part has spectra.
    n_components = min(30, problem.X.shape[1], int(problem.labelled.sum()) // 2)
    return Method(
        "PLS",
        "classical",
        f"Partial least squares, {n_components} components, channels scaled to unit variance.",
        PLSRegression(n_components),
    )


def _forest(settings: Settings) -> Method:
    forest = RandomForestRegressor(
        100, max_features=0.1, n_jobs=-1, random_state=settings.random_state
    )
    return Method(
        "Random forest",
        "classical",
        "100 trees on channels binned by four, a tenth of them tried at each split.",
        make_pipeline(ChannelBinner(4), forest),
    )


def _neighbours(problem: Problem) -> Method:
    n_neighbors = min(8, int(problem.labelled.sum()) // 2)
    neighbours = KNeighborsRegressor(n_neighbors, weights="distance")
    return Method(
        "k nearest neighbours",
        "classical",
        f"Mean of the {n_neighbors} most similar spectra, weighted by inverse distance, on square "
        "roots of counts (of equal noise) in channels binned by four.",
        make_pipeline(ChannelBinner(4), SpectrumNormalizer("sqrt"), neighbours),
    )


def _template_fit(problem: Problem) -> Method:
    return Method(
        "Template fit",
        "classical",
        "Poisson-weighted, non-negative fit of line templates to each spectrum: calibrated on the "
        "sum of the training spectra, it learns nothing from the labels.",
        TemplateFitRegressor(energy=problem.data.energy),
        is_template_fit=True,
    )
