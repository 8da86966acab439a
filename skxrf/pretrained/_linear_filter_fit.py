"""Linear filter fit: one matrix per painting that turns spectra into net intensities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

from skxrf.physics._continuum import continuum_parts
from skxrf.utils.typing import FloatArray

from ._axis import ENERGY, N_BACKGROUND, PRIOR_SHARES


@dataclass(frozen=True)
class FilterRule:
    """Numbers of the linear filter fit."""

    reference_counts: float = 5000.0
    """Counts of a spectrum that the weights are made for; at others they are nearly the best."""
    unseen_share: float = 0.001
    """Prior width (share of counts) for line groups that the painting does not show."""
    uncommon_share: float = 0.3
    """Prior width (share of counts) for uncommon line groups found in single pixels."""
    least_share: float = 0.02
    """Least expected counts of a channel, as a share of the mean channel's."""


def background_shapes(continuum: FloatArray) -> NDArray[np.float64]:
    """Compute smooth shapes of which a pixel's continuum is a sum.

    `continuum` (n_channels,): continuum of the painting's mean spectrum, scattered tube lines
    included. Returns (N_BACKGROUND, n_channels): the continuum times bumps in the logarithm of the
    energy; each of unit area.
    """
    places = np.log(ENERGY)
    knots = np.linspace(places[0], places[-1], N_BACKGROUND - 1)
    return continuum_parts(np.asarray(continuum, dtype=np.float64), places, knots)


def linear_filter_fit(
    components: FloatArray,
    mean_spectrum: FloatArray,
    found: NDArray[np.bool_],
    uncommon: Sequence[FloatArray] = (),
) -> NDArray[np.float32]:
    """Compute the matrix of a weighted least-squares fit with weak priors.

    `components` (n_components, n_channels): spectra of one net count of each line group of
    `COMPONENT_GROUPS`, then the background shapes. `mean_spectrum` (n_channels,): mean spectrum of
    the painting, of any scale; channels without any count are left out. `found`
    (n_line_components,), bool: True for line groups that the mean spectrum shows; pixels contain
    hardly any of the others. `uncommon` (n_channels,): spectra of one net count of further line
    groups that some pixels contain. Returns (n_components, n_channels), float32: times a spectrum:
    the net counts of its components.

    Notes
    -----
    With the components ``T``, the expected shares ``m`` of the channels and ``N`` counts:
    ``(N T' M^-1 T + P)^-1 N T' M^-1``, the posterior mean for Gaussian errors of the variances
    ``N m`` and independent normal amplitudes of the variances ``P^-1`` (Tarantola 2005, Inverse
    Problem Theory, sec. 3.2).
    """
    n_components = len(components)
    spread = PRIOR_SHARES.copy()
    spread[: len(found)][~found] = FilterRule.unseen_share
    spread = np.concatenate([spread, np.full(len(uncommon), FilterRule.uncommon_share)])
    components = np.asarray([*components, *uncommon], dtype=np.float64)
    mean = np.asarray(mean_spectrum, dtype=np.float64)
    shares = mean / mean.sum()
    least = FilterRule.least_share * shares[shares > 0].mean()
    weights = np.where(shares > 0, FilterRule.reference_counts / np.maximum(shares, least), 0.0)
    weighted = components * weights
    information = weighted @ components.T
    information[np.diag_indices_from(information)] += 1 / spread**2
    matrix = cho_solve(cho_factor(information), weighted)[:n_components]
    return np.asarray(matrix, dtype=np.float32)
