"""Model of one painting: axis, resolution and fits from its own spectra."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skxrf.exceptions import CountsError
from skxrf.linear_model import TemplateFitRegressor
from skxrf.physics._line_table import EXACT, line_table, scattered_tube_families
from skxrf.preprocessing import EnergyCalibrator
from skxrf.spectrum_fit._elements import Elements, find_elements, mended_axis
from skxrf.spectrum_fit._like_spectra import sums_of_like_spectra
from skxrf.spectrum_fit._tube import infer_tube
from skxrf.utils.energy import bin_edges
from skxrf.utils.threads import single_threaded_blas

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

_SEEN = "seen in single spectra"


@dataclass(frozen=True)
class PaintingFit:
    """Axis, resolution and fits of a painting, made before any of its pixels is predicted."""

    calibrator: EnergyCalibrator  # conversion from the painting's channels to the model's axis
    matrix: NDArray[np.float32] = field(repr=False)
    """(n_components, n_channels), float32: linear filter fit on the model's axis."""
    components: NDArray[np.float32] = field(repr=False)
    """(n_components, n_channels), float32: spectra of one net count of each component of it."""
    template_fit: TemplateFitRegressor
    """Fit of the sum spectrum in the painting's channels, at the energies that the calibrator
    found: line groups, detector, ratios of lines."""
    novel_share: float = 0.0
    """Share of the painting's spectra that the model does not explain: with a novelty above 5,
    or above 5 times their counts over 5,000 where they contain more."""
    rare_groups: tuple[str, ...] = ()
    """Line groups of the template fit that make up less than 0.1 % of the painting's counts."""

    def on_model_axis(self, spectra: NDArray[Any]) -> NDArray[np.float32]:
        """Counts of finite spectra on the model's axis, negative ones of pre-treated spectra left out."""
        rebinned = self.calibrator.rebin(spectra.astype(np.float32, copy=False))
        return rebinned if spectra.dtype.kind == "u" else np.maximum(rebinned, 0, out=rebinned)

    def areas(self, spectra: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Net intensities of the template fit, and their standard errors.

        `spectra` (n_samples, n_measured_channels): finite spectra [counts] in the painting's
        channels. Returns `areas`, `errors` (n_samples, n_line_groups): of the line groups of
        `template_fit` [counts].
        """
        # Fits of models that were saved before lie on the model's axis.
        former = np.array_equal(self.template_fit.energy_, ENERGY)
        counts = self.on_model_axis(spectra) if former else spectra
        areas, errors = self.template_fit.predict(counts, return_std=True)
        return np.asarray(areas), np.asarray(errors)

    def novelty(self, X: NDArray[np.float32]) -> NDArray[np.float32]:
        """Standardize the misfit of each spectrum: (chi2 - E[chi2]) / sd(chi2) under photon noise.

        `X` (n_samples, n_channels), float32: spectra on the model's axis [counts]. Returns
        (n_samples,), float32: that of Pearson's chi-square over bins as wide as half a peak: about
        0 +- 1 if the model explains the spectrum. Errors of the model of some per cent of a line's
        counts are allowed for; beyond that they show from some 50,000 counts a spectrum on.
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


@single_threaded_blas()
def fit_painting(
    X: NDArray[np.generic],
    energy: NDArray[np.float64],
    anode: str | None = None,
    tube_voltage: float | None = None,
) -> PaintingFit:
    """Fit axis, resolution and line groups of a painting to a sample of its spectra.

    `X` (n_samples, n_channels): spectra [counts], spread over the painting. `energy` (n_channels,):
    nominal bin centers [keV]. `anode`: anode of the tube, or ``"none"``; default the one whose
    scattered lines are found. `tube_voltage`: voltage of the tube [kV]; default 50.
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
    tube = infer_tube(total, axis, anode, tube_voltage)
    found = find_elements(total, axis, tube, parts=sums_of_like_spectra(X))
    # Likewise: rebinned peaks have another shape.
    fit = TemplateFitRegressor(
        energy=calibrator.calibrated_energy_,
        **found.pixel_fit([], (low, high)),
        detector=resolution,
    )
    fit.fit(total[None])
    fit.evidence_ = [one.stated(len(X)) for one in found.evidence]
    lines = _line_spectra([*COMPONENT_GROUPS, *UNCOMMON_GROUPS, *fit.fitted_groups_], fit)
    continuum = _continuum(fit, total, calibrator)
    if local := _in_few_spectra(X, calibrator, lines, background_shapes(continuum), fit):
        fit.add_line_groups([*local], total[None], _SEEN)
        fit.evidence_ = _evidence_of_few(fit.evidence_, found, X, local)
        continuum = _continuum(fit, total, calibrator)
    # Spectra of which paints are learned, and the share of novel ones is estimated.
    some = X[:: max(1, len(X) // 6000)].astype(np.float32)
    fit.fit_paints(some)
    lines = _line_spectra([*COMPONENT_GROUPS, *fit.fitted_groups_], fit)
    shapes = [*(lines[name] for name in COMPONENT_GROUPS), *background_shapes(continuum)]
    components = np.stack(shapes).astype(np.float32)
    uncommon = [lines[name] for name in fit.fitted_groups_ if name not in COMPONENT_GROUPS]
    matrix = linear_filter_fit(components, spectrum, _found_components(fit, calibrator), uncommon)
    own = np.maximum(calibrator.transform(some[:: max(1, len(some) // 1000)]), 0)
    novelty = FitResiduals(calibrator, matrix, components).novelty(own)
    novel_share = share_of_novel(novelty, own.sum(axis=1))
    # Share of a painting's counts below which a line group is rare.
    least = 0.001 * spectrum.sum()
    rare = [name for name, area in fit.sum_spectrum_fit_.areas.items() if area < least]
    return PaintingFit(calibrator, matrix, components, fit, novel_share, tuple(rare))


def _in_few_spectra(
    X: NDArray[np.generic],
    calibrator: EnergyCalibrator,
    lines: Mapping[str, NDArray[np.float64]],
    background: NDArray[np.float64],
    fit: TemplateFitRegressor,
) -> dict[str, NDArray[np.intp]]:
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
        np.stack([*background, *_scatter(fit, ENERGY).values()]),
        fit,
        LINE_GROUPS,
    )


def _evidence_of_few(
    evidence: list[dict[str, Any]],
    found: Elements,
    X: NDArray[np.generic],
    local: Mapping[str, NDArray[np.intp]],
) -> list[dict[str, Any]]:
    """Evidence with line groups that few spectra show, judged by the same rule in their sum.

    `local`: those line groups, and the places of the spectra in `X`. What the rule does not call an
    element there, a reflection or a sum peak, stays in the fit.
    """
    stated = {one["line_group"]: one for one in evidence}
    for name, rows in local.items():
        one = found.in_few(X[rows].sum(axis=0, dtype=np.float64), name)
        if one is None:
            told = {"answer": "not seen", "reason": f"{_SEEN} as a peak of other origin"}
        else:
            told = {"answer": one.answer, "reason": _SEEN, "competitor": one.competitor}
        stated[name] = stated[name] | told
    return list(stated.values())


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
    table = line_table(
        fit.fitted_groups_,
        detail=EXACT,
        tube_voltage=fit.tube_voltage,
        thickness=found.detector.thickness,
    )
    families = table.render(edges, found.detector)
    lines = {}
    for name in dict.fromkeys(names):
        if name in fit.fitted_groups_:
            mine = table.columns_of(name)
            shares = [found.families[name][table.labels[i][1]] for i in mine]
            lines[name] = families[:, mine] @ np.array(shares)
        else:
            lines[name] = found.detector.template(component_group(name), edges)
    return lines


def _scatter(
    fit: TemplateFitRegressor, energy: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    """Spectra of one count of each part of the scattered tube lines that reaches the axis."""
    if fit.anode is None:
        return {}
    found = fit.sum_spectrum_fit_
    edges = found.correction(bin_edges(energy))
    parts = scattered_tube_families(fit.anode, found.detector, edges)
    return {name: part for name, part in parts.items() if part.sum() > 0}


def _continuum(
    fit: TemplateFitRegressor, total: NDArray[np.float64], calibrator: EnergyCalibrator
) -> NDArray[np.float64]:
    """Continuum of the sum spectrum on the model's axis, scattered lines and pile-up included."""
    found, inside = fit.sum_spectrum_fit_, fit.fitted_channels_
    continuum = total.copy()  # beyond the fitted range: whatever is there
    continuum[inside] = found.background + found.pile_up
    for name, part in _scatter(fit, fit.energy_).items():
        continuum[inside] += found.scatter.get(name, 0.0) * part[inside]
    return np.asarray(np.maximum(calibrator.transform(continuum[None])[0], 0.0))


class SpectrumFit:
    """Components of a painting's template fit in the painting's channels, and their counts.

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
    components_ : ndarray of shape (n_components, n_fitted_channels)
        Spectra of one count of each component: those of ``fitted_groups_`` first, then the rest.
    """

    def __init__(self, painting: PaintingFit) -> None:
        self._fit = painting.template_fit
        self.energy_: NDArray[np.float64] = painting.calibrator.energy_
        self.calibrated_energy_: NDArray[np.float64] = painting.calibrator.calibrated_energy_
        self.fitted_groups_: list[str] = list(self._fit.fitted_groups_)
        self.fitted_channels_: slice = self._fit.fitted_channels_
        self.components_: NDArray[np.floating] = self._fit.components_

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
        return self._fit.decompose(X)
