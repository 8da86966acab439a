"""Networks that are validated on groups of spectra unlike those that they were trained on."""

import numpy as np
import pytest

from skxrf.neural_network import SpectrumMLPRegressor
from skxrf.neural_network._cross_fit import CROSS_FIT, cross_fit, folds_of_groups, spectral_groups
from skxrf.neural_network._statistics import HeldOut


@pytest.fixture
def paints(line_templates):
    """Counts of four paints with one line more or less, and the number of each one's paint."""
    rng = np.random.default_rng(0)
    paint = rng.integers(4, size=400)
    amount = np.array([[900, 0, 0], [0, 900, 0], [0, 0, 900], [500, 0, 500]])[paint]
    return rng.poisson(amount @ line_templates + 1.0), paint


def test_groups_hold_similar_spectra(paints):
    X, paint = paints
    groups = spectral_groups(X, np.arange(400), 0)
    # No group mixes paints.
    assert all(len(np.unique(paint[groups == group])) == 1 for group in np.unique(groups))
    assert len(np.unique(groups)) == 400 // CROSS_FIT.least_rows
    np.testing.assert_array_equal(groups, spectral_groups(X, np.arange(400), 0))


def test_equal_spectra_are_one_group():
    X = np.ones((50, 8))
    assert np.all(spectral_groups(X, np.arange(50), 0) == 0)
    assert folds_of_groups(X, np.arange(50), None, 0) == ([], None)


@pytest.mark.parametrize("stated", [False, True])
def test_folds_are_whole_groups(paints, stated):
    X, paint = paints
    rows = np.arange(0, 400, 2)
    folds, together = folds_of_groups(X, rows, paint if stated else None, 0)
    assert len(folds) == (CROSS_FIT.n_folds_of_stated if stated else CROSS_FIT.n_folds)
    np.testing.assert_array_equal(np.sort(np.concatenate(folds)), rows)
    whole = paint if stated else together
    for fold in folds:
        assert not set(whole[fold]) & set(whole[np.setdiff1d(rows, fold)])


def test_each_fold_is_predicted_by_the_network_that_has_not_seen_it():
    folds, seen = [np.arange(0, 6), np.arange(6, 10)], []

    def fit(k, rows, epochs, until):
        seen.append((k, set(rows), epochs, until))
        return lambda held: HeldOut(*(np.column_stack([held, np.full(len(held), k)]),) * 5)

    rng = np.random.default_rng(0)
    held_out, rows = cross_fit(fit, np.arange(10), folds, 7, None, rng)
    np.testing.assert_array_equal(rows, np.arange(10))
    np.testing.assert_array_equal(held_out.y[:, 0], rows)
    np.testing.assert_array_equal(held_out.y[:, 1], [0] * 6 + [1] * 4)
    assert seen == [(0, {6, 7, 8, 9}, 7, None), (1, set(range(6)), 7, None)]


def test_a_relation_of_the_training_paints_alone_is_not_learned(line_templates):
    """K stands beside Fe in all paints but one: layers that infer it from Fe lose."""
    rng = np.random.default_rng(0)

    def painting(n, together):
        fe = 800 * (rng.random(n) < 0.5)
        other = 800 * (rng.random(n) < 0.5)
        faint = np.where(together, 12 * (fe > 0), 12 * (rng.random(n) < 0.5))
        Y = np.column_stack([faint, other, fe])
        return rng.poisson(Y @ line_templates + 1.0), Y

    X, Y = painting(1500, together=True)
    X_new, Y_new = painting(1000, together=False)
    model = SpectrumMLPRegressor(max_epochs=20, random_state=0).fit(X, Y)
    linear = X_new @ model.net_.module_.coef.numpy() + model.net_.module_.intercept.numpy()
    ours = np.square(model.predict(X_new) - Y_new).mean(axis=0)
    assert np.all(ours < 1.05**2 * np.square(linear - Y_new).mean(axis=0))
