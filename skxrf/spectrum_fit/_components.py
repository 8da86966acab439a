"""Components of the fit of a pixel: line groups, scattered tube lines, pile-up, continuum."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from skxrf.physics._continuum import continuum_parts
from skxrf.physics._line_table import EXACT, line_table

from ._sum_spectrum import SumSpectrumFit

__all__ = ["fit_components"]

Array = NDArray[np.float64]

# Pile-up below this share of the sum spectrum is no component.
_LEAST_PILE_UP = 1e-5
# A scattered peak with less of its counts in the range is no component.
_LEAST_INSIDE = 0.2


def fit_components(
    groups: Sequence[str],
    fit: SumSpectrumFit,
    edges: Array,
    *,
    anode: str | None,
    tube_voltage: float,
    background_spacing: float,
) -> Array:
    """Spectra of one count of each component, shaped as in the sum spectrum.

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
    table = line_table(
        groups,
        () if anode is None else (anode,),
        detail=EXACT,
        tube_voltage=tube_voltage,
        thickness=fit.detector.thickness,
    )
    spectra = table.render(edges, fit.detector).T
    components = []
    for name in groups:
        mine = table.columns_of(name)
        shares = [fit.families[name][table.labels[i][1]] for i in mine]
        components.append(np.asarray(shares) @ spectra[mine])
    for kind in () if anode is None else ("rayleigh", "compton"):
        mine = table.columns_of(f"{anode}_{kind}")
        counts = np.array([fit.scatter[" ".join(table.labels[i])] for i in mine])
        peak = counts @ spectra[mine]
        if counts.sum() > 0 and peak.sum() > _LEAST_INSIDE * counts.sum():
            components.append(peak / peak.sum())
    if fit.pile_up.sum() > _LEAST_PILE_UP * fit.model.sum():
        components.append(fit.pile_up / fit.pile_up.sum())
    n_intervals = max(1, round((edges[-1] - edges[0]) / background_spacing))
    knots = np.linspace(edges[0], edges[-1], n_intervals + 1)
    centers = (edges[1:] + edges[:-1]) / 2
    return np.vstack([*components, continuum_parts(fit.background, centers, knots)])
