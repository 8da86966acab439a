import gzip
import os
import pickle

import cloudpickle
import h5py
import numpy as np
import pytest
import xarray as xr

from skxrf.exceptions import CountsError, EnergyAxisError, FileFormatError, SkxrfError
from skxrf.io import open_cube, open_maps
from skxrf.samples import to_samples


def test_gives_the_contract_of_a_cube(counts_file, small_counts):
    cube = open_cube(counts_file())

    assert cube.name == "counts"
    assert cube.dims == ("y", "x", "energy")
    assert cube.dtype == np.uint16
    assert cube.attrs["units"] == "counts"
    assert cube.energy.attrs["units"] == "keV"
    assert cube.chunks is not None, "it must be lazy"
    np.testing.assert_array_equal(cube, small_counts)
    np.testing.assert_allclose(cube.energy, 0.1 + 0.01 * np.arange(12))
    np.testing.assert_array_equal(cube.y, np.arange(5))
    np.testing.assert_array_equal(cube.x, np.arange(7))
    assert np.issubdtype(cube.y.dtype, np.integer)


def test_says_where_it_comes_from(counts_file):
    path = counts_file()

    attrs = open_cube(path).attrs

    assert attrs["source"] == str(path)
    assert attrs["dataset"] == "/counts"
    assert isinstance(attrs["history"], str)
    assert str(path) in attrs["history"]


def test_takes_a_relative_path_and_survives_a_change_of_folder(
    counts_file, small_counts, monkeypatch, tmp_path
):
    path = counts_file()
    monkeypatch.chdir(path.parent)
    cube = open_cube(path.name)
    monkeypatch.chdir("/")

    np.testing.assert_array_equal(cube, small_counts)


@pytest.mark.parametrize("dtype", ["u1", "<u2", ">u2", ">i4", "u4", "<f4", ">f4", "f8"])
def test_keeps_the_stored_type_in_native_byte_order(counts_file, small_counts, dtype):
    cube = open_cube(counts_file(small_counts.astype(dtype)))

    assert cube.dtype == np.dtype(dtype).newbyteorder("=")
    assert cube.dtype.isnative
    assert cube.compute().dtype == cube.dtype
    np.testing.assert_array_equal(cube, small_counts)


def test_energy_of_the_caller_replaces_that_of_the_file(counts_file):
    path = counts_file()

    by_pair = open_cube(path, energy=(-0.955, 0.01))
    by_array = open_cube(path, energy=np.linspace(1, 2, 12))

    np.testing.assert_allclose(by_pair.energy, -0.955 + 0.01 * np.arange(12))
    np.testing.assert_allclose(by_array.energy, np.linspace(1, 2, 12))


def test_energy_by_name_of_a_dataset_in_ev(counts_file):
    path = counts_file()
    with h5py.File(path, "r+") as file:
        file["calibrated"] = 1000.0 * np.linspace(1, 2, 12)
        file["calibrated"].attrs["units"] = "eV"

    np.testing.assert_allclose(open_cube(path, energy="calibrated").energy, np.linspace(1, 2, 12))


def test_energy_by_a_name_that_is_not_there_lists_those_that_fit(counts_file):
    with pytest.raises(EnergyAxisError, match=r"scan\.h5.*'energies'.*'/energy_keV' \(12\)"):
        open_cube(counts_file(), energy="energies")


@pytest.mark.parametrize(
    ("energy", "words"),
    [
        (np.arange(11.0), "11"),
        (np.arange(12.0)[::-1], "increase"),
        (np.append(np.arange(11.0), np.nan), "finite"),
        (np.arange(12.0) * 400, "eV must be divided"),
        ("scale", "shape"),
        (np.ones((2, 12)), "pair"),
    ],
)
def test_an_unusable_energy_axis_is_refused(counts_file, energy, words):
    path = counts_file(scale=np.ones((3, 4)))

    with pytest.raises(EnergyAxisError, match=words) as caught:
        open_cube(path, energy=energy)

    assert str(path) in str(caught.value)


def test_a_stored_axis_of_another_length_names_both(counts_file):
    path = counts_file(energy_keV=np.arange(11.0))

    with pytest.raises(EnergyAxisError, match=r"11 values.* 12 channels") as caught:
        open_cube(path)

    assert str(path) in str(caught.value)


def test_axes_of_the_caller_are_believed(counts_file, small_counts):
    cube = open_cube(counts_file(), axes=("x", "y", "energy"))

    assert dict(cube.sizes) == {"y": 7, "x": 5, "energy": 12}
    np.testing.assert_array_equal(cube, small_counts.swapaxes(0, 1))


@pytest.mark.parametrize("axes", [("y", "x"), ("y", "x", "channel"), ("y", "y", "energy"), "yxe"])
def test_other_axes_are_refused(counts_file, axes):
    with pytest.raises(FileFormatError, match='must name "y", "x" and "energy"'):
        open_cube(counts_file(), axes=axes)


@pytest.mark.parametrize("position", [0, 1, 2])
def test_the_length_of_the_energy_axis_tells_where_it_is(counts_file, small_counts, position):
    stored = np.moveaxis(small_counts, 2, position)
    path = counts_file(stored, dims=None, energy_keV=0.01 * np.arange(12))

    np.testing.assert_array_equal(open_cube(path), small_counts)


def test_the_axis_order_is_asked_for_where_two_fit(counts_file):
    square = np.ones((12, 7, 12), np.uint16)
    path = counts_file(square, dims=None)

    with pytest.raises(FileFormatError, match=r"2 axes have the 12 values.*axes="):
        open_cube(path)
    assert open_cube(path, axes=("y", "x", "energy")).sizes["y"] == 12


def test_labels_against_the_length_of_the_axis_are_a_contradiction(counts_file, small_counts):
    path = counts_file(
        small_counts.transpose(2, 0, 1), dims=("y", "x", "energy"), energy_keV=np.arange(12.0)
    )

    with pytest.raises(
        FileFormatError,
        match=r"makes axis 2 the energy, but the energy axis has 12 values, the size of axis 0",
    ):
        open_cube(path)


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no file .*nowhere/scan\.h5.*no folder"):
        open_cube(tmp_path / "nowhere" / "scan.h5")


def test_folder_empty_file_and_foreign_file(tmp_path):
    empty, other = tmp_path / "empty.h5", tmp_path / "other.h5"
    empty.touch()
    other.write_bytes(b"II*\0 a TIFF" + bytes(1000))

    with pytest.raises(FileFormatError, match="is a folder"):
        open_cube(tmp_path)
    with pytest.raises(FileFormatError, match=r"empty\.h5 is empty"):
        open_cube(empty)
    with pytest.raises(FileFormatError, match=r"other\.h5 is of no known cube format.*a TIFF"):
        open_cube(other)
    other.write_bytes(b"0.1,2,3\n" * 40)
    with pytest.raises(
        FileFormatError, match=r"3 columns of numbers: .* must name those of energy"
    ):
        open_cube(other)


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (b"PK\3\4", "ZIP archive.*Unpack"),
        (gzip.compress(b"\0", mtime=0) + bytes(9), "by gzip"),
        (b"CDF\2", "nccopy"),
        (b"MATLAB 5.0 MAT-file", "-v7.3"),
        (b"<HTML>", "web page"),
    ],
)
def test_formats_that_are_not_read_name_the_way_to_one_that_is(tmp_path, head, words):
    (tmp_path / "scan.h5").write_bytes(head + bytes(100))
    for open_one in (open_cube, open_maps):
        with pytest.raises(FileFormatError, match=words):
            open_one(tmp_path / "scan.h5")


@pytest.mark.parametrize(("suffix", "words"), [("zarr", "to_netcdf"), ("zspy", r"scan\.hspy")])
def test_a_store_of_zarr_is_named(tmp_path, suffix, words):
    folder = tmp_path / f"scan.{suffix}"
    folder.mkdir()
    (folder / "zarr.json").write_text("{}")
    with pytest.raises(FileFormatError, match=rf"a Zarr store.*{words}"):
        open_cube(folder)


@pytest.mark.parametrize("share", [0.999, 0.9, 0.5, 0.1, 0.01])
def test_truncated_file(counts_file, tmp_path, share):
    whole = counts_file(np.ones((40, 30, 60), np.uint16)).read_bytes()
    cut = tmp_path / "cut.h5"
    cut.write_bytes(whole[: int(share * len(whole))])

    with pytest.raises(FileFormatError, match=r"cut\.h5"):
        open_cube(cut)


def test_damaged_block_is_named_when_it_is_read(tmp_path):
    path = tmp_path / "scan.h5"
    with h5py.File(path, "w") as file:
        counts = np.random.default_rng(0).integers(0, 99, (8, 8, 50)).astype(np.uint16)
        data = file.create_dataset("counts", data=counts, chunks=(8, 8, 50), compression="gzip")
        file["energy_keV"] = np.arange(50.0)
        start = data.id.get_chunk_info(0).byte_offset
    damaged = bytearray(path.read_bytes())
    damaged[start + 100 : start + 200] = bytes(100)
    path.write_bytes(damaged)
    cube = open_cube(path)

    with pytest.raises(FileFormatError, match=r"scan\.h5"):
        cube.compute()


def test_file_that_changed_after_opening(counts_file):
    cube = open_cube(counts_file())
    counts_file(np.ones((3, 3, 12), np.uint16))

    with pytest.raises(FileFormatError, match="has changed since it was opened"):
        cube.compute()


@pytest.mark.parametrize("shape", [(0, 7, 12), (5, 0, 12), (5, 7, 0)])
def test_empty_cube(tmp_path, shape):
    path = tmp_path / "empty.h5"
    with h5py.File(path, "w") as file:
        file["counts"] = np.zeros(shape, np.uint16)
        file["energy_keV"] = np.zeros(shape[2])

    with pytest.raises(CountsError, match=r"empty\.h5.*is empty, of shape"):
        open_cube(path, axes=("y", "x", "energy"))


@pytest.mark.parametrize("shape", [(10**12, 1, 12), (1, 10**9, 12), (10**6, 10**6, 4096)])
def test_absurd_sizes_are_refused_before_anything_is_made_of_them(tmp_path, shape):
    path = tmp_path / "claims.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("counts", shape, np.uint16, chunks=(1, 1, 12))
        file["counts"].attrs["dims"] = ["y", "x", "channel"]
        file["energy_keV"] = np.arange(float(shape[2]))

    with pytest.raises(FileFormatError, match=r"claims\.h5.* claims the shape .*no scan has"):
        open_cube(path)


def test_an_absurd_axis_is_refused(tmp_path, small_counts):
    path = tmp_path / "claims.h5"
    with h5py.File(path, "w") as file:
        file["counts"] = small_counts
        file["counts"].attrs["dims"] = ["y", "x", "channel"]
        file.create_dataset("energy_keV", (10**15,), np.float64, chunks=(1000,))

    with pytest.raises(FileFormatError, match=r"claims\.h5"):
        open_cube(path)


@pytest.mark.parametrize(
    ("dtype", "value"), [("i4", -1), ("f4", np.nan), ("f4", np.inf), ("f8", -0.5), ("f8", -np.inf)]
)
def test_impossible_counts_are_refused_when_read(counts_file, small_counts, dtype, value):
    counts = small_counts.astype(dtype)
    counts[3, 4, 5] = value
    cube = open_cube(counts_file(counts), chunks=(2, 3))

    with pytest.raises(CountsError, match=rf"scan\.h5.*pixel \(y=3, x=4\) holds {value}.* 5;"):
        cube.sum().compute()
    assert cube[:2].sum().compute() == counts[:2].sum(), "good blocks stay readable"


def test_the_pixel_of_impossible_counts_is_named_in_cube_order(counts_file, small_counts):
    counts = small_counts.astype(np.float32)
    counts[3, 4, 5] = np.nan
    path = counts_file(
        counts.transpose(2, 1, 0), dims=("channel", "column", "row"), energy_keV=np.arange(12.0)
    )

    with pytest.raises(CountsError, match=r"pixel \(y=3, x=4\) holds nan in channel 5;"):
        open_cube(path).compute()


def test_counts_that_are_no_numbers(tmp_path):
    path = tmp_path / "complex.h5"
    with h5py.File(path, "w") as file:
        file["counts"] = np.zeros((2, 3, 4), complex)

    with pytest.raises(FileFormatError, match="complex128"):
        open_cube(path, dataset="counts", energy=(0, 1))


@pytest.mark.parametrize("name", ["live_time", "real_time"])
def test_times_per_pixel(counts_file, name):
    times = np.random.default_rng(0).uniform(1, 2, (5, 7)).astype(np.float32)

    cube = open_cube(counts_file(**{f"{name}_s": times}))

    assert cube[name].dims == ("y", "x")
    assert cube[name].attrs["units"] == "s"
    np.testing.assert_array_equal(cube[name], times)
    other = {"live_time", "real_time"} - {name}
    assert not other & set(cube.coords)


def test_times_follow_the_axes(counts_file, small_counts):
    times = np.random.default_rng(0).uniform(1, 2, (5, 7))
    path = counts_file(
        small_counts.swapaxes(0, 1), dims=("x", "y", "energy"), live_time_s=times.T.ravel()
    )

    np.testing.assert_array_equal(open_cube(path)["live_time"], times)


def test_times_of_another_number_of_pixels_are_left_out_with_a_warning(counts_file):
    path = counts_file(live_time_s=np.ones(34))

    with pytest.warns(UserWarning, match=r"live_time has the shape \(34,\).* 5 x 7"):
        cube = open_cube(path)

    assert "live_time" not in cube.coords


def test_live_time_reaches_the_samples(counts_file):
    times = np.arange(35.0).reshape(5, 7)

    samples = to_samples(open_cube(counts_file(live_time_s=times)))

    np.testing.assert_array_equal(samples["live_time"], np.arange(35.0))


@pytest.mark.parametrize("pickler", [pickle, cloudpickle])
def test_an_open_cube_can_be_pickled(counts_file, small_counts, pickler):
    cube = pickler.loads(pickler.dumps(open_cube(counts_file())))

    np.testing.assert_array_equal(cube, small_counts)


@pytest.mark.parametrize("scheduler", ["synchronous", "threads", "processes"])
def test_all_schedulers_read_the_same(counts_file, small_counts, scheduler):
    cube = open_cube(counts_file(small_counts.astype(np.int32)), chunks=(2, 3))
    assert cube.data.npartitions > 4

    np.testing.assert_array_equal(cube.compute(scheduler=scheduler), small_counts)


def test_an_error_in_another_process_arrives_whole(counts_file, small_counts):
    counts = small_counts.astype(np.float32)
    counts[1, 2, 3] = -2
    cube = open_cube(counts_file(counts))

    with pytest.raises(CountsError, match=r"pixel \(y=1, x=2\) holds -2"):
        cube.compute(scheduler="processes")


def test_opening_leaves_no_open_file(counts_file):
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else None
    cube = open_cube(counts_file())
    cube.compute(scheduler="synchronous")

    if before is not None:
        assert len(os.listdir("/proc/self/fd")) == before
    assert not h5py.h5f.get_obj_count(h5py.h5f.OBJ_ALL, h5py.h5f.OBJ_FILE)


def test_every_error_is_of_the_library_and_a_value_error():
    assert issubclass(FileFormatError, SkxrfError)
    assert issubclass(SkxrfError, ValueError)


def test_indexing_agrees_with_numpy(counts_file, small_counts):
    cube = open_cube(counts_file(), chunks=(2, 3))

    for key in [
        (3, 4),
        (slice(1, 4), 2),
        (-1, slice(None, None, 3)),
        (slice(None), slice(2, 5), 7),
    ]:
        np.testing.assert_array_equal(cube[key], small_counts[key])
    np.testing.assert_array_equal(
        cube.isel(y=xr.DataArray([0, 4], dims="p"), x=xr.DataArray([6, 1], dims="p")),
        small_counts[[0, 4], [6, 1]],
    )


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("y_mm", [np.nan, 1, 2, 3, 4]),
        ("y_mm", [1, 1, 1, 1, 1]),
        ("y_mm", [0, 2, 1, 3, 4]),
        ("x_mm", [np.inf, 1, 2, 3, 4, 5, 6]),
        ("live_time_s", np.full((5, 7), -1.0)),
        ("live_time_s", np.full((5, 7), np.nan)),
    ],
)
def test_positions_and_times_that_cannot_be_are_left_out(counts_file, name, values):
    path = counts_file(**{name: np.asarray(values, float)})

    with pytest.warns(UserWarning, match="scan.h5"):
        cube = open_cube(path)
    assert "live_time" not in cube.coords
    np.testing.assert_array_equal(cube.y, range(5))
    np.testing.assert_array_equal(cube.x, range(7))


def test_what_is_too_long_is_not_read(counts_file):
    """A thousand million values that nobody wrote; reading them would take 8 GB."""

    def longer(name):
        path = counts_file()
        with h5py.File(path, "r+") as file:
            file.pop(name, None)
            file.create_dataset(name, (10**9,), "f8", chunks=(10_000,))
        return path

    with pytest.raises(FileFormatError, match=r"'/energy_keV' has the shape \(1000000000,\)"):
        open_cube(longer("energy_keV"))
    with pytest.warns(UserWarning, match="live_time has the shape .* left out"):
        assert "live_time" not in open_cube(longer("live_time_s")).coords
    with pytest.warns(UserWarning, match="positions '/y_mm' have the shape"):
        np.testing.assert_array_equal(open_cube(longer("y_mm")).y, range(5))


def test_chunks_that_fill_the_memory(tmp_path):
    """As ten gigabytes that are never written; only their description is looked at."""
    for chunks in ((1000, 1250, 1), (500, 500, 4096)):
        with h5py.File(tmp_path / "c.h5", "w") as file:
            file.create_dataset("counts", (1000, 1250, 4096), "u2", chunks=chunks)
            file["counts"].attrs["dims"] = ["y", "x", "energy"]
            file["energy_keV"] = 0.01 * np.arange(4096)
        if chunks[2] == 1:
            assert np.prod(open_cube(tmp_path / "c.h5").data.chunksize) * 2 <= 2**28
        else:
            with pytest.raises(FileFormatError, match="h5repack -l /counts:CHUNK=8x8x4096"):
                open_cube(tmp_path / "c.h5")
