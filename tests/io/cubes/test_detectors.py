"""Detectors, scans and tables of spectra that lie in HDF5 as a dataset each."""

import h5py
import numpy as np
import pytest

from skxrf.exceptions import FileFormatError
from skxrf.io import open_cube

ENERGY = 0.02 * np.arange(16)


@pytest.fixture
def bliss(tmp_path):
    """A file of two scans, each with a table of every detector; and the tables of the first."""
    values = np.random.default_rng(4).poisson(3, (2, 24, 16)).astype(np.uint16)
    with h5py.File(tmp_path / "scan.h5", "w") as file:
        for scan in (1, 2):
            for detector, table in enumerate(values):
                name = f"{scan}.1/measurement/mca_det{detector}"
                file[name] = scan * table
                file[f"{name}_live_time"] = 1.0 + detector + np.zeros(24)
        file["energy"] = ENERGY
    return tmp_path / "scan.h5", values.reshape(2, 4, 6, 16)


def test_a_scan_and_a_detector_are_chosen(bliss):
    path, values = bliss
    more = {"shape": (4, 6), "energy": "energy"}
    with pytest.raises(FileFormatError, match=r"4 cubes: .*dataset=.*and scan="):
        open_cube(path, **more)
    with pytest.raises(FileFormatError, match=r"2 cubes: .*dataset=.*or detector="):
        open_cube(path, scan=1, **more)

    one = open_cube(path, scan=2, detector=1, **more)
    np.testing.assert_array_equal(one, 2 * values[1])
    np.testing.assert_array_equal(one.live_time, np.full((4, 6), 2.0))
    assert one.attrs["dataset"] == "/2.1/measurement/mca_det1"


def test_detectors_are_added(bliss):
    path, values = bliss
    cube = open_cube(path, scan="1.1", detector="sum", shape=(4, 6), energy="energy", chunks=(2, 3))

    np.testing.assert_array_equal(cube, values.sum(0))
    np.testing.assert_array_equal(cube.live_time, np.full((4, 6), 1.5))
    assert cube.dtype == np.uint32
    assert "all detectors added" in cube.attrs["history"]


def test_cubes_of_detectors(tmp_path, small_counts):
    with h5py.File(tmp_path / "scan.h5", "w") as file:
        for name, factor in (("det1", 1), ("det2", 2)):
            file[f"entry/{name}/data"] = factor * small_counts
            file[f"entry/{name}/data"].attrs["interpretation"] = "spectrum"
            file[f"entry/{name}/calibration"] = [0.0, 0.01 * factor]

    np.testing.assert_array_equal(open_cube(tmp_path / "scan.h5", detector="2"), 2 * small_counts)
    with pytest.raises(FileFormatError, match=r"differ in size or calibration .*detector="):
        open_cube(tmp_path / "scan.h5", detector="sum")


def test_detectors_that_the_file_names_are_never_added_unasked(tmp_path):
    with h5py.File(tmp_path / "scan.h5", "w") as file:
        file["counts"] = np.ones((4, 6, 2, 16), np.uint8)
        file["counts"].attrs["dims"] = ["y", "x", "detector", "energy"]
        file["energy_keV"] = ENERGY
    with pytest.raises(FileFormatError, match="2 detectors"):
        open_cube(tmp_path / "scan.h5", shape=(4, 6))

    assert (
        int(open_cube(tmp_path / "scan.h5", shape=(4, 6), detector="sum").sum()) == 4 * 6 * 2 * 16
    )


@pytest.mark.parametrize("shape", [(22, 16), (22, 3, 16)])
def test_the_rows_of_a_stopped_scan_are_known_by_the_shape(tmp_path, shape):
    with h5py.File(tmp_path / "scan.h5", "w") as file:
        file["mca"] = np.ones(shape, np.uint8)
    with pytest.warns(UserWarning, match="2 of 24 pixels are missing"):
        cube = open_cube(
            tmp_path / "scan.h5", dataset="mca", shape=(4, 6), energy=ENERGY, detector=0
        )
    assert cube.sizes == {"y": 4, "x": 6, "energy": 16}
    assert int(cube.measured.sum()) == int(cube.sum()) / 16 == 22


def test_datasets_of_other_types_are_listed(tmp_path):
    with h5py.File(tmp_path / "scan.h5", "w") as file:
        file["events"] = np.zeros(5, [("channel", "i4")])
    with pytest.raises(FileFormatError, match=r"none of numbers: '/events' \(5,\)"):
        open_cube(tmp_path / "scan.h5")


def test_a_detector_that_stopped_before_the_others(tmp_path):
    with h5py.File(tmp_path / "scan.h5", "w") as file:
        for detector, n in enumerate((24, 20)):
            file[f"1.1/measurement/mca_det{detector}"] = np.full((n, 16), detector + 1, "u2")
    more = {"shape": (4, 6), "energy": ENERGY}
    assert int(open_cube(tmp_path / "scan.h5", detector=0, **more).sum()) == 24 * 16
    with pytest.warns(UserWarning, match="4 of 24 pixels are missing"):
        cube = open_cube(tmp_path / "scan.h5", detector=1, **more)
    assert int(cube.sum()) == 2 * 20 * 16
    with pytest.raises(FileFormatError, match="differ in size or calibration and cannot be added"):
        open_cube(tmp_path / "scan.h5", detector="sum", **more)


def test_scans_on_an_axis_of_their_own_are_chosen(tmp_path, small_counts):
    with h5py.File(tmp_path / "scan.h5", "w") as file:
        file["counts"] = np.stack([small_counts, 2 * small_counts])
        file["energy"] = ENERGY[:12]
    more = {"energy": "energy", "axes": ("scan", "y", "x", "energy")}
    with pytest.raises(FileFormatError, match=r"spectra of 2 scans .*scan="):
        open_cube(tmp_path / "scan.h5", **more)

    one = open_cube(tmp_path / "scan.h5", scan=1, **more)
    np.testing.assert_array_equal(one, 2 * small_counts)
    assert "scan 1" in one.attrs["history"]
    with pytest.raises(FileFormatError, match=r"no scan 2, but 0, 1"):
        open_cube(tmp_path / "scan.h5", scan=2, **more)


def test_a_scan_that_is_not_there_is_refused(tmp_path, small_counts):
    with h5py.File(tmp_path / "scan.h5", "w") as file:
        file["counts"] = small_counts
        file["energy_keV"] = ENERGY[:12]
    with pytest.raises(FileFormatError, match=r"no scan '3'\. Datasets: '/counts'"):
        open_cube(tmp_path / "scan.h5", scan=3, axes=("y", "x", "energy"))


def test_detectors_have_the_names_of_their_axis(tmp_path, small_counts):
    with h5py.File(tmp_path / "scan.nxs", "w") as file:
        group = file.create_group("plot")
        group.attrs.update(signal="data", axes=["detector", "y", "x", "energy"])
        group["data"] = np.stack([small_counts, 2 * small_counts])
        group["detector"] = ["left", "right"]
        group["energy"] = ENERGY[:12]
        group["energy"].attrs["units"] = "keV"
    with pytest.raises(FileFormatError, match=r"2 detectors \(left, right\)"):
        open_cube(tmp_path / "scan.nxs")

    right = open_cube(tmp_path / "scan.nxs", detector="right")
    np.testing.assert_array_equal(right, 2 * small_counts)
    assert "detector right" in right.attrs["history"]
