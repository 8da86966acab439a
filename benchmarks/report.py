"""Pages and figures made from the result tables."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import click
import numpy as np
import pandas as pd

from benchmarks.accuracy.tables import write_accuracy_page
from benchmarks.figures import marked_pages, refresh
from benchmarks.problems import PROBLEMS
from benchmarks.rivals import ENTRIES
from benchmarks.scores import SCORES
from benchmarks.tables import RESULTS, markdown, write_text

_TITLES = {
    "ssim": ("SSIM", 3),
    "rmse": ("RMSE [counts]", 1),
    "within_sigma": ("Share of pixels with |z| <= 1", 2),
    "correlation": ("Correlation", 3),
    "slope": ("Slope", 3),
}


def report(folder: Path) -> list[Path]:
    """Write one page for each problem in the tables, and ``summary.md``.

    `folder`: where ``runs.csv`` and ``scores.csv`` are. Returns the pages.
    """
    for name in ("runs.csv", "scores.csv"):
        if not (folder / name).exists():
            raise FileNotFoundError(
                f"{folder / name} is not there: run python -m benchmarks run first."
            )
    runs, scores = pd.read_csv(folder / "runs.csv"), pd.read_csv(folder / "scores.csv")
    # A fold counts only once it is in both: a run may have been stopped between the two.
    scores = scores.merge(runs[["problem", "estimator", "fold"]])
    pages = []
    for problem in _in_order(runs["problem"], PROBLEMS):
        page = folder / f"{problem}.md"
        mine = runs["problem"] == problem, scores["problem"] == problem
        write_text(page, _problem_page(problem, runs[mine[0]], scores[mine[1]]))
        pages.append(page)
    write_text(folder / "summary.md", _summary(scores))
    return [folder / "summary.md", *pages]


def _problem_page(problem: str, runs: pd.DataFrame, scores: pd.DataFrame) -> str:
    description = PROBLEMS[problem].description if problem in PROBLEMS else ""
    parts = [f"# {problem}", description]
    if runs["quick"].any():
        parts.append("**Quick runs: small parts and grids. The numbers have no meaning.**")
    parts.append(
        "Means over the folds; in the last column the mean over the line groups, with the "
        "standard deviation of the folds' means. Bold is the best of those that learn."
    )
    if runs["revision"].nunique() > 1 or runs["revision"].str.endswith("-changed").any():
        parts.append(
            "The rows are of several revisions, or of a changed tree: see the column `revision` "
            "under Cost."
        )
    for reference, part in scores.groupby("reference", sort=False):
        parts.append(f"## Against: {reference}")
        for score, (title, digits) in _TITLES.items():
            parts.append(f"### {title}\n\n{_initial(SCORES[score])}.")
            parts.append(_score_table(part, score, digits, str(reference)))
    parts += ["## Cost", _cost_table(runs), "## Estimators", _glossary(runs["estimator"])]
    versions = "\n".join(
        f"- {revision}: {version}"
        for revision, version in sorted(set(zip(runs["revision"], runs["versions"], strict=True)))
    )
    parts += ["## Made with", versions]
    return "\n\n".join(part for part in parts if part) + "\n"


def _score_table(scores: pd.DataFrame, score: str, digits: int, reference: str) -> str:
    elements = list(dict.fromkeys(scores["element"]))
    means = scores.groupby(["estimator", "element"])[score].mean().unstack()
    per_fold = scores.groupby(["estimator", "fold"])[score].mean()
    best = _best(means.drop(index=[n for n in means.index if _learns_nothing(n)]), score)
    rows = []
    for name in _in_order(means.index, ENTRIES):
        cells = [
            _number(means.loc[name, element], digits, bold=best.get(element) == name)
            for element in elements
        ]
        folds = per_fold[name]
        spread = f" ± {folds.std():.{digits}f}" if len(folds) > 1 else ""
        overall = "–" if folds.isna().all() else f"{folds.mean():.{digits}f}{spread}"
        rows.append([name, *cells, overall])
    return markdown([f"vs {reference}", *elements, "all"], rows)


def _best(means: pd.DataFrame, score: str) -> dict[str, str]:
    """Estimator with the best mean of each line group."""
    if means.empty:
        return {}
    badness = {"rmse": means, "slope": (means - 1).abs()}.get(score, -means)
    known = badness.dropna(axis="columns", how="all")
    return {str(element): str(name) for element, name in known.idxmin().items()}


def _learns_nothing(name: str) -> bool:
    return name in ENTRIES and not ENTRIES[name].learns


def _cost_table(runs: pd.DataFrame) -> str:
    rows = []
    for name in _in_order(runs["estimator"], ENTRIES):
        mine = runs[runs["estimator"] == name]
        tuned = [json.loads(text) for text in mine["tuned"]]
        settings = {key: list(dict.fromkeys(t[key] for t in tuned)) for key in tuned[0]}
        rows.append(
            [
                name,
                str(len(mine)),
                f"{mine['n_train'].mean():,.0f}",
                f"{mine['fit_seconds'].mean():,.1f}",
                f"{mine['refit_seconds'].mean():,.1f}",
                f"{mine['spectra_per_second'].median():,.0f}",
                "; ".join(f"{key} {', '.join(values)}" for key, values in settings.items()),
                ", ".join(dict.fromkeys(mine["revision"])),
            ]
        )
    header = [
        "estimator",
        "folds",
        "spectra",
        "fit [s]",
        "of it last fit [s]",
        "spectra/s",
        "tuned",
        "revision",
    ]
    return markdown(header, rows)


def _glossary(names: Iterable[str]) -> str:
    known = [name for name in _in_order(names, ENTRIES) if name in ENTRIES]
    return "\n".join(f"- **{name}**: {ENTRIES[name].description}" for name in known)


def _summary(scores: pd.DataFrame) -> str:
    """Mean SSIM of each estimator on each problem and reference."""
    means = scores.groupby(["problem", "reference", "estimator"])["ssim"].mean()
    columns = [
        (problem, str(reference))
        for problem in _in_order(scores["problem"], PROBLEMS)
        for reference in dict.fromkeys(scores.loc[scores["problem"] == problem, "reference"])
    ]
    rows = [
        [name, *(_number(means.get((*column, name), np.nan), 3) for column in columns)]
        for name in _in_order(scores["estimator"], ENTRIES)
    ]
    header = ["estimator", *(f"[{p}]({p}.md), vs {r}" for p, r in columns)]
    text = "Mean SSIM over line groups and folds of held-out blocks or paintings."
    return f"# Summary\n\n{text}\n\n{markdown(header, rows)}\n"


def _in_order(names: Iterable[str], known: Iterable[str]) -> list[str]:
    """Distinct names in the order in which they are defined, others behind."""
    found = list(dict.fromkeys(names))
    return [name for name in known if name in found] + [n for n in found if n not in set(known)]


def _number(value: float, digits: int, *, bold: bool = False) -> str:
    if not np.isfinite(value):
        return "–"
    return f"**{value:.{digits}f}**" if bold else f"{value:.{digits}f}"


def _initial(text: str) -> str:
    return text[:1].upper() + text[1:]


@click.command("report")
@click.argument("folder", type=click.Path(path_type=Path), default=RESULTS)
@click.option(
    "--readme", is_flag=True, help="Put the figures into the tables of README and guide, too."
)
def main(folder: Path, readme: bool) -> None:
    """Turn the tables in FOLDER into Markdown pages beside them."""
    try:
        pages = report(folder)
        if (folder / "accuracy.csv").exists():
            pages.append(write_accuracy_page(folder))
        if readme:
            pages += [page for page in marked_pages() if refresh(page, folder)]
    except (FileNotFoundError, ValueError) as error:
        raise click.ClickException(str(error)) from None
    for page in pages:
        click.echo(page)
