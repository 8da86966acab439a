"""How much of what the layers add to the linear path is kept."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skxrf.neural_network._residual_weight import fit_residual_weight, intensity_at


@pytest.fixture
def outputs():
    """Labels, and networks that are right, twice too much, the wrong way, and noise."""
    rng = np.random.default_rng(0)
    y = rng.normal(size=(400, 4))
    full = np.stack([y[:, 0], 2 * y[:, 1], -y[:, 2], rng.normal(size=400)], axis=1)
    return y, full, rng.uniform(-1, 5, size=y.shape)


@pytest.mark.parametrize("n_levels", [1, 2, 5])
def test_best_share_where_the_layers_help(outputs, n_levels):
    y, full, signal = outputs
    _, weight = fit_residual_weight(y, np.zeros_like(y), full, 1.0, signal, n_levels)
    chosen = weight[: max(n_levels - 1, 1)]
    # Shrunk by little where the evidence is strong.
    assert np.all((chosen[:, :2] > [0.8, 0.4]) & (chosen[:, :2] <= [1.0, 0.5]))
    np.testing.assert_array_equal(chosen[:, 2:], 0)
    if n_levels > 1:
        np.testing.assert_array_equal(weight[-1], 0)


def test_shrinkage_vanishes_with_more_rows(outputs):
    y, full, signal = (np.tile(array, (100, 1)) for array in outputs)
    _, weight = fit_residual_weight(y, np.zeros_like(y), full, 1.0, signal, 5)
    np.testing.assert_allclose(weight[:4, :2], [[1.0, 0.5]] * 4, rtol=2e-3)


def test_layers_that_help_where_it_is_dim_are_kept_there_alone():
    rng = np.random.default_rng(1)
    signal = rng.uniform(0, 10, size=(2000, 1))
    y = rng.normal(size=(2000, 1))
    full = np.where(signal < 5, y, rng.normal(size=y.shape))
    levels, weight = fit_residual_weight(y, np.zeros_like(y), full, 1.0, signal, 6)
    assert weight[0] > 0.9
    np.testing.assert_array_equal(weight[levels > 7], 0)
    one = fit_residual_weight(y, np.zeros_like(y), full, 1.0, signal, 1)
    assert 0.4 < one.weight.item() < 0.6


def test_errors_are_units():
    rng = np.random.default_rng(2)
    signal = rng.uniform(0, 3, size=(500, 2))
    error = 10.0**signal
    y = rng.normal(size=(500, 2)) * error
    full = y + rng.normal(size=(500, 2)) * error
    scaled = [fit_residual_weight(k * y, 0 * y, k * full, k * error, signal, 4) for k in (1, 50)]
    np.testing.assert_allclose(scaled[0].weight, scaled[1].weight)
    # Half of the power of what is added is noise.
    np.testing.assert_allclose(scaled[0].weight[:3], 0.4, atol=0.15)


def test_nothing_to_tell():
    y = np.ones((200, 2))
    # Outputs that are always the same, layers that add nothing, too few rows.
    for full in (y, y + 1):
        levels, weight = fit_residual_weight(y, y, full, 1.0, np.zeros((200, 2)), 5)
        np.testing.assert_array_equal(weight, 0)
        np.testing.assert_array_equal(levels[:-1], 0)
    found = fit_residual_weight(y[:19], 0 * y[:19], y[:19], 1.0, y[:19], 3)
    np.testing.assert_array_equal(found.weight, np.zeros((3, 2)))


@given(
    st.lists(st.floats(-10, 10), min_size=1, max_size=20),
    st.floats(1e-3, 1e3),
    st.floats(0, 1e3),
)
def test_intensity_at_a_signal(values, floor, slope):
    signal = np.array(values)
    intensity = intensity_at(signal, floor, slope)
    error = np.sqrt(floor + slope * np.maximum(intensity, 0))
    np.testing.assert_allclose(np.arcsinh(intensity / error), signal, rtol=1e-6, atol=1e-9)


@given(st.integers(0, 2**32 - 1), st.integers(1, 6))
def test_weights_are_shares(seed, n_levels):
    rng = np.random.default_rng(seed)
    y, linear, full, signal = rng.standard_t(2, size=(4, 40, 3))
    levels, weight = fit_residual_weight(y, linear, full, 0.5, signal, n_levels)
    assert levels.shape == weight.shape == (n_levels, 3)
    assert np.all((weight >= 0) & (weight <= 1))
    assert np.all(np.diff(levels, axis=0) >= 0)
    assert n_levels == 1 or np.all(weight[-1] == 0)


def test_a_gain_in_few_groups_is_no_evidence():
    rng = np.random.default_rng(0)
    y, group = rng.normal(size=(3000, 1)), np.repeat(np.arange(30), 100)
    signal = np.zeros_like(y)
    # The layers are right in three groups of thirty, and add nothing elsewhere.
    full = np.where(group[:, None] < 3, y, 0.01 * rng.normal(size=y.shape))
    alone = fit_residual_weight(y, 0 * y, full, 1.0, signal, 1)
    grouped = fit_residual_weight(y, 0 * y, full, 1.0, signal, 1, None, group)
    assert alone.weight[0, 0] > 0.9
    assert grouped.weight[0, 0] == 0
    # They are right everywhere; the numbers of the groups do not matter.
    found = fit_residual_weight(y, 0 * y, y, 1.0, signal, 1, None, 7 * group)
    assert found.weight[0, 0] > 0.9
