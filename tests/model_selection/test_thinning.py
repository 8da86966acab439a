"""Folds of counts: exact sums, independence, reproducibility, scikit-learn's searches."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, clone
from sklearn.decomposition import NMF, PCA
from sklearn.model_selection import GridSearchCV, KFold, cross_validate

from skxrf.exceptions import CountsError, SkxrfError
from skxrf.metrics import poisson_deviance_scorer
from skxrf.model_selection import CountThinning, thin_counts
from skxrf.model_selection._thinning import count_folds


def cube_of(counts, **coords):
    return xr.DataArray(counts, dims=("y", "x", "energy"), coords=coords, name="counts")


@pytest.fixture(scope="module")
def counts():
    return np.random.default_rng(0).poisson(3.0, (12, 10, 40)).astype(np.uint16)


@given(st.integers(2, 12), st.integers(0, 2**31 - 1), st.sampled_from(["u2", "i8", "f4"]))
@settings(max_examples=25, deadline=None)
def test_folds_sum_to_the_counts(n_splits, seed, dtype):
    counts = np.random.default_rng(seed).poisson(2, (5, 7)).astype(dtype)
    before = counts.copy()
    parts = list(count_folds(counts, n_splits, np.random.default_rng(seed)))
    assert len(parts) == n_splits
    assert all(part.dtype == counts.dtype and (part >= 0).all() for part in parts)
    np.testing.assert_array_equal(np.sum(parts, axis=0), counts)
    np.testing.assert_array_equal(counts, before)


def test_parts_are_independent_poisson_counts():
    counts = np.random.default_rng(1).poisson(20, (200, 200, 1))
    rest, part = thin_counts(cube_of(counts), 0.2, random_state=3)
    for array, mean in ((rest, 16), (part, 4)):
        values = array.to_numpy().ravel()
        # 40,000 values: standard errors of 0.5 % of the mean and 0.7 % of the variance.
        assert abs(values.mean() / mean - 1) < 0.02
        assert abs(values.var() / mean - 1) < 0.03
    assert abs(np.corrcoef(rest.to_numpy().ravel(), part.to_numpy().ravel())[0, 1]) < 0.02


def test_a_lazy_cube_gives_lazy_parts_that_sum_to_it(counts):
    cube = cube_of(counts).chunk({"y": 5, "x": 4})
    rest, part = thin_counts(cube, 0.3, random_state=1)
    assert rest.chunks is not None
    assert part.chunks is not None
    assert part.dtype == cube.dtype
    first, again = part.compute(), thin_counts(cube, 0.3, random_state=1)[1].compute()
    xr.testing.assert_identical(first, again)
    np.testing.assert_array_equal((rest + part).compute(), counts)
    assert not (first == thin_counts(cube, 0.3, random_state=2)[1]).all()
    # Blocks have numbers of their own.
    assert not (first[:5, :4].to_numpy() == first[5:10, :4].to_numpy()).all()


def test_the_live_time_is_divided_like_the_counts(counts):
    cube = cube_of(counts).assign_coords(live_time=(("y", "x"), np.full((12, 10), 2.0)))
    rest, part = thin_counts(cube, 0.25)
    assert float(rest["live_time"].mean()) == 1.5
    assert float(part["live_time"].mean()) == 0.5


@pytest.mark.parametrize("fraction", [0, 1, -0.1, 1.5])
def test_shares_outside_0_and_1_are_refused(counts, fraction):
    with pytest.raises(SkxrfError, match="between 0 and 1"):
        thin_counts(cube_of(counts), fraction)


def test_values_that_are_no_counts_are_refused(counts):
    with pytest.raises(CountsError, match="no whole numbers, such as"):
        thin_counts(cube_of(counts * 1.07), 0.1)
    with pytest.raises(CountsError, match="no whole numbers"):
        CountThinning().counts(counts[0] / 3)
    with pytest.raises(CountsError, match="not negative"):
        thin_counts(cube_of(counts.astype(float) - 5), 0.1)


def test_whole_floats_are_counts(counts):
    _, part = thin_counts(cube_of(counts.astype(np.float32)), 0.5)
    assert part.dtype == np.float32
    assert (part == np.round(part)).all()


class Recorder(BaseEstimator):
    """Estimator that keeps what it was fitted to."""

    def fit(self, X, y=None):
        self.X_ = np.asarray(X)
        return self

    def transform(self, X):
        return X

    def inverse_transform(self, X):
        return X


def test_training_parts_and_held_out_counts_sum_to_the_spectra(counts):
    X = counts[0]
    thinning = CountThinning(3, random_state=0)
    thinned = thinning.counts(X)
    held_out = []
    for train, test in thinning.split(thinned):
        kept, both = thinned[train], thinned[test]
        np.testing.assert_array_equal(both[:, :40], kept)
        np.testing.assert_array_equal(kept + both[:, 40:], X)
        held_out.append(both[:, 40:])
    np.testing.assert_array_equal(sum(held_out), X)
    # Rows may be asked for one by one, as some estimators do.
    np.testing.assert_array_equal(thinned[test[:2]], both[:2])


def test_a_splitter_is_shown_as_it_is_made():
    assert repr(CountThinning(4, random_state=1)) == "CountThinning(4, random_state=1)"


def test_searches_fit_their_best_estimator_to_all_counts(counts):
    X = counts.reshape(-1, 40)
    thinning = CountThinning(2, random_state=0)
    search = GridSearchCV(
        Recorder(), {}, cv=thinning, scoring=poisson_deviance_scorer, error_score="raise"
    ).fit(thinning.counts(X))
    np.testing.assert_array_equal(search.best_estimator_.X_, X)


def test_held_out_counts_choose_the_right_number_of_components():
    rng = np.random.default_rng(0)
    spectra = rng.dirichlet(np.full(60, 0.2), 3)
    X = rng.poisson(rng.uniform(0, 300, (300, 3)) @ spectra)
    thinning = CountThinning(4, random_state=0)
    search = GridSearchCV(
        NMF(init="nndsvda", beta_loss="kullback-leibler", solver="mu", max_iter=400),
        {"n_components": [1, 2, 3, 8]},
        cv=thinning,
        scoring=poisson_deviance_scorer,
        error_score="raise",
    ).fit(thinning.counts(X))
    assert search.best_params_ == {"n_components": 3}


def test_pixels_held_out_would_choose_too_many():
    """The same problem with pixels held out has no optimum: the reason for folds of counts."""
    rng = np.random.default_rng(0)
    X = rng.poisson(rng.uniform(0, 300, (300, 3)) @ rng.dirichlet(np.full(60, 0.2), 3))

    def rebuilt(model, X, y=None):
        return -np.square(model.inverse_transform(model.transform(X)) - X).mean()

    scores = [
        cross_validate(PCA(n), X, cv=KFold(4), scoring=rebuilt)["test_score"].mean()
        for n in (3, 20)
    ]
    assert scores[1] > scores[0]


def test_what_does_not_fit_together_is_refused(counts):
    X = counts[0]
    thinning = CountThinning(3, random_state=0)
    with pytest.raises(SkxrfError, match=r"pass thinning\.counts"):
        next(thinning.split(X))
    with pytest.raises(SkxrfError, match="no labels"):
        next(thinning.split(thinning.counts(X), np.zeros(len(X))))
    with pytest.raises(SkxrfError, match="not another splitter"):
        thinning.counts(X)[np.arange(25)]
    with pytest.raises(SkxrfError, match=r"\(n_samples, n_channels\)"):
        thinning.counts(counts)
    for n_splits in (1, 2.5):
        with pytest.raises(SkxrfError, match="from 2 up"):
            CountThinning(n_splits).get_n_splits()
    assert clone(Recorder()) is not None
