"""Average of the network's intensities and those of the template fit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skxrf.utils.typing import FloatArray

from ._axis import LINE_GROUPS

__all__ = ["AveragingRule", "average_with_fit", "default_shares"]


@dataclass(frozen=True)
class AveragingRule:
    """Numbers of the average."""

    signals: tuple[float, float] = (1.0, 4.0)
    """Intensities [standard errors] below and above which the weights of the fit apply; linear
    between."""
    shares: tuple[float, float] = (0.4, 0.9)
    """Weights of the fit for faint and for bright intensities: the network is better informed
    on faint ones, the fit has less bias for bright ones."""
    most_away: float = 3.0  # largest difference between the two that is used [standard errors]
    signals_by_paint: tuple[float, float] = (1.0, 10.0)
    """The signals for a fit whose ratios of lines are each paint's own, which has less bias.
    They are in standard errors of the fit, which are those of the photons: as the dose rises,
    the fit takes over, whatever the network claims, and all of the difference is used."""
    shares_by_paint: tuple[float, float] = (0.5, 1.0)  # weights of such a fit


def default_shares(*, by_paint: bool = False) -> NDArray[np.float32]:
    """Weights of the fit of each line group, (2, n_groups): for faint and for bright intensities."""
    shares = AveragingRule.shares_by_paint if by_paint else AveragingRule.shares
    return np.tile(np.array(shares, np.float32)[:, None], (1, len(LINE_GROUPS)))


def average_with_fit(
    values: FloatArray,
    errors: FloatArray,
    areas: FloatArray,
    area_errors: FloatArray,
    shares: FloatArray,
    *,
    rare: NDArray[np.bool_] | bool = False,
    by_paint: bool = False,
) -> tuple[FloatArray, FloatArray]:
    """Move intensities towards those of the template fit.

    `values`, `errors` (n_samples, n_groups): net counts of line groups by the network, and their
    standard errors. `areas`, `area_errors` same shape: the same by the fit. `shares` (2, n_groups):
    weights of the fit for faint and for bright intensities. `rare` (n_groups,), bool: True for line
    groups of which the painting contains hardly any. The network's standard errors are then far too
    large in pixels that do contain it, and those of the fit count as well when an intensity is
    called bright. `by_paint`: whether the fit's ratios of lines are each paint's own. Returns
    `values`, `errors` same shape: averages, and their standard errors.
    """
    if by_paint:
        unit, signals, most_away = area_errors, AveragingRule.signals_by_paint, np.inf
    else:
        unit = np.where(rare, np.sqrt(errors * area_errors), errors)
        signals, most_away = AveragingRule.signals, AveragingRule.most_away
    signal = (np.maximum(values, 0) + areas) / np.maximum(2 * unit, 1e-6)
    brightness = np.clip((signal - signals[0]) / (signals[1] - signals[0]), 0, 1)
    share = shares[0] + (shares[1] - shares[0]) * brightness
    most = most_away * np.maximum(np.maximum(errors, area_errors), 1e-6)
    moved = values + np.clip(share * (areas - values), -most, most)
    # Both err with the same photons: their errors add up in proportion.
    return moved, errors + share * (area_errors - errors)
