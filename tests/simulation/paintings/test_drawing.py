import numpy as np
import pytest

from skxrf.exceptions import SkxrfError
from skxrf.simulation.paintings._drawing import Drawing, drawings
from skxrf.simulation.paintings._layouts import draw, layouts
from skxrf.simulation.paintings._paints import paint_mixture
from skxrf.simulation.paintings._palettes import palettes
from skxrf.simulation.paintings._shapes import Frame

SIZE = (300.0, 240.0)
GRID = np.arange(1.0, 300.0, 2.0), np.arange(1.0, 240.0, 2.0)


def cover(mark):
    """Coverage of the whole grid by a mark."""
    whole = np.zeros((GRID[0].size, GRID[1].size))
    if (found := mark.shape.coverage(*GRID, 2.0)) is not None:
        whole[found[0]] = found[1]
    return whole


@pytest.mark.parametrize("name", drawings()["figures"])
def test_every_figure_of_the_file_can_be_drawn(name):
    drawing = Drawing(np.random.default_rng(0))
    frame = Frame(120.0, 60.0, 20.0)
    rock = frame.polygon([(-3, 0), (3, 0), (3, 8), (-3, 8)])
    drawing.figure(name, frame, shapes={"rock": rock})
    assert drawing.marks
    assert max(cover(mark).max() for mark in drawing.marks) > 0.1


@pytest.mark.parametrize("layout", layouts())
@pytest.mark.parametrize("gilded", [(), ("background", "halo")])
def test_paints_of_every_layout_are_in_every_palette(layout, gilded):
    marks = draw(layout, SIZE, gilded, np.random.default_rng(0))
    assert ("gild" in {mark.how for mark in marks}) == bool(gilded)
    names = {mark.paint for mark in marks} - {"gold", "leaf"}
    for palette in palettes().values():
        assert all(sum(paint_mixture(palette, name).values()) > 0.99 for name in names)


def test_folds_differ_from_painting_to_painting_and_the_rest_does_not():
    first, again, other = (
        draw("pantokrator", SIZE, (), np.random.default_rng(seed)) for seed in (0, 0, 1)
    )
    maps = [np.array([cover(mark) for mark in marks]) for marks in (first, again, other)]
    np.testing.assert_array_equal(maps[0], maps[1])
    differs = (maps[0] != maps[2]).any(axis=(1, 2))
    assert 0.2 < differs.mean() < 0.9
    assert not differs[:2].any()  # border and background


@pytest.mark.parametrize("angle", [0, 30])
def test_a_mirrored_figure_is_its_mirror_image(angle):
    maps = []
    for mirrored in (False, True):
        drawing = Drawing(np.random.default_rng(0))
        drawing.figure("hand", Frame(120.0, 150.0, 40.0, angle, mirrored))
        maps.append(sum(cover(mark) for mark in drawing.marks))
    turned = [a[:, ::-1] if i else a for i, a in enumerate(maps)]
    if angle == 0:
        np.testing.assert_allclose(*turned, atol=1e-9)
    assert maps[0].sum() == pytest.approx(maps[1].sum(), rel=0.02)


def test_paints_of_a_figure_can_be_replaced():
    names = []
    for paints in ({}, {"robe": "landscape"}):
        drawing = Drawing(np.random.default_rng(0))
        drawing.figure("standing", Frame(120.0, 60.0, 20.0), paints)
        names.append([mark.paint for mark in drawing.marks])
    assert {"robe", "robe_light", "robe_shadow"} <= {*names[0]}
    assert [name.replace("robe", "landscape") for name in names[0]] == names[1]


def test_a_layout_that_is_not_there_is_named():
    with pytest.raises(SkxrfError, match="no layout 'horse': there are pantokrator"):
        draw("horse", SIZE, (), np.random.default_rng(0))
