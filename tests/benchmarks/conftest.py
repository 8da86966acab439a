"""Problem of a few hundred pixels and a rival that counts its fits."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.linear_model import Ridge
from sklearn.model_selection import GroupKFold

from benchmarks.problems import Problem, ProblemData
from benchmarks.rivals import Entry
from skxrf.model_selection import block_groups
from skxrf.physics import DetectorResponse, line_group
from skxrf.samples import to_samples
from skxrf.utils.energy import bin_edges


def load_tiny(quick):
    """Three line groups in waves over 20 x 20 pixels, each block with dark and bright ones."""
    y, x = np.mgrid[:20, :20]
    waves = [
        np.sin(0.9 * y) * np.cos(0.7 * x),
        np.cos(0.8 * y + 0.3 * x),
        np.sin(0.6 * y - 0.9 * x),
    ]
    elements = ["Ca_K", "Fe_K", "Pb_L"]
    maps = xr.DataArray(
        500 * (1.2 + np.stack(waves, axis=-1)),
        dims=("y", "x", "element"),
        coords={"element": elements},
    )
    energy = 0.1 * np.arange(256)
    detector, edges = DetectorResponse(), bin_edges(energy)
    lines = [line_group(name) for name in elements]
    peaks = np.stack([detector.peaks(g.energies, g.intensities, edges) for g in lines])
    continuum = 8 * np.exp(-energy / 8) * (energy > 1)
    counts = np.random.default_rng(0).poisson(maps.values @ peaks + continuum)
    truth = to_samples(maps)
    groups = block_groups(truth, n_blocks=3)
    return ProblemData(
        X=counts.reshape(400, 256).astype(np.float32),
        labels=truth,
        references={"truth": truth, "twice": 2 * truth},
        groups=groups,
        folds=list(GroupKFold(2).split(groups, groups=groups)),
        energy=energy,
        anode="Rh",
    )


@pytest.fixture
def tiny():
    return Problem("tiny", "A tiny painting.", load_tiny)


class CountsFits(RegressorMixin, BaseEstimator):
    """Ridge that says in a file how often it was fitted."""

    def __init__(self, log=None):
        self.log = log

    def fit(self, X, y):
        with Path(self.log).open("a") as file:
            file.write("fit\n")
        self.model_ = Ridge(1e3).fit(X, y)
        return self

    def predict(self, X):
        return self.model_.predict(X)


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "fits.log"
    path.touch()
    return path


@pytest.fixture
def counted(log):
    return Entry("counted", "Ridge.", lambda data, budget: CountsFits(str(log)))
