"""Areas as outputs, and labels regressed on them, on numbers made by hand."""

import numpy as np
import pytest

from skxrf.linear_model._area_outputs import AreaOutputs, fit_ridge

AREAS = np.random.default_rng(7).uniform(10, 1000, (60, 3)) * [1.0, 20.0, 0.1]
ERRORS = np.sqrt(AREAS)
FITTED = ["Ca_K", "Fe_K", "Pb_L"]


def test_columns_named_like_groups_are_their_areas():
    outputs = AreaOutputs(["Pb_L", "Ca_K"], FITTED, 2)
    assert outputs.learnt == []
    values, spread = outputs(AREAS, ERRORS)
    np.testing.assert_array_equal(values, AREAS[:, [2, 0]])
    np.testing.assert_array_equal(spread, ERRORS[:, [2, 0]])
    values, spread = outputs(AREAS, None)
    np.testing.assert_array_equal(values, AREAS[:, [2, 0]])
    assert spread.shape == (60, 2)
    assert np.isnan(spread).all()


@pytest.mark.parametrize("n_learnt", [1, 2])
def test_other_columns_are_linear_in_the_areas_and_so_are_their_errors(n_learnt):
    slopes = np.array([[3.0, 0.5, 0.0], [0.0, 0.1, 40.0]])[:n_learnt]
    labels = AREAS @ slopes.T + 7
    columns = np.column_stack([labels[:, :1], 0 * AREAS[:, 1], labels[:, 1:]])
    outputs = AreaOutputs(["mass", "Fe_K", "height"][: n_learnt + 1], FITTED, n_learnt + 1)
    assert (outputs.measured, outputs.learnt) == ([1], [0, 2][:n_learnt])
    outputs.learn(AREAS, columns)
    values, spread = outputs(AREAS, ERRORS)
    np.testing.assert_array_equal(values[:, 1], AREAS[:, 1])
    np.testing.assert_array_equal(spread[:, 1], ERRORS[:, 1])
    np.testing.assert_allclose(values[:, outputs.learnt], labels, rtol=2e-3)
    expected = np.sqrt(ERRORS**2 @ slopes.T**2)
    np.testing.assert_allclose(spread[:, outputs.learnt], expected, rtol=2e-3)
    values, spread = outputs(AREAS[:2], None)
    np.testing.assert_allclose(values[:, outputs.learnt], labels[:2], rtol=2e-3)
    assert np.isnan(spread).all()


def test_labels_without_names_are_all_learnt():
    outputs = AreaOutputs([], FITTED, 1)
    outputs.learn(AREAS, 2 * AREAS[:, 1:2])
    np.testing.assert_allclose(outputs(AREAS, None)[0], 2 * AREAS[:, 1:2], rtol=2e-3)


def test_weights_are_numbers_of_samples():
    rng = np.random.default_rng(8)
    weights = rng.integers(0, 4, 60)
    labels = AREAS @ [[1.0], [0.2], [5.0]] + rng.normal(0, 300, (60, 1))
    weighted, copied, plain = (AreaOutputs([], FITTED, 1) for _ in range(3))
    weighted.learn(AREAS, labels, weights.astype(float))
    copied.learn(np.repeat(AREAS, weights, axis=0), np.repeat(labels, weights, axis=0))
    plain.learn(AREAS, labels)
    values, expected, others = (one(AREAS, None)[0] for one in (weighted, copied, plain))
    # The strength is chosen by leaving out a sample, which is not a copy of it: nearly the same.
    np.testing.assert_allclose(values, expected, atol=0.01 * np.ptp(expected))
    assert np.abs(others - expected).max() > 0.02 * np.ptp(expected)


def test_strength_of_the_ridge_follows_the_noise():
    clear = fit_ridge(AREAS, AREAS @ [1.0, 0.2, 5.0], None)
    assert clear[-1].alpha_ == pytest.approx(1e-3)
    noise = fit_ridge(AREAS, np.random.default_rng(9).normal(size=60), None)
    assert noise[-1].alpha_ > 10
    features = clear[0].transform(AREAS)
    np.testing.assert_allclose(features.std(axis=0), 1)
