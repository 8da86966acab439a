"""Outputs made of fitted areas: areas as they are, and labels of other kinds regressed on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from skxrf.utils.typing import Array


def fit_ridge(X: NDArray[Any], y: NDArray[Any] | None, weights: Array | None) -> Pipeline:
    """Fit a ridge regression on scaled features, its strength chosen by cross-validation.

    `X` (n_samples, n_features): features. `y` (n_samples,): labels. `weights` (n_samples,): weights
    of the samples.
    """
    # Ridge strengths that are tried; features are scaled.
    steps = make_pipeline(StandardScaler(), RidgeCV(alphas=tuple(np.logspace(-3, 4, 15))))
    if weights is None:
        return steps.fit(X, y)
    return steps.fit(X, y, standardscaler__sample_weight=weights, ridgecv__sample_weight=weights)


class AreaOutputs:
    """Turns areas of the fitted line groups into output columns.

    `names`: names of the columns, as far as they have names. `fitted_groups`: line groups of the
    areas. Columns named like one are that area.
    """

    def __init__(self, names: Sequence[str], fitted_groups: Sequence[str], n_outputs: int) -> None:
        places = {name: i for i, name in enumerate(fitted_groups)}
        self.n_outputs = n_outputs
        self.measured = [i for i, name in enumerate(names) if name in places]
        self.sources = [places[names[i]] for i in self.measured]
        self.learnt = [i for i in range(n_outputs) if i not in self.measured]
        self.regression: Pipeline | None = None

    def learn(self, areas: Array, labels: NDArray[Any], weights: Array | None = None) -> None:
        """Regress the columns that are no areas on all areas.

        `areas` (n_samples, n_groups): net counts. `labels` (n_samples, n_outputs): all columns.
        `weights` (n_samples,): weights of the samples.
        """
        self.regression = fit_ridge(areas, labels[:, self.learnt], weights)

    def __call__(self, areas: Array, errors: Array | None) -> tuple[Array, Array]:
        """Output columns and their standard errors.

        `areas` (n_samples, n_groups): net counts. `errors` same shape: their standard errors
        [counts]. Returns `values`, `spread` (n_samples, n_outputs): NaN errors without `errors`.
        """
        values = np.empty((len(areas), self.n_outputs))
        spread = np.full_like(values, np.nan)
        values[:, self.measured] = areas[:, self.sources]
        if errors is not None:
            spread[:, self.measured] = errors[:, self.sources]
        if self.regression is not None:
            learnt = np.asarray(self.regression.predict(areas))
            values[:, self.learnt] = learnt.reshape(len(areas), -1)
            if errors is not None:
                spread[:, self.learnt] = self._propagated(self.regression, errors)
        return values, spread

    @staticmethod
    def _propagated(regression: Pipeline, errors: Array) -> Array:
        """Errors of regressed columns; areas taken as independent of each other."""
        scaler, ridge = regression[0], regression[-1]
        coefficients = np.atleast_2d(ridge.coef_) / scaler.scale_
        return np.asarray(np.sqrt(errors**2 @ coefficients.T**2))
