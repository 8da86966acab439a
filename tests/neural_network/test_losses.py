import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from skxrf.neural_network._losses import LOSSES, WeightedLoss, inverse_errors


def loss_of(kind, prediction, y, error=1.0):
    y = np.asarray(y, dtype=np.float64)
    inverse_error = torch.tensor(inverse_errors(y, kind, error))
    prediction = torch.tensor(prediction, dtype=torch.float64)
    return float(WeightedLoss(kind)(prediction, torch.tensor(y), inverse_error))


def test_published_loss():
    prediction, y = [[10.0, 3.0], [0.0, 25.0]], [[4.0, 3.0], [9.0, 16.0]]
    total = sum(
        abs(p - t) / (np.sqrt(t) + 1)
        for p, t in zip(np.ravel(prediction), np.ravel(y), strict=True)
    )
    assert loss_of("scaled_absolute_error", prediction, y) == pytest.approx(total / 4)


def test_errors_are_in_units_of_the_expected_error():
    assert loss_of("squared_error", [[6.0]], [[0.0]], error=3.0) == pytest.approx(4.0)
    assert loss_of("absolute_error", [[-6.0]], [[0.0]], error=3.0) == pytest.approx(2.0)
    errors = np.array([[1.0, 2.0]])
    assert loss_of("squared_error", [[1.0, 4.0]], [[0.0, 0.0]], errors) == pytest.approx(2.5)


def test_poisson_loss_is_quadratic_for_small_and_linear_for_large_errors():
    assert loss_of("poisson", [[0.01]], [[0.0]]) == pytest.approx(1e-4, rel=1e-3)
    assert loss_of("poisson", [[1e4]], [[0.0]]) == pytest.approx(2e4, rel=1e-3)


@pytest.mark.parametrize("kind", LOSSES)
@given(y=st.floats(-1e6, 1e6), prediction=st.floats(-1e6, 1e6))
def test_finite_and_least_at_the_label(kind, y, prediction):
    assert loss_of(kind, [[y]], [[y]]) == 0
    loss = loss_of(kind, [[prediction]], [[y]])
    assert np.isfinite(loss)
    assert loss >= 0


@pytest.mark.parametrize("kind", LOSSES)
def test_weights_are_those_of_a_weighted_mean(kind):
    rng = np.random.default_rng(0)
    prediction, label = torch.tensor(rng.normal(size=(2, 4, 3)))
    weight = torch.tensor(rng.integers(0, 3, size=(4, 3)))
    loss = WeightedLoss(kind)
    single = [[loss(prediction[i, j], label[i, j]) for j in range(3)] for i in range(4)]
    expected = (torch.tensor(single) * weight).mean()
    torch.testing.assert_close(loss(prediction, label, 1.0, weight), expected)
