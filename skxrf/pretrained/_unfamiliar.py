"""What of a painting's sum spectrum and instrument the shipped model was not trained on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from skxrf.preprocessing import EnergyCalibrator

from ._axis import LINE_GROUPS, component_group

__all__ = ["ANODES", "WIDTHS", "share_of_novel", "unfamiliar"]

# Tubes of the training.
ANODES = ("Rh", "Ag", "Mo", "W")
# Full widths at half maximum at 5.9 keV of the training's detectors [keV], and what of that the
# calibration may be off.
WIDTHS = (0.120, 0.175)
_WIDTH_ERROR = 0.005
# Ends of the axis that the training left out [keV]: spectra were cut up to here.
_FIRST_ENERGY, _LAST_ENERGY = 1.9, 18.0
# Line groups that the model has no map of are named above this share of the sum spectrum's counts,
# and this energy [keV]: the search for the axis takes fainter and softer ones for each other.
_LEAST_SHARE, _LEAST_ENERGY = 0.003, 4.0
# Novelty above which a spectrum holds what the model does not explain; at so many counts, since
# with more of them every model is seen to be wrong; and the share of such spectra that is told.
_NOVEL, _REFERENCE_COUNTS = 5.0, 5000.0
_NOVEL_SHARE = 0.03


def unfamiliar(
    calibrator: EnergyCalibrator, novel_share: float, fitted: Sequence[str] = ()
) -> list[str]:
    """Reasons, in words, why the model may do worse than on what it was trained on.

    Parameters
    ----------
    calibrator : EnergyCalibrator
        Fitted to the painting.
    novel_share : float
        Share of the spectra that the model does not explain.
    fitted : sequence of str
        Line groups that the painting's spectra are fitted with.

    Returns
    -------
    list of str
        One a reason; empty where nothing is unfamiliar.
    """
    reasons = []
    anode, width = calibrator.anode_, calibrator.fwhm_
    if anode is not None and anode not in ANODES:
        reasons.append(f"the tube's anode is {anode}: the model was trained on {', '.join(ANODES)}")
    low, high = WIDTHS
    if width < low - _WIDTH_ERROR or width > high + _WIDTH_ERROR:
        reasons.append(
            f"lines are {1000 * width:.0f} eV wide at 5.9 keV: the model was trained on "
            f"{1000 * low:.0f} to {1000 * high:.0f} eV"
        )
    first, last = (float(calibrator.calibrated_energy_[i]) for i in (0, -1))
    if first > _FIRST_ENERGY or last < _LAST_ENERGY:
        reasons.append(
            f"the spectra reach from {first:.1f} to {last:.1f} keV: the model was trained on at "
            f"least {_FIRST_ENERGY:g} to {_LAST_ENERGY:g} keV"
        )
    if names := list(dict.fromkeys([*_seen_by(calibrator), *_unmapped(fitted, calibrator)])):
        reasons.append(f"the spectra show {', '.join(names)}, which the model does not map")
    if novel_share > _NOVEL_SHARE:
        reasons.append(
            f"{100 * novel_share:.0f} % of the spectra hold lines or shapes that the model does "
            "not explain"
        )
    return reasons


def _seen_by(calibrator: EnergyCalibrator) -> list[str]:
    """What the search for the axis clearly sees of what the model has no map of."""
    fit = calibrator.axis_fit_
    if fit is None:
        return []
    least = _LEAST_SHARE * float(fit.counts.sum())
    clear = [name for name in fit.groups if fit.areas[name] > least]
    return _unmapped(clear, calibrator)


def _unmapped(names: Iterable[str], calibrator: EnergyCalibrator) -> list[str]:
    """Line groups of elements that the model has no map of, the tube's left out."""
    known = {name.split("_")[0] for name in LINE_GROUPS} | {calibrator.anode_}
    return [
        name
        for name in names
        if name.split("_")[0] not in known and component_group(name).main_energy > _LEAST_ENERGY
    ]


def share_of_novel(novelty: NDArray[np.float32], counts: NDArray[np.float32]) -> float:
    """Share of spectra that would stand out with no more than the reference's counts.

    Parameters
    ----------
    novelty : ndarray of shape (n_samples,)
        Of each spectrum.
    counts : ndarray of shape (n_samples,)
        Their counts.

    Returns
    -------
    float
        Between 0 and 1; what a model gets wrong in a spectrum raises its novelty in proportion to
        its counts.
    """
    scale = np.minimum(1.0, _REFERENCE_COUNTS / np.maximum(counts, 1.0))
    return float(np.mean(novelty * scale > _NOVEL)) if len(novelty) else 0.0
