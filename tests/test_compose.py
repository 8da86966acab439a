import pickle

import dask.array as da
import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.linear_model import BayesianRidge, Ridge
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skxrf.compose import SubsampledRegressor
from skxrf.metrics import ssim_scorer
from skxrf.preprocessing import ChannelBinner
from skxrf.samples import to_samples
from skxrf.utils.fitted import fitted_channels, fitted_energy


class Recorder(RegressorMixin, BaseEstimator):
    """Keeps what it is given."""

    def fit(self, X, y, sample_weight=None, note=None):
        self.X_, self.y_, self.sample_weight_, self.note_ = X, y, sample_weight, note
        self.n_features_in_ = X.shape[1]
        return self

    def predict(self, X, return_std=False):
        mean = np.zeros(len(X))
        return (mean, mean + 1) if return_std else mean


class NamedRecorder(Recorder):
    """Knows its axis and outputs, as the library's regressors do."""

    def fit(self, X, y, sample_weight=None, note=None):
        self.energy_ = 0.1 * np.arange(X.shape[1])
        self.line_groups_ = ["Fe_K"]
        return super().fit(X, y)


@pytest.mark.parametrize(
    ("max_samples", "expected"), [(50, 50), (1, 1), (0.25, 176), (1.0, 706), (10_000, 706)]
)
def test_as_many_rows_as_asked_for_each_once(max_samples, expected, tiny_samples):
    X, Y = tiny_samples
    model = SubsampledRegressor(Recorder(), max_samples=max_samples, random_state=0).fit(X, Y)
    rows = model.sample_indices_
    assert len(rows) == expected
    assert (np.diff(rows) > 0).all()
    np.testing.assert_array_equal(model.regressor_.X_, X[rows])
    pd.testing.assert_frame_equal(model.regressor_.y_, Y.iloc[rows])
    assert model.predict(X).shape == (706,)


def test_rows_of_everywhere():
    y = np.arange(10_000)
    model = SubsampledRegressor(Recorder(), max_samples=2000, random_state=1).fit(y[:, None], y)
    share, _ = np.histogram(model.sample_indices_, bins=10, range=(0, 10_000))
    assert (share > 120).all()  # five standard deviations of the expected 200


def test_seed_decides(tiny_samples):
    X, Y = tiny_samples

    def rows(seed):
        return SubsampledRegressor(Ridge(), max_samples=99, random_state=seed).fit(X, Y)

    np.testing.assert_array_equal(rows(3).sample_indices_, rows(3).sample_indices_)
    np.testing.assert_array_equal(rows(3).predict(X), rows(3).predict(X))
    assert (rows(3).sample_indices_ != rows(4).sample_indices_).any()
    generator = np.random.RandomState(0)
    assert (rows(generator).sample_indices_ != rows(generator).sample_indices_).any()


def test_default_is_fifty_thousand():
    X = np.zeros((60_000, 1))
    model = SubsampledRegressor(Recorder(), random_state=0).fit(X, X[:, 0])
    assert len(model.sample_indices_) == 50_000


def test_all_rows_give_the_regressor_itself(tiny_samples):
    X, Y = tiny_samples
    model = SubsampledRegressor(Recorder()).fit(X, Y)
    assert model.regressor_.X_ is X
    assert model.regressor_.y_ is Y
    alone = Ridge().fit(X, Y).predict(X)
    np.testing.assert_array_equal(SubsampledRegressor(Ridge()).fit(X, Y).predict(X), alone)


def test_regressor_is_cloned(tiny_samples):
    X, Y = tiny_samples
    inner = Ridge()
    SubsampledRegressor(inner, max_samples=20).fit(X, Y)
    assert not hasattr(inner, "coef_")


def test_lazy_cube_is_read_where_drawn(tiny_paintings, tiny_samples):
    cubes, _ = tiny_paintings
    X, Y = tiny_samples
    lazy = to_samples({name: cube.chunk(y=4) for name, cube in cubes.items()})
    assert isinstance(lazy.data, da.Array)
    model = SubsampledRegressor(Recorder(), max_samples=30, random_state=0).fit(lazy, Y)
    assert isinstance(model.regressor_.X_.data, da.Array)
    np.testing.assert_array_equal(model.regressor_.X_, X[model.sample_indices_])
    SubsampledRegressor(Ridge(), max_samples=30, random_state=0).fit(lazy, Y).predict(X)


def test_names_axis_and_line_groups_are_the_regressors(tiny_samples):
    X, Y = tiny_samples
    model = SubsampledRegressor(NamedRecorder(), max_samples=20)
    names = ("n_features_in_", "feature_names_in_", "energy_", "line_groups_")
    assert not any(hasattr(model, name) for name in names)
    model.fit(X, Y)
    assert model.n_features_in_ == 16
    assert model.line_groups_ == ["Fe_K"]
    np.testing.assert_allclose(model.energy_, 0.1 * np.arange(16))
    np.testing.assert_allclose(fitted_energy(model), model.energy_)
    plain = SubsampledRegressor(Ridge(), max_samples=20).fit(X, Y)
    assert not any(hasattr(plain, name) for name in names[1:])
    frame = pd.DataFrame(X, columns=[f"c{i}" for i in range(16)])
    assert SubsampledRegressor(Ridge()).fit(frame, Y).feature_names_in_.tolist() == [*frame]


def test_axis_is_found_in_a_pipeline_inside(tiny_samples):
    X, Y = tiny_samples
    inner = make_pipeline(ChannelBinner(2, energy=(0.5, 1.0)), Ridge())
    model = SubsampledRegressor(inner, max_samples=100, random_state=0).fit(X, Y)
    np.testing.assert_allclose(fitted_energy(model), 0.5 + np.arange(16))
    assert fitted_channels(model) == 16


def test_predict_options_reach_the_regressor(tiny_samples):
    X, Y = tiny_samples
    model = SubsampledRegressor(BayesianRidge(), max_samples=10, random_state=0)
    mean, std = model.fit(X, Y["Fe_K"]).predict(X, return_std=True)
    assert mean.shape == std.shape == (706,)
    with pytest.raises(TypeError, match="return_std"):
        SubsampledRegressor(Ridge(), max_samples=10).fit(X, Y).predict(X, return_std=True)


def test_fit_options_are_cut_to_the_drawn_rows(tiny_samples):
    X, Y = tiny_samples
    weights = np.arange(len(X), dtype=float)
    model = SubsampledRegressor(Recorder(), max_samples=40, random_state=0)
    model.fit(X, Y, sample_weight=weights, note="as it is")
    np.testing.assert_array_equal(model.regressor_.sample_weight_, weights[model.sample_indices_])
    assert model.regressor_.note_ == "as it is"


def test_metadata_are_routed(tiny_samples):
    X, Y = tiny_samples
    weights = np.arange(len(X), dtype=float)
    with sklearn.config_context(enable_metadata_routing=True):
        inner = Recorder().set_fit_request(sample_weight=True, note=False)
        inner.set_predict_request(return_std=True)
        model = SubsampledRegressor(inner, max_samples=40, random_state=0)
        model.fit(X, Y, sample_weight=weights)
        rows = model.sample_indices_
        np.testing.assert_array_equal(model.regressor_.sample_weight_, weights[rows])
        assert len(model.predict(X, return_std=True)) == 2
        with pytest.raises(TypeError, match="unexpected"):
            model.fit(X, Y, colour="red")


def test_size_and_regressor_can_be_searched(tiny_samples):
    X, Y = tiny_samples
    search = GridSearchCV(
        SubsampledRegressor(make_pipeline(StandardScaler(), Ridge()), random_state=0),
        {"max_samples": [3, 300], "regressor__ridge__alpha": [1.0, 1e5]},
        scoring=ssim_scorer,
        cv=KFold(3, shuffle=True, random_state=0),
        error_score="raise",
    ).fit(X, Y)
    assert search.best_params_ == {"max_samples": 300, "regressor__ridge__alpha": 1.0}
    assert len(search.best_estimator_.sample_indices_) == 300


def test_fitted_one_can_be_pickled_and_cloned(tiny_samples):
    X, Y = tiny_samples
    model = SubsampledRegressor(Ridge(), max_samples=60, random_state=0).fit(X, Y)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), model.predict(X))
    assert not hasattr(clone(model), "regressor_")


@pytest.mark.parametrize("max_samples", [0, -1, 0.0, 1.5, "all", None])
def test_bad_size(max_samples):
    with pytest.raises(ValueError, match="'max_samples' parameter"):
        SubsampledRegressor(Ridge(), max_samples=max_samples).fit(np.ones((3, 1)), np.ones(3))


def test_bad_regressor_and_unfitted():
    with pytest.raises(ValueError, match="'regressor' parameter"):
        SubsampledRegressor(StandardScaler()).fit(np.ones((3, 1)), np.ones(3))
    with pytest.raises(sklearn.exceptions.NotFittedError):
        SubsampledRegressor(Ridge()).predict(np.ones((3, 1)))
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        SubsampledRegressor(Ridge()).fit(np.ones((3, 1)), np.ones(4))
