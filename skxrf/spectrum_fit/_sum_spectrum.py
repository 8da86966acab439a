"""Calibration, resolution and line ratios of a painting, refined on its sum spectrum."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares, nnls

from skxrf.physics import DetectorResponse, line_group
from skxrf.physics._families import line_families
from skxrf.physics._scatter import scattered_tube_families
from skxrf.utils.energy import bin_edges

from ._misfit import misfit_weights
from ._sum_shapes import background_splines, pile_up_shape

__all__ = [
    "AxisCorrection",
    "SumSpectrumFit",
    "fit_sum_spectrum",
    "group_template",
    "scatter_peaks",
]

Array = NDArray[np.float64]

# Share of a channel's counts by which the model may be wrong: with millions of counts in a sum
# spectrum, Poisson errors alone would let the brightest line decide everything.
_MODEL_ERROR = 0.01
# Relative spread of the share of a family of lines about theory: paint layers and air absorb
# the soft lines of a group more. M families are far apart compared with their energy.
_FAMILY_SPREAD = {"K": 0.05, "L": 0.1, "M": 0.25}
# Bins narrower than this [keV] are joined for the refinement, which then costs the same on any axis.
_REFINEMENT_BIN = 0.02

# Bins around one whose residuals say how good the model is there: about two peaks.
_LOCAL_BINS = 25

# Refined parameters: start, step that matters, lower and upper bound, and how far from the start
# they are expected (none for what no experience tells).
_PARAMETERS: dict[str, tuple[float, float, float, float, float]] = {
    "offset": (0.0, 0.02, -0.15, 0.15, np.inf),  # keV
    "gain": (1.0, 0.002, 0.97, 1.03, np.inf),
    "curvature": (0.0, 0.005, -0.03, 0.03, 0.005),  # keV at the ends of the fitted range
    "noise": (0.08, 0.01, 0.02, 0.25, np.inf),  # keV
    "fano": (0.115, 0.01, 0.09, 0.15, 0.006),
    "tail_fraction": (0.01, 0.01, 0.0, 0.2, 0.01),
    # A tail shorter than the peak is wide would take counts out of the peak.
    "tail_slope": (0.15, 0.1, 0.1, 1.5, 0.1),  # keV
    "thickness": (0.45, 0.1, 0.25, 3.0, 0.1),  # mm
}


@dataclass(frozen=True)
class AxisCorrection:
    """True energy of a nominal one: ``offset + gain E + curvature (u**2 - 1/3)``.

    Parameters
    ----------
    offset : float
        Shift [keV].
    gain : float
        Factor.
    curvature : float
        Departure from a straight line [keV]; ``u`` runs from -1 to 1 over the range.
    energy_range : tuple of float
        The fitted range [keV].
    """

    offset: float = 0.0
    gain: float = 1.0
    curvature: float = 0.0
    energy_range: tuple[float, float] = (0.0, 1.0)

    def __call__(self, energy: Array) -> Array:
        """Corrected energies [keV] of nominal ones, which keep their order."""
        low, high = self.energy_range
        u = np.clip((2 * energy - low - high) / (high - low), -1, 1)
        return np.asarray(self.offset + self.gain * energy + self.curvature * (u**2 - 1 / 3))


@dataclass(frozen=True)
class SumSpectrumFit:
    """What the sum spectrum says of the measurement.

    Parameters
    ----------
    correction : AxisCorrection
        From the nominal to the true energy axis.
    detector : DetectorResponse
        Refined resolution, tail and thickness.
    families : dict of str to dict of str to float
        Shares of the families of each line group.
    areas : dict of str to float
        Net counts of each line group in the sum spectrum.
    errors : dict of str to float
        Their standard errors [counts], the model's own error included.
    scatter : dict of str to float
        Counts in the parts of the scattered tube lines, see
        :func:`skxrf.physics.scattered_tube_families`.
    pile_up : ndarray of shape (n_fitted,)
        Counts of two photons taken for one, in the channels of the fitted range.
    background : ndarray of shape (n_fitted,)
        Continuum [counts] there.
    model : ndarray of shape (n_fitted,)
        Fitted spectrum [counts] there.
    """

    correction: AxisCorrection
    detector: DetectorResponse
    families: dict[str, dict[str, float]] = field(repr=False)
    areas: dict[str, float] = field(repr=False)
    errors: dict[str, float] = field(repr=False)
    scatter: dict[str, float] = field(repr=False)
    pile_up: Array = field(repr=False)
    background: Array = field(repr=False)
    model: Array = field(repr=False)


def group_template(
    name: str,
    detector: DetectorResponse,
    edges: Array,
    *,
    families: dict[str, float] | None = None,
    tube_voltage: float = 50.0,
) -> Array:
    """Spectrum of one net count of a line group, its families in the given shares.

    Parameters
    ----------
    name : str
        The line group.
    detector : DetectorResponse
        Shape of a line.
    edges : ndarray of shape (n_channels + 1,)
        True bin edges [keV].
    families : dict of str to float, optional
        Share of each family in the net counts; default that of theory.
    tube_voltage : float
        Voltage of the tube [kV].

    Returns
    -------
    ndarray of shape (n_channels,)
        Counts per bin, tail and escape peaks on top of the one net count.
    """
    if families is None:
        return detector.template(line_group(name, tube_voltage=tube_voltage), edges)
    template = np.zeros(edges.size - 1)
    for family, spectrum in _family_spectra(name, detector, edges, tube_voltage).items():
        template += families[family] * spectrum
    return template


def _family_spectra(
    name: str, detector: DetectorResponse, edges: Array, tube_voltage: float
) -> dict[str, Array]:
    """Spectra of one net count of each family of a line group."""
    group = line_group(name, tube_voltage=tube_voltage)
    spectra = {}
    for family, chosen in line_families(group, fine=True).items():
        energies = group.energies[chosen]
        shares = group.intensities[chosen] * detector.efficiency(energies)
        spectra[family] = detector.peaks(energies, shares / shares.sum(), edges)
    return spectra


def scatter_peaks(anode: str, fit: SumSpectrumFit, edges: Array) -> list[Array]:
    """Rayleigh and Compton peaks of the anode's lines, shaped as in the sum spectrum.

    Parameters
    ----------
    anode : str
        The tube's anode.
    fit : SumSpectrumFit
        Fit of the sum spectrum, with that anode.
    edges : ndarray of shape (n_channels + 1,)
        True bin edges [keV].

    Returns
    -------
    list of ndarray of shape (n_channels,)
        At most two spectra of one count; a peak outside the range is left out.
    """
    parts = scattered_tube_families(anode, fit.detector, edges)
    peaks = []
    for kind in ("rayleigh", "compton"):
        mine = [name for name in parts if name.split()[0] == f"{anode}_{kind}"]
        total = sum(fit.scatter[name] for name in mine)
        peak = sum(fit.scatter[name] * parts[name] for name in mine)
        if total > 0 and np.sum(peak) > 0.2 * total:
            peaks.append(np.asarray(peak / np.sum(peak)))
    return peaks


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
    model_error: float = _MODEL_ERROR,
    family_spread: float = 1.0,
) -> SumSpectrumFit:
    """Fit lines, background and (on request) the calibration to a sum spectrum.

    Variable projection: for each calibration the intensities are a non-negative linear
    least-squares problem; only calibration and detector are searched, from the best of a grid of
    offsets and gains. Without `refine` both stay, and line ratios alone are fitted.

    Parameters
    ----------
    spectrum : ndarray of shape (n_channels,)
        Counts, summed over many pixels.
    energy : ndarray of shape (n_channels,)
        Nominal bin centres [keV].
    line_groups : sequence of str
        What the spectrum may hold.
    energy_range : pair of float
        The fitted range [keV].
    detector : DetectorResponse, optional
        Start of the refinement, or the response as it is if `refine` is false.
    anode : str, optional
        Tube anode, whose scattered lines then belong to the model.
    tube_voltage : float
        Voltage of the tube [kV].
    refine : bool
        Whether to refine the calibration and the detector.
    model_error : float
        Share of a channel's counts by which the model may be wrong.
    family_spread : float
        Factor of the usual spread of line ratios about theory.

    Returns
    -------
    SumSpectrumFit
        The refined measurement.
    """
    problem = _Problem(
        spectrum,
        energy,
        tuple(line_groups),
        energy_range,
        anode,
        tube_voltage,
        model_error,
        family_spread,
    )
    start = {name: values[0] for name, values in _PARAMETERS.items()}
    if detector is not None:
        for name in ("noise", "fano", "tail_fraction", "tail_slope", "thickness"):
            start[name] = getattr(detector, name)
    parameters = problem.refine(start) if refine else start
    return problem.solution(parameters)


class _Problem:
    """The least-squares problem of one sum spectrum, on bins coarse enough to be quick."""

    def __init__(
        self,
        spectrum: Array,
        energy: Array,
        groups: tuple[str, ...],
        energy_range: tuple[float, float],
        anode: str | None,
        tube_voltage: float,
        model_error: float,
        family_spread: float,
    ) -> None:
        inside = np.flatnonzero((energy >= energy_range[0]) & (energy <= energy_range[1]))
        edges = bin_edges(energy)
        self.fine_edges = edges[inside[0] : inside[-1] + 2]
        joined = max(1, int(_REFINEMENT_BIN / float(np.median(np.diff(self.fine_edges))) + 1e-9))
        starts = np.arange(0, inside.size, joined)
        self.edges = np.append(self.fine_edges[starts], self.fine_edges[-1])
        self.counts = np.add.reduceat(spectrum[inside].astype(np.float64), starts)
        self.range = (float(self.fine_edges[0]), float(self.fine_edges[-1]))
        self.groups = groups
        self.anode = anode
        self.family_spread = family_spread
        self.scatter_names = (
            []
            if anode is None
            else list(scattered_tube_families(anode, DetectorResponse(), self.edges))
        )
        self.tube_voltage = tube_voltage
        self.families = [
            (name, family, float(group.intensities[chosen].sum()))
            for name in groups
            for group in [line_group(name, tube_voltage=tube_voltage)]
            for family, chosen in line_families(group, fine=True).items()
        ]
        self.splines = background_splines(self.edges, self.range)
        self.pile_up = pile_up_shape(spectrum.astype(np.float64), energy, self.edges)
        self.fine_pile_up = pile_up_shape(spectrum.astype(np.float64), energy, self.fine_edges)
        self.variance = self.counts + (model_error * self.counts) ** 2 + 1
        self.weights = 1 / np.sqrt(self.variance)
        self.prior = np.zeros((0, 0))

    def response(self, parameters: dict[str, float]) -> tuple[AxisCorrection, DetectorResponse]:
        correction = AxisCorrection(
            parameters["offset"], parameters["gain"], parameters["curvature"], self.range
        )
        detector = DetectorResponse(
            noise=parameters["noise"],
            fano=parameters["fano"],
            tail_fraction=parameters["tail_fraction"],
            tail_slope=parameters["tail_slope"],
            thickness=parameters["thickness"],
        )
        return correction, detector

    def lines(self, parameters: dict[str, float], edges: Array, pile_up: Array) -> Array:
        """Spectra of one count of each family, part of the scatter, and pile-up, (n_bins, n)."""
        correction, detector = self.response(parameters)
        edges = correction(edges)
        columns: list[Array] = []
        for name in self.groups:
            columns += _family_spectra(name, detector, edges, self.tube_voltage).values()
        if self.anode is not None:
            columns += scattered_tube_families(self.anode, detector, edges).values()
        columns.append(pile_up)
        return np.array(columns).T

    def fit(self, parameters: dict[str, float]) -> tuple[Array, Array, Array]:
        """Amplitudes, weighted design (prior rows included) and weighted residuals."""
        design = np.hstack([self.lines(parameters, self.edges, self.pile_up), self.splines])
        weighted = design * self.weights[:, None]
        target = self.counts * self.weights
        if self.prior.size:
            weighted = np.vstack([weighted, self.prior])
            target = np.append(target, np.zeros(len(self.prior)))
        # nnls is at its best with columns of like size.
        size = np.linalg.norm(weighted, axis=0)
        size[size == 0] = 1.0
        amplitudes, _ = nnls(weighted / size, target, maxiter=30 * weighted.shape[1])
        amplitudes = amplitudes / size
        return amplitudes, weighted, weighted @ amplitudes - target

    def set_prior(self, amplitudes: Array) -> None:
        """Hold the shares of families near theory, about the areas of a first fit."""
        areas = self.areas(amplitudes)
        least = 1e-4 * float(self.counts.sum()) + 1
        rows = []
        for i, (name, _, share) in enumerate(self.families):
            siblings = [j for j, other in enumerate(self.families) if other[0] == name]
            if len(siblings) == 1:
                continue
            row = np.zeros(len(amplitudes))
            row[siblings] = -share
            row[i] += 1
            spread = self.family_spread * _FAMILY_SPREAD[name[-1]]
            rows.append(row / (spread * share * max(areas[name], least)))
        self.prior = np.array(rows)

    def reweigh(self, residuals: Array) -> None:
        """Let count less what the model misses, as residuals around a place show."""
        missed = residuals[: self.counts.size] / self.weights
        self.weights = misfit_weights(missed, self.variance, _LOCAL_BINS)

    def areas(self, amplitudes: Array) -> dict[str, float]:
        areas = dict.fromkeys(self.groups, 0.0)
        for (name, _, _), amplitude in zip(self.families, amplitudes, strict=False):
            areas[name] += float(amplitude)
        return areas

    def refine(self, start: dict[str, float]) -> dict[str, float]:
        names = list(_PARAMETERS)
        steps = np.array([_PARAMETERS[name][1] for name in names])
        low = np.array([_PARAMETERS[name][2] for name in names])
        high = np.array([_PARAMETERS[name][3] for name in names])
        centre = np.array([start[name] for name in names])
        spread = np.array([_PARAMETERS[name][4] for name in names])

        def cost(parameters: dict[str, float]) -> float:
            return float(np.sum(self.fit(parameters)[2] ** 2))

        # A wrong calibration by more than half a peak's width has other minima nearby.
        trials = [
            {**start, "offset": offset, "gain": gain}
            for offset, gain in itertools.product((-0.08, -0.04, 0, 0.04, 0.08), (0.99, 1.0, 1.01))
        ]
        best = min(trials, key=cost)
        for _ in range(2):  # the prior needs areas, and the areas a calibration
            amplitudes, _, residuals_before = self.fit(best)
            self.reweigh(residuals_before)
            self.set_prior(amplitudes)
            origin = np.clip([best[name] for name in names], low + 1e-6, high - 1e-6)

            def residuals(x: Array, origin: Array = origin) -> Array:
                values = origin + x * steps
                expected = (values - centre) / spread
                misfit = self.fit(dict(zip(names, values, strict=True)))[2]
                return np.concatenate([misfit, expected])

            found = least_squares(
                residuals,
                np.zeros(len(names)),
                bounds=((low - origin) / steps, (high - origin) / steps),
                diff_step=1e-2,
                ftol=1e-5,
                xtol=1e-4,
                max_nfev=25,
            )
            best = dict(zip(names, (origin + found.x * steps).tolist(), strict=True))
        return best

    def solution(self, parameters: dict[str, float]) -> SumSpectrumFit:
        amplitudes, _, residuals = self.fit(parameters)
        self.reweigh(residuals)
        self.set_prior(amplitudes)
        amplitudes, weighted, _ = self.fit(parameters)
        n_lines = len(amplitudes) - self.splines.shape[1]
        areas = self.areas(amplitudes)
        covariance = np.linalg.pinv(weighted.T @ weighted, rcond=1e-12, hermitian=True)
        families: dict[str, dict[str, float]] = {}
        errors = {}
        for name in self.groups:
            mine = [i for i, family in enumerate(self.families) if family[0] == name]
            errors[name] = float(np.sqrt(max(covariance[np.ix_(mine, mine)].sum(), 0.0)))
            # A group that was not found keeps theory's shares.
            found = areas[name] > 3 * errors[name]
            families[name] = {
                self.families[i][1]: float(amplitudes[i] / areas[name])
                if found
                else self.families[i][2]
                for i in mine
            }
        correction, detector = self.response(parameters)
        background = background_splines(self.fine_edges, self.range) @ amplitudes[n_lines:]
        lines = self.lines(parameters, self.fine_edges, self.fine_pile_up) @ amplitudes[:n_lines]
        n_families = len(self.families)
        scatter = dict(
            zip(self.scatter_names, amplitudes[n_families : n_lines - 1].tolist(), strict=True)
        )
        pile_up = amplitudes[n_lines - 1] * self.fine_pile_up
        return SumSpectrumFit(
            correction,
            detector,
            families,
            areas,
            errors,
            scatter,
            pile_up,
            background,
            background + lines,
        )
