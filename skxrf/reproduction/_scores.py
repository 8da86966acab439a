"""Scores of whole maps, one row a number."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import r2_score

from skxrf.metrics import ssim_score, within_sigma_score

__all__ = ["score_rows"]


def score_rows(
    reference: pd.DataFrame, prediction: NDArray[Any], *, method: str, against: str, scope: str
) -> list[dict[str, Any]]:
    """Score a table of predictions, element by element and on average.

    Parameters
    ----------
    reference : DataFrame of shape (n_pixels, n_elements)
        Intensities [counts] over the ``(painting, y, x)`` index.
    prediction : ndarray of shape (n_pixels, n_elements)
        Predicted intensities [counts].
    method, against, scope : str
        What the rows are labelled with.

    Returns
    -------
    list of dict
        Rows of ``ssim``, ``within_sigma``, ``r2`` and ``rmse``: one for each element, NaN where
        a score is not defined, and their mean.
    """
    predicted = pd.DataFrame(prediction, index=reference.index, columns=reference.columns)
    residual = np.asarray(predicted, dtype=np.float64) - reference.to_numpy(dtype=np.float64)
    scores = {
        "ssim": ssim_score(reference, predicted, multioutput="raw_values"),
        "within_sigma": within_sigma_score(reference, predicted, multioutput="raw_values"),
        "r2": r2_score(reference, predicted, multioutput="raw_values"),
        "rmse": np.sqrt(np.mean(residual**2, axis=0)),
    }
    rows = []
    for metric, values in scores.items():
        finite = values[np.isfinite(values)]
        mean = float(finite.mean()) if finite.size else float("nan")
        named = [*zip(reference.columns, values.tolist(), strict=True), ("mean", mean)]
        rows += [
            {
                "method": method,
                "against": against,
                "scope": scope,
                "element": str(element),
                "metric": metric,
                "value": value,
            }
            for element, value in named
        ]
    return rows
