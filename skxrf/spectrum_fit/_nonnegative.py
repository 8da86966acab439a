"""Non-negative least squares for many pixels at once, each with its own normal equations."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["solve_nonnegative"]

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
