"""The default networks against ridge regression, element by element.

Root mean square errors against the true intensities of both networks and of ridge regression on raw
counts, tuned by leaving one out, on problems that differ from the training set in palettes, or are
blocks of a painting, learned from many or from few pixels. Takes some minutes on one core.
"""

from __future__ import annotations

import time
from typing import Any, NamedTuple

import click
import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import RidgeCV

from benchmarks.problems import N_BLOCKS, simulated_other_palettes
from benchmarks.tables import RESULTS, write_rows
from skxrf.datasets import make_painting, make_spectra
from skxrf.model_selection import block_groups
from skxrf.neural_network import SpectrumCNNRegressor, SpectrumMLPRegressor
from skxrf.samples import to_samples
from skxrf.simulation import palettes

TRAINING = ("icon_1", "icon_2", "icon_3")
# Palettes that nothing is chosen on, the networks' defaults neither.
HELD_OUT = tuple(name for name, found in palettes().items() if found.role == "held_out")
N_TRAINING = 3_000
N_TEST = 2_000


class Split(NamedTuple):
    """Training and test spectra with their true intensities."""

    X: NDArray[np.float32]
    y: NDArray[np.float64]
    X_test: NDArray[np.float32]
    y_test: NDArray[np.float64]
    names: tuple[str, ...] = ()


@click.command("default-networks")
def main() -> None:
    """Errors of the default networks over those of ridge regression."""
    names, splits = problems()
    rows: list[dict[str, Any]] = []
    for problem, split in splits.items():
        models = {
            "ridge": RidgeCV(np.logspace(-2, 6, 17), alpha_per_target=True),
            "SpectrumCNNRegressor": SpectrumCNNRegressor(random_state=0),
            "SpectrumMLPRegressor": SpectrumMLPRegressor(random_state=0),
        }
        errors = {}
        for name, model in models.items():
            start = time.process_time()
            model.fit(split.X, split.y)
            seconds = time.process_time() - start
            errors[name] = rmse(model.predict(split.X_test), split.y_test)
            ratio = errors[name] / errors["ridge"]
            for i, line_group in enumerate(split.names or names):
                weight = getattr(model, "residual_weight_", None)
                rows.append(
                    {
                        "problem": problem,
                        "n_training": len(split.X),
                        "estimator": name,
                        "line_group": line_group,
                        "rmse": f"{errors[name][i]:.2f}",
                        "rmse_over_ridge": f"{ratio[i]:.3f}",
                        # At rising intensities.
                        "residual_weight": "" if weight is None else _row(weight[:, i]),
                        "fit_cpu_s": round(seconds, 1),
                    }
                )
            print(problem, name, np.round(ratio, 3), f"{seconds:.1f} s", flush=True)
    write_rows(RESULTS / "default_networks.csv", rows)


def problems() -> tuple[list[str], dict[str, Split]]:
    """Names of the line groups, and the splits by name."""
    X, Y = make_spectra(N_TRAINING, palette=TRAINING, random_state=0)
    X_test, Y_test = make_spectra(N_TEST, palette="icon_test", random_state=1)
    cube, maps = make_painting((60, 80), palette="icon_test", random_state=0)
    truth = to_samples(maps)
    counts = to_samples(cube).to_numpy().astype(np.float32)
    y = truth.to_numpy(dtype=np.float64)
    groups = block_groups(truth, n_blocks=N_BLOCKS)
    test = np.isin(groups, np.random.default_rng(0).permutation(np.unique(groups))[:8])
    few = np.random.default_rng(1).choice(np.flatnonzero(~test), 500, replace=False)
    X_held_out, Y_held_out = make_spectra(N_TEST, palette=HELD_OUT, random_state=2)
    training = X.astype(np.float32), Y.to_numpy(dtype=np.float64)
    paintings = {name: make_painting((84, 84), palette=name, random_state=3) for name in TRAINING}
    many = to_samples({name: cube for name, (cube, _) in paintings.items()}).to_numpy()
    of_many = to_samples({name: maps for name, (_, maps) in paintings.items()}).to_numpy(float)
    other = simulated_other_palettes(False)
    (fitted, held_out), *_ = other.folds
    return list(Y.columns), {
        "another icon's palette": Split(
            *training, X_test.astype(np.float32), Y_test.to_numpy(dtype=np.float64)
        ),
        "held-out palettes": Split(
            *training, X_held_out.astype(np.float32), Y_held_out.to_numpy(dtype=np.float64)
        ),
        "blocks of an icon": Split(counts[~test], y[~test], counts[test], y[test]),
        "few pixels of an icon": Split(counts[few], y[few], counts[test], y[test]),
        "three paintings, another icon": Split(many.astype(np.float32), of_many, counts, y),
        # Other line groups, whose names are not those of the other problems.
        "other periods and scanner": Split(
            other.X[fitted],
            other.labels.to_numpy(float)[fitted],
            other.X[held_out],
            other.labels.to_numpy(float)[held_out],
            tuple(other.labels.columns),
        ),
    }


def _row(values: NDArray[np.float64]) -> str:
    return " ".join(f"{value:.2f}" for value in values)


def rmse(prediction: NDArray[Any], truth: NDArray[np.float64]) -> NDArray[np.float64]:
    """Root mean square errors of shape (n_line_groups,) [counts]."""
    return np.asarray(np.sqrt(np.square(prediction - truth).mean(axis=0)))
