"""The template fit against PyMca's fast fit: areas on the real scan, truth on a simulated painting."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from benchmarks import pymca_reference
from benchmarks.tables import REAL_SCAN, RESULTS, write_rows
from benchmarks.timing import in_turns
from skxrf.datasets import make_painting
from skxrf.io import open_cube
from skxrf.linear_model import TemplateFitRegressor
from skxrf.metrics import score_table

REAL_GROUPS = ["Ca_K", "Ti_K", "Fe_K", "Cu_K", "Zn_K", "Hg_L", "Pb_L"]
SETTINGS = [
    ("template fit", None, 0),
    ("PyMca, polynomial", "polynomial", 1),
    ("PyMca, SNIP", "snip", 1),
]


@click.command("template-fit")
@click.option("--repeats", default=3, show_default=True, help="Turns of each method.")
def main(repeats: int) -> None:
    """Template fit against PyMca's fast fit, on a simulated and on the real scan."""
    rows = simulated_painting(repeats)
    if REAL_SCAN.exists():
        cube = open_cube(REAL_SCAN)
        counts, energy = cube.to_numpy(), cube["energy"].to_numpy()
        rows += compare("real scan", counts, energy, REAL_GROUPS, None, repeats, None)
    click.echo(write_rows(RESULTS / "template_fit.csv", rows).to_string(index=False))


def simulated_painting(repeats: int) -> list[dict[str, Any]]:
    """The test icon, at 5,000 counts a pixel."""
    cube, maps = make_painting((91, 68), palette="icon_test", random_state=6)
    groups = [str(name) for name in maps["element"].values]
    return compare(
        "simulated painting",
        cube.to_numpy(),
        cube["energy"].to_numpy(),
        groups,
        maps.to_numpy(),
        repeats,
        "Rh",
    )


def compare(
    problem: str,
    counts: NDArray[Any],
    energy: NDArray[np.float64],
    groups: list[str],
    truth: NDArray[Any] | None,
    repeats: int,
    anode: str | None,
) -> list[dict[str, Any]]:
    """Areas of each method against the truth, or against PyMca's with polynomial background."""
    spectra = counts.reshape(-1, counts.shape[-1])
    fit = TemplateFitRegressor(groups, energy=energy, anode=anode).fit(spectra)
    predictors: dict[str, Callable[[], NDArray[Any]]] = {}
    for label, background, weight in SETTINGS:
        if background is None:
            predictors[label] = lambda: fit.predict(spectra)
        else:
            configuration = pymca_reference.sum_spectrum_configuration(
                spectra.sum(axis=0, dtype=float), energy, fit.fitted_groups_, background=background
            )
            predictors[label] = _pymca(counts, configuration, background, weight, groups)
    areas = {label: predictor() for label, predictor in predictors.items()}  # also warms up
    times = in_turns(predictors, repeats, warm_up=False)
    against = "truth" if truth is not None else "PyMca, polynomial"
    reference = areas["PyMca, polynomial"] if truth is None else truth.reshape(-1, len(groups))
    rows = []
    for label, values in areas.items():
        expected, found = (_as_maps(one, counts.shape[:2], groups) for one in (reference, values))
        scores = score_table(expected, found)[["bias", "rmse", "correlation", "slope"]]
        scores.insert(0, "mean", scores["bias"] + reference.mean(axis=0))
        table = {"problem": problem, "method": label, "against": against}
        rate = times[label].per_second(len(spectra))
        rows += [
            {**table, "line_group": name, **scores.loc[name], "spectra_per_s": rate}
            for name in groups
        ]
    return rows


def _as_maps(values: NDArray[Any], shape: tuple[int, ...], groups: list[str]) -> xr.DataArray:
    return xr.DataArray(
        np.asarray(values, dtype=np.float64).reshape(*shape, len(groups)),
        dims=("y", "x", "element"),
        coords={"element": groups},
    )


def _pymca(
    counts: NDArray[Any],
    configuration: dict[str, Any],
    background: str,
    weight: int,
    groups: list[str],
) -> Callable[[], NDArray[Any]]:
    def predict() -> NDArray[Any]:
        maps = pymca_reference.fit_maps(counts, configuration, background=background, weight=weight)
        return np.stack([maps[name].ravel() for name in groups], axis=1)

    return predict
