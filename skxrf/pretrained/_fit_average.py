"""Network and template fit averaged: they err differently."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._axis import LINE_GROUPS

__all__ = ["average_with_fit", "default_shares"]

Array = NDArray[np.floating]

# Weight of the fit below the first of these many standard errors, and above the second.
_SIGNALS = (1.0, 4.0)
# The network knows more of what is hardly there, the fit has less bias for what is bright.
_DEFAULT_SHARES = (0.4, 0.9)
# Difference that is taken seriously [standard errors].
_MOST_AWAY = 3.0


def default_shares() -> NDArray[np.float32]:
    """Weights of the fit for each line group, (2, n_groups): of faint and of bright intensities."""
    return np.tile(np.array(_DEFAULT_SHARES, np.float32)[:, None], (1, len(LINE_GROUPS)))


def average_with_fit(
    values: Array,
    errors: Array,
    areas: Array,
    area_errors: Array,
    shares: ArrayLike,
    *,
    rare: bool = False,
) -> tuple[Array, Array]:
    """Move intensities towards those of the template fit.

    Parameters
    ----------
    values, errors : ndarray of shape (n_samples,)
        Net counts of a line group by the network, and their standard errors.
    areas, area_errors : ndarray of shape (n_samples,)
        The same by the fit.
    shares : array-like of shape (2,)
        Weight of the fit for what is hardly there, and for what is bright.
    rare : bool
        Whether the painting holds hardly any of the line group: where a pixel does, the network
        claims errors that are far too large, and those of the fit have a say in what is bright.

    Returns
    -------
    values, errors : ndarray of shape (n_samples,)
        Averages, and their standard errors.
    """
    unit = np.sqrt(errors * area_errors) if rare else errors
    signal = (np.maximum(values, 0) + areas) / np.maximum(2 * unit, 1e-6)
    share = np.interp(signal, _SIGNALS, np.asarray(shares, np.float64)).astype(values.dtype)
    most = _MOST_AWAY * np.maximum(errors, area_errors)
    moved = values + np.clip(share * (areas - values), -most, most)
    # Both err with the same photons: their errors add up in proportion.
    return moved, errors + share * (area_errors - errors)
