"""Gaussian and Voigt peaks with exponential tails in bins, and their derivatives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import dawsn, log_ndtr, ndtr

from skxrf.utils.typing import Array

# Ratio of a peak's standard deviation to its decay length above which the factors of the tail
# leave the range of floating-point numbers.
_LARGEST_RATIO = 20.0


class Reach(NamedTuple):
    """Bins that a line fills: standard deviations of the peak, decay lengths of the tail."""

    peak: float
    tail: float


REACH = Reach(peak=6.0, tail=12.0)


class PeakChange(NamedTuple):
    """Change of bins and lines by which a spectrum is differentiated; 0 for what stays."""

    edges: Array | float = 0.0  # (n_bins + 1,): of the bin edges [keV]
    # sigmas, tails, widths (n_lines,): of standard deviations [keV], counts in the tails per count
    # in the peak, and natural widths [keV].
    sigmas: Array | float = 0.0
    tails: Array | float = 0.0
    widths: Array | float = 0.0
    tail_slope: float = 0.0  # of the decay length [keV]


def render_peaks(
    edges: Array,
    energies: Array,
    intensities: Array,
    sigmas: Array,
    *,
    tails: Array | None = None,
    tail_slope: float = 1.0,
    widths: Array | None = None,
    columns: NDArray[np.int64] | None = None,
    n_columns: int = 1,
) -> Array:
    """Counts per bin of Gaussian or Voigt peaks with exponential tails.

    `edges` (n_bins + 1,): increasing bin edges [keV]. `energies`, `intensities`, `sigmas`
    (n_lines,): line energies [keV], counts in the peaks and their standard deviations [keV].
    `tails` (n_lines,): counts in the tail per count in the peak. `tail_slope`: decay length of the
    tails [keV]. `widths` (n_lines,): natural widths of the lines [keV], small beside those of the
    peaks; default 0. `columns` (n_lines,), int: row of the result that each line is added to;
    default 0. Returns (n_columns, n_bins): counts per bin.
    """
    n_bins = edges.size - 1
    table = np.zeros(n_columns * n_bins)
    for lines, peaks in _profiles(edges, energies, sigmas, tails, tail_slope, widths):
        # Rounding must not make expected counts negative.
        counts = np.maximum(np.diff(peaks.cumulative(), axis=1), 0.0) * intensities[lines][:, None]
        first = 0 if columns is None else columns[lines][:, None] * n_bins
        table += np.bincount((peaks.cells + first).ravel(), counts.ravel(), table.size)
    return table.reshape(n_columns, n_bins)


def render_changes(
    edges: Array,
    energies: Array,
    intensities: Array,
    sigmas: Array,
    changes: Sequence[PeakChange],
    *,
    tails: Array | None = None,
    tail_slope: float = 1.0,
    widths: Array | None = None,
) -> Array:
    """Derivatives of the sum of the peaks of `render_peaks`, whose other parameters these are.

    Returns (n_changes, n_bins): counts per bin, for a change of unit size.
    """
    n_bins = edges.size - 1
    table = np.zeros((len(changes), n_bins))
    for lines, peaks in _profiles(edges, energies, sigmas, tails, tail_slope, widths):
        for k, moved in enumerate(peaks.derivatives(lines, changes)):
            counts = np.diff(moved, axis=1) * intensities[lines][:, None]
            table[k] += np.bincount(peaks.cells.ravel(), counts.ravel(), n_bins)
    return table


def _profiles(
    edges: Array,
    energies: Array,
    sigmas: Array,
    tails: Array | None,
    tail_slope: float,
    widths: Array | None,
) -> Iterator[tuple[NDArray[np.bool_], _Profiles]]:
    """Lines with tails, which fill more bins, and those without."""
    tails = np.zeros(energies.size) if tails is None else tails
    widths = np.zeros(energies.size) if widths is None else widths
    for chosen in (tails > 0, tails <= 0):
        if chosen.any():
            lines = energies[chosen], sigmas[chosen], tails[chosen], widths[chosen]
            yield chosen, _Profiles(edges, *lines, tail_slope)


class _Profiles:
    """Cumulative distributions of lines at the edges of the bins that they fill.

    `places` (n_lines, n_filled + 1), int: edges. Beyond an end of the axis they coincide: nothing
    is counted there. `cells` (n_lines, n_filled), int: bins.
    """

    def __init__(
        self,
        edges: Array,
        energies: Array,
        sigmas: Array,
        tails: Array,
        widths: Array,
        tail_slope: float,
    ) -> None:
        n_bins = edges.size - 1
        self.tails, self.tail_slope = tails[:, None], tail_slope
        self.with_tail = bool(tails[0] > 0)
        reach = REACH.peak * sigmas
        below = reach + (REACH.tail * tail_slope if self.with_tail else 0.0)
        first = np.searchsorted(edges, energies - below)
        last = np.searchsorted(edges, energies + reach)
        places = first[:, None] - 1 + np.arange(int(np.max(last - first)) + 3)
        self.places = np.clip(places, 0, n_bins)
        self.cells = np.clip(places[:, :-1], 0, n_bins - 1)
        # A Voigt profile to the second order in the ratio of the Lorentzian's half width to the
        # Gaussian's standard deviation: 0.06 for L-alpha of lead, where the error is below 1e-4.
        half_widths = np.minimum(widths / 2, 0.5 * sigmas)[:, None]
        self.half_widths, self.whole_sigmas = half_widths, sigmas[:, None]
        self.sigmas = np.sqrt(self.whole_sigmas**2 - half_widths**2)
        self.distance = (edges[self.places] - energies[:, None]) / self.sigmas
        self.peak = ndtr(self.distance)
        self.damped = np.sqrt(2) / np.pi * half_widths / self.sigmas
        if widths.any():
            self.dawson = dawsn(self.distance / np.sqrt(2))
            self.peak -= self.damped * self.dawson
        else:
            self.dawson = np.zeros((1, 1))
        if self.with_tail:
            # A Gaussian minus an exponential of mean 1 / ratio, in standard deviations.
            ratio = self.ratio = self.sigmas / tail_slope
            power = self.distance * ratio + ratio**2 / 2
            if float(ratio.max()) < _LARGEST_RATIO:
                self.product = np.exp(power) * ndtr(-self.distance - ratio)
            else:
                self.product = np.exp(power + log_ndtr(-self.distance - ratio))

    def cumulative(self) -> Array:
        """Counts below each edge per count in the peak."""
        if not self.with_tail:
            return np.asarray(self.peak)
        return np.asarray(self.peak + self.tails * (self.peak + self.product))

    def derivatives(
        self, lines: NDArray[np.bool_], changes: Sequence[PeakChange]
    ) -> Iterator[Array]:
        """Derivatives of the cumulative distributions, (n_lines, n_filled + 1) each.

        Natural widths are taken to be below the widths of the peaks.
        """
        height = np.exp(-0.5 * self.distance**2) / np.sqrt(2 * np.pi)
        by_distance = height - self.damped * (1 / np.sqrt(2) - self.distance * self.dawson)
        by_sigma = (self.damped * self.dawson - self.distance * by_distance) / self.sigmas
        by_half = -np.sqrt(2) / np.pi / self.sigmas * self.dawson
        by_tail, by_slope = np.zeros((1, 1)), np.zeros((1, 1))
        if self.with_tail:
            whole = 1 + self.tails
            by_distance, by_half = whole * by_distance, whole * by_half
            by_tail = self.peak + self.product
            by_distance += self.tails * (self.ratio * self.product - height)
            per_slope = self.ratio * self.product - height
            by_sigma = whole * by_sigma + self.tails * (
                per_slope / self.tail_slope + height * self.distance / self.sigmas
            )
            by_slope = self.distance * self.product + per_slope
            by_slope = -self.tails * by_slope * self.ratio / self.tail_slope
        by_half = by_half - by_sigma * self.half_widths / self.sigmas
        by_sigma = by_sigma * self.whole_sigmas / self.sigmas
        by_edge = by_distance / self.sigmas
        for change in changes:
            moved = np.zeros(self.distance.shape)
            if isinstance(change.edges, np.ndarray):
                moved += by_edge * change.edges[self.places]
            for part, step in (
                (by_sigma, change.sigmas),
                (by_tail, change.tails),
                (by_half / 2, change.widths),
            ):
                if isinstance(step, np.ndarray):
                    moved += part * step[lines][:, None]
            if change.tail_slope:
                moved += by_slope * change.tail_slope
            yield moved
