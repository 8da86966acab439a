"""Non-negative least squares for many spectra at once: matrices of their own, or one for all."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["clamp_to_nonnegative", "solve_nonnegative"]


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


def clamp_to_nonnegative(
    solutions: NDArray[np.float64],
    correlation: NDArray[np.float64],
    *,
    tolerance: float = 1e-5,
    max_sweeps: int = 1000,
) -> NDArray[np.bool_]:
    """Move unconstrained solutions to the non-negative ones, where all have the same matrix.

    Hildreth's method (1957, Naval Research Logistics Quarterly 4, 79): coordinate descent on the
    multipliers of the constraints, which touches no more than the variables that are held at zero.

    Parameters
    ----------
    solutions : ndarray of shape (n_problems, n), C-contiguous
        Unconstrained solutions in units of their standard errors; changed in place.
    correlation : ndarray of shape (n, n)
        Correlation matrix of the unconstrained solutions.
    tolerance : float
        Largest change of a variable in the last sweep [standard errors].
    max_sweeps : int
        Sweeps after which a problem is given up.

    Returns
    -------
    ndarray of shape (n_problems,), bool
        Problems that were given up: nearly coinciding components.
    """
    n = solutions.shape[1]
    # Compiled loops do not check their indices, and files of models may contain any array.
    if correlation.shape != (n, n):
        raise ValueError(f"a correlation matrix of shape {correlation.shape} for {n} variables.")
    given_up = np.zeros(len(solutions), dtype=np.bool_)
    _compiled()(
        solutions, np.ascontiguousarray(correlation), tolerance, max_sweeps, given_up
    )
    return given_up


@functools.cache
def _compiled() -> Callable[..., None]:
    """Compile the loop, in about a second, when it is first needed."""
    import numba

    signature = "void(float64[:,::1], float64[:,::1], float64, int64, boolean[::1])"
    compiled: Any = numba.njit(signature, nogil=True)(_hildreth)
    return compiled  # type: ignore[no-any-return]


def _hildreth(
    solutions: Any, correlation: Any, tolerance: float, max_sweeps: int, given_up: Any
) -> None:
    n_problems, n = solutions.shape
    multipliers = np.empty(n)
    for problem in range(n_problems):
        multipliers[:] = 0.0
        largest = tolerance
        sweep = 0
        while largest >= tolerance and sweep < max_sweeps:
            largest = 0.0
            sweep += 1
            for i in range(n):
                if solutions[problem, i] < 0.0 or multipliers[i] > 0.0:
                    change = max(-solutions[problem, i], -multipliers[i])
                    multipliers[i] += change
                    largest = max(largest, abs(change))
                    for j in range(n):
                        solutions[problem, j] += correlation[i, j] * change
        given_up[problem] = largest >= tolerance
        for i in range(n):
            solutions[problem, i] = max(solutions[problem, i], 0.0)
