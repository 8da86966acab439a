"""Spectra that share the weights of their channels, against those with weights of their own."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skxrf.spectrum_fit._pixel_fit import PoissonFit
from skxrf.spectrum_fit._weight_classes import (
    RULE,
    SharedFit,
    WeightClasses,
    divided,
    doses,
    weight_classes,
)

CHANNELS = np.arange(240)
PLACES, WIDTH = (30, 60, 66, 110, 150, 200), 4.0
PEAKS = np.exp(-(((CHANNELS - np.array(PLACES)[:, None]) / WIDTH) ** 2) / 2)
PEAKS /= PEAKS.sum(axis=1, keepdims=True)
COMPONENTS = np.vstack([PEAKS, np.full(240, 1 / 240)])
# Shares of the components in three paints.
PAINTS = np.array(
    [
        [0.30, 0.02, 0.02, 0.02, 0.02, 0.02, 0.60],
        [0.02, 0.30, 0.08, 0.02, 0.02, 0.02, 0.54],
        [0.02, 0.02, 0.02, 0.02, 0.40, 0.02, 0.50],
    ]
)


def spectra(counts, n=1500, seed=0):
    rng = np.random.default_rng(seed)
    truth = PAINTS[rng.integers(len(PAINTS), size=n)] * counts
    return rng.poisson(truth @ COMPONENTS).astype(np.float32), truth


def fits(drawn, mean=None):
    own = PoissonFit(COMPONENTS, drawn.mean(axis=0) if mean is None else mean)
    shared = pickle.loads(pickle.dumps(own))
    shared.share_weights(drawn)
    return own, shared


@pytest.mark.parametrize("counts", [500, 5000, 50000])
def test_as_good_as_weights_of_their_own(counts):
    drawn, truth = spectra(counts)
    own, shared = (fit(drawn)[0] for fit in fits(drawn))
    squared = ((shared - truth) ** 2).mean(axis=0) / ((own - truth) ** 2).mean(axis=0)
    assert np.sqrt(squared.mean()) < 1.01
    assert np.sqrt(squared.max()) < 1.03


@pytest.mark.parametrize("counts", [500, 50000])
def test_standard_errors_are_the_spread(counts):
    drawn, truth = spectra(counts, 3000)
    _, shared = fits(drawn)
    amplitudes, errors = shared(drawn)
    present = truth > 5 * errors  # where non-negativity plays no part
    ratio = ((amplitudes - truth) / errors)[present].std()
    assert ratio == pytest.approx(1, abs=4 / np.sqrt(2 * present.sum()))


def test_each_spectrum_is_fitted_by_itself():
    drawn, _ = spectra(2000)
    _, shared = fits(drawn)
    order = np.random.default_rng(1).permutation(len(drawn))
    amplitudes, errors = shared(drawn)
    again = [shared(part) for part in np.array_split(drawn[order], 7)]
    np.testing.assert_allclose(np.vstack([a for a, _ in again]), amplitudes[order], atol=2e-3)
    np.testing.assert_allclose(np.vstack([e for _, e in again]), errors[order], rtol=1e-5)


def test_a_spectrum_unlike_all_classes_has_weights_of_its_own():
    drawn, _ = spectra(2000)
    own, shared = fits(drawn)
    strange = np.array([[0, 0, 0, 0, 0, 5e4, 1e3]]) @ COMPONENTS
    strange = strange.astype(np.float32)
    assert shared.classes.fit(strange)[2].all()
    for mine, theirs in zip(shared(strange), own(strange), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=0.02, atol=1.0)


@settings(max_examples=20, deadline=None)
@given(doses=st.lists(st.sampled_from([0, 1, 30, 1e3, 1e6]), min_size=1, max_size=6))
def test_any_doses_in_one_scan(doses):
    drawn, _ = spectra(1000, 200)
    _, shared = fits(drawn)
    mixed = np.random.default_rng(0).poisson(np.outer(doses, PAINTS[0] @ COMPONENTS))
    amplitudes, errors = shared(mixed.astype(np.float32))
    assert np.all(amplitudes >= 0)
    assert np.all(np.isfinite(amplitudes))
    assert np.all(errors > 0)
    np.testing.assert_allclose(amplitudes.sum(axis=1), mixed.sum(axis=1), rtol=0.2, atol=8)


def test_two_classes_are_the_fewest():
    enough = 2 * RULE.least_spectra
    drawn, _ = spectra(5000, enough)
    mean = drawn.mean(axis=0)
    assert weight_classes(COMPONENTS, mean, drawn[: enough - 1]) is None
    assert len(weight_classes(COMPONENTS, mean, drawn).shapes) == 2
    # A spectrum may stand for several.
    few = weight_classes(COMPONENTS, mean, drawn[::2], np.full(enough // 2, 2.0))
    assert len(few.shapes) == 2


@pytest.mark.parametrize(
    "drawn",
    [
        np.ones((20, 240)),
        np.zeros((400, 240)),
        np.ones((400, 240)),
        np.random.default_rng(0).poisson(0.01, (400, 240)),
    ],
    ids=["few", "empty", "alike", "noise"],
)
def test_paintings_without_paints(drawn):
    own, shared = fits(drawn, np.ones(240))
    some = np.random.default_rng(0).poisson(3.0, (50, 240)).astype(np.float32)
    np.testing.assert_allclose(shared(some)[0], own(some)[0], atol=0.6 * own(some)[1].max())
    if len(drawn) < 100:
        assert shared.classes is None


def test_classes_may_be_given_with_components_of_their_own():
    shapes = PAINTS @ COMPONENTS
    moved = np.stack([COMPONENTS, COMPONENTS, np.roll(COMPONENTS, 1, axis=1)])
    shapes[2] = PAINTS[2] @ moved[2]
    classes = WeightClasses(moved, shapes, np.full(3, 1 / 3))
    expected = (1e5 * shapes).astype(np.float32)
    assert classes.assign(expected).tolist() == [0, 1, 2]
    amplitudes, _, unlike = classes.fit(expected, classes=np.array([0, 1, 2]))
    np.testing.assert_allclose(amplitudes, 1e5 * PAINTS, rtol=1e-3, atol=1)
    assert not unlike.any()


def test_a_saved_state_holds_no_more_than_the_classes():
    drawn, _ = spectra(2000)
    _, shared = fits(drawn)
    assert set(shared.classes.__getstate__()) == {"components", "shapes", "shares"}
    copy = pickle.loads(pickle.dumps(shared))
    np.testing.assert_array_equal(copy(drawn)[0], shared(drawn)[0])


def test_spectra_that_tell_nothing_are_of_the_most_common_class():
    shapes = PAINTS @ COMPONENTS
    classes = WeightClasses(COMPONENTS, shapes, np.array([0.2, 0.7, 0.1]))
    empty = np.zeros((2, 240), np.float32)
    assert classes.assign(empty).tolist() == [1, 1]
    # Counts outweigh the shares: by the likelihood of each channel.
    counts = np.random.default_rng(0).poisson(30 * shapes[[0, 2]], (2, 240)).astype(np.float32)
    chances = counts @ np.log(shapes).T + np.log([0.2, 0.7, 0.1])
    np.testing.assert_array_equal(classes.assign(counts), chances.argmax(axis=1))


def test_sums_of_the_classes():
    drawn, _ = spectra(3000, 5000)
    classes = WeightClasses(COMPONENTS, PAINTS @ COMPONENTS, np.full(3, 1 / 3))
    members = classes.assign(drawn)
    expected = np.stack([drawn[members == k].sum(axis=0, dtype=float) for k in range(3)])
    np.testing.assert_allclose(classes.sums(drawn), expected)
    weights = np.random.default_rng(0).integers(0, 4, len(drawn)).astype(float)
    expected = np.stack([(weights[:, None] * drawn)[members == k].sum(axis=0) for k in range(3)])
    np.testing.assert_allclose(classes.sums(drawn, weights), expected)


def test_fit_with_shared_weights_is_least_squares_with_them():
    shape = PAINTS[0] @ COMPONENTS
    other_shape = PAINTS[1] @ COMPONENTS
    fit = SharedFit(COMPONENTS, np.stack([other_shape, shape]))
    dose, ones = 1e4, np.ones(400, np.intp)
    counts = np.random.default_rng(0).poisson(dose * shape, (400, 240)).astype(np.float32)
    amplitudes, errors, other = fit(counts, doses(counts), ones)
    weighted = COMPONENTS / shape
    expected = np.linalg.solve(weighted @ COMPONENTS.T, weighted @ counts.T).T
    inside = (expected > 0).all(axis=1)
    assert inside.sum() > 50
    np.testing.assert_allclose(amplitudes[inside], expected[inside], rtol=1e-3, atol=0.5)
    assert not other.any()
    # Errors are those of these weights, whatever the spectrum is: here the right ones.
    variance = np.diag(np.linalg.inv(weighted @ COMPONENTS.T)) * dose
    np.testing.assert_allclose(errors.mean(axis=0), np.sqrt(variance), rtol=0.05)
    strange = (dose * COMPONENTS[3]).astype(np.float32)[None]
    assert fit(strange, doses(strange), ones[:1])[2].all()
    # Spectra of several classes in any order: each as alone.
    classes = np.arange(400) % 2
    mixed = fit(counts, doses(counts), classes)
    for number in (0, 1):
        rows = classes == number
        alone = fit(counts[rows], doses(counts[rows]), classes[rows])
        for part, expected in zip(mixed, alone, strict=True):
            np.testing.assert_allclose(part[rows], expected, rtol=1e-6)


def test_points_are_divided_along_their_widest_axis():
    rng = np.random.default_rng(0)
    centers = np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 4.0]])
    numbers = rng.integers(3, size=300)
    points = centers[numbers] + 0.1 * rng.normal(size=(300, 2))
    members = divided(points, np.ones(300), 3)
    for number in range(3):
        assert len(set(members[numbers == number])) == 1
    assert len(set(members)) == 3
    assert divided(points, np.ones(300), 1).tolist() == [0] * 300
    assert set(divided(np.ones((10, 2)), np.ones(10), 4)) <= {0, 1, 2, 3}


def test_few_spectra_have_no_classes():
    drawn, _ = spectra(2000, 99)
    mean = drawn.mean(axis=0) + 0.01
    assert weight_classes(COMPONENTS, mean, drawn) is None
    assert weight_classes(COMPONENTS, mean, drawn, np.full(99, 0.5)) is None
    found = weight_classes(COMPONENTS, mean, drawn, np.full(99, 2.0))
    assert len(found.shapes) >= 2
    np.testing.assert_allclose(found.shapes.sum(axis=1), 1)
    assert found.shares.sum() == pytest.approx(1)
    # A painting's mean lies under each class: no channel is without weight.
    assert np.all(found.shapes >= 0.049 * mean / mean.sum())


def test_spectra_of_weight_zero_are_no_members():
    drawn, _ = spectra(2000, 600)
    mean = drawn.mean(axis=0) + 0.01
    both = np.vstack([drawn, np.full((600, 240), 50.0, np.float32)])
    weights = np.repeat([1.0, 0.0], 600)
    found = weight_classes(COMPONENTS, mean, both, weights)
    alone = weight_classes(COMPONENTS, mean, drawn, np.ones(600))
    np.testing.assert_allclose(found.shapes, alone.shapes)
    np.testing.assert_allclose(found.shares, alone.shares)
