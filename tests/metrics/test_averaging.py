import numpy as np
import pytest

from skxrf.exceptions import SkxrfError
from skxrf.metrics import ssim_score, within_sigma_score
from skxrf.metrics._averaging import averaged

SCORES = np.array([0.2, np.nan, 0.8])


def test_kinds_of_average():
    assert averaged(SCORES, "uniform_average") == pytest.approx(0.5)
    np.testing.assert_array_equal(averaged(SCORES, "raw_values"), SCORES)
    assert averaged(SCORES, [3, 7, 1]) == pytest.approx(0.35)
    assert averaged(SCORES, np.array([0, 0, 1])) == 0.8


@pytest.mark.parametrize(
    ("multioutput", "message"),
    [
        ("variance_weighted", "must be 'uniform_average', 'raw_values' or weights"),
        (None, "or weights of the elements, got None"),
        ([1.0, 2.0], "holds 2 weights from 1 to 2 for 3 elements"),
        ([1.0, 2.0, -1.0], "from -1 to 2 for 3 elements"),
        ([0.0, 1.0, 0.0], r"^multioutput gives all elements that can be scored the weight 0\.$"),
    ],
)
def test_bad_averages(multioutput, message):
    with pytest.raises(SkxrfError, match=message):
        averaged(SCORES, multioutput)


@pytest.mark.parametrize("score", [ssim_score, within_sigma_score])
def test_scores_take_weights(score, tiny_samples):
    _, Y = tiny_samples
    guess = Y + np.random.default_rng(0).normal(0, 20, Y.shape)
    raw = score(Y, guess, multioutput="raw_values")
    weights = np.arange(Y.shape[1]) + 1.0
    expected = np.average(raw[~np.isnan(raw)], weights=weights[~np.isnan(raw)])
    assert score(Y, guess, multioutput=weights) == pytest.approx(expected)
