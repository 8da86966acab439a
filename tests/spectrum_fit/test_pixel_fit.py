"""Fit of single spectra: sums worked out directly, and the Poisson maximum."""

import pickle

import numpy as np
import pytest
from scipy.optimize import minimize

from skxrf.spectrum_fit._pixel_fit import ComponentPairs, PoissonFit, fit_pixels, standard_errors

CHANNELS = np.arange(60)
PEAKS = np.exp(-0.5 * ((CHANNELS - np.array([[15], [21], [44]])) / 3.0) ** 2)
COMPONENTS = np.vstack([PEAKS / PEAKS.sum(axis=1, keepdims=True), np.full(60, 1 / 60)])
TRUTH = np.array([800.0, 300.0, 0.0, 1500.0])


def drawn(n, scale=1.0, seed=0):
    expected = scale * TRUTH @ COMPONENTS
    return np.random.default_rng(seed).poisson(expected, (n, 60)).astype(np.float32)


def test_information_is_the_weighted_sum_of_products():
    weights = np.random.default_rng(0).uniform(size=(5, 60)).astype(np.float32)
    pairs = ComponentPairs(COMPONENTS)
    expected = np.einsum("pc,jc,kc->pjk", weights, COMPONENTS, COMPONENTS)
    np.testing.assert_allclose(pairs.information(weights), expected, rtol=1e-5)
    copy = pickle.loads(pickle.dumps(pairs))
    np.testing.assert_array_equal(copy.information(weights), pairs.information(weights))
    assert set(pairs.__getstate__()) == {"components"}
    inverse = np.linalg.inv(expected)
    np.testing.assert_allclose(
        standard_errors(expected), np.sqrt(np.einsum("pii->pi", inverse)), rtol=1e-5
    )


def poisson_maximum(counts):
    """Most likely amplitudes, by a general minimizer."""

    def negative(x):
        model = x @ COMPONENTS + 1e-9
        return model.sum() - counts @ np.log(model), COMPONENTS @ (1 - counts / model)

    start = np.maximum(TRUTH, 1.0)
    bounds = [(0, None)] * len(start)
    found = minimize(
        negative, start, jac=True, bounds=bounds, options={"ftol": 1e-14, "gtol": 1e-9}
    )
    return found.x


def test_one_step_is_near_the_poisson_maximum_and_more_are_nearer():
    counts = drawn(12)
    expected = np.array([poisson_maximum(one.astype(float)) for one in counts])
    mean = TRUTH @ COMPONENTS
    away = []
    for n_reweights in (1, 3):
        amplitudes, errors = PoissonFit(COMPONENTS, mean, n_reweights)(counts)
        away.append(np.abs((amplitudes - expected) / errors).max())
    assert away[0] < 0.2
    assert away[1] < 0.02


def test_standard_errors_are_those_of_the_fitted_spectrum():
    counts = drawn(3)
    amplitudes, errors = PoissonFit(COMPONENTS, counts.mean(axis=0), 4)(counts)
    model = amplitudes @ COMPONENTS
    information = np.einsum("pc,jc,kc->pjk", 1 / model, COMPONENTS, COMPONENTS)
    expected = np.sqrt(np.einsum("pii->pi", np.linalg.inv(information)))
    np.testing.assert_allclose(errors, expected, rtol=0.01)


def test_expected_counts_have_a_floor():
    """A spectrum of one peak alone has no channel of infinite weight."""
    counts = np.zeros((2, 60), np.float32)
    counts[0, 15] = 40.0
    amplitudes, errors = PoissonFit(COMPONENTS, TRUTH @ COMPONENTS)(counts)
    assert np.all(np.isfinite(errors))
    assert errors.max() < 60
    np.testing.assert_array_equal(amplitudes[1], 0)
    # With 5 % of one count, spread as the mean spectrum is, in place of expected ones.
    shape = TRUTH @ COMPONENTS / TRUTH.sum()
    information = (COMPONENTS / (0.05 * shape)) @ COMPONENTS.T
    expected = np.sqrt(np.diag(np.linalg.inv(information)))
    np.testing.assert_allclose(errors[1], expected, rtol=1e-3)


def test_channels_without_mean_counts_do_not_decide():
    mean = TRUTH @ COMPONENTS
    mean[30:35] = 0.0
    fit = PoissonFit(COMPONENTS, mean)
    assert fit.shape.sum() == pytest.approx(1)
    assert fit.shape[32] == pytest.approx(1e-3 * mean.mean() / mean.sum(), rel=0.01)
    assert fit.shape.dtype == np.float32
    amplitudes, errors = fit(drawn(50))
    assert abs((amplitudes - TRUTH) / errors).mean() < 1.2


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_batches_are_put_together_in_order(n_jobs):
    spectra = np.hstack([np.full((23, 4), 9), drawn(23)]).astype(np.uint16)
    fit = PoissonFit(COMPONENTS, TRUTH @ COMPONENTS)
    wanted = fit(drawn(23))
    channels = slice(4, 64)
    options = {"batch_size": 5, "n_jobs": n_jobs}
    amplitudes, errors = fit_pixels(fit, spectra, channels, return_std=True, **options)
    for found, expected in zip((amplitudes, errors), wanted, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-3)
    kept, none = fit_pixels(fit, spectra, channels, return_std=False, n_kept=2, **options)
    np.testing.assert_array_equal(kept, amplitudes[:, :2])
    assert none is None
    _, few = fit_pixels(fit, spectra, channels, return_std=True, n_kept=2, **options)
    np.testing.assert_array_equal(few, errors[:, :2])
