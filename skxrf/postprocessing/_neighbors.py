"""Predict each pixel from its eight neighbors and estimate the local error of that prediction."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import uniform_filter

from skxrf.utils.typing import FloatArray, Mask


def box_mean(values: FloatArray, present: Mask, radius: int) -> FloatArray:
    """Mean of the present pixels in a square window; 0 where there are none."""
    size = (0,) * (values.ndim - 2) + (2 * radius + 1,) * 2
    sums = uniform_filter(np.where(present, values, 0.0), size, mode="constant")
    share = uniform_filter(present.astype(np.float64), size[-2:], mode="constant")
    # A running sum leaves rounding errors behind where there is nothing.
    some = share > 0.5 / (2 * radius + 1) ** 2
    return np.asarray(np.divide(sums, share, out=np.zeros_like(sums), where=some))


def neighbor_differences(
    values: FloatArray, noise: FloatArray, estimate: FloatArray, present: Mask, radius: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Predict each pixel by the eight around it.

    Once by their mean, and once by their mean relative to the sum of the other elements, times
    that sum in the pixel itself: where a paint is rough, or the dwell time varies, all elements
    vary together from pixel to pixel. The one that does better nearby is taken.

    `values`, `noise` (n_elements, n_rows, n_columns): measured intensities, and the variances of
    their noise; in pixels that are not present whatever is finite and positive. `estimate` same
    shape: intensities with less noise, whose means predict. `present`: pixels that are not missing.
    `radius`: radius of the square in which predictions are compared [pixels]. Returns
    `differences`, `spread`, `doubt` (n_elements, n_rows, n_columns): prediction less measurement;
    the variance of the prediction, by how much the differences around the pixel vary more than
    noise does, infinite where there are no neighbors; and how well that is known.
    """
    n_neighbors = _ring_sum(present.astype(np.float64))
    some = present & (n_neighbors > 0.5)

    n_judged = box_mean(some.astype(np.float64), np.ones_like(present), radius)
    n_judged = n_judged * (2 * radius + 1) ** 2

    def ring_mean(images: FloatArray) -> FloatArray:
        return _ring_sum(np.where(present, images, 0.0)) / np.maximum(n_neighbors, 0.5)

    def compared(predictions: FloatArray) -> tuple[FloatArray, FloatArray]:
        differences = np.where(some, predictions - values, 0.0)
        excess = np.where(some, differences**2 - noise, 0.0)
        # The pixel's own difference is no evidence for or against its prediction.
        spread = box_mean(excess, some, radius) * n_judged - excess
        spread = np.maximum(spread / np.maximum(n_judged - 1, 1), 0.0)
        return differences, np.where(some & (n_judged > 1.5), spread, np.inf)

    own = ring_mean(estimate)
    differences, spread = compared(own)
    unit = np.sqrt(noise[:, present].mean(axis=1))[:, None, None]
    others = _sum_of_others(ring_mean(estimate / unit))
    # Share of its mean that the sum of the other elements is taken to be at least.
    least = 1e-3 * np.abs(others[:, present]).mean(axis=1)[:, None, None] + 1e-300
    ratio = np.maximum(_sum_of_others(values / unit), 0.0) / np.maximum(others, least)
    relative, relative_spread = compared(own * ratio)
    better = relative_spread < spread
    # A variance from n differences is known to sqrt(2 / n) of itself.
    doubt = noise * np.sqrt(2) / (2 * radius + 1)
    found = np.where(better, relative, differences)
    return found, np.where(better, relative_spread, spread), doubt


def _ring_sum(images: FloatArray) -> FloatArray:
    """Sums over the eight pixels around each."""
    size = (0,) * (images.ndim - 2) + (3, 3)
    return np.asarray(uniform_filter(images, size, mode="constant") * 9 - images)


def _sum_of_others(images: FloatArray) -> FloatArray:
    return np.asarray(images.sum(axis=0) - images)
