"""Scores of whole maps, one row a number."""

from __future__ import annotations

from typing import Any

import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import r2_score

from skxrf.metrics import score_table


def score_rows(
    reference: pd.DataFrame, prediction: NDArray[Any], *, method: str, against: str, scope: str
) -> list[dict[str, Any]]:
    """Score a table of predictions, element by element and on average.

    `reference` (n_pixels, n_elements): intensities [counts] over the ``(painting, y, x)`` index.
    `prediction` (n_pixels, n_elements): predicted intensities [counts]. `method`, `against`,
    `scope`: labels of the rows. Returns rows of ``ssim``, ``within_sigma``, ``r2`` and ``rmse``:
    one for each element, NaN where a score is not defined, and their mean.
    """
    predicted = pd.DataFrame(prediction, index=reference.index, columns=reference.columns)
    scores = score_table(reference, predicted).rename(columns={"within_1": "within_sigma"})
    scores["r2"] = r2_score(reference, predicted, multioutput="raw_values")
    scores.loc["mean"] = scores.mean()
    labels = {"method": method, "against": against, "scope": scope}
    return [
        {**labels, "element": str(element), "metric": metric, "value": float(value)}
        for metric in ("ssim", "within_sigma", "r2", "rmse")
        for element, value in scores[metric].items()
    ]
