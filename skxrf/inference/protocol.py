"""Protocols of models that are bound to a painting, and of fits that can be drawn beside spectra.

A model of one's own that implements them is used by :func:`skxrf.inference.predict_maps`, the
command line and the report as the shipped one is.
"""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from skxrf.spectrum_fit._drift import LineAxis

__all__ = ["BindsToPainting", "BoundModel", "KnowsLines", "SpectrumComponents", "TellsPresence"]


@runtime_checkable
class BindsToPainting(Protocol):
    """Model that adapts to a painting before it predicts its pixels."""

    def bind(self, X: NDArray[Any], energy: ArrayLike | None) -> Any:
        """Return an estimator for one painting.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_channels)
            Spectra [counts], spread evenly over the painting.
        energy : array-like of shape (n_channels,), or None
            Nominal bin centers [keV]; None where the cube has none.

        Returns
        -------
        estimator
            Predicts spectra on that axis; a :class:`BoundModel` if it offers more than that.
        """


@runtime_checkable
class FormerlyCalibrated(Protocol):
    """Model of :class:`BindsToPainting` with the method's name in earlier versions."""

    def calibrated(self, X: NDArray[Any], energy: ArrayLike | None) -> Any:
        """Return an estimator for one painting, as ``bind`` does."""


@runtime_checkable
class KnowsLines(Protocol):
    """Model that knows which lines make the spectra of its painting, and its axis by them."""

    @property
    def line_axis_(self) -> LineAxis | None:
        """Axis, line groups and resolution, by which a drift is found; None where unknown."""


@runtime_checkable
class SpectrumComponents(Protocol):
    """Fit of spectra by components, in the channels of the spectra themselves.

    Attributes
    ----------
    energy_ : ndarray of shape (n_channels,)
        Bin centers [keV] that the spectra must have.
    fitted_groups_ : list of str
        Line groups in the fit.
    fitted_channels_ : slice
        Channels that the fit covers.
    components_ : ndarray of shape (n_components, n_fitted_channels)
        Spectra of one count of each component: those of ``fitted_groups_`` first.
    """

    energy_: NDArray[np.float64]
    fitted_groups_: list[str]
    fitted_channels_: slice
    components_: NDArray[Any]

    def decompose(self, X: ArrayLike) -> NDArray[Any]:
        """Return the counts of every component in each spectrum.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_channels)
            Spectra [counts].

        Returns
        -------
        ndarray of shape (n_samples, n_components)
        """


@runtime_checkable
class TellsPresence(Protocol):
    """Model that tells which line groups finished maps show."""

    def detected_in(self, maps: xr.Dataset, false_alarms: float = 0.01) -> list[str]:
        """Return the line groups that maps with standard errors show.

        Parameters
        ----------
        maps : Dataset
            ``intensity`` and ``uncertainty`` of the painting.
        false_alarms : float
            Share of absent line groups that may be named.

        Returns
        -------
        list of str
        """


@runtime_checkable
class BoundModel(TellsPresence, Protocol):
    """Model that is bound to a painting, and describes it.

    Attributes
    ----------
    bound_ : bool
        True.
    unfamiliar_ : list of str
        Reasons, in words, why the model may do worse on this painting than on its training set.
    """

    bound_: bool

    @property
    def unfamiliar_(self) -> list[str]:
        """Reasons to distrust the maps; empty where there is none."""

    def spectrum_fit(self) -> SpectrumComponents:
        """Return the fit of the painting's spectra, in its own channels."""
