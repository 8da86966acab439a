"""Coarse search for large axis errors: fit all common lines at each trial shift."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from skxrf.physics._continuum import background_splines
from skxrf.physics.constants import ANODES

from ._axis import AxisCorrection
from ._binned import BinnedSpectrum
from ._line_groups import RULE, worth_fitting
from ._model import counting_weights, nonnegative
from ._priors import typical_detector
from ._template_grid import TemplateGrid, saturating_cost

__all__ = ["ShiftSearch"]

Array = NDArray[np.float64]

# Share of a channel by which the model may be wrong.
_MODEL_ERROR = 0.05
# Margin of the cost by which an anode must do better than all others, and than none.
_CLEAR = 10.0
# Share of all counts that the Compton peak of an anode has at least.
_LEAST_COMPTON = 1e-3
_NARROWEST_NOISE = 0.03  # keV
# Trial shifts [keV] at the anchors; the gain is wrong by at most 3 % or so.
_LOWS, _HIGHS = np.arange(-0.21, 0.22, 0.035), np.arange(-0.6, 0.61, 0.05)
_MOST_APART, _DISTINCT = 0.5, 0.12


class ShiftSearch:
    """Comparison of a spectrum with all common lines at any shift of its axis.

    Parameters
    ----------
    binned : BinnedSpectrum
        Sum spectrum.
    width : float
        Full width at half maximum [keV] of a peak at 5.9 keV.
    """

    def __init__(self, binned: BinnedSpectrum, width: float) -> None:
        self.binned = binned
        self.weights = counting_weights(binned.counts, _MODEL_ERROR)
        variance = width**2 - float(typical_detector(0.0).fwhm(5.9)) ** 2
        self.templates = TemplateGrid(
            *binned.range, noise=max(variance, _NARROWEST_NOISE**2) ** 0.5, margin=1.5
        )
        self.names = [name for name, _ in self.templates.table.labels]
        self.fixed = np.hstack(
            [background_splines(binned.edges, binned.range), binned.pile_up(binned.edges)[:, None]]
        )

    def fit(self, low: float, high: float, anode: str | None = None) -> tuple[float, Array]:
        """Cost and amplitudes at a shift.

        Parameters
        ----------
        low, high : float
            Shifts [keV] of the anchors.
        anode : str, optional
            Element whose Compton peak alone is tried, or ``"none"``; default those of all.

        Returns
        -------
        cost : float
        amplitudes : ndarray
            Counts of the columns of the line table, then of the fixed ones.
        """
        edges = AxisCorrection.at_anchors(low, high)(self.binned.edges)
        design = self.templates.design(edges, self.fixed) * self.weights[:, None]
        if anode is not None:
            for i, name in enumerate(self.names):
                if name.endswith("_compton") and name != f"{anode}_compton":
                    design[:, i] = 0.0
        amplitudes, _, residuals = nonnegative(design, self.binned.counts * self.weights)
        return saturating_cost(residuals), amplitudes

    def found(self, low: float, high: float) -> tuple[list[str], str | None]:
        """Line groups worth fitting at a shift, and the anode whose scatter is clearly there.

        Parameters
        ----------
        low, high : float
            Shifts [keV] of the anchors.

        Returns
        -------
        groups : list of str
        anode : str or None
            Not where the scatter of another anode, or none at all, does nearly as well.
        """
        costs = {anode: self.fit(low, high, anode)[0] for anode in self.templates.anodes}
        costs["none"] = self.fit(low, high, "none")[0]
        anode, next_best = sorted(costs, key=lambda name: costs[name])[:2]
        if anode == "none" or costs[next_best] <= costs[anode] + _CLEAR:
            anode = "none"
        _, amplitudes = self.fit(low, high, anode)
        totals = dict.fromkeys(self.names, 0.0)
        for name, amplitude in zip(self.names, amplitudes, strict=False):
            totals[name] += float(amplitude)
        counts = float(self.binned.counts.sum())
        if totals.get(f"{anode}_compton", 0.0) <= _LEAST_COMPTON * counts:
            anode = "none"
        groups = {name: total for name, total in totals.items() if not name.endswith("_compton")}
        chosen = worth_fitting(groups, counts, rule=RULE)
        if anode == "none":
            return chosen, None
        return list(dict.fromkeys([*chosen, ANODES[anode]])), anode

    def best(self, n_best: int) -> list[tuple[float, float]]:
        """Shifts of the anchors [keV] at the lowest, distinct minima of the cost."""
        pairs = [(a, b) for a in _LOWS for b in _HIGHS if abs(b - a) < _MOST_APART]
        costs = {pair: self.fit(*pair)[0] for pair in pairs}
        found: list[tuple[float, float]] = []
        for low, high in sorted(costs, key=lambda pair: costs[pair]):
            if all(abs(low - a) + abs(high - b) > _DISTINCT for a, b in found):
                found.append((float(low), float(high)))
            if len(found) == n_best:
                break
        return found
