"""Dwell time that a precision needs, from the Fisher information of a scan."""

from __future__ import annotations

import numpy as np
import pandas as pd

from skxrf.audit._reference import LinearReference

__all__ = ["needed_dwell"]


def needed_dwell(
    reference: LinearReference,
    intensities: np.ndarray,
    variances: np.ndarray,
    *,
    dwell: float | None,
    precision: float,
) -> pd.DataFrame:
    """Relative precision of a typical pixel, and the dwell time that another one needs.

    Parameters
    ----------
    reference : LinearReference
        Reference of the pixels.
    intensities, variances : ndarray of shape (n_pixels, n_groups)
        Its intensities and their variances.
    dwell : float or None
        Time per pixel [s], where known.
    precision : float
        Relative standard error that is wanted, such as 0.05.

    Returns
    -------
    DataFrame
        A row for each line group: ``intensity`` [counts] of the pixels that contain it, its
        relative standard error ``precision`` by the best fit of single pixels, ``dwell_factor``
        times the dwell for the precision wanted, and ``needed`` [s]. NaN where a line group is
        in no paint.

    Notes
    -----
    The weights of the reference are the inverse expected counts of each paint, so its variance is
    the inverse of the Fisher information, the least that any unbiased estimator of single pixels
    has (Cramer-Rao); it falls with the inverse of the time. A line group is in a paint whose mean
    intensity exceeds five standard errors of that mean and a fifth of the error of a pixel.
    """
    paints = reference.paints
    sizes = np.bincount(paints).astype(float)
    rows = {}
    for k, name in enumerate(reference.line_groups):
        mean = np.bincount(paints, intensities[:, k]) / sizes
        variance = np.maximum(np.bincount(paints, variances[:, k]) / sizes, 0)
        there = (mean > 5 * np.sqrt(variance / sizes)) & (mean > 0.2 * np.sqrt(variance))
        row = dict.fromkeys(["intensity", "precision", "dwell_factor", "needed"], np.nan)
        if there.any():
            # Each paint by what it contains of the line group.
            share = np.where(there, mean * sizes, 0.0)
            share /= share.sum()
            intensity = float(share @ mean)
            relative = float(np.sqrt(share @ variance)) / intensity
            factor = (relative / precision) ** 2
            row = {
                "intensity": intensity,
                "precision": relative,
                "dwell_factor": factor,
                "needed": np.nan if dwell is None else factor * dwell,
            }
        rows[name] = row
    return pd.DataFrame.from_dict(rows, orient="index")
