"""Fisher information of Poisson counts in a linear model of spectra, for many pixels at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["ComponentPairs", "standard_errors"]


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
