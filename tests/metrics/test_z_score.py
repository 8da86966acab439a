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
    turned = z_score(truth.transpose("element", "x", "y"), prediction)
    assert turned.dims == ("element", "x", "y")
    xr.testing.assert_identical(turned.transpose(*z.dims), z)


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
    assert z_score(truth.astype(np.float64), prediction).dtype == np.float64


def test_residuals_own_deviation_of_each_element_and_map():
    truth, prediction = two_maps()
    other_truth, other = two_maps(6, 3, seed=3)
    residual = (prediction - truth).to_numpy()
    expected = abs(residual - residual.mean(axis=(0, 1))) / residual.std(axis=(0, 1))
    z = z_score({"a": truth, "b": other_truth}, {"a": prediction, "b": other}, sigma="residual")
    np.testing.assert_allclose(z["a"], expected)
    np.testing.assert_allclose(np.sqrt((z["a"] ** 2).mean(("y", "x"))), 1)
    turned = z_score(truth.transpose("element", "x", "y"), prediction, sigma="residual")
    np.testing.assert_allclose(turned.transpose(*truth.dims), expected)
    one = z_score(truth.sel(element="Pb_L"), prediction.sel(element="Pb_L"), sigma="residual")
    np.testing.assert_allclose(one, expected[..., 1])

    tables = [to_samples({"a": m, "b": n}) for m, n in [(truth, other_truth), (prediction, other)]]
    order = np.random.default_rng(0).permutation(len(tables[0]))
    by_row = z_score(tables[0].iloc[order], tables[1], sigma="residual")
    expected = to_samples(z)
    pd.testing.assert_frame_equal(by_row.sort_index(), expected.sort_index())


def test_a_constant_offset_is_at_no_distance_from_its_mean():
    truth, _ = two_maps()
    assert (z_score(truth.round(), truth.round() + 5, sigma="residual") == 0).all()
    shifted, prediction = truth + 40, two_maps()[1]
    np.testing.assert_allclose(
        z_score(shifted, prediction, sigma="residual"),
        z_score(truth, prediction, sigma="residual"),
        atol=1e-6,
    )


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
    with pytest.raises(SkxrfError, match="bare array of shape"):
        metric(truth.to_numpy(), prediction.to_numpy())


def test_missing_pixel_among_exact_ones_stays_missing():
    truth, _ = two_maps()
    prediction = truth.copy()
    prediction[0, 0, 0] = np.nan
    z = z_score(truth, prediction, sigma="residual")
    assert np.isnan(z[0, 0, 0])
    assert float(z.sum()) == 0


@pytest.mark.parametrize("dim", ["y", "x"])
@pytest.mark.parametrize(("n", "most"), [(5, 0.25), (2, 0.25), (1, 1e-6)])
def test_positions_may_differ_by_half_a_step_and_a_single_one_by_rounding(dim, n, most):
    truth, prediction = (maps.isel({dim: slice(n)}) for maps in two_maps(5, 5))
    for away in (-0.98 * most, 0.98 * most):
        moved = prediction.assign_coords({dim: prediction[dim] + away})
        xr.testing.assert_equal(z_score(truth, moved), z_score(truth, prediction))
    for away in (-1.02 * most, 1.02 * most):
        moved = prediction.assign_coords({dim: prediction[dim] + away})
        with pytest.raises(SkxrfError, match=rf"^{dim} goes from .*different parts of the pai"):
            z_score(truth, moved)


def test_a_table_is_put_into_the_maps_of_its_reference():
    truth, prediction = two_maps()
    z = z_score(truth, prediction)
    table = to_samples(prediction).iloc[::-1, ::-1]
    xr.testing.assert_identical(z_score(truth, table), z)
    xr.testing.assert_identical(z_score(truth, as_samples(table)), z)
    one = truth.sel(element="Pb_L")
    xr.testing.assert_identical(z_score(one, table[["Pb_L"]]), z.sel(element="Pb_L"))
    single = truth.sel(element=["Pb_L"])
    xr.testing.assert_identical(z_score(single, table["Pb_L"]), z.sel(element=["Pb_L"]))


def as_samples(table):
    """Table as a DataArray of dims (sample, element)."""
    coords = xr.Coordinates.from_pandas_multiindex(table.index, "sample")
    return xr.DataArray(
        table.to_numpy(), coords.assign(element=list(table)), dims=("sample", "element")
    )


@pytest.mark.parametrize("sigma", ["poisson", "residual"])
def test_samples_as_a_data_array(sigma):
    pairs = zip(two_maps(), two_maps(6, 3, seed=3), strict=True)
    truth, prediction = (to_samples({"a": first, "b": second}) for first, second in pairs)
    z = z_score(as_samples(truth), as_samples(prediction), sigma=sigma)
    np.testing.assert_allclose(z, z_score(truth, prediction, sigma=sigma))
    share = within_sigma_score(as_samples(truth), as_samples(prediction), sigma=sigma)
    assert share == within_sigma_score(truth, prediction, sigma=sigma)


def test_residuals_own_deviation_of_bare_arrays():
    truth, prediction = (to_samples(maps).to_numpy() for maps in two_maps())
    residual = prediction - truth
    expected = abs(residual - residual.mean(axis=0)) / residual.std(axis=0)
    np.testing.assert_allclose(z_score(truth, prediction, sigma="residual"), expected)
    one = z_score(truth[:, 1], prediction[:, 1], sigma="residual")
    np.testing.assert_allclose(one, expected[:, 1])


def test_residuals_own_deviation_leaves_missing_pixels_out():
    truth, prediction = two_maps()
    missing = truth.where(np.arange(4)[:, None, None] < 3)
    z = z_score(missing, prediction, sigma="residual")
    expected = z_score(truth[:3], prediction[:3], sigma="residual")
    np.testing.assert_allclose(z[:3], expected)


def test_one_sigma_for_each_element():
    truth, prediction = two_maps()
    expected = abs(prediction - truth) / [2.0, 5.0]
    np.testing.assert_allclose(z_score(truth, prediction, sigma=[2.0, 5.0]), expected)
    turned = z_score(truth.transpose("element", "y", "x"), prediction, sigma=[2.0, 5.0])
    np.testing.assert_allclose(turned.transpose(*truth.dims), expected)
    table = z_score(to_samples(truth), to_samples(prediction), sigma=[2.0, 5.0])
    np.testing.assert_allclose(table, expected.to_numpy().reshape(-1, 2))


def test_messages_name_the_argument():
    truth, prediction = two_maps()
    infinite = truth.where(truth != truth[0, 0], np.inf)
    with pytest.raises(SkxrfError, match=r"\by_true\b holds"):
        z_score(infinite, prediction)
    with pytest.raises(SkxrfError, match=r"\by_pred\b holds"):
        z_score(truth, infinite)
    with pytest.raises(SkxrfError, match=r"\by_pred\b has"):
        z_score(truth, prediction[:-1])
    several = {"a": truth}
    with pytest.raises(SkxrfError, match=r"\by_pred\b holds b"):
        z_score(several, {"b": prediction})
    with pytest.raises(SkxrfError, match=r"\bsigma\b holds b"):
        z_score(several, several, sigma={"b": truth})
    with pytest.raises(SkxrfError, match=r"pass one for each, or one for each pixel\.$"):
        z_score(truth, prediction, sigma=[1.0, 2.0, 3.0])
