"""Pixels as a mixture of Gaussian classes, and what the other elements of a pixel say of each.

Arrays are (n_pixels, n_elements).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Mixture", "classes", "fit_mixture", "predict_left_out", "signal_variances"]

Array = NDArray[np.floating[Any]]
Labels = NDArray[np.intp]

# Fewer pixels than this make no class of their own.
_LEAST_PIXELS = 300
# Pixels that the first classes are made from, and rounds that move their centres.
_SAMPLE = 20_000
_N_MOVES = 8
# Rounds of expectation and maximization.
_N_ROUNDS = 6
# Weight of a mean of zero, in pixels.
_PRIOR_PIXELS = 20.0
# Matrices solved together: they fit in a processor's cache.
_BATCH = 2048
# Variance, in units of the noise's, that makes a measurement say nothing.
_NOTHING = 1e6
# Squared significance at which half of an undetected signal is believed.
_CHANCE = 3.0


@dataclass(frozen=True)
class Mixture:
    """Gaussian classes of pixels.

    Parameters
    ----------
    share : ndarray of shape (n_classes,)
        Share of all pixels.
    mean, noise : ndarray of shape (n_classes, n_elements)
        Mean intensity, and mean variance of the noise.
    signal, inverse : ndarray of shape (n_classes, n_elements, n_elements)
        Covariance of the intensities without noise, and inverse of that with noise, in units of
        the noise.
    """

    share: Array
    mean: Array
    noise: Array
    signal: Array
    inverse: Array

    def log_likelihoods(self, values: Array) -> Array:
        """Log of the share of each class (columns) in the density at each pixel (rows)."""
        logs = np.empty((len(values), len(self.share)))
        for k, inverse in enumerate(self.inverse):
            z = (values - self.mean[k]) / np.sqrt(self.noise[k])
            volume = np.linalg.slogdet(inverse)[1] - np.log(self.noise[k]).sum()
            logs[:, k] = (volume - np.einsum("ij,ij->i", z @ inverse, z)) / 2
        return logs + np.log(self.share)


def classes(features: Array, n_classes: int) -> Labels:
    """Class of each pixel by its features: split along the widest axis, then Lloyd's k-means.

    Parameters
    ----------
    features : ndarray of shape (n_pixels, n_features)
        What is alike in a class.
    n_classes : int
        At most so many, and no more than pixels suffice for.

    Returns
    -------
    ndarray of int, shape (n_pixels,)
        From 0.
    """
    n_classes = min(n_classes, max(len(features) // _LEAST_PIXELS, 1))
    some = features[:: -(-len(features) // _SAMPLE)]
    groups = [some]
    while len(groups) < n_classes:
        centred = [group - group.mean(axis=0) for group in groups]
        widest = int(np.argmax([np.sum(group**2) for group in centred]))
        group, at = groups[widest], centred[widest]
        axis = np.linalg.eigh(at.T @ at)[1][:, -1]
        side = at @ axis > 0
        if side.all() or not side.any():
            break
        groups[widest] = group[side]
        groups.append(group[~side])
    centres = np.array([group.mean(axis=0) for group in groups])
    for _ in range(_N_MOVES):
        nearest = _nearest(some, centres)
        sizes = np.bincount(nearest, minlength=len(centres))
        members = np.eye(len(centres))[nearest]
        centres = np.where(
            sizes[:, None] > 0, members.T @ some / np.maximum(sizes, 1)[:, None], centres
        )
    return _nearest(features, centres)


def _nearest(features: Array, centres: Array) -> Labels:
    return np.asarray((np.sum(centres**2, axis=1) - 2 * features @ centres.T).argmin(axis=1))


def fit_mixture(values: Array, noise: Array, labels: Labels) -> Mixture:
    """Classes that start from labels, and move by expectation and maximization.

    Parameters
    ----------
    values, noise : ndarray of shape (n_pixels, n_elements)
        Measured intensities, and the variances of their noise.
    labels : ndarray of int, shape (n_pixels,)
        First classes.

    Returns
    -------
    Mixture
    """
    members: Array = np.eye(int(labels.max()) + 1)[labels]
    for remaining in reversed(range(_N_ROUNDS)):
        mixture = _maximized(values, noise, members)
        if remaining:
            members = _probabilities(mixture.log_likelihoods(values))
    return mixture


def _maximized(values: Array, noise: Array, members: Array) -> Mixture:
    n_elements = values.shape[1]
    sizes = members.sum(axis=0)
    kept = sizes >= min(3.0, sizes.max())
    sizes, members = sizes[kept], members[:, kept]
    mean = members.T @ values / (sizes + _PRIOR_PIXELS)[:, None]
    of_noise = members.T @ noise / sizes[:, None]
    signal = np.empty((len(sizes), n_elements, n_elements))
    for k, size in enumerate(sizes):
        z = (values - mean[k]) / np.sqrt(of_noise[k])
        eigenvalues, vectors = np.linalg.eigh((z * members[:, k : k + 1]).T @ z / size)
        ratio = np.array([n_elements / max(size, n_elements)])
        signal[k] = (vectors * signal_variances(eigenvalues[None], ratio)) @ vectors.T
    inverse = np.linalg.inv(signal + np.eye(n_elements))
    return Mixture(sizes / sizes.sum(), mean, of_noise, signal, inverse)


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


def predict_left_out(mixture: Mixture, values: Array, outlying: float) -> tuple[Array, Array]:
    """Predict each element of each pixel from the other elements of the pixel.

    Within a class, an element is predicted by conditioning on the measured values of all the
    others: with K the inverse of signal + noise, it differs from its prediction by
    (K d)_e / K_ee, with variance 1 / K_ee (Rasmussen & Williams 2006, Gaussian Processes for
    Machine Learning, eqs. 5.10-5.12). Classes are averaged by their probability. Elements that
    differ from their own prediction by more than `outlying` standard errors are then left out of
    the prediction of the others, within the most probable class.

    Parameters
    ----------
    mixture : Mixture
        The classes.
    values : ndarray of shape (n_pixels, n_elements)
        Measured intensities.
    outlying : float
        Standard errors.

    Returns
    -------
    prediction, variance : ndarray of shape (n_pixels, n_elements)
        Prediction, and its variance (noise of the element itself not included).
    """
    residual, variance = np.empty_like(values), np.empty_like(values)
    for start in range(0, len(values), _BATCH):
        part = slice(start, start + _BATCH)
        residual[part], variance[part] = _left_out(mixture, values[part], outlying)
    return values - residual, variance


def _left_out(mixture: Mixture, values: Array, outlying: float) -> tuple[Array, Array]:
    logs = mixture.log_likelihoods(values)
    of_class = np.empty((*values.shape, len(mixture.share)))
    spreads = np.empty((values.shape[1], len(mixture.share)))
    for k, inverse in enumerate(mixture.inverse):
        scale = np.sqrt(mixture.noise[k])
        total = 1 / np.diag(inverse)
        of_class[..., k] = ((values - mixture.mean[k]) / scale) @ inverse * (total * scale)
        spreads[:, k] = total * scale**2
    # Without the element itself: the density of all less that of the element given the others.
    own = -(of_class**2 / spreads + np.log(spreads)) / 2
    members = _probabilities(logs[:, None, :] - own)
    residual = (members * of_class).sum(axis=2)
    signal = np.maximum(spreads - mixture.noise.T, 0)
    variance = (members * (of_class**2 + signal)).sum(axis=2) - residual**2
    variance = np.maximum(variance, 0)
    best = logs.argmax(axis=1)
    off = np.abs(residual) > outlying * np.sqrt(variance + mixture.noise[best])
    some = np.flatnonzero(off.any(axis=1))
    if len(some):
        at = np.arange(values.shape[1])
        k = best[some]
        measured = np.where(off[some], _NOTHING, 1.0)
        covariance = mixture.signal[k]
        covariance[:, at, at] += measured
        inverse = np.linalg.inv(covariance)
        scale = np.sqrt(mixture.noise[k])
        total = 1 / inverse[:, at, at]
        z = (values[some] - mixture.mean[k]) / scale
        residual[some] = (inverse @ z[:, :, None])[:, :, 0] * total * scale
        variance[some] = np.maximum(total - measured, 0) * scale**2
    return residual, variance


def _probabilities(logs: Array) -> Array:
    """From log likelihoods, over the last axis."""
    found = np.exp(logs - logs.max(axis=-1, keepdims=True))
    found /= found.sum(axis=-1, keepdims=True)
    return np.asarray(found)
