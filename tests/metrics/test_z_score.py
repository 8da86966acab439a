import numpy as np
import pandas as pd
import pytest
import xarray as xr

from skxrf.exceptions import SkxrfError
from skxrf.metrics import within_sigma_score, z_score
from skxrf.samples import to_samples

ELEMENTS = ["Fe_K", "Pb_L"]


def two_maps(n_y=4, n_x=5, *, seed=0, dtype=np.float64):
    rng = np.random.default_rng(seed)
    truth = rng.poisson([40, 900], (n_y, n_x, 2)).astype(dtype)
    prediction = truth + rng.normal(0, [8, 20], truth.shape).astype(np.float32)
    coords = {"element": ELEMENTS, "y": 0.5 * np.arange(n_y), "x": 0.5 * np.arange(n_x)}
    return tuple(
        xr.DataArray(values, dims=("y", "x", "element"), coords=coords, attrs={"painting": "icon"})
        for values in (truth, prediction)
    )


def test_is_the_distance_in_poisson_deviations():
    truth, prediction = two_maps()
    z = z_score(truth, prediction)
    expected = abs(prediction.to_numpy() - truth.to_numpy()) / np.sqrt(truth.to_numpy() + 1)
    np.testing.assert_allclose(z, expected)
    xr.testing.assert_identical(z, z_score(truth, prediction, sigma="poisson"))


def test_layout_is_the_references():
    truth, prediction = two_maps()
    z = z_score(truth, prediction)
    assert (z.dims, z.name) == (truth.dims, "z_score")
    assert z.attrs == {"painting": "icon", "units": "1"}
    xr.testing.assert_identical(z.coords.to_dataset(), truth.coords.to_dataset())

    table, predicted = to_samples(truth), to_samples(prediction)
    by_row = z_score(table, predicted.to_numpy())
    pd.testing.assert_frame_equal(by_row, to_samples(z))
    pd.testing.assert_frame_equal(z_score(table, predicted.iloc[::-1, ::-1]), by_row)
    pd.testing.assert_series_equal(
        z_score(table["Fe_K"], predicted["Fe_K"].to_numpy()[:, None]), by_row["Fe_K"]
    )
    np.testing.assert_array_equal(
        z_score(table.to_numpy(), predicted.to_numpy()), by_row.to_numpy()
    )
    both = z_score({"a": truth, "b": truth}, {"b": prediction, "a": truth})
    assert list(both) == ["a", "b"]
    assert not both["a"].any()
    xr.testing.assert_identical(both["b"], z)
    xr.testing.assert_identical(
        z_score(truth.transpose("element", "x", "y"), prediction).transpose(*z.dims), z
    )


def test_missing_pixels_stay_missing():
    truth, prediction = two_maps()
    truth[1, 2, 0] = np.nan
    prediction[3, 3, :] = np.nan
    z = z_score(truth, prediction)
    np.testing.assert_array_equal(np.isnan(z), np.isnan(truth) | np.isnan(prediction))
    table = z_score(to_samples(truth), to_samples(prediction).to_numpy())
    pd.testing.assert_frame_equal(table, to_samples(z))
    residual = z_score(truth, prediction, sigma="residual")
    np.testing.assert_array_equal(np.isnan(residual), np.isnan(z))


def test_negative_reference_counts_as_zero_under_the_root_only():
    np.testing.assert_allclose(z_score(np.array([-3.0, -0.5]), np.array([1.0, 1.5])), [4.0, 2.0])


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32])
def test_unsigned_counts_do_not_wrap(dtype):
    truth, prediction = np.array([99, 24], dtype), np.array([89, 29], dtype)
    np.testing.assert_allclose(z_score(truth, prediction), [1.0, 1.0])


def test_float32_stays_float32():
    truth, prediction = two_maps(dtype=np.float32)
    for sigma in (None, "residual", 2.0, [1.0, 2.0]):
        assert z_score(truth, prediction, sigma=sigma).dtype == np.float32
    assert z_score(truth, prediction.astype(np.float64)).dtype == np.float64


def test_residuals_own_deviation_of_each_element_and_map():
    truth, prediction = two_maps()
    other_truth, other = two_maps(6, 3, seed=3)
    residual = (prediction - truth).to_numpy()
    expected = abs(residual) / residual.std(axis=(0, 1))
    z = z_score({"a": truth, "b": other_truth}, {"a": prediction, "b": other}, sigma="residual")
    np.testing.assert_allclose(z["a"], expected)
    np.testing.assert_allclose(np.sqrt((z["a"] ** 2).mean(("y", "x"))).max(), 1, atol=0.1)
    turned = z_score(truth.transpose("element", "x", "y"), prediction, sigma="residual")
    np.testing.assert_allclose(turned.transpose(*truth.dims), expected)
    one = z_score(truth.sel(element="Pb_L"), prediction.sel(element="Pb_L"), sigma="residual")
    np.testing.assert_allclose(one, expected[..., 1])

    tables = [to_samples({"a": m, "b": n}) for m, n in [(truth, other_truth), (prediction, other)]]
    order = np.random.default_rng(0).permutation(len(tables[0]))
    by_row = z_score(tables[0].iloc[order], tables[1], sigma="residual")
    expected = to_samples(z)
    pd.testing.assert_frame_equal(by_row.sort_index(), expected.sort_index())


def test_exact_prediction_is_at_no_distance_by_any_measure():
    truth, _ = two_maps()
    for sigma in (None, "residual", 3.0):
        assert (z_score(truth, truth, sigma=sigma) == 0).all()


@pytest.mark.parametrize(
    "sigma",
    [
        2.0,
        [2.0, 2.0],
        np.full((4, 5, 2), 2.0),
        xr.DataArray(np.full((2, 5, 4), 2.0), dims=("element", "x", "y")),
    ],
)
def test_given_sigma_of_maps(sigma):
    truth, prediction = two_maps()
    expected = abs(prediction.to_numpy() - truth.to_numpy()) / 2
    np.testing.assert_allclose(z_score(truth, prediction, sigma=sigma), expected)


def test_given_sigma_of_tables_is_matched_by_name():
    truth, prediction = (to_samples(maps) for maps in two_maps())
    sigma = np.sqrt(truth + 7)
    expected = abs(prediction - truth) / sigma
    for given in (sigma, sigma.to_numpy(), sigma.iloc[::-1, ::-1]):
        pd.testing.assert_frame_equal(z_score(truth, prediction, sigma=given), expected)
    series = z_score(truth["Fe_K"], prediction["Fe_K"], sigma=sigma["Fe_K"])
    pd.testing.assert_series_equal(series, expected["Fe_K"])


def test_given_sigma_of_several_paintings():
    truth, prediction = two_maps()
    several = {"a": truth, "b": truth}, {"a": prediction, "b": prediction}
    sigma = {"a": xr.full_like(truth, 2.0), "b": xr.full_like(truth, 4.0)}
    z = z_score(*several, sigma=sigma)
    xr.testing.assert_allclose(z["a"], 2 * z["b"])
    xr.testing.assert_identical(z_score(*several, sigma=2.0)["b"], z["a"])
    xr.testing.assert_identical(z_score(*several, sigma=[2.0, 2.0])["b"], z["a"])


@pytest.mark.parametrize(
    ("sigma", "message"),
    [
        ("gaussian", "'poisson', 'residual'"),
        (0.0, "not positive"),
        (-1.0, "not positive"),
        ([1.0, 2.0, 3.0], "3 values for 2 line groups"),
        (np.ones((4, 4, 2)), r"\(4, 5, 2\), sigma has \(4, 4, 2\)"),
    ],
)
def test_bad_sigma(sigma, message):
    with pytest.raises(SkxrfError, match=message):
        z_score(*two_maps(), sigma=sigma)


@pytest.mark.parametrize("metric", [z_score, within_sigma_score])
def test_mismatches_are_refused(metric):
    truth, prediction = two_maps()
    table = to_samples(truth)
    with pytest.raises(SkxrfError, match="shape"):
        metric(truth, prediction[:-1])
    with pytest.raises(SkxrfError, match="shape"):
        metric(table, table.to_numpy()[:, :1])
    with pytest.raises(SkxrfError, match="line groups"):
        metric(truth, prediction.assign_coords(element=["Fe_K", "S_K"]))
    with pytest.raises(SkxrfError, match="Dataset"):
        metric(truth.to_dataset(name="intensity"), prediction.to_dataset(name="intensity"))
    with pytest.raises(SkxrfError, match="infinite"):
        metric(truth, prediction.where(truth != truth[0, 0], np.inf))


def test_share_within_one_deviation():
    truth, prediction = two_maps(20, 30)
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
    truth, prediction = two_maps(6, 7)
    other_truth, other = two_maps(3, 4, seed=2)
    pixels = {"a": truth, "b": other_truth}, {"a": prediction, "b": other}
    score = within_sigma_score(*pixels)
    assert score == within_sigma_score(*(to_samples(maps) for maps in pixels))
    alone = [within_sigma_score(truth, prediction), within_sigma_score(other_truth, other)]
    assert score == pytest.approx((42 * alone[0] + 12 * alone[1]) / 54)


def test_share_leaves_missing_pixels_out():
    truth, prediction = two_maps(6, 7)
    expected = within_sigma_score(truth[:4], prediction[:4])
    missing = truth.where(np.arange(6)[:, None, None] < 4)
    assert within_sigma_score(missing, prediction) == expected
    assert within_sigma_score(truth, prediction.where(~missing.isnull())) == expected
    missing[..., 1] = np.nan
    raw = within_sigma_score(missing, prediction, multioutput="raw_values")
    assert np.isnan(raw[1])
    assert within_sigma_score(missing, prediction) == raw[0]


def test_share_refuses_failed_rows_and_nothing_at_all():
    truth, prediction = (to_samples(maps) for maps in two_maps())
    failed = prediction.to_numpy().copy()
    failed[2, 1] = np.nan
    with pytest.raises(SkxrfError, match="1 NaN values"):
        within_sigma_score(truth, failed)
    nothing = two_maps()[0].where(False)
    with pytest.raises(SkxrfError, match="no pixel"):
        within_sigma_score(nothing, nothing)
    with pytest.raises(SkxrfError, match="multioutput"):
        within_sigma_score(truth, prediction, multioutput="mean")
    maps, _ = two_maps()
    different = {"a": maps, "b": maps[..., :1]}
    with pytest.raises(SkxrfError, match="line groups"):
        within_sigma_score(different, different)
