"""Axis, resolution, areas and line ratios of a painting, from a fit of its sum spectrum."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.linalg import solve_triangular
from scipy.optimize import least_squares

from skxrf.physics import DetectorResponse
from skxrf.spectrum_fit._model import BinnedSpectrum, Solution, SumSpectrumModel, reduced
from skxrf.spectrum_fit._priors import ANCHORS, AREAS, PARAMETERS, TRIAL, AxisCorrection
from skxrf.utils.threads import single_threaded_blas
from skxrf.utils.typing import Array

_NAMES = tuple(PARAMETERS)


@dataclass(frozen=True)
class FitRule:
    """Starts and rounds of the fit of a sum spectrum."""

    zeros: tuple[float, ...] = (-0.08, -0.04, 0.0, 0.04, 0.08)
    """Errors of zero that are tried [keV]: a wrong axis by more than half a peak's width has
    other minima nearby."""
    gains: tuple[float, ...] = (-0.01, 0.0, 0.01)  # errors of the gain that are tried
    rounds: int = 3
    """Rounds of weights, priors and search; after three, areas change by less than their
    errors' tenth."""
    least_for_ratios: float = 3.0
    """Standard errors below which a group keeps theory's ratios of lines."""


@dataclass(frozen=True)
class Refined:
    """Axis and detector at the minimum."""

    parameters: dict[str, float]  # values by name, see `PARAMETERS`
    covariance: Array = field(repr=False)
    """(n_parameters, n_parameters): their covariance, for residuals of unit variance."""


class _Search:
    """Residuals and Jacobian about an origin, in steps of the parameters."""

    def __init__(
        self, model: SumSpectrumModel, origin: Mapping[str, float], centers: Mapping[str, float]
    ) -> None:
        rows = [PARAMETERS[name] for name in _NAMES]
        self.model = model
        self.steps = np.array([row.step for row in rows])
        self.spread = np.array([row.spread for row in rows])
        self.centers = np.array([centers[name] for name in _NAMES])
        low, high = np.array([row.low for row in rows]), np.array([row.high for row in rows])
        if centers["natural_width"] == 0:  # Gaussian peaks are asked for
            high[_NAMES.index("natural_width")] = 2e-6
        self.origin = np.clip([origin[name] for name in _NAMES], low + 1e-6, high - 1e-6)
        self.low, self.high = low, high
        self.bounds = (low - self.origin) / self.steps, (high - self.origin) / self.steps
        self.argument = np.full(len(rows), np.nan)
        self.solution = Solution(np.empty(0), np.empty(0), np.empty(0))

    def values(self, z: Array) -> Array:
        # At a bound, rounding may end just beyond it.
        return np.asarray(np.clip(self.origin + z * self.steps, self.low, self.high))

    def parameters(self, z: Array) -> dict[str, float]:
        return dict(zip(_NAMES, self.values(z).tolist(), strict=True))

    def solved(self, z: Array) -> Solution:
        # Residuals and Jacobian ask for the same one after the other.
        if not np.array_equal(z, self.argument):
            self.solution = self.model.solve(self.parameters(z))
            self.argument = z.copy()
        return self.solution

    def residuals(self, z: Array) -> Array:
        prior = (self.values(z) - self.centers) / self.spread
        return np.concatenate([self.solved(z).residuals, prior])

    def jacobian(self, z: Array) -> Array:
        """Derivative at fixed amplitudes, less what the amplitudes take up.

        Kaufman 1975, BIT 15, 49.
        """
        amplitudes, design, _ = self.solved(z)
        moved = self.model.derivatives(self.parameters(z), amplitudes) * self.steps
        # By a difference, in which the ends of the tails move with the slope: without them it ran to
        # 0.06 keV, and potassium beside tin and cobalt beside much iron were lost.
        k = _NAMES.index("tail_slope")
        step = 1e-2 * np.eye(z.size)[k]
        above, below = (np.clip(z + sign * step, *self.bounds) for sign in (1, -1))
        change = self._lines(above, amplitudes) - self._lines(below, amplitudes)
        moved[:, k] = change / (above[k] - below[k])
        moved *= self.model.weights[:, None]
        moved = np.vstack([moved, np.zeros((len(design) - len(moved), z.size))])
        design = design[:, (amplitudes > 0) & design.any(axis=0)]
        root, right, size = reduced(design, moved)
        moved -= design @ (solve_triangular(root, right, check_finite=False) / size[:, None])
        return np.vstack([moved, np.diag(self.steps / self.spread)])

    def _lines(self, z: Array, amplitudes: Array) -> Array:
        model = self.model
        return model.lines(self.parameters(z), model.binned.edges, amplitudes[: model.n_lines])


def refine(
    model: SumSpectrumModel,
    start: Mapping[str, float],
    *,
    centers: Mapping[str, float] | None = None,
    rounds: int = 2,
) -> Refined:
    """Search axis and detector from a start.

    `model`: model; its weights and priors are learnt anew before each round. `start`: values of all
    `PARAMETERS`. `centers`: expected values; default those of `PARAMETERS`. `rounds`: number of
    searches: priors need areas, and areas need an axis.
    """
    expected = {name: row.start for name, row in PARAMETERS.items()} | dict(centers or {})
    current = dict(start)
    for _ in range(rounds):
        model.reweigh(current, model.solve(current))
        search = _Search(model, current, expected)
        found = least_squares(
            search.residuals,
            np.zeros(len(_NAMES)),
            jac=search.jacobian,
            bounds=search.bounds,
            ftol=1e-4,
            xtol=1e-4,
            max_nfev=25,
        )
        current = search.parameters(found.x)
    jacobian = found.jac / search.steps
    return Refined(current, np.linalg.pinv(jacobian.T @ jacobian, hermitian=True))


def calibrated(
    model: SumSpectrumModel,
    coarse: SumSpectrumModel,
    detector: DetectorResponse | None,
    *,
    refined: bool,
) -> dict[str, float]:
    """Axis and detector of a spectrum whose nominal axis is nearly right.

    `model`: model of the spectrum. `coarse`: the one by which axes are compared. `detector`: expected detector; default a typical one. `refined`:
    whether to search them; otherwise the nominal axis and `detector` hold. Returns values of all
    `PARAMETERS`.
    """
    start = {name: row.start for name, row in PARAMETERS.items()}
    if detector is not None:
        start |= {name: getattr(detector, name) for name in start if hasattr(detector, name)}
    if not refined:
        return start
    first, second = ANCHORS
    trials = [
        {**start, "low": zero + gain * first, "high": zero + gain * second}
        for zero, gain in itertools.product(FitRule.zeros, FitRule.gains)
    ]
    best = min(trials, key=lambda x: float(np.sum(coarse.solve(x).residuals ** 2)))
    return refine(model, best, centers=start, rounds=FitRule.rounds).parameters


@dataclass(frozen=True)
class SumSpectrumFit:
    """Fit of a sum spectrum: axis, detector, areas and continuum."""

    correction: AxisCorrection  # from the nominal to the true energy axis
    detector: DetectorResponse  # refined resolution and tail; the thickness that was expected
    families: dict[str, dict[str, float]] = field(repr=False)
    """Shares of the families of each line group."""
    areas: dict[str, float] = field(repr=False)  # net counts of each line group in the sum spectrum
    errors: dict[str, float] = field(repr=False)
    """Their standard errors [counts], the model's own error included."""
    scatter: dict[str, float] = field(repr=False)
    """Counts in the parts of the scattered tube lines, see
    :func:`skxrf.physics._line_table.scattered_tube_families`."""
    pile_up: Array = field(repr=False)
    """(n_fitted,): counts of two photons taken for one, in the channels of the fitted range."""
    background: Array = field(repr=False)  # (n_fitted,): continuum [counts] there
    model: Array = field(repr=False)  # (n_fitted,): fitted spectrum [counts] there


@single_threaded_blas()
def fit_sum_spectrum(
    spectrum: Array,
    energy: Array,
    line_groups: Sequence[str],
    *,
    energy_range: tuple[float, float],
    detector: DetectorResponse | None = None,
    anode: str | None = None,
    tube_voltage: float = 50.0,
    refine: bool = True,
) -> SumSpectrumFit:
    """Fit lines, background and (on request) the calibration to a sum spectrum.

    Variable projection: for each calibration the intensities are a non-negative linear
    least-squares problem; only calibration and detector are searched, from the best of a grid of
    offsets and gains. Without `refine` both stay, and line ratios alone are fitted.

    - `spectrum` (n_channels,): counts, summed over many pixels.
    - `energy` (n_channels,): nominal bin centers [keV].
    - `line_groups`: line groups of the model.
    - `energy_range`: the fitted range [keV].
    - `detector`: start of the refinement, or the response as it is if `refine` is false.
    - `anode`: tube anode, whose scattered lines then belong to the model.
    - `tube_voltage`: voltage of the tube [kV].
    - `refine`: whether to refine the calibration and the detector.
    """
    model, coarse = (
        SumSpectrumModel(
            BinnedSpectrum.of(spectrum, energy, stage.bin_width, energy_range),
            line_groups,
            anode,
            stage,
            tube_voltage=tube_voltage,
            thickness=(detector or DetectorResponse()).thickness,
        )
        for stage in (AREAS, TRIAL)
    )
    return _result(model, calibrated(model, coarse, detector, refined=refine))


def _result(model: SumSpectrumModel, x: Mapping[str, float]) -> SumSpectrumFit:
    """Areas, ratios and continuum at an axis and a detector."""
    model.reweigh(x, model.solve(x))
    solution = model.solve(x)
    amplitudes, n_lines = solution.amplitudes, model.n_lines
    areas, errors = model.areas(amplitudes), model.errors(solution)
    families = {}
    for name, mine in model.columns.items():
        seen = areas[name] > FitRule.least_for_ratios * errors[name]
        shares = amplitudes[mine] / areas[name] if seen else model.table.shares[mine]
        labels = (model.table.labels[i][1] for i in mine)
        families[name] = dict(zip(labels, shares.tolist(), strict=True))
    scatter = {
        " ".join(label): float(amplitude)
        for label, amplitude in zip(model.table.labels, amplitudes, strict=False)
        if label[0] not in model.columns
    }
    edges = model.binned.channel_edges
    fixed = model.fixed_parts(edges)
    lines = model.lines(x, edges, amplitudes[:n_lines])
    return SumSpectrumFit(
        correction=model.correction(x),
        detector=model.detector(x),
        families=families,
        areas=areas,
        errors=errors,
        scatter=scatter,
        pile_up=amplitudes[n_lines] * fixed[:, 0],
        background=fixed[:, 1:] @ amplitudes[n_lines + 1 :],
        model=lines + fixed @ amplitudes[n_lines:],
    )
