"""Where a sum spectrum's axis is off by much: all common lines compared with it at any shift."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from skxrf.physics._lines import line_group
from skxrf.utils.energy import bin_edges

from ._axis_lines import Resolution, line_table
from ._sum_shapes import background_splines, pile_up_shape

__all__ = [
    "ANODES",
    "COMMON",
    "HIGHEST",
    "LOWEST",
    "BinnedSpectrum",
    "ShiftSearch",
    "nonnegative",
    "reachable",
    "shifted",
    "weights",
]

Array = NDArray[np.float64]

# Nothing below is fitted: noise peaks, detector thresholds and lines that air absorbs.
LOWEST, HIGHEST = 1.3, 32.0
# Energies whose shifts are searched [keV]; errors of gain and zero are mixtures of the two.
_ANCHORS = (2.0, 15.0)
# What paintings and rocks are mostly made of, for the first search; then every element may enter.
COMMON = (
    *("Al_K", "Si_K", "P_K", "S_K", "Cl_K", "Ar_K", "K_K", "Ca_K", "Ti_K", "V_K", "Cr_K", "Mn_K"),
    *("Fe_K", "Co_K", "Ni_K", "Cu_K", "Zn_K", "As_K", "Se_K", "Br_K", "Rb_K", "Sr_K", "Y_K"),
    *("Zr_K", "Nb_K", "Cd_K", "Sn_K", "Sb_K", "Ba_L", "Au_L", "Hg_L", "Pb_L", "Bi_L", "Pb_M"),
    *("Rh_L", "Ag_L", "Pd_L", "Mo_L", "Sn_L"),
)
ANODES = ("Rh_K", "Ag_K", "Mo_K", "Pd_K", "W_L", "Cu_K")
# Share of a channel by which the model may be wrong.
_FIRST_ERROR = 0.05
# By how much the cost of the search must be lower for an anode to be believed.
_CLEAR = 10.0


def shifted(energy: Array, low: float, high: float, curvature: float = 0.0) -> Array:
    """Energies moved by `low` and `high` at the anchors and by ``curvature`` in the middle."""
    share = (energy - _ANCHORS[0]) / (_ANCHORS[1] - _ANCHORS[0])
    # Bent between and just beyond the anchors; straight further out, where there are no lines.
    inner = np.clip(share, -0.5, 1.5)
    bent = 4 * inner * (1 - inner) + 4 * (share - inner) * (1 - 2 * inner)
    return energy + low * (1 - share) + high * share + curvature * bent


@dataclass
class BinnedSpectrum:
    """Counts in bins of at least a given width, inside the fitted range."""

    edges: Array
    counts: Array
    spectrum: Array
    energy: Array

    @classmethod
    def of(cls, spectrum: Array, energy: Array, width: float, low: float) -> BinnedSpectrum:
        inside = np.flatnonzero((energy >= low) & (energy <= HIGHEST))
        edges = bin_edges(energy)[inside[0] : inside[-1] + 2]
        joined = max(1, int(width / float(np.median(np.diff(edges))) + 1e-9))
        starts = np.arange(0, inside.size, joined)
        counts = np.add.reduceat(spectrum[inside], starts)
        return cls(np.append(edges[starts], edges[-1]), counts, spectrum, energy)

    @property
    def centres(self) -> Array:
        return np.asarray((self.edges[1:] + self.edges[:-1]) / 2)

    def pile_up(self, axis: Array, edges: Array) -> Array:
        # A noise peak around zero does not pile up visibly, and would be a copy of the spectrum.
        photons = np.where(axis > 0.6, self.spectrum, 0.0)
        return pile_up_shape(photons, axis, edges)


def weights(counts: Array, model_error: float) -> Array:
    """Inverse standard errors of counts, with a share of them as an error of the model."""
    smooth = np.convolve(np.pad(counts, 1, mode="edge"), [0.25, 0.5, 0.25], mode="valid")
    return np.asarray(1 / np.sqrt(smooth + (model_error * smooth) ** 2 + 1))


def nonnegative(design: Array, target: Array) -> tuple[Array, Array]:
    """Non-negative amplitudes and the residuals that they leave."""
    size = np.linalg.norm(design, axis=0)
    size[size == 0] = 1.0
    amplitudes, _ = nnls(design / size, target, maxiter=30 * design.shape[1])
    amplitudes = amplitudes / size
    return amplitudes, design @ amplitudes - target


def reachable(groups: Sequence[str], low: float, high: float) -> list[str]:
    """Those of the line groups whose strongest line lies well inside a range [keV]."""
    found = []
    for name in groups:
        energy = line_group(name, tube_voltage=1e3).main_energy
        if low + 0.1 <= energy <= high - 0.2:
            found.append(name)
    return found


class ShiftSearch:
    """Templates of everything common on a fine true axis, compared at any shift of the nominal."""

    def __init__(self, binned: BinnedSpectrum, width: float) -> None:
        self.binned = binned
        self.weights = weights(binned.counts, _FIRST_ERROR)
        self.range = (float(binned.edges[0]), float(binned.edges[-1]))
        groups = reachable([*COMMON, *ANODES], *self.range)
        anodes = reachable(ANODES, *self.range)
        self.table = line_table(groups, anodes, split=False)
        noise = max(width**2 - float(Resolution(noise=0.0).fwhm(5.9)) ** 2, 0.03**2) ** 0.5
        self.grid = np.arange(self.range[0] - 1.5, self.range[1] + 1.5, 0.01)
        templates = self.table.render(self.grid, Resolution(noise=noise))
        self.cumulative = np.vstack([np.zeros(templates.shape[1]), np.cumsum(templates, axis=0)])
        self.splines = background_splines(binned.edges, self.range)
        self.pile_up = binned.pile_up(binned.energy, binned.edges)[:, None]

    def fit(self, low: float, high: float, anode: str | None = None) -> tuple[float, Array]:
        """Cost and amplitudes at a shift; with an anode, without the scatter of all others."""
        edges = shifted(self.binned.edges, low, high)
        places = np.clip((edges - self.grid[0]) / 0.01, 0, self.grid.size - 1.001)
        whole = places.astype(int)
        part = (places - whole)[:, None]
        at_edges = self.cumulative[whole] * (1 - part) + self.cumulative[whole + 1] * part
        design = np.hstack([np.diff(at_edges, axis=0), self.splines, self.pile_up])
        design *= self.weights[:, None]
        if anode is not None:
            for i, (name, _) in enumerate(self.table.labels):
                if name.endswith("_compton") and name != f"{anode}_compton":
                    design[:, i] = 0.0
        amplitudes, residuals = nonnegative(design, self.binned.counts * self.weights)
        # Saturating: one peak that no common element explains must not decide.
        return float(np.sum(np.log1p(residuals**2 / 4))), amplitudes

    def found(self, low: float, high: float) -> tuple[list[str], str | None]:
        """Groups with a share of the counts, and the anode whose scatter is brightest."""
        anodes = reachable(ANODES, *self.range)
        costs = {anode: self.fit(low, high, anode)[0] for anode in anodes}
        anode = min(costs, key=lambda name: costs[name])
        alone, _ = self.fit(low, high, "none")
        next_cost = min((costs[name] for name in anodes if name != anode), default=np.inf)
        # Not where the scatter of another anode, or none at all, does nearly as well.
        clear = min(next_cost, alone) > costs[anode] + _CLEAR
        _, amplitudes = self.fit(low, high, anode if clear else "none")
        totals: dict[str, float] = {}
        for (name, _), amplitude in zip(self.table.labels, amplitudes, strict=False):
            totals[name] = totals.get(name, 0.0) + float(amplitude)
        counts = float(self.binned.counts.sum())
        scatter = anode if clear and totals[f"{anode}_compton"] > 1e-3 * counts else None
        groups = [
            name
            for name in totals
            if not name.endswith("_compton") and (totals[name] > 2e-4 * counts or name == scatter)
        ]
        return groups, scatter

    def best(self, n_best: int) -> list[tuple[float, float, float]]:
        """Distinct minima of the cost: (cost, low, high)."""
        lows = np.arange(-0.21, 0.22, 0.035)
        highs = np.arange(-0.6, 0.61, 0.05)
        # The gain is wrong by at most 3 % or so.
        pairs = [(a, b) for a in lows for b in highs if abs(b - a) < 0.5]
        costs = {pair: self.fit(*pair)[0] for pair in pairs}
        found: list[tuple[float, float, float]] = []
        for pair in sorted(costs, key=lambda pair: costs[pair]):
            if all(abs(pair[0] - a) + abs(pair[1] - b) > 0.12 for _, a, b in found):
                found.append((costs[pair], *pair))
            if len(found) == n_best:
                break
        return found
