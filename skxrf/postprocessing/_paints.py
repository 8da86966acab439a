"""Paints of a painting: a mixture of normal distributions of its intensities without their noise."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from sklearn.cluster import KMeans

from skxrf.utils.typing import FloatArray


@dataclass(frozen=True)
class _Learning:
    """Numbers of the expectation maximization."""

    most_paints: int = 32
    pixels_of_a_paint: int = 150  # pixels for each paint, at least, up to the most paints
    batch: int = 2048  # pixels that are compared with all paints at a time
    pixels: int = 20_000  # pixels that paints are learned from, at most
    rounds: int = 20
    rounds_before_merging: int = 4  # rounds after which paints are joined
    least_variance: float = 0.1  # least variance of measured intensities, in units of the noise's
    least_pixels: float = 3.0  # weight [pixels] below which a paint is dropped
    covariance_prior: float = 5.0
    """Weight [pixels] of a covariance as large as that of the noise, added to each paint's."""


@dataclass(frozen=True)
class PaintMixture:
    """Paints, each with normally distributed intensities and noise of its own."""

    scale: FloatArray  # (n_elements,): unit of each element's intensities [counts]
    weights: FloatArray  # (n_paints,): shares of the pixels
    means: FloatArray  # (n_paints, n_elements): mean intensities, in units of `scale`
    noise: FloatArray  # (n_paints, n_elements): mean variances of the noise, likewise
    covariances: FloatArray
    """(n_paints, n_elements, n_elements): covariances of the intensities without noise,
    likewise."""

    @cached_property
    def _inverses(self) -> FloatArray:
        """Inverse covariances of what is measured: intensities with noise."""
        diagonal = np.arange(self.noise.shape[1])
        measured = self.covariances.copy()
        measured[:, diagonal, diagonal] += self.noise
        return np.asarray(np.linalg.inv(measured))

    @cached_property
    def _log_scales(self) -> FloatArray:
        return np.asarray(np.log(self.weights) + 0.5 * np.linalg.slogdet(self._inverses)[1])

    def memberships(self, values: FloatArray) -> FloatArray:
        """Probability that a pixel is of each paint.

        `values` (n_pixels, n_elements): measured intensities [counts]. Returns
        (n_pixels, n_paints).
        """
        return _shares(self._distances(values)[1]).T

    def differences(self, values: FloatArray, outlying: float) -> tuple[FloatArray, FloatArray]:
        """Standardize the difference of each value from its prediction by the pixel's other elements.

        With K the inverse of a paint's covariance and d the distance from its mean, the
        difference is (K d)_e / K_ee, and its variance 1 / K_ee (Rasmussen & Williams 2006,
        Gaussian Processes for Machine Learning, eqs. 5.10-5.12).

        `values` (n_pixels, n_elements): measured intensities [counts]. `outlying`: a value that is
        this many standard errors from its prediction by paints that explain the other elements
        carries no information on those others, nor of which paint the pixel is. Returns
        `differences`, `variances` (n_pixels, n_elements): differences [counts], and the variances
        of the predictions, noise of the predicted value not included.
        """
        found, likelihoods = self._distances(values)
        total = 1 / np.einsum("kjj->kj", self._inverses)[:, None]
        # The likelihood of the others is that of all less that of the value given the others.
        of_others = likelihoods[:, :, None] + 0.5 * (found**2 / total + np.log(total))
        spread = np.maximum(total - self.noise[:, None], 0)
        left_out, variance = _moments(_shares(of_others), found, total)
        off = np.abs(left_out) > outlying * np.sqrt(variance)
        some = off.any(axis=1)
        jumps = np.where(off, left_out, 0.0)
        if some.any():
            # The prediction stands in for what stands out.
            plain = values[some] - jumps[some] * self.scale
            found[:, some], likelihoods[:, some] = self._distances(plain)
        mean, variance = _moments(_shares(likelihoods)[:, :, None], found, spread)
        return (mean + jumps) * self.scale, variance * self.scale**2

    def _distances(self, values: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Differences by paint (n_paints, n_pixels, n_elements), and log-likelihoods."""
        off = values / self.scale - self.means[:, None]
        products = off @ self._inverses
        likelihoods = self._log_scales[:, None] - 0.5 * np.einsum("kij,kij->ki", products, off)
        products /= np.einsum("kjj->kj", self._inverses)[:, None]
        return products, likelihoods


def _shares(logarithms: FloatArray) -> FloatArray:
    """Numbers in proportion to exponentials that sum to one over the first axis."""
    shares = np.exp(logarithms - logarithms.max(axis=0))
    shares /= shares.sum(axis=0)
    return np.asarray(shares)


def _moments(
    shares: FloatArray, means: FloatArray, variances: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Mean and variance of a mixture, whose parts are along the first axis."""
    mean = (shares * means).sum(axis=0)
    square = (shares * (means**2 + variances)).sum(axis=0)
    return mean, np.maximum(square - mean**2, 0)


def fit_paints(values: FloatArray, variances: FloatArray) -> PaintMixture:
    """Learn the paints from noisy intensities, by expectation maximization.

    The noise is known and taken off the covariances (extreme deconvolution: Bovy, Hogg & Roweis
    2011, Annals of Applied Statistics 5, 1657); it is taken as that of the mean pixel of a paint.

    `values`, `variances` (n_pixels, n_elements): intensities [counts] and the variances of their
    noise.
    """
    some = slice(None, None, max(-(-len(values) // _Learning.pixels), 1))
    values, variances = values[some], variances[some]
    scale = np.sqrt(np.median(variances, axis=0))
    scale = np.where(scale > 0, scale, 1.0)
    n_paints = min(_Learning.most_paints, max(len(values) // _Learning.pixels_of_a_paint, 1))
    # Intensities beyond a few errors matter by their ratios.
    features = np.arcsinh(values / scale / 2)
    n_paints = min(n_paints, len(np.unique(features, axis=0)))
    labels = KMeans(n_paints, n_init=1, max_iter=20, random_state=0).fit_predict(features)
    share: FloatArray = np.eye(n_paints)[labels]
    for left in reversed(range(_Learning.rounds)):
        share = share[:, share.sum(axis=0) >= min(_Learning.least_pixels, len(values))]
        if left == _Learning.rounds - 1 - _Learning.rounds_before_merging:
            share = _merged(values / scale, share)
        found = _maximized(scale, values, variances, share)
        if left:
            parts = [
                values[i : i + _Learning.batch] for i in range(0, len(values), _Learning.batch)
            ]
            share = np.concatenate([found.memberships(part) for part in parts])
    return found


def _merged(values: FloatArray, share: FloatArray) -> FloatArray:
    """Memberships with paints joined that explain the pixels no better apart.

    Two normal distributions are better than one of the same pixels by their log-likelihood, less
    the cost of assigning pixels to paints (the completed likelihood of Biernacki, Celeux &
    Govaert 2000, IEEE Trans. Pattern Anal. Mach. Intell. 22, 719).
    """
    size: FloatArray = share.sum(axis=0)
    sums: FloatArray = share.T @ values
    squares: FloatArray = np.einsum("ik,ij,il->kjl", share, values, values, optimize=True)

    def description(n: FloatArray, total: FloatArray, square: FloatArray) -> FloatArray:
        mean = total / n[..., None]
        covariance = square / n[..., None, None] - mean[..., :, None] * mean[..., None, :]
        covariance = covariance + _Learning.least_variance * np.eye(values.shape[1])
        return np.asarray(n * (0.5 * np.linalg.slogdet(covariance)[1] - np.log(n)))

    groups = [[k] for k in range(len(size))]
    own: FloatArray = description(size, sums, squares)
    while len(groups) > 1:
        i, j = np.triu_indices(len(groups), 1)
        both = description(size[i] + size[j], sums[i] + sums[j], squares[i] + squares[j])
        gain = both - own[i] - own[j]
        worst = int(gain.argmin())
        if gain[worst] > 0:
            break
        first, second = int(i[worst]), int(j[worst])
        groups[first] += groups.pop(second)
        for array in (size, sums, squares):
            array[first] += array[second]
        own[first] = both[worst]
        size, sums = np.delete(size, second), np.delete(sums, second, axis=0)
        squares, own = np.delete(squares, second, axis=0), np.delete(own, second)
    return np.stack([share[:, group].sum(axis=1) for group in groups], axis=1)


def _maximized(
    scale: FloatArray, values: FloatArray, variances: FloatArray, share: FloatArray
) -> PaintMixture:
    """Paints of the largest likelihood for given memberships."""
    values, variances = values / scale, variances / scale**2
    size = share.sum(axis=0)
    means = (share.T @ values) / size[:, None]
    noise = (share.T @ variances) / size[:, None]
    n_elements = values.shape[1]
    covariances = np.empty((len(size), n_elements, n_elements))
    for k, total in enumerate(size):
        off = values - means[k]
        covariance = (off * share[:, k : k + 1]).T @ off / total
        covariance[np.diag_indices(n_elements)] -= noise[k]
        eigenvalues, vectors = np.linalg.eigh(covariance)
        eigenvalues = np.maximum(eigenvalues, 0) * total + _Learning.covariance_prior
        covariances[k] = (
            vectors * (eigenvalues / (total + _Learning.covariance_prior))
        ) @ vectors.T
    return PaintMixture(scale, size / size.sum(), means, noise, covariances)
