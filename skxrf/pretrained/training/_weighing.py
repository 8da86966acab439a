"""Choose the weight of the template fit and the error factors on held-out labeled spectra."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from skxrf.pretrained._fit_average import average_with_fit
from skxrf.pretrained._weights import Weights

from ._error_scale import error_factor
from ._labeled import LabeledSpectra

# Weights of the template fit that are tried.
_SHARES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
# Root mean square error, in units of that by the former weights, from which others are taken: labels
# of a few paintings do not show every chemistry, and a network fails more than a fit where it is new.
_BETTER = 0.9


@dataclass(frozen=True)
class HeldOutPrediction:
    """Predictions for labeled spectra that the network did not see."""

    # values, errors (n_samples, n_groups): net counts by the network, and their standard errors
    values: NDArray[np.float32]
    errors: NDArray[np.float32]
    labeled: LabeledSpectra  # their spectra and labels

    @classmethod
    def of(cls, weights: Weights, labeled: LabeledSpectra) -> Self:
        """Predict labeled spectra with a network that did not see them."""
        counts = labeled.spectra.counts.astype(np.float32)
        return cls(*weights.predict(counts, labeled.spectra.fits), labeled)


def weighed(weights: Weights, held_out: Sequence[HeldOutPrediction]) -> Weights:
    """Choose the weights of the template fit and the factors of standard errors by labels.

    Returns the same network; for each line group with labels, the weights of the fit of the least
    squared error where they are better than the former by a tenth of the error, and the factor that makes the standard errors of pixels that contain it agree
    with the errors made.
    """
    shares, scale = weights.fit_shares.copy(), weights.error_scale.copy()
    values, errors, truths, areas, area_errors = (
        np.concatenate(parts)
        for parts in zip(
            *(
                (
                    one.values,
                    one.errors,
                    one.labeled.spectra.intensities,
                    one.labeled.areas,
                    one.labeled.area_errors,
                )
                for one in held_out
            ),
            strict=True,
        )
    )
    for column in np.flatnonzero(held_out[0].labeled.has_label):
        own, error, truth = (part[:, column] for part in (values, errors, truths))
        there = truth > 2 * error
        factor = error_factor(np.abs(own - truth)[there] / error[there])
        if factor is not None:
            scale[column] *= factor
        fitted = np.isfinite(areas[:, column])
        # Spectra below which the weights of the fit stay as they are.
        if np.count_nonzero(fitted) < 100:
            continue
        found = [part[fitted] for part in (own, error, areas[:, column], area_errors[:, column])]
        losses = {}
        former = tuple(shares[:, column].tolist())
        for pair in {former, *itertools.product(_SHARES, _SHARES)}:
            both, _ = average_with_fit(found[0], found[1], found[2], found[3], np.array(pair))
            losses[pair] = float(np.mean(np.square(np.maximum(both, 0) - truth[fitted])))
        best = min(sorted(losses), key=losses.__getitem__)
        if losses[best] < _BETTER**2 * losses[former]:
            shares[:, column] = best
    return replace(weights, fit_shares=shares, error_scale=scale)
