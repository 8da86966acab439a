"""Paints of a cube as maps, eager or lazy."""

import numpy as np
import pytest
import xarray as xr

from skxrf.cluster import PoissonMixture
from skxrf.exceptions import CountsError
from skxrf.inference import paint_maps
from skxrf.inference._paint_maps import _blocks_of_rows


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


def test_what_the_maps_state(cube):
    timed = cube.assign_coords(
        live_time=(("y", "x"), np.ones((12, 30))), channel=("energy", np.arange(40))
    )
    found = paint_maps(timed)
    assert found["paint"].attrs == {"description": "paint of each pixel, -1 where it is like none"}
    assert found["paint_spectrum"].attrs == {
        "units": "counts",
        "description": "mean spectrum of the pixels of each paint",
    }
    assert found["paint_spectrum"].dims == ("paint_number", "energy")
    assert found["paint_spectrum"].dtype == np.float32
    assert set(found["paint"].coords) == {"x", "live_time"}
    assert set(found["paint_spectrum"].coords) == {"energy"}


def test_rows_are_read_some_thousand_spectra_at_a_time(cube):
    # 32 MiB of float32: 8 rows of 256 spectra of 4096 channels.
    large = xr.DataArray(np.broadcast_to(np.uint16(0), (20, 256, 4096)), dims=("y", "x", "energy"))
    assert _blocks_of_rows(large) == [(0, 8), (8, 8), (16, 4)]
    assert _blocks_of_rows(large.isel(y=slice(8))) == [(0, 8)]
    wide = xr.DataArray(np.broadcast_to(np.uint16(0), (2, 5000, 4096)), dims=("y", "x", "energy"))
    assert _blocks_of_rows(wide) == [(0, 1), (1, 1)]
    assert _blocks_of_rows(cube.chunk(y=5)) == [(0, 5), (5, 5), (10, 2)]


def test_wrong_counts_are_named_by_their_place():
    """Also those that are not among the 50,000 pixels by which the paints are found."""
    counts = np.ones((250, 250, 4), np.float32)
    counts[137, 3, 2] = -1
    cube = xr.DataArray(counts, dims=("y", "x", "energy")).chunk(y=100)
    with pytest.raises(CountsError, match=r"y=137, x=3\D.*2"):
        paint_maps(cube, PoissonMixture(1))


def test_a_lazy_cube_gives_the_same(cube):
    xr.testing.assert_identical(paint_maps(cube), paint_maps(cube.chunk(y=5, x=7)))


def test_the_clusterer_is_given_and_not_changed(cube):
    clusterer = PoissonMixture(1)
    assert paint_maps(cube, clusterer).sizes["paint_number"] == 1
    assert not hasattr(clusterer, "labels_")


def test_a_cube_that_holds_no_counts_is_refused(cube):
    with pytest.raises(CountsError, match="nothing to cluster"):
        paint_maps(0 * cube)
