import pickle

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skxrf.neural_network import SpectrumCNNRegressor, SpectrumMLPRegressor


def small(**parameters):
    return SpectrumCNNRegressor(**{"max_epochs": 2, "random_state": 0, **parameters})


def convolutions(model):
    layers = model.net_.module_.trunk.layers
    return [layer for layer in layers if hasattr(layer, "kernel_size") and hasattr(layer, "weight")]


def test_windows_do_not_overlap_by_default(painting):
    model = small(channels=(4, 6), kernel_size=(8, 4)).fit(*painting)
    assert [(c.kernel_size, *c.weight.shape) for c in convolutions(model)] == [
        (8, 4, 8),
        (4, 6, 16),
    ]
    assert model.net_.module_.trunk.n_features_out == 6 * 2


def test_one_number_is_for_all_layers(painting):
    model = small(channels=(4, 6, 8), kernel_size=3).fit(*painting)
    shapes = [(c.kernel_size, *c.weight.shape) for c in convolutions(model)]
    assert shapes == [(3, 4, 3), (3, 6, 12), (3, 8, 18)]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"channels": (4, 4), "kernel_size": (3, 3, 3)}, "'kernel_size' parameter has 3 values"),
        ({"channels": (4, 0)}, "'channels' parameter must hold integers of at least 1"),
        ({"kernel_size": 0}, "'kernel_size' parameter"),
    ],
)
def test_bad_architectures(parameters, message, painting):
    with pytest.raises(ValueError, match=message):
        small(**parameters).fit(*painting)


def test_search_over_architectures(painting):
    X, y = painting[0][:500], painting[1][:500]
    grid = {
        "channels": [(4,), (4, 8, 8)],
        "kernel_size": [4, 8],
        "hidden_layer_sizes": [(8,)],
    }
    search = GridSearchCV(small(), grid, cv=2, error_score="raise").fit(X, y)
    assert len(search.cv_results_["params"]) == 4
    assert len(set(search.cv_results_["mean_test_score"])) > 1
    assert search.best_estimator_.line_groups_[0] == "Ca_K"
    depth = len(search.best_params_["channels"])
    assert len(convolutions(search.best_estimator_)) == depth


def test_search_over_whole_steps(painting):
    X, y = painting[0][:500], painting[1][:500]
    pipeline = Pipeline([("scale", StandardScaler()), ("net", small())])
    grid = [
        {"net": [SpectrumMLPRegressor(max_epochs=2)], "net__hidden_layer_sizes": [(8,), (8, 8)]},
        {
            "net": [small()],
            "net__channels": [(4,), (4, 4)],
            "scale": [FunctionTransformer(np.sqrt)],
        },
    ]
    search = GridSearchCV(pipeline, grid, cv=2, error_score="raise").fit(X, y)
    kinds = {type(p["net"]) for p in search.cv_results_["params"]}
    assert kinds == {SpectrumMLPRegressor, SpectrumCNNRegressor}
    assert search.best_score_ > 0.5
    assert search.predict(X).shape == (500, 3)


def test_a_fine_axis():
    rng = np.random.default_rng(0)
    y = rng.uniform(0, 500, size=(80, 2))
    X = rng.poisson(y @ rng.dirichlet(np.ones(2050), size=2))
    model = SpectrumCNNRegressor(max_epochs=1, random_state=0).fit(X, y)
    assert model.net_.module_.transform.n_features_out == 1025
    assert model.net_.module_.coef.shape == (2050, 2)
    restored = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(restored.predict(X), model.predict(X))
