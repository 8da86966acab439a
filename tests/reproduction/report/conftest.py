"""Result of the experiment, made up without running it."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from skxrf.reproduction._result import DataDescription, MethodResult, ReproductionResult, Settings
from skxrf.reproduction._scores import score_rows
from skxrf.samples import to_samples

METHODS = {
    "CNN": ("network", 1.0),
    "MLP": ("network", 1.5),
    "published CNN": ("published network", 6.0),
    "Ridge": ("classical", 1.1),
    "Template fit": ("classical", 0.1),
}


def make_result(shapes, *, simulated=True, elements=("K_K", "Fe_K", "Au_L", "Hg_L", "Pb_L")):
    """Blocky paintings, and predictions that are off by given multiples of the noise."""
    rng = np.random.default_rng(5)
    brightness = {"K_K": 10.0, "Fe_K": 300.0, "Au_L": 40.0, "Hg_L": 500.0, "Pb_L": 900.0}
    level = np.array([brightness[name] for name in elements])
    truth, reference = {}, {}
    for name, shape in shapes.items():
        patches = rng.integers(0, 5, (-(-shape[0] // 8), -(-shape[1] // 8), len(elements)))
        mean = np.kron(patches, np.ones((8, 8, 1)))[: shape[0], : shape[1]] * level / 2 + 3
        coords = {
            "y": 0.5 * np.arange(shape[0]),
            "x": 0.5 * np.arange(shape[1]),
            "element": list(elements),
        }
        truth[name] = xr.DataArray(mean, dims=("y", "x", "element"), coords=coords)
        reference[name] = truth[name].copy(data=rng.poisson(mean).astype(float))
    labels, true_labels = to_samples(reference), to_samples(truth)
    rows, methods = [], []
    for method, (kind, factor) in METHODS.items():
        predictions = {}
        for name, maps in reference.items():
            noise = factor * rng.normal(size=maps.shape) * np.sqrt(maps + 1)
            predictions[name] = maps + noise
        flat = to_samples(predictions).to_numpy()
        rows += score_rows(labels, flat, method=method, against="reference", scope="all")
        if simulated:
            rows += score_rows(true_labels, flat, method=method, against="truth", scope="all")
        folds = pd.DataFrame(
            {
                "ssim": 0.95 - 0.02 * factor + 0.01 * rng.normal(size=5),
                "within_sigma": 0.7 / factor + 0.02 * rng.normal(size=5),
                "r2": 0.97 - 0.05 * factor + 0.01 * rng.normal(size=5),
                "fit_seconds": rng.uniform(5, 9, 5),
                "predict_seconds": rng.uniform(0.1, 0.2, 5),
                "n_fitted": 4000,
                "n_predicted": 1000,
                "epochs": 30.0 if "network" in kind else np.nan,
            }
        )
        curve = (5 * np.exp(-np.arange(30) / 9) + 0.3).tolist()
        methods.append(
            MethodResult(
                name=method,
                kind=kind,
                description=f"What {method} is, in a sentence.",
                predictions=predictions,
                folds=folds,
                loss_curves={"training": curve} if "network" in kind else {},
                n_parameters=68_300 if "network" in kind else None,
                is_reference=method == "Template fit",
            )
        )
    energy = 0.02 + 0.04 * np.arange(1024)
    spectrum = 1e5 * np.exp(-energy / 8) + 1e6 * np.exp(-((energy - 6.4) ** 2) / 0.01)
    data = DataDescription(
        name="five <simulated> paintings" if simulated else "scan_a.h5",
        source="Simulated by skxrf.datasets.make_painting" if simulated else "File scan_a.h5",
        simulated=simulated,
        shapes=shapes,
        n_channels=1024,
        energy=energy,
        sum_spectrum=spectrum,
        maximum_spectrum=spectrum / 1000,
        n_labeled=len(labels),
        reference_name="template fit",
        split_name="whole paintings" if len(shapes) > 1 else "blocks of 16 × 16 pixels",
    )
    return ReproductionResult(
        settings=Settings(),
        data=data,
        elements=list(elements),
        reference=reference,
        truth=truth if simulated else None,
        methods=methods,
        scores=pd.DataFrame(rows),
        seconds=512.0,
        provenance={"skxrf": "0.1", "Python": "3.11", "command": "skxrf reproduce -o <out>"},
    )


@pytest.fixture(scope="session")
def simulated_result():
    """Two small paintings with known truth."""
    return make_result({"A": (16, 24), "B": (20, 24)})


@pytest.fixture(scope="session")
def measured_result():
    """One scan of unknown truth, with two line groups only: quickly drawn."""
    return make_result({"scan": (24, 32)}, simulated=False, elements=("Fe_K", "Pb_L"))
