"""Measurement and prediction averaged, except where they contradict each other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from skxrf.utils.typing import FloatArray, Mask


@dataclass(frozen=True)
class _Strokes:
    """Strokes of pixels, in four directions, whose differences are tested together."""

    length: int = 7  # length of a stroke [pixels]
    directions: tuple[tuple[int, int], ...] = ((0, 1), (1, 0), (1, 1), (1, -1))
    """Steps (down, across) along a stroke."""
    significance: float = 3.0
    """Standard errors of its mean beyond which the bias of a stroke is corrected for."""


def combine(
    values: FloatArray,
    differences: FloatArray,
    noise: FloatArray,
    spread: FloatArray,
    expected: FloatArray,
    variances: FloatArray,
    present: Mask,
    outlying: float,
) -> tuple[FloatArray, FloatArray]:
    """Average measured and predicted intensities by their variances.

    - `values` (n_elements, n_rows, n_columns): measured intensities.
    - `differences` same shape: intensities predicted without the measured ones, less the measured
      ones.
    - `noise`, `spread` same shape: variances of the measured and of the predicted ones, by which
      they are weighed.
    - `expected` same shape: the latter without the caution that weights take.
    - `variances` same shape: variances claimed, for values that are kept as they are.
    - `present`: pixels that are not missing.
    - `outlying`: single values are kept beyond this many standard errors of their difference.
    - Returns `intensities`, `variances` (n_elements, n_rows, n_columns): the averages, and their
      variances.
    """
    trusted = trust(differences, noise + spread, outlying)
    bias = coherent_bias(differences, noise + spread, present)
    share = trusted * noise / (noise + spread + bias)
    variance = (1 - share) ** 2 * noise + share**2 * (expected + bias)
    variance += (1 - trusted) * np.maximum(variances - noise, 0)
    return values + share * differences, variance


def trust(differences: FloatArray, variances: FloatArray, outlying: float) -> FloatArray:
    """1 where a prediction may be right, 0 where it is plainly not.

    `differences`, `variances`: prediction less measurement, and its variance. `outlying`: standard
    errors at which it is 0.5; it falls within a quarter of one on both sides. Returns same shape.
    """
    below = outlying - np.abs(differences) / np.sqrt(variances)
    return np.asarray(np.clip(0.5 + 2 * below, 0, 1))


def coherent_bias(differences: FloatArray, variances: FloatArray, present: Mask) -> FloatArray:
    """Squared bias of the prediction that strokes and squares of pixels agree on.

    Differences of single pixels are noise; where they have the same sign along a line, the
    prediction has missed something.

    `differences` (n_elements, n_rows, n_columns): prediction less measurement. `variances` same
    shape: of the differences. `present`: pixels that are not missing. Returns
    (n_elements, n_rows, n_columns): the largest squared bias of all strokes that are centered on
    the pixel, less what noise adds to it.
    """
    found = np.empty_like(differences)
    for one, difference, variance in zip(found, differences, variances, strict=True):
        one[:] = _coherent(difference, variance, present)
    return found


def _coherent(difference: FloatArray, variance: FloatArray, present: Mask) -> FloatArray:
    half = _Strokes.length // 2
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
        belief = np.clip(significance - _Strokes.significance, 0, 1)
        np.maximum(found, belief * (summed - expected) / n_pixels**2, out=found)
    return found


def _strokes() -> list[list[tuple[int, int]]]:
    """Steps from the middle of each stroke, and of the square, to its pixels."""
    along = range(-(_Strokes.length // 2), _Strokes.length // 2 + 1)
    lines = [[(k * dy, k * dx) for k in along] for dy, dx in _Strokes.directions]
    return [*lines, [(dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)]]
