"""Maps of the shipped model beside the truth and the template fit."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np

from benchmarks.accuracy.methods import METHODS
from benchmarks.accuracy.paintings import load_painting
from benchmarks.tables import IMAGES

SHOWN = ("S_K", "Mn_K", "Sr_K", "Hg_L")
COUNTS = 5000.0


def draw() -> None:
    """Draw ``accuracy.png``."""
    painting = load_painting("icon_test", "M6")
    cube = painting.counts(COUNTS, 1)
    chosen = [m for m in METHODS if m.name in ("template fit", "shipped", "shipped, denoised")]
    columns = {
        "truth": {name: painting.truth[..., painting.groups.index(name)] * COUNTS for name in SHOWN}
    }
    for method in sorted(chosen, key=lambda m: len(m.name) if m.name != "template fit" else 0):
        maps = method.maps(cube, COUNTS)["intensity"]
        columns[method.name] = {
            name: maps.sel(element=name).to_numpy()
            if name in maps["element"].to_numpy()
            else np.zeros(maps.shape[:2])
            for name in SHOWN
        }
    figure, axes = plt.subplots(len(SHOWN), len(columns), figsize=(9.5, 8.6), layout="constrained")
    for place, (row, name) in enumerate(zip(axes, SHOWN, strict=True)):
        limit = float(np.percentile(columns["truth"][name], 99.5))
        for axis, (title, maps) in zip(row, columns.items(), strict=True):
            image = axis.imshow(maps[name], vmin=0, vmax=limit, cmap="cividis")
            axis.set_xticks([])
            axis.set_yticks([])
            if place == 0:
                axis.set_title(title, fontsize=10)
        row[0].set_ylabel(name.replace("_", " "), fontsize=11)
        figure.colorbar(image, ax=row, label="net counts", fraction=0.02, pad=0.01)
    figure.savefig(IMAGES / "accuracy.png", dpi=90)
    plt.close(figure)
