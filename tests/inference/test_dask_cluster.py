"""A local cluster of two processes gives the same numbers as this process."""

import dask.array as da
import h5py
import joblib
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from dask.distributed import Client, LocalCluster
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skxrf.exceptions import CountsError
from skxrf.inference import predict_maps
from skxrf.io import open_cube
from skxrf.neural_network import SpectrumCNNRegressor, SpectrumMLPRegressor

ELEMENTS = ["Ca_K", "Fe_K"]


@pytest.fixture(scope="module")
def client():
    with (
        LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            dashboard_address=None,
        ) as cluster,
        Client(cluster, timeout=30) as client,
    ):
        yield client


@pytest.fixture
def cube():
    counts = np.random.default_rng(0).poisson(9, (40, 30, 64)).astype(np.uint16)
    coords = {"energy": 0.1 + 0.2 * np.arange(64)}
    return xr.DataArray(counts, dims=("y", "x", "energy"), coords=coords, name="counts")


@pytest.fixture
def samples(cube):
    X = cube.values[:10].reshape(-1, 64).astype(np.float32)
    return X, X[:, [5, 20]] * 2 + X[:, [6, 21]]


@pytest.mark.parametrize("progress", [False, True])
def test_maps_have_the_same_bits_as_with_threads(client, cube, samples, progress):
    model = make_pipeline(StandardScaler(), Ridge()).fit(*samples)
    lazy = cube.chunk({"y": 7, "x": 16})
    maps = predict_maps(model, lazy, elements=ELEMENTS, progress=progress).compute()
    on_the_cluster = maps.values
    for scheduler in ("threads", "synchronous"):
        here = predict_maps(model, lazy, elements=ELEMENTS).compute(scheduler=scheduler)
        np.testing.assert_array_equal(on_the_cluster, here.values)


def test_long_sums_in_blas_have_the_same_bits(client):
    # Enough for BLAS to use several threads where it may: this process may, a worker may not.
    def counts(block_info=None):
        shape = block_info[None]["chunk-shape"]
        rng = np.random.default_rng(block_info[None]["chunk-location"][0])
        return rng.poisson(9, shape).astype(np.uint16)

    chunks = ((20,) * 4, (50,), (1024,))
    data = da.map_blocks(counts, chunks=chunks, dtype="u2", meta=np.empty((0, 0, 0), "u2"))
    cube = xr.DataArray(data, dims=("y", "x", "energy"))
    X = np.random.default_rng(9).poisson(9, (500, 1024)).astype(np.float32)
    model = Ridge(alpha=1e3).fit(X, X[:, :11] * 100)
    maps = predict_maps(model, cube, elements=[f"element {i}" for i in range(11)])
    on_the_cluster = maps.compute()
    for scheduler in ("synchronous", "threads"):
        np.testing.assert_array_equal(on_the_cluster, maps.compute(scheduler=scheduler))


@pytest.mark.parametrize("network", [SpectrumCNNRegressor, SpectrumMLPRegressor])
def test_maps_of_a_network_have_the_same_bits_as_with_threads(client, cube, samples, network):
    X, y = samples
    model = network(max_epochs=2, random_state=0).fit(X, pd.DataFrame(y, columns=ELEMENTS))
    maps = predict_maps(model, cube.chunk({"y": 7, "x": 16}))
    assert list(maps.element.values) == ELEMENTS
    here = maps.compute(scheduler="threads")
    np.testing.assert_array_equal(maps.compute(), here)
    np.testing.assert_array_equal(maps.compute(scheduler="synchronous"), here)


def test_a_file_is_read_in_the_workers(client, cube, samples, tmp_path):
    with h5py.File(tmp_path / "cube.h5", "w") as file:
        file.create_dataset("counts", data=cube.values, chunks=(8, 8, 64))
        file["energy_keV"] = cube.energy.values
    model = make_pipeline(StandardScaler(), Ridge()).fit(*samples)
    lazy = open_cube(tmp_path / "cube.h5", chunks=(8, 30))
    maps = predict_maps(model, lazy, elements=ELEMENTS)
    assert maps.data.npartitions == 5
    here = predict_maps(model, lazy, elements=ELEMENTS).compute(scheduler="threads")
    np.testing.assert_array_equal(maps.compute(), here)


def test_an_error_in_a_worker_reaches_the_caller(client, cube, samples):
    model = Ridge().fit(*samples)
    cube = cube.astype(np.float32)
    cube[30, 20, 3] = -1
    maps = predict_maps(model, cube.chunk({"y": 7}), elements=ELEMENTS)
    with pytest.raises(CountsError, match=r"pixel \(y=30, x=20\) holds -1\.0"):
        maps.compute()


def test_grid_search_on_the_cluster_finds_the_same(client, samples):
    grid = {"ridge__alpha": [0.1, 10.0, 1000.0]}
    search = GridSearchCV(
        make_pipeline(StandardScaler(), Ridge()), grid, cv=KFold(2), error_score="raise"
    )
    with joblib.parallel_config("dask"):
        search.fit(*samples)
    here = GridSearchCV(search.estimator, grid, cv=KFold(2)).fit(*samples)
    assert search.best_params_ == here.best_params_
    np.testing.assert_allclose(
        search.cv_results_["mean_test_score"], here.cv_results_["mean_test_score"], rtol=1e-6
    )


def test_grid_search_over_architectures_on_the_cluster(client, samples):
    X, y = samples
    grid = {"channels": [(4,), (4, 8)], "kernel_size": [8]}
    search = GridSearchCV(
        SpectrumCNNRegressor(max_epochs=2, random_state=0), grid, cv=KFold(2), error_score="raise"
    )
    with joblib.parallel_config("dask"):
        search.fit(X, y)
    here = GridSearchCV(search.estimator, grid, cv=KFold(2)).fit(X, y)
    np.testing.assert_allclose(
        search.cv_results_["mean_test_score"], here.cv_results_["mean_test_score"], rtol=1e-5
    )


def test_grid_search_runs_in_both_processes(client, samples):
    def process(estimator, X, y):
        import os
        import time

        time.sleep(0.2)
        return float(os.getpid())

    search = GridSearchCV(
        Ridge(), {"alpha": [1.0, 2.0, 3.0]}, cv=KFold(2), scoring=process, refit=False
    )
    with joblib.parallel_config("dask"):
        search.fit(*samples)
    used = {search.cv_results_[f"split{k}_test_score"][c] for k in range(2) for c in range(3)}
    workers = set(client.run(lambda: __import__("os").getpid()).values())
    assert used == workers
    assert len(workers) == 2
