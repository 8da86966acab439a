"""Least-squares model of a sum spectrum: lines, scatter, pile-up and a smooth background.

For each axis and detector the amplitudes are a non-negative linear problem; `_varpro.py` searches
axis and detector.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from scipy.linalg import solve_triangular
from scipy.optimize import nnls

from skxrf.physics import DetectorResponse
from skxrf.physics._continuum import background_splines
from skxrf.physics._line_table import line_table
from skxrf.physics._pile_up import pile_up_shape
from skxrf.physics.constants import FAMILY_SPREAD, WEAK_BETA, WEAK_BETA_SPREAD
from skxrf.spectrum_fit._priors import AxisCorrection, Stage, typical_detector
from skxrf.utils.energy import bin_edges
from skxrf.utils.typing import Array


def misfit_weights(residuals: Array, variance: Array, n_bins: int) -> Array:
    """Inverse standard errors, lowered where residuals around a bin exceed the expected ones.

    `residuals` (n,): counts that the model of a spectrum misses. `variance` (n,): their expected
    squares. `n_bins`: bins, an odd number of at most ``2 n - 1``, over which squared residuals are
    averaged: one or two peaks. Returns (n,): one over the standard errors: those expected, or as
    much larger as the residuals are.
    """
    around = np.pad(residuals**2 / variance, n_bins // 2, mode="reflect")
    local = np.convolve(around, np.ones(n_bins) / n_bins, mode="valid")
    return np.asarray(1 / np.sqrt(variance * np.maximum(local, 1.0)))


def unexplained_share(counts: Array, model: Array, n_joined: int) -> float:
    """Share of the counts that a model does not explain, beyond two standard errors of noise.

    `counts`, `model` (n_channels,): measured and fitted counts. `n_joined`: channels that are
    joined to a bin, about as wide as a peak: what a peak's exact shape misplaces within does not
    matter. Returns 0 for a model that fits.
    """
    starts = np.arange(0, counts.size, n_joined)
    missed = np.abs(np.add.reduceat(counts - model, starts))
    noise = 2 * np.sqrt(np.add.reduceat(counts, starts) + 1)
    return float(np.maximum(missed - noise, 0).sum() / max(counts.sum(), 1.0))


@dataclass(frozen=True)
class ModelRule:
    """Errors of the model of a sum spectrum, and limits of its parts."""

    least_piling_up: float = 0.6
    """Energy below which a noise peak lies [keV], which does not pile up visibly and would be a
    copy of the spectrum."""
    compton_error: float = 0.1
    """Share of the counts of Compton peaks, which have no known shape, by which they may be
    wrong."""
    background_error: float = 0.02  # the same of the background, a spline
    local_width: float = 0.6
    """Width over which residuals are averaged to see how wrong the model is there [keV]: two
    peaks."""
    least_area: float = 1e-4
    """Share of all counts below which theory's ratios of lines are not held any tighter."""
    ridge: float = 1e-12
    """Ridge relative to columns of unit size, well above rounding: columns may coincide."""


@dataclass(frozen=True)
class BinnedSpectrum:
    """Counts in bins of at least a given width, inside the fitted range."""

    edges: Array = field(repr=False)  # (n_bins + 1,): nominal bin edges [keV]
    counts: Array = field(repr=False)  # (n_bins,): counts
    channel_edges: Array = field(repr=False)
    """(n_fitted_channels + 1,): nominal edges [keV] of the channels in the fitted range."""
    # spectrum, energy (n_channels,): counts and nominal centers [keV] of all channels
    spectrum: Array = field(repr=False)
    energy: Array = field(repr=False)

    @classmethod
    def of(
        cls, spectrum: Array, energy: Array, width: float, energy_range: tuple[float, float]
    ) -> BinnedSpectrum:
        """Join channels to bins.

        `spectrum`, `energy` (n_channels,): counts and nominal centers [keV]. `width`: least width
        of a bin [keV], unless channels are wider. `energy_range`: range of the centers [keV] that
        are kept.
        """
        low, high = energy_range
        inside = np.flatnonzero((energy >= low) & (energy <= high))
        channel_edges = bin_edges(energy)[inside[0] : inside[-1] + 2]
        joined = max(1, int(width / float(np.median(np.diff(channel_edges))) + 1e-9))
        starts = np.arange(0, inside.size, joined)
        counts = np.add.reduceat(spectrum[inside].astype(np.float64), starts)
        edges = np.append(channel_edges[starts], channel_edges[-1])
        return cls(edges, counts, channel_edges, spectrum, energy)

    @property
    def range(self) -> tuple[float, float]:
        """Outermost edges [keV]."""
        return float(self.edges[0]), float(self.edges[-1])

    def pile_up(self, edges: Array, axis: Array | None = None) -> Array:
        """Shares of two photons counted as one in bins, (n_bins,).

        `edges` (n_bins + 1,): nominal edges [keV]. `axis` (n_channels,): true centers [keV] of the
        channels; default the nominal ones.
        """
        if axis is None:
            axis = self.energy
        else:
            edges = np.interp(edges, self.energy, axis)
        photons = np.where(axis > ModelRule.least_piling_up, self.spectrum, 0.0)
        return pile_up_shape(photons, axis, edges)


def smoothed(counts: Array) -> Array:
    """Averages over three bins, weighted 1 to 2 to 1."""
    padded = np.pad(np.maximum(counts, 0.0), 1, mode="edge")
    return np.convolve(padded, [0.25, 0.5, 0.25], mode="valid")


class Solution(NamedTuple):
    """Amplitudes at one axis and detector."""

    amplitudes: Array
    """(n_columns + n_fixed,): counts of the columns of the line table, pile-up, and coefficients of
    the background."""
    design: Array
    """(n_rows, n_columns + n_fixed): weighted design matrix, prior rows below those of the bins.
    Columns that the fitted range does not show are zero; those of their group hold their lines
    besides."""
    residuals: Array  # (n_rows,): weighted model less weighted counts


class SumSpectrumModel:
    """Model of one sum spectrum.

    `groups`: line groups of the model. `anode`: element of the tube, whose scattered lines are part
    of the model. `stage`: closeness of the model. `axis` (n_channels,): centers [keV] on which
    photons pile up, as far as they are known better than nominally. `tube_voltage`: voltage of the
    tube [kV]. `thickness`: thickness of the detector [mm].
    """

    def __init__(
        self,
        binned: BinnedSpectrum,
        groups: Sequence[str],
        anode: str | None,
        stage: Stage,
        *,
        axis: Array | None = None,
        tube_voltage: float = 50.0,
        thickness: float = DetectorResponse.thickness,
    ) -> None:
        self.binned, self.stage = binned, stage
        self.groups = list(groups)
        self.thickness = thickness
        self.table = line_table(
            groups,
            () if anode is None else (anode,),
            detail=stage.detail,
            tube_voltage=tube_voltage,
            thickness=thickness,
        )
        self.n_lines = len(self.table.labels)
        self.columns = {name: self.table.columns_of(name) for name in self.groups}
        self.fixed = self.fixed_parts(binned.edges, axis)
        self.followers = self._followers()
        smooth = smoothed(binned.counts)
        self.variance = smooth + (stage.model_error * smooth) ** 2 + 1
        self.weights = 1 / np.sqrt(self.variance)
        self.prior = np.zeros((0, self.n_lines + self.fixed.shape[1]))

    def fixed_parts(self, edges: Array, axis: Array | None = None) -> Array:
        """Pile-up and background splines in bins with the nominal edges, (n_bins, n_fixed)."""
        pile_up = self.binned.pile_up(edges, axis)
        return np.hstack([pile_up[:, None], background_splines(edges, self.binned.range)])

    @staticmethod
    def correction(x: Mapping[str, float]) -> AxisCorrection:
        """Axis of the parameters."""
        return AxisCorrection.at_anchors(x["low"], x["high"], x["curvature"])

    def detector(self, x: Mapping[str, float]) -> DetectorResponse:
        """Detector of the parameters."""
        return DetectorResponse(
            noise=x["noise"],
            fano=x["fano"],
            tail_fraction=x["tail_fraction"],
            tail_slope=x["tail_slope"],
            natural_width=x["natural_width"],
            satellites=x["satellites"],
            thickness=self.thickness,
        )

    def lines(self, x: Mapping[str, float], edges: Array, amplitudes: Array | None = None) -> Array:
        """Columns of the line table in bins with the nominal edges; their sum with amplitudes."""
        return self.table.render(self.correction(x)(edges), self.detector(x), amplitudes)

    def derivatives(self, x: Mapping[str, float], amplitudes: Array) -> Array:
        """Derivatives of the counts in the bins by all `PARAMETERS`, (n_bins, n_parameters)."""
        edges = self.binned.edges
        straight = {"low": 0.0, "high": 0.0, "curvature": 0.0}
        moves = [self.correction(straight | {name: 1.0})(edges) - edges for name in straight]
        detector = self.detector(x)
        lines = amplitudes[: self.n_lines]
        return self.table.derivatives(self.correction(x)(edges), detector, lines, moves)

    def solve(self, x: Mapping[str, float]) -> Solution:
        """Fit the amplitudes."""
        design = np.hstack([self.lines(x, self.binned.edges), self.fixed]) * self.weights[:, None]
        design = np.vstack([design, self.prior])
        design[:, : self.n_lines] = design[:, : self.n_lines] @ self.followers
        target = np.concatenate([self.binned.counts * self.weights, np.zeros(len(self.prior))])
        amplitudes, _, residuals = nonnegative(design, target)
        amplitudes[: self.n_lines] = self.followers @ amplitudes[: self.n_lines]
        return Solution(amplitudes, design, residuals)

    def _followers(self) -> Array:
        """Counts of each column of the table for one free count, (n_columns, n_columns).

        The identity, but for families of lines with less than a least share of their counts in
        the fitted range: they are free no longer, and follow the rest of their group by theory.
        Such parts of the scattered tube lines are left out.
        """
        edges = self.binned.edges
        inside = self.table.render(edges, typical_detector()).sum(axis=0)
        seen = inside >= self.stage.least_inside
        free = np.diag(seen.astype(float))
        shares = self.table.shares
        for mine in map(np.array, self.columns.values()):
            if not seen[mine].any():  # asked for at an end of the range: nothing else to follow
                free[mine[inside[mine].argmax()], mine[inside[mine].argmax()]] = 1.0
            leading = mine[free[mine, mine] > 0]
            following = mine[free[mine, mine] == 0]
            free[np.ix_(following, leading)] = (shares[following] / shares[leading].sum())[:, None]
        return free

    def model(self, x: Mapping[str, float], amplitudes: Array) -> Array:
        """Counts in the bins."""
        lines = self.lines(x, self.binned.edges, amplitudes[: self.n_lines])
        return np.asarray(lines + self.fixed @ amplitudes[self.n_lines :])

    def reweigh(self, x: Mapping[str, float], solution: Solution) -> None:
        """Learn weights and the prior of line ratios from a first solution."""
        amplitudes = solution.amplitudes
        compton = np.array([label[0].endswith("_compton") for label in self.table.labels], bool)
        broad = self.lines(x, self.binned.edges, np.where(compton, amplitudes[: self.n_lines], 0.0))
        smooth = smoothed(self.binned.counts)
        background = np.minimum(self.fixed @ amplitudes[self.n_lines :], smooth)
        error = (
            self.stage.model_error * smooth
            + ModelRule.compton_error * broad
            + ModelRule.background_error * background
        )
        self.variance = smooth + error**2 + 1
        # Where the model is worse than that, as residuals about a place show, it counts less.
        missed = self.binned.counts - self.model(x, amplitudes)
        n_local = (
            round(ModelRule.local_width / float(np.median(np.diff(self.binned.edges)))) // 2 * 2 + 1
        )
        n_local = min(max(n_local, 3), 2 * missed.size - 1)
        self.weights = misfit_weights(missed, self.variance, n_local)
        self.prior = self._ratio_prior(self.areas(amplitudes), float(smooth.sum()))

    def _ratio_prior(self, areas: Mapping[str, float], total: float) -> Array:
        """Rows that hold the shares of families near theory, about the areas of a first fit."""
        least = ModelRule.least_area * total + 1
        rows = []
        for name, mine in self.columns.items():
            if len(mine) == 1:
                continue
            shares = self.table.shares[mine]
            relative = np.where(
                (name[-1] == "K") & (shares < WEAK_BETA), WEAK_BETA_SPREAD, FAMILY_SPREAD[name[-1]]
            )
            spread = self.stage.family_factor * relative * shares
            part = np.zeros((len(mine), self.n_lines + self.fixed.shape[1]))
            part[:, mine] = np.eye(len(mine)) - shares[:, None]
            rows.append(part / (spread * max(areas[name], least))[:, None])
        return np.vstack([self.prior[:0], *rows])

    def areas(self, amplitudes: Array) -> dict[str, float]:
        """Net counts of the line groups."""
        return {name: float(amplitudes[mine].sum()) for name, mine in self.columns.items()}

    def errors(self, solution: Solution) -> dict[str, float]:
        """Standard errors of the areas [counts], all other amplitudes unknown."""
        information = solution.design.T @ solution.design
        covariance = np.linalg.pinv(information, rcond=1e-12, hermitian=True)[
            : self.n_lines, : self.n_lines
        ]
        covariance = self.followers @ covariance @ self.followers.T
        return {
            name: float(np.sqrt(max(covariance[np.ix_(mine, mine)].sum(), 0.0)))
            for name, mine in self.columns.items()
        }


def counting_weights(counts: Array, model_error: float) -> Array:
    """Inverse standard errors of counts, with a share of them as an error of the model."""
    smooth = smoothed(counts)
    return np.asarray(1 / np.sqrt(smooth + (model_error * smooth) ** 2 + 1))


def nonnegative(design: Array, target: Array) -> tuple[Array, Array, Array]:
    """Solve a non-negative least-squares problem.

    `design` (n_rows, n_columns): columns of any size. `target` (n_rows,): right-hand side. Returns
    `amplitudes` (n_columns,): solution; `design` (n_rows, n_columns): the same matrix; `residuals`
    (n_rows,): fit less target.
    """
    root, right, size = reduced(design, target)
    amplitudes, _ = nnls(root, right, maxiter=30 * size.size)
    amplitudes = amplitudes / size
    return amplitudes, design, design @ amplitudes - target


def reduced(design: Array, target: Array) -> tuple[Array, Array, Array]:
    """Least-squares problem of as many rows as columns, and the sizes of the former columns.

    `design` (n_rows, n_columns): columns of any size. `target` (n_rows,) or (n_rows, n_targets):
    right-hand sides. Returns `root` (n_columns, n_columns): upper triangle, for columns of unit
    size; `right` (n_columns,) or (n_columns, n_targets); `size` (n_columns,).
    """
    information = design.T @ design
    size = np.sqrt(np.diag(information))
    size[size == 0] = np.inf
    information /= size
    information /= size[:, None]
    information[np.diag_indices_from(information)] += ModelRule.ridge
    root: Array = np.asarray(np.linalg.cholesky(information).T, dtype=np.float64)
    right = (target.T @ design / size).T
    reduced_right: Array = solve_triangular(root, right, trans="T", check_finite=False)
    return root, reduced_right, size
