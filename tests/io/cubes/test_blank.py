"""Pixels of HDF5 cubes that a stopped scan left blank."""

import pickle

import h5py
import numpy as np
import pytest

from skxrf.exceptions import CountsError
from skxrf.io import open_cube

ENERGY = 0.02 * np.arange(12)


@pytest.fixture
def stopped(tmp_path, small_counts):
    """A function that writes counts with some blank pixels, and returns the file."""

    def write(blank, fill, *, order="yxe", dtype="f4", attrs=None, **how):
        values = small_counts.astype(dtype)
        values[blank] = fill
        at = ["yxe".index(name) for name in order]
        path = tmp_path / "stopped.h5"
        with h5py.File(path, "w") as file:
            data = file.create_dataset("counts", data=values.transpose(at), **how)
            data.attrs["dims"] = [{"e": "energy"}.get(name, name) for name in order]
            data.attrs.update(attrs or {})
            file["energy_keV"] = ENERGY
        return path

    return write


@pytest.mark.parametrize("order", ["yxe", "eyx", "xey"])
@pytest.mark.parametrize(
    "how",
    [
        {"fill": np.nan},
        {"fill": -1, "dtype": "i4", "attrs": {"_FillValue": np.int32(-1)}},
        {"fill": 65535, "dtype": "u2", "fillvalue": 65535, "chunks": (2, 3, 4)},
    ],
)
def test_blank_pixels_are_missing(stopped, small_counts, how, order):
    blank = np.zeros((5, 7), bool)
    blank[3:] = True
    blank[2, :4] = True
    with pytest.warns(UserWarning, match="18 of 35 pixels are missing, the scan was stopped"):
        cube = open_cube(stopped(blank, order=order, **how))
    np.testing.assert_array_equal(cube.measured, ~blank)
    np.testing.assert_array_equal(cube, np.where(blank[..., None], 0, small_counts))
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(cube))[2, 3:, ::2], cube[2, 3:, ::2])


def test_a_row_within(stopped):
    with pytest.warns(UserWarning, match="7 of 35 pixels are missing"):
        cube = open_cube(stopped(np.s_[2], np.nan, chunks=(1, 1, 12)))
    assert not cube.measured[2].any()


def test_scaled_counts_of_blank_pixels_are_zeros(stopped, small_counts):
    scale = {"_FillValue": np.int32(-1), "scale_factor": 2.0, "add_offset": 1.0}
    with pytest.warns(UserWarning, match="14 of 35"):
        cube = open_cube(stopped(np.s_[3:], -1, dtype="i4", attrs=scale))
    np.testing.assert_array_equal(cube[:3], 2 * small_counts[:3] + 1)
    assert not cube[3:].any()


@pytest.mark.parametrize("where", [np.s_[3:, :, 2:], np.s_[4, 6, 0], np.s_[1, 1]])
def test_other_values_that_are_no_counts_stay_refused(stopped, where):
    cube = open_cube(stopped(where, np.nan))
    with pytest.raises(CountsError, match="holds nan in channel"):
        cube.compute()


def test_a_scan_that_has_not_begun(stopped):
    with pytest.raises(CountsError, match="no spectrum of any pixel"):
        open_cube(stopped(np.s_[:], np.nan))


@pytest.mark.parametrize("order", ["yxe", "eyx"])
def test_rows_that_were_never_written(tmp_path, small_counts, order):
    at = ["yxe".index(name) for name in order]
    path = tmp_path / "stopped.h5"
    with h5py.File(path, "w") as file:
        chunks = [{"y": 2, "x": 7, "e": 4}[name] for name in order]
        shape = [small_counts.shape[i] for i in at]
        data = file.create_dataset("counts", shape, "u2", chunks=tuple(chunks))
        data.attrs["dims"] = [{"e": "energy"}.get(name, name) for name in order]
        rows = [slice(3) if name == "y" else slice(None) for name in order]
        data[tuple(rows)] = small_counts[:3].transpose(at)
        file["energy_keV"] = ENERGY
    # The rest of a chunk that was begun is there, as zeros.
    with pytest.warns(UserWarning, match="7 of 35 pixels are missing"):
        cube = open_cube(path)
    np.testing.assert_array_equal(cube[:3], small_counts[:3])
    assert cube.measured[:4].all()
    assert not cube.measured[4].any()


def test_several_values_that_mean_missing(stopped, small_counts):
    attrs = {"_FillValue": np.float32(9.96921e36), "missing_value": np.float32(1e20)}
    with pytest.warns(UserWarning, match="7 of 35 pixels are missing"):
        cube = open_cube(stopped(np.s_[4], 1e20, attrs=attrs))
    np.testing.assert_array_equal(cube[:4], small_counts[:4])
    cube = open_cube(stopped(np.s_[2, 3, 5], 9.96921e36, attrs=attrs))
    with pytest.raises(CountsError, match=r"9\.96921e\+36 that its attributes name as missing"):
        cube.compute()
