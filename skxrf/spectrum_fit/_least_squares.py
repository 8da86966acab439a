"""Weighted least squares with components of known spread."""

from __future__ import annotations

import copy

import numpy as np
from scipy.linalg.lapack import dpotrf, dpotri

from skxrf.utils.typing import Array


class LeastSquares:
    """Weighted least squares with components of known spread, and scores of further columns.

    Columns that are zero but in a few bins, as lines are, and lie in Fortran's order cost least.
    """

    def __init__(self, columns: Array, sizes: Array, counts: Array, weights: Array) -> None:
        self.weights, self.counts, self.columns = weights, counts, columns
        self.weighted = columns.T * weights
        information = _products(self.weighted, columns.T)
        norm = self.norm = np.sqrt(np.maximum(np.diag(information), 1e-300))
        information /= norm
        information /= norm[:, None]
        with np.errstate(divide="ignore"):
            prior = 1 / np.square(sizes * norm)
        information[np.diag_indices_from(information)] += prior + 1e-9
        self._solve(_inverse(information))

    def _solve(self, inverse: Array) -> None:
        self.inverse = inverse
        self.amplitudes = inverse @ (self.weighted @ self.counts / self.norm) / self.norm
        self.errors = np.sqrt(np.maximum(np.diag(inverse), 0.0)) / self.norm
        self.model = self.columns @ self.amplitudes

    def without(self, places: list[int]) -> LeastSquares:
        """Fit in which the amplitudes of some columns are zero, from the inverse of this one."""
        crossed = self.inverse[:, places]
        inverse = self.inverse - crossed @ np.linalg.solve(crossed[places], crossed.T)
        inverse[places] = 0.0
        inverse[:, places] = 0.0
        fit = copy.copy(self)
        fit._solve(inverse)
        return fit

    def _shared(self, extra: Array) -> Array:
        return _products(self.weighted, extra.T) / self.norm[:, None]

    def reduced(self, extra: Array) -> tuple[Array, Array]:
        """Information matrix and right-hand side of further columns beside these."""
        weighted = extra * self.weights[:, None]
        shared = self._shared(extra)
        information = extra.T @ weighted - shared.T @ self.inverse @ shared
        return information, weighted.T @ (self.counts - self.model)

    def scores(self, extra: Array) -> tuple[Array, Array]:
        """Amplitude of each further column, alone beside these, and its standard error."""
        shared, free = self._shared(extra), self.weights @ extra**2
        norm = free - np.einsum("ij,ij->j", shared, self.inverse @ shared)
        norm = np.maximum(norm, 1e-6 * free + 1e-300)
        right = extra.T @ (self.weights * (self.counts - self.model))
        return right / norm, 1 / np.sqrt(norm)

    def leakage(self, extra: Array) -> Array:
        """Counts that each of these columns takes over from one count of each further column."""
        return np.asarray(self.inverse @ self._shared(extra) / self.norm[:, None])


def _products(first: Array, second: Array, n_bins: int = 128) -> Array:
    """Products of all rows of two matrices, of those that are not zero in each range of bins."""
    products = np.zeros((len(first), len(second)))
    for start in range(0, first.shape[1], n_bins):
        parts = [one[:, start : start + n_bins] for one in (first, second)]
        used = [np.flatnonzero(np.einsum("ij,ij->i", part, part)) for part in parts]
        left, right = (part[mine] for part, mine in zip(parts, used, strict=True))
        products[np.ix_(*used)] += left @ right.T
    return products


def _inverse(information: Array) -> Array:
    """Inverse of a positive definite matrix: by Cholesky half the work of a general one."""
    lower, failed = dpotrf(information, lower=1)
    if failed:  # by rounding
        return np.asarray(np.linalg.inv(information))
    inverse, _ = dpotri(lower, lower=1)
    return np.asarray(np.tril(inverse) + np.tril(inverse, -1).T)
