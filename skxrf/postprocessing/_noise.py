"""Ratio of the noise in maps to their standard errors."""

from __future__ import annotations

import numpy as np

from skxrf.utils.typing import FloatArray


def claimed_noise(
    values: FloatArray, variances: FloatArray, smooth: FloatArray, estimate: FloatArray
) -> FloatArray:
    """Variances of the noise that the claimed errors leave room for.

    A claimed standard error includes all that may be wrong with a value, and may be much larger in
    some pixels than in others of the same intensity. Noise is not: counts scatter by their
    number. It is therefore taken from a low quantile of the variances claimed at the same
    intensity.

    `values`, `variances` (n_pixels, n_elements): measured intensities, and their claimed variances.
    `smooth` same shape: the latter smoothed: noise is at most that. `estimate` same shape:
    intensities with less noise. Returns (n_pixels, n_elements): variances.
    """
    # The claimed variances of an intensity of which the 10 % quantile is taken for the noise, by
    # bins of at least 50 pixels; 10 % above it are allowed.
    n_bins = min(64, max(len(values) // 50, 1))
    found = np.empty_like(values)
    for j in range(values.shape[1]):
        parts = np.array_split(np.argsort(values[:, j]), n_bins)
        at = [values[part, j].mean() for part in parts]
        low = [np.quantile(variances[part, j], 0.1) for part in parts]
        found[:, j] = np.interp(estimate[:, j], at, low)
    return np.asarray(np.minimum(np.maximum(1.1 * found, 1e-4 * smooth), smooth))
