import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV

from skxrf.neural_network import SpectrumMLPRegressor


def small(**parameters):
    return SpectrumMLPRegressor(**{"max_epochs": 2, "random_state": 0, **parameters})


def widths(model):
    return [tuple(layer.weight.shape) for layer in model.net_.module_.layers]


def test_layers(painting):
    # The three linear estimates join the input of the last hidden layer.
    model = small(hidden_layer_sizes=(10, 6)).fit(*painting)
    assert widths(model) == [(10, 64), (6, 10 + 3), (3, 6)]
    model = small(hidden_layer_sizes=(10,)).fit(*painting)
    assert widths(model) == [(10, 64 + 3), (3, 10)]
    model = small(hidden_layer_sizes=(10, 6), linear_path=False).fit(*painting)
    assert widths(model) == [(10, 64), (6, 10), (3, 6)]
    model = small(hidden_layer_sizes=(), linear_path=False).fit(*painting)
    assert widths(model) == [(3, 64)]


def test_search_over_depths_widths_and_paths(painting):
    X, y = painting[0][:500], painting[1][:500]
    grid = {
        "hidden_layer_sizes": [(8,), (16, 8)],
        "linear_path": [True, False],
        "input_transform": ["sqrt", "standard", None],
    }
    search = GridSearchCV(small(), grid, cv=2, error_score="raise").fit(X, y)
    scores = search.cv_results_["mean_test_score"]
    assert len(scores) == 12
    assert np.isfinite(scores).all()
    assert search.best_params_["linear_path"]


@pytest.mark.parametrize("batch_size", ["auto", 1, 7, 10_000])
def test_batch_sizes(batch_size, painting):
    X, y = painting[0][:60], painting[1][:60]
    model = small(batch_size=batch_size, max_epochs=1).fit(X, y)
    assert np.isfinite(model.predict(X)).all()
