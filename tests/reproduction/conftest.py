"""A small problem whose labels are linear in the spectra."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from skxrf.model_selection import block_groups
from skxrf.reproduction import DataDescription
from skxrf.reproduction._problem import Problem
from skxrf.samples import to_samples


@pytest.fixture
def linear_problem():
    """24 x 32 pixels of 40 channels; two line groups; the last four rows have no labels."""
    rng = np.random.default_rng(7)
    templates = rng.dirichlet(np.ones(40), size=2)
    patches = np.kron(rng.integers(0, 4, (6, 8, 2)), np.ones((4, 4, 1)))
    truth = patches * np.array([400.0, 900.0]) + 50
    counts = rng.poisson(truth @ templates).astype(np.uint16)
    coords = {"y": 0.5 * np.arange(24), "x": 0.5 * np.arange(32)}
    cube = xr.DataArray(counts, dims=("y", "x", "energy"), coords=coords)
    maps = xr.DataArray(
        truth, dims=("y", "x", "element"), coords=coords | {"element": ["Fe_K", "Pb_L"]}
    )
    X, Y = np.asarray(to_samples({"scan": cube})), to_samples({"scan": maps})
    truth_table = Y.copy()
    Y[Y.index.get_level_values("y") >= 20] = np.nan
    data = DataDescription(
        name="scan",
        source="made for a test",
        simulated=True,
        shapes={"scan": (24, 32)},
        n_channels=40,
        energy=np.linspace(1, 20, 40),
        sum_spectrum=X.sum(axis=0),
        maximum_spectrum=X.max(axis=0),
        n_labelled=int(Y.notna().all(axis=1).sum()),
        reference_name="template fit",
        split_name="blocks of 8 × 8 pixels",
    )
    groups = block_groups(pd.DataFrame(Y), block_shape=8)
    return Problem(X, Y, truth_table, groups, {"scan": {"y": maps["y"], "x": maps["x"]}}, data)
