"""Learning curves of the networks that the accuracy benchmark trains, kept in a table."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from benchmarks.tables import RESULTS, ResultTable

CURVES = ResultTable(RESULTS / "accuracy_learning_curves.csv", ["method", "counts"])


def keep_learning_curve(name: str, mean_counts: float, model: Any, seconds: float) -> None:
    """Add a trained network's losses to the results; other estimators have none.

    `mean_counts`: mean counts of a spectrum that it was trained on. `seconds`: what its training
    took [s].
    """
    losses = getattr(model, "loss_curve_", None)
    if losses is None or not len(losses):
        return
    rows = pd.DataFrame(
        {
            "epoch": 1 + np.arange(len(losses)),
            # Epochs are equally long.
            "seconds": np.round(seconds * (1 + np.arange(len(losses))) / len(losses), 1),
            "loss": np.round(losses, 5),
            "validation_loss": np.round(model.validation_loss_curve_, 5),
        }
    )
    CURVES.put([name.replace("_", " "), mean_counts], rows)
