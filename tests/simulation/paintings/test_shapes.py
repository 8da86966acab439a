import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skxrf.simulation.paintings._shapes import Clipped, Frame

Y, X = np.arange(-60.0, 60.0), np.arange(-60.0, 60.0)
ORIGIN = Frame(0.0, 0.0, 10.0)


def area(shape, softness=1.0):
    found = shape.coverage(Y, X, softness)
    return 0.0 if found is None else found[1].sum()


@given(st.floats(1, 4), st.floats(1, 4), st.floats(-180, 180), st.floats(-1, 1), st.floats(-1, 1))
def test_an_ellipse_covers_its_area(rx, ry, angle, x, y):
    ellipse = ORIGIN.within(0, 0, 1, angle).ellipse(x, y, rx, ry)
    assert area(ellipse) == pytest.approx(np.pi * 100 * rx * ry, rel=0.02)


@given(st.floats(0.5, 4), st.floats(0.5, 4), st.floats(-180, 180))
def test_a_rectangle_covers_its_area(width, height, angle):
    corners = [(-width / 2, -height / 2), (width / 2, -height / 2)]
    corners += [(-x, -y) for x, y in corners]
    polygon = ORIGIN.within(0, 0, 1, angle).polygon(corners, smooth=False)
    assert area(polygon) == pytest.approx(100 * width * height, rel=0.04)


# At an angle to the grid: a line along it is wider or narrower by up to a pixel's share.
@given(st.floats(0.005, 1), st.floats(10, 35))
def test_a_line_keeps_its_area_however_thin(width, angle):
    stroke = ORIGIN.within(0, 0, 1, angle).stroke([(-4, 0), (4, 0)], width)
    assert area(stroke) == pytest.approx(100 * width * (8 + 0.8 * width), rel=0.08)


def test_a_clipped_shape_is_the_product_of_both():
    left, right = ORIGIN.ellipse(-1, 0, 2, 2), ORIGIN.ellipse(1, 0, 2, 2)
    lens = 100 * (2 * 4 * np.arccos(0.5) - 0.5 * np.sqrt(48))
    assert area(Clipped(left, right)) == pytest.approx(lens, rel=0.02)
    assert Clipped(left, ORIGIN.ellipse(5, 0, 0.5, 0.5)).coverage(Y, X, 1.0) is None


def test_a_shape_off_the_grid_covers_nothing():
    assert ORIGIN.ellipse(50, 50, 1, 1).coverage(Y, X, 1.0) is None


def test_frames_nest():
    outer = Frame(3.0, -2.0, 2.0, 30.0, mirrored=True)
    inner = outer.within(1.5, -1.0, 0.5, 20.0, mirrored=True)
    np.testing.assert_allclose(inner.points([(0, 0)]), outer.points([(1.5, -1.0)]))
    assert inner.unit == 1.0
    assert not inner.mirrored
