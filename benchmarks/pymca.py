"""PyMca's fast linear fit behind scikit-learn's methods, to stand in the same tables."""

from __future__ import annotations

from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, MultiOutputMixin, RegressorMixin

from benchmarks.pymca_reference import fit_maps, sum_spectrum_configuration


class PyMcaFastFit(MultiOutputMixin, RegressorMixin, BaseEstimator):
    """Areas of line groups by PyMca; of the labels only the names of the columns are used.

    `energy` (n_channels,): bin centers [keV], evenly spaced. `background` {"polynomial", "snip"}:
    fitted with the peaks, or stripped before. `nuisance`: line groups fitted besides those of the
    labels. `energy_range`: the fitted range [keV].
    """

    def __init__(
        self,
        energy: ArrayLike,
        background: str = "polynomial",
        nuisance: tuple[str, ...] = (),
        energy_range: tuple[float, float] = (1.3, 17.0),
    ) -> None:
        self.energy = energy
        self.background = background
        self.nuisance = nuisance
        self.energy_range = energy_range

    def fit(self, X: ArrayLike, y: pd.DataFrame) -> Self:
        """Refine calibration and peak width on the sum spectrum."""
        counts = np.asarray(X)
        self.n_features_in_ = counts.shape[1]
        self.line_groups_ = [str(name) for name in y.columns]
        self.configuration_ = sum_spectrum_configuration(
            counts.sum(axis=0, dtype=np.float64),
            np.asarray(self.energy, dtype=np.float64),
            list(dict.fromkeys([*self.line_groups_, *self.nuisance])),
            energy_range=self.energy_range,
            background=self.background,
        )
        return self

    def predict(self, X: ArrayLike) -> NDArray[np.float32]:
        """Fit each spectrum; areas [counts], float32."""
        counts = np.asarray(X, dtype=np.float32)
        areas = fit_maps(counts[None], self.configuration_, background=self.background)
        columns = [areas[name][0] for name in self.line_groups_]
        return np.stack(columns, axis=1).astype(np.float32)
