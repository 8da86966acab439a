"""Rivals of the experiment and of the benchmarks, with their settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.cross_decomposition import PLSRegression
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import RidgeCV
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from skxrf.exceptions import LineGroupError
from skxrf.linear_model import TemplateFitRegressor
from skxrf.physics import DetectorResponse, line_group
from skxrf.preprocessing import ChannelBinner, SpectrumNormalizer
from skxrf.utils.energy import bin_edges

from ._result import Kind


@dataclass(frozen=True)
class Task:
    """Properties of a regression problem that settings of a rival depend on."""

    energy: NDArray[np.float64]  # (n_channels,): bin centers [keV]
    line_groups: Sequence[str]  # outputs
    n_samples: int  # number of labeled spectra; about half of them are the smallest training set
    budget: float  # training time of a network [s]
    random_state: int = 0  # seed
    template_fit: Mapping[str, Any] = field(default_factory=dict)
    """Further parameters of the template fit, such as the anode."""


@dataclass(frozen=True)
class Rival:
    """Regressor that takes part in the experiment and in the benchmarks."""

    name: str  # name for readers
    kind: Kind  # {"network", "published network", "classical"}: group that it is shown in
    description: str  # one sentence
    make: Callable[[Task], Any]  # builds the unfitted regressor or Pipeline for a `Task`
    grid: Mapping[str, list[Any]] = field(default_factory=dict)
    """Settings among which the benchmarks choose by inner cross-validation. The experiment takes
    those that `make` gives."""
    learns: bool = True  # whether it learns from labels; template fit and shipped model do not


def pure_spectra(task: Task) -> NDArray[np.float64]:
    """Spectra of one net count of each line group, as a usual silicon drift detector sees them.

    An intensity is the sum of net counts in the peaks, so the lines of a group have the ratios in
    which they are counted: those emitted, times the detector's efficiency.

    Returns (n_line_groups, n_channels).
    """
    response, edges = DetectorResponse(), bin_edges(task.energy)
    return np.stack([response.template(line_group(str(name)), edges) for name in task.line_groups])


def _cnn(task: Task) -> Any:
    from skxrf.neural_network import SpectrumCNNRegressor

    return SpectrumCNNRegressor(max_time=task.budget, random_state=task.random_state)


def _mlp(task: Task) -> Any:
    from skxrf.neural_network import SpectrumMLPRegressor

    return SpectrumMLPRegressor(max_time=task.budget, random_state=task.random_state)


def _published(name: str, layers: str) -> Rival:
    def make(task: Task) -> Any:
        from skxrf.neural_network import published_networks

        templates = pure_spectra(task) if name.endswith("+") else None
        networks = published_networks(
            templates, max_time=task.budget, random_state=task.random_state
        )
        return networks[name]

    description = (
        f"The {name} of Gerodimos et al.: {layers}; Adam at a constant rate, batches of 32, the "
        "best epoch on a fifth of the spectra kept; stopped when the budget is spent, of which "
        "it needs hours to converge."
    )
    return Rival(f"published {name}", "published network", description, make)


def _ridge(task: Task) -> Pipeline:
    # The strength for each line group by its own leave-one-out error.
    ridge = RidgeCV(np.logspace(-2, 6, 17), alpha_per_target=True)
    return Pipeline([("scale", "passthrough"), ("ridge", ridge)])


def _pls(task: Task) -> Pipeline:
    # No more components than a training part has spectra.
    n_components = min(30, -(-task.energy.size // 2), task.n_samples // 2)
    return make_pipeline(ChannelBinner(2), PLSRegression(n_components, scale=False))


def _random_forest(task: Task) -> Pipeline:
    forest = RandomForestRegressor(60, max_features=0.1, n_jobs=-1, random_state=task.random_state)
    return make_pipeline(ChannelBinner(4), forest)


def _nearest_neighbors(task: Task) -> Pipeline:
    # On square roots the noise of all channels is the same; components shed most of it.
    n_components = min(40, -(-task.energy.size // 4), task.n_samples // 2)
    return make_pipeline(
        ChannelBinner(4),
        SpectrumNormalizer("sqrt"),
        PCA(n_components, random_state=task.random_state, svd_solver="randomized"),
        KNeighborsRegressor(min(8, task.n_samples // 2), weights="distance", n_jobs=-1),
    )


class _ChosenLineGroups(RegressorMixin, BaseEstimator):
    """Model that needs no labels, of whose line groups those of the labels are returned."""

    def __init__(self, regressor: Any) -> None:
        self.regressor = regressor

    def fit(self, X: NDArray[Any], y: pd.DataFrame) -> _ChosenLineGroups:
        """Bind the model to the spectra."""
        self.regressor_ = clone(self.regressor).fit(X)
        self.line_groups_ = [str(name) for name in y.columns]
        known = [str(name) for name in self.regressor_.line_groups_]
        missing = [name for name in self.line_groups_ if name not in known]
        if missing:
            raise LineGroupError(
                f"the shipped model does not map {', '.join(missing)}: leave them out, or choose "
                "other methods."
            )
        self._columns = [known.index(name) for name in self.line_groups_]
        return self

    def predict(self, X: NDArray[Any]) -> NDArray[Any]:
        """Predict the line groups of the labels."""
        return np.asarray(self.regressor_.predict(X))[:, self._columns]


def _shipped(task: Task) -> _ChosenLineGroups:
    from skxrf.pretrained import load_pretrained

    return _ChosenLineGroups(load_pretrained().set_params(energy=task.energy))


def _template_fit(task: Task) -> TemplateFitRegressor:
    return TemplateFitRegressor(list(task.line_groups), energy=task.energy, **task.template_fit)


RIVALS: dict[str, Rival] = {
    "cnn": Rival(
        "CNN",
        "network",
        "SpectrumCNNRegressor with its defaults: strided convolutions beside a linear path on the "
        "raw counts.",
        _cnn,
    ),
    "mlp": Rival(
        "MLP",
        "network",
        "SpectrumMLPRegressor with its defaults: dense layers beside a linear path on the raw "
        "counts.",
        _mlp,
    ),
    "published_cnn": _published(
        "CNN", "five convolutions of stride 2 with max-pooling, on raw counts"
    ),
    "published_mlp": _published("MLP", "dense layers of 512, 64 and 64, on raw counts"),
    "published_cnn_plus": _published(
        "CNN+", "the CNN with the spectrum times the template of each line group as further inputs"
    ),
    "published_mlp_plus": _published(
        "MLP+", "the MLP on the spectrum's inner products with the templates of the line groups"
    ),
    "ridge": Rival(
        "Ridge",
        "classical",
        "Linear regression on the counts of all channels with an L2 penalty, chosen for each line "
        "group by leave-one-out among 17 values.",
        _ridge,
        {"scale": ["passthrough", StandardScaler()]},
    ),
    "pls": Rival(
        "PLS",
        "classical",
        "Partial least squares on channels summed by two; 30 components, unscaled, unless tuned.",
        _pls,
        {
            "plsregression__n_components": [5, 10, 20, 40],
            "plsregression__scale": [False, True],
        },
    ),
    "random_forest": Rival(
        "Random forest",
        "classical",
        "60 trees on channels summed by four; a tenth of them tried at each split unless tuned.",
        _random_forest,
        {"randomforestregressor__max_features": [0.1, 0.3]},
    ),
    "knn": Rival(
        "k nearest neighbors",
        "classical",
        "Mean of the most similar spectra, weighted by inverse distance, on principal components "
        "of square roots of counts (of equal noise) in channels summed by four; 8 spectra and 40 "
        "components unless tuned.",
        _nearest_neighbors,
        {"pca__n_components": [10, 40], "kneighborsregressor__n_neighbors": [4, 8, 16]},
    ),
    "template_fit": Rival(
        "Template fit",
        "classical",
        "Poisson-weighted, non-negative fit of line templates to each spectrum: calibrated on the "
        "sum of the training spectra, it learns nothing from the labels.",
        _template_fit,
        learns=False,
    ),
    "shipped": Rival(
        "Shipped model",
        "classical",
        "The model that comes with the library, trained on simulated spectra alone: "
        "bound to the training spectra, it learns nothing from the labels.",
        _shipped,
        learns=False,
    ),
}
