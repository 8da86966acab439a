"""Mean SSIM of two images with missing pixels; defined in :func:`skxrf.metrics.ssim_score`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import correlate1d


def masked_ssim(
    truth: NDArray[np.float64],
    prediction: NDArray[np.float64],
    present: NDArray[np.bool_],
    data_range: float,
    win_size: int,
    min_present: int,
) -> float:
    """Mean SSIM over the windows with enough present pixels; NaN if there is none."""
    n = _window_sums(present.astype(np.float64), win_size)
    kept = n >= min_present
    if not kept.any():
        return np.nan
    n = n[kept]
    # In units of the range, and moments about the map's mean: about zero, those of bright maps
    # would cancel digits.
    truth, prediction = truth / data_range, prediction / data_range
    mean_x, mean_y = truth[present].mean(), prediction[present].mean()
    x = np.where(present, truth - mean_x, 0.0)
    y = np.where(present, prediction - mean_y, 0.0)
    mu_x = _window_sums(x, win_size)[kept] / n
    mu_y = _window_sums(y, win_size)[kept] / n
    to_sample = n / (n - 1)
    var_x = to_sample * (_window_sums(x * x, win_size)[kept] / n - mu_x * mu_x)
    var_y = to_sample * (_window_sums(y * y, win_size)[kept] / n - mu_y * mu_y)
    cov = to_sample * (_window_sums(x * y, win_size)[kept] / n - mu_x * mu_y)
    # Rounding must not leave impossible moments: they would be divided by next to nothing.
    var_x, var_y = np.maximum(var_x, 0), np.maximum(var_y, 0)
    bound = np.sqrt(var_x) * np.sqrt(var_y)
    cov = np.clip(cov, -bound, bound)
    mu_x += mean_x
    mu_y += mean_y
    # K1 and K2 as Wang et al. (2004) chose them for their examples, and scikit-image's default.
    c1, c2 = 0.01**2, 0.03**2
    luminance = (2 * mu_x * mu_y + c1) / (mu_x * mu_x + mu_y * mu_y + c1)
    structure = (2 * cov + c2) / (var_x + var_y + c2)
    return float(np.mean(luminance * structure))


def _window_sums(values: NDArray[np.float64], win_size: int) -> NDArray[np.float64]:
    """Sum over each window that lies inside the map.

    Each window is summed anew: the running sum of a uniform filter is faster, but carries the
    rounding error of bright pixels along into dark ones.
    """
    margin = (win_size - 1) // 2
    ones = np.ones(win_size)
    for axis in (0, 1):
        values = correlate1d(values, ones, axis=axis, mode="constant")
    return values[margin : values.shape[0] - margin, margin : values.shape[1] - margin]
