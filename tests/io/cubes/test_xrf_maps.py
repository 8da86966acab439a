"""XRF-Maps, MapsTorch and PyXRF. None of them installs here: made by hand after their sources."""

import h5py
import numpy as np
import pytest

from skxrf.exceptions import EnergyAxisError, FileFormatError
from skxrf.io import open_cube, open_maps

ENERGY = 0.01 * np.arange(12) - 0.02


@pytest.fixture
def maps_file(tmp_path, small_counts):
    """A function that writes XRF-Maps' layout: energy first, and version 9's hard links."""

    def write(values=None, *, links=False, energy=ENERGY, **more):
        values = np.moveaxis(small_counts, 2, 0) if values is None else values
        path = tmp_path / "img.dat.h5"
        with h5py.File(path, "w") as file:
            spectra = file.create_group("MAPS/Spectra")
            chunks = (values.shape[0], 1, 1)
            spectra.create_dataset("mca_arr", data=values.astype("f4"), chunks=chunks)
            if energy is not None:
                spectra["Energy"] = energy
            for name, value in more.items():
                spectra[name] = value
            if links:
                file["MAPS/mca_arr"] = spectra["mca_arr"]
                file["MAPS/energy"] = spectra["Energy"]
        return path

    return write


@pytest.mark.parametrize("links", [False, True])
def test_the_energy_comes_first_in_xrf_maps(maps_file, small_counts, links):
    live = np.arange(35.0).reshape(5, 7)
    path = maps_file(links=links, Elapsed_Livetime=live, Integrated_Spectra=np.zeros(12))

    cube = open_cube(path)

    np.testing.assert_array_equal(cube, small_counts)
    np.testing.assert_array_equal(cube.energy, ENERGY)
    np.testing.assert_array_equal(cube["live_time"], live)
    assert cube.attrs["reader"] == "XRF-Maps"
    assert cube.dtype == np.float32


def test_the_energy_comes_last_in_mapstorch(tmp_path, small_counts):
    """Its files hold neither an axis nor a calibration, but a summed spectrum."""
    path = tmp_path / "mapstorch.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("MAPS/mca_arr", data=small_counts.astype("f4"), compression="gzip")
        file["MAPS/int_spec"] = small_counts.sum((0, 1)).astype("f4")
        file["MAPS/channel_names"] = [b"Fe", b"COMPTON_AMPLITUDE"]

    with pytest.raises(EnergyAxisError, match=r"no energy calibration: pass energy="):
        open_cube(path)
    cube = open_cube(path, energy=(-0.02, 0.01))
    np.testing.assert_array_equal(cube, small_counts)
    np.testing.assert_allclose(cube.energy, ENERGY)


def test_the_energy_last_under_the_names_of_xrf_maps(maps_file, small_counts):
    np.testing.assert_array_equal(open_cube(maps_file(small_counts)), small_counts)


def test_where_both_fit_the_caller_is_asked(maps_file):
    values = np.random.default_rng(0).poisson(3, (12, 5, 12))
    path = maps_file(values)

    with pytest.raises(FileFormatError, match=r"\(12, 5, 12\) and 2 axes have the 12.*pass axes="):
        open_cube(path)
    np.testing.assert_array_equal(open_cube(path, axes=("y", "x", "energy")), values)
    np.testing.assert_array_equal(
        open_cube(path, axes=("energy", "y", "x")), np.moveaxis(values, 0, 2)
    )


def test_an_energy_that_disagrees(maps_file):
    with pytest.raises(EnergyAxisError, match=r"\(12, 5, 7\), but the energy axis has 11 values"):
        open_cube(maps_file(energy=0.1 * np.arange(11)))


def test_a_calibration_alone_does_not_tell_the_order(maps_file, small_counts):
    path = maps_file(energy=None, Energy_Calibration=[-0.02, 0.01, 0.0])

    with pytest.raises(
        FileFormatError, match=r"nothing in it tells which axis is which: pass axes="
    ):
        open_cube(path)
    cube = open_cube(path, axes=("energy", "y", "x"))
    np.testing.assert_array_equal(cube, small_counts)
    np.testing.assert_allclose(cube.energy, ENERGY)


def test_the_summed_spectrum_tells_the_order(maps_file, small_counts):
    path = maps_file(energy=None, Energy_Calibration=[-0.02, 0.01, 0.0])
    with h5py.File(path, "r+") as file:
        file["MAPS/Spectra/Integrated_Spectra/Spectra"] = small_counts.sum((0, 1))

    cube = open_cube(path)

    np.testing.assert_array_equal(cube, small_counts)
    np.testing.assert_allclose(cube.energy, ENERGY)


@pytest.fixture
def fits_file(tmp_path):
    def write(**fits):
        path = tmp_path / "fits.h5"
        with h5py.File(path, "w") as file:
            for fit, names in fits.items():
                group = file.create_group(f"MAPS/XRF_Analyzed/{fit}")
                values = np.arange(6.0 * len(names)).reshape(-1, 2, 3)
                group["Counts_Per_Sec"] = values.astype(np.float32)
                group["Channel_Names"] = np.array(names, "S255")
                group["Channel_Units"] = np.array(["cts/s"] * len(names), "S255")
        return path

    return write


def test_fitted_maps_of_xrf_maps(fits_file):
    path = fits_file(Fitted=["Fe", "Pb_L", "Au_M", "COMPTON_AMPLITUDE", "Total_Fluorescence_Yield"])

    maps = open_maps(path)

    assert list(maps["element"].to_numpy()) == ["Fe_K", "Pb_L", "Au_M"]
    np.testing.assert_array_equal(maps.sel(element="Pb_L"), np.arange(6.0, 12).reshape(2, 3))
    assert maps.attrs["units"] == "cts/s"
    assert maps.attrs["reader"] == "XRF-Maps"


def test_several_fits_of_xrf_maps(fits_file):
    path = fits_file(Fitted=["Fe"], NNLS=["Ca", "Fe"])

    with pytest.raises(
        FileFormatError, match=r"2 groups.*/Fitted, /MAPS/XRF_Analyzed/NNLS.*dataset="
    ):
        open_maps(path)
    assert open_maps(path, dataset="MAPS/XRF_Analyzed/NNLS").sizes["element"] == 2


def test_names_that_disagree_with_the_images(fits_file):
    path = fits_file(ROI=["Fe", "Ca"])
    with h5py.File(path, "r+") as file:
        del file["MAPS/XRF_Analyzed/ROI/Channel_Names"]
        file["MAPS/XRF_Analyzed/ROI/Channel_Names"] = np.array(["Fe"], "S9")

    with pytest.raises(FileFormatError, match=r"\(2, 2, 3\).*beside 1 names in Channel_Names"):
        open_maps(path)


@pytest.fixture
def pyxrf_file(tmp_path, small_counts):
    def write(*detectors, fit=None):
        path = tmp_path / "scan2D_1.h5"
        with h5py.File(path, "w") as file:
            for factor, name in enumerate(detectors, start=1):
                file[f"xrfmap/{name}/counts"] = small_counts * factor
                if fit is not None:
                    values = np.arange(6.0 * len(fit)).reshape(-1, 2, 3)
                    file[f"xrfmap/{name}/xrf_fit"] = values
                    file[f"xrfmap/{name}/xrf_fit_name"] = np.array(fit, "S20")
            file["xrfmap/positions/pos"] = np.zeros((2, 5, 7))
        return path

    return write


def test_pyxrf_has_no_energy_axis_but_a_default(pyxrf_file, small_counts):
    path = pyxrf_file("det1", "det2", "detsum")

    with pytest.raises(EnergyAxisError, match=r"no energy calibration.*energy=\(0, 0\.010\)"):
        open_cube(path)
    cube = open_cube(path, energy=(0, 0.010))
    np.testing.assert_array_equal(cube, small_counts * 3)
    assert cube.attrs["reader"] == "PyXRF"
    first = open_cube(path, dataset="xrfmap/det1/counts", energy=(0, 0.010))
    np.testing.assert_array_equal(first, small_counts)


def test_single_detectors_of_pyxrf_are_listed(pyxrf_file):
    with pytest.raises(FileFormatError, match=r"2 cubes: '/xrfmap/det1/counts'.*dataset="):
        open_cube(pyxrf_file("det1", "det2"), energy=(0, 0.010))


def test_fitted_maps_of_pyxrf(pyxrf_file):
    path = pyxrf_file("det1", "detsum", fit=["Fe_K", "compton", "Pb_L", "background", "r_squared"])

    maps = open_maps(path)

    assert list(maps["element"].to_numpy()) == ["Fe_K", "Pb_L"]
    np.testing.assert_array_equal(maps.sel(element="Pb_L"), np.arange(12.0, 18).reshape(2, 3))
    assert maps.attrs["units"] == "counts"
    with pytest.raises(FileFormatError, match=r"beside 1 names in xrf_fit_name"):
        open_maps(_with_one_name(path))


def _with_one_name(path):
    with h5py.File(path, "r+") as file:
        del file["xrfmap/detsum/xrf_fit_name"]
        file["xrfmap/detsum/xrf_fit_name"] = np.array(["Fe_K"], "S9")
    return path
