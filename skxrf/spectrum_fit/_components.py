"""Spectra that a pixel is fitted with: line groups, scattered tube lines, pile-up, continuum."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import BSpline

from ._sum_spectrum import SumSpectrumFit, group_template, scatter_peaks

__all__ = ["fit_components"]

Array = NDArray[np.float64]

# Pile-up below this share of the sum spectrum is no component.
_LEAST_PILE_UP = 1e-5
_DEGREE = 2


def fit_components(
    groups: Sequence[str],
    fit: SumSpectrumFit,
    edges: Array,
    *,
    anode: str | None,
    tube_voltage: float,
    background_spacing: float,
) -> Array:
    """Spectra of one count of all that a pixel may hold, shaped as in the sum spectrum.

    Parameters
    ----------
    groups : sequence of str
        Line groups.
    fit : SumSpectrumFit
        Fit of the sum spectrum in the same channels, with these groups and this anode.
    edges : ndarray of shape (n_channels + 1,)
        Nominal bin edges [keV] of the fitted channels.
    anode : str or None
        The tube's anode, whose scattered lines are components.
    tube_voltage : float
        Voltage of the tube [kV].
    background_spacing : float
        Distance [keV] of the smooth functions that bend the continuum.

    Returns
    -------
    ndarray of shape (n_components, n_channels)
        The line groups in their order, scattered tube lines, pile-up where there is some, and
        the functions that make up the continuum. Tails and escape peaks of line groups come on
        top of the one count.
    """
    edges = fit.correction(edges)
    components = [
        group_template(
            name,
            fit.detector,
            edges,
            families=fit.families[name],
            tube_voltage=tube_voltage,
        )
        for name in groups
    ]
    if anode is not None:
        components += scatter_peaks(anode, fit, edges)
    if fit.pile_up.sum() > _LEAST_PILE_UP * fit.model.sum():
        components.append(fit.pile_up / fit.pile_up.sum())
    return np.vstack([*components, _continuum_parts(edges, fit.background, background_spacing)])


def _continuum_parts(edges: Array, continuum: Array, spacing: float) -> Array:
    """The continuum of the sum spectrum times smooth bumps, each of unit area."""
    low, high = edges[0], edges[-1]
    n_intervals = max(1, round((high - low) / spacing))
    inner = np.linspace(low, high, n_intervals + 1)
    knots = np.concatenate([np.repeat(low, _DEGREE), inner, np.repeat(high, _DEGREE)])
    bumps = BSpline.design_matrix((edges[1:] + edges[:-1]) / 2, knots, _DEGREE).toarray().T
    # The continuum of the sum spectrum may touch zero; a pixel's need not.
    parts = bumps * np.maximum(continuum, 1e-3 * continuum.mean() + 1e-12)
    return np.asarray(parts / parts.sum(axis=1, keepdims=True))
