import numpy as np
import pytest
from sklearn.base import BaseEstimator, RegressorMixin, TransformerMixin
from sklearn.compose import TransformedTargetRegressor
from sklearn.decomposition import PCA
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skxrf.utils.fitted import (
    fitted_channels,
    fitted_energy,
    fitted_line_groups,
    inner_estimators,
)

ENERGY = 0.5 + 0.02 * np.arange(50)


class KnowsAxisAndNames(RegressorMixin, BaseEstimator):
    """A regressor that was given its energy axis."""

    def __init__(self, energy=None):
        self.energy = energy

    def fit(self, X, y=None):
        self.n_features_in_ = X.shape[1]
        self.energy_ = np.asarray(self.energy)
        self.line_groups_ = ["Ti_K"]
        return self

    def predict(self, X):
        return X.sum(axis=1)


class KnowsAxis(TransformerMixin, BaseEstimator):
    """A transformer that was given its energy axis."""

    def __init__(self, energy=None):
        self.energy = energy

    def fit(self, X, y=None):
        self.n_features_in_ = X.shape[1]
        self.energy_ = np.asarray(self.energy)
        return self

    def transform(self, X):
        return X


def spectra():
    return np.random.default_rng(0).poisson(5, (20, ENERGY.size)).astype(np.float32)


def make_models():
    X = spectra()
    y = X[:, :2]
    inner = KnowsAxisAndNames(ENERGY)
    return {
        "plain": inner.fit(X),
        "Pipeline": make_pipeline(StandardScaler(with_std=False), inner).fit(X),
        "passthrough": make_pipeline("passthrough", inner).fit(X),
        "GridSearchCV": GridSearchCV(inner, {"energy": [ENERGY]}, cv=2).fit(X, y[:, 0]),
        "TransformedTarget": TransformedTargetRegressor(inner, check_inverse=False).fit(X, y[:, 0]),
        "Frozen": FrozenEstimator(inner),
        "nested": GridSearchCV(
            make_pipeline(StandardScaler(), TransformedTargetRegressor(inner)),
            {"standardscaler__with_std": [True]},
            cv=2,
        ).fit(X, y[:, 0]),
        "MultiOutput": MultiOutputRegressor(inner).fit(X, y),
        "first step": make_pipeline(KnowsAxis(ENERGY), PCA(2), Ridge()).fit(X, y),
        "two axes": make_pipeline(KnowsAxis(ENERGY), KnowsAxis(ENERGY + 1), Ridge()).fit(X, y),
    }


MODELS = list(make_models())


@pytest.mark.parametrize("name", MODELS)
def test_axis_and_channels_are_found(name):
    model = make_models()[name]
    np.testing.assert_array_equal(fitted_energy(model), ENERGY)
    assert fitted_channels(model) == 50


@pytest.mark.parametrize("name", MODELS[:7])
def test_names_are_found(name):
    assert fitted_line_groups(make_models()[name]) == ["Ti_K"]


@pytest.mark.parametrize("name", MODELS[7:])
def test_names_that_are_not_those_of_the_outputs_are_not_taken(name):
    # MultiOutputRegressor: one name for a single output, and there are two.
    assert fitted_line_groups(make_models()[name]) is None


def test_plain_estimator_knows_neither():
    model = LinearRegression().fit(spectra(), np.arange(20.0))
    assert fitted_energy(model) is None
    assert fitted_line_groups(model) is None
    assert fitted_channels(model) == 50


def test_any_object_may_know_nothing():
    assert fitted_energy(object()) is None
    assert fitted_line_groups(object()) is None
    assert fitted_channels(object()) is None


def test_unfitted_templates_of_a_search_are_not_walked():
    search = GridSearchCV(KnowsAxisAndNames(ENERGY), {"energy": [ENERGY]}, cv=2)
    search.fit(spectra(), np.arange(20.0))
    assert list(inner_estimators(search)) == [search, search.best_estimator_]


def test_an_estimator_that_holds_itself_is_walked_once():
    model = LinearRegression()
    model.estimator_ = model
    assert list(inner_estimators(model)) == [model]
    assert fitted_line_groups(model) is None
