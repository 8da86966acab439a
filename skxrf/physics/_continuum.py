"""Smooth continua of spectra, made of B-splines."""

from __future__ import annotations

import numpy as np
from scipy.interpolate import BSpline

from skxrf.utils.typing import Array

# Spacing of the background's knots, as a share of the energy and at least [keV]: wider than any
# peak, so that it cannot follow one, and closer where absorption bends the continuum.
_KNOT_SPACING = (0.2, 0.8)


def clamped_splines(places: Array, knots: Array, degree: int) -> Array:
    """B-splines on increasing knots, the outermost of which are repeated.

    `places` (n_places,): arguments, within the knots. `knots` (n_knots,): knots, the ends included.
    `degree`: degree of the polynomials. Returns (n_places, n_knots + degree - 1): values; their sum
    is 1 everywhere.
    """
    ends = np.repeat(knots[0], degree), np.repeat(knots[-1], degree)
    clamped = np.concatenate([ends[0], knots, ends[1]])
    return np.asarray(BSpline.design_matrix(places, clamped, degree).toarray())


def background_splines(edges: Array, energy_range: tuple[float, float]) -> Array:
    """Cubic B-splines, integrated over the bins by their centers.

    `edges` (n_bins + 1,): bin edges [keV]. `energy_range`: energies of the outermost knots [keV].
    Returns (n_bins, n_splines): counts per bin.
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

    `continuum` (n_channels,): continuum of the sum spectrum [counts]. `places` (n_channels,):
    position of each channel: its energy, or the logarithm of it. `knots` (n_knots,): positions
    between which the shapes change; the outermost enclose all channels. Returns
    (n_knots + 1, n_channels): continuum times quadratic B-splines, each of unit area.
    """
    bumps = clamped_splines(places, knots, 2).T
    # The continuum of the sum spectrum may touch zero; that of a pixel need not.
    parts = bumps * np.maximum(continuum, 1e-3 * np.mean(continuum) + 1e-12)
    return np.asarray(parts / parts.sum(axis=1, keepdims=True))
