"""Least squares with components of known spread, against the textbook's formulas."""

import numpy as np
import pytest

from skxrf.spectrum_fit._least_squares import LeastSquares, _inverse

RNG = np.random.default_rng(3)
COLUMNS = RNG.uniform(size=(40, 3)) * [1.0, 50.0, 1e-3]
WEIGHTS = RNG.uniform(0.5, 2.0, 40)
COUNTS = COLUMNS @ [3.0, 0.2, 4e3] + RNG.normal(size=40)
EXTRA = RNG.uniform(size=(40, 2)) * [1.0, 30.0]
FREE = np.full(3, np.inf)


def covariance(columns, sizes=None):
    information = columns.T @ (WEIGHTS[:, None] * columns)
    if sizes is not None:
        information += np.diag(1 / np.square(sizes))
    return np.linalg.inv(information)


def test_amplitudes_and_errors_of_free_components():
    fit = LeastSquares(COLUMNS, FREE, COUNTS, WEIGHTS)
    expected = covariance(COLUMNS) @ (COLUMNS.T @ (WEIGHTS * COUNTS))
    np.testing.assert_allclose(fit.amplitudes, expected, rtol=1e-6)
    np.testing.assert_allclose(fit.errors, np.sqrt(np.diag(covariance(COLUMNS))), rtol=1e-6)
    np.testing.assert_allclose(fit.model, COLUMNS @ expected, rtol=1e-6)


def test_a_known_spread_is_a_prior_about_zero():
    sizes = np.array([0.1, np.inf, 1e3])
    fit = LeastSquares(COLUMNS, sizes, COUNTS, WEIGHTS)
    expected = covariance(COLUMNS, sizes) @ (COLUMNS.T @ (WEIGHTS * COUNTS))
    np.testing.assert_allclose(fit.amplitudes, expected, rtol=1e-6)
    np.testing.assert_allclose(fit.errors, np.sqrt(np.diag(covariance(COLUMNS, sizes))), rtol=1e-6)


def test_a_component_of_no_spread_or_no_shape_stays_out():
    fit = LeastSquares(COLUMNS, np.array([np.inf, np.inf, 0.0]), COUNTS, WEIGHTS)
    assert fit.amplitudes[2] == 0
    two = LeastSquares(COLUMNS[:, :2], FREE[:2], COUNTS, WEIGHTS)
    np.testing.assert_allclose(fit.amplitudes[:2], two.amplitudes, rtol=1e-6)
    empty = LeastSquares(
        np.column_stack([COLUMNS, np.zeros(40)]), np.full(4, np.inf), COUNTS, WEIGHTS
    )
    assert np.all(np.isfinite(empty.amplitudes))
    np.testing.assert_allclose(empty.model, LeastSquares(COLUMNS, FREE, COUNTS, WEIGHTS).model)


def test_scores_are_those_of_a_fit_with_the_column():
    fit = LeastSquares(COLUMNS, FREE, COUNTS, WEIGHTS)
    amplitudes, errors = fit.scores(EXTRA)
    information, right = fit.reduced(EXTRA)
    for k in range(2):
        both = LeastSquares(
            np.column_stack([COLUMNS, EXTRA[:, k]]), np.full(4, np.inf), COUNTS, WEIGHTS
        )
        assert amplitudes[k] == pytest.approx(both.amplitudes[3], rel=1e-5)
        assert errors[k] == pytest.approx(both.errors[3], rel=1e-5)
        assert right[k] / information[k, k] == pytest.approx(both.amplitudes[3], rel=1e-5)
    all_five = LeastSquares(np.column_stack([COLUMNS, EXTRA]), np.full(5, np.inf), COUNTS, WEIGHTS)
    np.testing.assert_allclose(
        np.linalg.solve(information, right), all_five.amplitudes[3:], rtol=1e-5
    )


def test_leakage_is_the_fit_of_one_count_of_the_column():
    fit = LeastSquares(COLUMNS, FREE, COUNTS, WEIGHTS)
    for k in range(2):
        alone = LeastSquares(COLUMNS, FREE, EXTRA[:, k], WEIGHTS).amplitudes
        np.testing.assert_allclose(fit.leakage(EXTRA)[:, k], alone, rtol=1e-6)


def test_a_column_that_is_there_already_has_a_bad_but_finite_score():
    fit = LeastSquares(COLUMNS, FREE, COUNTS, WEIGHTS)
    amplitudes, errors = fit.scores(COLUMNS[:, :1])
    assert np.all(np.isfinite(amplitudes))
    # Not better than a thousandth of what the column alone would tell.
    alone = 1 / np.sqrt(WEIGHTS @ COLUMNS[:, 0] ** 2)
    assert errors[0] == pytest.approx(1e3 * alone, rel=1e-3)


def test_an_inverse_is_symmetric_and_found_where_cholesky_fails():
    matrix = covariance(COLUMNS[:, :2])
    np.testing.assert_allclose(_inverse(matrix) @ matrix, np.eye(2), atol=1e-9)
    indefinite = np.array([[1.0, 2.0], [2.0, 1.0]])
    np.testing.assert_allclose(_inverse(indefinite) @ indefinite, np.eye(2), atol=1e-12)


@pytest.mark.parametrize("places", [[0], [2, 1]])
def test_a_fit_without_columns_is_that_of_the_others(places):
    sizes = np.array([2.0, np.inf, 1e4])
    kept = [i for i in range(3) if i not in places]
    less = LeastSquares(COLUMNS, sizes, COUNTS, WEIGHTS).without(places)
    alone = LeastSquares(COLUMNS[:, kept], sizes[kept], COUNTS, WEIGHTS)
    np.testing.assert_allclose(less.amplitudes[kept], alone.amplitudes, rtol=1e-7)
    np.testing.assert_allclose(less.errors[kept], alone.errors, rtol=1e-7)
    np.testing.assert_allclose(less.model, alone.model, rtol=1e-7)
    np.testing.assert_allclose(less.scores(EXTRA), alone.scores(EXTRA), rtol=1e-6)
