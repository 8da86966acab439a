"""Search for the energy axis of a sum spectrum: a first guess, and large shifts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d, minimum_filter
from scipy.optimize import minimize

from skxrf.physics import line_group
from skxrf.physics._continuum import background_splines
from skxrf.physics._line_table import COARSE, WHOLE, line_table
from skxrf.physics.constants import ANODES, BRIGHT_LINE_GROUPS, SEARCHED_LINE_GROUPS
from skxrf.spectrum_fit._line_groups import RULE, within_range, worth_fitting
from skxrf.spectrum_fit._model import BinnedSpectrum, counting_weights, nonnegative
from skxrf.spectrum_fit._priors import AxisCorrection, typical_detector
from skxrf.utils.typing import Array

# Range [keV] that is compared and fitted: below lie noise peaks, detector thresholds and lines that
# air absorbs.
LOWEST, HIGHEST = 1.3, 32.0


class TemplateGrid:
    """Line groups that the search for an axis compares with a spectrum.

    `low`, `high`: range [keV] of the main lines. `noise`: electronic noise of the templates [keV].
    `margin`: distance [keV] by which bins may lie outside the range.
    """

    step = 0.01  # of the grid that templates are integrated on [keV]

    def __init__(self, low: float, high: float, noise: float, margin: float) -> None:
        # Of an anode whose lines lie just beyond the range, the Compton peak may lie inside.
        self.anodes = [
            anode for anode, group in ANODES.items() if within_range([group], low, high * 1.05)
        ]
        groups = within_range([*SEARCHED_LINE_GROUPS, *ANODES.values()], low, high)
        self.table = line_table(groups, self.anodes, detail=WHOLE)
        self.grid = np.arange(low - margin, high + margin, self.step)
        templates = self.table.render(self.grid, typical_detector(noise))
        self.cumulative = np.vstack([np.zeros(templates.shape[1]), np.cumsum(templates, axis=0)])

    def design(self, edges: Array, *fixed: Array) -> Array:
        """Design matrix of lines and other columns in bins.

        `edges` (n_bins + 1,): true edges [keV]. `*fixed` (n_bins, n_columns): further columns:
        background, pile-up. Returns (n_bins, n_line_columns + n_further).
        """
        places = np.clip((edges - self.grid[0]) / self.step, 0, self.grid.size - 1.001)
        whole = places.astype(int)
        part = (places - whole)[:, None]
        at_edges = self.cumulative[whole] * (1 - part) + self.cumulative[whole + 1] * part
        return np.hstack([np.diff(at_edges, axis=0), *fixed])


def saturating_cost(residuals: Array) -> float:
    """Cost of residuals, in which one peak that no common element explains does not decide."""
    return float(np.sum(np.log1p(residuals**2 / 4)))


@dataclass(frozen=True)
class ShiftRule:
    """Trial shifts of an axis, and thresholds of their comparison."""

    lows: tuple[float, float, float] = (-0.21, 0.22, 0.035)
    """First, end and step of the shifts at the lower anchor [keV]."""
    highs: tuple[float, float, float] = (-0.6, 0.61, 0.05)
    """The same at the upper anchor [keV]; the gain is wrong by at most 3 % or so."""
    most_apart: float = 0.5  # difference of the two shifts [keV]
    worth_refining: float = 2.0
    """Ratio to the least cost, up to which a minimum may be the lowest one between trial shifts."""
    model_error: float = 0.05  # share of a channel by which the model may be wrong
    clear: float = 10.0
    """Margin of the cost by which an anode must do better than all others, and than none."""
    least_compton: float = 1e-3
    """Share of all counts that the Compton peak of an anode has at least."""
    least_noise: float = 0.03  # electronic noise of the templates [keV]


class ShiftSearch:
    """Comparison of a spectrum with all common lines at any shift of its axis.

    `width`: full width at half maximum [keV] of a peak at 5.9 keV.
    """

    def __init__(self, binned: BinnedSpectrum, width: float) -> None:
        self.binned = binned
        self.weights = counting_weights(binned.counts, ShiftRule.model_error)
        variance = width**2 - float(typical_detector(0.0).fwhm(5.9)) ** 2
        self.templates = TemplateGrid(
            *binned.range, noise=max(variance, ShiftRule.least_noise**2) ** 0.5, margin=1.5
        )
        self.names = [name for name, _ in self.templates.table.labels]
        self.fixed = np.hstack(
            [background_splines(binned.edges, binned.range), binned.pile_up(binned.edges)[:, None]]
        )

    def fit(self, low: float, high: float, anode: str | None = None) -> tuple[float, Array]:
        """Cost and amplitudes at a shift.

        `low`, `high`: shifts [keV] of the anchors. `anode`: element whose Compton peak alone is
        tried, or ``"none"``; default those of all. Returns `cost`; `amplitudes`: counts of the
        columns of the line table, then of the fixed ones.
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

        `low`, `high`: shifts [keV] of the anchors. Returns `groups`; `anode`: not where the scatter
        of another anode, or none at all, does nearly as well.
        """
        costs = {anode: self.fit(low, high, anode)[0] for anode in self.templates.anodes}
        costs["none"] = self.fit(low, high, "none")[0]
        # Where no Compton peak lies in the range, there is "none" alone.
        anode, *others = sorted(costs, key=lambda name: costs[name])
        if anode == "none" or costs[others[0]] <= costs[anode] + ShiftRule.clear:
            anode = "none"
        _, amplitudes = self.fit(low, high, anode)
        totals = dict.fromkeys(self.names, 0.0)
        for name, amplitude in zip(self.names, amplitudes, strict=False):
            totals[name] += float(amplitude)
        counts = float(self.binned.counts.sum())
        if totals.get(f"{anode}_compton", 0.0) <= ShiftRule.least_compton * counts:
            anode = "none"
        groups = {name: total for name, total in totals.items() if not name.endswith("_compton")}
        chosen = worth_fitting(groups, counts, rule=RULE)
        if anode == "none":
            return chosen, None
        return list(dict.fromkeys([*chosen, ANODES[anode]])), anode

    def best(self, n_best: int) -> list[tuple[float, float]]:
        """Shifts of the anchors [keV] at the lowest minima of the cost that may be the best."""
        low, high = np.meshgrid(
            np.arange(*ShiftRule.lows), np.arange(*ShiftRule.highs), indexing="ij"
        )
        costs = np.full(low.shape, np.inf)
        for place in np.argwhere(np.abs(high - low) < ShiftRule.most_apart):
            at = tuple(place)
            costs[at] = self.fit(float(low[at]), float(high[at]))[0]
        lowest = costs == minimum_filter(costs, 3, mode="nearest")
        lowest &= costs < ShiftRule.worth_refining * costs.min()
        order = np.argsort(costs[lowest])[:n_best]
        return list(zip(low[lowest][order].tolist(), high[lowest][order].tolist(), strict=True))


@dataclass(frozen=True)
class PatternRule:
    """Limits and thresholds of the search for an axis from the pattern of peaks."""

    # gains, offsets: settings of multichannel analyzers [keV per channel], [keV]
    gains: tuple[float, float] = (0.004, 0.045)
    offsets: tuple[float, float] = (-1.2, 0.5)
    sigmas: tuple[float, float] = (0.03, 0.2)
    """Standard deviation of a peak near 6 keV [keV], with room for an imprecise estimate."""
    bin_width: float = 0.06  # width of the bins that are compared [keV]
    significance: float = 6.0  # standard errors above which a local maximum is a peak
    # n_peaks, n_paired: number of peaks that must lie at lines, and of those that are taken in
    # pairs.
    n_peaks: int = 14
    n_paired: int = 8
    # n_compared, n_polished: number of axes that are compared, and of those that are optimized
    n_compared: int = 80
    n_polished: int = 8
    model_error: float = 0.05  # share of a channel by which the lines may be wrong
    unseen: float = 0.5  # weight of peaks that lie below the compared range


@dataclass(frozen=True)
class AxisGuess:
    """Offset and gain from the pattern of peaks, and how much better they are than the next."""

    # offset, gain: energy of channel 0 [keV], keV per channel
    offset: float
    gain: float
    misfit: float  # misfit of lines and background, as a share of that of a background alone
    next_misfit: float
    """The same for the best axis that is clearly another; infinite if there is none."""


def guess_energy_axis(spectrum: Array) -> AxisGuess | None:
    """Find an axis of 4 to 45 eV per channel that starts between -1.2 and 0.5 keV.

    Pairs of bright peaks are taken for pairs of common lines; axes on which many peaks lie at
    lines are then compared by a fit of all common lines at once.

    `spectrum` (n_channels,): counts, summed over many pixels. Returns None where there are fewer
    than three peaks.
    """
    positions, strengths, sigma = _peaks(spectrum)
    if positions.size < 3:
        return None
    comparison = _Comparison(spectrum, positions, strengths)
    axes = _hypotheses(positions, strengths, sigma)
    valued = sorted((comparison.value(*axis), *axis) for axis in axes)
    polished = sorted(comparison.polished(*axis) for _, *axis in valued[: PatternRule.n_polished])
    if not polished or not np.isfinite(polished[0][0]):
        return None
    misfit, offset, gain = polished[0]
    channel = (6.4 - offset) / gain
    others = [
        value
        for value, a, b in polished
        if abs(a + b * channel - 6.4) > 0.15 or abs(b / gain - 1) > 0.03
    ]
    return AxisGuess(offset, gain, misfit, min(others, default=np.inf))


def _peaks(spectrum: Array) -> tuple[Array, Array, float]:
    """Channels and significances of peaks, and their common width [channels]."""
    found = []
    for scale in 1.2 * 1.35 ** np.arange(10):
        inner = gaussian_filter1d(spectrum, scale, mode="nearest")
        outer = gaussian_filter1d(spectrum, 2 * scale, mode="nearest")
        # A Gaussian filter averages over 2 sqrt(pi) standard deviations; a share of the level
        # stands for shapes that are no noise and no peaks either.
        noise = np.sqrt((outer + 0.3) / (2 * np.sqrt(np.pi) * scale) + (0.02 * outer) ** 2)
        height = (inner - outer) / noise
        inside = np.arange(1, spectrum.size - 1)
        tops = inside[
            (height[inside] > height[inside - 1])
            & (height[inside] >= height[inside + 1])
            & (height[inside] > PatternRule.significance)
        ]
        tops = tops[np.argsort(-height[tops])][: PatternRule.n_peaks]
        bend = 2 * height[tops] - height[tops - 1] - height[tops + 1]
        shift = (height[tops + 1] - height[tops - 1]) / (2 * np.maximum(bend, 1e-9))
        places = tops + np.clip(shift, -0.5, 0.5)
        found.append((float(np.sum(height[tops][:6])), places, height[tops], float(scale)))
    # Wide filters win by a little on isolated peaks, and merge neighbors: the narrowest that is
    # nearly as good.
    enough = 0.7 * max(total for total, *_ in found)
    _, places, heights, scale = next(one for one in found if one[0] >= enough)
    return places, heights, scale


def _hypotheses(positions: Array, strengths: Array, sigma: float) -> list[tuple[float, float]]:
    """Axes (offset, gain) on which many of the peaks lie at lines."""
    bright = np.sort(
        [line_group(name, tube_voltage=1e3).main_energy for name in BRIGHT_LINE_GROUPS]
    )
    searched = within_range([*SEARCHED_LINE_GROUPS, *ANODES.values()], 1.0, 33.0)
    table = line_table(searched, tuple(ANODES), detail=COARSE)
    known = np.sort(
        table.lines.energies[(table.lines.intensities > 0.15) & (table.lines.energies > 1.0)]
    )
    first, second = np.triu_indices(bright.size, 1)
    places = np.sort(positions[: PatternRule.n_paired])
    low, high = np.triu_indices(places.size, 1)
    gains = (bright[second] - bright[first])[:, None] / (places[high] - places[low])
    offsets = bright[first][:, None] - gains * places[low]
    gains, offsets = gains.ravel(), offsets.ravel()
    allowed = (
        (gains > max(PatternRule.gains[0], PatternRule.sigmas[0] / sigma))
        & (gains < min(PatternRule.gains[1], PatternRule.sigmas[1] / sigma))
        & (offsets > PatternRule.offsets[0])
        & (offsets < PatternRule.offsets[1])
    )
    gains, offsets = gains[allowed], offsets[allowed]
    energies = offsets[:, None] + gains[:, None] * positions
    after = np.clip(np.searchsorted(known, energies), 1, known.size - 1)
    away = np.minimum(np.abs(energies - known[after]), np.abs(energies - known[after - 1]))
    points = np.exp(-0.5 * (away / 0.03) ** 2)
    points[(energies < 1.0) | (energies > 40.0)] = 0.0
    scores = points @ np.sqrt(strengths)
    chosen: list[tuple[float, float]] = []
    for i in np.argsort(-scores):
        axis = (float(offsets[i]), float(gains[i]))
        if all(abs(axis[0] - a) > 0.04 or abs(axis[1] / b - 1) > 0.004 for a, b in chosen):
            chosen.append(axis)
        if len(chosen) == PatternRule.n_compared:
            break
    return chosen


class _Comparison:
    """Fits of all common lines on any axis."""

    def __init__(self, spectrum: Array, positions: Array, strengths: Array) -> None:
        self.spectrum, self.positions, self.strengths = spectrum, positions, np.sqrt(strengths)
        self.templates = TemplateGrid(LOWEST, HIGHEST, noise=0.1, margin=0.5)

    def value(self, offset: float, gain: float) -> float:
        """Misfit relative to a background alone; infinite where too little is in range."""
        if not (
            PatternRule.gains[0] <= gain <= PatternRule.gains[1]
            and PatternRule.offsets[0] <= offset <= PatternRule.offsets[1]
        ):
            return np.inf
        axis: Array = offset + gain * np.arange(self.spectrum.size, dtype=np.float64)
        n_joined = max(1, int(PatternRule.bin_width / gain + 1e-9))
        if np.count_nonzero((axis >= LOWEST) & (axis <= HIGHEST)) < 60 * n_joined:
            return np.inf
        binned = BinnedSpectrum.of(self.spectrum, axis, PatternRule.bin_width, (LOWEST, HIGHEST))
        edges, counts = binned.edges, binned.counts
        if counts.sum() < 1000:
            return np.inf
        splines = background_splines(edges, binned.range)
        pile_up = binned.pile_up(edges)[:, None]
        weight = counting_weights(counts, PatternRule.model_error)
        design = self.templates.design(edges, splines, pile_up) * weight[:, None]
        misfit = nonnegative(design, counts * weight)[2]
        alone = nonnegative(splines * weight[:, None], counts * weight)[2]
        energies = offset + gain * self.positions
        unseen = (energies < LOWEST) & (np.abs(energies) > 0.2)
        share = float(self.strengths[unseen].sum() / self.strengths.sum())
        return (
            saturating_cost(misfit) / max(saturating_cost(alone), 1e-9) + PatternRule.unseen * share
        )

    def polished(self, offset: float, gain: float) -> tuple[float, float, float]:
        """Best axis nearby: (misfit, offset, gain)."""
        scale = np.array([0.02, 0.003 * gain])
        start = np.array([offset, gain])
        simplex = start + scale * np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
        found = minimize(
            lambda x: self.value(*x),
            start,
            method="Nelder-Mead",
            options={"initial_simplex": simplex, "maxfev": 40, "fatol": 1e-4, "xatol": 1e-5},
        )
        return float(found.fun), float(found.x[0]), float(found.x[1])
