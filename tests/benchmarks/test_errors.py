"""Errors of maps with a known truth and bound."""

import numpy as np
import pytest
import xarray as xr

from benchmarks.accuracy.errors import map_errors
from benchmarks.accuracy.paintings import TestPainting as Painting


@pytest.fixture
def painting():
    rng = np.random.default_rng(4)
    truth = rng.gamma(2.0, 0.02, (12, 14, 2)).astype(np.float32)
    templates = np.array([[0.9, 0.1, 0.0], [0.0, 0.2, 0.8]], np.float32)
    expected = (truth @ templates + 1e-3).astype(np.float32)
    return Painting("none", "M6", expected, truth, ("Fe_K", "Pb_L"), templates, np.arange(3.0))


def maps_of(values, sigma):
    dims, coords = ("y", "x", "element"), {"element": ["Fe_K", "Pb_L"]}
    return xr.Dataset({"intensity": (dims, values), "uncertainty": (dims, sigma)}, coords=coords)


def test_errors_are_those_of_the_maps(painting):
    truth = painting.truth * 5000
    sigma = np.full(truth.shape, 4.0)
    noise = np.random.default_rng(0).normal(0, 4, truth.shape)
    rows = map_errors(maps_of(truth + noise + 1, sigma), painting, 5000.0, ["Fe_K", "S_K", "Pb_L"])
    assert [row["element"] for row in rows] == ["Fe_K", "Pb_L"]
    for k, row in enumerate(rows):
        error = noise[..., k] + 1
        assert row["bias"] == pytest.approx(error.mean(), abs=1e-3)
        assert row["rmse"] == pytest.approx(np.sqrt((error**2).mean()), abs=1e-3)
        bound = painting.bound(5000.0)[..., k]
        assert row["ratio"] == pytest.approx(row["rmse"] / np.sqrt((bound**2).mean()), rel=1e-3)
        present = truth[..., k] > 8
        assert row["pixels_above_two_errors"] == present.sum()
        assert row["within_one"] == pytest.approx((np.abs(error) < 4)[present].mean(), abs=1e-4)
        assert row["within_two"] == pytest.approx((np.abs(error) < 8)[present].mean(), abs=1e-4)


def test_a_line_group_that_was_not_found_has_an_empty_map(painting):
    maps = maps_of(painting.truth * 5000, np.ones(painting.truth.shape)).sel(element=["Pb_L"])
    iron, lead = map_errors(maps, painting, 5000.0, ["Fe_K", "Pb_L"])
    assert iron["rmse"] == pytest.approx(5000 * np.sqrt((painting.truth[..., 0] ** 2).mean()), 1e-4)
    assert "within_one" not in iron
    assert lead["rmse"] == 0
