"""Paints of a cube as maps, eager or lazy."""

import numpy as np
import pytest
import xarray as xr

from skxrf.cluster import PoissonMixture
from skxrf.exceptions import CountsError
from skxrf.inference import paint_maps


@pytest.fixture(scope="module")
def cube():
    """Two paints, side by side, and three pixels of nothing."""
    shapes = np.full((2, 40), 1.0)
    shapes[0, 5:9], shapes[1, 20:24] = 30, 30
    truth = np.zeros((12, 30), int)
    truth[:, 20:] = 1
    counts = np.random.default_rng(0).poisson(shapes[truth] * 5)
    counts[0, :3] = 0
    coords = {"energy": 0.1 * np.arange(40), "x": 0.5 * np.arange(30)}
    return xr.DataArray(counts, dims=("y", "x", "energy"), coords=coords, name="counts")


def test_paints_are_mapped_the_most_common_first(cube):
    found = paint_maps(cube)
    assert found["paint"].dtype == np.int16
    assert found["paint"].dims == ("y", "x")
    assert np.all(found["paint"][:, 20:] == 1)
    assert np.all(found["paint"][1:, :20] == 0)
    assert np.all(found["paint"][0, :3] == -1)
    np.testing.assert_array_equal(found["paint"]["x"], cube["x"])
    mean = cube.where(found["paint"] == 1).mean(("y", "x"))
    np.testing.assert_allclose(found["paint_spectrum"][1], mean, rtol=1e-5)
    np.testing.assert_array_equal(found["energy"], cube["energy"])


def test_a_lazy_cube_gives_the_same(cube):
    xr.testing.assert_identical(paint_maps(cube), paint_maps(cube.chunk(y=5, x=7)))


def test_the_clusterer_is_given_and_not_changed(cube):
    clusterer = PoissonMixture(1)
    assert paint_maps(cube, clusterer).sizes["paint_number"] == 1
    assert not hasattr(clusterer, "labels_")


def test_a_cube_that_holds_no_counts_is_refused(cube):
    with pytest.raises(CountsError, match="nothing to cluster"):
        paint_maps(0 * cube)
