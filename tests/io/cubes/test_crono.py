"""CRONO's files. Nothing that writes them installs: made by hand after the layout."""

import pickle
import tempfile
import warnings
from pathlib import Path

import h5py
import hdf5plugin
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from skxrf.exceptions import CountsError, EnergyAxisError, FileFormatError, SkxrfError
from skxrf.io import open_cube
from skxrf.io.cubes.crono import _runs

N_SPECTRA, N_CHANNELS = 60, 12
ENERGY = (0.01 * np.arange(N_CHANNELS) - 0.04).astype(np.float32)
SPECTRA = np.random.default_rng(1).poisson(5, (N_SPECTRA, N_CHANNELS)).astype(np.uint32)


def serpentine(n_y=5, n_x=7, surplus=3):
    """Spectra of a scan to and fro that begins each row with some spectra too many."""
    rows = [np.arange(n_x) + surplus + y * (n_x + surplus) for y in range(n_y)]
    return np.stack([row if y % 2 == 0 else row[::-1] for y, row in enumerate(rows)])


INDEX = serpentine()


@pytest.fixture
def crono_file(tmp_path):
    def write(index=INDEX, spectra=SPECTRA, *, filters=None, **more):
        path = tmp_path / "scan.HDF5"
        stored = {
            "EnergyVector": ENERGY,
            "MotorsPositions": np.zeros((len(spectra), 3), np.uint32),
            "LiveTimes": (90_000 + np.arange(len(spectra))).astype(np.uint64),
            "RealTimes": (100_000 + np.arange(len(spectra))).astype(np.uint64),
            "Maps/ComputedMaps": np.full((5, 7, 2), np.nan),
            **more,
        }
        with h5py.File(path, "w") as file:
            group = file.create_group("XRF")
            group.create_dataset("Spectra", data=spectra, chunks=True, **(filters or {}))
            index = np.asarray(index)
            group["SpectraSelectedIndex"] = np.stack([index, index * 0], axis=-1)
            for name, value in stored.items():
                if value is not None:
                    group[name] = value
        return path

    return write


def test_the_index_puts_spectra_on_the_grid(crono_file):
    cube = open_cube(crono_file())

    assert cube.shape == (5, 7, 12)
    np.testing.assert_array_equal(cube, SPECTRA[INDEX])
    np.testing.assert_array_equal(cube[3, 2:5].compute(), SPECTRA[INDEX[3, 2:5]])
    np.testing.assert_array_equal(cube.energy, ENERGY)
    assert cube.dtype == np.uint32
    assert cube.attrs["reader"] == "CRONO (XGLab)"
    assert cube.attrs["instrument"] == "CRONO"


def test_times_are_taken_for_microseconds_and_the_cube_says_so(crono_file):
    cube = open_cube(crono_file())

    np.testing.assert_allclose(cube["live_time"], 1e-6 * (90_000 + INDEX))
    np.testing.assert_allclose(cube["real_time"], 1e-6 * (100_000 + INDEX))
    assert "microseconds" in cube.attrs["times_from"]


def test_times_that_make_no_sense_are_left_out(crono_file):
    path = crono_file(LiveTimes=np.full(N_SPECTRA, 10**12), RealTimes=np.full(7, 10**5))

    with pytest.warns(UserWarning, match=r"XRF/LiveTimes would mean 1e\+06 s a pixel"):
        cube = open_cube(path)
    assert not {"live_time", "real_time"} & set(cube.coords)


def test_it_is_read_block_by_block_and_travels_to_other_processes(crono_file):
    cube = open_cube(crono_file(), chunks=(2, 3))

    assert cube.chunks == ((2, 2, 1), (3, 3, 1), (12,))
    again = pickle.loads(pickle.dumps(cube))
    np.testing.assert_array_equal(again, SPECTRA[INDEX])
    assert open_cube(crono_file(), chunks=(2, 3)).data.name != cube.data.name, "the file is new"


def test_a_table_larger_than_memory_is_not_loaded(tmp_path):
    path = tmp_path / "large.h5"
    with h5py.File(path, "w") as file:
        table = file.create_dataset("XRF/Spectra", (10**8, 4096), "u4", chunks=(16, 4096))
        table[99_999_990:] = np.arange(10)[:, None]
        file["XRF/SpectraSelectedIndex"] = 10**8 - 1 - np.arange(6).reshape(2, 3, 1)
        file["XRF/EnergyVector"] = 0.01 * np.arange(4096)

    cube = open_cube(path)

    np.testing.assert_array_equal(cube[..., 100].compute(), [[9, 8, 7], [6, 5, 4]])


def test_a_pixel_without_a_spectrum_has_no_counts(crono_file):
    index = INDEX.copy()
    index[1, 2] = -1

    with pytest.warns(UserWarning, match="1 of 35 pixels have no spectrum"):
        cube = open_cube(crono_file(index))

    assert int(cube[1, 2].sum()) == 0
    np.testing.assert_array_equal(cube[1, 3], SPECTRA[index[1, 3]])
    assert np.isnan(cube["live_time"][1, 2])


def test_the_energy_of_two_points_or_none(crono_file):
    points = np.array([[2.0, 0.5], [10.0, 2.5]])
    cube = open_cube(crono_file(EnergyVector=None, CalibrationPoints=points))
    np.testing.assert_allclose(cube.energy, 0.25 * np.arange(12))

    with pytest.raises(EnergyAxisError, match=r"scan\.HDF5.*no energy calibration: pass energy="):
        open_cube(crono_file(EnergyVector=None))
    cube = open_cube(crono_file(EnergyVector=None), energy=(0, 0.01))
    np.testing.assert_allclose(cube.energy, 0.01 * np.arange(12))
    with pytest.raises(EnergyAxisError, match="has 11 values, but the spectra have 12"):
        open_cube(crono_file(EnergyVector=ENERGY[:-1]))


def test_the_table_and_other_datasets_by_name(crono_file):
    path = crono_file()

    np.testing.assert_array_equal(open_cube(path, dataset="XRF/Spectra"), SPECTRA[INDEX])
    with pytest.raises(EnergyAxisError, match="ComputedMaps' holds no energy calibration"):
        open_cube(path, dataset="/XRF/Maps/ComputedMaps", axes=("y", "x", "energy"))
    with pytest.raises(FileFormatError, match="'XRF/EnergyVector' has the shape"):
        open_cube(path, dataset="XRF/EnergyVector")


@pytest.mark.parametrize(
    ("index", "words"),
    [
        (INDEX + 20, r"names the spectrum 63, but there are 60"),
        (INDEX - 9, r"names the spectrum -6, but there are 60"),
        (INDEX.astype(np.uint64) + np.uint64(2**63), "names the spectrum 9223372036854775"),
        (INDEX.astype(float), r"expected whole numbers over \(rows, columns, layers\)"),
        (INDEX[0], r"expected whole numbers|names the spectrum"),
    ],
)
def test_an_index_that_contradicts_the_table(crono_file, index, words):
    path = crono_file(index)
    if np.ndim(index) == 1:
        with h5py.File(path, "r+") as file:
            del file["XRF/SpectraSelectedIndex"]
            file["XRF/SpectraSelectedIndex"] = index

    with pytest.raises(FileFormatError, match=words):
        open_cube(path)


def test_an_empty_or_absurd_grid(crono_file):
    with pytest.raises(CountsError, match=r"is empty, of shape \(0, 7, 12\)"):
        open_cube(crono_file(INDEX[:0]))

    path = crono_file()
    with h5py.File(path, "r+") as file:
        del file["XRF/SpectraSelectedIndex"]
        shape = (10**6, 10**6, 2)
        file.create_dataset("XRF/SpectraSelectedIndex", shape, "i4", chunks=(64, 64, 2))
    with pytest.raises(FileFormatError, match="SelectedIndex' claims 8000000000000 bytes"):
        open_cube(path)


@pytest.mark.parametrize("share", [0.95, 0.5, 0.1])
def test_a_truncated_file(crono_file, share):
    path = crono_file()
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])

    with pytest.raises(FileFormatError, match=r"scan\.HDF5"):
        open_cube(path)


def test_a_file_that_changes_after_it_was_opened(crono_file):
    cube = open_cube(crono_file())
    crono_file(spectra=SPECTRA[:50])

    with pytest.raises(FileFormatError, match=r"has changed since it was opened.*\(50, 12\)"):
        cube.compute()


def test_a_filter_of_hdf5plugin(crono_file, monkeypatch):
    path = crono_file(filters=dict(hdf5plugin.Bitshuffle()))
    np.testing.assert_array_equal(open_cube(path), SPECTRA[INDEX])

    monkeypatch.setattr("h5py.h5z.filter_avail", lambda code: False)
    with pytest.raises(FileFormatError, match=r"HDF5 filter 32008 .*pip install hdf5plugin"):
        open_cube(path)


@settings(max_examples=40)
@given(
    index=arrays(
        st.sampled_from(["i1", "i4", "i8", "u1", "u8"]),
        st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 2)),
    ),
    n_spectra=st.integers(0, 200),
    n_times=st.sampled_from([None, 0, 3]),
    n_energies=st.sampled_from([0, 1, 4, 5]),
)
def test_any_contents_give_only_the_librarys_errors(index, n_spectra, n_times, n_energies):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "scan.h5")
        times = np.full(n_spectra if n_times is None else n_times, 10**5)
        with h5py.File(path, "w") as file:
            file["XRF/Spectra"] = np.ones((n_spectra, 4), np.uint16)
            file["XRF/SpectraSelectedIndex"] = index
            file["XRF/EnergyVector"] = np.arange(n_energies)
            file["XRF/LiveTimes"] = times
        message, counts = "", -1
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            try:
                counts = int(open_cube(path).sum())
            except SkxrfError as error:
                message = str(error)
        found = np.asarray(index[..., :1], dtype=object)
        assert counts == 4 * np.count_nonzero(found >= 0) or "scan.h5" in message


@settings(max_examples=50)
@given(wanted=st.sets(st.integers(0, 500)))
def test_rows_are_read_once_and_few_in_vain(wanted):
    rows = np.array(sorted(wanted), dtype=np.int64)

    runs = _runs(rows)

    np.testing.assert_array_equal(np.concatenate([*runs, np.empty(0, np.int64)]), rows)
    assert sum(run[-1] - run[0] + 1 for run in runs) <= 8 * max(len(rows), 1)
