import numpy as np
import pytest
from matplotlib.figure import Figure

from skxrf.exceptions import SkxrfError
from skxrf.plotting import CountHistogramDisplay


def test_every_pixel_is_counted_once(toy_maps):
    display = CountHistogramDisplay.from_maps(toy_maps, {"CNN": 1.5 * toy_maps}, bins=11)
    for counts in display.n_pixels.values():
        assert [int(c.sum()) for c in counts] == [12 * 20] * 3
        assert all(c.shape == (11,) for c in counts)


def test_intervals_span_reference_and_predictions_and_agree_with_counting(toy_maps):
    prediction = toy_maps - 3
    display = CountHistogramDisplay.from_maps(toy_maps, {"CNN": prediction})
    for k, edges in enumerate(display.edges):
        assert edges[0] == prediction[..., k].min()
        assert edges[-1] == toy_maps[..., k].max()
        inside = (toy_maps[..., k] >= edges[4]) & (toy_maps[..., k] < edges[5])
        assert display.n_pixels["reference"][k][4] == int(inside.sum())


def test_missing_pixels_are_left_out(toy_maps):
    holed = toy_maps.copy()
    holed[:2] = np.nan
    display = CountHistogramDisplay.from_maps(holed, {"CNN": toy_maps})
    assert int(display.n_pixels["reference"][0].sum()) == 10 * 20
    assert int(display.n_pixels["CNN"][0].sum()) == 12 * 20


def test_legend_names_reference_and_predictions(toy_maps):
    predictions = {"CNN": toy_maps, "MLP": toy_maps + 1}
    display = CountHistogramDisplay.from_maps(toy_maps, predictions, reference_name="fit")
    names = [text.get_text() for text in display.figure_.legends[0].get_texts()]
    assert names == ["fit", "CNN", "MLP"]
    given = Figure().subplots(1, 3)
    display = CountHistogramDisplay.from_maps(toy_maps, predictions, ax=given)
    names = [text.get_text() for text in display.axes_[0].get_legend().get_texts()]
    assert names == ["reference", "CNN", "MLP"]
    display = CountHistogramDisplay.from_maps(toy_maps, predictions, legend=False)
    assert display.figure_.legends == []
    assert [handle.get_label() for handle in display.legend_handles_] == names


def test_steps_drawn_are_the_counts(toy_maps):
    display = CountHistogramDisplay.from_maps(toy_maps, {"CNN": toy_maps + 2}, elements=["Fe_K"])
    reference, prediction = display.axes_[0].patches
    np.testing.assert_array_equal(reference.get_data().values, display.n_pixels["reference"][0])
    np.testing.assert_array_equal(prediction.get_data().edges, display.edges[0])
    assert display.axes_[0].get_yscale() == "log"
    assert display.plot(log=False).axes_[0].get_yscale() == "linear"


def test_what_cannot_be_counted_is_refused(toy_maps):
    with pytest.raises(SkxrfError, match="bins must be at least 1, got 0"):
        CountHistogramDisplay.from_maps(toy_maps, {}, bins=0)
    with pytest.raises(SkxrfError, match="no map of Pb_L"):
        CountHistogramDisplay.from_maps(toy_maps, {"CNN": toy_maps.sel(element=["S_K", "Fe_K"])})
