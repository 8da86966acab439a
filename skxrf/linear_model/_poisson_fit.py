"""Poisson-weighted non-negative fit of a linear model to many spectra, in blocks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._nonnegative import solve_nonnegative

__all__ = ["PoissonFit"]

# Expected counts in a channel are not taken below this share of the painting's mean spectrum at
# the pixel's dose: a channel without any expected count would get an infinite weight.
_LEAST_EXPECTED = 0.05


class PoissonFit:
    """Amplitudes of non-negative components in Poisson-distributed spectra.

    Iteratively reweighted least squares: the first weights are those of the mean spectrum, the
    same for all pixels, so that they are independent of a pixel's own noise; then the fitted
    spectrum itself gives the variance of each channel (McCullagh & Nelder 1989, Generalized
    Linear Models, sec. 2.5, with the identity link). One such step
    comes within a small part of a standard error of the Poisson maximum.

    Parameters
    ----------
    components : ndarray of shape (n_components, n_channels)
        Spectra of one count of each component.
    mean_spectrum : ndarray of shape (n_channels,)
        Smooth expected shape of the painting's mean spectrum, positive [counts].
    n_reweights : int
        Number of reweighted steps after the first.
    """

    def __init__(
        self,
        components: NDArray[np.float64],
        mean_spectrum: NDArray[np.float64],
        n_reweights: int = 1,
    ) -> None:
        self.components = np.ascontiguousarray(components, dtype=np.float32)
        mean = np.asarray(mean_spectrum, dtype=np.float64)
        mean = np.maximum(mean, 1e-3 * mean.mean())
        self.shape = (mean / mean.sum()).astype(np.float32)
        self.n_reweights = n_reweights
        rows, columns = np.triu_indices(len(components))
        # H_jk = sum_c w_c T_jc T_kc is linear in the weights: for a block of pixels it is one
        # matrix product with the products of all pairs of components.
        self.pairs = np.ascontiguousarray((self.components[rows] * self.components[columns]).T)
        n = len(components)
        self.unpack = np.empty((n, n), dtype=np.intp)
        self.unpack[rows, columns] = self.unpack[columns, rows] = np.arange(rows.size)

    def __call__(
        self, counts: NDArray[np.float32]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Fit a block of spectra.

        Parameters
        ----------
        counts : ndarray of shape (n_pixels, n_channels), float32
            The spectra.

        Returns
        -------
        amplitudes : ndarray of shape (n_pixels, n_components)
            Non-negative amplitudes [counts].
        information : ndarray of shape (n_pixels, n_components, n_components)
            Fisher information at the solution.
        """
        dose = np.maximum(counts.sum(axis=1, dtype=np.float64), 1.0).astype(np.float32)
        # The same weights for all: one information matrix, one projection.
        shared = 1 / self.shape
        amplitudes = solve_nonnegative(
            *self._normal_equations(counts, np.broadcast_to(shared, (1, shared.size)))
        )
        matrices = np.empty(0)
        floor = _LEAST_EXPECTED * dose[:, None] * self.shape
        for _ in range(self.n_reweights):
            expected = np.maximum(amplitudes.astype(np.float32) @ self.components, floor)
            matrices, vectors = self._normal_equations(counts, 1 / expected)
            amplitudes = solve_nonnegative(matrices, vectors, start=amplitudes > 0)
        return amplitudes, matrices

    def _normal_equations(
        self, counts: NDArray[np.float32], weights: NDArray[np.float32]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        packed = (weights @ self.pairs).astype(np.float64)
        matrices = packed[:, self.unpack]
        if len(matrices) != len(counts):
            matrices = np.broadcast_to(matrices, (len(counts), *matrices.shape[1:]))
        vectors = ((counts * weights) @ self.components.T).astype(np.float64)
        return matrices, vectors


def standard_errors(information: NDArray[np.float64]) -> NDArray[np.float64]:
    """Square roots of the diagonal of the inverse information, (n_pixels, n_components)."""
    scale = 1 / np.sqrt(np.maximum(np.einsum("pii->pi", information), 1e-300))
    scaled = information * scale[:, :, None] * scale[:, None, :]
    scaled[:, np.arange(scaled.shape[1]), np.arange(scaled.shape[1])] += 1e-10
    variances = np.einsum("pii->pi", np.linalg.inv(scaled))
    return np.asarray(np.sqrt(np.maximum(variances, 0.0)) * scale)
