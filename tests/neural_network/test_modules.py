import numpy as np
import pytest
import torch

from skxrf.neural_network._layers import Dropout, InputTransform, PatchConvolution
from skxrf.neural_network._modules import SpectrumNetwork, fill_buffers, n_parameters
from skxrf.neural_network._parameters import channels_summed


def make_network(n_features=20, n_outputs=3, *, convolutions=None, **arguments):
    settings = {
        "hidden_layer_sizes": (8, 8),
        "activation": "silu",
        "input_transform": "sqrt",
        "linear_path": True,
        **arguments,
    }
    return SpectrumNetwork(n_features, n_outputs, convolutions=convolutions, **settings)


def make_convolutions(channels=(4, 8), kernel_size=(4, 4), stride=(4, 4), padding=None, pool=1):
    return {
        "channels": channels,
        "kernel_size": kernel_size,
        "stride": stride,
        "padding": padding,
        "pool_size": pool,
    }


def test_starts_at_the_linear_path():
    network = make_network()
    coef = torch.rand(20, 3)
    fill_buffers(network, coef=coef, intercept=[1.0, 2.0, 3.0])
    X = torch.rand(5, 20)
    torch.testing.assert_close(network(X), X @ coef + torch.tensor([1.0, 2.0, 3.0]))


def test_residual_is_in_units_of_the_expected_error():
    network = make_network(hidden_layer_sizes=())
    fill_buffers(network, coef=np.zeros((20, 3)), intercept=[0.0, 100.0, -50.0])
    fill_buffers(network, floor=[4.0, 4.0, 9.0], slope=[1.0, 0.6, 1.0])
    with torch.no_grad():
        network.layers[-1].bias.fill_(1.0)
    # A negative estimate has the error of an absent element.
    expected = torch.tensor([[0.0 + 2.0, 100.0 + 8.0, -50.0 + 3.0]])
    torch.testing.assert_close(network(torch.rand(1, 20)), expected)


def test_residual_weight_switches_outputs_off():
    network = make_network(hidden_layer_sizes=())
    with torch.no_grad():
        network.layers[-1].bias.fill_(1.0)
    fill_buffers(network, residual_weight=[1.0, 0.5, 0.0])
    change = network(torch.zeros(1, 20)) - network.linear(torch.zeros(1, 20))
    ratio = change / network.expected_error(network.linear(torch.zeros(1, 20)))
    torch.testing.assert_close(ratio, torch.tensor([[1.0, 0.5, 0.0]]))


def test_weight_of_the_correction_is_interpolated_between_levels():
    network = make_network(n_residual_weights=3)
    levels = np.array([[-1.0, 0.0, 2.0], [1.0, 0.5, 2.0], [4.0, 1.0, 2.0]])
    weight = np.array([[1.0, 0.2, 0.7], [0.6, 0.8, 0.7], [0.0, 0.1, 0.0]])
    fill_buffers(network, residual_levels=levels, residual_weight=weight)
    signal = np.random.default_rng(0).uniform(-3, 6, size=(50, 3)).astype(np.float32)
    found = network.weight_of_correction(torch.from_numpy(signal)).numpy()
    for j in range(2):
        expected = np.interp(signal[:, j], levels[:, j], weight[:, j])
        np.testing.assert_allclose(found[:, j], expected, atol=1e-6)
    # Levels that coincide are a step.
    np.testing.assert_allclose(found[:, 2], np.where(signal[:, 2] > 2, 0.0, 0.7), atol=1e-6)


def test_output_scale_without_linear_path():
    network = make_network(linear_path=False)
    X = torch.rand(4, 20)
    fill_buffers(network, shift=[0.0] * 3, gain=[1.0] * 3)
    plain = network(X)
    fill_buffers(network, shift=[5.0] * 3, gain=[2.0] * 3)
    torch.testing.assert_close(network(X), 5 + 2 * plain)


@pytest.mark.parametrize("convolutions", [None, make_convolutions()])
def test_initial_weights_come_from_the_seed_alone(convolutions):
    state = torch.random.get_rng_state()
    torch.manual_seed(1)
    first = make_network(convolutions=convolutions, seed=7)
    torch.manual_seed(2)
    before = torch.random.get_rng_state()
    second = make_network(convolutions=convolutions, seed=7)
    other = make_network(convolutions=convolutions, seed=8)
    assert torch.equal(torch.random.get_rng_state(), before)
    torch.random.set_rng_state(state)
    weights = [network.layers[0].weight for network in (first, second, other)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])
    assert all(p.isfinite().all() for p in first.parameters())


def test_input_transforms():
    X = torch.tensor([[4.0, -9.0, 0.0]])
    network = make_network(3, 1, input_transform="sqrt")
    fill_buffers(network.transform, shift=[0.0] * 3)
    torch.testing.assert_close(network.transform(X), torch.tensor([[2.0, -3.0, 0.0]]))
    network = make_network(3, 1, input_transform="standard")
    fill_buffers(network.transform, shift=[-1.0] * 3, gain=[0.5] * 3)
    torch.testing.assert_close(network.transform(X), torch.tensor([[1.0, -5.5, -1.0]]))
    assert make_network(3, 1, input_transform=None).transform(X) is X


@pytest.mark.parametrize("n_features", [1, 2, 3, 5, 21, 64])
@pytest.mark.parametrize("linear_path", [True, False])
@pytest.mark.parametrize(
    "convolutions",
    [
        make_convolutions(),
        make_convolutions((4,), (7,), (2,)),
        make_convolutions((4, 4, 4), (5, 3, 3), (2, 2, 2), (2, 2, 2), 2),
        make_convolutions((4, 4), (9, 9), (1, 1), (0, 0), 3),
    ],
)
def test_any_width_is_legal(n_features, linear_path, convolutions):
    network = make_network(n_features, 2, convolutions=convolutions, linear_path=linear_path)
    assert network(torch.rand(3, n_features)).shape == (3, 2)


@pytest.mark.parametrize("n_features", [16, 21, 30])
def test_without_padding_given_no_channel_is_lost(n_features):
    network = make_network(n_features, 1, convolutions=make_convolutions(), linear_path=False)
    X = torch.rand(1, n_features, requires_grad=True)
    network.trunk(X).square().sum().backward()
    assert (X.grad != 0).all()


@pytest.mark.parametrize("width", [16, 18, 3])
def test_patches_are_a_convolution_with_a_stride(width):
    patches = PatchConvolution(2, 5, 4).to_empty(device="cpu")
    convolution = torch.nn.Conv1d(2, 5, 4, stride=4)
    with torch.no_grad():
        patches.bias.copy_(convolution.bias)
        patches.weight.copy_(convolution.weight.mT.flatten(1))
    X = torch.rand(3, 2, width)
    padded = torch.nn.functional.pad(X, (0, -width % 4))
    torch.testing.assert_close(patches(X.mT).mT, convolution(padded))


def test_templates_of_a_dense_trunk_are_inner_products():
    network = make_network(4, 1, n_templates=2, input_transform=None)
    fill_buffers(network.trunk, templates=[[1.0, 1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 2.0]])
    X = torch.tensor([[1.0, 2.0, 3.0, 4.0]])
    torch.testing.assert_close(network.trunk(X), torch.tensor([[3.0, 8.0]]))


@pytest.mark.parametrize("padding", [None, (0,)])
def test_templates_of_a_convolutional_trunk_are_further_channels(padding):
    convolutions = make_convolutions((1,), (1,), (1,), padding)
    network = make_network(
        3, 1, n_templates=1, input_transform=None, convolutions=convolutions, activation="relu"
    )
    fill_buffers(network.trunk, templates=[[0.0, 1.0, 2.0]])
    convolution = network.trunk.layers[0]
    with torch.no_grad():
        convolution.weight.copy_(torch.tensor([1.0, 10.0]).reshape(convolution.weight.shape))
        convolution.bias.zero_()
    X = torch.tensor([[1.0, 2.0, 3.0]])
    # The spectrum itself stays the first channel.
    torch.testing.assert_close(network.trunk(X), torch.tensor([[1.0, 22.0, 63.0]]))


def test_parameters_are_counted_without_buffers():
    network = make_network(20, 3, hidden_layer_sizes=(), linear_path=True)
    assert n_parameters(network) == (20 + 3) * 3 + 3


def test_dropout_draws_from_a_seed_and_in_training_alone():
    X = torch.ones(200, 50)
    layer = Dropout(0.25)
    layer.restart(3)
    state = torch.random.get_rng_state()
    first = layer(X)
    assert torch.equal(torch.random.get_rng_state(), state)
    np.testing.assert_allclose(first.unique(), [0.0, 1 / 0.75])
    assert float(first.mean()) == pytest.approx(1.0, abs=0.03)
    assert not torch.equal(layer(X), first)
    layer.restart(3)
    assert torch.equal(layer(X), first)
    assert layer.eval()(X) is X


@pytest.mark.parametrize("kind", ["sqrt", "standard"])
def test_layers_see_sums_of_adjacent_channels(kind):
    X = torch.from_numpy(np.random.default_rng(0).poisson(3.0, size=(5, 14))).double()
    summed = InputTransform(14, kind, channels_summed=4).double()
    whole = torch.stack([X[:, k : k + 4].sum(dim=1) for k in (0, 4, 8, 12)], dim=1)
    expected = InputTransform(4, kind).double()(whole.clone())
    torch.testing.assert_close(summed(X), expected)
    assert summed.n_features_out == 4


def test_built_in_layers_see_about_a_thousand_channels():
    assert [channels_summed(n, "sqrt") for n in (64, 1024, 2047, 2048, 4096)] == [1, 1, 1, 2, 4]
    assert channels_summed(4096, None) == 1
