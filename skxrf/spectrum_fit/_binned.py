"""Sum spectra in bins coarse enough for many fits."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from skxrf.physics._pile_up import pile_up_shape
from skxrf.utils.energy import bin_edges

__all__ = ["BinnedSpectrum", "smoothed"]

Array = NDArray[np.float64]

# Below lies a noise peak [keV], which does not pile up visibly and would be a copy of the spectrum.
_LEAST_PILING_UP = 0.6


@dataclass(frozen=True)
class BinnedSpectrum:
    """Counts in bins of at least a given width, inside the fitted range.

    Parameters
    ----------
    edges : ndarray of shape (n_bins + 1,)
        Nominal bin edges [keV].
    counts : ndarray of shape (n_bins,)
        Counts.
    channel_edges : ndarray of shape (n_fitted_channels + 1,)
        Nominal edges [keV] of the channels in the fitted range.
    spectrum, energy : ndarray of shape (n_channels,)
        Counts and nominal centers [keV] of all channels.
    """

    edges: Array = field(repr=False)
    counts: Array = field(repr=False)
    channel_edges: Array = field(repr=False)
    spectrum: Array = field(repr=False)
    energy: Array = field(repr=False)

    @classmethod
    def of(
        cls, spectrum: Array, energy: Array, width: float, energy_range: tuple[float, float]
    ) -> BinnedSpectrum:
        """Join channels to bins.

        Parameters
        ----------
        spectrum, energy : ndarray of shape (n_channels,)
            Counts and nominal centers [keV].
        width : float
            Least width of a bin [keV], unless channels are wider.
        energy_range : pair of float
            Range of the centers [keV] that are kept.

        Returns
        -------
        BinnedSpectrum
        """
        low, high = energy_range
        inside = np.flatnonzero((energy >= low) & (energy <= high))
        channel_edges = bin_edges(energy)[inside[0] : inside[-1] + 2]
        joined = max(1, int(width / float(np.median(np.diff(channel_edges))) + 1e-9))
        starts = np.arange(0, inside.size, joined)
        counts = np.add.reduceat(spectrum[inside].astype(np.float64), starts)
        edges = np.append(channel_edges[starts], channel_edges[-1])
        return cls(edges, counts, channel_edges, spectrum, energy)

    @property
    def range(self) -> tuple[float, float]:
        """Outermost edges [keV]."""
        return float(self.edges[0]), float(self.edges[-1])

    def pile_up(self, edges: Array, axis: Array | None = None) -> Array:
        """Shares of two photons counted as one in bins, (n_bins,).

        Parameters
        ----------
        edges : ndarray of shape (n_bins + 1,)
            Nominal edges [keV].
        axis : ndarray of shape (n_channels,), optional
            True centers [keV] of the channels; default the nominal ones.
        """
        if axis is None:
            axis = self.energy
        else:
            edges = np.interp(edges, self.energy, axis)
        photons = np.where(axis > _LEAST_PILING_UP, self.spectrum, 0.0)
        return pile_up_shape(photons, axis, edges)


def smoothed(counts: Array) -> Array:
    """Averages over three bins, weighted 1 to 2 to 1."""
    padded = np.pad(np.maximum(counts, 0.0), 1, mode="edge")
    return np.convolve(padded, [0.25, 0.5, 0.25], mode="valid")
