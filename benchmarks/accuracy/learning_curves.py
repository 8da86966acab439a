"""Learning curves of the published networks: ``python -m benchmarks.accuracy.learning_curves``.

Loss by training time, of the training and of the held-out spectra, kept when a network is trained
by ``python -m benchmarks.accuracy``, and the picture of them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

__all__ = ["keep_learning_curve"]

RESULTS = Path(__file__).parents[1] / "results" / "accuracy_learning_curves.csv"
PICTURE = Path(__file__).parents[2] / "docs" / "images" / "accuracy_learning_curves.png"
_KEYS = ["method", "counts"]


def keep_learning_curve(name: str, mean_counts: float, model: Any, seconds: float) -> None:
    """Add a trained network's losses to the results; other estimators have none.

    Parameters
    ----------
    name : str
        Of the method.
    mean_counts : float
        Mean counts of a spectrum that it was trained on.
    model : estimator
        Fitted.
    seconds : float
        What its training took [s].
    """
    losses = getattr(model, "loss_curve_", None)
    if losses is None or not len(losses):
        return
    rows = pd.DataFrame(
        {
            "method": name.replace("_", " "),
            "counts": mean_counts,
            "epoch": 1 + np.arange(len(losses)),
            # Epochs are equally long.
            "seconds": np.round(seconds * (1 + np.arange(len(losses))) / len(losses), 1),
            "loss": np.round(losses, 5),
            "validation_loss": np.round(model.validation_loss_curve_, 5),
        }
    )
    if RESULTS.exists():
        table = pd.read_csv(RESULTS)
        same = (table["method"] == rows["method"][0]) & (table["counts"] == mean_counts)
        rows = pd.concat([table[~same], rows])
    rows.to_csv(RESULTS, index=False)


def main() -> Path:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    table = pd.read_csv(RESULTS)
    figure, axis = plt.subplots(figsize=(7.5, 4.2), layout="constrained")
    # Okabe and Ito's colours, which the colour-blind tell apart.
    colors = ("#0072b2", "#d55e00", "#009e73", "#cc79a7")
    for color, (name, rows) in zip(colors, table.groupby("method"), strict=False):
        minutes = rows["seconds"] / 60
        axis.plot(minutes, rows["validation_loss"], color=color, label=f"{name}, held out")
        axis.plot(minutes, rows["loss"], color=color, linewidth=0.9, linestyle=":")
    axis.set_xlabel("training time on one core [min]")
    axis.set_ylabel("loss |prediction − y| / (√y + 1)")
    axis.set_yscale("log")
    axis.set_yticks([0.2, 0.5, 1, 2, 5], ["0.2", "0.5", "1", "2", "5"])
    axis.minorticks_off()
    axis.grid(alpha=0.3, which="both")
    axis.legend(frameon=False, fontsize=9, title="dotted: training spectra", title_fontsize=9)
    axis.spines[["top", "right"]].set_visible(False)
    figure.savefig(PICTURE, dpi=110)
    plt.close(figure)
    return PICTURE


if __name__ == "__main__":
    print(main())
