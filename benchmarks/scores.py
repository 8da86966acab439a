"""Scores of held-out predictions, one row a line group."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skxrf.metrics import score_table

# Columns of the tables and their definitions.
SCORES = {
    "ssim": "structural similarity of the held-out maps (masked where pixels are missing)",
    "within_sigma": "share of pixels with |z| <= 1, sigma = sqrt(reference + 1)",
    "rmse": "root mean square error [counts]",
    "correlation": "Pearson's correlation of prediction and reference",
    "slope": "slope of the least-squares line of the prediction over the reference",
}


def score_elements(reference: pd.DataFrame, predicted: NDArray[np.floating]) -> pd.DataFrame:
    """Score each line group.

    `reference` (n_pixels, n_line_groups): over the index (painting, y, x) [counts]. `predicted`
    (n_pixels, n_line_groups): in the same order [counts]. Returns a column ``element`` and one for
    each of `SCORES`; undefined scores are NaN.
    """
    values = np.asarray(predicted, dtype=np.float64).reshape(reference.shape)
    table = score_table(
        reference, pd.DataFrame(values, index=reference.index, columns=reference.columns)
    )
    return table.rename(columns={"within_1": "within_sigma"})[list(SCORES)].reset_index()
