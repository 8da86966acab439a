"""Paints of spectra: found by shape whatever the dose, with doubt, mixtures and outliers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score

from skxrf.cluster import PoissonMixture
from skxrf.exceptions import CountsError

N_CHANNELS = 60
DOSES = [30, 300, 3000, 100_000]


def shapes(n=3):
    """Continuum with a peak, elsewhere for each paint."""
    x = np.arange(N_CHANNELS)
    found = 0.3 + np.stack([10 * np.exp(-0.5 * ((x - 10 - 15 * k) / 2) ** 2) for k in range(n)])
    return found / found.sum(axis=1, keepdims=True)


@pytest.fixture(scope="module")
def painting():
    """Spectra of three paints of unlike sizes, with doses from 30 to 100,000 counts."""
    rng = np.random.default_rng(0)
    truth = rng.choice(3, 1200, p=[0.6, 0.3, 0.1])
    dose = rng.choice(DOSES, truth.size)
    return rng.poisson(shapes()[truth] * dose[:, None]), truth, dose


@pytest.fixture(scope="module")
def fitted(painting):
    return PoissonMixture(random_state=0).fit(painting[0])


def test_number_and_members_are_found_at_all_doses_together(painting, fitted):
    _, truth, dose = painting
    assert fitted.n_clusters_ == 3
    assert adjusted_rand_score(truth[dose > 30], fitted.labels_[dose > 30]) > 0.99
    np.testing.assert_array_equal(np.sort(fitted.weights_)[::-1], fitted.weights_)
    np.testing.assert_allclose(fitted.weights_, [0.6, 0.3, 0.1], atol=0.03)
    centers = fitted.cluster_centers_ / fitted.cluster_centers_.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(centers, shapes(), atol=0.002)


def test_one_paint_is_one_cluster_and_has_no_outliers():
    X = np.random.default_rng(1).poisson(shapes(1)[[0] * 500] * 2000)
    paint = PoissonMixture(random_state=0).fit(X)
    assert paint.n_clusters_ == 1
    assert np.all(paint.labels_ == 0)
    assert paint.excess_ < 1e-5


def test_membership_of_a_faint_spectrum_is_as_doubtful_as_it_is(fitted):
    """Of 20 counts: a probability of p is right in a share p of the cases."""
    rng = np.random.default_rng(2)
    truth = rng.choice(3, 4000, p=fitted.weights_)
    flat = 0.15 * shapes()[truth] + 0.85 * shapes().mean(axis=0)
    model = PoissonMixture(3, random_state=0).fit(rng.poisson(flat * 500))
    X = rng.poisson(flat * 20)
    proba = model.predict_proba(X)
    np.testing.assert_allclose(proba.sum(axis=1), 1)
    right = np.argmax(proba, axis=1) == truth
    assert abs(proba.max(axis=1).mean() - right.mean()) < 0.03
    assert right.mean() < 0.95


def test_another_chemistry_in_one_pixel_is_an_outlier(painting):
    X = np.vstack([painting[0], np.random.default_rng(3).poisson(shapes(4)[3:] * 1000)])
    paints = PoissonMixture(random_state=0).fit(X)
    assert paints.labels_[-1] == -1
    assert np.mean(paints.labels_[:-1] == -1) < 0.005


def test_a_pixel_on_an_edge_contains_two_paints(fitted):
    edge = (0.3 * shapes()[0] + 0.7 * shapes()[1]) * 20_000
    amounts = fitted.unmix(np.random.default_rng(4).poisson(edge)[None])[0]
    np.testing.assert_allclose(amounts, [6000, 14_000, 0], atol=500)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 1199), st.booleans())
def test_labels_do_not_depend_on_blocks(painting, fitted, cut, reverse):
    X = painting[0]
    parts = [X[cut:], X[:cut]] if reverse else [X[:cut], X[cut:]]
    labels = [fitted.predict(part) for part in parts]
    np.testing.assert_array_equal(np.concatenate(labels[:: -1 if reverse else 1]), fitted.labels_)


def test_spectra_without_counts_are_of_no_paint(fitted):
    empty = np.zeros((2, N_CHANNELS))
    assert fitted.predict(empty).tolist() == [-1, -1]
    np.testing.assert_allclose(fitted.predict_proba(empty)[0], fitted.weights_)
    np.testing.assert_array_equal(fitted.unmix(empty), 0)


def test_bad_counts_are_refused(fitted):
    with pytest.raises(CountsError, match="not negative"):
        fitted.predict(-np.ones((1, N_CHANNELS)))
    with pytest.raises(CountsError, match="nothing to cluster"):
        PoissonMixture().fit(np.zeros((5, N_CHANNELS)))
