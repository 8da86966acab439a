"""Errors that the audit estimates without truth, against the true ones of simulated scans."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import click
import numpy as np
import pandas as pd
import xarray as xr
from scipy.ndimage import gaussian_filter

from benchmarks.accuracy.paintings import TestPainting
from benchmarks.open_benchmark.scans import SCANS, OpenScan, task_of
from benchmarks.run import chosen
from benchmarks.tables import RESULTS, ResultTable, markdown
from skxrf.audit import Audit, audit_scan
from skxrf.inference import bind, predict_maps
from skxrf.linear_model import TemplateFitRegressor
from skxrf.postprocessing import denoise_maps
from skxrf.pretrained import load_pretrained
from skxrf.samples import to_samples

KEYS = ["scan", "method"]
NAMES = ("icon_test M6 500", "icon_test M6 5000", "roman_canvas Mo 45 5000", "gospel_leaf W 50 500")
# Two errors are the same, for ranks, if they differ by less than this share.
_SAME = 0.02


@click.command("audit")
@click.option("--scan", multiple=True, help="Name of a scan. Default: all.")
@click.option("--again", is_flag=True, help="Repeat what is there.")
@click.option("--tables", "only_tables", is_flag=True, help="Only print what there is.")
def main(scan: tuple[str, ...], again: bool, only_tables: bool) -> None:
    """Audit five methods on simulated scans, and compare with the truth.

    Resumes where it was stopped, and prints the tables.
    """
    table = ResultTable(RESULTS / "audit.csv", KEYS, float_format="%.5g")
    ranks = ResultTable(RESULTS / "audit_ranks.csv", ["scan"], float_format="%.5g")
    known = {one.name: one for one in SCANS if one.name in NAMES}
    for one in [] if only_tables else chosen(known, scan, "--scan"):
        if again or (one.name,) not in ranks.done():
            _run(one, table, ranks)
    click.echo(_tables(table.read(), ranks.read()))


def _run(scan: OpenScan, table: ResultTable, ranks: ResultTable) -> None:
    painting = scan.load()
    cube = painting.counts(scan.counts, scan.seed)
    bound = bind(load_pretrained(), cube)
    found = audit_scan(cube, _methods(cube, scan, bound), fit=bound.spectrum_fit(), n_runs=3)
    true: dict[str, pd.DataFrame] = {}
    for name, errors in found.errors.items():
        true[name] = squares = _true_squares(errors.maps, painting, scan)
        rows = errors.table.loc[list(squares.columns)]
        rows["true"] = np.sqrt(squares.mean())
        table.put((scan.name, name), rows.reset_index(names="element"))
        print(f"{scan.name}, {name}: {(rows['rmse'].sum() / rows['true'].sum()):.3f}", flush=True)
    ranks.put((scan.name,), _ranks(found, true))


def _methods(cube: xr.DataArray, scan: OpenScan, bound: Any) -> dict[str, Any]:
    """Five methods, each fitted to the scan once."""
    from benchmarks.pymca import PyMcaFastFit

    X = to_samples(cube).values
    energy, task = cube["energy"].to_numpy(), task_of(cube, scan.counts)
    template_fit = TemplateFitRegressor(energy=energy, anode=task.anode).fit(X)
    pymca = PyMcaFastFit(energy, "polynomial").fit(X, pd.DataFrame(columns=task.line_groups))

    def denoised(part: xr.DataArray) -> xr.Dataset:
        return denoise_maps(predict_maps(bound, part, return_std=True))

    def smoothed(part: xr.DataArray) -> xr.DataArray:
        maps = predict_maps(template_fit, part)
        return maps.copy(data=gaussian_filter(maps.to_numpy(), (1, 1, 0)))

    return {
        "shipped": bound,
        "shipped, denoised": denoised,
        "template fit": template_fit,
        "template fit, Gaussian": smoothed,
        "PyMca, polynomial": pymca,
    }


def _true_squares(maps: xr.Dataset, painting: TestPainting, scan: OpenScan) -> pd.DataFrame:
    groups = [str(one) for one in maps["element"].to_numpy()]
    squares = {}
    for name in scan.judged(painting):
        if name in groups:
            truth = painting.truth[..., painting.groups.index(name)] * scan.counts
            values = maps["intensity"].sel(element=name).to_numpy()
            squares[name] = np.square(values - truth).ravel()
    return pd.DataFrame(squares)


def _ranks(found: Audit, true: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Pairs of methods by line group: how many differ in truth, and are told apart rightly."""
    n_pairs = n_right = n_sure = n_sure_right = 0
    for one, two in combinations(true, 2):
        better = found.better(one, two)
        for name in true[one].columns.intersection(true[two].columns):
            a, b = true[one][name].mean(), true[two][name].mean()
            if abs(b - a) < 2 * _SAME * max(a, b):
                continue
            difference, error = better.loc[name]
            right = (difference > 0) == (b > a)
            sure = abs(difference) > 2 * error
            n_pairs, n_right = n_pairs + 1, n_right + right
            n_sure, n_sure_right = n_sure + sure, n_sure_right + (sure and right)
    row = {"pairs": n_pairs, "right": n_right, "sure": n_sure, "sure_and_right": n_sure_right}
    return pd.DataFrame([row])


def _tables(results: pd.DataFrame, ranks: pd.DataFrame) -> str:
    rows = []
    for (scan, method), of in results.groupby(KEYS, sort=False):
        ratio = of["rmse"] / of["true"]
        off = (of["rmse"] - of["true"]) / of["rmse_error"]
        rows.append(
            [
                scan,
                method,
                f"{(of['true'] / of['bound']).mean():.3f}",
                f"{of['ratio'].mean():.3f}",
                f"{of['ratio'].mean() / (of['true'] / of['bound']).mean():.3f}",
                f"{ratio.min():.2f} to {ratio.max():.2f}",
                f"{100 * (off.abs() <= 2).mean():.0f} %",
            ]
        )
    header = ["scan", "method", "true error over bound", "estimated", "ratio", "by line group"]
    parts = [markdown([*header, "within two of its errors"], rows)]
    right = [
        [
            one["scan"],
            f"{one['right']} of {one['pairs']}",
            f"{one['sure_and_right']} of {one['sure']}",
        ]
        for _, one in ranks.iterrows()
    ]
    parts.append(markdown(["scan", "pairs in the right order", "of those told apart"], right))
    return "\n\n".join(parts)
