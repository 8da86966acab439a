"""True energy axis and resolution of a sum spectrum of unknown composition."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from skxrf.physics._lines import known_line_groups

from ._axis_lines import LineTable, Resolution, line_table
from ._axis_shifts import (
    COMMON,
    HIGHEST,
    LOWEST,
    BinnedSpectrum,
    ShiftSearch,
    nonnegative,
    shifted,
    weights,
)
from ._misfit import misfit_weights
from ._sum_shapes import background_splines

__all__ = ["AxisFit", "fit_energy_axis"]

Array = NDArray[np.float64]

# Widths of bins in the search and in the final fit [keV].
_FIRST_BIN, _FINE_BIN = 0.06, 0.03
# Share of a channel by which the model may be wrong.
_FINE_ERROR = 0.01
# The same for the question which lines are there.
_SELECTION_ERROR = 0.03
# Relative spread of families about theory's shares.
_FAMILY_SPREAD = {"K": 0.1, "L": 0.15, "M": 1.0}
# Bins over which residuals are averaged to see how wrong the model is there.
_LOCAL_BINS = 21
# Another axis whose cost in the search is no more than this above the best is as good.
_RIVAL = 4.0
# Full widths at half maximum at 5.9 keV that silicon detectors have [keV].
_WIDTHS = (0.1, 0.26)
_SIGNIFICANCE = 6.0
_RARE_SIGNIFICANCE = 12.0

# Fitted numbers: start, step, lower and upper bound, spread about the start.
_PARAMETERS: dict[str, tuple[float, float, float, float, float]] = {
    "low": (0.0, 0.01, -0.3, 0.3, 0.3),  # keV at the lower anchor
    "high": (0.0, 0.01, -0.6, 0.6, 0.5),  # keV at the upper anchor
    "curvature": (0.0, 0.003, -0.05, 0.05, 0.0007),  # keV, see shifted
    "noise": (0.09, 0.01, 0.02, 0.25, 0.1),  # keV
    "fano": (0.118, 0.01, 0.09, 0.2, 0.01),
    "tail_fraction": (0.01, 0.01, 0.0, 0.1, 0.01),
    "tail_slope": (0.15, 0.05, 0.05, 0.3, 0.1),  # keV
}


@dataclass(frozen=True)
class AxisFit:
    """True axis and resolution of a sum spectrum, and how well they are known.

    Parameters
    ----------
    energy : ndarray of shape (n_channels,)
        True bin centres [keV].
    resolution : Resolution
        Width and tail of a peak.
    groups : list of str
        Line groups that were found, brightest first.
    areas : dict of str to float
        Net counts of each.
    errors : dict of str to float
        Standard errors: ``"2 keV"``, ``"6.4 keV"``, ``"15 keV"`` of the axis [keV], ``"fwhm"``
        at 5.9 keV [keV].
    scatter : str or None
        Anode lines whose scatter was found, such as ``Rh_K``.
    chi_square : float
        Mean squared residual in units of its expected spread, a model error of 1 % included.
    bins, counts, model, background : ndarray
        True centres [keV] of the fitted bins, and counts there.
    """

    energy: Array = field(repr=False)
    resolution: Resolution
    groups: list[str]
    areas: dict[str, float] = field(repr=False)
    errors: dict[str, float]
    scatter: str | None
    chi_square: float
    bins: Array = field(repr=False)
    counts: Array = field(repr=False)
    model: Array = field(repr=False)
    background: Array = field(repr=False)


class _LastResult:
    """A function that remembers its last result: residuals and Jacobian ask for the same."""

    def __init__(self, function: Callable[[Array], tuple[Array, Array, Array]]) -> None:
        self.function = function
        self.argument = np.array([np.nan])

    def __call__(self, z: Array) -> tuple[Array, Array, Array]:
        if not np.array_equal(z, self.argument):
            self.result = self.function(z)
            self.argument = z.copy()
        return self.result


class _Problem:
    """Least squares by variable projection: only axis and resolution are searched."""

    def __init__(
        self, binned: BinnedSpectrum, axis: Array, groups: Sequence[str], scatter: str | None
    ):
        self.binned = binned
        self.groups = list(groups)
        self.scatter = scatter
        self.range = (float(binned.edges[0]), float(binned.edges[-1]))
        self.table: LineTable = line_table(groups, () if scatter is None else (scatter,))
        self.n_lines = len(self.table.labels)
        self.splines = background_splines(binned.edges, self.range)
        true_edges = np.interp(binned.edges, binned.energy, axis)
        self.fixed = np.hstack([binned.pile_up(axis, true_edges)[:, None], self.splines])
        self.weights = weights(binned.counts, _FINE_ERROR)
        self.prior = np.zeros((0, self.n_lines))

    def edges(self, x: dict[str, float]) -> Array:
        return shifted(self.binned.edges, x["low"], x["high"], x["curvature"])

    @staticmethod
    def resolution(x: dict[str, float]) -> Resolution:
        return Resolution(x["noise"], x["fano"], x["tail_fraction"], x["tail_slope"])

    def solve(self, x: dict[str, float]) -> tuple[Array, Array, Array]:
        """Amplitudes, weighted design with prior rows, residuals."""
        lines = self.table.render(self.edges(x), self.resolution(x))
        design = np.hstack([lines, self.fixed]) * self.weights[:, None]
        target = self.binned.counts * self.weights
        if len(self.prior):
            rows = np.zeros((len(self.prior), design.shape[1]))
            rows[:, : self.n_lines] = self.prior
            design = np.vstack([design, rows])
            target = np.concatenate([target, np.zeros(len(rows))])
        amplitudes, residuals = nonnegative(design, target)
        return amplitudes, design, residuals

    def areas(self, amplitudes: Array) -> dict[str, float]:
        areas = dict.fromkeys(self.groups, 0.0)
        for (name, _), amplitude in zip(self.table.labels, amplitudes, strict=False):
            if name in areas:
                areas[name] += float(amplitude)
        return areas

    def model(self, amplitudes: Array) -> Array:
        """Counts of the current parameters in the bins."""
        x = self.current
        lines = self.table.render(self.edges(x), self.resolution(x), amplitudes[: self.n_lines])
        return np.asarray(lines + self.fixed @ amplitudes[self.n_lines :])

    def reweigh(self, amplitudes: Array) -> None:
        """Weights and priors of families from a first solution."""
        lines = self.table
        model = np.concatenate([amplitudes[: self.n_lines]])
        scattered = np.array([not label[0].endswith("_compton") for label in lines.labels])
        compton = np.where(scattered, 0.0, model)
        x = self.current
        broad = lines.render(self.edges(x), self.resolution(x), compton)
        smooth = np.maximum(self.binned.counts, 0)
        smooth = np.convolve(np.pad(smooth, 1, mode="edge"), [0.25, 0.5, 0.25], mode="valid")
        # Compton peaks have no known shape, and the background is a spline.
        background = self.fixed @ amplitudes[self.n_lines :]
        model_error = _FINE_ERROR * smooth + 0.1 * broad + 0.02 * np.minimum(background, smooth)
        variance = smooth + model_error**2 + 1
        self.honest = 1 / np.sqrt(smooth + (_SELECTION_ERROR * smooth) ** 2 + model_error**2 + 1)
        # Where the model is worse than that, as residuals about a place show, it counts less.
        missed = self.binned.counts - self.model(amplitudes)
        self.weights = misfit_weights(missed, variance, _LOCAL_BINS)
        areas = self.areas(amplitudes)
        least = 1e-4 * float(smooth.sum()) + 1
        rows = []
        for i, (name, _) in enumerate(lines.labels):
            siblings = [j for j, label in enumerate(lines.labels) if label[0] == name]
            if len(siblings) == 1 or name.endswith("_compton"):
                continue
            row = np.zeros(self.n_lines)
            row[siblings] = -lines.shares[i]
            row[i] += 1
            spread = _FAMILY_SPREAD[name[-1]]
            rows.append(row / (spread * lines.shares[i] * max(areas[name], least)))
        self.prior = np.array(rows).reshape(-1, self.n_lines)

    def refine(self, start: dict[str, float], rounds: int = 2) -> dict[str, float]:
        names = list(_PARAMETERS)
        table = np.array([_PARAMETERS[name] for name in names])
        centre, steps, low, high, spread = table.T
        self.current = dict(start)
        for _ in range(rounds):
            self.reweigh(self.solve(self.current)[0])
            origin = np.clip([self.current[name] for name in names], low + 1e-6, high - 1e-6)

            def parameters(z: Array, origin: Array = origin) -> dict[str, float]:
                return dict(zip(names, (origin + z * steps).tolist(), strict=True))

            def solution(
                z: Array, parameters: Callable[[Array], dict[str, float]] = parameters
            ) -> tuple[Array, Array, Array]:
                return self.solve(parameters(z))

            at = _LastResult(solution)

            def residuals(z: Array, origin: Array = origin, at: _LastResult = at) -> Array:
                own = (origin + z * steps - centre) / spread
                return np.concatenate([at(z)[2], own])

            def jacobian(
                z: Array,
                at: _LastResult = at,
                parameters: Callable[[Array], dict[str, float]] = parameters,
            ) -> Array:
                # Kaufman 1975, BIT 15, 49: the derivative of the model at fixed amplitudes,
                # without what the amplitudes can take up.
                amplitudes, design, _ = at(z)
                used = amplitudes > 0
                moved = self._derivatives(z, parameters, amplitudes, len(design))
                basis, _ = np.linalg.qr(design[:, used])
                moved -= basis @ (basis.T @ moved)
                return np.vstack([moved, np.diag(steps / spread)])

            found = least_squares(
                residuals,
                np.zeros(len(names)),
                jac=jacobian,
                bounds=((low - origin) / steps, (high - origin) / steps),
                ftol=1e-4,
                xtol=1e-4,
                max_nfev=25,
            )
            self.current = parameters(found.x)
        self.jacobian, self.cost = found.jac / steps, float(found.cost)
        return self.current

    def _derivatives(
        self,
        z: Array,
        parameters: Callable[[Array], dict[str, float]],
        amplitudes: Array,
        n_rows: int,
    ) -> Array:
        h = 1e-2
        columns = np.zeros((n_rows, z.size))
        line_amplitudes = amplitudes[: self.n_lines]

        def model(z: Array) -> Array:
            x = parameters(z)
            lines = self.table.render(self.edges(x), self.resolution(x), line_amplitudes)
            return np.asarray(lines * self.weights)

        for k in range(z.size):
            step = np.zeros(z.size)
            step[k] = h
            columns[: self.weights.size, k] = (model(z + step) - model(z - step)) / (2 * h)
        return columns

    def covariance(self) -> Array:
        return np.linalg.pinv(self.jacobian.T @ self.jacobian, hermitian=True)

    def group_errors(self, design: Array) -> dict[str, float]:
        covariance = np.linalg.pinv(design.T @ design, rcond=1e-12, hermitian=True)
        errors = {}
        for name in self.groups:
            mine = [i for i, label in enumerate(self.table.labels) if label[0] == name]
            errors[name] = float(np.sqrt(max(covariance[np.ix_(mine, mine)].sum(), 0.0)))
        return errors


def fit_energy_axis(spectrum: Array, energy: Array, *, n_starts: int = 3) -> AxisFit | None:
    """Find the true axis of a sum spectrum from the lines that it holds, whatever they are.

    A search over errors of gain and zero compares the spectrum with all common lines at once;
    then only the groups that are there are fitted, others enter where residuals ask for them,
    and axis and resolution are refined.

    Parameters
    ----------
    spectrum : ndarray of shape (n_channels,)
        Counts, summed over many pixels.
    energy : ndarray of shape (n_channels,)
        Nominal bin centres [keV], wrong by up to 3 % in gain and 150 eV in zero.
    n_starts : int
        How many minima of the search are refined.

    Returns
    -------
    AxisFit or None
        None where the spectrum holds no lines to calibrate on, or two axes do equally well.
    """
    spectrum = np.maximum(np.asarray(spectrum, dtype=np.float64), 0.0)
    if np.count_nonzero((energy >= LOWEST) & (energy <= HIGHEST)) < 100:
        return None
    coarse = BinnedSpectrum.of(spectrum, energy, _FIRST_BIN, LOWEST)
    if coarse.counts.sum() < 1000:
        return None
    search = ShiftSearch(coarse, 0.15)
    starts = [
        _Refinement(spectrum, energy, search, low, high)
        for _, low, high in search.best(n_starts)
        if search.found(low, high)[0]
    ]
    if not starts:
        return None
    best = min(starts, key=lambda start: start.cost)
    if any(best.is_rivalled_by(start) for start in starts):
        return None
    fit = best.finish()
    if fit is None or not _WIDTHS[0] < float(fit.resolution.fwhm(5.9)) < _WIDTHS[1]:
        return None
    return fit


class _Refinement:
    """From a minimum of the search to the axis; after construction one round is done."""

    def __init__(
        self, spectrum: Array, energy: Array, search: ShiftSearch, low: float, high: float
    ) -> None:
        self.energy = energy
        self.groups, self.scatter = search.found(low, high)
        self.fine = BinnedSpectrum.of(spectrum, energy, _FINE_BIN, LOWEST)
        start = {name: values[0] for name, values in _PARAMETERS.items()}
        self.parameters = start | {"low": low, "high": high}
        self._round(1)
        # With the weights of the search, which are the same for all: those of the fit are low
        # where its lines do not describe the spectrum. The width is the one found.
        width = float(self.problem.resolution(self.parameters).fwhm(5.9))
        judge = ShiftSearch(search.binned, float(np.clip(width, *_WIDTHS)))
        self.cost = judge.fit(self.parameters["low"], self.parameters["high"])[0]

    def is_rivalled_by(self, other: _Refinement) -> bool:
        """Whether another axis, clearly apart, does nearly as well."""
        mine, theirs = self.parameters, other.parameters
        apart = abs(mine["low"] - theirs["low"]) > 0.08 or abs(mine["high"] - theirs["high"]) > 0.15
        return apart and other.cost < self.cost + _RIVAL

    def axis(self) -> Array:
        x = self.parameters
        return shifted(self.energy, x["low"], x["high"], x["curvature"])

    def _round(self, n_reweights: int) -> None:
        self.problem = _Problem(self.fine, self.axis(), self.groups, self.scatter)
        self.parameters = self.problem.refine(self.parameters, n_reweights)

    def finish(self) -> AxisFit | None:
        """The axis; None if no group of lines is left."""
        for n_reweights in (1, 2):
            self.groups = _chosen(self.problem, self.parameters)
            if not self.groups:
                return None
            self._round(n_reweights)
        problem, x, n_bins = self.problem, self.parameters, self.fine.counts.size
        amplitudes, design, residuals = problem.solve(x)
        chi_square = float(np.mean(residuals[:n_bins] ** 2))
        areas = problem.areas(amplitudes)
        edges = problem.edges(x)
        return AxisFit(
            energy=self.axis(),
            resolution=problem.resolution(x),
            groups=sorted(areas, key=lambda name: -areas[name]),
            areas=areas,
            errors=_errors(problem.covariance() * max(chi_square, 1.0), x),
            scatter=self.scatter,
            chi_square=chi_square,
            bins=(edges[1:] + edges[:-1]) / 2,
            counts=self.fine.counts,
            model=(design @ amplitudes)[:n_bins] / problem.weights,
            background=problem.splines @ amplitudes[problem.n_lines + 1 :],
        )


def _chosen(problem: _Problem, x: dict[str, float]) -> list[str]:
    """Groups that stand out, and those that the residuals ask for."""
    amplitudes, design, residuals = problem.solve(x)
    areas, errors = problem.areas(amplitudes), problem.group_errors(design)
    kept = [
        name
        for name in problem.groups
        if name == problem.scatter or areas[name] > 4 * max(errors[name], 1e-12)
    ]
    low, high = problem.edges(x)[[0, -1]]
    others = [
        name
        for name in known_line_groups(float(low) + 0.1, float(high) - 0.3)
        if name not in problem.groups and (name[-1] != "M" or f"{name[:-2]}_L" in kept)
    ]
    table = line_table(others, split=False)
    # Not the weights of the fit, which are low just where something is missing.
    columns = table.render(problem.edges(x), problem.resolution(x)) * problem.honest[:, None]
    missing = -residuals[: len(columns)] * problem.honest / problem.weights
    added: list[str] = []
    for _ in range(8):
        size = np.linalg.norm(columns, axis=0) + 1e-12
        scores = columns.T @ missing / size
        for i, name in enumerate(others):
            if name not in COMMON:
                scores[i] *= _SIGNIFICANCE / _RARE_SIGNIFICANCE
        best = int(np.argmax(scores))
        if scores[best] < _SIGNIFICANCE or others[best] in added:
            break
        added.append(others[best])
        unit = columns[:, best] / size[best]
        missing = missing - unit * (unit @ missing)
    return kept + added


def _errors(covariance: Array, x: dict[str, float]) -> dict[str, float]:
    names = list(_PARAMETERS)
    errors = {}
    for energy in (2.0, 6.4, 15.0):
        row = np.zeros(len(names))
        one = np.array([energy])
        for k, name in enumerate(("low", "high", "curvature")):
            row[k] = (shifted(one, **{"low": 0.0, "high": 0.0, name: 1.0}) - one)[0]
        errors[f"{energy:g} keV"] = float(np.sqrt(row @ covariance @ row))
    row = np.zeros(len(names))
    fwhm = float(Resolution(x["noise"], x["fano"]).fwhm(5.9))
    row[names.index("noise")] = x["noise"] / fwhm
    row[names.index("fano")] = 8 * np.log(2) * 3.66e-3 * 5.9 / (2 * fwhm)
    errors["fwhm"] = float(np.sqrt(row @ covariance @ row))
    return errors
