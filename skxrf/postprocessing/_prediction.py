"""What the neighbours and the other elements of a pixel predict for each of its elements."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._neighbours import Moments, pairs

__all__ = ["predict_left_out", "signal_variances"]

Array = NDArray[np.floating[Any]]

# Matrices solved together: they fit in a processor's cache.
_BATCH = 2048
# Variance, in units of the noise's, that makes a measurement say nothing.
_NOTHING = 1e6
# Squared significance at which half of an undetected signal is believed.
_CHANCE = 3.0


def signal_variances(eigenvalues: Array, ratio: Array) -> Array:
    """Variances of the signal along the eigenvectors of a sample covariance with unit noise.

    Noise alone scatters the eigenvalues of the sample covariance of n samples of p variables up
    to (1 + sqrt(p/n))^2 (Marchenko & Pastur 1967, Math. USSR Sb. 1, 457). One above it is a
    signal's, and too large: ``l = (1 + s) (1 + ratio / s)`` is solved for the signal's variance
    ``s``, and the squared cosine between the signal and its eigenvector is
    ``(1 - ratio / s^2) / (1 + ratio / s)`` (Paul 2007, Statistica Sinica 17, 1617). Signal off
    the eigenvectors, and what is too weak to show, is left in the trace; it is spread over all
    other directions.

    Parameters
    ----------
    eigenvalues : ndarray of shape (n, p)
        Eigenvalues.
    ratio : ndarray of shape (n,)
        p over the number of samples.

    Returns
    -------
    ndarray of shape (n, p)
        Variances.
    """
    ratio = np.clip(ratio, 1e-6, 1.0)[:, None]
    detected = eigenvalues > (1 + np.sqrt(ratio)) ** 2
    half = (np.where(detected, eigenvalues, (1 + np.sqrt(ratio)) ** 2) - 1 - ratio) / 2
    signal = half + np.sqrt(np.maximum(half * half - ratio, 0))
    along = np.maximum(1 - ratio / signal**2, 0) / (1 + ratio / signal)
    found = np.where(detected, signal * along, 0.0)
    n_others = np.maximum((~detected).sum(axis=1), 1)
    rest = (eigenvalues - 1 - found).sum(axis=1) / n_others
    rest = np.maximum(rest, 0)
    # The trace of n samples scatters by sqrt(2p/n): what hardly exceeds that is mostly chance.
    chance = _CHANCE * 2 * ratio[:, 0] / n_others**2
    rest = rest * rest**2 / (rest**2 + chance)
    return np.where(detected, found, rest[:, None])


def predict_left_out(values: Array, moments: Moments, outlying: float) -> tuple[Array, Array]:
    """Predict each element of each pixel from its group and from the pixel's other elements.

    The intensities of a group are taken as normal, of the group's mean and covariance; an element
    is predicted by conditioning on the measured values of all the others. Elements that differ
    from their own prediction by more than `outlying` standard errors are then left out of the
    prediction of the others.

    Parameters
    ----------
    values : ndarray of shape (n_elements, n_rows, n_columns)
        Measured intensities of the block.
    moments : Moments
        Of the groups around each pixel of the block.
    outlying : float
        Standard errors.

    Returns
    -------
    prediction, variance : ndarray of shape (n_elements, n_rows, n_columns)
        Prediction, and its variance (noise of the element itself not included).
    """
    shape = values.shape
    flat, mean, noise, covariance = (
        np.ascontiguousarray(array.reshape(array.shape[0], -1).T, dtype=np.float64)
        for array in (values, moments.mean, moments.variance, moments.covariance)
    )
    size = moments.size.ravel()
    prediction, variance = np.empty_like(flat), np.empty_like(flat)
    for start in range(0, len(size), _BATCH):
        part = slice(start, start + _BATCH)
        prediction[part], variance[part] = _batch(
            flat[part], mean[part], noise[part], covariance[part], size[part], outlying
        )
    return prediction.T.reshape(shape), variance.T.reshape(shape)


def _batch(
    values: Array, mean: Array, noise: Array, covariance: Array, size: Array, outlying: float
) -> tuple[Array, Array]:
    n_elements = values.shape[1]
    noise = np.maximum(noise, 1e-6)  # where there is no pixel at all
    scale = np.sqrt(noise)
    i, j = pairs(n_elements)
    matrix = np.zeros((len(values), n_elements, n_elements))
    matrix[:, i, j] = covariance
    matrix[:, j, i] = covariance
    matrix /= scale[:, :, None] * scale[:, None, :]
    eigenvalues, vectors = np.linalg.eigh(matrix)
    size = np.maximum(size, 1.0)
    signal = signal_variances(eigenvalues, n_elements / size)
    # The mean of the group is known to its own standard error only.
    signal += (signal + 1) / size[:, None]
    prior = (vectors * signal[:, None, :]) @ vectors.transpose(0, 2, 1)
    distance = (values - mean) / scale
    ones = np.ones_like(distance)
    residual, total = _left_out(prior, distance, ones)
    off = np.abs(residual) > outlying * np.sqrt(total)
    some = off.any(axis=1)
    if some.any():
        measured = np.where(off[some], _NOTHING, 1.0)
        again, spread = _left_out(prior[some], distance[some], measured)
        residual[some], total[some] = again, spread - (measured - 1)
    return values - residual * scale, np.maximum(total - 1, 0) * noise


def _left_out(prior: Array, distance: Array, noise: Array) -> tuple[Array, Array]:
    """Difference of each value to its prediction from the others, and the variance of that.

    With K the inverse of prior + noise, they are (K d)_e / K_ee and 1 / K_ee (Rasmussen &
    Williams 2006, Gaussian Processes for Machine Learning, eqs. 5.10-5.12).
    """
    with_noise = prior.copy()
    diagonal = np.arange(prior.shape[1])
    with_noise[:, diagonal, diagonal] += noise
    inverse = np.linalg.inv(with_noise)
    total = 1 / inverse[:, diagonal, diagonal]
    return (inverse @ distance[:, :, None])[:, :, 0] * total, total
