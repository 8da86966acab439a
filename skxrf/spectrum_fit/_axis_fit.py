"""Energy axis and resolution of a sum spectrum of unknown composition."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from skxrf.physics import DetectorResponse
from skxrf.physics.constants import ANODES, FWHM_OF_SIGMA, PAIR_ENERGY
from skxrf.utils.threads import single_threaded_blas
from skxrf.utils.typing import Array

from ._axis_search import HIGHEST, LOWEST, ShiftSearch
from ._line_groups import evidence, present, unexplained_groups
from ._model import BinnedSpectrum, SumSpectrumModel
from ._priors import AXIS, PARAMETERS, AxisCorrection
from ._sum_spectrum import refine


@dataclass(frozen=True)
class AxisRule:
    """Thresholds of the fit of an axis."""

    search_bin: float = 0.06  # width of bins in the search [keV]
    least_channels: int = 100  # number of channels below which no lines show
    least_counts: int = 1000  # number of counts below which no lines show
    rival: float = 4.0
    """Excess of the cost in the search over the best, up to which another axis is as good."""
    widths: tuple[float, float] = (0.1, 0.26)
    """Full widths at half maximum at `reference` that silicon detectors have [keV]."""
    reference: float = 5.9  # energy of the widths [keV]


@dataclass(frozen=True)
class AxisFit:
    """True axis and resolution of a sum spectrum, and how well they are known."""

    energy: Array = field(repr=False)  # (n_channels,): true bin centers [keV]
    resolution: DetectorResponse  # width and tail of a peak
    groups: list[str]  # line groups that were found, the brightest first
    areas: dict[str, float] = field(repr=False)  # net counts of each
    errors: dict[str, float]
    """Standard errors: ``"2 keV"``, ``"6.4 keV"``, ``"15 keV"`` of the axis [keV], ``"fwhm"`` at
    5.9 keV [keV]."""
    scatter: str | None  # anode lines whose scatter was found, such as ``Rh_K``
    chi_square: float
    """Mean squared residual in units of its expected spread, a model error of 1 % included."""
    # bins, counts, model, background: true centers [keV] of the fitted bins, and counts there
    bins: Array = field(repr=False)
    counts: Array = field(repr=False)
    model: Array = field(repr=False)
    background: Array = field(repr=False)


@single_threaded_blas()
def fit_energy_axis(spectrum: Array, energy: Array, *, n_starts: int = 3) -> AxisFit | None:
    """Find the true axis of a sum spectrum of unknown composition from its lines.

    A search over errors of gain and zero compares the spectrum with all common lines at once;
    then only the groups that are there are fitted, others enter where residuals ask for them,
    and axis and resolution are refined.

    `spectrum` (n_channels,): counts, summed over many pixels. `energy` (n_channels,): nominal bin
    centers [keV], wrong by up to 3 % in gain and 150 eV in zero. `n_starts`: number of minima of
    the search that are refined. Returns None where the spectrum holds no lines to calibrate on, or
    two axes do equally well.
    """
    spectrum = np.maximum(np.asarray(spectrum, dtype=np.float64), 0.0)
    if np.count_nonzero((energy >= LOWEST) & (energy <= HIGHEST)) < AxisRule.least_channels:
        return None
    coarse = BinnedSpectrum.of(spectrum, energy, AxisRule.search_bin, (LOWEST, HIGHEST))
    if coarse.counts.sum() < AxisRule.least_counts:
        return None
    search = ShiftSearch(coarse, 0.15)
    starts = [
        _Refinement(spectrum, energy, search, low, high)
        for low, high in search.best(n_starts)
        if search.found(low, high)[0]
    ]
    if not starts:
        return None
    best = min(starts, key=lambda start: start.cost)
    if any(best.is_rivalled_by(start) for start in starts):
        return None
    fit = best.finish()
    if (
        fit is None
        or not AxisRule.widths[0]
        < float(fit.resolution.fwhm(AxisRule.reference))
        < AxisRule.widths[1]
    ):
        return None
    return fit


class _Refinement:
    """Refinement of a minimum of the search; the first rounds are done at construction."""

    def __init__(
        self, spectrum: Array, energy: Array, search: ShiftSearch, low: float, high: float
    ) -> None:
        self.energy = energy
        self.groups, self.anode = search.found(low, high)
        self.fine = BinnedSpectrum.of(spectrum, energy, AXIS.bin_width, (LOWEST, HIGHEST))
        start = {name: row.start for name, row in PARAMETERS.items()}
        self.parameters = start | {"low": low, "high": high}
        self._round(2)
        # With the weights of the search, which are the same for all: those of the fit are low
        # where its lines do not describe the spectrum. The width is the one found.
        width = float(self.model.detector(self.parameters).fwhm(AxisRule.reference))
        judge = ShiftSearch(search.binned, float(np.clip(width, *AxisRule.widths)))
        self.cost = judge.fit(self.parameters["low"], self.parameters["high"])[0]

    def is_rivalled_by(self, other: _Refinement) -> bool:
        """Compare with another start: clearly another axis, and nearly as good."""
        mine, theirs = self.parameters, other.parameters
        apart = abs(mine["low"] - theirs["low"]) > 0.08 or abs(mine["high"] - theirs["high"]) > 0.15
        return apart and other.cost < self.cost + AxisRule.rival

    def axis(self) -> Array:
        return SumSpectrumModel.correction(self.parameters)(self.energy)

    def _round(self, n_reweights: int) -> None:
        self.model = SumSpectrumModel(self.fine, self.groups, self.anode, AXIS, axis=self.axis())
        refined = refine(self.model, self.parameters, rounds=n_reweights)
        self.parameters, self.covariance = refined.parameters, refined.covariance

    def _chosen(self) -> list[str]:
        """Groups that stand out, and those that the residuals ask for."""
        solution = self.model.solve(self.parameters)
        required = () if self.anode is None else (ANODES[self.anode],)
        kept = present(evidence(self.model, solution), required=required)
        return kept + unexplained_groups(self.model, self.parameters, solution, kept)

    def finish(self) -> AxisFit | None:
        """Axis after two more rounds; None if no group of lines is left."""
        for n_reweights in (1, 2):
            self.groups = self._chosen()
            if not self.groups:
                return None
            self._round(n_reweights)
        model, x, n_bins = self.model, self.parameters, self.fine.counts.size
        solution = model.solve(x)
        chi_square = float(np.mean(solution.residuals[:n_bins] ** 2))
        areas = model.areas(solution.amplitudes)
        edges = model.correction(x)(self.fine.edges)
        return AxisFit(
            energy=self.axis(),
            resolution=model.detector(x),
            groups=sorted(areas, key=lambda name: -areas[name]),
            areas=areas,
            errors=_errors(self.covariance * max(chi_square, 1.0), model.detector(x)),
            scatter=None if self.anode is None else ANODES[self.anode],
            chi_square=chi_square,
            bins=(edges[1:] + edges[:-1]) / 2,
            counts=self.fine.counts,
            model=model.model(x, solution.amplitudes),
            background=model.fixed[:, 1:] @ solution.amplitudes[model.n_lines + 1 :],
        )


def _errors(covariance: Array, detector: DetectorResponse) -> dict[str, float]:
    """Standard errors [keV] of the axis at three energies, and of the width of a peak."""
    names = list(PARAMETERS)
    errors = {}
    for energy in (2.0, 6.4, 15.0):
        row = np.zeros(len(names))
        one = np.array([energy])
        for k, name in enumerate(("low", "high", "curvature")):
            shift = {"low": 0.0, "high": 0.0, name: 1.0}
            row[k] = (AxisCorrection.at_anchors(**shift)(one) - one)[0]
        errors[f"{energy:g} keV"] = float(np.sqrt(row @ covariance @ row))
    row = np.zeros(len(names))
    fwhm = float(detector.fwhm(AxisRule.reference))
    row[names.index("noise")] = detector.noise / fwhm
    row[names.index("fano")] = FWHM_OF_SIGMA**2 * PAIR_ENERGY * AxisRule.reference / (2 * fwhm)
    errors["fwhm"] = float(np.sqrt(row @ covariance @ row))
    return errors
