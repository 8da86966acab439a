"""Batched non-negative Poisson fit of components to the spectra of pixels."""

from __future__ import annotations

from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

__all__ = ["ComponentPairs", "PoissonFit", "fit_pixels", "solve_nonnegative", "standard_errors"]


# Whole sets of variables are exchanged as long as that makes progress, then one at a time.
_FULL_EXCHANGES = 6
_TOLERANCE = 1e-9


def solve_nonnegative(
    matrices: NDArray[np.float64],
    vectors: NDArray[np.float64],
    *,
    start: NDArray[np.bool_] | None = None,
    max_iter: int = 200,
) -> NDArray[np.float64]:
    """Minimize ``x'Hx/2 - g'x`` over ``x >= 0`` for a batch of problems.

    Block principal pivoting with Murty's rule as a fall-back against cycles (Portugal, Judice &
    Vicente 1994, Math. Comp. 63, 625), vectorized over the problems: all of them change
    their sets together, and only those not yet solved are worked on.

    Parameters
    ----------
    matrices : ndarray of shape (n_problems, n, n)
        Symmetric positive definite matrices H.
    vectors : ndarray of shape (n_problems, n)
        Right-hand sides g.
    start : ndarray of shape (n_problems, n), bool, optional
        Which variables are guessed to be positive; default all.
    max_iter : int
        Most exchanges; what is not solved by then (degenerate problems) is cut off at zero.

    Returns
    -------
    ndarray of shape (n_problems, n)
        The non-negative solutions.
    """
    n_problems, n = vectors.shape
    # Unit diagonals: tolerances then mean the same for every template.
    scale = 1 / np.sqrt(np.maximum(np.einsum("pii->pi", matrices), 1e-300))
    matrix = matrices * scale[:, :, None]
    matrix *= scale[:, None, :]
    vector = vectors * scale
    tolerance = _TOLERANCE * (np.abs(vector).max(axis=1, initial=0.0) + 1e-300)
    solution = np.zeros((n_problems, n))
    free = np.ones((n_problems, n), dtype=bool) if start is None else start.copy()
    fewest_wrong = np.full(n_problems, n + 1)
    chances = np.full(n_problems, _FULL_EXCHANGES)
    todo = np.arange(n_problems)
    for _ in range(max_iter):
        x = _solve_on_free(matrix, vector, free)
        gradient = np.einsum("pij,pj->pi", matrix, x) - vector
        wrong = np.where(free, x, gradient) < -tolerance[:, None]
        solution[todo] = np.maximum(x, 0)
        n_wrong = wrong.sum(axis=1)
        unsolved = n_wrong > 0
        if not unsolved.any():
            break
        # Only what is not solved is carried on.
        todo, matrix, vector, free, wrong, n_wrong, tolerance, fewest_wrong, chances = (
            array[unsolved]
            for array in (
                *(todo, matrix, vector, free, wrong),
                *(n_wrong, tolerance, fewest_wrong, chances),
            )
        )
        better = n_wrong < fewest_wrong
        fewest_wrong = np.where(better, n_wrong, fewest_wrong)
        chances = np.where(better, _FULL_EXCHANGES, chances - 1)
        single = chances < 0
        last = n - 1 - np.argmax(wrong[:, ::-1], axis=1)
        wrong[single] = False
        wrong[single, last[single]] = True
        free = free ^ wrong
    solution *= scale
    return solution


def _solve_on_free(
    matrix: NDArray[np.float64], vector: NDArray[np.float64], free: NDArray[np.bool_]
) -> NDArray[np.float64]:
    diagonal = np.arange(vector.shape[1])
    matrix = matrix * (free[:, :, None] & free[:, None, :])
    # A trace of ridge keeps templates that coincide from stopping the whole batch.
    matrix[:, diagonal, diagonal] += np.where(free, 1e-10, 1.0)
    return np.asarray(np.linalg.solve(matrix, (vector * free)[:, :, None])[:, :, 0])


class ComponentPairs:
    """Products of all pairs of components, with which information matrices are linear in the weights.

    Parameters
    ----------
    components : ndarray of shape (n_components, n_channels)
        Spectra of one count of each component.
    """

    def __init__(self, components: NDArray[np.floating]) -> None:
        self.components = np.ascontiguousarray(components, dtype=np.float32)
        rows, columns = np.triu_indices(len(components))
        # For a block of pixels, H_jk = sum_c w_c T_jc T_kc is then one matrix product.
        self.pairs = np.ascontiguousarray((self.components[rows] * self.components[columns]).T)
        n = len(components)
        self.unpack = np.empty((n, n), dtype=np.intp)
        self.unpack[rows, columns] = self.unpack[columns, rows] = np.arange(rows.size)

    def information(self, weights: NDArray[np.float32]) -> NDArray[np.float64]:
        """Information matrices for the weights of channels.

        Parameters
        ----------
        weights : ndarray of shape (n_pixels, n_channels), float32
            Inverse variances: one over the expected counts.

        Returns
        -------
        ndarray of shape (n_pixels, n_components, n_components)
            ``sum_c w_c T_jc T_kc``.
        """
        packed = (weights @ self.pairs).astype(np.float64)
        return np.asarray(packed[:, self.unpack])


def standard_errors(information: NDArray[np.float64]) -> NDArray[np.float64]:
    """Standard errors when all components are unknown.

    Parameters
    ----------
    information : ndarray of shape (n_pixels, n_components, n_components)
        Fisher information.

    Returns
    -------
    ndarray of shape (n_pixels, n_components)
        Square roots of the diagonal of the inverse.
    """
    scale = 1 / np.sqrt(np.maximum(np.einsum("pii->pi", information), 1e-300))
    scaled = information * scale[:, :, None] * scale[:, None, :]
    # A trace of ridge: components that coincide have no finite error, and need none here.
    scaled[:, np.arange(scaled.shape[1]), np.arange(scaled.shape[1])] += 1e-10
    variances = np.einsum("pii->pi", np.linalg.inv(scaled))
    return np.asarray(np.sqrt(np.maximum(variances, 0.0)) * scale)


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
        self.pairs = ComponentPairs(components)
        self.components = self.pairs.components
        mean = np.asarray(mean_spectrum, dtype=np.float64)
        mean = np.maximum(mean, 1e-3 * mean.mean())
        self.shape = (mean / mean.sum()).astype(np.float32)
        self.n_reweights = n_reweights

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
        matrices = self.pairs.information(weights)
        if len(matrices) != len(counts):
            matrices = np.broadcast_to(matrices, (len(counts), *matrices.shape[1:]))
        vectors = ((counts * weights) @ self.components.T).astype(np.float64)
        return matrices, vectors


def fit_pixels(
    fit: PoissonFit,
    spectra: NDArray[Any],
    channels: slice,
    *,
    return_std: bool,
    batch_size: int,
    n_jobs: int | None,
    n_kept: int | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
    """Fit many spectra in batches, side by side in threads.

    Parameters
    ----------
    fit : PoissonFit
        Fit of a batch.
    spectra : ndarray of shape (n_pixels, n_channels)
        Spectra [counts].
    channels : slice
        Fitted channels.
    return_std : bool
        Whether to compute standard errors as well.
    batch_size : int
        Number of spectra in a batch, which bounds the memory.
    n_jobs : int or None
        Number of threads.
    n_kept : int, optional
        Number of components, from the first, that are returned; default all.

    Returns
    -------
    amplitudes : ndarray of shape (n_pixels, n_kept)
        Non-negative amplitudes [counts].
    errors : ndarray of shape (n_pixels, n_kept) or None
        Their standard errors [counts].
    """

    def one(start: int) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
        batch = np.ascontiguousarray(
            spectra[start : start + batch_size, channels], dtype=np.float32
        )
        amplitudes, information = fit(batch)
        errors = standard_errors(information)[:, :n_kept] if return_std else None
        return amplitudes[:, :n_kept], errors

    run = Parallel(n_jobs=n_jobs, prefer="threads")
    parts = run(delayed(one)(start) for start in range(0, len(spectra), batch_size))
    amplitudes = np.concatenate([part[0] for part in parts])
    errors = np.concatenate([part[1] for part in parts]) if return_std else None
    return amplitudes, errors
