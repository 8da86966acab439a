"""Modules of the user's with the training of the built-in networks."""

import pickle

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV

from skxrf.exceptions import ModelFileError, SkxrfError
from skxrf.neural_network import (
    SpectrumMLPRegressor,
    SpectrumModuleRegressor,
    published_networks,
)
from skxrf.persistence import save_model


class TwoLayers(torch.nn.Module):
    def __init__(self, n_features, n_outputs, width=32, dropout=0.0):
        super().__init__()
        self.first = torch.nn.Linear(n_features, width)
        self.norm = torch.nn.BatchNorm1d(width)
        self.drop = torch.nn.Dropout(dropout)
        self.last = torch.nn.Linear(width, n_outputs)

    def forward(self, X):
        return self.last(self.drop(torch.nn.functional.silu(self.norm(self.first(X)))))


class Wrong(torch.nn.Linear):
    def forward(self, X):
        return super().forward(X)[:, :1]


def small(**parameters):
    settings = {"max_epochs": 10, "random_state": 0}
    return SpectrumModuleRegressor(TwoLayers, **{**settings, **parameters})


def test_it_is_better_than_ridge_as_the_built_in_ones_are(painting):
    X, y = painting
    model = small(max_epochs=40).fit(X[:700], y[:700], X_val=X[700:900], y_val=y[700:900])
    ridge = Ridge(alpha=10.0).fit(X[:900].astype(float), y[:900])
    ours = np.square(model.predict(X[900:]) - y[900:]).mean(axis=0)
    theirs = np.square(ridge.predict(X[900:].astype(float)) - y[900:]).mean(axis=0)
    assert np.all(ours < 0.9 * theirs)
    assert np.all(model.residual_weight_[0] > 0.3)
    assert model.line_groups_ == ["Ca_K", "Ti_K", "Fe_K"]


@pytest.mark.parametrize("linear_path", [True, False])
def test_seeded_and_the_global_generator_is_put_back(linear_path, painting):
    X, y = painting
    state = torch.random.get_rng_state()
    model = small(linear_path=linear_path, module__dropout=0.3).fit(X, y)
    assert torch.equal(torch.random.get_rng_state(), state)
    torch.manual_seed(99)
    np.testing.assert_array_equal(clone(model).fit(X, y).predict(X), model.predict(X))
    torch.random.set_rng_state(state)
    other = clone(model).set_params(random_state=1).fit(X, y)
    assert not np.array_equal(other.predict(X), model.predict(X))


def test_parameters_of_the_module_are_searched_and_fixed(painting):
    X, y = painting[0][:300], painting[1][:300]
    search = GridSearchCV(small(max_epochs=1), {"module__width": [4, 8]}, cv=2).fit(X, y)
    width = search.best_params_["module__width"]
    assert search.best_estimator_.net_.module_.module.first.out_features == width
    model = small(module__width=4, warm_start=True).fit(X, y).set_params(module__width=8)
    with pytest.raises(SkxrfError, match="another module_parameters cannot go on"):
        model.fit(X, y)


def test_a_module_takes_the_place_of_built_in_layers(painting):
    X, y = painting[0][:300], painting[1][:300]
    model = SpectrumMLPRegressor((8,), max_epochs=1, random_state=0)
    model.set_params(module=TwoLayers, module__width=4)
    same = small(max_epochs=1, module__width=4).fit(X, y)
    np.testing.assert_array_equal(clone(model).fit(X, y).predict(X), same.predict(X))
    assert not np.array_equal(
        model.set_params(module__width=8).fit(X, y).predict(X), same.predict(X)
    )


@pytest.mark.parametrize(
    "given",
    [{"module__width": 4}, {"module": TwoLayers(2, 1)}, {"module": None, "module__width": 4}],
)
def test_a_module_is_a_class(given, painting):
    X, y = painting[0][:300], painting[1][:300]
    with pytest.raises(TypeError, match="module must be a class"):
        SpectrumMLPRegressor((8,), max_epochs=1, **given).fit(X, y)


def test_published_networks_have_their_own_layers(painting):
    X, y = painting[0][:300], painting[1][:300]
    published = published_networks(max_epochs=1)["MLP"]
    published.module = TwoLayers
    with pytest.raises(TypeError, match="unexpected parameter 'module'"):
        published.fit(X, y)


def test_architectures_of_both_kinds_in_one_search(painting):
    from sklearn.pipeline import Pipeline

    X, y = painting[0][:300], painting[1][:300]
    grid = [
        {"net": [small(max_epochs=1)], "net__module__width": [4, 8]},
        {"net": [SpectrumMLPRegressor((8,), max_epochs=1)], "net__dropout": [0.0, 0.1]},
    ]
    pipeline = Pipeline([("net", small())])
    search = GridSearchCV(pipeline, grid, cv=2, error_score="raise").fit(X, y)
    assert len(search.cv_results_["params"]) == 4


def test_pickle_and_training_on(painting):
    X, y = painting
    model = small(module__width=8).fit(X, y)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    np.testing.assert_array_equal(
        again.partial_fit(X, y).predict(X), model.partial_fit(X, y).predict(X)
    )


@pytest.mark.parametrize(
    "model", [small(max_epochs=1), SpectrumMLPRegressor((8,), max_epochs=1, module=TwoLayers)]
)
def test_saving_is_refused_in_plain_words(model, painting, tmp_path):
    name = type(model).__name__
    with pytest.raises(ModelFileError, match=f"{name} cannot be stored safely"):
        save_model(clone(model).fit(*painting), tmp_path / "model.skxrf")
    assert not list(tmp_path.iterdir())


def test_sizes_are_filled_in_and_single_outputs_work(painting):
    X, y = painting
    model = SpectrumModuleRegressor(torch.nn.Linear, max_epochs=1, random_state=0)
    assert model.fit(X, y["Fe_K"]).predict(X).shape == (len(X),)
    assert model.fit(X, y).net_.module_.module.out_features == 3


def test_outputs_of_another_shape_are_refused(painting):
    with pytest.raises(SkxrfError, match=r"Wrong returned the shape .*, 1\).* 3 outputs"):
        SpectrumModuleRegressor(Wrong, max_epochs=1).fit(*painting)


def test_a_module_must_be_a_class(painting):
    with pytest.raises(ValueError, match="'module' parameter"):
        SpectrumModuleRegressor(torch.nn.Linear(64, 3)).fit(*painting)


def test_labels_that_are_missing(painting):
    X, y = painting
    missing = y.where(np.arange(len(y))[:, None] % 3 > [0, -1, -1])
    assert small().fit(X, missing).score(X, y) > 0.8
