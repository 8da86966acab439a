"""Scores of predicted maps, one row a line group."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skxrf.metrics import ssim_score, within_sigma_score

__all__ = ["SCORES", "score_elements"]

# Name of the column, and what it is.
SCORES = {
    "ssim": "structural similarity of the held-out maps (masked where pixels are missing)",
    "within_sigma": "share of pixels with |z| <= 1, sigma = sqrt(reference + 1)",
    "rmse": "root mean square error [counts]",
    "correlation": "Pearson's correlation of prediction and reference",
    "slope": "slope of the least-squares line of the prediction over the reference",
}


def score_elements(reference: pd.DataFrame, predicted: NDArray[np.floating]) -> pd.DataFrame:
    """Score each line group.

    Parameters
    ----------
    reference : DataFrame of shape (n_pixels, n_line_groups)
        Over the index (painting, y, x) [counts].
    predicted : ndarray of shape (n_pixels, n_line_groups)
        In the same order [counts].

    Returns
    -------
    DataFrame
        A column ``element`` and one for each of `SCORES`. What a constant reference or
        prediction leaves undefined is NaN.
    """
    truth = reference.to_numpy(dtype=np.float64)
    values = np.asarray(predicted, dtype=np.float64).reshape(truth.shape)
    centred, moved = truth - truth.mean(axis=0), values - values.mean(axis=0)
    covariance = (centred * moved).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        slope = covariance / (centred**2).sum(axis=0)
        correlation = covariance / np.sqrt((centred**2).sum(axis=0) * (moved**2).sum(axis=0))
    return pd.DataFrame(
        {
            "element": reference.columns.astype(str),
            "ssim": ssim_score(reference, values, multioutput="raw_values"),
            "within_sigma": within_sigma_score(reference, values, multioutput="raw_values"),
            "rmse": np.sqrt(((values - truth) ** 2).mean(axis=0)),
            "correlation": correlation,
            "slope": slope,
        }
    )
