"""Smooth continua of spectra, made of B-splines."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import BSpline

__all__ = ["background_splines", "clamped_splines", "continuum_parts"]

Array = NDArray[np.float64]

# Spacing of the background's knots, as a share of the energy and at least [keV]: wider than any
# peak, so that it cannot follow one, and closer where absorption bends the continuum.
_KNOT_SPACING = (0.2, 0.8)


def clamped_splines(places: Array, knots: Array, degree: int) -> Array:
    """B-splines on increasing knots, the outermost of which are repeated.

    Parameters
    ----------
    places : ndarray of shape (n_places,)
        Arguments, within the knots.
    knots : ndarray of shape (n_knots,)
        Knots, the ends included.
    degree : int
        Degree of the polynomials.

    Returns
    -------
    ndarray of shape (n_places, n_knots + degree - 1)
        Values; their sum is 1 everywhere.
    """
    ends = np.repeat(knots[0], degree), np.repeat(knots[-1], degree)
    clamped = np.concatenate([ends[0], knots, ends[1]])
    return np.asarray(BSpline.design_matrix(places, clamped, degree).toarray())


def background_splines(edges: Array, energy_range: tuple[float, float]) -> Array:
    """Cubic B-splines, integrated over the bins by their centers.

    Parameters
    ----------
    edges : ndarray of shape (n_bins + 1,)
        Bin edges [keV].
    energy_range : pair of float
        Energies of the outermost knots [keV].

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
    knots = low + (np.array(places) - low) * (high - low) / (places[-1] - low)
    knots[-1] = high  # rounding must not leave the last place beyond it
    centers = np.clip((edges[1:] + edges[:-1]) / 2, low, high)
    return clamped_splines(centers, knots, 3) * np.diff(edges)[:, None]


def continuum_parts(continuum: Array, places: Array, knots: Array) -> Array:
    """Smooth shapes that the continuum of a pixel is made of.

    Parameters
    ----------
    continuum : ndarray of shape (n_channels,)
        Continuum of the sum spectrum [counts].
    places : ndarray of shape (n_channels,)
        Position of each channel: its energy, or the logarithm of it.
    knots : ndarray of shape (n_knots,)
        Positions between which the shapes change; the outermost enclose all channels.

    Returns
    -------
    ndarray of shape (n_knots + 1, n_channels)
        Continuum times quadratic B-splines, each of unit area.
    """
    bumps = clamped_splines(places, knots, 2).T
    # The continuum of the sum spectrum may touch zero; that of a pixel need not.
    parts = bumps * np.maximum(continuum, 1e-3 * np.mean(continuum) + 1e-12)
    return np.asarray(parts / parts.sum(axis=1, keepdims=True))
