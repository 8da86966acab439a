import numpy as np
import pytest
import xarray as xr

from skxrf.exceptions import LineGroupError, SkxrfError
from skxrf.metrics import ssim_score, within_sigma_score
from skxrf.report._map_statistics import compare_maps, map_totals


def maps_of(values, elements=("Fe_K", "Pb_L")):
    return xr.DataArray(
        np.asarray(values), dims=("y", "x", "element"), coords={"element": list(elements)}
    )


@pytest.fixture
def pair():
    """A reference, and maps of twice its counts and 5 more, with holes and other positions."""
    rng = np.random.default_rng(8)
    reference = maps_of(rng.poisson(100, (14, 16, 2)).astype(float))
    maps = 2 * reference + 5
    maps[2, 3, 0] = np.nan
    return maps.assign_coords(y=0.5 * np.arange(14)), reference


def test_totals_leave_out_missing_pixels():
    values = np.zeros((2, 3, 2))
    values[..., 0] = [[1, 2, np.nan], [3, 4, 10]]
    values[..., 1] = np.nan
    first, second = map_totals({"intensity": maps_of(values)})
    assert (first.total, first.maximum, first.mean, first.detected) == (20, 10, 4, None)
    assert np.isnan(second.total)
    errors = maps_of(np.ones((2, 3, 2)))
    # 4 and 10 are above three standard errors, 3 is not.
    with_errors = map_totals({"intensity": maps_of(values), "uncertainty": errors})
    assert with_errors[0].detected == 2 / 5


def test_scores_are_those_of_the_metrics(pair):
    maps, reference = pair
    comparisons, against, classes = compare_maps(maps, reference)
    iron = comparisons["Fe_K"]
    here = {"y": np.arange(14)}
    assert iron.slope == pytest.approx(2)
    assert iron.correlation == pytest.approx(1)
    single = maps.assign_coords(here).sel(element="Fe_K"), reference.sel(element="Fe_K")
    assert iron.rmse == pytest.approx(float(np.sqrt(((single[0] - single[1]) ** 2).mean())))
    assert iron.ssim == ssim_score(single[1].drop_vars(()), single[0].drop_vars("y"))
    within = within_sigma_score(reference, maps.drop_vars("y"), multioutput="raw_values")
    assert iron.z_shares[0] == pytest.approx(within[0])
    assert sum(iron.z_shares) == pytest.approx(1)
    assert np.isnan(classes.to_numpy()[2, 3, 0])
    assert against.shape == (14, 16, 2)
    assert iron.histogram.maps.sum() == iron.histogram.reference.sum() == 14 * 16 - 1


def test_classes_have_their_limits_in_the_lower_one():
    reference = maps_of(np.full((1, 5, 1), 99.0), ["Fe_K"])
    maps = reference + np.array([0, 10, 20, 30, 31.0])[None, :, None]
    _, _, classes = compare_maps(maps, reference)
    assert classes.to_numpy().ravel().tolist() == [0, 0, 1, 2, 3]


def test_z_may_be_in_units_of_standard_errors(pair):
    maps, reference = pair
    errors = maps_of(np.full((14, 16, 2), [50.0, 200.0])).assign_coords(y=maps["y"])
    comparisons, _, classes = compare_maps(maps, reference, errors)
    z = np.abs(maps.to_numpy() - reference.to_numpy()) / errors.to_numpy()
    np.testing.assert_array_equal(classes[..., 1], np.ceil(z[..., 1]).clip(1, 4) - 1)
    assert comparisons["Pb_L"].z_shares[0] == np.mean(z[..., 1] <= 1)


def test_only_common_elements_are_compared_in_the_order_of_the_maps(pair):
    maps, reference = pair
    others = maps_of(np.ones((14, 16, 3)), ["Pb_L", "S_K", "Fe_K"])
    comparisons, against, _ = compare_maps(maps, others)
    assert list(comparisons) == ["Fe_K", "Pb_L"]
    assert against["element"].to_numpy().tolist() == ["Fe_K", "Pb_L"]
    # A constant reference has no slope, no correlation and no SSIM.
    assert np.isnan([comparisons["Fe_K"].slope, comparisons["Fe_K"].ssim]).all()
    with pytest.raises(LineGroupError, match="no line group in common"):
        compare_maps(maps, maps_of(np.ones((14, 16, 1)), ["S_K"]))
    with pytest.raises(SkxrfError, match="14 x 16 pixels"):
        compare_maps(maps, reference.isel(x=slice(9)))


def test_a_map_without_values_has_no_scores(pair):
    maps, reference = pair
    nothing = maps.copy(data=np.full(maps.shape, np.nan))
    comparisons, _, _ = compare_maps(nothing, reference)
    assert np.isnan(comparisons["Fe_K"].rmse)
    assert np.isnan(comparisons["Fe_K"].z_shares).all()
