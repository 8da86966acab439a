"""NeXus stacks, written by PyMca itself."""

import h5py
import numpy as np
import pytest
from PyMca5.PyMcaCore.DataObject import DataObject
from PyMca5.PyMcaCore.McaStackExport import exportStackList

from skxrf.exceptions import EnergyAxisError, FileFormatError
from skxrf.io import open_cube

CALIBRATION = [-0.5, 0.02, 1e-5]


def pymca_stack(values, *, mca_index=2, calibration=CALIBRATION, **info):
    stack = DataObject()
    stack.data = values
    stack.x = [np.arange(values.shape[mca_index], dtype=np.float32)]
    stack.info = {"McaIndex": mca_index, "McaCalib": calibration, **info}
    return stack


@pytest.fixture
def pymca_file(tmp_path):
    def write(*stacks):
        path = tmp_path / "stack.h5"
        exportStackList(
            list(stacks), str(path), calibration=[one.info["McaCalib"] for one in stacks]
        )
        return path

    return write


@pytest.mark.parametrize(("mca_index", "interpretation"), [(2, "spectrum"), (0, "image")])
def test_a_stack_of_pymca(pymca_file, small_counts, mca_index, interpretation):
    stored = np.moveaxis(small_counts, 2, mca_index)
    path = pymca_file(pymca_stack(stored, mca_index=mca_index))
    with h5py.File(path) as file:
        data = file["stack/instrument/detector_00/data"]
        assert data.attrs["interpretation"] == interpretation

    cube = open_cube(path)

    np.testing.assert_array_equal(cube, small_counts)
    n = np.arange(12)
    np.testing.assert_allclose(cube.energy, -0.5 + 0.02 * n + 1e-5 * n**2)
    assert cube.attrs["reader"] == "NeXus (PyMca stack)"
    assert np.issubdtype(cube.y.dtype, np.integer)


def test_the_energy_in_the_middle_is_seen_though_pymca_calls_it_spectrum(pymca_file, small_counts):
    path = pymca_file(pymca_stack(np.moveaxis(small_counts, 2, 1), mca_index=1))

    with pytest.raises(
        FileFormatError, match=r"interpretation='spectrum' makes axis 2 the energy.*axes="
    ):
        open_cube(path)
    np.testing.assert_array_equal(open_cube(path, axes=("y", "energy", "x")), small_counts)


def test_an_image_stack_of_equal_sizes_is_not_ambiguous(pymca_file):
    values = np.arange(8**3, dtype=np.uint16).reshape(8, 8, 8)

    cube = open_cube(pymca_file(pymca_stack(values, mca_index=0)))

    np.testing.assert_array_equal(cube, values.transpose(1, 2, 0))


def test_times(pymca_file, small_counts):
    live, elapsed = np.arange(35.0), np.arange(35.0).reshape(5, 7) + 1
    path = pymca_file(pymca_stack(small_counts, live_time=live, elapsed_time=elapsed))

    cube = open_cube(path)

    np.testing.assert_array_equal(cube["live_time"], live.reshape(5, 7))
    np.testing.assert_array_equal(cube["real_time"], elapsed)


def test_one_time_for_the_whole_stack_is_no_time_of_a_pixel(pymca_file, small_counts):
    cube = open_cube(pymca_file(pymca_stack(small_counts, live_time=[120.0])))

    assert "live_time" not in cube.coords


def test_channels_that_do_not_start_at_zero(pymca_file, small_counts):
    stack = pymca_stack(small_counts)
    stack.x = [np.arange(100, 112)]

    energy = open_cube(pymca_file(stack)).energy

    n = np.arange(100, 112)
    np.testing.assert_allclose(energy, -0.5 + 0.02 * n + 1e-5 * n**2)


def test_without_channels_the_calibration_counts_from_zero(pymca_file, small_counts):
    path = pymca_file(pymca_stack(small_counts))
    with h5py.File(path, "r+") as file:
        del file["stack/instrument/detector_00/channels"]

    n = np.arange(12)
    np.testing.assert_allclose(open_cube(path).energy, -0.5 + 0.02 * n + 1e-5 * n**2)


def test_pymcas_default_is_no_calibration(pymca_file, small_counts):
    path = pymca_file(pymca_stack(small_counts, calibration=[0.0, 1.0, 0.0]))

    with pytest.raises(EnergyAxisError, match=r"stack\.h5.*no energy calibration.*pass energy="):
        open_cube(path)


def test_a_broken_calibration(pymca_file, small_counts):
    path = pymca_file(pymca_stack(small_counts, calibration=[0.0, np.nan, 0.0]))

    with pytest.raises(EnergyAxisError, match=r"stack\.h5.*expected \(a, b, c\)"):
        open_cube(path)
    np.testing.assert_allclose(open_cube(path, energy=(0, 0.02)).energy, 0.02 * np.arange(12))


def test_a_falling_calibration(pymca_file, small_counts):
    path = pymca_file(pymca_stack(small_counts, calibration=[1.0, -0.01, 0.0]))

    with pytest.raises(EnergyAxisError, match=r"stack\.h5 must increase"):
        open_cube(path)


def test_several_detectors_are_listed(pymca_file, small_counts):
    path = pymca_file(pymca_stack(small_counts), pymca_stack(small_counts * np.uint16(2)))

    with pytest.raises(FileFormatError, match=r"detector_00/data.*detector_01/data.*dataset="):
        open_cube(path)
    second = open_cube(path, dataset="stack/instrument/detector_01/data")
    np.testing.assert_array_equal(second, small_counts * 2)


def test_a_link_to_the_cube_names_it_too(pymca_file, small_counts):
    path = pymca_file(pymca_stack(small_counts))

    np.testing.assert_array_equal(
        open_cube(path, dataset="stack/measurement/detector_00"), small_counts
    )


def test_scales_become_millimetres_once_they_have_a_unit(pymca_file, small_counts):
    path = pymca_file(pymca_stack(small_counts, xScale=(10.0, 500.0), yScale=(0.0, 500.0)))
    assert np.issubdtype(open_cube(path).x.dtype, np.integer), "PyMca writes no unit"
    with h5py.File(path, "r+") as file:
        file["stack/instrument/detector_00/map/dim1"].attrs["units"] = "um"

    cube = open_cube(path)

    np.testing.assert_allclose(cube.x, 0.01 + 0.5 * np.arange(7))
    assert np.issubdtype(cube.y.dtype, np.integer)
