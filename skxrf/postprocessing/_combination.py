"""Measurement and prediction averaged, except where they contradict each other."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["coherent_bias", "combine"]

Array = NDArray[np.floating[Any]]
Mask = NDArray[np.bool_]

# Strokes of this many pixels in four directions, and a square, are looked at together ...
_STROKE = 7
_DIRECTIONS = ((0, 1), (1, 0), (1, 1), (1, -1))
# ... and believed beyond this many standard errors of their mean.
_BELIEVED = 3.0


def combine(
    values: Array,
    noise: Array,
    variances: Array,
    prediction: tuple[Array, Array],
    present: Mask,
    outlying: float,
) -> tuple[Array, Array]:
    """Average measured and predicted intensities by their variances.

    Parameters
    ----------
    values : ndarray of shape (n_elements, n_rows, n_columns)
        Measured intensities.
    noise, variances : ndarray of the same shape
        Their variances: smoothed ones, which weigh, and the ones claimed, for values that are
        kept as they are.
    prediction : pair of ndarray of the same shape
        Intensities predicted without the measured ones, and their variances.
    present : ndarray of bool, (n_rows, n_columns)
        Pixels that are not missing.
    outlying : float
        Single values are kept beyond this many standard errors of their difference.

    Returns
    -------
    intensities, variances : ndarray of shape (n_elements, n_rows, n_columns)
        The averages, and their variances.
    """
    predicted, spread = prediction
    differences = predicted - values
    total = noise + spread
    trust = np.clip(outlying + 0.5 - np.abs(differences) / np.sqrt(total), 0, 1)
    spread = spread + coherent_bias(differences, total, present)
    share = trust * noise / (noise + spread)
    return values + share * differences, share * spread + (1 - trust) * variances


def coherent_bias(differences: Array, variances: Array, present: Mask) -> Array:
    """Squared bias of the prediction that strokes and squares of pixels agree on.

    Differences of single pixels are noise; where they have the same sign along a line, the
    prediction has missed something.

    Parameters
    ----------
    differences : ndarray of shape (n_elements, n_rows, n_columns)
        Prediction less measurement.
    variances : ndarray of the same shape
        Of the differences.
    present : ndarray of bool, (n_rows, n_columns)
        Pixels that are not missing.

    Returns
    -------
    ndarray of shape (n_elements, n_rows, n_columns)
        The largest squared bias of all strokes that are centred on the pixel, less what noise
        adds to it.
    """
    found = np.empty_like(differences)
    for one, difference, variance in zip(found, differences, variances, strict=True):
        one[:] = _coherent(difference, variance, present)
    return found


def _coherent(difference: Array, variance: Array, present: Mask) -> Array:
    half = _STROKE // 2
    n_rows, n_columns = present.shape
    padded = np.pad(np.where(present, difference, 0), half)
    spread = np.pad(np.where(present, variance, 0), half)
    there = np.pad(present, half).astype(difference.dtype)
    found = np.zeros_like(difference)
    for stroke in _strokes():
        at = [
            (slice(half + dy, half + dy + n_rows), slice(half + dx, half + dx + n_columns))
            for dy, dx in stroke
        ]
        summed = np.add.reduce([padded[place] for place in at]) ** 2
        expected = np.add.reduce([spread[place] for place in at])
        n_pixels = np.maximum(np.add.reduce([there[place] for place in at]), 1)
        significance = np.sqrt(summed / np.maximum(expected, 1e-12))
        belief = np.clip(significance - _BELIEVED, 0, 1)
        np.maximum(found, belief * (summed - expected) / n_pixels**2, out=found)
    return found


def _strokes() -> list[list[tuple[int, int]]]:
    """Steps from the middle of each stroke, and of the square, to its pixels."""
    along = range(-(_STROKE // 2), _STROKE // 2 + 1)
    lines = [[(k * dy, k * dx) for k in along] for dy, dx in _DIRECTIONS]
    return [*lines, [(dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)]]
