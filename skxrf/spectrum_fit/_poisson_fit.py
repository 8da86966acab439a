"""Poisson-weighted non-negative fit of a linear model to many spectra, in blocks."""

from __future__ import annotations

from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from ._likelihood import ComponentPairs, standard_errors
from ._nonnegative import solve_nonnegative

__all__ = ["PoissonFit", "fit_pixels"]

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
