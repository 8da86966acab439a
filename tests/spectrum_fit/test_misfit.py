"""What a model misses counts less, the rest as much as before."""

import numpy as np

from skxrf.spectrum_fit._model import misfit_weights


def test_a_good_model_keeps_its_weights():
    variance = np.linspace(1, 9, 60)
    residuals = np.sqrt(variance) * np.where(np.arange(60) % 2, 0.9, -0.9)
    np.testing.assert_allclose(misfit_weights(residuals, variance, 21), 1 / np.sqrt(variance))


def test_what_is_missed_counts_less_and_nothing_else_does():
    variance = np.full(100, 4.0)
    residuals = np.zeros(100)
    residuals[50] = 20.0
    weights = misfit_weights(residuals, variance, 5)
    # One bin of 100 times the variance, averaged over five.
    np.testing.assert_allclose(weights[48:53], 0.5 / np.sqrt(20))
    np.testing.assert_allclose(np.delete(weights, np.s_[48:53]), 0.5)


def test_a_misfit_at_an_end_counts_there():
    residuals = np.zeros(40)
    residuals[0] = 10.0
    weights = misfit_weights(residuals, np.ones(40), 5)
    assert weights[0] < 0.3
    assert weights[3:].min() == 1.0
