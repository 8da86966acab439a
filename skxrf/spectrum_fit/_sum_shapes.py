"""What lies under the lines of a sum spectrum: a smooth background and pile-up."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import BSpline
from scipy.signal import fftconvolve

__all__ = ["background_splines", "pile_up_shape"]

Array = NDArray[np.float64]

# Spacing of the background's knots, as a share of the energy and at least [keV]: wider than any
# peak, so that it cannot follow one, and closer where absorption bends the continuum.
_KNOT_SPACING = (0.2, 0.8)


def background_splines(edges: Array, energy_range: tuple[float, float]) -> Array:
    """Cubic B-splines, integrated over the bins by their centres.

    Parameters
    ----------
    edges : ndarray of shape (n_bins + 1,)
        Bin edges [keV].
    energy_range : pair of float
        Where the outermost knots lie [keV].

    Returns
    -------
    ndarray of shape (n_bins, n_splines)
        Counts per bin.
    """
    low, high = energy_range
    share, least = _KNOT_SPACING
    places = [low]
    while places[-1] < high:
        places.append(places[-1] + max(share * places[-1], least))
    inner = low + (np.array(places) - low) * (high - low) / (places[-1] - low)
    inner = np.minimum(inner, high)  # rounding must not put a knot beyond the last ones
    knots = np.concatenate([np.repeat(low, 3), inner, np.repeat(high, 3)])
    centres = np.clip((edges[1:] + edges[:-1]) / 2, low, high)
    values = BSpline.design_matrix(centres, knots, 3).toarray()
    return np.asarray(values * np.diff(edges)[:, None])


def pile_up_shape(spectrum: Array, energy: Array, edges: Array) -> Array:
    """Spectrum of two photons counted as one: the spectrum convolved with itself.

    Bins of equal width are assumed, as every multichannel analyser makes them.

    Parameters
    ----------
    spectrum : ndarray of shape (n_channels,)
        Counts.
    energy : ndarray of shape (n_channels,)
        Bin centres [keV].
    edges : ndarray of shape (n_bins + 1,)
        Edges [keV] of the bins wanted.

    Returns
    -------
    ndarray of shape (n_bins,)
        Shares of one count.
    """
    sums = fftconvolve(spectrum, spectrum)
    # Channels i and j give the energy 2 E_0 + (i + j) dE.
    width = (energy[-1] - energy[0]) / (energy.size - 1)
    positions = 2 * energy[0] + width * np.arange(sums.size)
    cumulative = np.concatenate([[0.0], np.cumsum(np.maximum(sums, 0))])
    inside = np.interp(
        edges, np.append(positions - width / 2, positions[-1] + width / 2), cumulative
    )
    shape = np.diff(inside)
    return np.asarray(shape / max(float(shape.sum()), 1.0))
