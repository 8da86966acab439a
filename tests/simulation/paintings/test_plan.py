import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skxrf.exceptions import SkxrfError
from skxrf.simulation._stacks import Stratum
from skxrf.simulation.paintings._layouts import layouts
from skxrf.simulation.paintings._paints import paint_mixture
from skxrf.simulation.paintings._palettes import palette, palettes
from skxrf.simulation.paintings._plan import PaintingPlan

SHAPE = (67, 51)


@pytest.fixture(scope="module")
def plan():
    return PaintingPlan(SHAPE, "icon_1", 3)


@pytest.fixture(scope="module")
def arrays(plan):
    return plan.stacks()


def test_mass_fractions_sum_to_one_where_a_layer_is(plan, arrays):
    compositions, masses = arrays
    assert compositions.shape == (SHAPE[0] * SHAPE[1], len(Stratum), len(plan.elements))
    assert_allclose(compositions.sum(axis=2), masses > 0, atol=1e-12)
    assert masses.min() >= 0
    assert (masses[:, Stratum.SUPPORT] > 0).all()


@pytest.mark.parametrize("rows", [7, 40])
def test_blocks_of_rows_do_not_change_the_painting(plan, arrays, rows):
    blocks = [plan.stacks(slice(i, i + rows)) for i in range(0, SHAPE[0], rows)]
    for whole, parts in zip(arrays, zip(*blocks, strict=True), strict=True):
        assert_array_equal(np.concatenate(parts), whole)


@pytest.mark.parametrize("row", [0, 20, SHAPE[0] - 1])
def test_a_single_row_is_that_of_the_painting(plan, arrays, row):
    for whole, part in zip(arrays, plan.stacks(slice(row, row + 1)), strict=True):
        assert_array_equal(part, whole.reshape(*SHAPE, *whole.shape[1:])[row])


def test_blocks_cover_every_row_once(plan):
    rows = [i for block in plan.blocks(200) for i in range(*block.indices(SHAPE[0]))]
    assert rows == list(range(SHAPE[0]))
    assert all(block.stop - block.start == 1 for block in plan.blocks(1))


def test_a_seed_gives_the_same_painting_and_another_gives_another(arrays):
    same, other = (PaintingPlan(SHAPE, "icon_1", seed).stacks() for seed in (3, 4))
    assert_array_equal(same[0], arrays[0])
    assert_array_equal(same[1], arrays[1])
    assert not np.array_equal(other[1], arrays[1])


def test_another_step_gives_the_same_painting():
    coarse, fine = (PaintingPlan(shape, "icon_test", 0) for shape in ((91, 68), (182, 137)))
    assert coarse.pixel_size == 4
    assert fine.pixel_size == 2
    means = [plan.stacks()[1].mean(axis=0) for plan in (coarse, fine)]
    assert_allclose(*means, rtol=0.05)
    picture = fine.picture()[: 91 * 2, : 68 * 2].reshape(91, 2, 68, 2, 3).mean(axis=(1, 3))
    assert np.corrcoef(picture.ravel(), coarse.picture().ravel())[0, 1] > 0.95


def test_gold_is_where_the_halo_is():
    plan = PaintingPlan((91, 68), "icon_test", 0)
    compositions, masses = plan.stacks()
    gold = (compositions[..., plan.elements.index("Au")] * masses).sum(axis=1).reshape(91, 68)
    halo = gold[26, 16:20]  # left of the head
    corner = gold[80:, :8]
    assert halo.mean() > 100 * max(corner.mean(), 1e-9)
    leaf_um = halo.mean() / 18.6 * 1e4
    assert 0.1 < leaf_um < 0.8


def test_every_layer_of_a_painting_occurs(plan, arrays):
    there = (arrays[1] > 0).mean(axis=0)
    for layer in ("VARNISH", "GROUND", "SUPPORT", "PAINT", "UPPER"):
        assert there[Stratum[layer]] > 0.3, layer
    # Leaf on bole, and repairs in few places.
    assert 0.2 < there[Stratum.UNDER] < 0.8
    assert 0 < PaintingPlan((134, 101), "icon_1", 0).stacks()[1][:, 1].mean() < 1
    assert {one.name for one in plan.components} >= {
        "leaf",
        "bole",
        "robe",
        "flesh",
        "retouching 1",
    }


def test_thickness_varies_within_a_paint(plan):
    index = [one.name for one in plan.components].index("border")
    amounts = plan.amounts()[index]
    painted = amounts[amounts > 0.3]
    assert 0.05 < painted.std() / painted.mean() < 0.6


@pytest.mark.parametrize("layout", layouts())
def test_layouts_have_a_figure(layout):
    plan = PaintingPlan((60, 50), "byzantine_tempera", 0, layout=layout, pixel_size=6.0)
    names = [one.name for one in plan.components]
    amounts = plan.amounts()
    for name in ("flesh", "flesh_shadow", "leaf", "hair", "inscription"):
        assert amounts[names.index(name)].sum() > 3, name


@pytest.mark.parametrize("name", palettes())
def test_every_palette_makes_a_painting(name):
    plan = PaintingPlan((30, 24), name, 0, pixel_size=10.0)
    picture = plan.picture()
    assert picture.shape == (30, 24, 3)
    assert picture.dtype == np.uint8
    assert picture.std(axis=(0, 1)).min() > 8  # something is seen
    assert set(plan.elements) <= set(palette(name).elements) | {"S", "P", "Na", "Cl", "Si"}


def test_the_picture_has_the_paints_colors():
    picture = PaintingPlan((91, 68), "icon_test", 0).picture().astype(int)
    background = picture[20:26, 8:12].mean(axis=(0, 1))
    robe = picture[70:78, 12:18].mean(axis=(0, 1))
    cloak = picture[58:64, 50:56].mean(axis=(0, 1))
    assert background.argmax() == 1  # malachite
    assert robe.argmax() == 0  # vermilion
    assert cloak.argmax() == 2  # azurite


def test_a_wide_painting_shows_three():
    assert PaintingPlan((40, 70), "byzantine_tempera", 0).layout == "deesis"
    assert PaintingPlan((70, 40), "byzantine_tempera", 0).layout != "deesis"


def test_asked_elements_are_the_last_axis(plan):
    asked = (*plan.elements, "Xe")
    other = PaintingPlan(SHAPE, "icon_1", 3, elements=asked)
    compositions, _ = other.stacks(slice(0, 2))
    assert_allclose(compositions[..., :-1], plan.stacks(slice(0, 2))[0])
    with pytest.raises(SkxrfError, match="lacks"):
        PaintingPlan(SHAPE, "icon_1", 3, elements=("C", "O"))


def test_lights_and_shadows_are_mixed_where_a_palette_has_none():
    one = palette("byzantine_tempera")
    light, shadow = paint_mixture(one, "robe_light"), paint_mixture(one, "robe_shadow")
    assert light["lead white"] > paint_mixture(one, "robe")["lead white"]
    assert shadow["charcoal black"] == pytest.approx(0.5)
    for name in ("robe_light", "robe_shadow", "cheek", "flesh"):
        assert sum(paint_mixture(one, name).values()) == pytest.approx(1)
    assert paint_mixture(one, "flesh_shadow") == dict(one.paints["flesh_shadow"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"shape": (0, 5)}, "rows and of columns"),
        ({"shape": (5,)}, "rows and of columns"),
        ({"pixel_size": 0.0}, "pixel_size must be positive"),
        ({"palette": "icon"}, "did you mean"),
        ({"layout": "horse"}, "no layout 'horse': there are pantokrator"),
    ],
)
def test_bad_requests(options, message):
    with pytest.raises(SkxrfError, match=message):
        PaintingPlan(**{"shape": (10, 8), "palette": "icon_1", **options})
