"""Dwell time that a precision needs, from the Fisher information of a scan."""

from __future__ import annotations

import numpy as np
import pandas as pd

from skxrf.audit._reference import LinearReference
from skxrf.utils.typing import Array


def needed_dwell(
    reference: LinearReference,
    intensities: Array,
    variances: Array,
    *,
    dwell: float | None,
    precision: float,
) -> pd.DataFrame:
    """Relative precision of a typical pixel, and the dwell time that another one needs.

    `reference`: reference of the pixels. `intensities`, `variances` (n_pixels, n_groups): its
    intensities and their variances. `dwell`: time per pixel [s], where known. `precision`: relative
    standard error that is wanted, such as 0.05. Returns a row for each line group: ``intensity``
    [counts] of the pixels that contain it, its relative standard error ``precision`` by the best
    fit of single pixels, ``dwell_factor`` times the dwell for the precision wanted, and ``needed``
    [s]. NaN where a line group is in no paint.

    Notes
    -----
    The weights of the reference are the inverse expected counts of each paint, so its variance is
    the inverse of the Fisher information, the least that any unbiased estimator of single pixels
    has (Cramer-Rao); it falls with the inverse of the time. A line group is in a paint whose mean
    intensity exceeds five standard errors of that mean and a fifth of the error of a pixel.
    """
    shares = typical_shares(reference, intensities, variances)
    mean, variance = _by_paint(reference, intensities), _by_paint(reference, variances)
    rows = {}
    for k, name in enumerate(reference.line_groups):
        share = shares[:, k]
        intensity = float(share @ mean[:, k]) if share.any() else np.nan
        relative = float(np.sqrt(max(float(share @ variance[:, k]), 0.0))) / intensity
        factor = (relative / precision) ** 2
        rows[name] = {
            "intensity": intensity,
            "precision": relative,
            "dwell_factor": factor,
            "needed": np.nan if dwell is None else factor * dwell,
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def typical_shares(reference: LinearReference, intensities: Array, variances: Array) -> Array:
    """Share of each paint in the typical pixel of each line group.

    `reference`: reference of the pixels. `intensities`, `variances` (n_pixels, n_groups): its
    intensities and their variances. Returns (n_paints, n_groups): by the counts of the line group
    in the paint; sums to 1, or is 0 where no paint contains it.
    """
    sizes = np.bincount(reference.paints).astype(float)[:, None]
    mean = _by_paint(reference, intensities)
    noise = np.sqrt(np.maximum(_by_paint(reference, variances), 0))
    there = (mean > 5 * noise / np.sqrt(sizes)) & (mean > 0.2 * noise)
    counts = np.where(there, mean * sizes, 0.0)
    return np.asarray(counts / np.maximum(counts.sum(axis=0), 1e-300))


def _by_paint(reference: LinearReference, values: Array) -> Array:
    sizes = np.bincount(reference.paints)
    columns = [np.bincount(reference.paints, column) / sizes for column in values.T]
    return np.stack(columns, axis=1)
