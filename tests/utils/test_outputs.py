"""Scores of regressors that pair outputs and labels by their names."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from sklearn.base import BaseEstimator
from sklearn.metrics import r2_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skxrf.compose import SubsampledRegressor
from skxrf.exceptions import LineGroupError, SkxrfError
from skxrf.utils.outputs import NamedOutputsMixin, line_group_names

NAMES = ["Fe_K", "Cu_K", "Pb_L"]


class Columns(NamedOutputsMixin, BaseEstimator):
    """Regressor whose predictions are the first columns of X."""

    def fit(self, X, y=None):
        self.line_groups_ = NAMES
        return self

    def predict(self, X):
        return np.asarray(X, dtype=float)[:, : len(NAMES)]


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    X = rng.uniform(0, 100, (40, 3))
    y = pd.DataFrame(X + rng.normal(0, [1, 10, 30], X.shape), columns=NAMES)
    return X, y


def test_columns_are_paired_by_name(table):
    X, y = table
    model = Columns().fit(X)
    expected = r2_score(y.to_numpy(), X)
    assert model.score(X, y) == expected
    assert model.score(X, y[NAMES[::-1]]) == pytest.approx(expected, abs=1e-15)
    maps = xr.DataArray(y, dims=("sample", "element"), coords={"element": NAMES})
    assert model.score(X, maps[:, ::-1]) == pytest.approx(expected, abs=1e-15)
    assert model.score(X, y.to_numpy()) == expected


def test_labels_of_some_line_groups(table):
    X, y = table
    model = Columns().fit(X)
    assert model.score(X, y[["Pb_L", "Fe_K"]]) == r2_score(y[["Pb_L", "Fe_K"]], X[:, [2, 0]])
    assert model.score(X, y["Cu_K"]) == r2_score(y["Cu_K"], X[:, 1])
    with pytest.raises(LineGroupError, match="hold Ni_K, which Columns does not"):
        model.score(X, y.rename(columns={"Cu_K": "Ni_K"}))


def test_labels_that_are_not_known_are_left_out(table):
    X, y = table
    weights = np.linspace(1, 2, len(X))
    y = y.mask(np.arange(len(y))[:, None] < np.array([0, 10, 39]))
    scores = [
        r2_score(y.iloc[rows:, j], X[rows:, j], sample_weight=weights[rows:])
        for j, rows in enumerate((0, 10))
    ]
    assert Columns().fit(X).score(X, y, sample_weight=weights) == pytest.approx(np.mean(scores))
    with pytest.raises(SkxrfError, match="no two labels"):
        Columns().fit(X).score(X, y * np.nan)


def test_meta_estimators_pair_by_name_too(table):
    X, y = table
    model = SubsampledRegressor(make_pipeline(FunctionTransformer(), Columns())).fit(X, y)
    assert model.score(X, y[NAMES[::-1]]) == pytest.approx(r2_score(y.to_numpy(), X), abs=1e-15)


def test_names_of_labels(table):
    _, y = table
    assert line_group_names(y) == NAMES
    assert line_group_names(y["Fe_K"]) == ["Fe_K"]
    assert line_group_names(y["Fe_K"].rename(None)) is None
    assert line_group_names(y.set_axis(range(3), axis=1)) is None
    assert line_group_names(y.to_numpy()) is None
