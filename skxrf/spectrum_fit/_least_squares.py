"""Weighted least squares with components of known spread."""

from __future__ import annotations

import copy

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dpotrf, dpotri

__all__ = ["LeastSquares"]

Array = NDArray[np.float64]


class LeastSquares:
    """Weighted least squares with components of known spread, and scores of further columns."""

    def __init__(self, columns: Array, sizes: Array, counts: Array, weights: Array) -> None:
        self.weights, self.counts = weights, counts
        root = np.sqrt(weights)[:, None]
        scaled = columns * root
        norm = np.sqrt(np.maximum(np.einsum("ij,ij->j", scaled, scaled), 1e-300))
        scaled /= norm
        # Of a matrix and its own transpose only one half is computed.
        information = scaled.T @ scaled
        with np.errstate(divide="ignore"):
            prior = 1 / np.square(sizes * norm)
        information[np.diag_indices_from(information)] += prior + 1e-9
        scaled *= root
        self._solve(scaled, norm, _inverse(information))

    def _solve(self, weighted: Array, norm: Array, inverse: Array) -> None:
        self.weighted, self.norm, self.inverse = weighted, norm, inverse
        solution = inverse @ (weighted.T @ self.counts)
        self.amplitudes = solution / norm
        self.errors = np.sqrt(np.maximum(np.diag(inverse), 0.0)) / norm
        self.model = (weighted @ solution) / self.weights

    def without(self, places: list[int]) -> LeastSquares:
        """Fit without some of the columns, from the inverse of this one."""
        kept = np.delete(np.arange(self.norm.size), places)
        rows, own = self.inverse[kept], self.inverse[places][:, places]
        crossed = rows[:, places]
        inverse = rows[:, kept] - crossed @ np.linalg.solve(own, crossed.T)
        fit = copy.copy(self)
        fit._solve(self.weighted[:, kept], self.norm[kept], inverse)
        return fit

    def reduced(self, extra: Array) -> tuple[Array, Array]:
        """Information matrix and right-hand side of further columns beside these."""
        weighted = extra * self.weights[:, None]
        shared = self.weighted.T @ extra
        information = extra.T @ weighted - shared.T @ self.inverse @ shared
        return information, weighted.T @ (self.counts - self.model)

    def scores(self, extra: Array) -> tuple[Array, Array]:
        """Amplitude of each further column, alone beside these, and its standard error."""
        shared = self.weighted.T @ extra
        norm = self.weights @ extra**2 - np.einsum("ij,ij->j", shared, self.inverse @ shared)
        free = self.weights @ extra**2
        norm = np.maximum(norm, 1e-6 * free + 1e-300)
        right = (extra * self.weights[:, None]).T @ (self.counts - self.model)
        return right / norm, 1 / np.sqrt(norm)

    def leakage(self, extra: Array) -> Array:
        """Counts that each of these columns takes over from one count of each further column."""
        return np.asarray(self.inverse @ (self.weighted.T @ extra) / self.norm[:, None])


def _inverse(information: Array) -> Array:
    """Inverse of a positive definite matrix: by Cholesky half the work of a general one."""
    lower, failed = dpotrf(information, lower=1)
    if failed:  # by rounding
        return np.asarray(np.linalg.inv(information))
    inverse, _ = dpotri(lower, lower=1)
    return np.asarray(np.tril(inverse) + np.tril(inverse, -1).T)
