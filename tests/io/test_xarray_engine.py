"""Cubes by ``xr.open_dataset``."""

import importlib
import pickle
import tomllib
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from skxrf.exceptions import EnergyAxisError, FileFormatError
from skxrf.io import open_cube
from skxrf.io._xarray_engine import CubeBackend
from skxrf.io.cubes.hdf5_reader import HDF5Reader


def test_the_entry_point_names_the_engine():
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))
    (name, target), *others = project["project"]["entry-points"]["xarray.backends"].items()
    module, attribute = target.split(":")

    assert not others
    assert name == "skxrf"
    assert getattr(importlib.import_module(module), attribute) is CubeBackend


def test_the_same_cube_as_by_open_cube(counts_file, small_counts):
    path = counts_file(y_mm=0.5 * np.arange(5), live_time_s=np.full((5, 7), 0.1))

    dataset = xr.open_dataset(path, engine=CubeBackend)

    assert list(dataset.data_vars) == ["counts"]
    xr.testing.assert_identical(dataset["counts"], open_cube(path))
    np.testing.assert_array_equal(dataset["counts"], small_counts)


@pytest.mark.parametrize("chunks", [{}, "auto", {"y": -1}])
def test_with_chunks_it_is_lazy(counts_file, small_counts, chunks):
    path = counts_file()

    counts = xr.open_dataset(path, engine=CubeBackend, chunks=chunks)["counts"]

    assert counts.chunks is not None
    if chunks == {}:
        assert counts.chunks == open_cube(path).chunks
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(counts)), small_counts)
    np.testing.assert_array_equal(counts.compute(scheduler="processes"), small_counts)


def test_without_chunks_only_what_is_indexed_is_read(counts_file, small_counts, monkeypatch):
    path = counts_file(np.tile(small_counts, (4, 1, 1)))
    read = []
    whole = HDF5Reader.read
    monkeypatch.setattr(HDF5Reader, "read", lambda self, key: read.append(key) or whole(self, key))

    counts = xr.open_dataset(path, engine=CubeBackend)["counts"]
    assert not read
    np.testing.assert_array_equal(counts[3, 2:5, ::4], small_counts[3, 2:5, ::4])
    np.testing.assert_array_equal(
        counts.isel(y=xr.DataArray([0, 7], dims="p"), x=xr.DataArray([6, 1], dims="p")),
        small_counts[[0, 2], [6, 1]],
    )
    assert read


def test_the_options_of_open_cube(counts_file, small_counts):
    path = counts_file(small_counts.swapaxes(0, 1), energy_keV=None, dims=None)

    dataset = xr.open_dataset(
        path,
        engine=CubeBackend,
        dataset="counts",
        energy=(0.1, 0.01),
        axes=("x", "y", "energy"),
        shape=(5, 7),
        drop_variables="x",
    )

    np.testing.assert_array_equal(dataset["counts"], small_counts)
    np.testing.assert_allclose(dataset.energy, 0.1 + 0.01 * np.arange(12))
    assert "x" not in dataset.coords


def test_errors_are_those_of_open_cube(counts_file, tmp_path):
    with pytest.raises(EnergyAxisError, match="pass energy="):
        xr.open_dataset(counts_file(energy_keV=None), engine=CubeBackend, axes=("y", "x", "energy"))
    with pytest.raises(FileNotFoundError, match="no file"):
        xr.open_dataset(tmp_path / "none.bcf", engine=CubeBackend)
    with pytest.raises(FileFormatError, match="by their path"):
        CubeBackend().open_dataset(b"bytes")


def test_what_it_claims_by_name():
    backend = CubeBackend()

    assert all(backend.guess_can_open(f"scan{s}") for s in (".bcf", ".spx", ".RPL", ".mca", ".msa"))
    assert not any(backend.guess_can_open(f"scan{s}") for s in (".nc", ".h5", ".edf", ".raw", ""))
    assert not backend.guess_can_open(b"\x89HDF")
