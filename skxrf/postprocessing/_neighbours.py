"""Means over neighbours: plain windows, and pixels that are alike.

Arrays are (n_elements, n_rows, n_columns), in units of a typical standard error of each element.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

__all__ = ["box_mean", "similar_mean"]

Array = NDArray[np.floating[Any]]
Mask = NDArray[np.bool_]

# Weight of a pixel in its own group: nearly none, since the group predicts it, but enough for a
# group that has no other member; and how little, in units of the noise, that group then knows.
_OWN_WEIGHT = 0.01
_ALONE = 25.0


def box_mean(values: Array, present: Mask, radius: int) -> Array:
    """Mean of the present pixels in a square window; 0 where there are none."""
    size = (0,) * (values.ndim - 2) + (2 * radius + 1,) * 2
    sums = uniform_filter(np.where(present, values, 0.0), size, mode="constant")
    share = uniform_filter(present.astype(np.float64), size[-2:], mode="constant")
    # A running sum leaves rounding errors behind where there is nothing.
    some = share > 0.5 / (2 * radius + 1) ** 2
    return np.asarray(np.divide(sums, share, out=np.zeros_like(sums), where=some))


def similar_mean(
    values: Array,
    noise: Array,
    pilot: tuple[Array, Array],
    present: Mask,
    judges: NDArray[np.bool_],
    radius: int,
    tolerance: float,
) -> tuple[Array, Array]:
    """Mean over the pixels of a round window that explain a pixel's counts.

    A neighbour weighs exp(-d / tolerance): d is how much worse than expected the neighbour's
    pilot estimate explains what was measured in the pixel, as a mean over elements of squared
    differences in units of their variances (non-local means with the distance of counts to an
    estimate; Buades, Coll & Morel 2005, Multiscale Model. Simul. 4, 490).

    Parameters
    ----------
    values, noise : ndarray of shape (n_elements, n_rows, n_columns)
        Measured intensities and the variances of their noise.
    pilot : pair of ndarray of the same shape
        A first estimate and its variance.
    present : ndarray of bool, (n_rows, n_columns)
        Pixels that are not missing.
    judges : ndarray of bool, (n_elements,)
        Elements that tell what is similar.
    radius : int
        Of the window.
    tolerance : float
        See above.

    Returns
    -------
    mean : ndarray of shape (n_elements, n_rows, n_columns)
        Of `values`.
    doubt : ndarray of shape (n_rows, n_columns)
        Variance of the mean in units of the noise: one over the effective number of pixels,
        (sum of weights)^2 / (sum of their squares), and more where none is similar.
    """
    # Single precision: the weights need no more, and half of the memory is twice the speed.
    single = np.float32
    reach = ((0, 0), (radius, radius), (radius, radius))
    guess, doubt = (np.pad(array[judges].astype(single), reach) for array in pilot)
    others = np.pad(values.astype(single), reach)
    there = np.pad(present, radius).astype(single)
    own, variances = values[judges].astype(single), noise[judges].astype(single)
    n_rows, n_columns = present.shape
    weight = present * single(_OWN_WEIGHT)
    squares = weight * weight
    mean = values.astype(single) * weight
    for dy, dx in _steps(radius):
        other = (
            slice(radius + dy, radius + dy + n_rows),
            slice(radius + dx, radius + dx + n_columns),
        )
        distance = own - guess[:, *other]
        distance *= distance
        distance /= variances + doubt[:, *other]
        excess = np.maximum(distance.mean(axis=0) - 1, 0)
        w = np.exp(excess * single(-1 / tolerance)) * there[other]
        weight += w
        squares += w * w
        mean += w * others[:, *other]
    weight = np.maximum(weight, single(1e-12))
    doubt = (squares + _ALONE * _OWN_WEIGHT**2) / weight**2
    return (mean / weight).astype(np.float64), doubt.astype(np.float64)


def _steps(radius: int) -> list[tuple[int, int]]:
    """All steps of a round window but that to the pixel itself."""
    span = range(-radius, radius + 1)
    return [
        (dy, dx)
        for dy in span
        for dx in span
        if (dy or dx) and dy * dy + dx * dx <= radius * (radius + 1)
    ]
