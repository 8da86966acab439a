"""Cubes of larch, XISMuS, XRDXRFUtils and BCF Converter, none of which installs here.

Made by hand after the source code of their writers.
"""

import h5py
import numpy as np
import pytest

from skxrf.exceptions import EnergyAxisError, FileFormatError
from skxrf.io import open_cube

ENERGY = 0.02 * np.arange(12) - 0.03


@pytest.fixture
def larch_file(tmp_path, small_counts):
    def write(root="xrmmap", detectors=("mca1", "mcasum"), energy=ENERGY):
        path = tmp_path / "map.h5"
        with h5py.File(path, "w") as file:
            group = file.create_group(root)
            group.attrs.update(Beamline="13-IDE / APS", Title="Epics Scan Data", Version="2.1.0")
            for factor, name in enumerate(detectors, start=1):
                detector = group.create_group(name)
                detector["counts"] = small_counts * factor
                detector["energy"] = energy
                line = {"cal_offset": -0.03, "cal_slope": 0.02, "cal_quad": 0.0}
                detector["energy"].attrs.update(line)
                detector["livetime"] = np.full((5, 7), 95_000)
                detector["realtime"] = np.full((5, 7), 100_000)
        return path

    return write


@pytest.mark.parametrize(
    ("root", "detectors"), [("xrmmap", ("mca1", "mcasum")), ("xrfmap", ("det1", "detsum"))]
)
def test_the_sum_of_larch(larch_file, small_counts, root, detectors):
    path = larch_file(root, detectors)

    cube = open_cube(path)

    np.testing.assert_array_equal(cube, small_counts * 2)
    np.testing.assert_allclose(cube.energy, ENERGY)
    np.testing.assert_allclose(cube["live_time"], np.full((5, 7), 0.095))
    np.testing.assert_allclose(cube["real_time"], np.full((5, 7), 0.1))
    assert (cube.attrs["reader"], cube.attrs["instrument"]) == ("larch map", "13-IDE / APS")
    one = open_cube(path, dataset=f"{root}/{detectors[0]}/counts")
    np.testing.assert_array_equal(one, small_counts)


def test_a_detector_beside_the_sum(larch_file, small_counts):
    path = larch_file(detectors=("mca1", "mca2", "mcasum"))
    np.testing.assert_array_equal(open_cube(path), small_counts * 3)
    np.testing.assert_array_equal(open_cube(path, detector="sum"), small_counts * 3)
    np.testing.assert_array_equal(open_cube(path, detector=2), small_counts * 2)


def test_single_detectors_of_larch_are_listed(larch_file):
    with pytest.raises(FileFormatError, match=r"2 cubes: '/xrmmap/mca1/counts'.*dataset="):
        open_cube(larch_file(detectors=("mca1", "mca2")))


def test_the_line_of_larch_where_there_is_no_vector(larch_file, small_counts):
    np.testing.assert_allclose(open_cube(larch_file(energy=0.0)).energy, ENERGY)
    with pytest.raises(EnergyAxisError, match=r"map\.h5.*has 11 values"):
        open_cube(larch_file(energy=ENERGY[:-1]))


@pytest.fixture
def xismus_file(tmp_path, small_counts):
    def write(calibration=((1, 0.1), (6, 0.35), (11, 0.6)), datatypes=0):
        path = tmp_path / "sample.h5"
        with h5py.File(path, "w") as file:
            file["dataset_1"] = small_counts.astype(np.int32)
            file.attrs.create("datatypes", datatypes, dtype=np.int32)
            file.attrs.create("calibration", calibration, dtype=np.float32)
        return path

    return write


def test_anchors_of_xismus(xismus_file, small_counts):
    cube = open_cube(xismus_file())

    np.testing.assert_array_equal(cube, small_counts)
    np.testing.assert_allclose(cube.energy, 0.05 + 0.05 * np.arange(12), atol=1e-7)
    assert cube.attrs["reader"] == "XISMuS"


@pytest.mark.parametrize(
    "calibration", [[[1, 0.1]], [1.0, 2.0], [[3, 1], [3, 2]], [[1, np.nan]] * 2]
)
def test_anchors_that_make_no_line(xismus_file, calibration):
    path = xismus_file(calibration)

    with pytest.raises(EnergyAxisError, match=r"calibration of .*sample\.h5.*two pairs"):
        open_cube(path)
    np.testing.assert_allclose(open_cube(path, energy=(0, 0.02)).energy, 0.02 * np.arange(12))


def test_infrared_spectra_of_xismus(xismus_file):
    with pytest.raises(FileFormatError, match="holds infrared spectra"):
        open_cube(xismus_file(datatypes=1))


@pytest.fixture
def xrdxrfutils_file(tmp_path, small_counts):
    def write(x, calibrated=True, **more):
        path = tmp_path / "scan.h5"
        with h5py.File(path, "w") as file:
            file.attrs["path"] = "/scans/icon"
            file["data"] = small_counts.astype(np.float64)
            file["x"] = x
            file["labels"] = np.zeros((5, 7, 3))
            if calibrated:
                group = file.create_group("calibration")
                group.attrs["filename"] = "calibration.ini"
                group["x"], group["y"], group["opt"] = [1, 9], [0.0, 0.15], [0.0, 0.02, -0.03]
            for name, value in more.items():
                file[name] = value
        return path

    return write


def test_xrdxrfutils_on_an_energy_axis(xrdxrfutils_file, small_counts):
    cube = open_cube(xrdxrfutils_file(ENERGY))

    np.testing.assert_array_equal(cube, small_counts)
    np.testing.assert_allclose(cube.energy, ENERGY)
    assert cube.attrs["reader"] == "XRDXRFUtils"


def test_a_resampled_cube_of_xrdxrfutils_has_no_calibration_but_its_bins(
    xrdxrfutils_file, small_counts
):
    path = xrdxrfutils_file(ENERGY, calibrated=False)

    cube = open_cube(path)

    np.testing.assert_array_equal(cube, small_counts)
    np.testing.assert_allclose(cube.energy, ENERGY)
    assert cube.attrs["reader"] == "XRDXRFUtils"


def test_other_files_with_data_and_x_are_not_of_xrdxrfutils(xrdxrfutils_file, small_counts):
    path = xrdxrfutils_file(np.arange(7.0), calibrated=False)
    with pytest.raises(FileFormatError, match="2 cubes"):
        open_cube(path)
    path = xrdxrfutils_file(ENERGY, calibrated=False, y=np.arange(5.0))
    with pytest.raises(EnergyAxisError, match="no energy calibration"):
        open_cube(path, dataset="data")


def test_xrdxrfutils_in_channels(xrdxrfutils_file, small_counts):
    path = xrdxrfutils_file(np.arange(12))

    with pytest.raises(EnergyAxisError, match=r"pass energy=.*x only counts channels"):
        open_cube(path)
    np.testing.assert_array_equal(open_cube(path, energy=(0, 0.02)), small_counts)


@pytest.fixture
def converted_file(tmp_path, small_counts):
    def write(**more):
        path = tmp_path / "converted.h5"
        about = {
            "width": 7, "height": 5, "channels": 12,
            "energy_offset": -0.03, "energy_scale": 0.02, "energy_units": "keV", **more,
        }  # fmt: skip
        with h5py.File(path, "w") as file:
            file.create_dataset("data", data=small_counts, compression="gzip", shuffle=True)
            file["data"].attrs.update({k: v for k, v in about.items() if v is not None})
        return path

    return write


def test_bcf_converter(converted_file, small_counts):
    cube = open_cube(converted_file())

    np.testing.assert_array_equal(cube, small_counts)
    np.testing.assert_allclose(cube.energy, ENERGY)
    assert cube.attrs["reader"] == "BCF Converter"
    volts = converted_file(energy_offset=-30.0, energy_scale=20.0, energy_units="eV")
    np.testing.assert_allclose(open_cube(volts).energy, ENERGY)


def test_bcf_converter_that_disagrees_or_is_not_calibrated(converted_file):
    with pytest.raises(FileFormatError, match=r"\(5, 7, 12\).*say \(5\.0, 8\.0, 12\.0\)"):
        open_cube(converted_file(width=8))
    with pytest.raises(EnergyAxisError, match=r"no energy calibration: pass energy="):
        open_cube(converted_file(energy_scale=None))
    with pytest.raises(EnergyAxisError, match="'nm': expected keV or eV"):
        open_cube(converted_file(energy_units="nm"))
    assert open_cube(converted_file(energy_units="nm"), energy=(0, 0.02)).energy[1] == 0.02
