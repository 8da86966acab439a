"""The shipped model on paintings of an independent kind: ``python -m benchmarks.accuracy.independent``.

Runs what is missing in ``benchmarks/results/accuracy_independent.csv`` and prints the tables.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from benchmarks.accuracy.__main__ import scores
from benchmarks.accuracy.independent.paintings import (
    COUNTS,
    PAINTINGS,
    IndependentPainting,
    judged_groups,
    load_painting,
)
from benchmarks.accuracy.methods import Method, found_template_fit, rival, shipped
from benchmarks.accuracy.paintings import ELEMENTS
from benchmarks.accuracy.tables import FOLDER
from skxrf.physics import line_group
from skxrf.postprocessing import denoise_maps
from skxrf.pretrained._axis import LINE_GROUPS

__all__ = ["METHODS", "RESULTS", "judge", "main", "tables"]

RESULTS = FOLDER / "accuracy_independent.csv"
KEYS = ["painting", "instrument", "counts", "method"]
# Up to here [keV] all methods fit; the summary goes no further.
_FITTED = 17.0
# Each painting's noise has a seed of its own: this, and the painting's.
NOISE_SEED = 1000


def _denoised(cube: xr.DataArray, mean_counts: float) -> xr.Dataset:
    return denoise_maps(shipped(cube, mean_counts))


METHODS = (
    Method("shipped", "load_pretrained(): no element list, pixel by pixel", shipped),
    Method("shipped, denoised", "then denoise_maps", _denoised),
    Method("template fit", "TemplateFitRegressor, line groups as found", found_template_fit),
    Method(
        "PyMca, polynomial background",
        "fast fit, told the line groups, from 1.3 to 17 keV",
        rival("pymca_polynomial", 0),
    ),
)


def main(arguments: list[str] | None = None) -> None:
    """Judge what has not been judged, and print the tables."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.accuracy.independent", description=__doc__
    )
    parser.add_argument("--again", metavar="METHODS", help="redo these, separated by semicolons")
    parser.add_argument("--only", metavar="METHODS", help="leave out all but these")
    parser.add_argument("--tables", action="store_true", help="only print what there is")
    options = parser.parse_args(arguments)
    names = [method.name for method in METHODS]
    again = options.again.split(";") if options.again else []
    only = options.only.split(";") if options.only else names
    unknown = {*again, *only} - set(names)
    if unknown:
        parser.error(f"no such method: {'; '.join(sorted(unknown))}. There are: {'; '.join(names)}")
    for palette, instrument, seed in () if options.tables else PAINTINGS:
        keys = [(palette, instrument, counts, name) for counts in COUNTS for name in only]
        done = _done(RESULTS)
        missing = [key for key in keys if key not in done or key[3] in again]
        if missing:
            painting = load_painting(palette, instrument, seed)
            for counts in COUNTS:
                chosen = [m for m in METHODS if (palette, instrument, counts, m.name) in missing]
                if chosen:
                    _run(painting, seed, counts, chosen)
    print(tables(pd.read_csv(RESULTS)))


def _run(painting: IndependentPainting, seed: int, counts: float, methods: list[Method]) -> None:
    cube = painting.counts(counts, NOISE_SEED + seed)
    own: xr.Dataset | None = None
    for method in methods:
        started = time.perf_counter()
        if method.name == "shipped, denoised" and own is not None:
            maps = denoise_maps(own)  # of the maps that are there already
        else:
            maps = method.maps(cube, counts)
        seconds = time.perf_counter() - started
        own = maps if method.name == "shipped" else own
        rows = judge(maps, painting, counts)
        rows.insert(rows.shape[1], "seconds", round(seconds, 2))
        key = (painting.palette, painting.instrument, counts, method.name)
        for name, value in reversed(list(zip(KEYS, key, strict=True))):
            rows.insert(0, name, value)
        _store(RESULTS, rows, key)
        ratio = rows.set_index("element")["ratio"].dropna()
        print(
            f"{', '.join(map(str, key))}: {seconds:.0f} s, RMSE/bound {ratio.mean():.2f}, "
            f"worst {ratio.idxmax()} {ratio.max():.2f}",
            flush=True,
        )


def judge(maps: xr.Dataset, painting: IndependentPainting, counts: float) -> pd.DataFrame:
    """Errors of maps.

    Parameters
    ----------
    maps : Dataset of dims (y, x, element)
        Intensities, and perhaps their errors.
    painting : IndependentPainting
        The truth.
    counts : float
        Mean counts of a pixel.

    Returns
    -------
    DataFrame
        A row for each line group that is judged, with ``found`` where the maps hold it; and one
        for each of the model's that the painting lacks and the maps hold: its mean as ``bias``,
        and which share of its pixels lies above three standard errors.
    """
    held = [str(name) for name in maps["element"].to_numpy()]
    table = pd.DataFrame(scores(maps, painting, counts, judged_groups(painting)))
    table["found"] = table["element"].isin(held)
    absent = []
    for name in LINE_GROUPS:
        if name in painting.groups or name not in held:
            continue
        values = maps["intensity"].sel(element=name).to_numpy()
        row: dict[str, object] = {
            "element": name,
            "mean_counts": 0.0,
            "rmse": round(float(np.sqrt(np.square(values).mean())), 4),
            "bias": round(float(values.mean()), 4),
            "found": True,
        }
        if "uncertainty" in maps:
            sigma = maps["uncertainty"].sel(element=name).to_numpy()
            row["above_three"] = round(float((values > 3 * sigma).mean()), 5)
        absent.append(row)
    return pd.concat([table, pd.DataFrame(absent)], ignore_index=True) if absent else table


def _done(path: Path) -> set[tuple[object, ...]]:
    if not path.exists():
        return set()
    return set(pd.read_csv(path)[KEYS].itertuples(index=False, name=None))


def _store(path: Path, rows: pd.DataFrame, key: tuple[object, ...]) -> None:
    """Replace the rows of a key, in a file that another run may have written to since."""
    parts = [rows]
    if path.exists():
        table = pd.read_csv(path)
        same = (table[KEYS].astype(object) == np.array(key, dtype=object)).all(axis=1)
        parts.insert(0, table[~same])
    path.parent.mkdir(exist_ok=True)
    part = path.with_suffix(".part")
    pd.concat([one for one in parts if len(one)]).to_csv(part, index=False)
    os.replace(part, path)


def tables(results: pd.DataFrame) -> str:
    """The compact tables, in Markdown.

    Parameters
    ----------
    results : DataFrame
        As the command writes it.

    Returns
    -------
    str
        Mean and worst of root mean square error over bound by method and dose, coverage, what is
        missed and invented, of line groups up to 17 keV; by line group, all, at 5,000 counts.
    """
    judged, absent = results[results["ratio"].notna()], results[results["ratio"].isna()]
    main_energy = judged["element"].map(lambda name: line_group(name).main_energy)
    fitted = judged[main_energy < _FITTED]
    methods = [m.name for m in METHODS if m.name in set(results["method"])]
    lines = [
        "| method | counts | mean | median | worst | within 1 | within 2 | not found | invented |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for method in methods:
        for counts in COUNTS:
            rows = fitted[(fitted["method"] == method) & (fitted["counts"] == counts)]
            if rows.empty:
                continue
            worst = rows.loc[rows["ratio"].idxmax()]
            others = absent[(absent["method"] == method) & (absent["counts"] == counts)]
            lines.append(
                f"| {method} | {counts:g} | {rows['ratio'].mean():.2f} | "
                f"{rows['ratio'].median():.2f} | {worst['ratio']:.2f} {worst['element']}, "
                f"{worst['painting']} {worst['instrument']} | {_mean(rows, 'within_one')} | "
                f"{_mean(rows, 'within_two')} | {int((~rows['found'].astype(bool)).sum())} of "
                f"{len(rows)} | {_mean(others, 'above_three', 4)} |"
            )
    usual = judged[judged["counts"] == 5000]
    for title, function in (("mean over the paintings", "mean"), ("worst painting", "max")):
        wide = usual.pivot_table(
            index="method", columns="element", values="ratio", aggfunc=function
        )
        order = [*ELEMENTS, *(name for name in LINE_GROUPS if name not in ELEMENTS)]
        wide = wide.reindex(index=methods, columns=[n for n in order if n in wide.columns])
        lines += ["", f"5,000 counts, {title}:", ""]
        lines.append("| | " + " | ".join(wide.columns) + " |")
        lines.append("|---" * (wide.shape[1] + 1) + "|")
        lines += [
            f"| {method} | " + " | ".join(f"{value:.2f}" for value in row) + " |"
            for method, row in zip(wide.index, wide.to_numpy(), strict=True)
        ]
    return "\n".join(lines)


def _mean(rows: pd.DataFrame, column: str, digits: int = 2) -> str:
    if column not in rows or rows[column].notna().sum() == 0:
        return ""
    return f"{rows[column].mean():.{digits}f}"


if __name__ == "__main__":
    main()
