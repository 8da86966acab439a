import numpy as np
import pytest
from sklearn.base import clone

from skxrf.neural_network import published_networks
from skxrf.neural_network._modules import n_parameters
from skxrf.neural_network._published import PublishedCNNRegressor, PublishedMLPRegressor

TOTALS = {"MLP": 2_135_436, "CNN": 68_300, "MLP+": 44_428, "CNN+": 72_140}


@pytest.fixture(scope="module")
def fitted():
    rng = np.random.default_rng(0)
    y = rng.uniform(0, 300, size=(40, 12))
    templates = rng.dirichlet(np.full(4096, 0.01), size=12)
    X = rng.poisson(y @ templates)
    networks = published_networks(templates, max_epochs=1, random_state=0)
    return {name: net.fit(X, y) for name, net in networks.items()}, X, templates


@pytest.mark.parametrize("name", TOTALS)
def test_numbers_of_parameters(fitted, name):
    # The totals of the authors' networks at 4096 channels and 12 outputs, templates not counted.
    assert n_parameters(fitted[0][name].net_.module_) == TOTALS[name]


@pytest.mark.parametrize("name", TOTALS)
def test_they_predict_from_raw_counts(fitted, name):
    network, X = fitted[0][name], fitted[1]
    module = network.net_.module_
    assert module.transform.kind is None
    assert not module.linear_path
    np.testing.assert_array_equal(module.gain, 1)
    np.testing.assert_array_equal(module.shift.numpy() != 0, False)
    assert network.predict(X).shape == (40, 12)


def test_templates_are_scaled_to_a_maximum_of_one(fitted):
    networks, _, templates = fitted
    used = networks["CNN+"].net_.module_.trunk.templates.numpy()
    np.testing.assert_allclose(used.max(axis=1), 1, rtol=1e-6)
    np.testing.assert_allclose(used, templates / templates.max(axis=1, keepdims=True), atol=1e-6)


def test_a_template_without_counts_is_refused():
    with pytest.raises(ValueError, match="template 1 "):
        published_networks(np.array([[1.0, 2.0], [0.0, 0.0]]))


def test_parameters_can_be_set():
    networks = published_networks(np.ones((2, 8)), max_time=3.0, max_epochs=7)
    assert list(networks) == ["MLP", "CNN", "MLP+", "CNN+"]
    for network in networks.values():
        assert network.max_time == 3.0
        assert network.max_epochs == 7
        assert network.loss == "scaled_absolute_error"


def test_one_number_is_for_all_layers(painting):
    model = PublishedCNNRegressor(
        (4, 6, 8), kernel_size=3, stride=2, padding=1, max_epochs=1, random_state=0
    ).fit(*painting)
    trunk = model.net_.module_.trunk
    found = [layer for layer in trunk.layers if hasattr(layer, "stride") and hasattr(layer, "bias")]
    shapes = [(*c.weight.shape, c.stride[0], c.padding[0]) for c in found]
    assert shapes == [(4, 1, 3, 2, 1), (6, 4, 3, 2, 1), (8, 6, 3, 2, 1)]
    # 64 channels: halved by the stride and by the pooling of each layer.
    assert trunk.n_features_out == 8 * 1


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"stride": (1,)}, "'stride' parameter has 1 values for 5 layers"),
        ({"padding": (0, -1)}, "'padding' parameter must hold integers of at least 0"),
        ({"pool_size": 0}, "'pool_size' parameter"),
        ({"templates": np.ones((2, 63))}, "templates have 63 channels, but the spectra have 64"),
        ({"templates": np.full((2, 64), np.nan)}, "templates contains NaN"),
    ],
)
def test_bad_parameters(parameters, message, painting):
    with pytest.raises(ValueError, match=message):
        PublishedCNNRegressor(max_epochs=1, **parameters).fit(*painting)


def test_templates_are_the_input_of_the_dense_network(painting, line_templates):
    model = PublishedMLPRegressor((10, 6), templates=line_templates, max_epochs=1)
    module = model.fit(*painting).net_.module_
    assert module.layers[0].weight.shape == (10, 3)
    np.testing.assert_allclose(module.trunk.templates, line_templates, atol=1e-7)


def test_templates_help(painting, line_templates):
    X, y = painting
    plain = PublishedCNNRegressor(max_epochs=6, random_state=0).fit(X[:900], y[:900])
    guided = clone(plain).set_params(templates=50 * line_templates).fit(X[:900], y[:900])
    assert guided.loss_curve_[-1] < plain.loss_curve_[-1]


def test_the_best_epoch_is_kept_and_the_rate_is_constant(painting):
    X, y = painting[0][:200], painting[1][:200]
    model = PublishedMLPRegressor((16,), max_epochs=30, learning_rate=2e-2, random_state=0)
    model.fit(X, y)
    assert model.stopped_by_ == "max_epochs"
    assert model.net_.optimizer_.param_groups[0]["lr"] == 2e-2
    best = int(np.argmin(model.validation_loss_curve_)) + 1
    assert best < 30
    again = clone(model).set_params(max_epochs=best).fit(X, y)
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
