"""HDF5 of no known layout, by dataset= and energy=."""

import h5py
import numpy as np
import pytest
import xarray as xr

from skxrf.exceptions import EnergyAxisError, FileFormatError
from skxrf.io import open_cube


@pytest.fixture
def plain_file(tmp_path, small_counts):
    path = tmp_path / "plain.h5"
    with h5py.File(path, "w") as file:
        file["xrf/detector/mca"] = small_counts
        file["xrf/detector/scale"] = 0.02 * np.arange(12)
        file["photo"] = np.zeros((5, 7, 3), np.uint8)
        file["notes"] = np.zeros((4, 12))
    return path


def test_by_dataset_and_energy(plain_file, small_counts):
    cube = open_cube(plain_file, dataset="xrf/detector/mca", energy=0.02 * np.arange(12))

    np.testing.assert_array_equal(cube, small_counts)
    assert cube.attrs["reader"] == "HDF5"


@pytest.mark.parametrize("name", ["xrf/detector/scale", "/xrf/detector/scale", "scale"])
def test_energy_by_name_in_the_file_or_beside_the_cube(plain_file, name):
    cube = open_cube(plain_file, dataset="/xrf/detector/mca", energy=name)

    np.testing.assert_allclose(cube.energy, 0.02 * np.arange(12))


@pytest.mark.parametrize("line", [[0.1, 0.02], [0.1, 0.02, 1e-4]])
def test_a_dataset_of_coefficients(plain_file, line):
    with h5py.File(plain_file, "r+") as file:
        file["line"] = line
    cube = open_cube(
        plain_file, dataset="xrf/detector/mca", energy="line", axes=("y", "x", "energy")
    )

    np.testing.assert_allclose(cube.energy, np.polynomial.Polynomial(line)(np.arange(12)))


def test_a_pair_tells_no_axis_order(plain_file, small_counts):
    with pytest.raises(FileFormatError, match=r"\(5, 7, 12\).*nothing in it tells.*axes="):
        open_cube(plain_file, dataset="xrf/detector/mca", energy=(0, 0.02))

    cube = open_cube(
        plain_file, dataset="xrf/detector/mca", energy=(0, 0.02), axes=("y", "x", "energy")
    )
    np.testing.assert_array_equal(cube, small_counts)


def test_an_axis_that_fits_nowhere(plain_file):
    with pytest.raises(EnergyAxisError, match=r"\(5, 7, 12\).*energy axis has 11 values"):
        open_cube(plain_file, dataset="xrf/detector/mca", energy=np.arange(11.0))


def test_the_datasets_are_listed(plain_file):
    with pytest.raises(
        FileFormatError, match=r"2 cubes: '/photo'.*'/xrf/detector/mca' \(5, 7, 12\)"
    ):
        open_cube(plain_file)
    with pytest.raises(FileFormatError, match=r"no dataset 'xrf/mca'.*'/xrf/detector/mca'"):
        open_cube(plain_file, dataset="xrf/mca")
    with pytest.raises(FileFormatError, match=r"a group, not a dataset.*'/xrf/detector/mca'"):
        open_cube(plain_file, dataset="xrf/detector")
    with pytest.raises(FileFormatError, match=r"'notes' has the shape \(4, 12\).*three axes"):
        open_cube(plain_file, dataset="notes")


def test_no_calibration_is_asked_for(plain_file):
    with pytest.raises(EnergyAxisError, match=r"plain\.h5.*pass energy="):
        open_cube(plain_file, dataset="xrf/detector/mca")


def test_a_file_without_any_cube(tmp_path):
    path = tmp_path / "table.h5"
    with h5py.File(path, "w") as file:
        file["spectra"] = np.zeros((35, 12))

    with pytest.raises(FileFormatError, match=r"table\.h5.*no three-dimensional dataset"):
        open_cube(path)


def test_four_axes_that_the_caller_names(tmp_path, small_counts):
    with h5py.File(tmp_path / "xspress.h5", "w") as file:
        file["data"] = np.stack([small_counts, 2 * small_counts], axis=2)
        file["axis"] = 100 + 10 * np.arange(12).reshape(1, 12)
        file["axis"].attrs["units"] = "[eV]"
        file["loop"] = h5py.SoftLink("/loop")
        file["damaged"] = h5py.ExternalLink("notes.txt", "/x")
    (tmp_path / "notes.txt").write_text("no HDF5")
    axes = ("y", "x", "detector", "energy")

    with pytest.raises(FileFormatError, match=r"over more axes by axes=.*'/data' \(5, 7, 2, 12\)"):
        open_cube(tmp_path / "xspress.h5")
    with pytest.raises(EnergyAxisError, match=r"for energy=: '/axis' \(12\)\."):
        open_cube(tmp_path / "xspress.h5", axes=axes, detector=1)
    cube = open_cube(tmp_path / "xspress.h5", axes=axes, detector=1, energy="axis")

    np.testing.assert_array_equal(cube, 2 * small_counts)
    np.testing.assert_allclose(cube.energy, 0.1 + 0.01 * np.arange(12))


def test_a_file_that_its_writer_left_open(tmp_path, small_counts):
    path = tmp_path / "live.h5"
    with h5py.File(path, "w", libver="latest") as file:
        file.create_dataset("counts", data=small_counts, chunks=(1, 7, 12), maxshape=(None, 7, 12))
        file.swmr_mode = True
        (tmp_path / "copy.h5").write_bytes(path.read_bytes())

    with pytest.raises(FileFormatError, match=r"marked as open for writing.*h5clear --status"):
        open_cube(tmp_path / "copy.h5")


def test_a_file_that_xarray_wrote(tmp_path, counts_file, small_counts):
    cube = open_cube(counts_file(y_mm=0.5 * np.arange(5)))
    cube.transpose("energy", "y", "x").to_netcdf(tmp_path / "cube.nc", engine="h5netcdf")

    again = open_cube(tmp_path / "cube.nc")

    np.testing.assert_array_equal(again, small_counts)
    np.testing.assert_allclose(again.energy, cube.energy)
    np.testing.assert_allclose(again.y, 0.5 * np.arange(5))
    assert np.issubdtype(again.x.dtype, np.integer)


def test_a_missing_compression_filter_is_named(tmp_path):
    path = tmp_path / "squeezed.h5"
    with h5py.File(path, "w") as file:
        properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        properties.set_chunk((5, 7, 12))
        # A number that no filter has; optional, so that HDF5 lets us write without it.
        properties.set_filter(32767, h5py.h5z.FLAG_OPTIONAL)
        space = h5py.h5s.create_simple((5, 7, 12))
        h5py.h5d.create(file.id, b"counts", h5py.h5t.NATIVE_UINT16, space, properties)

    with pytest.raises(FileFormatError, match=r"squeezed\.h5.*filter 32767.*hdf5plugin"):
        open_cube(path, energy=(0, 0.01), axes=("y", "x", "energy"))


def test_a_virtual_cube_without_its_sources_is_refused(tmp_path, small_counts):
    source, path = tmp_path / "rows.h5", tmp_path / "master.h5"
    with h5py.File(source, "w") as file:
        file["rows"] = small_counts
    layout = h5py.VirtualLayout(small_counts.shape, small_counts.dtype)
    layout[:] = h5py.VirtualSource("rows.h5", "rows", small_counts.shape)
    with h5py.File(path, "w") as file:
        file.create_virtual_dataset("mca", layout)
    energy = 0.01 * np.arange(12)

    np.testing.assert_array_equal(open_cube(path, energy=energy), small_counts)
    source.unlink()
    with pytest.raises(FileFormatError, match=r"1 are missing, such as 'rows\.h5'"):
        open_cube(path, energy=energy)


def test_maps_are_no_cube(tmp_path):
    maps = xr.DataArray(
        np.zeros((3, 4, 2)), dims=("y", "x", "element"), coords={"element": ["Fe_K", "Pb_L"]}
    )
    maps.rename("intensity").to_netcdf(tmp_path / "maps.nc", engine="h5netcdf")

    with pytest.raises(FileFormatError, match=r"maps\.nc contains element maps, not spectra"):
        open_cube(tmp_path / "maps.nc")


def test_columns_come_first_in_files_of_matlab(tmp_path, small_counts):
    with h5py.File(tmp_path / "cube.mat", "w") as file:
        # MATLAB's first index varies fastest: rows, columns, channels are stored the other way round.
        file["cube"] = small_counts.transpose(2, 1, 0)
        file["cube"].attrs["MATLAB_class"] = np.bytes_("uint16")
    energy = 0.02 * np.arange(12)
    np.testing.assert_array_equal(open_cube(tmp_path / "cube.mat", energy=energy), small_counts)
    cube = open_cube(tmp_path / "cube.mat", energy=energy, axes=("energy", "y", "x"))
    np.testing.assert_array_equal(cube, small_counts.transpose(1, 0, 2))
