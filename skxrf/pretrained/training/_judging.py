"""What labels that a network was not trained on say of it: whom to trust, and how far."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray

from skxrf.pretrained._fit_average import average_with_fit
from skxrf.pretrained._weights import Weights

from ._calibration import error_factor
from ._labelled import LabelledSpectra

__all__ = ["JudgedSpectra", "judged_weights"]

# Weights of the template fit that are tried.
_SHARES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
# Fewer spectra say little.
_LEAST_SPECTRA = 100
_BATCH = 1024


@dataclass(frozen=True)
class JudgedSpectra:
    """Predictions for labelled spectra that the network did not see.

    Parameters
    ----------
    values, errors : ndarray of shape (n_samples, n_groups)
        Net counts by the network, and their standard errors.
    labelled : LabelledSpectra
        What they are compared with.
    """

    values: NDArray[np.float32]
    errors: NDArray[np.float32]
    labelled: LabelledSpectra

    @classmethod
    def of(cls, weights: Weights, labelled: LabelledSpectra) -> Self:
        """Predict them with a network."""
        parts = []
        with torch.inference_mode():
            for start in range(0, len(labelled.areas), _BATCH):
                rows = slice(start, start + _BATCH)
                counts, fits = (torch.from_numpy(part[rows]) for part in labelled.spectra[:2])
                parts.append([part.numpy() for part in weights.network(counts, fits)])
        values, errors = (np.concatenate(part) for part in zip(*parts, strict=True))
        return cls(values, errors * weights.calibration, labelled)


def judged_weights(weights: Weights, judged: Sequence[JudgedSpectra]) -> Weights:
    """Weights of the template fit, and factors of standard errors, as labels say.

    Parameters
    ----------
    weights : Weights
        Of the network that saw all labels.
    judged : sequence of JudgedSpectra
        Predictions of networks trained alike, on other spectra.

    Returns
    -------
    Weights
        The same network; for each line group with labels, the weights of the fit of the least
        squared error, and the factor that makes the errors of what is there hold.
    """
    shares, calibration = weights.fit_shares.copy(), weights.calibration.copy()
    values, errors, truths, areas, area_errors = (
        np.concatenate(parts)
        for parts in zip(
            *(
                (
                    one.values,
                    one.errors,
                    one.labelled.spectra.intensities,
                    one.labelled.areas,
                    one.labelled.area_errors,
                )
                for one in judged
            ),
            strict=True,
        )
    )
    for column in np.flatnonzero(judged[0].labelled.has_label):
        own, error, truth = (part[:, column] for part in (values, errors, truths))
        there = truth > 2 * error
        factor = error_factor(np.abs(own - truth)[there] / error[there])
        if factor is not None:
            calibration[column] *= factor
        fitted = np.isfinite(areas[:, column])
        if np.count_nonzero(fitted) < _LEAST_SPECTRA:
            continue
        found = [part[fitted] for part in (own, error, areas[:, column], area_errors[:, column])]
        losses = {}
        for pair in itertools.product(_SHARES, _SHARES):
            both, _ = average_with_fit(found[0], found[1], found[2], found[3], pair)
            losses[pair] = float(np.mean(np.square(np.maximum(both, 0) - truth[fitted])))
        shares[:, column] = min(losses, key=losses.__getitem__)
    return replace(weights, fit_shares=shares, calibration=calibration)
