"""The first fit: one matrix per painting that turns spectra into net intensities."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

from skxrf.physics._continuum import continuum_parts

from ._axis import ENERGY, N_BACKGROUND, PRIOR_SHARES

__all__ = ["background_shapes", "first_fit"]

Array = NDArray[np.floating]

# Counts that the weights of the fit are meant for; at others they are still nearly the best.
_REFERENCE_COUNTS = 5000.0
# What a pixel may hold, as a share of its counts, of a line group that the painting does not show.
_UNSEEN_SHARE = 0.001
# The same of what paintings do not hold as a rule, but some pixels of this one do.
_STRANGE_SHARE = 0.3
# A channel's expected counts are not taken below this share of the mean channel's.
_LEAST_SHARE = 0.02


def background_shapes(continuum: Array) -> NDArray[np.float64]:
    """Smooth shapes that a pixel's continuum is made of.

    Parameters
    ----------
    continuum : ndarray of shape (n_channels,)
        Continuum of the painting's mean spectrum, scattered tube lines included.

    Returns
    -------
    ndarray of shape (N_BACKGROUND, n_channels)
        The continuum times bumps in the logarithm of the energy; each of unit area.
    """
    places = np.log(ENERGY)
    knots = np.linspace(places[0], places[-1], N_BACKGROUND - 1)
    return continuum_parts(np.asarray(continuum, dtype=np.float64), places, knots)


def first_fit(
    components: Array,
    mean_spectrum: Array,
    found: NDArray[np.bool_],
    strange: Sequence[Array] = (),
) -> NDArray[np.float32]:
    """Weighted least squares with weak priors, as a matrix.

    Parameters
    ----------
    components : ndarray of shape (n_components, n_channels)
        Spectra of one net count of each line group of `COMPONENT_GROUPS`, then the background
        shapes.
    mean_spectrum : ndarray of shape (n_channels,)
        Mean spectrum of the painting, of any scale; channels without any count are left out.
    found : ndarray of shape (n_line_components,), bool
        Which line groups the mean spectrum shows; pixels hold hardly any of the others.
    strange : sequence of ndarray of shape (n_channels,)
        Spectra of one net count of what some pixels hold besides.

    Returns
    -------
    ndarray of shape (n_components, n_channels), float32
        Times a spectrum: the net counts of its components.

    Notes
    -----
    With the components ``T``, the expected shares ``m`` of the channels and ``N`` counts:
    ``(N T' M^-1 T + P)^-1 N T' M^-1``, the posterior mean for Gaussian errors of the variances
    ``N m`` and independent normal amplitudes of the variances ``P^-1`` (Tarantola 2005, Inverse
    Problem Theory, sec. 3.2).
    """
    n_components = len(components)
    spread = PRIOR_SHARES.copy()
    spread[: len(found)][~found] = _UNSEEN_SHARE
    spread = np.concatenate([spread, np.full(len(strange), _STRANGE_SHARE)])
    components = np.asarray([*components, *strange], dtype=np.float64)
    mean = np.asarray(mean_spectrum, dtype=np.float64)
    shares = mean / mean.sum()
    least = _LEAST_SHARE * shares[shares > 0].mean()
    weights = np.where(shares > 0, _REFERENCE_COUNTS / np.maximum(shares, least), 0.0)
    weighted = components * weights
    information = weighted @ components.T
    information[np.diag_indices_from(information)] += 1 / spread**2
    matrix = cho_solve(cho_factor(information), weighted)[:n_components]
    return np.asarray(matrix, dtype=np.float32)
