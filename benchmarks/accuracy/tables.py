"""Page of the accuracy benchmark, made from its results."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.accuracy.paintings import ELEMENTS
from benchmarks.tables import markdown, write_text

# Painting of the main table: its mean counts are those of real icons.
MAIN = ("icon_test", "M6")


def write_accuracy_page(folder: Path) -> Path:
    """Write ``accuracy.md``.

    Returns the page.
    """
    results = pd.read_csv(folder / "accuracy.csv")
    parts = [
        "# How good the maps are",
        (
            "Made by `python -m benchmarks accuracy`. Root mean square error over the Cramer-Rao "
            "bound (root mean square over the pixels): below 1, an estimator uses more than one "
            "pixel's counts. Paintings and instruments that no training saw; truth known."
        ),
    ]
    main = results[(results["palette"] == MAIN[0]) & (results["instrument"] == MAIN[1])]
    for counts in sorted(main["counts"].unique()):
        parts.append(f"## Test icon, M6 Jetstream, {counts:g} counts a pixel")
        parts.append(_table(main[main["counts"] == counts], "ratio"))
    others = results[results["palette"] != MAIN[0]]
    if len(others):
        parts.append("## Held-out palettes, 5,000 counts: mean over paintings and instruments")
        parts.append(_table(others[others["counts"] == 5000], "ratio"))
    icons = results[(results["palette"] == MAIN[0]) & (results["instrument"] != MAIN[1])]
    if len(icons):
        parts.append("## Test icon, other instruments (M4 Tornado, in-air Ag), 5,000 counts")
        parts.append(_table(icons[icons["counts"] == 5000], "ratio"))
    for column, share in (
        ("within_one", "one standard error (68 %)"),
        ("within_two", "two (95 %)"),
    ):
        if column in results and results[column].notna().any():
            parts.append(f"## Share of pixels within {share}, 5,000 counts, all paintings")
            parts.append(_table(results[results["counts"] == 5000], column))
    path = folder / "accuracy.md"
    write_text(path, "\n\n".join(parts) + "\n")
    return path


def _table(rows: pd.DataFrame, column: str) -> str:
    wide = rows.pivot_table(index="method", columns="element", values=column, aggfunc="mean")
    order = list(dict.fromkeys(rows["method"]))
    wide = wide.reindex(index=order, columns=[e for e in ELEMENTS if e in wide.columns])
    wide = wide.dropna(how="all")
    rows = [
        [str(name), *("" if np.isnan(v) else f"{v:.2f}" for v in values)]
        for name, values in zip(wide.index, wide.to_numpy(), strict=True)
    ]
    return markdown(["", *(name.replace("_", " ") for name in wide.columns)], rows)
