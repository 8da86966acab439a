"""Model of one painting: axis, resolution and fits from its own spectra."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skxrf.exceptions import CountsError
from skxrf.linear_model import TemplateFitRegressor
from skxrf.physics._line_table import scattered_tube_families
from skxrf.preprocessing import EnergyCalibrator, rebin_counts
from skxrf.spectrum_fit._elements import find_elements, mended_axis
from skxrf.spectrum_fit._tube import infer_tube
from skxrf.utils.energy import bin_edges

from ._axis import (
    COMPONENT_GROUPS,
    ENERGY,
    L_GROUP_OF_K,
    LINE_GROUPS,
    UNCOMMON_GROUPS,
    component_group,
)
from ._diagnostics import FitResiduals, share_of_novel, unfamiliar
from ._linear_filter_fit import background_shapes, linear_filter_fit
from ._local_groups import ComponentLines, local_line_groups

__all__ = ["PaintingFit", "SpectrumFit", "fit_painting"]


@dataclass(frozen=True)
class PaintingFit:
    """Axis, resolution and fits of a painting, made before any of its pixels is predicted.

    Parameters
    ----------
    calibrator : EnergyCalibrator
        From the painting's channels to the model's axis.
    matrix : ndarray of shape (n_components, n_channels), float32
        The linear filter fit, on the model's axis.
    components : ndarray of shape (n_components, n_channels), float32
        Spectra of one net count of each component of the linear filter fit.
    template_fit : TemplateFitRegressor
        Fit of the sum spectrum: line groups found, detector, ratios of lines.
    novel_share : float
        Share of the painting's spectra that the model does not explain: with a novelty above 5,
        or above 5 times their counts over 5,000 where they contain more.
    rare_groups : tuple of str
        Line groups of the template fit that make up less than 0.1 % of the painting's counts.
    undecided_groups : tuple of str
        Line groups of the template fit that neither sum nor single spectra tell from others: they keep
        the intensities of those right, and have none of their own by that fit.
    """

    calibrator: EnergyCalibrator
    matrix: NDArray[np.float32] = field(repr=False)
    components: NDArray[np.float32] = field(repr=False)
    template_fit: TemplateFitRegressor
    novel_share: float = 0.0
    rare_groups: tuple[str, ...] = ()
    undecided_groups: tuple[str, ...] = ()

    def novelty(self, X: NDArray[np.float32]) -> NDArray[np.float32]:
        """Standardize the misfit of each spectrum: (chi2 - E[chi2]) / sd(chi2) under photon noise.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_channels), float32
            Spectra on the model's axis [counts].

        Returns
        -------
        ndarray of shape (n_samples,), float32
            Of Pearson's chi-square over bins as wide as half a peak: about 0 +- 1 if the model
            explains the spectrum. Errors of the model of some per cent of a line's counts are
            allowed for; beyond that they show from some 50,000 counts a spectrum on.
        """
        return FitResiduals(self.calibrator, self.matrix, self.components).novelty(X)

    @property
    def unfamiliar(self) -> list[str]:
        """Reasons, in words, why the model may do worse here than in training.

        A tube, a resolution or an axis that the training did not have, line groups in the
        spectra that the model has no map of, or more than 3 % of the spectra with a novelty
        above 5 at 5,000 counts. Empty where there is none.
        """
        return unfamiliar(self.calibrator, self.novel_share, self.template_fit.fitted_groups_)


def fit_painting(
    X: NDArray[np.generic],
    energy: NDArray[np.float64],
    anode: str | None = None,
    tube_voltage: float | None = None,
) -> PaintingFit:
    """Fit axis, resolution and line groups of a painting to a sample of its spectra.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_channels)
        Spectra [counts], spread over the painting.
    energy : ndarray of shape (n_channels,)
        Nominal bin centers [keV].
    anode : str, optional
        Anode of the tube, or ``"none"``; default the one whose scattered lines are found.
    tube_voltage : float, optional
        Voltage of the tube [kV]; default 50.
    """
    calibrator = EnergyCalibrator(energy=energy, target=ENERGY).fit(X)
    total = np.maximum(X.sum(axis=0, dtype=np.float64), 0.0)
    spectrum = calibrator.transform(total[None])[0]
    if not spectrum.sum() > 0:
        raise CountsError(
            f"the {len(X)} spectra contain no counts between {ENERGY[0]:g} and {ENERGY[-1]:g} keV: "
            "there is nothing to map."
        )
    covered = ENERGY[spectrum > 0]
    low, high = max(1.3, float(covered[0])), min(29.0, float(covered[-1]))
    resolution = None if calibrator.axis_fit_ is None else calibrator.axis_fit_.resolution
    # In the painting's own channels, as ``skxrf info`` and ``fit`` find them.
    axis = mended_axis(energy, calibrator.calibrated_energy_, (ENERGY[0], ENERGY[-1]))
    found = find_elements(total, axis, infer_tube(total, axis, anode, tube_voltage))
    fit = TemplateFitRegressor(
        energy=ENERGY,
        **found.pixel_fit([], (low, high)),
        # Axis and resolution of the calibration are better than those of a second search.
        refine=resolution is None,
        detector=resolution,
    )
    fit.fit(spectrum[None])
    fit.evidence_ = [one.stated(len(X)) for one in found.evidence]
    lines = _line_spectra([*COMPONENT_GROUPS, *UNCOMMON_GROUPS, *fit.fitted_groups_], fit)
    continuum = _continuum(fit, spectrum)
    if local := _in_few_spectra(X, calibrator, lines, background_shapes(continuum), fit):
        fit.add_line_groups(local, spectrum[None], "seen in single spectra")
        continuum = _continuum(fit, spectrum)
    undecided = {name: most for name, most in found.undecided.items() if name not in local}
    # Spectra of which paints are learned, and the share of novel ones is estimated.
    some = X[:: max(1, len(X) // 6000)].astype(np.float32)
    own = np.maximum(calibrator.transform(some), 0)
    fit.fit_paints(own)
    lines = _line_spectra([*COMPONENT_GROUPS, *fit.fitted_groups_], fit)
    shapes = [*(lines[name] for name in COMPONENT_GROUPS), *background_shapes(continuum)]
    components = np.stack(shapes).astype(np.float32)
    uncommon = [lines[name] for name in fit.fitted_groups_ if name not in COMPONENT_GROUPS]
    most = np.array([undecided.get(name, np.inf) for name in COMPONENT_GROUPS]) / spectrum.sum()
    matrix = linear_filter_fit(
        components, spectrum, _found_components(fit, calibrator), uncommon, most
    )
    own = own[:: max(1, len(own) // 1000)]
    novelty = FitResiduals(calibrator, matrix, components).novelty(own)
    novel_share = share_of_novel(novelty, own.sum(axis=1))
    # Share of a painting's counts below which a line group is rare.
    least = 0.001 * spectrum.sum()
    rare = [name for name, area in fit.sum_spectrum_fit_.areas.items() if area < least]
    return PaintingFit(
        calibrator, matrix, components, fit, novel_share, tuple(rare), tuple(undecided)
    )


def _in_few_spectra(
    X: NDArray[np.generic],
    calibrator: EnergyCalibrator,
    lines: Mapping[str, NDArray[np.float64]],
    background: NDArray[np.float64],
    fit: TemplateFitRegressor,
) -> list[str]:
    """Find line groups of a retouching or a grain, which the sum of all spectra does not show."""
    candidates = (*COMPONENT_GROUPS, *UNCOMMON_GROUPS)
    n_channels = calibrator.calibrated_energy_.size
    return local_line_groups(
        X,
        calibrator.transform(np.eye(n_channels, dtype=np.float32)),
        ComponentLines(
            [component_group(name) for name in candidates],
            np.stack([lines[name] for name in candidates]),
        ),
        np.stack([*background, *_scatter(fit).values()]),
        fit,
        LINE_GROUPS,
    )


def _found_components(fit: TemplateFitRegressor, calibrator: EnergyCalibrator) -> NDArray[np.bool_]:
    """Mark the components that the template fit or the calibration found in the sum spectrum."""
    seen = {*fit.fitted_groups_, *calibrator.lines_, f"{calibrator.anode_}_L"}
    # Where these are, no sum spectrum tells whether there is sulfur too.
    if seen & {"Au_M", "Hg_M", "Pb_M", "Bi_M", "Mo_L"}:
        seen.add("S_K")
    return np.array([name in seen or L_GROUP_OF_K.get(name) in seen for name in COMPONENT_GROUPS])


def _line_spectra(
    names: Iterable[str], fit: TemplateFitRegressor
) -> dict[str, NDArray[np.float64]]:
    """Spectra of one net count: ratios of lines as in the painting, of theory where it has none."""
    found = fit.sum_spectrum_fit_
    edges = found.correction(bin_edges(ENERGY))
    lines = {}
    for name in dict.fromkeys(names):
        lines[name] = found.detector.template(component_group(name), edges)
        if name in fit.fitted_groups_:
            lines[name][fit.fitted_channels_] = fit.components_[fit.fitted_groups_.index(name)]
    return lines


def _scatter(fit: TemplateFitRegressor) -> dict[str, NDArray[np.float64]]:
    """Spectra of one count of each part of the scattered tube lines that reaches the axis."""
    if fit.anode is None:
        return {}
    found = fit.sum_spectrum_fit_
    edges = found.correction(bin_edges(ENERGY))
    parts = scattered_tube_families(fit.anode, found.detector, edges)
    return {name: part for name, part in parts.items() if part.sum() > 0}


def _continuum(fit: TemplateFitRegressor, spectrum: NDArray[np.float64]) -> NDArray[np.float64]:
    """Continuum of the sum spectrum, scattered tube lines and pile-up included."""
    found, inside = fit.sum_spectrum_fit_, fit.fitted_channels_
    continuum = np.maximum(spectrum, 0.0)  # beyond the fitted range: whatever is there
    continuum[inside] = found.background + found.pile_up
    for name, part in _scatter(fit).items():
        continuum[inside] += found.scatter.get(name, 0.0) * part[inside]
    return np.asarray(continuum)


class SpectrumFit:
    """Components of a painting's template fit in the painting's channels, and their counts.

    The fit is made on the model's axis. Here its components are brought back to the channels
    that were measured, where the calibration found them to be, so that
    ``decompose(X) @ components_`` lies on the spectra ``X`` in their own channels.

    Parameters
    ----------
    painting : PaintingFit
        What a calibrated model learned of its painting.

    Attributes
    ----------
    energy_ : ndarray of shape (n_channels,)
        Nominal bin centers [keV] that the spectra must have.
    calibrated_energy_ : ndarray of shape (n_channels,)
        Bin centers [keV] as the calibration found them.
    fitted_groups_ : list of str
        All line groups in the fit.
    fitted_channels_ : slice
        Channels that lie wholly within the fitted range.
    components_ : ndarray of shape (n_components, n_fitted_channels), float32
        Spectra of one count of each component: those of ``fitted_groups_`` first, then the rest.
    """

    def __init__(self, painting: PaintingFit) -> None:
        fit, calibrator = painting.template_fit, painting.calibrator
        self._fit, self._calibrator = fit, calibrator
        self.energy_: NDArray[np.float64] = calibrator.energy_
        self.calibrated_energy_: NDArray[np.float64] = calibrator.calibrated_energy_
        self.fitted_groups_: list[str] = list(fit.fitted_groups_)
        fitted = fit.energy_[fit.fitted_channels_]
        ends, edges = bin_edges(fitted), bin_edges(calibrator.calibrated_energy_)
        inside = np.flatnonzero((edges[:-1] >= ends[0]) & (edges[1:] <= ends[-1]))
        self.fitted_channels_ = slice(int(inside[0]), int(inside[-1]) + 1)
        self.components_: NDArray[np.float32] = rebin_counts(
            fit.components_.astype(np.float32),
            fitted,
            calibrator.calibrated_energy_[self.fitted_channels_],
        )

    def decompose(self, X: ArrayLike) -> NDArray[np.float32]:
        """Counts of every component in each spectrum.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_channels)
            Spectra [counts], in the painting's channels.

        Returns
        -------
        ndarray of shape (n_samples, n_components), float32
            Counts of each of ``components_``; those of line groups are the template fit's net
            intensities.
        """
        spectra: NDArray[Any] = np.asarray(X)
        return self._fit.decompose(np.maximum(self._calibrator.transform(spectra), 0))
