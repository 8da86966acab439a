import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from skxrf.exceptions import EnergyAxisError, LineGroupError, SkxrfError
from skxrf.physics import line_group
from skxrf.plotting import SpectrumDisplay
from skxrf.plotting._spectrum import spread

MANY = [
    "S_K",
    "Pb_M",
    "Hg_M",
    "Ar_K",
    "K_K",
    "Ca_K",
    "Ti_K",
    "Cr_K",
    "Mn_K",
    "Fe_K",
    "As_K",
    "Pb_L",
]


@pytest.mark.parametrize("lazy", [False, True])
def test_sum_and_maximum_pixel_spectra(toy_cube, lazy):
    cube = toy_cube.chunk({"y": 2, "x": 3}) if lazy else toy_cube
    display = SpectrumDisplay.from_cube(cube)
    counts = toy_cube.to_numpy().astype(np.int64)
    total, maximum = display.spectra["sum of all pixels"], display.spectra["maximum pixel"]
    np.testing.assert_array_equal(total, counts.sum((0, 1)))
    np.testing.assert_array_equal(maximum, counts.max((0, 1)))
    assert maximum[64] == 60000
    x, y = display.axes_[0].lines[1].get_data()
    np.testing.assert_allclose(x, toy_cube["energy"])
    np.testing.assert_array_equal(y, maximum)


def test_axes_are_kev_and_log_counts(toy_cube):
    axes = SpectrumDisplay.from_cube(toy_cube, energy_range=(1, 5)).axes_[0]
    assert axes.get_xlim() == (1, 5)
    assert axes.get_yscale() == "log"
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("energy [keV]", "counts per channel")


def test_labels_do_not_overlap_and_keep_the_order_of_the_lines():
    energy = np.linspace(0, 20, 2000)
    display = SpectrumDisplay(energy, {"sum": np.full(2000, 50.0)}, MANY)
    figure = Figure(figsize=(7, 4), layout="constrained")
    display.plot(ax=figure.subplots())
    figure.canvas.draw()
    boxes = [label.get_window_extent() for label in display.labels_]
    assert len(boxes) == len(MANY)
    for left, right in itertools.pairwise(boxes):
        assert left.x1 <= right.x0
    by_energy = sorted(MANY, key=lambda name: line_group(name).main_energy)
    assert [t.get_text() for t in display.labels_] == [n.replace("_", " ") for n in by_energy]


def test_a_lone_label_stands_over_its_line():
    display = SpectrumDisplay((0.0, 0.01), {"sum": np.ones(1500)}, ["Fe_K"]).plot()
    assert display.labels_[0].get_position()[0] == pytest.approx(line_group("Fe_K").main_energy)


def test_line_groups_outside_the_range_get_no_label():
    display = SpectrumDisplay((0.0, 0.01), {"sum": np.ones(1500)}, ["Fe_K", "Sr_K"])
    display.plot(energy_range=(2, 10))
    assert [t.get_text() for t in display.labels_] == ["Fe K"]


def test_empty_channels_leave_a_gap_on_the_log_axis_only():
    counts = np.array([0.0, 4.0, 0.0, 2.0])
    log = SpectrumDisplay([1.0, 2.0, 3.0, 4.0], {"sum": counts}).plot()
    np.testing.assert_array_equal(log.axes_[0].lines[0].get_ydata(), [np.nan, 4, np.nan, 2])
    linear = SpectrumDisplay([1.0, 2.0, 3.0, 4.0], {"sum": counts}).plot(log=False)
    np.testing.assert_array_equal(linear.axes_[0].lines[0].get_ydata(), counts)
    SpectrumDisplay([1.0, 2.0], {"sum": np.zeros(2)}, ["Na_K"]).plot().figure_.canvas.draw()


@given(
    st.lists(st.floats(0, 10), min_size=1, max_size=30),
    st.floats(0.01, 2),
)
def test_spread_keeps_order_distance_and_bounds(targets, spacing):
    places = spread(np.sort(targets), spacing, 0.0, 10.0)
    room = min(spacing, 10 / max(len(targets) - 1, 1))
    assert (np.diff(places) >= room - 1e-9).all()
    assert places[0] >= -1e-9
    assert places[-1] <= 10 + 1e-9


def test_spread_leaves_what_is_far_apart_in_place():
    np.testing.assert_allclose(spread(np.array([1.0, 4.0, 8.0]), 0.5, 0, 10), [1, 4, 8])
    # Two at one place part symmetrically.
    np.testing.assert_allclose(spread(np.array([5.0, 5.0]), 1.0, 0, 10), [4.5, 5.5])


def test_what_cannot_be_drawn_is_named(toy_cube):
    with pytest.raises(SkxrfError, match=r"dims \(y, x, energy\), got \('y', 'x', 'element'\)"):
        SpectrumDisplay.from_cube(toy_cube.rename(energy="element"))
    with pytest.raises(SkxrfError, match="empty"):
        SpectrumDisplay.from_cube(toy_cube[:, :0])
    with pytest.raises(SkxrfError, match="no channel between 30 and 40 keV"):
        SpectrumDisplay.from_cube(toy_cube, energy_range=(30, 40))
    with pytest.raises(EnergyAxisError, match="3 values, but the spectra have 4"):
        SpectrumDisplay([1.0, 2.0, 3.0], {"sum": np.ones(4)}).plot()
    with pytest.raises(SkxrfError, match="different numbers of channels"):
        SpectrumDisplay((0, 1), {"a": np.ones(4), "b": np.ones(5)}).plot()
    with pytest.raises(SkxrfError, match="no spectrum"):
        SpectrumDisplay((0, 1), {}).plot()
    with pytest.raises(LineGroupError, match="Xx_K"):
        SpectrumDisplay.from_cube(toy_cube, elements=["Xx_K"])
