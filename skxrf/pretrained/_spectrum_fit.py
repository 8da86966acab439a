"""The template fit of a painting, on the channels of its own cube: to draw it beside spectra."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skxrf.preprocessing import rebin_counts
from skxrf.utils.energy import bin_edges

from ._painting import PaintingFit

__all__ = ["SpectrumFit"]


class SpectrumFit:
    """Components of a painting's template fit in the painting's channels, and their counts.

    The fit is made on the model's axis. Here its components are brought back to the channels
    that were measured, where the calibration found them to be, so that
    ``decompose(X) @ components_`` lies on the spectra ``X`` in their own channels.

    Parameters
    ----------
    painting : PaintingFit
        What a calibrated model learned of its painting.

    Attributes
    ----------
    energy_ : ndarray of shape (n_channels,)
        Nominal bin centers [keV] that the spectra must have.
    fitted_groups_ : list of str
        All line groups in the fit.
    fitted_channels_ : slice
        Channels that lie wholly within the fitted range.
    components_ : ndarray of shape (n_components, n_fitted_channels), float32
        Spectra of one count of each component: those of ``fitted_groups_`` first, then the rest.
    """

    def __init__(self, painting: PaintingFit) -> None:
        fit, calibrator = painting.template_fit, painting.calibrator
        self._fit, self._calibrator = fit, calibrator
        self.energy_: NDArray[np.float64] = calibrator.energy_
        self.fitted_groups_: list[str] = list(fit.fitted_groups_)
        fitted = fit.energy_[fit.fitted_channels_]
        ends, edges = bin_edges(fitted), bin_edges(calibrator.calibrated_energy_)
        inside = np.flatnonzero((edges[:-1] >= ends[0]) & (edges[1:] <= ends[-1]))
        self.fitted_channels_ = slice(int(inside[0]), int(inside[-1]) + 1)
        self.components_: NDArray[np.float32] = rebin_counts(
            fit.components_.astype(np.float32),
            fitted,
            calibrator.calibrated_energy_[self.fitted_channels_],
        )

    def decompose(self, X: ArrayLike) -> NDArray[np.float32]:
        """Counts of every component in each spectrum.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_channels)
            Spectra [counts], in the painting's channels.

        Returns
        -------
        ndarray of shape (n_samples, n_components), float32
            Counts of each of ``components_``; those of line groups are the template fit's net
            intensities.
        """
        spectra: NDArray[Any] = np.asarray(X)
        return self._fit.decompose(np.maximum(self._calibrator.transform(spectra), 0))
