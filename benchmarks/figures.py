"""Tables of README and guide, made from the stored results between two comments of the page."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.accuracy.independent.run import FITTED
from benchmarks.accuracy.paintings import ELEMENTS
from benchmarks.accuracy.tables import MAIN
from benchmarks.guide_tables import TABLES as GUIDE_TABLES
from benchmarks.rivals import ENTRIES
from benchmarks.tables import RESULTS, ROOT, markdown, write_text
from skxrf.physics import line_group

_MARKED = re.compile(r"(<!-- benchmarks: ([\w-]+) -->\n).*?(\n<!-- end -->)", re.DOTALL)
# Line groups of the real scan that are bright enough for two fits to agree.
_STRONG = ("Ca_K", "Ti_K", "Fe_K", "Cu_K", "Zn_K", "Hg_L", "Pb_L")
# Names of the accuracy benchmark's methods for readers.
_METHODS = {
    "shipped": "shipped model",
    "shipped, denoised": "shipped model, then `denoise_maps`",
    "fine-tuned": "fine-tuned on three other icons, 90 s",
    "template fit": "template fit",
    "pymca polynomial": "PyMca, polynomial background",
    "PyMca, polynomial background": "PyMca, polynomial background",
    "pymca snip": "PyMca, SNIP background",
    "ridge": "Ridge, tuned",
    "pls": "PLS, tuned",
    "random forest": "random forest, tuned",
    "knn": "k nearest neighbors, tuned",
    "published cnn": "published CNN, 20 min",
    "published mlp": "published MLP, 20 min",
    "published cnn plus": "published CNN+, 20 min",
    "published mlp plus": "published MLP+, 20 min",
}
_FEW = ("shipped", "shipped, denoised", "template fit", "pymca polynomial", "ridge")


def marked_pages() -> list[Path]:
    """Pages that contain a marked table."""
    pages = [ROOT / "README.md", *sorted((ROOT / "docs" / "user_guide").glob("*.md"))]
    return [page for page in pages if _MARKED.search(page.read_text(encoding="utf-8"))]


def refresh(page: Path, folder: Path = RESULTS) -> bool:
    """Write the marked tables of a page anew; return whether something changed."""
    text = page.read_text(encoding="utf-8")
    new = refreshed(text, folder)
    if new != text:
        write_text(page, new)
    return new != text


def refreshed(text: str, folder: Path = RESULTS) -> str:
    """Replace what is between ``<!-- benchmarks: NAME -->`` and ``<!-- end -->``.

    `text`: a page in Markdown. `folder`: where the results are. Returns the page with the tables of
    `TABLES`.
    """

    def replaced(found: re.Match[str]) -> str:
        if found[2] not in TABLES:
            raise ValueError(f"no table {found[2]!r}: there are {', '.join(TABLES)}.")
        return f"{found[1]}\n{TABLES[found[2]](folder)}\n{found[3]}"

    return _MARKED.sub(replaced, text)


def accuracy(folder: Path) -> str:
    """RMSE over the Cramer-Rao bound at 5,000 counts a pixel, main painting, chosen methods."""
    results = _on_main_painting(_accuracy(folder))
    table = _ratios(results.query("counts == 5000"), (*_FEW, "published cnn plus"))
    # The guide states so above its tables.
    for name in ("ridge", "published cnn plus"):
        table = table.replace(_METHODS[name], f"{_METHODS[name]}, trained on three icons")
    return table


def accuracy_methods(folder: Path) -> str:
    """Ratios of all methods on the main painting at 5,000 counts a pixel."""
    results = _on_main_painting(_accuracy(folder))
    return _ratios(results.query("counts == 5000"), tuple(_METHODS))


def accuracy_doses(folder: Path) -> str:
    """Ratios of chosen methods on the main painting at the two other doses."""
    results = _on_main_painting(_accuracy(folder))
    parts = [
        _ratios(results.query("counts == @counts"), _FEW, f"{counts:,}: ")
        for counts in (500, 50_000)
    ]
    return "\n".join([parts[0], *parts[1].splitlines()[2:]])


def accuracy_palettes(folder: Path) -> str:
    """Ratios of all methods on held-out palettes: means over paintings and instruments."""
    results = _accuracy(folder).query("counts == 5000")
    results = results[results["palette"] != MAIN[0]]
    return _ratios(results, tuple(_METHODS))


def standard_errors(folder: Path) -> str:
    """Shares of pixels within one and two standard errors, all paintings at 5,000 counts."""
    results = _accuracy(folder).query("counts == 5000")
    rows = []
    for method, after in (("shipped", ""), ("shipped, denoised", ", after `denoise_maps`")):
        means = results[results["method"] == method].groupby("element", sort=False)
        for column, title in (("within_one", "one (68 %)"), ("within_two", "two (95 %)")):
            values = means[column].mean()
            rows.append([title + after, *(f"{values[name]:.2f}" for name in ELEMENTS)])
    return markdown(["within", *map(_spaced, ELEMENTS)], rows)


def independent(folder: Path, name: str = "accuracy_independent.csv") -> str:
    """Mean ratios of an independent check by dose, line groups up to 17 keV."""
    results = pd.read_csv(folder / name)
    results = results[results["ratio"].notna()]
    results = results[results["element"].map(lambda name: line_group(name).main_energy) < FITTED]
    rows = []
    for method in dict.fromkeys(results["method"]):
        mine = results[results["method"] == method]
        means, usual = mine.groupby("counts")["ratio"].mean(), mine[mine["counts"] == 5000]
        shares = [usual[column].mean() for column in ("within_one", "within_two")]
        rows.append(
            [
                _METHODS[method],
                *(f"{value:.2f}" for value in means),
                f"{usual['ratio'].max():.2f}",
                *("" if pd.isna(share) else f"{share:.2f}" for share in shares),
            ]
        )
    rows.sort(key=lambda row: list(_METHODS.values()).index(row[0]))
    doses = ["500", "5,000", "50,000 counts"]
    return markdown(["", *doses, "worst at 5,000", "within 1", "within 2"], rows)


def second(folder: Path) -> str:
    """Mean ratios of the second independent check by dose."""
    return independent(folder, "accuracy_second.csv")


def _accuracy(folder: Path) -> pd.DataFrame:
    return pd.read_csv(folder / "accuracy.csv")


def _on_main_painting(results: pd.DataFrame) -> pd.DataFrame:
    return results[(results["palette"] == MAIN[0]) & (results["instrument"] == MAIN[1])]


def _ratios(results: pd.DataFrame, methods: tuple[str, ...], before: str = "") -> str:
    wide = results.pivot_table(index="method", columns="element", values="ratio")
    rows = [
        [before + _METHODS[method], *(f"{wide.loc[method, element]:.2f}" for element in ELEMENTS)]
        for method in methods
        if method in wide.index
    ]
    return markdown(["", *map(_spaced, ELEMENTS)], rows)


def real_scan(folder: Path) -> str:
    """SSIM against the template fit and, in brackets, against PyMca's fit."""
    learners = [name for name, entry in ENTRIES.items() if entry.learns]
    return _ssim(folder, "real_scan", ("template fit", "PyMca"), learners, _STRONG)


def simulated_painting(folder: Path) -> str:
    """SSIM against the true intensities, of all that learn and of the template fit."""
    names = [
        name
        for name, entry in ENTRIES.items()
        if entry.learns or name in ("template_fit", "shipped")
    ]
    return _ssim(folder, "simulated_painting", ("truth",), names, None)


def default_networks(folder: Path) -> str:
    """Best and worst line group of the default networks, relative to ridge regression."""
    results = pd.read_csv(folder / "default_networks.csv")
    networks = {"SpectrumCNNRegressor": "CNN", "SpectrumMLPRegressor": "MLP"}
    header = ["learned from, predicted"]
    header += [f"{name}, {end}" for name in networks.values() for end in ("best", "worst")]
    rows = []
    for problem, part in results.groupby("problem", sort=False):
        cells = [f"{problem} ({part['n_training'].iloc[0]:,} spectra)"]
        for network in networks:
            mine = part[part["estimator"] == network].set_index("line_group")["rmse_over_ridge"]
            ends = str(mine.idxmin()), str(mine.idxmax())
            cells += [f"{_decimals(mine[name])} ({_spaced(name)})" for name in ends]
        rows.append(cells)
    revisions = ", ".join(f"`{name}`" for name in sorted(set(results["revision"])))
    return f"{markdown(header, rows)}\n\n*Revisions: {revisions}.*"


def _ssim(
    folder: Path,
    problem: str,
    references: tuple[str, ...],
    names: list[str],
    elements: tuple[str, ...] | None,
) -> str:
    """Means over the folds that were run, and below the table which ones and by which code."""
    runs, scores = (pd.read_csv(folder / name) for name in ("runs.csv", "scores.csv"))
    runs, scores = runs[runs["problem"] == problem], scores[scores["problem"] == problem]
    scores = scores.merge(runs[["estimator", "fold"]])
    means = scores.groupby(["reference", "estimator", "element"])["ssim"].mean()
    shown = list(elements or dict.fromkeys(scores["element"]))
    names = [name for name in names if name in set(runs["estimator"])]
    rows = []
    for name in names:
        cells = []
        for element in shown:
            first, *others = (_decimals(means[one, name, element]) for one in references)
            cells.append(first + (f" ({', '.join(others)})" if others else ""))
        rows.append([_title(name, runs), *cells])
    table = markdown(["", *map(_spaced, shown)], rows)
    errors = _relative_errors(scores, references[0], names)
    return f"{table}\n\n{errors}{_made_by(runs, names)}"


def _relative_errors(scores: pd.DataFrame, reference: str, names: list[str]) -> str:
    """RMSE over that of ridge regression: geometric mean over all line groups."""
    mine = scores[scores["reference"] == reference].groupby(["estimator", "element"])["rmse"].mean()
    if "ridge" not in mine.index:
        return ""
    ratios = [f"{_name(n)} {np.exp(np.log(mine[n] / mine['ridge']).mean()):.2f}" for n in names]
    return (
        "*Root mean square error over that of Ridge, geometric mean over all line groups: "
        f"{', '.join(ratios)}.*\n\n"
    )


def _made_by(runs: pd.DataFrame, names: list[str]) -> str:
    mine = runs[runs["estimator"].isin(names)]
    folds = mine.groupby("estimator", sort=False)["fold"].nunique()
    parts = []
    for n in sorted(set(folds), reverse=True):
        titles = ", ".join(_name(name) for name in names if folds[name] == n)
        parts.append(f"{n} {'folds' if n > 1 else 'fold'}: {titles}")
    revisions = ", ".join(f"`{name}`" for name in sorted(set(mine["revision"])))
    return f"*Means over the folds. {'. '.join(parts)}. Revisions: {revisions}.*"


def _title(name: str, runs: pd.DataFrame) -> str:
    entry, title = ENTRIES[name], _name(name)
    if not entry.learns:
        return f"{title.lower()}, no labels"
    if entry.limited:
        budget = runs.loc[runs["estimator"] == name, "budget_seconds"].max()
        return f"{title}, {budget:g} s"
    plain = title if title in ("CNN", "MLP", "PLS", "Ridge", "MLPRegressor") else title.lower()
    return f"{plain}, tuned" if entry.tuned else plain


def _name(name: str) -> str:
    return ENTRIES[name].title or name


def _decimals(value: float) -> str:
    return f"{value:.3f}".replace("0.", ".", 1) if abs(value) < 0.9995 else f"{value:.3f}"


def _spaced(name: str) -> str:
    return name.replace("_", " ")


TABLES: dict[str, Callable[[Path], str]] = {
    "default-networks": default_networks,
    "accuracy": accuracy,
    "accuracy-methods": accuracy_methods,
    "accuracy-doses": accuracy_doses,
    "accuracy-palettes": accuracy_palettes,
    "standard-errors": standard_errors,
    "independent": independent,
    "second": second,
    "real-scan": real_scan,
    "simulated-painting": simulated_painting,
    **GUIDE_TABLES,
}
