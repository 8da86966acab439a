import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LinearRegression, Ridge

from skxrf.neural_network import _linear_path
from skxrf.neural_network._linear_path import (
    RIDGE,
    RidgeSearch,
    choose_linear_path,
    fit_error_model,
)

STRENGTHS = np.array(RIDGE.strengths)


def make_problem(n_samples, n_features, n_outputs=2, noise=1.0, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.poisson(rng.uniform(1, 50, size=n_features), size=(n_samples, n_features))
    coef = rng.normal(size=(n_features, n_outputs))
    y = X @ coef + 7.0 + noise * rng.normal(size=(n_samples, n_outputs))
    rows = rng.permutation(n_samples)
    n_valid = n_samples // 5
    return X, y, np.sort(rows[n_valid:]), np.sort(rows[:n_valid])


def reference_ridge(X, y, rows, strength):
    """scikit-learn's ridge regression, its strength in units of the channels' mean variance."""
    Z = X[rows].astype(float)
    alpha = strength * np.square(Z - Z.mean(axis=0)).sum() / Z.shape[1]
    return Ridge(alpha=alpha, solver="svd").fit(Z, y[rows]).predict


def only(monkeypatch, strength_index):
    one = RidgeSearch(strengths=(STRENGTHS[strength_index],))
    monkeypatch.setattr("skxrf.neural_network._linear_path.RIDGE", one)


@pytest.mark.parametrize("strength_index", [0, 8, 14])
def test_is_ridge_regression(strength_index, monkeypatch):
    X, y, train, valid = make_problem(200, 12)
    only(monkeypatch, strength_index)
    path = choose_linear_path(X, y, train, valid)
    expected = reference_ridge(X, y, train, STRENGTHS[strength_index])
    np.testing.assert_allclose(path.selection.predict(X), expected(X), rtol=1e-8)
    everything = np.arange(200)
    # The unit of the strength is taken from the rows that are fitted.
    expected = reference_ridge(X, y, everything, STRENGTHS[strength_index])
    np.testing.assert_allclose(path.final.predict(X), expected(X), rtol=1e-8)


def test_one_fit_leaves_out_each_fold(monkeypatch):
    X, y, train, valid = make_problem(200, 12)
    only(monkeypatch, 8)
    folds = [train[::2], train[1::2]]
    path = choose_linear_path(X, y, train, valid, folds=folds)
    whole = choose_linear_path(X, y, train, valid)
    np.testing.assert_allclose(path.selection.predict(X), whole.selection.predict(X), rtol=1e-9)
    for fit, others in zip(path.of_folds, folds[::-1], strict=True):
        expected = reference_ridge(X, y, others, STRENGTHS[8])
        np.testing.assert_allclose(fit.predict(X), expected(X), rtol=1e-8)
    # The same with weights, one pattern for each output.
    weight = np.ones_like(y)
    weight[train[::7], 0] = 0.0
    found = choose_linear_path(X, y, train, valid, weight, folds=folds)
    others = folds[1][weight[folds[1], 0] > 0]
    expected = reference_ridge(X, y[:, :1], others, STRENGTHS[8])
    np.testing.assert_allclose(found.of_folds[0].predict(X)[:, 0], expected(X), rtol=1e-8)


def test_fewer_spectra_than_channels_are_the_same_regression(monkeypatch):
    X, y, train, valid = make_problem(40, 90)
    only(monkeypatch, 10)
    path = choose_linear_path(X, y, train, valid)
    Z = X[train].astype(float)
    # The unit is then the mean variance along the spectra's own span, of 39 dimensions.
    alpha = STRENGTHS[10] * np.square(Z - Z.mean(axis=0)).sum() / 39
    expected = Ridge(alpha=alpha, solver="svd").fit(Z, y[train])
    np.testing.assert_allclose(path.selection.predict(X), expected.predict(X), rtol=1e-6)


@pytest.mark.parametrize("n_features", [40, 150])
def test_choice_is_that_of_leaving_one_out(n_features):
    X, y, train, valid = make_problem(120, n_features, noise=60.0)
    path = choose_linear_path(X, y, train, valid)

    def left_out(j, strength):
        Z = X - X.mean(axis=0)
        unit = np.square(Z).sum() / min(n_features, len(X) - 1)
        hat = Z @ np.linalg.solve(Z.T @ Z + strength * unit * np.eye(n_features), Z.T)
        target = y[:, j] - y[:, j].mean()
        return np.square((target - hat @ target) / (1 - hat.diagonal() - 1 / len(X))).mean()

    for j in range(2):
        errors = np.array([left_out(j, strength) for strength in STRENGTHS])
        # The strongest that is hardly worse than the best.
        expected = np.flatnonzero(errors <= 1.005 * errors.min())[-1]
        assert path.strength[j] == STRENGTHS[expected]


def test_some_of_many_spectra_are_left_out(monkeypatch):
    X, y, train, valid = make_problem(2000, 12, noise=200.0)
    whole = choose_linear_path(X, y, train, valid)
    monkeypatch.setattr("skxrf.neural_network._linear_path.RIDGE", RidgeSearch(most_left_out=500))
    some = choose_linear_path(X, y, train, valid)
    assert np.all(np.abs(np.log10(some.strength / whole.strength)) <= 1.0)


def test_exact_labels_are_found():
    X, y, train, valid = make_problem(300, 20, noise=0.0)
    path = choose_linear_path(X, y, train, valid)
    exact = LinearRegression().fit(X, y)
    np.testing.assert_allclose(path.final.coef.T, exact.coef_, rtol=1e-3, atol=1e-4)


@settings(max_examples=20, deadline=None)
@given(factor=st.floats(1e-3, 1e3), y_factor=st.floats(1e-3, 1e3))
def test_units_do_not_matter(factor, y_factor):
    X, y, train, valid = make_problem(50, 10)
    plain = choose_linear_path(X, y, train, valid)
    scaled = choose_linear_path(X * factor, y * y_factor, train, valid)
    np.testing.assert_allclose(
        scaled.final.predict(X * factor), plain.final.predict(X) * y_factor, rtol=1e-6
    )


@pytest.mark.parametrize("n_samples", [1, 2, 5])
def test_handful_of_spectra(n_samples):
    X = np.random.default_rng(0).poisson(5, size=(n_samples, 8))
    y = np.arange(n_samples, dtype=float).reshape(-1, 1)
    path = choose_linear_path(X, y, np.arange(n_samples), np.arange(0))
    assert np.isfinite(path.final.predict(X)).all()
    assert path.final is not None


def test_empty_channels_and_constant_spectra():
    X = np.zeros((30, 4), np.uint16)
    y = np.arange(30.0).reshape(-1, 1)
    path = choose_linear_path(X, y, np.arange(20), np.arange(20, 30))
    np.testing.assert_allclose(path.final.predict(X), 14.5)
    np.testing.assert_allclose(path.selection.predict(X), 9.5)


def test_blocks_of_rows_change_nothing(monkeypatch):
    X, y, train, valid = make_problem(200, 12)
    whole = choose_linear_path(X, y, train, valid)
    monkeypatch.setattr("skxrf.neural_network._linear_path.RIDGE", RidgeSearch(block=17))
    blocks = choose_linear_path(X, y, train, valid)
    np.testing.assert_allclose(blocks.final.coef, whole.final.coef, rtol=1e-9)
    np.testing.assert_allclose(blocks.final.predict(X), whole.final.predict(X), rtol=1e-9)


def test_error_model_finds_floor_and_slope():
    rng = np.random.default_rng(0)
    intensity = rng.uniform(0, 500, size=(20000, 2))
    residual = rng.normal(size=(20000, 2)) * np.sqrt([100.0, 25.0] + intensity * [0.0, 1.5])
    floor, slope = fit_error_model(intensity, residual, intensity.std(axis=0))
    np.testing.assert_allclose(floor, [100.0, 25.0], rtol=0.15)
    np.testing.assert_allclose(slope, [0.0, 1.5], atol=0.1)


def test_error_at_zero_is_never_nothing():
    rng = np.random.default_rng(0)
    intensity = np.linspace(-20, 500, 90)[:, None]
    residual = rng.normal(size=(90, 1)) * np.sqrt(20.0 + 3.0 * np.maximum(intensity - 60, 0))
    floor, _ = fit_error_model(intensity, residual, intensity.std(axis=0))
    assert floor > 1.0


def test_error_model_of_few_or_exact_samples():
    spread = np.array([10.0, 0.0])
    floor, slope = fit_error_model(np.zeros((0, 2)), np.zeros((0, 2)), spread)
    np.testing.assert_allclose(floor, [100.0, 1.0])
    floor, slope = fit_error_model(np.ones((50, 2)), np.zeros((50, 2)), spread)
    assert np.all(floor > 0)
    assert np.all(slope == 0)


def test_an_element_in_few_spectra_has_the_strength_that_all_rows_choose(monkeypatch):
    # Of 3,000 spectra 12 hold the second element, at other rows than the evenly spaced ones.
    rng = np.random.default_rng(0)
    y = rng.gamma(2.0, 50.0, size=(3000, 2))
    seldom = np.zeros(3000, dtype=bool)
    seldom[np.arange(1, 3000, 250)] = True
    y[~seldom, 1] = 0
    X = rng.poisson(y @ rng.dirichlet(np.full(30, 0.3), size=2) + 5.0)
    rows, none = np.arange(3000), np.arange(0)
    expected = choose_linear_path(X, y, rows, none).strength
    few = dataclasses.replace(_linear_path.RIDGE, most_left_out=200)
    monkeypatch.setattr(_linear_path, "RIDGE", few)
    np.testing.assert_allclose(choose_linear_path(X, y, rows, none).strength[1], expected[1])
    # Evenly spaced rows alone, none of which holds it, would choose the strongest.
    monkeypatch.setattr(
        _linear_path, "_left_out", lambda y, rows: (rows[::125], np.ones(len(rows[::125])))
    )
    assert choose_linear_path(X, y, rows, none).strength[1] > 10 * expected[1]
