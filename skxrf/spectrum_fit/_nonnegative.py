"""Non-negative least squares for many spectra at once."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skxrf.utils.compilation import compiled
from skxrf.utils.typing import Array


def covariances(matrices: Array, ridge: float = 1e-10) -> tuple[Array, Array]:
    """Standard errors and correlations of the unconstrained solutions.

    `matrices` (n_problems, n, n): symmetric positive definite matrices of normal equations.
    `ridge`: relative ridge: components that coincide must not stop the whole batch. Returns
    `errors` (n_problems, n): square roots of the diagonals of the inverses; `correlations`
    (n_problems, n, n): the inverses, scaled to unit diagonals.
    """
    # Unit diagonals: the ridge then means the same for every component.
    scale = 1 / np.sqrt(np.maximum(np.einsum("pii->pi", matrices), 1e-300))
    scaled = matrices * scale[:, :, None]
    scaled *= scale[:, None, :]
    diagonal = np.arange(scaled.shape[1])
    scaled[:, diagonal, diagonal] += ridge
    inverse = np.linalg.inv(scaled)
    errors = np.sqrt(np.maximum(np.einsum("pii->pi", inverse), 1e-300))
    inverse /= errors[:, :, None]
    inverse /= errors[:, None, :]
    return errors * scale, inverse


def solve_nonnegative(matrices: Array, vectors: Array) -> tuple[Array, Array]:
    """Minimize ``x'Hx/2 - g'x`` over ``x >= 0`` for a batch of problems.

    `matrices` (n_problems, n, n): symmetric positive definite matrices H. `vectors`
    (n_problems, n): right-hand sides g. Returns `solutions` (n_problems, n): the non-negative
    solutions; `errors` (n_problems, n): standard errors of the unconstrained ones, where H is an
    information matrix.
    """
    errors, correlations = covariances(matrices)
    standard = np.einsum("pij,pj->pi", correlations, errors * vectors)
    clamp_to_nonnegative(standard, correlations)
    return standard * errors, errors


def clamp_to_nonnegative(
    solutions: Array,
    correlations: Array,
    which: NDArray[np.intp] | None = None,
    *,
    tolerance: float = 1e-7,
    max_sweeps: int = 1000,
) -> NDArray[np.bool_]:
    """Move unconstrained solutions of least-squares problems to the non-negative ones.

    Hildreth's method (1957, Naval Research Logistics Quarterly 4, 79): coordinate descent on the
    multipliers of the constraints, which works on those variables only that are held at zero.

    `solutions` (n_problems, n): unconstrained solutions in units of their standard errors; changed
    in place. `correlations` (n_matrices, n, n): their correlation matrices. `which` (n_problems,):
    number of the matrix of each problem; by default each has its own. `tolerance`: largest change
    of a variable in the last sweep [standard errors]. `max_sweeps`: sweeps after which what is
    negative is cut off at zero: components that nearly coincide. Returns (n_problems,), bool:
    problems that were cut off.
    """
    n_problems, n = solutions.shape
    which = np.arange(n_problems) if which is None else which
    # Compiled loops do not check their indices, and files of models may contain any array.
    known = np.isin(which, np.arange(len(correlations))).all()
    if which.shape != (n_problems,) or correlations.shape[1:] != (n, n) or not known:
        raise ValueError(f"correlations of shape {correlations.shape} for {n_problems} x {n}.")
    cut_off = np.zeros(n_problems, dtype=np.bool_)
    matrices, numbers = np.ascontiguousarray(correlations), np.asarray(which, dtype=np.int64)
    _compiled()(solutions, matrices, numbers, tolerance, max_sweeps, cut_off)
    return cut_off


@functools.cache
def _compiled() -> Callable[..., None]:
    """Compile the loop when it is first needed."""
    signature = "void(float64[:,::1], float64[:,:,::1], int64[::1], float64, int64, boolean[::1])"
    loop: Callable[..., None] = compiled(_hildreth, signature)
    return loop


def _hildreth(
    solutions: Any,
    correlations: Any,
    which: Any,
    tolerance: float,
    max_sweeps: int,
    cut_off: Any,
) -> None:  # pragma: no mutate block
    # numba compiles what stands here, not what a mutation tester puts around it.
    n_problems, n = solutions.shape
    multipliers = np.empty(n)
    for problem in range(n_problems):
        correlation = correlations[which[problem]]
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
        cut_off[problem] = largest >= tolerance
        for i in range(n):
            solutions[problem, i] = max(solutions[problem, i], 0.0)
