import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from matplotlib.colors import to_hex

from skxrf.exceptions import SkxrfError
from skxrf.plotting import ZScoreMapDisplay
from skxrf.plotting._zscore_map import z_class_shares
from skxrf.samples import to_samples


def as_z(values):
    values = np.asarray(values, dtype=float)[..., None]
    return xr.DataArray(values, dims=("y", "x", "element"), coords={"element": ["Fe_K"]})


def drawn_colors(image):
    rgba = image.cmap(image.norm(image.get_array()))
    return [[to_hex(pixel) for pixel in row] for row in rgba]


def test_classes_are_white_yellow_red_black_and_their_upper_limits_belong_to_them():
    display = ZScoreMapDisplay(
        as_z([[0.0, 1.0, 1.01], [2.0, 2.01, 3.0], [3.01, 99, np.inf]])
    ).plot()
    white, yellow, red, black = "#ffffff", "#f9d423", "#d7261e", "#000000"
    assert drawn_colors(display.images_[0])[:2] == [[white, white, yellow], [yellow, red, red]]
    assert drawn_colors(display.images_[0])[2][:2] == [black, black]


def test_sign_does_not_matter():
    positive = ZScoreMapDisplay(as_z([[0.5, 1.5, 2.5, 3.5]])).plot()
    negative = ZScoreMapDisplay(as_z([[-0.5, -1.5, -2.5, -3.5]])).plot()
    np.testing.assert_array_equal(positive.shares_, [[0.25] * 4])
    np.testing.assert_array_equal(negative.shares_, positive.shares_)


def test_key_names_the_shares_and_missing_pixels_are_left_out_and_grey():
    z = as_z([[0.5, 1.5, np.nan, np.nan], [0.1, 0.2, 0.3, 9.0]])
    display = ZScoreMapDisplay(z).plot()
    np.testing.assert_allclose(display.shares_[0], [4 / 6, 1 / 6, 0, 1 / 6])
    key = display.axes_[0].child_axes[0]
    texts = " ".join(text.get_text().replace("\n", " ") for text in key.texts)
    assert texts == "|z| ≤ 1 67 % 1 – 2 17 % 2 – 3 0 % > 3 17 %"
    assert (
        np.ma.getmaskarray(display.images_[0].get_array())[0].tolist() == [False] * 2 + [True] * 2
    )
    assert not ZScoreMapDisplay(z).plot(key=False).axes_[0].child_axes


def test_small_shares_are_not_rounded_to_none():
    z = np.zeros((40, 50))
    z[0, 0] = 5
    texts = [t.get_text() for t in ZScoreMapDisplay(as_z(z)).plot().axes_[0].child_axes[0].texts]
    assert texts[-1].endswith("0.1 %")


def test_map_without_any_value_is_drawn():
    display = ZScoreMapDisplay(as_z(np.full((3, 4), np.nan))).plot()
    display.figure_.canvas.draw()
    assert np.isnan(display.shares_).all()


@given(arrays(np.float64, (5, 7), elements=st.floats(-10, 10)))
def test_shares_add_up_to_one_and_agree_with_counting(z):
    shares = z_class_shares(z)
    assert shares.sum() == pytest.approx(1)
    assert shares[0] == np.mean(np.abs(z) <= 1)
    assert shares[3] == np.mean(np.abs(z) > 3)


def test_from_maps_is_in_units_of_the_poisson_deviation(toy_maps):
    reference = xr.full_like(toy_maps, 99.0)
    prediction = reference + 15.0  # sigma = sqrt(100): 1.5
    display = ZScoreMapDisplay.from_maps(reference, prediction)
    np.testing.assert_array_equal(display.shares_, [[0, 1, 0, 0]] * 3)
    display = ZScoreMapDisplay.from_maps(reference, prediction, sigma=4.0)
    np.testing.assert_array_equal(display.shares_, [[0, 0, 0, 1]] * 3)


def test_from_maps_matches_line_groups_by_name(toy_maps):
    turned = toy_maps.isel(element=[2, 0, 1])
    display = ZScoreMapDisplay.from_maps(toy_maps, turned, elements=["Pb_L", "S_K"])
    np.testing.assert_array_equal(display.shares_, [[1, 0, 0, 0]] * 2)
    assert [axes.get_title() for axes in display.axes_] == ["Pb L", "S K"]


def test_from_predictions_equals_from_maps(toy_maps):
    table = to_samples(toy_maps)
    from_tables = ZScoreMapDisplay.from_predictions(table, table.to_numpy() + 9)
    from_maps = ZScoreMapDisplay.from_maps(toy_maps, toy_maps + 9)
    np.testing.assert_array_equal(from_tables.shares_, from_maps.shares_)
    two = to_samples({"icon": toy_maps, "panel": toy_maps})
    with pytest.raises(SkxrfError, match="several paintings"):
        ZScoreMapDisplay.from_predictions(two, two)


def test_from_estimator_predicts_the_cube(toy_cube, channel_reader):
    reference = toy_cube.isel(energy=[10, 20]).rename(energy="element").astype(float)
    reference = reference.assign_coords(element=["S_K", "Fe_K"])
    exact = ZScoreMapDisplay.from_estimator(channel_reader, toy_cube, reference)
    np.testing.assert_array_equal(exact.shares_, [[1, 0, 0, 0]] * 2)
    far = ZScoreMapDisplay.from_estimator(
        channel_reader, toy_cube, reference + 50, elements=["Fe_K"]
    )
    np.testing.assert_array_equal(far.shares_, [[0, 0, 0, 1]])
