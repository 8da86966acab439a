"""Weights of the bins of a spectrum, lower where its model fails."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["misfit_weights", "unexplained_share"]

Array = NDArray[np.float64]


def misfit_weights(residuals: Array, variance: Array, n_bins: int) -> Array:
    """Inverse standard errors, lowered where residuals around a bin exceed the expected ones.

    Parameters
    ----------
    residuals : ndarray of shape (n,)
        Counts that the model of a spectrum misses.
    variance : ndarray of shape (n,)
        Their expected squares.
    n_bins : int
        Bins, an odd number of at most ``2 n - 1``, over which squared residuals are averaged:
        one or two peaks.

    Returns
    -------
    ndarray of shape (n,)
        One over the standard errors: those expected, or as much larger as the residuals are.
    """
    around = np.pad(residuals**2 / variance, n_bins // 2, mode="reflect")
    local = np.convolve(around, np.ones(n_bins) / n_bins, mode="valid")
    return np.asarray(1 / np.sqrt(variance * np.maximum(local, 1.0)))


def unexplained_share(counts: Array, model: Array, n_joined: int) -> float:
    """Share of the counts that a model does not explain, beyond two standard errors of noise.

    Parameters
    ----------
    counts, model : ndarray of shape (n_channels,)
        Measured and fitted counts.
    n_joined : int
        Channels that are joined to a bin, about as wide as a peak: what a peak's exact shape
        misplaces within does not matter.

    Returns
    -------
    float
        0 for a model that fits.
    """
    starts = np.arange(0, counts.size, n_joined)
    missed = np.abs(np.add.reduceat(counts - model, starts))
    noise = 2 * np.sqrt(np.add.reduceat(counts, starts) + 1)
    return float(np.maximum(missed - noise, 0).sum() / max(counts.sum(), 1.0))
