"""Line groups that maps with standard errors show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from skxrf.exceptions import SkxrfError

__all__ = ["MapDetectionRule", "detected_line_groups"]


@dataclass(frozen=True)
class MapDetectionRule:
    """Thresholds for a line group in maps, in standard errors of a pixel.

    Parameters
    ----------
    pixel, false_share : float
        Threshold of a single pixel, and share of element-free pixels expected above it.
    grain, n_grains : float, int
        Threshold that noise never passes, and number of pixels above it that suffice.
    everywhere : float
        Threshold for half of all pixels: faint line groups that are everywhere.
    """

    pixel: float = 3.0
    false_share: float = 0.01
    grain: float = 7.0
    n_grains: int = 3
    everywhere: float = 1.0


_RULE = MapDetectionRule()


def detected_line_groups(
    names: Sequence[str],
    intensities: NDArray[np.floating],
    errors: NDArray[np.floating],
    false_alarms: float = 0.01,
) -> list[str]:
    """Select the line groups that maps show.

    Parameters
    ----------
    names : sequence of str
        Line groups of the columns.
    intensities, errors : ndarray of shape (n_pixels, n_line_groups)
        Net counts and their standard errors.
    false_alarms : float
        Accepted chance that a line group which is in no pixel is reported.

    Returns
    -------
    list of str
        Line groups with more pixels above three standard errors than the binomial distribution
        allows if 1 % are by chance, or three pixels above seven, or half of all pixels above one.
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
    n_allowed = binom.ppf(1 - false_alarms, len(standard), _RULE.false_share)
    many = (standard > _RULE.pixel).sum(axis=0) > n_allowed
    grains = (standard > _RULE.grain).sum(axis=0) >= _RULE.n_grains
    everywhere = np.median(standard, axis=0) > _RULE.everywhere
    return [name for name, there in zip(names, many | grains | everywhere, strict=True) if there]
