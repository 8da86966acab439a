"""Diagnostics of a painting: novelty, departures from the training range, detected line groups."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d
from scipy.stats import binom

from skxrf.exceptions import SkxrfError
from skxrf.preprocessing import EnergyCalibrator
from skxrf.utils.typing import Float32Array

from ._axis import ENERGY, LINE_GROUPS, component_group


@dataclass(frozen=True)
class NoveltyRule:
    """Numbers of the novelty of a spectrum."""

    bin_channels: int = 4  # channels of a bin: half a peak
    # near, near_share: model error as a share of the largest count within so many bins to both
    # sides: line ratios, widths and places are off by some per cent.
    near: int = 1
    near_share: float = 0.04
    # around, around_share: the same within 1 keV: tails and escape peaks of bright lines
    around: int = 12
    around_share: float = 0.003
    novel: float = 5.0  # novelty above which a spectrum counts as not explained
    reference_counts: float = 5000.0
    """Counts of a spectrum that `novel` applies to: novelty by errors of the model grows with the
    counts."""
    batch: int = 4096  # spectra that are worked on at a time; bounds the memory


@dataclass(frozen=True)
class TrainingRange:
    """Instruments and paintings of the training."""

    anodes: tuple[str, ...] = ("Rh", "Ag", "Mo", "W")  # anodes of the tubes
    widths: tuple[float, float] = (0.120, 0.175)
    """Least and greatest full width at half maximum at 5.9 keV [keV]."""
    width_error: float = 0.005  # error of the width that the energy calibration finds [keV]
    energies: tuple[float, float] = (1.9, 18.0)
    """Ends of the axis [keV] that every training spectrum covers."""
    # least_share, least_energy: share of the sum spectrum's counts and energy [keV] above which a
    # line group that is not mapped is named: the energy calibration confuses fainter and softer
    # ones.
    least_share: float = 0.003
    least_energy: float = 4.0
    novel_share: float = 0.03  # share of not explained spectra above which the painting is reported


class FitResiduals:
    """Residuals of a painting's linear filter fit, compared with photon noise.

    `calibrator`: from the painting's channels to the model's axis. `matrix`
    (n_components, n_channels), float32: the linear filter fit. `components`
    (n_components, n_channels), float32: spectra of one net count of each component.

    Notes
    -----
    The residual of a bin is a linear function of the counts of the measured channels, which are
    Poisson-distributed. With the coefficients ``r``, its square exceeds that of its expectation
    by the sum of ``r**2`` times the expected counts on average, and of the counts themselves as
    well, whatever they are. So the excess of the squares over that sum is zero on average
    where the fit explains the spectrum, at any number of counts: neither the degrees of freedom
    that the fit uses up nor the rebinning, which correlates channels, have to be guessed. The
    counts are taken on the model's axis, a channel's width away from where they were measured.
    """

    def __init__(
        self, calibrator: EnergyCalibrator, matrix: Float32Array, components: Float32Array
    ) -> None:
        n_bins = ENERGY.size // NoveltyRule.bin_channels
        bins = np.zeros((ENERGY.size, n_bins), np.float32)
        kept = np.arange(n_bins * NoveltyRule.bin_channels)
        bins[kept, kept // NoveltyRule.bin_channels] = 1
        self._explained = matrix.T @ (components @ bins)
        self._bins = bins
        # Share of a measured channel's counts in each of the model's, and their origins.
        shares = calibrator.transform(np.eye(calibrator.calibrated_energy_.size, dtype=np.float32))
        origins = shares / np.maximum(shares.sum(axis=0), 1e-9)
        self._noise = origins.T @ np.square(shares @ (bins - self._explained))

    def novelty(self, X: Float32Array) -> Float32Array:
        """Standardize the chi-square of each spectrum: (chi2 - E[chi2]) / sd(chi2).

        `X` (n_samples, n_channels), float32: spectra on the model's axis [counts]. Returns
        (n_samples,), float32: about 0 +- 1 where the linear filter fit explains the spectra.
        """
        size = NoveltyRule.batch
        parts = [self._of_batch(X[start : start + size]) for start in range(0, len(X), size)]
        return np.concatenate(parts) if parts else np.zeros(0, np.float32)

    def _of_batch(self, X: Float32Array) -> Float32Array:
        expected = X @ self._explained
        residuals = X @ self._bins - expected
        noise = X @ self._noise
        np.maximum(expected, 0.0, out=expected)
        model_error = np.maximum(
            NoveltyRule.near_share * maximum_filter1d(expected, 2 * NoveltyRule.near + 1, axis=1),
            NoveltyRule.around_share
            * maximum_filter1d(expected, 2 * NoveltyRule.around + 1, axis=1),
        )
        # At least one count: bins that are expected to be empty would weigh without bound.
        variance = np.maximum(expected, 1.0) + np.square(model_error)
        excess = ((np.square(residuals) - noise) / variance).sum(axis=1)
        # The variance of (n - m)**2 - n is 2 m**2 for a Poisson variable n of mean m, of which
        # counts and fit are two estimates.
        spread = (2 * noise * expected / np.square(variance)).sum(axis=1)
        return np.asarray(excess / np.sqrt(np.maximum(spread, 1.0)), dtype=np.float32)


def share_of_novel(novelty: Float32Array, counts: Float32Array) -> float:
    """Compute the share of spectra that would be novel with no more than the reference's counts.

    `novelty` (n_samples,): novelty of each spectrum. `counts` (n_samples,): counts of each
    spectrum. Returns between 0 and 1; errors of the model raise the novelty of a spectrum in
    proportion to its counts.
    """
    scale = np.minimum(1.0, NoveltyRule.reference_counts / np.maximum(counts, 1.0))
    return float(np.mean(novelty * scale > NoveltyRule.novel)) if len(novelty) else 0.0


def unfamiliar(
    calibrator: EnergyCalibrator, novel_share: float, fitted: Sequence[str] = ()
) -> list[str]:
    """List reasons, in words, why the model may do worse on a painting than in training."""
    reasons = []
    anode, width = calibrator.anode_, calibrator.fwhm_
    if anode is not None and anode not in TrainingRange.anodes:
        reasons.append(
            f"the tube's anode is {anode}: the model was trained on {', '.join(TrainingRange.anodes)}"
        )
    low, high = TrainingRange.widths
    if not low - TrainingRange.width_error <= width <= high + TrainingRange.width_error:
        reasons.append(
            f"lines are {1000 * width:.0f} eV wide at 5.9 keV: the model was trained on "
            f"{1000 * low:.0f} to {1000 * high:.0f} eV"
        )
    first, last = (float(calibrator.calibrated_energy_[i]) for i in (0, -1))
    low, high = TrainingRange.energies
    if first > low or last < high:
        reasons.append(
            f"the spectra reach from {first:.1f} to {last:.1f} keV: the model was trained on at "
            f"least {low:g} to {high:g} keV"
        )
    names = [*_clear_in_calibration(calibrator), *fitted]
    if unmapped := _unmapped(dict.fromkeys(names), calibrator):
        reasons.append(f"the spectra show {', '.join(unmapped)}, which the network does not map")
    if novel_share > TrainingRange.novel_share:
        reasons.append(
            f"{100 * novel_share:.0f} % of the spectra contain lines or shapes that the model does "
            "not explain"
        )
    return reasons


def _clear_in_calibration(calibrator: EnergyCalibrator) -> list[str]:
    """Line groups that the energy calibration clearly found in the sum spectrum."""
    fit = calibrator.axis_fit_
    if fit is None:
        return []
    least = TrainingRange.least_share * float(fit.counts.sum())
    return [name for name in fit.groups if fit.areas[name] > least]


def _unmapped(names: Iterable[str], calibrator: EnergyCalibrator) -> list[str]:
    """Line groups of elements that the model does not map, those of the tube left out."""
    known = {name.split("_")[0] for name in LINE_GROUPS} | {calibrator.anode_}
    return [
        name
        for name in names
        if name.split("_")[0] not in known
        and component_group(name).main_energy > TrainingRange.least_energy
    ]


@dataclass(frozen=True)
class MapDetectionRule:
    """Thresholds for a line group in maps, in standard errors of a pixel."""

    # pixel, false_share: threshold of a single pixel, and share of element-free pixels expected
    # above it.
    pixel: float = 3.0
    false_share: float = 0.01
    # grain, n_grains: threshold that noise never passes, and number of pixels above it that
    # suffice.
    grain: float = 7.0
    n_grains: int = 3
    everywhere: float = 1.0
    """Threshold for half of all pixels: faint line groups that are everywhere."""


def detected_line_groups(
    names: Sequence[str],
    intensities: NDArray[np.floating],
    errors: NDArray[np.floating],
    false_alarms: float = 0.01,
) -> list[str]:
    """Select the line groups that maps show.

    `names`: line groups of the columns. `intensities`, `errors` (n_pixels, n_line_groups): net
    counts and their standard errors. `false_alarms`: accepted chance that a line group which is in
    no pixel is reported. Returns line groups with more pixels above three standard errors than the
    binomial distribution allows if 1 % are by chance, or three pixels above seven, or half of all
    pixels above one.
    """
    if intensities.shape != errors.shape or intensities.shape[1:] != (len(names),):
        raise SkxrfError(
            f"intensities of shape {intensities.shape} and errors of shape {errors.shape}: both "
            f"must be (n_pixels, {len(names)})."
        )
    if not 0 < false_alarms < 1:
        raise SkxrfError(f"false_alarms must lie between 0 and 1, got {false_alarms!r}.")
    # Pixels without a value count as empty.
    standard = np.where(np.isfinite(intensities) & (errors > 0), intensities / errors, 0.0)
    n_allowed = binom.ppf(1 - false_alarms, len(standard), MapDetectionRule.false_share)
    many = (standard > MapDetectionRule.pixel).sum(axis=0) > n_allowed
    grains = (standard > MapDetectionRule.grain).sum(axis=0) >= MapDetectionRule.n_grains
    everywhere = np.median(standard, axis=0) > MapDetectionRule.everywhere
    return [name for name, there in zip(names, many | grains | everywhere, strict=True) if there]
