"""The report's tables: scores per line group, scores per fold, times."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from skxrf.reproduction._result import MethodResult, ReproductionResult
from skxrf.utils.html import label

KINDS = {
    "network": "this library's networks",
    "published network": "published networks, within the training budget",
    "classical": "classical regressors",
}


@dataclass(frozen=True)
class Cell:
    """One number of a table, how it is colored, and the dots that show its spread."""

    text: str
    shade: float | None = None
    best: bool = False
    dots: tuple[float, ...] = ()

    @property
    def style(self) -> str:
        """Background of the cell: the higher the shade (0 to 1), the stronger."""
        if self.shade is None:
            return ""
        return f"background: hsl(172 42% {98 - 30 * self.shade:.0f}%)"


@dataclass(frozen=True)
class Row:
    """One method; `group` starts a new group of methods."""

    name: str
    cells: list[Cell]
    group: str = ""
    aside: bool = False


@dataclass(frozen=True)
class Table:
    """Column names and rows."""

    columns: list[str]
    rows: list[Row]


def element_table(
    result: ReproductionResult, metric: str, against: str, *, decimals: int = 2
) -> Table:
    """Tabulate one score of the maps as a whole, for each method and line group.

    The best of each column is marked, except the method that made the reference.
    """
    scores = result.table(metric, against)
    values = scores.to_numpy(dtype=np.float64)
    lower = metric == "rmse"
    heads = _row_heads(result, against)
    rivals = values[[not head.aside for head in heads]]
    if not len(rivals):
        rivals = values
    # A column may contain no finite score at all.
    filled = np.where(np.isfinite(rivals), rivals, np.inf if lower else -np.inf)
    best = filled.min(axis=0) if lower else filled.max(axis=0)
    rows = []
    for head, row in zip(heads, values, strict=True):
        cells = []
        for value, top in zip(row, best, strict=True):
            shade = _shade(top / value if lower and value > 0 else value, floor=0 if lower else 0.5)
            # Scores that round to the best are equal to it.
            same = f"{value:.{decimals}f}" == f"{top:.{decimals}f}"
            cells.append(Cell(_number(value, decimals), shade, same and not head.aside))
        rows.append(replace(head, cells=cells))
    return Table([label(c) for c in scores.columns], rows)


def fold_table(result: ReproductionResult) -> Table:
    """Tabulate mean and spread of the K scores, with a dot for each."""
    metrics = {"ssim": "SSIM", "within_sigma": "share with |z| ≤ 1", "r2": "R²"}
    rivals = [m for m in result.methods if not m.is_reference]
    best = {metric: max((m.folds[metric].mean() for m in rivals), default=0) for metric in metrics}
    rows = []
    for method, head in zip(result.methods, _row_heads(result, "reference"), strict=True):
        cells = []
        for metric in metrics:
            values = method.folds[metric].to_numpy(dtype=np.float64)
            text = f"{_number(values.mean(), 3)} ± {_number(values.std(ddof=1), 3)}"
            dots = tuple(np.clip(values[np.isfinite(values)], 0, 1).tolist())
            is_best = not head.aside and _number(values.mean(), 3) == _number(best[metric], 3)
            cells.append(Cell(text, None, is_best, dots))
        rows.append(replace(head, cells=cells))
    return Table(list(metrics.values()), rows)


def cost_table(result: ReproductionResult) -> Table:
    """Tabulate times, speeds, sizes and epochs; what no method has is left out."""
    columns: dict[str, Callable[[MethodResult], str]] = {
        "fit [s]": lambda m: f"{m.folds['fit_seconds'].mean():,.1f}",
        "spectra/s, predicting": lambda m: _rounded(m.spectra_per_second),
        "epochs": lambda m: _optional(m.folds["epochs"].mean(), ",.0f"),
        "parameters": lambda m: f"{m.n_parameters:,}" if m.n_parameters else "–",
        "1,500 epochs would take": _published_time,
    }
    texts = {name: [make(method) for method in result.methods] for name, make in columns.items()}
    shown = {name: column for name, column in texts.items() if set(column) != {"–"}}
    rows = [
        replace(head, cells=[Cell(column[k]) for column in shown.values()])
        for k, head in enumerate(_row_heads(result, "reference"))
    ]
    return Table(list(shown), rows)


def _row_heads(result: ReproductionResult, against: str) -> list[Row]:
    """Name the rows: each method, with the heading of the group that it starts.

    The method that made the reference stands aside where it is compared with itself.
    """
    heads, last = [], ""
    for method in result.methods:
        heading = KINDS[method.kind]
        aside = method.is_reference and against == "reference"
        heads.append(Row(method.name, [], heading if heading != last else "", aside))
        last = heading
    return heads


def _shade(score: float, *, floor: float = 0.5) -> float | None:
    """0 at the floor and below, 1 at 1; steeper towards 1, where methods differ."""
    if not np.isfinite(score):
        return None
    return float(np.clip((score - floor) / (1 - floor), 0, 1)) ** 2


def _number(value: float, decimals: int) -> str:
    if not np.isfinite(value):
        return "–"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.{decimals}f}".replace("-", "−")


def _optional(value: float, spec: str) -> str:
    return format(value, spec) if np.isfinite(value) else "–"


def _rounded(value: float) -> str:
    """Two significant digits: timings of a shared machine are not better than that."""
    digits = max(int(np.floor(np.log10(max(value, 1)))) - 1, 0)
    return f"{round(value, -digits):,.0f}"


def _published_time(method: MethodResult) -> str:
    epochs = method.folds["epochs"].mean()
    if method.kind != "published network" or not np.isfinite(epochs) or epochs <= 0:
        return "–"
    hours = 1500 * method.folds["fit_seconds"].mean() / epochs / 3600
    return f"{hours:.1f} h" if hours >= 1 else f"{60 * hours:.0f} min"
