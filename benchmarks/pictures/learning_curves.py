"""Learning curves of the published networks: losses by training time."""

from __future__ import annotations

import matplotlib.pyplot as plt

from benchmarks.accuracy.learning_curves import CURVES
from benchmarks.tables import IMAGES


def draw() -> None:
    """Draw ``accuracy_learning_curves.png``."""
    table = CURVES.read()
    figure, axis = plt.subplots(figsize=(7.5, 4.2), layout="constrained")
    # Okabe and Ito's colors, which the color-blind tell apart.
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
    figure.savefig(IMAGES / "accuracy_learning_curves.png", dpi=110)
    plt.close(figure)
