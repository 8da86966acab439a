"""Which line groups a painting holds, judged by its maps and their standard errors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from skxrf.exceptions import SkxrfError

__all__ = ["detected_line_groups"]

# A pixel shows a line group above so many standard errors; so many do without holding it.
_PIXEL_ERRORS = 3.0
_FALSE_PIXELS = 0.01
# A few grains: pixels far above anything that noise makes.
_GRAIN_ERRORS, _GRAINS = 7.0, 3
# A faint line group that is everywhere: half of the pixels above one standard error.
_EVERYWHERE_ERRORS = 1.0


def detected_line_groups(
    names: Sequence[str],
    intensities: NDArray[np.floating],
    errors: NDArray[np.floating],
    false_alarms: float = 0.01,
) -> list[str]:
    """Line groups that maps show.

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
        Those of which more pixels stand three standard errors out than the binomial
        distribution allows if 1 % do so by chance, or three pixels stand out by seven, or half
        of all pixels by one.

    Raises
    ------
    SkxrfError
        If the shapes do not match, or `false_alarms` is no probability.
    """
    if intensities.shape != errors.shape or intensities.shape[1:] != (len(names),):
        raise SkxrfError(
            f"intensities of shape {intensities.shape} and errors of shape {errors.shape}: both "
            f"must be (n_pixels, {len(names)})."
        )
    if not 0 < false_alarms < 1:
        raise SkxrfError(f"false_alarms must lie between 0 and 1, got {false_alarms!r}.")
    # Pixels without a value say nothing.
    standard = np.where(np.isfinite(intensities) & (errors > 0), intensities / errors, 0.0)
    n_allowed = binom.ppf(1 - false_alarms, len(standard), _FALSE_PIXELS)
    many = (standard > _PIXEL_ERRORS).sum(axis=0) > n_allowed
    grains = (standard > _GRAIN_ERRORS).sum(axis=0) >= _GRAINS
    everywhere = np.median(standard, axis=0) > _EVERYWHERE_ERRORS
    return [name for name, there in zip(names, many | grains | everywhere, strict=True) if there]
