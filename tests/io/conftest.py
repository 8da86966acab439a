"""Small files of every layout, and the real scan where it is present."""

import warnings
from pathlib import Path

import h5py
import numpy as np
import pytest

from skxrf.exceptions import SkxrfError
from skxrf.io import open_cube

REAL_DATA = Path(__file__).parents[3] / "shared" / "data"


@pytest.fixture(scope="session")
def small_counts():
    """Counts uint16 of shape (5, 7, 12): three sizes that cannot be taken for one another."""
    return np.random.default_rng(3).poisson(4.0, (5, 7, 12)).astype(np.uint16)


@pytest.fixture
def counts_file(tmp_path, small_counts):
    """A function that writes the library's plain layout and returns its path."""

    def write(values=small_counts, *, name="scan.h5", dims=("y", "x", "channel"), **more):
        path = tmp_path / name
        with h5py.File(path, "w") as file:
            file.create_dataset("counts", data=values, chunks=(2, 3, values.shape[2]))
            if dims is not None:
                file["counts"].attrs["dims"] = list(dims)
            n_channels = values.shape[2]
            for key, value in {"energy_keV": 0.1 + 0.01 * np.arange(n_channels), **more}.items():
                if value is not None:
                    file[key] = value
        return path

    return write


@pytest.fixture(scope="session")
def real_data():
    """The folder of the real measurements."""
    if not REAL_DATA.is_dir():
        pytest.skip(f"the real measurements are not in {REAL_DATA}")
    return REAL_DATA


@pytest.fixture(scope="session")
def open_or_refuse():
    """A function for damaged files: read them whole, or get one of the library's own errors.

    It gives the error, or None where the damage left a file that can be read.
    """

    def check(path, **kwargs):
        kept = [path, *path.parent.iterdir()] if path.is_file() else list(path.iterdir())
        before = {one: one.read_bytes() for one in kept if one.is_file()}
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)
                cube = open_cube(path, **kwargs)
                # A damaged header may well describe a large cube of nothing.
                if cube.size < 10**7:
                    cube.compute(scheduler="synchronous")
            error = None
        except (SkxrfError, FileNotFoundError) as caught:
            error = caught
        assert {one: one.read_bytes() for one in before} == before, "nothing is ever written"
        assert set(path.parent.iterdir() if path.is_file() else path.iterdir()) == set(kept) - (
            set() if path.is_file() else {path}
        )
        return error

    return check
