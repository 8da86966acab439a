"""The torch module that is trained and the numpy forward pass are one formula."""

import numpy as np
import pytest
import torch

from skxrf.pretrained import load_pretrained
from skxrf.pretrained._axis import COMPONENT_GROUPS, ENERGY, N_BACKGROUND
from skxrf.pretrained.training._network import AdaptiveFilterNetwork, network_of, weights_of

N_COMPONENTS = len(COMPONENT_GROUPS) + N_BACKGROUND


@pytest.fixture(scope="module")
def inputs():
    rng = np.random.default_rng(0)
    dose = np.exp(rng.uniform(np.log(50), np.log(1e5), (300, 1)))
    shape = rng.gamma(0.3, size=(300, ENERGY.size))
    counts = rng.poisson(dose * shape / shape.sum(axis=1, keepdims=True)).astype(np.float32)
    counts[0] = 0
    matrix = np.random.default_rng(1).normal(size=(N_COMPONENTS, ENERGY.size)).astype(np.float32)
    return counts, 0.1 * counts @ matrix.T


def outputs(network, counts, fits):
    with torch.inference_mode():
        found = network(torch.from_numpy(counts), torch.from_numpy(fits))
    return [part.numpy() for part in found]


def test_numpy_and_torch_agree_for_the_shipped_network(inputs):
    weights = load_pretrained().load_weights()
    expected = outputs(network_of(weights), *inputs)
    values, errors = weights.predict(*inputs)
    assert np.abs(values - expected[0]).max() < 2e-6 * np.abs(expected[0]).max()
    np.testing.assert_allclose(errors, expected[1] * weights.error_scale, rtol=1e-3)
    assert values.dtype == errors.dtype == np.float32


def test_weights_are_copies_from_which_the_same_network_comes(inputs):
    torch.manual_seed(0)
    network = AdaptiveFilterNetwork(
        ENERGY.size, 3, N_COMPONENTS, n_filters=5, n_estimators=2, hidden=8
    )
    weights = weights_of(network, {"recipe": {}})
    again = network_of(weights)
    for one, other in zip(outputs(again, *inputs), outputs(network, *inputs), strict=True):
        np.testing.assert_array_equal(one, other)
    with torch.no_grad():
        network.first.weight.zero_()
    assert weights.arrays["first.weight"].any()
    np.testing.assert_array_equal(weights.error_scale, np.ones(3))


def test_an_empty_spectrum_holds_nothing(inputs):
    values, errors = load_pretrained().load_weights().predict(*inputs)
    assert np.abs(values[0]).max() < 2
    assert np.isfinite(errors).all()
    assert (errors > 0).all()


def test_rows_alone_give_what_they_give_together(inputs):
    counts, fits = inputs
    weights = load_pretrained().load_weights()
    together = weights.predict(np.tile(counts, (4, 1)), np.tile(fits, (4, 1)))
    alone = weights.predict(counts[7:8], fits[7:8])
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_allclose(one[0], other[907], rtol=1e-3, atol=1e-3)
