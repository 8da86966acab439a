import numpy as np
import pytest
import torch

from skxrf.neural_network._batches import SpectrumDataset, collect
from skxrf.neural_network._layers import InputTransform
from skxrf.neural_network._modules import SpectrumNetwork, fill_buffers
from skxrf.neural_network._statistics import (
    Statistics,
    expected_errors,
    fit_statistics,
    predict_held_out,
    standardization,
    weigh_residual,
)


def make_network(linear_path=True, n_residual_weights=1):
    return SpectrumNetwork(
        64,
        3,
        hidden_layer_sizes=(),
        activation="relu",
        input_transform="sqrt",
        linear_path=linear_path,
        n_residual_weights=n_residual_weights,
    ).double()


def prepared(painting, loss="poisson", scale_outputs=True, **arguments):
    X, y = painting[0], painting[1].to_numpy()
    module = make_network(**arguments)
    rows = np.arange(len(X))
    statistics, path = fit_statistics(
        module, X, y, rows[:1000], rows[1000:], scale_outputs=scale_outputs, loss=loss
    )
    return module, statistics, path, X, y


def test_the_linear_path_is_the_one_that_has_not_seen_the_held_out_rows(painting):
    module, statistics, path, X, y = prepared(painting)
    np.testing.assert_allclose(collect(module, X), path.selection.predict(X))
    residual = y[1000:] - path.selection.predict(X[1000:])
    expected = expected_errors(statistics, path.selection.predict(X), "poisson")[1000:]
    # The errors that are expected are those that are made, on the average.
    ratio = np.square(residual).mean(axis=0) / np.square(expected).mean(axis=0)
    np.testing.assert_allclose(ratio, 1, rtol=0.02)


def test_without_linear_path_the_output_starts_in_the_labels_units(painting):
    module, statistics, path, _X, y = prepared(painting, loss="absolute_error", linear_path=False)
    assert path is None
    assert statistics.floor is None
    np.testing.assert_allclose(module.shift, y.mean(axis=0))
    np.testing.assert_allclose(module.gain, y.std(axis=0))
    errors = expected_errors(statistics, y, "absolute_error")
    np.testing.assert_allclose(errors[5], y.std(axis=0))
    module, statistics, *_ = prepared(
        painting, loss="absolute_error", linear_path=False, scale_outputs=False
    )
    np.testing.assert_allclose((module.shift, module.gain), [[0] * 3, [1] * 3])
    np.testing.assert_allclose(statistics.unit, 1)


def test_poisson_errors_without_linear_path_are_those_at_the_label(painting):
    _, statistics, path, _X, y = prepared(painting, linear_path=False)
    assert path is None
    errors = expected_errors(statistics, y, "poisson")
    np.testing.assert_allclose(errors, np.sqrt(statistics.floor + statistics.slope * y))
    given = Statistics(np.ones(3), np.full(3, 4.0), np.full(3, 2.0))
    errors = expected_errors(given, np.array([[16.0] * 3, [-9.0] * 3]), "poisson")
    np.testing.assert_allclose(errors, [[6.0] * 3, [2.0] * 3])


def test_residual_is_weighed_on_held_out_rows_alone(painting):
    module, statistics, _, X, _y = prepared(painting)
    error = expected_errors(statistics, collect(module, X, module.linear), "poisson")
    with torch.no_grad():
        module.layers[-1].bias.copy_(torch.tensor([1.0, -1.0, 0.0]))
    labels = collect(module, X)
    valid = np.arange(1000, 1200)
    held_out = predict_held_out(module, X, labels, error, valid)
    intensity, weight = weigh_residual(module, held_out)
    np.testing.assert_allclose(weight, [[1.0, 1.0, 0]], atol=1e-9)
    np.testing.assert_allclose(module.residual_weight, weight)
    linear = collect(module, X[valid], module.linear)
    np.testing.assert_allclose(intensity, np.median(linear, axis=0)[None], rtol=1e-3)
    # Too few rows are no evidence.
    few = predict_held_out(module, X, labels, error, np.arange(19))
    for held_out in (few, None):
        _, weight = weigh_residual(module, held_out)
        np.testing.assert_array_equal(weight, 0)
        np.testing.assert_array_equal(module.residual_weight, 0)


def test_levels_are_those_of_the_linear_estimates(painting):
    module, statistics, _, X, _y = prepared(painting, n_residual_weights=4)
    error = expected_errors(statistics, collect(module, X, module.linear), "poisson")
    with torch.no_grad():
        module.layers[-1].bias.fill_(1.0)
    labels = collect(module, X)
    valid = np.arange(1000, 1200)
    held_out = predict_held_out(module, X, labels, error, valid)
    intensity, weight = weigh_residual(module, held_out)
    np.testing.assert_allclose(weight, [[1.0] * 3] * 3 + [[0.0] * 3], atol=1e-9)
    linear = torch.from_numpy(intensity)
    signal = module.signal(linear, module.expected_error(linear))
    torch.testing.assert_close(module.residual_levels, signal)
    # The last but one is brighter than nearly all that was held out.
    share = (collect(module, X[valid], module.linear) < intensity[-2]).mean(axis=0)
    np.testing.assert_allclose(share, 0.97)
    # From the last on, the linear path is alone.
    bright = 20 * X[valid]
    alone = collect(module, bright, module.linear)
    beyond = alone > intensity[-1]
    assert beyond.mean() > 0.1
    np.testing.assert_allclose(collect(module, bright)[beyond], alone[beyond], rtol=1e-12)


@pytest.mark.parametrize("offset", [0.0, 1e6])
def test_standardization(offset):
    X = np.random.default_rng(0).normal(size=(5000, 6)) + offset
    transform = InputTransform(6, "standard").double()
    shift, gain = standardization(transform, SpectrumDataset(X, dtype=np.float64))
    fill_buffers(transform, shift=shift, gain=gain)
    Z = transform(torch.from_numpy(X)).numpy()
    np.testing.assert_allclose(Z.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(Z.std(axis=0), 1, rtol=1e-6)


def test_standardization_keeps_quiet_channels_quiet():
    X = np.random.default_rng(0).normal(size=(1000, 3)) * [1.0, 1.0, 0.0]
    shift, gain = standardization(InputTransform(3, "standard"), SpectrumDataset(X))
    assert gain[2] == pytest.approx(10 / np.sqrt(2 / 3), rel=0.05)
    shift, gain = standardization(InputTransform(2, "sqrt"), SpectrumDataset(np.full((5, 2), 9)))
    np.testing.assert_allclose((shift, gain), [[-3.0, -3.0], [1.0, 1.0]])
