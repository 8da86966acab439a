"""Toy maps, and no pyplot figure left open."""

import matplotlib
import numpy as np
import pytest
import xarray as xr


@pytest.fixture(autouse=True)
def _no_window():
    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    yield
    plt.close("all")


@pytest.fixture
def toy_maps():
    """Poisson counts of three line groups, 12 rows of 20 pixels of 0.5 mm."""
    level = np.linspace(5, 60, 12 * 20 * 3).reshape(12, 20, 3)
    counts = np.random.default_rng(3).poisson(level).astype(np.float32)
    coords = {
        "y": 0.5 * np.arange(12),
        "x": 0.5 * np.arange(20),
        "element": ["S_K", "Fe_K", "Pb_L"],
    }
    return xr.DataArray(counts, dims=("y", "x", "element"), coords=coords, name="intensity")


@pytest.fixture
def toy_cube():
    """Counts of 6 x 7 pixels, 100 channels of 0.1 keV, with one bright pixel in one channel."""
    counts = np.random.default_rng(0).poisson(4.0, (6, 7, 100)).astype(np.uint16)
    counts[2, 3, 64] = 60000
    coords = {"energy": 0.05 + 0.1 * np.arange(100)}
    return xr.DataArray(counts, dims=("y", "x", "energy"), coords=coords, name="counts")


class ChannelReader:
    """Predicts the counts of some channels: what an estimator does, exactly known."""

    n_features_in_ = 100

    def __init__(self, channels):
        self.channels = channels

    def predict(self, X):
        return np.asarray(X, dtype=np.float32)[:, self.channels]


@pytest.fixture
def channel_reader():
    """An estimator whose outputs are the counts of channels 10 and 20."""
    return ChannelReader([10, 20])
