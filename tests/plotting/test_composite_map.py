import numpy as np
import pytest
from matplotlib.figure import Figure

from skxrf.exceptions import SkxrfError
from skxrf.plotting import CompositeMapDisplay


def test_elements_become_red_green_blue_in_the_order_given(toy_maps):
    display = CompositeMapDisplay.from_maps(
        toy_maps, elements=["Pb_L", "S_K"], percentiles=(0, 100), gamma=1.0
    )
    image = display.images_[0].get_array()
    lead = toy_maps.sel(element="Pb_L").to_numpy().astype(float)
    expected = (lead - lead.min()) / (lead.max() - lead.min())
    np.testing.assert_allclose(image[..., 0], expected)
    assert image[..., 1].max() == 1
    assert (image[..., 2] == 0).all()
    assert [t.get_text() for t in display.axes_[0].texts] == ["2 mm", "Pb L", "S K"]


def test_range_is_that_of_the_first_maps(toy_maps):
    display = CompositeMapDisplay.from_maps(
        {"fit": toy_maps, "half": 0.5 * toy_maps}, elements=["Fe_K"], percentiles=(0, 100), gamma=1
    )
    first, second = (image.get_array()[..., 0] for image in display.images_)
    iron = toy_maps.sel(element="Fe_K").to_numpy().astype(float)
    low, high = iron.min(), iron.max()
    np.testing.assert_allclose(second, np.clip((0.5 * iron - low) / (high - low), 0, 1))
    assert first.max() == 1
    assert [axes.get_title() for axes in display.axes_] == ["fit", "half"]


def test_gamma_lifts_what_is_dim(toy_maps):
    dark = CompositeMapDisplay.from_maps(toy_maps, gamma=1.0).images_[0].get_array()
    light = CompositeMapDisplay.from_maps(toy_maps, gamma=0.5).images_[0].get_array()
    np.testing.assert_allclose(light, np.sqrt(dark))


def test_missing_pixels_are_black_and_constant_maps_no_error(toy_maps):
    toy_maps[0, 0] = np.nan
    toy_maps[..., 1] = 4.0
    figure = Figure(layout="constrained")
    display = CompositeMapDisplay.from_maps(toy_maps, ax=figure.subplots(), key=False)
    figure.canvas.draw()
    assert display.images_[0].get_array()[0, 0].tolist() == [0, 0, 0]
    assert len(display.axes_[0].texts) == 1


def test_more_elements_than_colors_are_refused(toy_maps):
    with pytest.raises(SkxrfError, match="three colors, got 4"):
        CompositeMapDisplay.from_maps(toy_maps, elements=["S_K", "Fe_K", "Pb_L", "S_K"])
    with pytest.raises(SkxrfError, match="no map of Au_L"):
        CompositeMapDisplay.from_maps(toy_maps, elements=["Au_L"])
