"""The template fit against PyMca's fast fit: areas on the real scan, truth on a simulated painting.

    python -m benchmarks.template_fit

writes ``results/template_fit.csv``. The real scan is skipped where it is absent.
"""

from __future__ import annotations

import csv
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import pymca_reference
from skxrf.datasets import make_painting
from skxrf.linear_model import TemplateFitRegressor

REAL_SCAN = Path(__file__).parents[1] / ".." / "shared" / "data" / "maxrf_painting_a.h5"
RESULTS = Path(__file__).parent / "results" / "template_fit.csv"
REAL_GROUPS = ["Ca_K", "Ti_K", "Fe_K", "Cu_K", "Zn_K", "Hg_L", "Pb_L"]
SETTINGS = [
    ("template fit", None, 0),
    ("PyMca, polynomial", "polynomial", 1),
    ("PyMca, SNIP", "snip", 1),
]


def main(repeats: int = 3) -> list[dict[str, Any]]:
    """Run both problems, print a table, write the CSV file."""
    rows = simulated_painting(repeats)
    if REAL_SCAN.exists():
        from skxrf.io import open_cube

        cube = open_cube(REAL_SCAN)
        rows += compare(
            "real scan",
            cube.to_numpy(),
            cube["energy"].to_numpy(),
            REAL_GROUPS,
            None,
            repeats,
            None,
        )
    for row in rows:
        print(
            "  ".join(
                f"{value:>12.4g}" if isinstance(value, float) else f"{value!s:>18}"
                for value in row.values()
            )
        )
    with RESULTS.open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    print(f"wrote {RESULTS}")
    return rows


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
    seconds: dict[str, list[float]] = {label: [] for label in predictors}
    for _ in range(repeats):  # in turn, so that the machine's mood is shared
        for label, predictor in predictors.items():
            start = time.perf_counter()
            predictor()
            seconds[label].append(time.perf_counter() - start)
    against = "truth" if truth is not None else "PyMca, polynomial"
    reference = areas["PyMca, polynomial"] if truth is None else truth.reshape(-1, len(groups))
    rows = []
    for label, values in areas.items():
        rate = len(spectra) / float(np.median(seconds[label]))
        for j, name in enumerate(groups):
            x, y = reference[:, j], values[:, j]
            rows.append({
                "problem": problem, "method": label, "against": against, "line_group": name,
                "mean": float(y.mean()), "bias": float((y - x).mean()),
                "rmse": float(np.sqrt(np.mean((y - x) ** 2))),
                "correlation": float(np.corrcoef(x, y)[0, 1]),
                "slope": float(np.polyfit(x, y, 1)[0]), "spectra_per_s": float(round(rate)),
            })  # fmt: skip
    return rows


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


if __name__ == "__main__":
    main()
