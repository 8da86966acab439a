"""Estimators that bind themselves to a cube, by a sample of its spectra."""

import dask.array as da
import numpy as np
import pytest
import xarray as xr
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.linear_model import Ridge

from skxrf.inference import _to_file, bind, calibrated_to, predict_maps, predict_maps_to_file
from skxrf.inference._binding import _sample_steps, sample_spectra
from skxrf.io import open_maps

ENERGY = 0.1 + 0.2 * np.arange(32)
GROUPS = ["Ca_K", "Fe_K", "Pb_L"]


@pytest.fixture(scope="module")
def counts():
    return np.random.default_rng(3).poisson(6, (13, 7, 32)).astype(np.uint16)


def cube_of(counts, chunks=None):
    data = counts if chunks is None else da.from_array(counts, chunks=chunks)
    return xr.DataArray(data, {"energy": ENERGY}, ("y", "x", "energy"), name="counts")


class Named(Ridge):
    def fit(self, X, y):
        super().fit(X, y)
        self.line_groups_, self.energy_ = GROUPS, ENERGY
        return self


class Binding(RegressorMixin, BaseEstimator):
    """Needs a sample of the cube; the bound estimator predicts multiples of its mean."""

    line_groups_ = ("Fe_K",)

    def fit(self, X, y=None):
        self.n_features_in_ = 3
        return self

    def bind(self, X, energy):
        bound = Named().fit(X, X[:, :3] * X.mean())
        bound.seen_ = (X.shape, energy)
        return bound


class Formerly(Binding):
    """The same under the name that earlier versions asked for."""

    bind = None

    def calibrated(self, X, energy):
        return Binding.bind(self, X, energy)


def test_an_estimator_is_bound_once_and_before_all_blocks(counts, tmp_path):
    calls = []

    class Counting(Binding):
        def bind(self, X, energy):
            calls.append(X.shape)
            return super().bind(X, energy)

    run = predict_maps_to_file(
        Counting().fit(None), cube_of(counts, (4, 7, 32)), tmp_path / "maps.nc", batch_size=5
    )
    assert calls == [(13 * 7, 32)]
    assert run.line_groups == tuple(GROUPS)
    assert isinstance(run.estimator, Named)


@pytest.mark.parametrize("kind", [Binding, Formerly])
def test_it_sees_the_spectra_and_the_axis(kind, counts):
    bound = bind(kind().fit(None), cube_of(counts))
    assert bound.seen_[0] == (13 * 7, 32)
    np.testing.assert_array_equal(bound.seen_[1], ENERGY)
    assert bind(bound, cube_of(counts)) is bound
    assert calibrated_to is bind


def test_without_an_axis_it_gets_none(counts):
    bound = bind(Binding().fit(None), cube_of(counts).drop_vars("energy"))
    assert bound.seen_[1] is None


def test_classes_and_bound_models_are_returned_as_they_are(counts):
    class Bound(Binding):
        bound_ = True
        unfamiliar_ = ()

        def detected_in(self, maps, false_alarms=0.01):
            return []

        def spectrum_fit(self):
            return None

    model = Bound()
    assert bind(model, cube_of(counts)) is model
    assert bind(Binding, cube_of(counts)) is Binding


def test_a_small_cube_of_which_all_is_sampled_is_read_once(counts, tmp_path, monkeypatch):
    lazy = cube_of(counts, (4, 5, 32))
    expected = predict_maps(Binding().fit(None), lazy).compute()
    monkeypatch.setattr(_to_file, "predict_lazily", lambda *_: pytest.fail("read block by block"))
    predict_maps_to_file(Binding().fit(None), lazy, tmp_path / "maps.nc")
    np.testing.assert_array_equal(open_maps(tmp_path / "maps.nc"), expected)


def test_a_sample_is_spread_evenly_and_bounded(counts):
    np.testing.assert_array_equal(sample_spectra(cube_of(counts)), counts.reshape(-1, 32))
    wide = xr.DataArray(
        da.zeros((600, 900, 2), chunks=(100, 900, 2), dtype=np.uint8), dims=("y", "x", "energy")
    )
    sample = sample_spectra(wide)
    assert 25_000 < len(sample) <= 50_000
    # Whole rows, few of them; no fewer than a drift needs.
    assert _sample_steps(wide) == (9, 2)
    for n_y, n_x in [(100, 5000), (1, 10**6), (10**6, 1), (5000, 5000), (64, 640)]:
        step_y, step_x = _sample_steps(xr.DataArray(da.zeros((n_y, n_x, 2)), dims=wide.dims))
        n_rows = -(-n_y // step_y)
        assert n_rows * -(-n_x // step_x) <= 50_000
        assert n_rows >= min(n_y, 50) or n_x == 1
    deep = xr.DataArray(
        da.zeros((40, 40, 2**18), chunks=(1, 40, 2**18), dtype=np.uint16),
        dims=("y", "x", "energy"),
    )
    assert sample_spectra(deep[::2, ::2]).nbytes <= 256 * 2**20
