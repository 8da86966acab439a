"""Poisson deviance of held-out counts."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from skxrf.exceptions import SkxrfError
from skxrf.metrics import poisson_deviance_scorer
from skxrf.metrics._deviance import expected_spectra


class Expecting:
    """Estimator that expects given spectra."""

    def __init__(self, expected):
        self.expected = np.asarray(expected, float)

    def transform(self, X):
        return X

    def inverse_transform(self, X):
        return self.expected


def test_the_value_by_hand():
    seen, held_out = np.array([[4, 4]]), np.array([[2, 0]])
    # 2 of 8 counts are held out, so 1 is expected in each channel.
    expected = -2 * ((2 * np.log(2) - 2 + 1) + 1) / 2
    found = poisson_deviance_scorer(Expecting(seen), np.hstack([seen, held_out]))
    assert found == pytest.approx(expected)


def test_true_expectations_score_best():
    rng = np.random.default_rng(0)
    mean = rng.uniform(1, 30, (200, 50))
    X = np.hstack([rng.poisson(0.9 * mean), rng.poisson(0.1 * mean)])
    noisy = rng.poisson(0.9 * mean)
    others = [mean.mean(axis=0) * np.ones_like(mean), noisy, mean[::-1]]
    best = poisson_deviance_scorer(Expecting(0.9 * mean), X)
    assert all(best > poisson_deviance_scorer(Expecting(other), X) for other in others)


def test_a_channel_without_expectation_costs_a_finite_amount():
    X = np.array([[5, 0, 3, 1]])
    assert np.isfinite(poisson_deviance_scorer(Expecting([[5.0, 0.0]]), X))


def test_only_fitted_channels_count(scene_fit):
    fit, X = scene_fit
    expected, channels = expected_spectra(fit, X)
    assert expected.shape == (len(X), 20)
    assert channels == slice(10, 30)
    score = poisson_deviance_scorer(fit, np.hstack([X, X]))
    changed = X.copy()
    changed[:, :10] += 100
    assert score == poisson_deviance_scorer(fit, np.hstack([X, changed]))


@pytest.fixture
def scene_fit():
    class Components:
        components_ = np.full((1, 20), 0.05)
        fitted_channels_ = slice(10, 30)

        def decompose(self, X):
            return X[:, 10:30].sum(axis=1, keepdims=True)

    return Components(), np.random.default_rng(0).poisson(4, (6, 40))


def test_what_cannot_be_scored_is_refused():
    with pytest.raises(SkxrfError, match="Ridge gives no expected spectra"):
        poisson_deviance_scorer(Ridge(), np.ones((3, 4)))
    with pytest.raises(SkxrfError, match="CountThinning"):
        poisson_deviance_scorer(Expecting([[1.0]]), np.ones((3, 5)))


@pytest.mark.parametrize("name", ["transform", "inverse_transform"])
def test_one_way_is_not_enough(name):
    one_way = type("OneWay", (), {name: lambda self, X: X})()
    with pytest.raises(
        SkxrfError, match=r"^OneWay gives no expected spectra: .*\(skxrf\.audit\)\.$"
    ):
        expected_spectra(one_way, np.ones((3, 4)))
