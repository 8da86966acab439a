import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from skxrf.plotting import MapComparisonDisplay, ZScoreMapDisplay


def test_a_row_holds_reference_prediction_and_z_on_one_scale(toy_maps):
    prediction = toy_maps * 1.2
    display = MapComparisonDisplay.from_maps(
        toy_maps, prediction, elements=["Fe_K", "Pb_L"], titles=("fit", "CNN")
    )
    assert display.axes_.shape == (2, 3)
    assert [axes.get_title() for axes in display.axes_[0]] == ["fit", "CNN", "|z|"]
    assert [row[0].get_ylabel() for row in display.axes_] == ["Fe K", "Pb L"]
    left, middle = (axes.images[0] for axes in display.axes_[1, :2])
    np.testing.assert_array_equal(left.get_array(), toy_maps.sel(element="Pb_L"))
    np.testing.assert_array_equal(middle.get_array(), prediction.sel(element="Pb_L"))
    assert left.get_clim() == middle.get_clim()
    same = ZScoreMapDisplay.from_maps(toy_maps, prediction, elements=["Fe_K", "Pb_L"])
    np.testing.assert_array_equal(display.shares_, same.shares_)
    np.testing.assert_array_equal(
        display.axes_[1, 2].images[0].get_array(), same.images_[1].get_array()
    )


def test_color_range_is_that_of_the_reference(toy_maps):
    display = MapComparisonDisplay.from_maps(toy_maps, 10 * toy_maps, percentiles=(2, 98))
    expected = np.percentile(toy_maps.to_numpy()[..., 0], (2, 98))
    np.testing.assert_allclose(display.axes_[0, 1].images[0].get_clim(), expected)


def test_sigma_is_passed_on(toy_maps):
    display = MapComparisonDisplay.from_maps(toy_maps, toy_maps + 5, sigma=2.0)
    np.testing.assert_array_equal(display.shares_, [[0, 0, 1, 0]] * 3)


def test_drawn_into_a_given_place(toy_maps):
    figure = Figure(figsize=(9, 9), layout="constrained")
    display = MapComparisonDisplay.from_maps(
        toy_maps, xr.full_like(toy_maps, np.nan), ax=figure.subplots()
    )
    figure.canvas.draw()
    assert display.figure_ is figure
    assert np.isnan(display.shares_).all()
