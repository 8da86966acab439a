import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure

from skxrf.exceptions import SkxrfError
from skxrf.plotting import ElementMapDisplay
from skxrf.samples import to_samples


def test_each_line_group_has_its_values_in_its_own_axes(toy_maps):
    display = ElementMapDisplay.from_maps(toy_maps)
    assert [axes.get_title() for axes in display.axes_] == ["S K", "Fe K", "Pb L"]
    for k, image in enumerate(display.images_):
        np.testing.assert_array_equal(image.get_array(), toy_maps.to_numpy()[..., k])
        assert image.get_clim() == (toy_maps[..., k].min(), toy_maps[..., k].max())
    assert [bar.ax.get_ylabel() for bar in display.colorbars_] == ["", "", "counts"]


def test_extent_is_in_mm_and_the_first_row_on_top(toy_maps):
    image = ElementMapDisplay.from_maps(toy_maps).images_[0]
    assert image.get_extent() == [-0.25, 9.75, 5.75, -0.25]
    assert image.axes.get_ylabel() == "y [mm]"
    assert image.axes.get_ylim() == (5.75, -0.25)


@pytest.mark.parametrize("only", ["y", "x"])
def test_pixels_of_a_single_row_or_column_are_squares(toy_maps, only):
    image = ElementMapDisplay.from_maps(toy_maps.isel({only: slice(3, 4)})).images_[0]
    left, right, bottom, top = image.get_extent()
    height, width = image.get_array().shape
    assert (right - left, bottom - top) == (width * 0.5, height * 0.5)


@pytest.mark.parametrize("coords", [{}, {"y": np.arange(12), "x": np.arange(20)}])
def test_without_millimetres_the_axes_are_in_pixels(toy_maps, coords):
    maps = toy_maps.drop_vars(["y", "x"]).assign_coords(coords)
    image = ElementMapDisplay.from_maps(maps).images_[0]
    assert image.get_extent() == [-0.5, 19.5, 11.5, -0.5]
    assert image.axes.get_ylabel() == "y [px]"


def test_units_attribute_decides_over_the_dtype(toy_maps):
    for dim in ("y", "x"):
        toy_maps = toy_maps.assign_coords({dim: (dim, np.arange(toy_maps.sizes[dim]) * 2)})
        toy_maps[dim].attrs["units"] = "mm"
    image = ElementMapDisplay.from_maps(toy_maps).images_[0]
    assert image.get_extent() == [-1.0, 39.0, 23.0, -1.0]
    assert image.axes.get_ylabel() == "y [mm]"


def test_scale_bar_is_a_round_length_drawn_once(toy_maps):
    display = ElementMapDisplay.from_maps(toy_maps)
    texts = [[t.get_text() for t in axes.texts] for axes in display.axes_]
    assert texts == [["2 mm"], [], []]
    bar = display.axes_[0].patches[0]
    # Its width, in shares of the axes, is 2 of the 10 mm.
    assert bar.get_width() == pytest.approx(0.2)


def test_percentiles_limit_the_colors_and_are_named(toy_maps):
    display = ElementMapDisplay.from_maps(toy_maps, percentiles=(5, 95))
    expected = np.percentile(toy_maps.to_numpy()[..., 1], (5, 95))
    assert display.images_[1].get_clim() == pytest.approx(tuple(expected))
    assert display.colorbars_[1].extend == "both"
    assert display.colorbars_[2].ax.get_ylabel() == "counts\n5–95 %"


def test_one_range_for_all_where_asked_for(toy_maps):
    display = ElementMapDisplay.from_maps(toy_maps, vmin=0, vmax=30)
    assert {image.get_clim() for image in display.images_} == {(0, 30)}


def test_missing_and_constant_maps_are_drawn_without_warnings(toy_maps):
    toy_maps[..., 0] = np.nan
    toy_maps[..., 1] = 7.0
    toy_maps[:3, :3, 2] = np.nan
    display = ElementMapDisplay.from_maps(toy_maps)
    display.figure_.canvas.draw()
    assert display.images_[0].get_clim() == (0.0, 1.0)
    assert display.images_[1].get_clim() == (7.0, 8.0)
    assert np.isfinite(display.images_[2].get_clim()).all()


def test_some_line_groups_in_the_order_asked_for(toy_maps):
    display = ElementMapDisplay.from_maps(toy_maps, elements=["Pb_L", "S_K"])
    assert [axes.get_title() for axes in display.axes_] == ["Pb L", "S K"]


def test_from_predictions_takes_a_table_or_an_array(toy_maps):
    table = to_samples(toy_maps)
    from_table = ElementMapDisplay.from_predictions(table)
    from_array = ElementMapDisplay.from_predictions(table.to_numpy(), like=table)
    for first, second, k in zip(from_table.images_, from_array.images_, range(3), strict=True):
        np.testing.assert_array_equal(first.get_array(), toy_maps.to_numpy()[..., k])
        np.testing.assert_array_equal(second.get_array(), first.get_array())


def test_from_predictions_of_two_paintings_is_refused(toy_maps):
    table = to_samples({"icon": toy_maps, "panel": toy_maps})
    with pytest.raises(SkxrfError, match=r"2 paintings \(icon, panel\)"):
        ElementMapDisplay.from_predictions(table)


def test_from_estimator_predicts_the_cube(toy_cube, channel_reader):
    display = ElementMapDisplay.from_estimator(channel_reader, toy_cube, elements=["S_K", "Fe_K"])
    np.testing.assert_array_equal(display.images_[1].get_array(), toy_cube.to_numpy()[..., 20])


def test_dataset_gives_its_intensity(toy_maps):
    both = xr.Dataset({"intensity": toy_maps, "uncertainty": toy_maps * 0})
    display = ElementMapDisplay.from_maps(both)
    np.testing.assert_array_equal(display.images_[0].get_array(), toy_maps.to_numpy()[..., 0])
    with pytest.raises(SkxrfError, match=r"an 'intensity', got a Dataset of \['uncertainty'\]"):
        ElementMapDisplay.from_maps(both[["uncertainty"]])


def test_own_figure_is_pyplots_and_a_given_one_is_not(toy_maps):
    display = ElementMapDisplay.from_maps(toy_maps)
    assert plt.get_fignums() == [display.figure_.number]
    plt.close(display.figure_)
    figure = Figure(layout="constrained")
    given = figure.subplots(1, 3)
    display = ElementMapDisplay.from_maps(toy_maps, ax=given)
    assert plt.get_fignums() == []
    assert display.figure_ is figure
    assert list(display.axes_) == list(given)


def test_one_given_axes_is_divided(toy_maps):
    figure = Figure(layout="constrained")
    left, right = figure.subplots(1, 2)
    display = ElementMapDisplay.from_maps(toy_maps, ax=left, n_columns=2)
    figure.canvas.draw()
    assert display.axes_.shape == (3,)
    # The grid stays in the place of the Axes that it replaces.
    assert all(axes.get_position().x1 < right.get_position().x0 for axes in display.axes_)
    assert not left.axison


def test_what_cannot_be_drawn_is_named(toy_maps):
    with pytest.raises(SkxrfError, match="no map of Au_L: the maps contain S_K, Fe_K, Pb_L"):
        ElementMapDisplay.from_maps(toy_maps, elements=["Au_L"])
    with pytest.raises(SkxrfError, match=r"dims \('y', 'x'\): expected \(y, x, element\)"):
        ElementMapDisplay.from_maps(toy_maps[..., 0])
    with pytest.raises(SkxrfError, match="empty"):
        ElementMapDisplay.from_maps(toy_maps[:0])
    with pytest.raises(SkxrfError, match="2 Axes for 3 pictures"):
        ElementMapDisplay.from_maps(toy_maps, ax=Figure().subplots(1, 2))
    with pytest.raises(SkxrfError, match="not made by subplots"):
        ElementMapDisplay.from_maps(toy_maps, ax=Figure().add_axes((0, 0, 1, 1)))
