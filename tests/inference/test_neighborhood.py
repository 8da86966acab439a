"""Spectra beside the means of their neighbourhoods."""

import numpy as np
import pytest
import xarray as xr

from skxrf.datasets import make_painting
from skxrf.inference import predict_maps
from skxrf.inference._neighborhood import with_neighborhood
from skxrf.pretrained import load_pretrained


def cube_of(counts):
    return xr.DataArray(counts, dims=("y", "x", "energy"), name="counts")


@pytest.mark.parametrize("chunks", [None, {"y": 2, "x": 3}])
def test_means_are_those_of_the_eight_around(chunks):
    counts = np.random.default_rng(0).poisson(9, (7, 6, 5))
    cube = cube_of(counts) if chunks is None else cube_of(counts).chunk(chunks)
    both = with_neighborhood(cube).to_numpy()
    np.testing.assert_array_equal(both[..., :5], counts)
    for y, x in ((1, 1), (3, 2), (5, 4)):
        around = counts[y - 1 : y + 2, x - 1 : x + 2].sum(axis=(0, 1)) - counts[y, x]
        np.testing.assert_allclose(both[y, x, 5:], around / 8, rtol=1e-6)


def test_edges_are_mirrored():
    counts = np.ones((3, 3, 2)) * np.arange(1, 4)[:, None, None]
    both = with_neighborhood(cube_of(counts)).to_numpy()
    # The row above the first is the first itself.
    assert both[0, 1, 2] == pytest.approx((1 + 1 + 1 + 1 + 1 + 2 + 2 + 2) / 8)


def test_maps_of_a_network_that_sees_neighbourhoods():
    cube, truth = make_painting((24, 20), palette="icon_test", random_state=6)
    maps = predict_maps(load_pretrained(neighborhood=True), cube)
    assert maps.chunks is None
    lazy = predict_maps(load_pretrained(neighborhood=True), cube.chunk({"y": 7, "x": 20}))
    np.testing.assert_allclose(lazy.to_numpy(), maps.to_numpy(), rtol=1e-3, atol=0.05)
    for name in ("Ca_K", "Fe_K", "Cu_K", "Pb_L"):
        pair = (maps.sel(element=name).to_numpy(), truth.sel(element=name).to_numpy())
        assert np.corrcoef(*(values.ravel() for values in pair))[0, 1] > 0.95, name
