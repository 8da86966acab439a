"""Moments of the intensities of similar pixels: who is similar, and what they say together.

Arrays are (n_elements, n_rows, n_columns), in units of a typical standard error of each element.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

__all__ = ["Moments", "box_mean", "similar_moments", "window_moments"]

Array = NDArray[np.floating[Any]]
Mask = NDArray[np.bool_]

# Weight of a pixel in its own group: small, since the group predicts it, but enough for a group
# that has no other member.
_OWN_WEIGHT = 0.3


@dataclass(frozen=True)
class Moments:
    """Weighted moments over a group of pixels around each pixel of a block.

    Parameters
    ----------
    size : ndarray of shape (n_rows, n_columns)
        Effective number of pixels in the group, (sum of weights)^2 / (sum of their squares).
    mean, variance : ndarray of shape (n_elements, n_rows, n_columns)
        Mean intensity, and mean variance of the noise.
    covariance : ndarray of shape (n_pairs, n_rows, n_columns)
        Unbiased covariance of the intensities, noise included, of ``pairs(n_elements)``.
    """

    size: Array
    mean: Array
    variance: Array
    covariance: Array


def box_mean(values: Array, present: Mask, radius: int) -> Array:
    """Mean of the present pixels in a square window; 0 where there are none."""
    size = (0,) * (values.ndim - 2) + (2 * radius + 1,) * 2
    sums = uniform_filter(np.where(present, values, 0.0), size, mode="constant")
    share = uniform_filter(present.astype(np.float64), size[-2:], mode="constant")
    # A running sum leaves rounding errors behind where there is nothing.
    some = share > 0.5 / (2 * radius + 1) ** 2
    return np.asarray(np.divide(sums, share, out=np.zeros_like(sums), where=some))


def pairs(n_elements: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns of the lower triangle of a covariance matrix."""
    return np.tril_indices(n_elements)


def window_moments(
    values: Array, variances: Array, present: Mask, rows: slice, radius: int
) -> Moments:
    """Moments over all present pixels of a square window."""
    first = max(rows.start - radius, 0)
    near = slice(first, min(rows.stop + radius, values.shape[1]))
    inner = slice(rows.start - first, rows.stop - first)
    values, variances, present = values[:, near], variances[:, near], present[near]
    i, j = pairs(len(values))
    filled = np.where(present, values, 0.0)
    mean = box_mean(filled, present, radius)[:, inner]
    products = box_mean(filled[i] * filled[j], present, radius)[:, inner]
    window = (2 * radius + 1) ** 2
    size = window * uniform_filter(present.astype(np.float64), 2 * radius + 1, mode="constant")
    noise = box_mean(variances, present, radius)[:, inner]
    return _centred(np.rint(size[inner]), mean, noise, products)


def similar_moments(
    values: Array,
    variances: Array,
    pilot: tuple[Array, Array],
    present: Mask,
    rows: slice,
    radius: int,
    tolerance: float,
) -> Moments:
    """Moments over the pixels of a round window that explain a pixel's counts.

    A neighbour weighs exp(-d / tolerance): d is how much worse than expected the neighbour's
    pilot estimate explains what was measured in the pixel, as a mean over elements of squared
    differences in units of their variances.
    """
    reach = ((0, 0), (radius, radius), (radius, radius))
    near = slice(rows.start, rows.stop + 2 * radius)  # in padded rows
    values, variances, guess, doubt = (
        np.pad(array, reach)[:, near] for array in (values, variances, *pilot)
    )
    there = np.pad(present, reach[1:])[near]
    n_rows, n_columns = rows.stop - rows.start, values.shape[2] - 2 * radius
    i, j = pairs(len(values))
    products = values[i] * values[j]
    here = (slice(radius, radius + n_rows), slice(radius, radius + n_columns))
    own, own_variances = values[:, *here].astype(np.float32), variances[:, *here].astype(np.float32)
    guess, doubt = guess.astype(np.float32), doubt.astype(np.float32)
    weight = there[here] * _OWN_WEIGHT
    squares = weight * weight
    mean, noise, second = (array[:, *here] * weight for array in (values, variances, products))
    for dy, dx in _steps(radius):
        other = (
            slice(radius + dy, radius + dy + n_rows),
            slice(radius + dx, radius + dx + n_columns),
        )
        distance = own - guess[:, *other]
        distance *= distance
        distance /= own_variances + doubt[:, *other]
        excess = np.maximum(distance.mean(axis=0) - 1, 0)
        w = np.exp(excess * np.float32(-1 / tolerance)).astype(np.float64) * there[other]
        weight += w
        squares += w * w
        mean += w * values[:, *other]
        noise += w * variances[:, *other]
        second += w * products[:, *other]
    weight = np.maximum(weight, 1e-12)
    size = weight * weight / np.maximum(squares, 1e-12)
    return _centred(size, mean / weight, noise / weight, second / weight)


def _steps(radius: int) -> list[tuple[int, int]]:
    """All steps of a round window but that to the pixel itself."""
    span = range(-radius, radius + 1)
    return [
        (dy, dx)
        for dy in span
        for dx in span
        if (dy or dx) and dy * dy + dx * dx <= radius * (radius + 1)
    ]


def _centred(size: Array, mean: Array, noise: Array, products: Array) -> Moments:
    i, j = pairs(len(mean))
    unbiased = size / np.maximum(size - 1, 1)
    return Moments(size, mean, noise, (products - mean[i] * mean[j]) * unbiased)
