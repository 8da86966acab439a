"""The tables of the accuracy benchmark, from its results."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.accuracy.paintings import ELEMENTS

__all__ = ["MAIN", "RESULTS", "write_tables"]

FOLDER = Path(__file__).parents[1] / "results"
RESULTS = FOLDER / "accuracy.csv"
# The main table's painting: that whose mean counts are those of real icons.
MAIN = ("icon_test", "M6")


def write_tables() -> Path:
    """Write ``accuracy.md``.

    Returns
    -------
    Path
        The file.
    """
    results = pd.read_csv(RESULTS)
    parts = [
        "# How good the maps are",
        (
            "Made by `python -m benchmarks.accuracy`. Root mean square error over the Cramer-Rao "
            "bound (root mean square over the pixels): below 1, an estimator knows more than one "
            "pixel's counts say. Paintings and instruments that no training saw; truth known."
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
    path = FOLDER / "accuracy.md"
    path.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    return path


def _table(rows: pd.DataFrame, column: str) -> str:
    wide = rows.pivot_table(index="method", columns="element", values=column, aggfunc="mean")
    order = list(dict.fromkeys(rows["method"]))
    wide = wide.reindex(index=order, columns=[e for e in ELEMENTS if e in wide.columns])
    wide = wide.dropna(how="all")
    head = "| | " + " | ".join(name.replace("_", " ") for name in wide.columns) + " |"
    line = "|---" * (wide.shape[1] + 1) + "|"
    body = [
        f"| {name} | " + " | ".join("" if np.isnan(v) else f"{v:.2f}" for v in values) + " |"
        for name, values in zip(wide.index, wide.to_numpy(), strict=True)
    ]
    return "\n".join([head, line, *body])
