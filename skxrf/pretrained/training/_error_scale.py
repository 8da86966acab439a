"""Factors of the standard errors of each line group, from errors made on fresh spectra."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from skxrf.pretrained._weights import Weights

from ._rounds import validation_spectra
from ._settings import TrainingSettings


@dataclass(frozen=True)
class ErrorScaleRule:
    """Numbers of the comparison of standard errors with the errors made."""

    n_instruments: int = 24  # instruments whose fresh spectra the factors are taken from
    counts: tuple[float, float] = (1500.0, 30_000.0)  # counts of a spectrum, as on paintings
    least_pixels: int = 100  # pixels that contain an element below which its factor is not known
    within: tuple[float, float] = (0.6827, 0.9545)
    """Shares of a normal distribution within one and within two standard deviations."""
    limits: tuple[float, float] = (0.5, 2.0)  # least and greatest factor; few pixels give wild ones


_RULE = ErrorScaleRule()


def error_scale(
    weights: Weights, folder: Path, settings: TrainingSettings, rule: ErrorScaleRule = _RULE
) -> NDArray[np.float32]:
    """Compare standard errors with the errors made on spectra that no training step saw.

    Returns (n_groups,), float32: for each line group the mean of two factors: those by which the
    errors of pixels that contain more than two of them must grow for 68 % to lie within one and 95
    % within two; the median over instruments.
    """
    usual = replace(settings, counts=rule.counts, rescaled_share=0.0, injected_share=0.0, visits=1)
    found = []
    for index in range(rule.n_instruments):
        data = validation_spectra(folder, usual, index)
        values, errors = weights.predict(data.counts.astype(np.float32), data.fits)
        ratio = np.abs(values - data.intensities) / errors
        there = data.intensities > 2 * errors
        found.append([error_factor(ratio[there[:, j], j]) for j in range(ratio.shape[1])])
    factors = np.ones(len(found[0]), np.float32)
    for j, of_group in enumerate(zip(*found, strict=True)):
        known = [factor for factor in of_group if factor is not None]
        if known:
            factors[j] = np.clip(np.median(known), *rule.limits)
    return factors


def error_factor(ratio: NDArray[np.floating]) -> float | None:
    """Compute the factor that makes standard errors agree with the errors made.

    `ratio` (n_pixels,): absolute errors over their standard errors. Returns mean of the factors for
    68 % within one and 95 % within two; None for too few pixels.
    """
    if ratio.size < _RULE.least_pixels:
        return None
    one, two = np.quantile(ratio, _RULE.within)
    return float((one + two / 2) / 2)
