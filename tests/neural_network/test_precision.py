"""Arithmetic and range of predictions."""

import numpy as np
import pytest

from skxrf.neural_network import SpectrumCNNRegressor, SpectrumMLPRegressor
from skxrf.neural_network import _precision as precision_module
from skxrf.neural_network._modules import fill_buffers
from skxrf.neural_network._precision import prediction_function


@pytest.fixture(scope="module", params=[SpectrumMLPRegressor, SpectrumCNNRegressor])
def fitted(request, painting):
    X, y = painting
    model = request.param(max_epochs=10, precision="float32", random_state=0)
    model.fit(X[:900], y[:900])
    # The whole correction of the layers, at all intensities.
    fill_buffers(model.net_.module_, residual_weight=np.ones(3))
    return model


def in_precision(model, precision, X):
    return model.set_params(precision=precision).predict(X)


def test_bfloat16_is_equal_within_a_tenth_of_the_standard_error(fitted, painting):
    X, y = painting
    X = X[900:]
    exact = in_precision(fitted, "float32", X)
    fast = in_precision(fitted, "bfloat16", X)
    assert fast.dtype == np.float32
    assert not np.array_equal(fast, exact)
    error = np.sqrt(np.square(exact - y[900:].to_numpy()).mean(axis=0))
    assert np.all(np.sqrt(np.square(fast - exact).mean(axis=0)) < 0.1 * error)
    assert np.quantile(np.abs(fast - exact) / error, 0.999) < 0.1


def test_doubles_are_predicted_exactly(fitted, painting):
    X = painting[0][900:].astype(np.float64)
    exact, fast = (in_precision(fitted, name, X) for name in ("float32", "bfloat16"))
    np.testing.assert_array_equal(exact, fast)


@pytest.mark.parametrize("there", [True, False])
def test_auto_follows_the_processor(there, fitted, monkeypatch):
    monkeypatch.setattr(precision_module, "has_bfloat16", lambda: there)
    module = fitted.net_.module_
    assert (prediction_function(module, "auto") is module) is not there
    assert prediction_function(module, "float32") is module
    module.double()
    assert prediction_function(module, "bfloat16") is module
    module.float()


def test_auto_leaves_a_network_without_linear_path_alone(painting, monkeypatch):
    monkeypatch.setattr(precision_module, "has_bfloat16", lambda: True)
    model = SpectrumMLPRegressor(linear_path=False, max_epochs=1).fit(*painting)
    assert prediction_function(model.net_.module_, "auto") is model.net_.module_
