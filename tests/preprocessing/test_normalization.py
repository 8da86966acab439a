import numpy as np
import pandas as pd
import pytest
import sklearn
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, KFold, cross_validate
from sklearn.pipeline import make_pipeline

from skxrf.exceptions import SkxrfError
from skxrf.metrics import ssim_scorer
from skxrf.preprocessing import SpectrumNormalizer

METHODS = ["total_counts", "sqrt", "anscombe", "log1p", "standard_score"]


def formula(method, counts):
    """What each method says it makes of counts."""
    c = counts.astype(np.float64)
    with np.errstate(invalid="ignore"):
        return {
            "total_counts": lambda: c / c.sum(axis=1, keepdims=True),
            "sqrt": lambda: np.sqrt(c),
            "anscombe": lambda: 2 * np.sqrt(c + 3 / 8),
            "log1p": lambda: np.log(1 + c),
            "standard_score": lambda: (
                (c - c.mean(axis=1, keepdims=True)) / c.std(axis=1, keepdims=True)
            ),
        }[method]()


@pytest.mark.parametrize("method", METHODS)
@given(
    arrays(
        np.uint16, array_shapes(min_dims=2, max_dims=2, max_side=12), elements=st.integers(0, 60000)
    )
)
def test_counts_become_what_the_formula_says(method, counts):
    expected = np.nan_to_num(formula(method, counts))  # empty and constant spectra become 0
    for dtype in (np.uint16, np.float32, np.float64):
        made = SpectrumNormalizer(method).fit_transform(counts.astype(dtype))
        assert made.dtype == (np.float64 if dtype == np.float64 else np.float32)
        rtol, atol = (1e-12, 1e-12) if dtype == np.float64 else (2e-5, 2e-5)
        np.testing.assert_allclose(made, expected, rtol=rtol, atol=atol)


@pytest.mark.parametrize("method", ["sqrt", "anscombe", "log1p"])
@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=20))
def test_negative_values_keep_their_order_and_sign(method, values):
    X = np.sort(np.array(values))[None]
    made = SpectrumNormalizer(method).fit_transform(X)
    assert np.isfinite(made).all()
    assert (np.diff(made[0]) >= 0).all()
    zero = -3 / 8 if method == "anscombe" else 0.0
    np.testing.assert_array_equal(np.sign(made), np.sign(X - zero))
    mirrored = SpectrumNormalizer(method).fit_transform(2 * zero - X)
    np.testing.assert_allclose(mirrored, -made, rtol=1e-6, atol=1e-5)


@given(
    arrays(
        np.float64,
        array_shapes(min_dims=2, max_dims=2, max_side=8),
        elements=st.floats(-100, 100, allow_subnormal=False),
    )
)
def test_total_of_anything_is_finite(X):
    made = SpectrumNormalizer("total_counts").fit_transform(X)
    total = np.abs(made).sum(axis=1)
    np.testing.assert_allclose(total, np.abs(X).any(axis=1), rtol=1e-9)


def test_totals_and_means_of_many_float32_are_summed_in_double_precision():
    X = np.full((1, 4_000_000), 0.1, np.float32)
    X[0, 0] = 1e6
    for method in ("total_counts", "standard_score"):
        single = SpectrumNormalizer(method).fit_transform(X)
        double = SpectrumNormalizer(method).fit_transform(X.astype(np.float64))
        np.testing.assert_allclose(single[0, :2], double[0, :2], rtol=1e-6)


@pytest.mark.parametrize("value", [0.1, 3.3, 1e6 + 0.1])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_constant_spectrum_has_no_standard_score_but_zero(value, dtype):
    X = np.full((2, 1001), value, dtype)
    assert not SpectrumNormalizer("standard_score").fit_transform(X).any()


@pytest.mark.parametrize("method", [*METHODS, "live_time"])
def test_input_is_left_alone(method):
    X = np.random.default_rng(0).normal(2, 3, (5, 6)).astype(np.float32)
    before = X.copy()
    made = SpectrumNormalizer(method).fit_transform(X, live_time=np.full(5, 2.0))
    np.testing.assert_array_equal(X, before)
    assert not np.shares_memory(X, made)


def test_live_time_gives_counts_per_second():
    counts = np.array([[2, 4], [9, 3]], np.uint16)
    normalizer = SpectrumNormalizer("live_time").fit(counts)
    per_second = normalizer.transform(counts, live_time=[2.0, 3.0])
    assert per_second.dtype == np.float32
    np.testing.assert_allclose(per_second, [[1, 2], [3, 1]])
    np.testing.assert_allclose(normalizer.transform(counts, live_time=2.0), counts / 2)
    with pytest.raises(SkxrfError, match="needs the live time"):
        normalizer.transform(counts)  # the one before is not remembered


def test_a_missing_live_time_is_explained():
    with pytest.raises(SkxrfError) as caught:
        SpectrumNormalizer("live_time").fit_transform(np.ones((2, 3)))
    assert str(caught.value) == (
        "method='live_time' needs the live time of each spectrum: transform(X, live_time=t); in a "
        "Pipeline, request it with set_transform_request(live_time=True). scikit-learn's scorers "
        "hand nothing on to predict: to cross-validate, normalize the spectra before."
    )


@pytest.mark.parametrize(
    ("live_time", "message"),
    [
        ([1.0], r"^live_time has the shape \(1,\) for 2 spectra: .* each, or one for all\.$"),
        ([[1.0], [2.0]], r"shape \(2, 1\)"),
        ([1.0, 0.0], r"1 of 2 values are not: the first is 0.0 s, of spectrum 1"),
        ([np.nan, 1.0], "nan s, of spectrum 0"),
        (-1.0, "positive"),
    ],
)
def test_bad_live_time(live_time, message):
    with pytest.raises(SkxrfError, match=message):
        SpectrumNormalizer("live_time").fit_transform(np.ones((2, 3)), live_time=live_time)


def test_live_time_is_routed_through_a_pipeline(tiny_samples):
    X, Y = tiny_samples
    seconds = np.random.default_rng(0).uniform(0.5, 2, len(X))
    exposed = X * seconds[:, None]
    expected = Ridge().fit(X, Y).predict(X)
    with sklearn.config_context(enable_metadata_routing=True):
        normalizer = SpectrumNormalizer("live_time").set_transform_request(live_time=True)
        model = make_pipeline(normalizer, Ridge())
        model.fit(exposed, Y, live_time=seconds)
        np.testing.assert_allclose(model.predict(exposed, live_time=seconds), expected)
        with pytest.raises(SkxrfError, match="needs the live time"):
            model.predict(exposed)


def test_live_time_before_cross_validation(tiny_samples):
    X, Y = tiny_samples
    per_second = SpectrumNormalizer("live_time").fit_transform(X, live_time=np.full(len(X), 0.5))
    scores = cross_validate(
        Ridge(), per_second, Y, cv=KFold(3), scoring=ssim_scorer, error_score="raise"
    )
    assert (scores["test_score"] > 0.5).all()


def test_method_can_be_searched(tiny_samples):
    X, Y = tiny_samples
    search = GridSearchCV(
        make_pipeline(SpectrumNormalizer(), Ridge()),
        {"spectrumnormalizer__method": METHODS},
        cv=2,
        error_score="raise",
    ).fit(X, Y)
    assert search.best_score_ > 0.9
    with pytest.raises(ValueError, match="'method' parameter"):
        SpectrumNormalizer("total").fit(X)


def test_names_stay():
    frame = pd.DataFrame(np.ones((2, 3)), columns=["a", "b", "c"])
    made = SpectrumNormalizer().set_output(transform="pandas").fit_transform(frame)
    assert made.columns.tolist() == ["a", "b", "c"]
