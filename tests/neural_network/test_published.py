import numpy as np
import pytest

from skxrf.neural_network import published_networks
from skxrf.neural_network._modules import n_parameters

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
