"""The shipped model on paintings of an independent kind; resumable."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

import click
import numpy as np
import pandas as pd
import xarray as xr

from benchmarks.accuracy.errors import map_errors
from benchmarks.accuracy.independent import second_set
from benchmarks.accuracy.independent.paintings import (
    COUNTS,
    PAINTINGS,
    IndependentPainting,
    judged_groups,
    load_painting,
)
from benchmarks.accuracy.methods import Method, denoised, found_template_fit, rival, shipped
from benchmarks.accuracy.paintings import ELEMENTS
from benchmarks.run import chosen
from benchmarks.tables import RESULTS, ResultTable, markdown
from skxrf.physics import line_group
from skxrf.postprocessing import denoise_maps
from skxrf.pretrained._axis import LINE_GROUPS

PATHS = {
    "first": RESULTS / "accuracy_independent.csv",
    "second": RESULTS / "accuracy_second.csv",
}
KEYS = ["painting", "instrument", "counts", "method"]
# Upper end of the energies that all methods fit, and of the summary [keV].
FITTED = 17.0
# Seed of the photon noise of a painting: this, and the painting's own.
NOISE_SEED = 1000

METHODS = (
    Method("shipped", "load_pretrained(): no element list, pixel by pixel", shipped),
    Method("shipped, denoised", "then denoise_maps", denoised),
    Method("template fit", "TemplateFitRegressor, line groups as found", found_template_fit),
    Method(
        "PyMca, polynomial background",
        "fast fit, told the line groups, from 1.3 to 17 keV",
        rival("pymca_polynomial", 0),
    ),
)


@click.command("independent")
@click.option("--method", "-m", multiple=True, help="Name of a method. Default: all.")
@click.option("--again", is_flag=True, help="Repeat what is there.")
@click.option("--counts", type=float, help="Only this dose [counts a pixel]. Default: all.")
@click.option(
    "--set",
    "which",
    type=click.Choice(list(PATHS)),
    default="first",
    show_default=True,
    help="The second has new palettes and scanners, drift, and details of single pixels.",
)
@click.option("--tables", "only_tables", is_flag=True, help="Only print what there is.")
def main(
    method: tuple[str, ...], again: bool, counts: float | None, which: str, only_tables: bool
) -> None:
    """Errors of maps on paintings of another line database, other detectors and a bent axis.

    Resumes where it was stopped, and prints the tables.
    """
    methods = chosen({one.name: one for one in METHODS}, method, "--method")
    doses = [dose for dose in COUNTS if counts in (None, dose)]
    table = ResultTable(PATHS[which], KEYS)
    for palette, instrument, seed, load in () if only_tables else _paintings(which):
        done = set() if again else table.done()
        missing = {
            dose: [m for m in methods if (palette, instrument, dose, m.name) not in done]
            for dose in doses
        }
        if any(missing.values()):
            painting = load()
            for dose, waiting in missing.items():
                _run(table, painting, seed, dose, waiting)
    click.echo(tables(table.read()))


def _paintings(which: str) -> list[tuple[str, str, int, Callable[[], IndependentPainting]]]:
    """Palette, scanner, seed and loader of the paintings of a set."""
    if which == "second":
        return [
            (one.palette, one.scanner, one.seed, partial(second_set.load_painting, one))
            for one in second_set.PAINTINGS
        ]
    return [(*one, partial(load_painting, *one)) for one in PAINTINGS]


def _run(
    table: ResultTable,
    painting: IndependentPainting,
    seed: int,
    counts: float,
    methods: list[Method],
) -> None:
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
        rows = scored_maps(maps, painting, counts)
        rows.insert(rows.shape[1], "seconds", round(seconds, 2))
        key = (painting.palette, painting.instrument, counts, method.name)
        table.put(key, rows)
        ratio = rows.set_index("element")["ratio"].dropna()
        print(
            f"{', '.join(map(str, key))}: {seconds:.0f} s, RMSE/bound {ratio.mean():.2f}, "
            f"worst {ratio.idxmax()} {ratio.max():.2f}",
            flush=True,
        )


def scored_maps(maps: xr.Dataset, painting: IndependentPainting, counts: float) -> pd.DataFrame:
    """Errors of maps.

    `maps` (y, x, element): intensities, and perhaps their errors. `counts`: mean counts of a pixel.
    Returns a row for each line group that is scored, with ``found`` where the maps contain it; and
    one for each of the model's that the painting lacks and the maps contain: its mean as ``bias``,
    and which share of its pixels lies above three standard errors.
    """
    held = [str(name) for name in maps["element"].to_numpy()]
    table = pd.DataFrame(map_errors(maps, painting, counts, judged_groups(painting)))
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


def tables(results: pd.DataFrame) -> str:
    """The compact tables, in Markdown.

    `results`: as the command writes it. Returns mean and worst of root mean square error over bound
    by method and dose, coverage, what is missed and invented, of line groups up to 17 keV; by line
    group, all, at 5,000 counts.
    """
    scored, absent = results[results["ratio"].notna()], results[results["ratio"].isna()]
    main_energy = scored["element"].map(lambda name: line_group(name).main_energy)
    fitted = scored[main_energy < FITTED]
    methods = [m.name for m in METHODS if m.name in set(results["method"])]
    header = ["method", "counts", "mean", "median", "worst"]
    header += ["within 1", "within 2", "not found", "invented"]
    lines = []
    for method in methods:
        for counts in COUNTS:
            rows = fitted[(fitted["method"] == method) & (fitted["counts"] == counts)]
            if rows.empty:
                continue
            worst = rows.loc[rows["ratio"].idxmax()]
            others = absent[(absent["method"] == method) & (absent["counts"] == counts)]
            lines.append(
                [
                    method,
                    f"{counts:g}",
                    f"{rows['ratio'].mean():.2f}",
                    f"{rows['ratio'].median():.2f}",
                    " ".join(
                        [f"{worst['ratio']:.2f}", *worst[["element", "painting", "instrument"]]]
                    ),
                    _mean(rows, "within_one"),
                    _mean(rows, "within_two"),
                    f"{int((~rows['found'].astype(bool)).sum())} of {len(rows)}",
                    _mean(others, "above_three", 4),
                ]
            )
    parts = [markdown(header, lines)]
    usual = scored[scored["counts"] == 5000]
    for title, function in (("mean over the paintings", "mean"), ("worst painting", "max")):
        wide = usual.pivot_table(
            index="method", columns="element", values="ratio", aggfunc=function
        )
        order = [*ELEMENTS, *(name for name in LINE_GROUPS if name not in ELEMENTS)]
        wide = wide.reindex(index=methods, columns=[n for n in order if n in wide.columns])
        by_method = [
            [method, *(f"{value:.2f}" for value in row)]
            for method, row in zip(wide.index, wide.to_numpy(), strict=True)
        ]
        parts += [f"5,000 counts, {title}:", markdown(["", *wide.columns], by_method)]
    return "\n\n".join(parts)


def _mean(rows: pd.DataFrame, column: str, digits: int = 2) -> str:
    if column not in rows or rows[column].notna().sum() == 0:
        return ""
    return f"{rows[column].mean():.{digits}f}"
