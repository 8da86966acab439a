"""The library's plain layout, and the real scan that is kept in it."""

import h5py
import numpy as np
import pytest

from skxrf.exceptions import EnergyAxisError
from skxrf.io import open_cube


def test_positions_in_millimetres(counts_file):
    cube = open_cube(counts_file(y_mm=0.5 * np.arange(5), x_mm=2 + 0.5 * np.arange(7)))

    np.testing.assert_allclose(cube.y, 0.5 * np.arange(5))
    np.testing.assert_allclose(cube.x, 2 + 0.5 * np.arange(7))
    assert cube.y.attrs["units"] == "mm"


def test_calibration_in_attributes(counts_file):
    path = counts_file(energy_keV=None)
    with h5py.File(path, "r+") as file:
        file["counts"].attrs.update({"energy_offset_keV": -0.1, "energy_slope_keV": 0.02})

    np.testing.assert_allclose(open_cube(path).energy, -0.1 + 0.02 * np.arange(12))


def test_what_describes_the_instrument_is_kept(counts_file):
    path = counts_file()
    with h5py.File(path, "r+") as file:
        file.attrs.update({"instrument": "M6", "tube": "Rh", "secret": "x"})
        file["counts"].attrs["kV"] = 50

    attrs = open_cube(path).attrs

    assert (attrs["instrument"], attrs["tube"], attrs["kV"]) == ("M6", "Rh", 50.0)
    assert "secret" not in attrs


def test_two_cubes_in_one_file(counts_file, small_counts):
    path = counts_file()
    with h5py.File(path, "r+") as file:
        file["other/counts"] = small_counts[:3]
        file["other/energy_keV"] = np.arange(12.0)

    np.testing.assert_array_equal(open_cube(path, dataset="other/counts"), small_counts[:3])


def test_without_calibration_it_is_asked_for(counts_file):
    with pytest.raises(EnergyAxisError, match="no energy calibration"):
        open_cube(counts_file(energy_keV=None))


def test_the_real_scan(real_data):
    cube = open_cube(real_data / "maxrf_painting_a.h5")

    assert dict(cube.sizes) == {"y": 60, "x": 120, "energy": 1024}
    assert cube.dtype == np.uint16
    assert "live_time" not in cube.coords, "the file tells the real time only"
    assert float(cube["real_time"].mean()) == pytest.approx(3.0, abs=0.1)
    with h5py.File(real_data / "maxrf_painting_a.h5") as file:
        np.testing.assert_array_equal(cube.energy, file["energy_keV"][()])
        np.testing.assert_array_equal(cube[7, 9], file["counts"][7, 9])
    assert all(n % 8 == 0 for n in cube.chunks[0][:-1] + cube.chunks[1][:-1])
    # Fe K-alpha, 6.404 keV (Bearden 1967), is the largest peak between 6 and 7 keV.
    window = cube.sum(("y", "x")).sel(energy=slice(6, 7)).compute()
    assert float(window.idxmax()) == pytest.approx(6.404, abs=0.03)


def test_a_real_map_that_names_its_axes_otherwise(real_data):
    cube = open_cube(real_data / "orbis_garnet.h5")

    assert dict(cube.sizes) == {"y": 200, "x": 256, "energy": 2000}
    np.testing.assert_allclose(cube.energy, 0.01 * np.arange(2000))
