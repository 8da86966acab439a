"""Probes of elements that a learned model may invent or mistake.

Spectra of single stacks, of random foreign chemistry, and a painting seen through wrong tables.
"""

from __future__ import annotations

from dataclasses import replace

import click
import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from benchmarks.accuracy.paintings import (
    ELEMENTS,
    INSTRUMENTS,
    SEED,
    OtherTables,
    TestPainting,
    background_shapes_of,
    load_painting,
    render,
)
from benchmarks.tables import RESULTS, write_rows
from skxrf.pretrained import load_pretrained
from skxrf.pretrained._axis import LINE_GROUPS
from skxrf.simulation import ForwardModel, Layer, cramer_rao_bound, random_stacks
from skxrf.simulation._layers import stack_arrays, stack_elements

N = 2000
COUNTS = 5000.0
_OIL = {"linseed oil": 0.35}
_CHALK = Layer({"chalk": 0.9, "linseed oil": 0.1}, 200)
PROBES = {
    # Nothing in it contains sulfur.
    "S in bone black": ("S_K", [Layer({"bone black": 0.65, **_OIL}, 30), _CHALK]),
    "Pb in orpiment over lead white": (
        "Pb_L",
        [
            Layer({"orpiment": 0.6, **_OIL}, 10),
            Layer({"lead white": 0.9, "linseed oil": 0.1}, 40),
            _CHALK,
        ],
    ),
}


def single_stacks() -> list[dict[str, object]]:
    """Mean over 2,000 spectra of one stack."""
    scanner, rows = INSTRUMENTS["M6"], []
    for title, (name, stack) in PROBES.items():
        elements = stack_elements([stack])
        model = ForwardModel(elements, scanner)
        photons = model.photons(*stack_arrays([stack], elements))
        expected = model.templates().spectra(photons)[0]
        scale = COUNTS / expected.sum()
        # Traces count: whatever of the line group the stack sends out.
        there = name in model.tables.groups
        true = float(model.intensities(photons, [name])[0, 0]) * scale if there else 0.0
        X = np.random.default_rng(0).poisson(expected * scale, (N, expected.size))
        shipped = load_pretrained().calibrated(X, scanner.energy)
        values, errors = shipped.predict(X, return_std=True)
        j = LINE_GROUPS.index(name)
        rows.append(
            {
                "probe": title,
                "true": round(true, 2),
                "mean": round(float(values[:, j].mean()), 2),
                "invented": _invented(values, errors, model, photons, scale),
            }
        )
    return rows


def _invented(values, errors, model, photons, scale) -> float:
    """Largest share of spectra above three errors among line groups that are not there."""
    known = set(model.tables.groups) | set(model.gas.tables.groups)
    worst = 0.0
    for j, name in enumerate(LINE_GROUPS):
        true = 0.0
        if name in known:
            true = float(model.intensities(photons, [name])[0, 0]) * scale
        if true < 0.3:
            worst = max(worst, float((values[:, j] > 3 * errors[:, j]).mean()))
    return round(worst, 4)


def foreign_chemistry() -> list[dict[str, object]]:
    """Random chemistry outside the palettes, other stacks than in training."""
    scanner = INSTRUMENTS["M6"]
    elements, compositions, masses = random_stacks(N, 987_654, foreign_share=1.0)
    model = ForwardModel(elements, scanner)
    photons = model.photons(compositions, masses)
    templates = model.templates()
    expected = templates.spectra(photons)
    scale = COUNTS / expected.sum(axis=1, keepdims=True)
    X = np.random.default_rng(1).poisson(expected * scale)
    shipped = load_pretrained().calibrated(X, scanner.energy)
    values, errors = shipped.predict(X, return_std=True)
    groups = [str(g) for g in np.unique(model.tables.groups)]
    truth = model.intensities(photons, groups) * scale
    kept = [g for i, g in enumerate(groups) if truth[:, i].mean() > 0.3]
    shapes = []
    for name in kept:
        mine = model.tables.groups == name
        weight = photons.lines[:, mine].mean(axis=0)
        shapes.append(weight @ templates.lines[mine] / weight.sum())
    continuum = photons.scatter.mean(axis=0) @ templates.scatter
    background = background_shapes_of(scanner.energy, continuum)
    bound = cramer_rao_bound(expected * scale, np.array(shapes), nuisances=background)
    rows = []
    for name in ELEMENTS:
        i, j = groups.index(name), LINE_GROUPS.index(name)
        error = values[:, j] - truth[:, i]
        limit = float(np.sqrt(np.square(bound[:, kept.index(name)]).mean()))
        absent = truth[:, i] < 0.3
        rows.append(
            {
                "probe": f"foreign chemistry, {name}",
                "rmse": round(float(np.sqrt(np.square(error).mean())), 3),
                "ratio": round(float(np.sqrt(np.square(error).mean())) / limit, 3),
                "invented": round(float((values[absent, j] > 3 * errors[absent, j]).mean()), 4)
                if absent.any()
                else np.nan,
            }
        )
    return rows


def mismatch() -> list[dict[str, object]]:
    """The test icon with other line ratios, tails and shelf half as large again, a tilted continuum."""
    rows = []
    right = load_painting("icon_test", "M6")
    for title, painting in (("as simulated", right), ("other tables", _through_other_tables())):
        cube: xr.DataArray = painting.counts(COUNTS, 5)
        X = cube.to_numpy().reshape(-1, cube.sizes["energy"])
        values = load_pretrained().calibrated(X, painting.energy).predict(X)
        for name in ELEMENTS:
            true = painting.truth[..., painting.groups.index(name)].ravel() * COUNTS
            error = values[:, LINE_GROUPS.index(name)] - true
            rows.append(
                {
                    "probe": f"mismatch, {title}, {name}",
                    "rmse": round(float(np.sqrt(np.square(error).mean())), 3),
                }
            )
    return rows


def _through_other_tables() -> TestPainting:
    """Lines changed by 6 % at random, the difference between compilations; a poorer detector."""
    scanner = INSTRUMENTS["M6"]
    worse = {
        name: 1.5 * getattr(scanner.detector, name)
        for name in ("tail_fraction", "tail_depth", "shelf_fraction", "shelf_depth")
    }

    def factors(model: ForwardModel) -> NDArray[np.float64]:
        rng = np.random.default_rng(3)
        return np.exp(0.06 * rng.standard_normal(model.tables.groups.size))

    tables = OtherTables(factors, tilt=(scanner.energy.clip(1, 40) / 8) ** 0.2)
    other = replace(scanner, detector=replace(scanner.detector, **worse))
    return render("icon_test", "M6", other, SEED, tables=tables)


@click.command("probes")
def main() -> None:
    """Invented elements, foreign chemistry, and paintings seen through other tables."""
    table = pd.DataFrame([*single_stacks(), *foreign_chemistry(), *mismatch()])
    write_rows(RESULTS / "accuracy_probes.csv", table)
    print(table.to_string())
