"""Small files of every layout, and the real scan where it is present."""

from pathlib import Path

import h5py
import numpy as np
import pytest

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
