"""Page of the open benchmark, made from its tables."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.open_benchmark.measured import MEASURED_SCANS
from benchmarks.open_benchmark.methods import METHODS, Method
from benchmarks.open_benchmark.scans import SCANS
from benchmarks.open_benchmark.scoring import CLASSES
from benchmarks.tables import markdown, write_text

TIE = 0.02
"""Relative difference of the mean error below which two methods share a rank."""


def ranking(scores: pd.DataFrame) -> pd.DataFrame:
    """Rank the methods by their error on all scans.

    Returns a row for each method that ran on all scans, the best first: ``rank``; ``error``, the
    geometric mean over scans and line groups of error over bound.
    """
    judged = scores[scores["ratio"].notna()]
    complete = judged.groupby("method")["scan"].nunique() == len(SCANS)
    judged = judged[judged["method"].isin(complete.index[complete])]
    error = np.log(judged["ratio"]).groupby(judged["method"]).mean().pipe(np.exp).sort_values()
    table = error.rename("error").to_frame()
    ranks: list[int] = []
    first = 0.0
    for place, value in enumerate(table["error"], 1):
        # Tied with the best of its rank, not with the one before: ties are not chained.
        if ranks and value <= first * (1 + TIE):
            ranks.append(ranks[-1])
        else:
            first = value
            ranks.append(place)
    return table.assign(rank=ranks)


def write_page(folder: Path, own: Sequence[Method] = ()) -> Path:
    """Write ``open.md``.

    `folder`: where ``open_scores.csv``, ``open_runs.csv`` and ``open_measured.csv`` are; what is
    not there yet is left out. `own`: methods beside those built in, for their descriptions. Returns
    the page.
    """
    scores, runs, measured = (
        pd.read_csv(path) if (path := folder / f"open_{kind}.csv").exists() else None
        for kind in ("scores", "runs", "measured")
    )
    parts = [
        "# The open benchmark",
        (
            "Made by `python -m benchmarks open`. Error: root mean square error of a map over the "
            "Cramer-Rao bound of single pixels, geometric mean over scans and line groups; below 1, "
            "a method uses more than one pixel's counts, or what it knows of paints. Rules: "
            "`docs/benchmarks/open_benchmark.md`."
        ),
    ]
    names: list[str] = []
    if scores is not None and runs is not None:
        order = ranking(scores)
        names = list(map(str, order.index))
        parts += [
            "## Ranking",
            _main_table(order, scores, runs),
            "## By scan",
            _wide(order, scores, "scan", [one.name for one in SCANS]),
            "## By line group",
            _wide(order, scores, "element", list(dict.fromkeys(scores["element"]))),
        ]
    if measured is not None:
        names += [name for name in dict.fromkeys(measured["method"]) if name not in names]
        parts += ["## Measured scans", _MEASURED, _measured_table(names, measured)]
    tables = [table for table in (runs, measured) if table is not None]
    parts += ["## Methods", _methods(names, [*METHODS, *own]), _provenance(tables)]
    found = pd.concat([table[["method", "scan", "error"]] for table in tables])
    if len(failed := found[found["error"].notna()].drop_duplicates()):
        rows = [list(map(str, row)) for row in failed.to_numpy()]
        parts += ["## Failures", markdown(["method", "scan", "error"], rows)]
    path = folder / "open.md"
    write_text(path, "\n\n".join(parts) + "\n")
    return path


def _main_table(order: pd.DataFrame, scores: pd.DataFrame, runs: pd.DataFrame) -> str:
    header = ["rank", "method", "error", *CLASSES, "within 1 σ", "missed", "invented"]
    header += ["spectra/s", "memory [MiB]"]
    rows = []
    for name, line in order.iterrows():
        mine, ran = scores[scores["method"] == name], runs[runs["method"] == name]
        judged = mine[mine["ratio"].notna()]
        classes = [_geometric(judged[f"ratio_{kind}"]) for kind in CLASSES]
        within = judged["within_one"].dropna()
        missed = int((~judged["found"].astype(bool)).sum())
        invented = mine["invented"].dropna()
        rows.append(
            [
                f"{line['rank']:.0f}",
                str(name),
                f"{line['error']:.2f}",
                *(f"{value:.2f}" for value in classes),
                f"{100 * within.mean():.0f} %" if len(within) else "",
                f"{missed} of {len(judged)}",
                f"{invented.sum() / mine['scan'].nunique():.1f}" if len(invented) else "0",
                f"{1 / (1 / ran['spectra_per_second']).mean():,.0f}",
                f"{ran['peak_mib'].max():,.0f}",
            ]
        )
    return markdown(header, rows)


def _geometric(ratios: pd.Series) -> float:
    known = ratios.dropna()
    return float(np.exp(np.log(known[known > 0]).mean())) if len(known) else np.nan


def _wide(order: pd.DataFrame, scores: pd.DataFrame, by: str, columns: list[str]) -> str:
    judged = scores[scores["ratio"].notna()]
    wide = judged.pivot_table(index="method", columns=by, values="ratio", aggfunc=_geometric)
    columns = [one for one in columns if one in wide.columns]
    rows = [
        [str(name), *("" if np.isnan(value) else f"{value:.2f}" for value in line)]
        for name, line in zip(order.index, wide.loc[order.index, columns].to_numpy(), strict=True)
    ]
    return markdown(["", *(one.replace("_", " ") for one in columns)], rows)


_MEASURED = (
    "The truth is not known. Audited scans: error over photon noise as `skxrf audit` estimates it, "
    "geometric mean over the line groups (in brackets: how many of them have a map); it does not "
    "see what is wrong for the reference too. The other: mean correlation of the net intensities with "
    "those of the vendor's fit, and median slope."
)


def _measured_table(names: list[str], measured: pd.DataFrame) -> str:
    # Where every method failed on scans of a kind, their scores have no column in the file.
    measured = measured.reindex(columns=measured.columns.union(["correlation", "slope", "ratio"]))
    scans = [one for one in MEASURED_SCANS if one.name in set(measured["scan"])]
    rows = []
    for name in names:
        row = [name]
        for scan in scans:
            mine = measured[(measured["method"] == name) & (measured["scan"] == scan.name)]
            if scan.vendor:
                given = mine["correlation"].dropna() if len(mine) else []
                text = f"{mine['correlation'].mean():.3f}, {mine['slope'].median():.2f}"
            else:
                given = mine["ratio"].dropna() if len(mine) else []
                text = f"{_geometric(mine['ratio']):.2f}"
            share = f" ({len(given)} of {len(scan.line_groups)})"
            complete = len(given) == len(scan.line_groups)
            row.append(f"{text}{'' if complete else share}" if len(given) else "")
        if any(row[1:]):
            rows.append(row)
    return markdown(["", *(one.name for one in scans)], rows)


def _methods(names: list[str], all_methods: Sequence[Method]) -> str:
    known = {one.name: one for one in all_methods}
    rows = []
    for name in names:
        one = known.get(name)
        kind = "" if one is None else "labels" if one.learns else "line groups" if one.told else ""
        rows.append([name, kind, "" if one is None else one.description])
    return markdown(["method", "is given", "description"], rows)


def _provenance(tables: list[pd.DataFrame]) -> str:
    found = pd.concat(tables).groupby(["revision", "versions"], sort=False)["method"].unique()
    lines = [
        f"- {revision}; {versions}: {', '.join(methods)}"
        for (revision, versions), methods in found.items()
    ]
    return "Revisions, versions, processors:\n\n" + "\n".join(lines)
