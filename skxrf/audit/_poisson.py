"""Check that counts scatter as Poisson counts: the assumption of all errors of an audit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skxrf.exceptions import CountsError
from skxrf.model_selection._thinning import whole_counts


@dataclass(frozen=True)
class DispersionRule:
    """Limits within which counts pass as Poisson counts."""

    tolerance: float = 0.05
    """Allowed departure of variance over mean from 1; it changes the errors by half of that."""
    correlation: float = 0.05  # allowed correlation of the noise of neighboring pixels
    standard_errors: float = 4.0  # departures must also exceed this many standard errors
    curvature: float = 0.002
    """Greatest square of the fourth difference of the mean spectrum, in units of the variance that
    photon noise gives it in a pixel, of channels that are looked at."""
    least_channels: int = 16
    """Channels that are looked at in any case: those of the least curvature."""


@dataclass(frozen=True)
class Dispersion:
    """Scatter of the counts of a scan."""

    # ratio, error: variance over mean of the counts of a channel, and its standard error; 1 for
    # Poisson counts.
    ratio: float
    error: float
    # correlation, correlation_error: correlation of the noise of neighboring pixels of a row, and
    # its standard error; 0 for independent pixels.
    correlation: float
    correlation_error: float
    common_factor: int  # largest number that divides all counts

    @property
    def objection(self) -> str | None:
        """Reason, a sentence, why these are no Poisson counts; None where they may be."""
        rule = DispersionRule
        if self.common_factor > 1:
            return (
                f"all counts are multiples of {self.common_factor}: they were multiplied, and "
                "scatter more than Poisson counts of their number. Open the counts as measured."
            )
        far = abs(self.ratio - 1) > rule.tolerance + rule.standard_errors * self.error
        if far and self.ratio > 1:
            return (
                f"the variance of the counts is {self.ratio:.2f} times their mean, so they are no "
                "Poisson counts: they were corrected for dead time or scaled, or the spectra of "
                "one pixel are not of one axis. Open the counts as measured."
            )
        if far:
            return (
                f"the variance of the counts is only {self.ratio:.2f} times their mean, so they are "
                "no Poisson counts: they were smoothed, averaged or interpolated between channels. "
                "Open the counts as measured."
            )
        limit = rule.correlation + rule.standard_errors * self.correlation_error
        if self.correlation > limit:
            return (
                f"the noise of neighboring pixels is correlated ({self.correlation:.2f}): the scan "
                "was smoothed, or pixels share counts. Open the counts as measured."
            )
        return None


def count_dispersion(cube: xr.DataArray) -> Dispersion:
    """Measure how counts scatter, by fourth differences along the channels.

    Peaks are wide against a channel, so the fourth differences of a spectrum contain little but
    noise. Channels where those of the mean spectrum are not small are left out.

    `cube` (y, x, energy): counts, in memory.
    """
    counts = whole_counts(cube.to_numpy())
    factor = int(np.gcd.reduce(np.unique(counts[counts > 0]))) if counts.any() else 0
    if factor == 0:
        raise CountsError("the cube contains no counts: there is nothing to audit.")
    smooth = _smooth_channels(counts.mean(axis=(0, 1)))
    sums = np.array([_row_scatter(row.astype(np.float64), smooth) for row in counts])
    ratio, error = _ratio(sums[:, :2])
    correlation, correlation_error = _ratio(sums[:, 2:])
    return Dispersion(ratio, error, correlation, correlation_error, factor)


_DIFFERENCE = np.array([1.0, -4.0, 6.0, -4.0, 1.0])


def _smooth_channels(mean: NDArray[np.float64]) -> NDArray[np.intp]:
    """Channels without curvature of the mean spectrum, by the first of the five of a difference."""
    variance = np.convolve(mean, _DIFFERENCE**2, "valid")
    squares = np.convolve(mean, _DIFFERENCE, "valid") ** 2
    relative = np.divide(squares, variance, out=np.full_like(squares, np.inf), where=variance > 0)
    smooth = np.flatnonzero(relative <= DispersionRule.curvature)
    if len(smooth) < DispersionRule.least_channels:
        smooth = np.sort(np.argsort(relative)[: DispersionRule.least_channels])
    return smooth


def _row_scatter(
    row: NDArray[np.float64], channels: NDArray[np.intp]
) -> tuple[float, float, float, float]:
    """Sums over a row of pixels: squares and expected squares, products and their scale."""
    differences = np.diff(row, 4, axis=1)[:, channels]
    places = channels[:, None] + np.arange(5)
    expected = row.sum(axis=0)[places] @ _DIFFERENCE**2
    squares = differences**2
    products = differences[1:] * differences[:-1]
    scale = (squares[1:] + squares[:-1]) / 2
    return (
        float(squares.sum()),
        float(expected.sum()),
        float(products.sum()),
        float(scale.sum()),
    )


def _ratio(sums: NDArray[np.float64]) -> tuple[float, float]:
    """Ratio of two sums over rows, and its standard error by leaving out one row at a time."""
    above, below = sums.sum(axis=0)
    if not below > 0:
        raise CountsError("the counts are too few to tell how they scatter.")
    n = len(sums)
    if n < 2:
        return float(above / below), float("inf")
    left_out = (above - sums[:, 0]) / np.maximum(below - sums[:, 1], 1e-12)
    error = np.sqrt((n - 1) / n * ((left_out - left_out.mean()) ** 2).sum())
    return float(above / below), float(error)
