"""HyperSpy files, made by hand after its layout; and one by its own writer, of RosettaSciIO."""

import h5py
import numpy as np
import pytest

from skxrf.exceptions import EnergyAxisError, FileFormatError
from skxrf.io import open_cube

Y = {"name": "height", "size": 5, "scale": 200.0, "offset": 0.0, "units": "µm", "navigate": True}
X = {"name": "width", "size": 7, "scale": 0.25, "offset": 3.0, "units": "mm", "navigate": True}
ENERGY = {
    "name": "Energy",
    "size": 12,
    "scale": 0.010001,
    "offset": -0.95529552,
    "units": "keV",
    "navigate": False,
}


@pytest.fixture
def hyperspy_file(tmp_path, small_counts):
    def write(axes=(Y, X, ENERGY), values=small_counts, names=("__unnamed__",)):
        path = tmp_path / "scan.hspy"
        with h5py.File(path, "w") as file:
            file.attrs["file_format"] = "HyperSpy"
            for name in names:
                group = file.create_group(f"Experiments/{name}")
                group["data"] = values
                for i, axis in enumerate(axes):
                    group.create_group(f"axis-{i}").attrs.update(axis)
                item = group.create_group("metadata/Acquisition_instrument/SEM")
                item.attrs.update({"microscope": "M6 Jetstream", "beam_energy": 50.0})
        return path

    return write


def test_the_papers_layout(hyperspy_file, small_counts):
    cube = open_cube(hyperspy_file())

    np.testing.assert_array_equal(cube, small_counts)
    np.testing.assert_allclose(cube.energy, -0.95529552 + 0.010001 * np.arange(12))
    np.testing.assert_allclose(cube.y, 0.2 * np.arange(5))
    np.testing.assert_allclose(cube.x, 3 + 0.25 * np.arange(7))
    assert cube.x.attrs["units"] == "mm"
    assert cube.attrs["instrument"] == "M6 Jetstream"
    assert cube.attrs["tube_voltage_kV"] == 50.0
    assert cube.attrs["reader"] == "HyperSpy HDF5"


def test_stored_in_another_order(hyperspy_file, small_counts):
    path = hyperspy_file((ENERGY, X, Y), small_counts.transpose(2, 1, 0))

    np.testing.assert_array_equal(open_cube(path), small_counts)


def test_axes_without_names_are_known_by_navigation(hyperspy_file, small_counts):
    unnamed = [{**axis, "name": "<undefined>"} for axis in (Y, ENERGY, X)]
    path = hyperspy_file(unnamed, small_counts.swapaxes(1, 2))

    np.testing.assert_array_equal(open_cube(path), small_counts)


def test_a_square_cube_is_not_ambiguous(hyperspy_file):
    values = np.arange(12**3, dtype=np.uint16).reshape(12, 12, 12)
    axes = [{**axis, "size": 12} for axis in (Y, ENERGY, X)]

    np.testing.assert_array_equal(open_cube(hyperspy_file(axes, values)), values.swapaxes(1, 2))


def test_energy_in_ev(hyperspy_file):
    path = hyperspy_file((Y, X, {**ENERGY, "units": "eV", "scale": 10.0, "offset": -955.0}))

    np.testing.assert_allclose(open_cube(path).energy, -0.955 + 0.01 * np.arange(12))


@pytest.mark.parametrize("units", ["<undefined>", "px", ""])
def test_positions_without_a_unit_of_length_are_pixels(hyperspy_file, units):
    cube = open_cube(hyperspy_file(({**Y, "units": units}, X, ENERGY)))

    np.testing.assert_array_equal(cube.y, np.arange(5))
    assert np.issubdtype(cube.y.dtype, np.integer)


def test_an_uncalibrated_axis_is_asked_for(hyperspy_file):
    blank = {**ENERGY, "units": "<undefined>", "scale": 1.0, "offset": 0.0}
    path = hyperspy_file((Y, X, blank))

    with pytest.raises(EnergyAxisError, match=r"no energy calibration.*energy=\(-0"):
        open_cube(path)
    assert open_cube(path, energy=(0, 0.01)).energy[-1] == pytest.approx(0.11)


def test_a_foreign_unit_of_energy_is_refused(hyperspy_file):
    with pytest.raises(EnergyAxisError, match=r"'nm'.*keV or eV"):
        open_cube(hyperspy_file((Y, X, {**ENERGY, "units": "nm"})))


def test_several_experiments_are_listed(hyperspy_file, small_counts):
    path = hyperspy_file(names=("first", "second"))

    with pytest.raises(FileFormatError, match=r"2 cubes: '/Experiments/first/data'.*dataset="):
        open_cube(path)
    cube = open_cube(path, dataset="Experiments/second/data")
    np.testing.assert_array_equal(cube, small_counts)
    assert cube.attrs["reader"] == "HyperSpy HDF5"


def test_an_axis_that_contradicts_the_data(hyperspy_file):
    with pytest.raises(FileFormatError, match=r"7 values along axis 1, but axis-1 says 12"):
        open_cube(hyperspy_file((Y, {**X, "size": 12}, ENERGY)))


def test_a_missing_axis(hyperspy_file):
    with pytest.raises(FileFormatError, match=r"scan\.hspy.*no group axis-2"):
        open_cube(hyperspy_file((Y, X)))


def test_a_file_by_hyperspys_own_writer(tmp_path, small_counts):
    writer = pytest.importorskip("rsciio.hspy")
    axes = [
        {"_type": "UniformDataAxis", "is_binned": axis is ENERGY, **axis} for axis in (Y, X, ENERGY)
    ]
    signal = {
        "data": small_counts,
        "axes": axes,
        "metadata": {
            "General": {"title": "icon"},
            "Acquisition_instrument": {"SEM": {"beam_energy": 50.0}},
        },
        "attributes": {"_lazy": False},
        **{
            name: {} for name in ("original_metadata", "learning_results", "models", "package_info")
        },
        "tmp_parameters": {},
        "package": "hyperspy",
        "package_version": "2.0",
    }
    path = tmp_path / "icon.hspy"
    writer.file_writer(str(path), signal)

    cube = open_cube(path)

    np.testing.assert_array_equal(cube, small_counts)
    np.testing.assert_allclose(cube.energy, -0.95529552 + 0.010001 * np.arange(12))
    np.testing.assert_allclose(cube.y, 0.2 * np.arange(5))
    assert (cube.attrs["title"], cube.attrs["tube_voltage_kV"]) == ("icon", 50.0)
