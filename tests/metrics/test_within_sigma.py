import numpy as np
import pytest
import xarray as xr

from skxrf.exceptions import SkxrfError
from skxrf.metrics import within_sigma_score, z_score
from skxrf.samples import to_samples

ELEMENTS = ["Fe_K", "Pb_L"]


def maps_and_prediction(n_y=4, n_x=5, *, seed=0, dtype=np.float64):
    rng = np.random.default_rng(seed)
    truth = rng.poisson([40, 900], (n_y, n_x, 2)).astype(dtype)
    prediction = truth + rng.normal(0, [8, 20], truth.shape).astype(np.float32)
    coords = {"element": ELEMENTS, "y": 0.5 * np.arange(n_y), "x": 0.5 * np.arange(n_x)}
    return tuple(
        xr.DataArray(values, dims=("y", "x", "element"), coords=coords, attrs={"painting": "icon"})
        for values in (truth, prediction)
    )


def test_share_within_one_deviation():
    truth, prediction = maps_and_prediction(20, 30)
    z = z_score(truth, prediction).to_numpy()
    expected = (z <= 1).mean(axis=(0, 1))
    raw = within_sigma_score(truth, prediction, multioutput="raw_values")
    np.testing.assert_array_equal(raw, expected)
    score = within_sigma_score(truth, prediction)
    assert isinstance(score, float)
    assert score == expected.mean()
    assert within_sigma_score(truth, prediction, limit=3) > within_sigma_score(truth, prediction)
    residual = within_sigma_score(truth, prediction, sigma="residual")
    assert residual == pytest.approx(0.683, abs=0.04)  # these residuals are normal


def test_share_counts_the_pixels_of_all_paintings_once():
    truth, prediction = maps_and_prediction(6, 7)
    other_truth, other = maps_and_prediction(3, 4, seed=2)
    pixels = {"a": truth, "b": other_truth}, {"a": prediction, "b": other}
    score = within_sigma_score(*pixels)
    assert score == within_sigma_score(*(to_samples(maps) for maps in pixels))
    alone = [within_sigma_score(truth, prediction), within_sigma_score(other_truth, other)]
    assert score == pytest.approx((42 * alone[0] + 12 * alone[1]) / 54)


def test_line_groups_of_several_paintings_are_matched_by_name():
    truth, prediction = maps_and_prediction(6, 7)
    pixels = {"a": truth, "b": truth[..., ::-1]}, {"a": prediction, "b": prediction}
    raw = within_sigma_score(*pixels, multioutput="raw_values")
    np.testing.assert_allclose(raw, within_sigma_score(truth, prediction, multioutput="raw_values"))


def test_share_leaves_missing_pixels_out():
    truth, prediction = maps_and_prediction(6, 7)
    expected = within_sigma_score(truth[:4], prediction[:4])
    missing = truth.where(np.arange(6)[:, None, None] < 4)
    assert within_sigma_score(missing, prediction) == expected
    assert within_sigma_score(truth, prediction.where(~missing.isnull())) == expected
    missing[..., 1] = np.nan
    raw = within_sigma_score(missing, prediction, multioutput="raw_values")
    assert np.isnan(raw[1])
    assert within_sigma_score(missing, prediction) == raw[0]


def test_share_refuses_failed_rows_and_nothing_at_all():
    truth, prediction = (to_samples(maps) for maps in maps_and_prediction())
    failed = prediction.to_numpy().copy()
    failed[2, 1] = np.nan
    with pytest.raises(SkxrfError, match="1 NaN values"):
        within_sigma_score(truth, failed)
    nothing = maps_and_prediction()[0].where(False)
    with pytest.raises(SkxrfError, match="no pixel"):
        within_sigma_score(nothing, nothing)
    with pytest.raises(SkxrfError, match="multioutput"):
        within_sigma_score(truth, prediction, multioutput="mean")
    maps, _ = maps_and_prediction()
    different = {"a": maps, "b": maps[..., :1]}
    with pytest.raises(SkxrfError, match="line groups"):
        within_sigma_score(different, different)


def test_share_of_weighted_rows():
    truth, prediction = (to_samples(maps) for maps in maps_and_prediction(6, 7))
    times = np.arange(42.0)
    within = (z_score(truth, prediction) <= 1).to_numpy()
    raw = within_sigma_score(truth, prediction, sample_weight=times, multioutput="raw_values")
    np.testing.assert_allclose(raw, np.average(within, axis=0, weights=times))
    equal = within_sigma_score(truth, prediction, sample_weight=np.full(42, 0.5))
    assert equal == pytest.approx(within_sigma_score(truth, prediction))


def test_weight_of_a_missing_pixel_does_not_count():
    truth = np.array([[np.nan, 0.0], [9.0, 9.0], [9.0, 9.0]])
    guess = np.array([[0.0, 0.0], [9.0, 99.0], [99.0, 9.0]])
    raw = within_sigma_score(truth, guess, sample_weight=[4, 1, 3], multioutput="raw_values")
    np.testing.assert_allclose(raw, [1 / 4, 7 / 8])


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (np.ones(3), r"shape \(3,\) for 20 pixels"),
        (np.full(20, -1.0), "0 or more"),
        (np.full(20, np.nan), "finite"),
        (np.zeros(20), "no pixel"),
    ],
)
def test_bad_weights(weight, message):
    truth, prediction = (to_samples(maps) for maps in maps_and_prediction())
    with pytest.raises(SkxrfError, match=message):
        within_sigma_score(truth, prediction, sample_weight=weight)


def test_maps_take_no_weights():
    maps = maps_and_prediction()
    message = (
        r"^sample_weight is one weight a row of a table, got maps: convert them and the weights with "
        r"skxrf\.samples\.to_samples\.$"
    )
    with pytest.raises(SkxrfError, match=message):
        within_sigma_score(*maps, sample_weight=np.ones(20))
    several = [{"icon": m} for m in maps]
    with pytest.raises(SkxrfError, match="got maps: convert"):
        within_sigma_score(*several, sample_weight=np.ones(20))


def test_limit_belongs_to_the_share():
    assert within_sigma_score(np.array([99.0]), np.array([109.0])) == 1.0
    assert within_sigma_score(np.array([99.0]), np.array([109.0]), limit=0.99) == 0.0


def test_sigma_is_the_one_given():
    truth, prediction = maps_and_prediction()
    assert within_sigma_score(truth, prediction, sigma=1e-9) == 0.0
    assert within_sigma_score(truth, prediction, sigma=1e9) == 1.0


def test_one_column_has_one_score():
    raw = within_sigma_score(np.array([1.0, 2.0]), np.array([1.0, 9.0]), multioutput="raw_values")
    np.testing.assert_array_equal(raw, [0.5])


def test_messages_of_several_paintings():
    maps, _ = maps_and_prediction()
    unnamed = maps.drop_vars("element")
    different = {"a": unnamed, "b": unnamed[..., :1]}
    with pytest.raises(SkxrfError, match="'b' has 1 line groups, the first 2: score them apart"):
        within_sigma_score(different, different)
    named = {"a": maps, "b": maps.assign_coords(element=["Fe_K", "S_K"])}
    with pytest.raises(SkxrfError, match="painting 'b' has"):
        within_sigma_score(named, named)
    failed = to_samples(maps)
    failed.iloc[0, 0] = np.nan
    with pytest.raises(SkxrfError, match="1 NaN values"):
        within_sigma_score({"a": to_samples(maps)}, {"a": failed})
