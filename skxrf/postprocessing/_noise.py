"""How much of a map is noise: what the given errors claim, and what the values show."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import lsq_linear

__all__ = ["claimed_noise", "fit_noise", "noise_at"]

Array = NDArray[np.floating[Any]]

# Bins of intensity, and the fewest pixels in one.
_N_BINS = 16
_LEAST_PIXELS = 50
# Quantile of the claimed variances of an intensity that is taken for its noise, and what is
# allowed above it.
_LOW, _ABOVE = 0.1, 1.1
# Largest relative variance of a texture that nothing predicts.
_TEXTURE = 0.03
# Upper quartile of the square of a standard normal variable, and what is allowed above it.
_QUARTILE, _SLACK = 1.3233, 1.1
# A bin with more zeros than this is not normal: values were held at zero.
_ZEROS = 0.02
# Squared residuals beyond this many variances are details, not noise.
_DETAIL = 12.0
# Values of so many claimed errors have the claimed noise, those of one have what is found.
_SURE = 4.0
# Shares of the claimed variance above these are believed to be more and more of it, and all.
_NEARLY_ALL = (0.6, 0.8)


def claimed_noise(values: Array, variances: Array, smooth: Array, estimate: Array) -> Array:
    """Variances of the noise that the claimed errors leave room for.

    A claimed standard error holds all that may be wrong with a value, and may be much larger in
    some pixels than in others of the same intensity. Noise is not: counts scatter by their
    number. It is therefore taken from a low quantile of the variances claimed at the same
    intensity.

    Parameters
    ----------
    values, variances : ndarray of shape (n_pixels, n_elements)
        Measured intensities, and their claimed variances.
    smooth : ndarray of the same shape
        The latter smoothed: noise is at most that.
    estimate : ndarray of the same shape
        Intensities with less noise.

    Returns
    -------
    ndarray of shape (n_pixels, n_elements)
        Variances.
    """
    n_bins = min(4 * _N_BINS, max(len(values) // _LEAST_PIXELS, 1))
    found = np.empty_like(values)
    for j in range(values.shape[1]):
        parts = np.array_split(np.argsort(values[:, j]), n_bins)
        at = [values[part, j].mean() for part in parts]
        low = [np.quantile(variances[part, j], _LOW) for part in parts]
        found[:, j] = np.interp(estimate[:, j], at, low)
    return np.asarray(np.minimum(np.maximum(_ABOVE * found, 1e-4 * smooth), smooth))


def fit_noise(values: Array, prediction: tuple[Array, Array], claimed: Array) -> Array:
    """Noise of values near zero: background and slope of its variance, from residuals.

    What is the same in all pixels of a paint (a dim element held at zero, a wrong line ratio) is
    no noise: averaging does not remove it. Squared residuals of a prediction show the noise; in
    bins of the predicted intensity they are fitted as ``a + c m + d m^2`` with weights of their
    own size: background, counts, and a texture that nothing predicts (Foi et al. 2008, IEEE
    Trans. Image Process. 17, 1737, whose noise is ``a + c m``).

    Parameters
    ----------
    values, claimed : ndarray of shape (n_pixels, n_elements)
        Intensities, and the variances of noise that the prediction was made with.
    prediction : pair of ndarray of the same shape
        Intensities predicted without the measured ones, and their variances.

    Returns
    -------
    ndarray of shape (2, n_elements)
        ``a`` and ``c``.
    """
    predicted, spread = prediction
    squares = np.minimum((values - predicted) ** 2, _DETAIL * (claimed + spread))
    found = [
        _fitted(m, q, value == 0)
        for m, q, value in zip(predicted.T, squares.T, values.T, strict=True)
    ]
    return np.array(found).T


def noise_at(estimate: Array, coefficients: Array, claimed: Array) -> Array:
    """Variance of the noise at an intensity: the fitted one if dim, the claimed one if bright.

    Parameters
    ----------
    estimate, claimed : ndarray of shape (n_pixels, n_elements)
        Intensities, and the variances of :func:`claimed_noise`, which are never exceeded.
    coefficients : ndarray of shape (2, n_elements)
        Of :func:`fit_noise`.

    Returns
    -------
    ndarray of shape (n_pixels, n_elements)
        Variances.
    """
    estimate = np.maximum(estimate, 0)
    base, slope = coefficients
    low, high = _NEARLY_ALL
    sure = np.clip((estimate / np.sqrt(claimed) - 1) / (_SURE - 1), 0, 1)
    share = np.clip((base + slope * estimate) / claimed, np.maximum(high * sure, 1e-4), 1)
    share += np.clip((share - low) / (high - low), 0, 1) * (1 - share)
    return np.asarray(share * claimed)


def _fitted(predicted: Array, squares: Array, zero: Array) -> tuple[float, float]:
    predicted = np.maximum(predicted, 0)
    n_bins = min(_N_BINS, max(len(predicted) // _LEAST_PIXELS, 1))
    parts = np.array_split(np.argsort(predicted), n_bins)
    m, m2, q, q75, zeros = np.array([
        (predicted[p].mean(), np.mean(predicted[p] ** 2), squares[p].mean(),
         np.quantile(squares[p], 0.75), zero[p].mean())
        for p in parts
    ]).T  # fmt: skip
    q = np.maximum(q, 1e-12)
    robust = np.maximum(_SLACK * q75 / _QUARTILE, 1e-12)
    q = np.where((zeros < _ZEROS) | (m > 3 * np.sqrt(q)), np.minimum(q, robust), q)
    scales = np.maximum([m.max(), m2.max()], 1e-12)
    design = np.stack([np.ones(n_bins), m / scales[0], m2 / scales[1]], axis=1) / q[:, None]
    most = [np.inf, np.inf, _TEXTURE * scales[1] + 1e-12]
    base, slope, _ = lsq_linear(design, np.ones(n_bins), bounds=([0.0, 0.0, 0.0], most)).x
    return float(base), float(slope / scales[0])
