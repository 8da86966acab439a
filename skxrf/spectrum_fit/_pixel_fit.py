"""Batched non-negative Poisson fit of components to the spectra of pixels."""

from __future__ import annotations

from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from skxrf.utils.threads import single_threaded_blas

from ._nonnegative import covariances, solve_nonnegative
from ._weight_classes import RULE, SharedFit, WeightClasses, doses, weight_classes


class ComponentPairs:
    """Products of all pairs of components, with which information matrices are linear in the weights.

    `components` (n_components, n_channels): spectra of one count of each component.
    """

    def __init__(self, components: NDArray[np.floating]) -> None:
        self.components = np.ascontiguousarray(components, dtype=np.float32)
        rows, columns = np.triu_indices(len(components))
        # For a block of pixels, H_jk = sum_c w_c T_jc T_kc is then one matrix product.
        self.pairs = np.ascontiguousarray((self.components[rows] * self.components[columns]).T)
        n = len(components)
        self.unpack = np.empty((n, n), dtype=np.intp)
        self.unpack[rows, columns] = self.unpack[columns, rows] = np.arange(rows.size)

    def __getstate__(self) -> dict[str, Any]:
        """State without the products, which are large and follow from it."""
        return {"components": self.components}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore a saved state; earlier ones contain the products as well."""
        ComponentPairs.__init__(self, state["components"])

    def information(self, weights: NDArray[np.float32]) -> NDArray[np.float64]:
        """Information matrices for the weights of channels.

        `weights` (n_pixels, n_channels), float32: inverse variances: one over the expected counts.
        Returns (n_pixels, n_components, n_components): ``sum_c w_c T_jc T_kc``.
        """
        packed = (weights @ self.pairs).astype(np.float64)
        return np.asarray(packed[:, self.unpack])


def standard_errors(information: NDArray[np.float64]) -> NDArray[np.float64]:
    """Standard errors when all components are unknown.

    `information` (n_pixels, n_components, n_components): Fisher information. Returns
    (n_pixels, n_components): square roots of the diagonal of the inverse.
    """
    return covariances(information)[0]


class PoissonFit:
    """Amplitudes of non-negative components in Poisson-distributed spectra.

    Iteratively reweighted least squares: the first weights are those of the mean spectrum, the
    same for all pixels, so that they are independent of a pixel's own noise; then the fitted
    spectrum itself gives the variance of each channel (McCullagh & Nelder 1989, Generalized
    Linear Models, sec. 2.5, with the identity link). One such step
    comes within a small part of a standard error of the Poisson maximum.

    With `classes`, each spectrum gets the weights of the class of spectra that it is like, and
    only those that are like none are reweighted on their own.

    `components` (n_components, n_channels): spectra of one count of each component. `mean_spectrum`
    (n_channels,): smooth expected shape of the painting's mean spectrum, positive [counts].
    `n_reweights`: number of reweighted steps after the first.
    """

    # Fits that were saved before there were classes have none.
    classes: WeightClasses | None = None  # classes of spectra that share weights

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

    def share_weights(
        self, spectra: NDArray[Any], weights: NDArray[np.float64] | None = None
    ) -> None:
        """Find classes of spectra that share weights; none where there are too few spectra.

        `spectra` (n_spectra, n_channels): spectra of the painting in the fitted channels [counts].
        `weights` (n_spectra,): number of spectra that each one stands for.
        """
        self.classes = weight_classes(self.components, self.shape, spectra, weights)

    def __call__(
        self, counts: NDArray[np.float32]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Fit a block of spectra.

        `counts` (n_pixels, n_channels), float32: the spectra. Returns `amplitudes`
        (n_pixels, n_components): non-negative amplitudes [counts]; `errors`
        (n_pixels, n_components): their standard errors, all components unknown [counts].
        """
        if self.classes is None:
            first = SharedFit(self.components, self.shape[None])
            one = np.zeros(len(counts), np.intp)
            return self._reweighted(counts, first(counts, doses(counts), one)[0])
        amplitudes, errors, unlike = self.classes.fit(counts)
        if unlike.any():
            own = self._reweighted(counts[unlike], amplitudes[unlike])
            amplitudes[unlike], errors[unlike] = own
        return amplitudes, errors

    def _reweighted(
        self, counts: NDArray[np.float32], amplitudes: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Fit each spectrum with the weights of its own expected counts."""
        floor = RULE.least_expected * doses(counts).astype(np.float32)[:, None] * self.shape
        errors = np.empty(0)
        for _ in range(self.n_reweights):
            weights = 1 / np.maximum(amplitudes.astype(np.float32) @ self.components, floor)
            amplitudes, errors = solve_nonnegative(
                self.pairs.information(weights),
                ((counts * weights) @ self.components.T).astype(np.float64),
            )
        return amplitudes, errors


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

    `fit`: fit of a batch. `spectra` (n_pixels, n_channels): spectra [counts]. `return_std`: whether
    to compute standard errors as well. `batch_size`: number of spectra in a batch, which bounds the
    memory. `n_kept`: number of components, from the first, that are returned; default all. Returns
    `amplitudes` (n_pixels, n_kept): non-negative amplitudes [counts]; `errors` (n_pixels, n_kept):
    their standard errors [counts].
    """

    def one(start: int) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
        batch = spectra[start : start + batch_size, channels].astype(np.float32, copy=False)
        amplitudes, errors = fit(batch)
        return amplitudes[:, :n_kept], errors[:, :n_kept] if return_std else None

    run = Parallel(n_jobs=n_jobs, prefer="threads")
    with single_threaded_blas():
        parts = run(delayed(one)(start) for start in range(0, len(spectra), batch_size))
    amplitudes = np.concatenate([part[0] for part in parts])
    errors = np.concatenate([part[1] for part in parts]) if return_std else None
    return amplitudes, errors
