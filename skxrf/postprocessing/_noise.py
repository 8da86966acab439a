"""How much of a map is noise: what the given errors claim, and what the values show."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import lsq_linear

__all__ = ["noise_level", "sharpened"]

Array = NDArray[np.floating[Any]]

# Bins of intensity, and the fewest pixels in one.
_N_BINS = 16
_LEAST_PIXELS = 50
# Largest relative variance of a texture that nothing predicts.
_TEXTURE = 0.03
# Upper quartile of the square of a standard normal variable, and what is allowed above it.
_QUARTILE, _SLACK = 1.3233, 1.1
# A bin with more zeros than this is not normal: values were held at zero.
_ZEROS = 0.02
# Squared residuals beyond this many variances are details, not noise.
_DETAIL = 12.0
# Values of four claimed errors have at least this share of the claimed variance ...
_LEAST_SHARE, _SURE = 0.5, 4.0
# ... and shares above this are believed to be all of it.
_NEARLY_ALL = (0.6, 0.8)


def noise_level(
    values: Array, claimed: Array, prediction: tuple[Array, Array], noise: Array
) -> Array:
    """Variance of the noise that neighbours do not share.

    A claimed standard error holds all that may be wrong with a value. What is the same in all
    pixels of a paint (a dim element held at zero, a wrong line ratio) is no noise: averaging does
    not remove it. Squared residuals of the prediction show the noise; in bins of the predicted
    intensity they are fitted as ``a + c m + d m^2`` with weights of their own size: background,
    counts, and a texture that nothing predicts (Foi et al. 2008, IEEE Trans. Image Process. 17,
    1737, whose noise is ``a + c m``). Noise is at most what is claimed.

    Parameters
    ----------
    values, claimed : ndarray of shape (n_pixels, n_elements)
        Intensities, and their claimed variances.
    prediction : pair of ndarray of the same shape
        Intensities predicted without the measured ones, and their variances.
    noise : ndarray of the same shape
        Variances that the prediction was made with.

    Returns
    -------
    ndarray of shape (n_pixels, n_elements)
        Variances.
    """
    predicted, spread = prediction
    squares = np.minimum((values - predicted) ** 2, _DETAIL * (noise + spread))
    estimate = np.maximum(predicted + spread / (noise + spread) * (values - predicted), 0)
    found = np.empty_like(values)
    for j in range(values.shape[1]):
        base, slope = _fitted(predicted[:, j], squares[:, j], values[:, j] == 0)
        found[:, j] = base + slope * estimate[:, j]
    sure = np.clip((estimate / np.sqrt(claimed) - 1) / (_SURE - 1), 0, 1)
    share = np.clip(found / claimed, np.maximum(_LEAST_SHARE * sure, 1e-4), 1)
    low, high = _NEARLY_ALL
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


def sharpened(variances: Array, smooth: Array, estimate: Array) -> Array:
    """Smooth variances that follow an estimate of the intensities over edges.

    Parameters
    ----------
    variances, smooth : ndarray of shape (n_pixels, n_elements)
        Claimed variances, and the same smoothed.
    estimate : ndarray of the same shape
        Intensities, nearly free of noise.

    Returns
    -------
    ndarray of shape (n_pixels, n_elements)
        Geometric mean of `smooth` and of the mean variance at that intensity.
    """
    found = np.empty_like(variances)
    n_bins = min(4 * _N_BINS, max(len(variances) // _LEAST_PIXELS, 1))
    for j, (variance, m) in enumerate(zip(variances.T, estimate.T, strict=True)):
        parts = np.array_split(np.argsort(m), n_bins)
        at, mean = np.array([(m[p].mean(), variance[p].mean()) for p in parts]).T
        found[:, j] = np.interp(m, at, mean)
    return np.sqrt(found * smooth)
