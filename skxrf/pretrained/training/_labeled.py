"""Labeled spectra of one's own paintings, on the model's axis and with their fits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from skxrf.pretrained._axis import LINE_GROUPS
from skxrf.pretrained._painting import PaintingFit
from skxrf.pretrained._regressor import PretrainedRegressor

from ._spectra import Spectra, joined


@dataclass(frozen=True)
class LabeledSpectra:
    """Spectra on the model's axis, their labels, and the fits of their paintings."""

    spectra: Spectra
    """Counts, linear filter fits, labels (zero where there are none) and variances of photon
    noise."""
    has_label: NDArray[np.bool_]  # (n_groups,), bool: True for line groups with labels
    paintings: NDArray[np.intp]  # (n_samples,), int: the painting that each is of
    # areas, area_errors (n_samples, n_groups), float32: net counts by the painting's template fit
    # and their errors, NaN where it has none.
    areas: NDArray[np.float32]
    area_errors: NDArray[np.float32]

    def of(self, rows: NDArray[np.bool_] | NDArray[np.intp]) -> LabeledSpectra:
        """Select some of them."""
        spectra = Spectra._make(part[rows] for part in self.spectra)
        parts = (self.paintings[rows], self.areas[rows], self.area_errors[rows])
        return LabeledSpectra(spectra, self.has_label, *parts)


def labeled_spectra(
    model: PretrainedRegressor, X: NDArray[Any], Y: pd.DataFrame, energy: ArrayLike
) -> LabeledSpectra:
    """Bind the model to each painting, and prepare its spectra for training.

    `model`: the model to fine-tune. `X` (n_samples, n_channels): spectra [counts]. `Y`
    (n_samples, n_labels): net intensities [counts], perhaps with a level "painting" in the index.
    `energy`: axis of the spectra [keV].
    """
    paintings = np.zeros(len(Y), np.intp)
    if "painting" in Y.index.names:
        paintings, _ = pd.factorize(Y.index.get_level_values("painting"))
    n_groups = len(LINE_GROUPS)
    truth = np.zeros((len(X), n_groups), np.float32)
    columns = [LINE_GROUPS.index(str(name)) for name in Y.columns]
    truth[:, columns] = Y.to_numpy()
    has_label = np.zeros(n_groups, bool)
    has_label[columns] = True
    order, parts = [], []
    for painting in range(paintings.max(initial=-1) + 1):
        rows = np.flatnonzero(paintings == painting)
        order.append(rows)
        parts.append(_of_painting(model.bind(X[rows], energy).painting_, X[rows], truth[rows]))
    spectra, areas, errors = zip(*parts, strict=True)
    rows = np.concatenate(order)
    whole = LabeledSpectra(
        joined(spectra), has_label, paintings[rows], np.concatenate(areas), np.concatenate(errors)
    )
    return whole.of(np.argsort(rows))


def _of_painting(
    painting: PaintingFit, X: NDArray[Any], truth: NDArray[np.float32]
) -> tuple[Spectra, NDArray[np.float32], NDArray[np.float32]]:
    """Spectra on the model's axis with linear filter fits, areas of the template fit, their errors."""
    counts: NDArray[Any] = painting.on_model_axis(X)
    fits = counts @ painting.matrix.T
    expected = np.maximum(fits, 0) @ painting.components
    expected = np.maximum(expected, 0.02 * expected.mean(axis=1, keepdims=True) + 1e-6)
    information = (1 / expected) @ np.square(painting.components[: len(LINE_GROUPS)]).T
    variances = (1 / np.maximum(information, 1e-12)).astype(np.float32)
    areas, errors = np.full((2, *truth.shape), np.nan, np.float32)
    fit = painting.template_fit
    found = painting.areas(X)
    for column, name in enumerate(LINE_GROUPS):
        if name in fit.line_groups_:
            place = fit.line_groups_.index(name)
            areas[:, column], errors[:, column] = (part[:, place] for part in found)
    return Spectra(counts, fits, truth, variances), areas, errors
