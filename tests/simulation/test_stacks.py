import inspect

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skxrf.exceptions import SkxrfError
from skxrf.simulation._foreign import FOREIGN_ELEMENTS, ForeignChemistry
from skxrf.simulation._stacks import StackRanges, Stratum, random_stacks
from skxrf.simulation.paintings._palettes import palette, palettes

N = 3000
UPPER, PAINT, UNDER = Stratum.UPPER, Stratum.PAINT, Stratum.UNDER


@pytest.mark.parametrize("foreign_share", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("chosen", [None, "icon_1", ["baroque_oil", "acrylic"]])
def test_mass_fractions_sum_to_one_where_a_layer_is(chosen, foreign_share):
    elements, compositions, masses = random_stacks(
        N, 0, palette=chosen, foreign_share=foreign_share
    )
    assert compositions.shape == (N, len(Stratum), len(elements))
    assert masses.shape == (N, len(Stratum))
    assert elements == tuple(sorted(elements))
    assert_allclose(compositions.sum(axis=2), masses > 0, atol=1e-12)
    assert compositions.min() >= 0
    assert masses.min() >= 0
    assert (masses[:, Stratum.SUPPORT] > 0).all()


def test_a_seed_gives_the_same_stacks_and_another_gives_others():
    first, same, other = (random_stacks(50, seed) for seed in (7, 7, 8))
    for a, b in zip(first, same, strict=True):
        assert_array_equal(a, b)
    assert not np.array_equal(first[2], other[2])
    again = random_stacks(50, np.random.default_rng(7))
    assert_array_equal(first[1], again[1])


def test_chances_are_those_of_the_ranges():
    ranges = StackRanges(varnish_share=0.3, bare_share=0.2, lost_ground_share=0.1)
    _, _, masses = random_stacks(20_000, 0, palette="icon_1", foreign_share=0, ranges=ranges)
    there = (masses > 0).mean(axis=0)
    assert there[Stratum.VARNISH] == pytest.approx(0.3, abs=0.02)
    assert there[Stratum.GROUND] == pytest.approx(0.9, abs=0.01)
    assert there[PAINT] == pytest.approx(0.9 * 0.8, abs=0.015)


def test_thicknesses_are_log_normal():
    ranges = StackRanges(varnish_um=(30.0, 1.5), varnish_share=1.0)
    _, _, masses = random_stacks(20_000, 0, palette="baroque_oil", foreign_share=0, ranges=ranges)
    logs = np.log(masses[:, Stratum.VARNISH])
    assert np.median(logs) == pytest.approx(np.log(30e-4 * 1.065), abs=0.02)
    assert logs.std() == pytest.approx(np.log(1.5), rel=0.03)


def test_stacks_of_a_palette_hold_its_elements_alone():
    one = palette("wall_painting")
    elements, compositions, _ = random_stacks(N, 0, palette=one, foreign_share=0)
    assert elements == one.elements
    assert (compositions.max(axis=(0, 1)) > 0).all()


def test_leaf_lies_on_bole():
    elements, compositions, masses = random_stacks(
        N, 0, palette="icon_1", foreign_share=0, ranges=StackRanges(leaf_share=1.0, bare_share=0)
    )
    gold = compositions[..., elements.index("Au")]
    there = masses[:, PAINT] > 0
    assert_allclose(gold[there, PAINT], 0.945, rtol=1e-3)
    assert (masses[there, UNDER] > 0).all()
    assert (compositions[there, UNDER, elements.index("Al")] > 0.03).all()
    microns = masses[there, PAINT] / 18.6 * 1e4
    assert 0.2 < np.median(microns) < 0.4


def test_random_chemistry_breaks_the_palettes_correlations():
    # Sulfur without calcium hardly occurs in unvarnished grounds of gypsum; as random chemistry
    # it does.
    def lone_sulfur(foreign_share):
        elements, compositions, _ = random_stacks(
            N, 0, palette="byzantine_tempera", foreign_share=foreign_share
        )
        layer = compositions[:, PAINT]
        sulfur, mercury = layer[:, elements.index("S")], layer[:, elements.index("Hg")]
        return np.mean((sulfur > 0.1) & (mercury < 0.1))

    assert lone_sulfur(0.0) == 0
    assert lone_sulfur(1.0) > 0.03


def test_random_chemistry_reaches_every_element():
    elements, compositions, _ = random_stacks(N, 0, palette="acrylic", foreign_share=1.0)
    most = compositions.max(axis=(0, 1))
    assert set(FOREIGN_ELEMENTS) <= set(elements)
    assert all(most[elements.index(symbol)] > 0.02 for symbol in FOREIGN_ELEMENTS)


def test_random_chemistry_of_chosen_elements():
    foreign = ForeignChemistry(["As"])
    compositions, densities = foreign.mixtures(500, foreign.elements, np.random.default_rng(0))
    assert_allclose(compositions.sum(axis=1), 1)
    assert (compositions[:, foreign.elements.index("As")] > 0).all()
    assert 1.2 <= densities.min() < densities.max() <= 9
    # The pure element, and its compounds.
    assert compositions[:, foreign.elements.index("As")].max() == pytest.approx(1)


def test_asked_elements_are_the_last_axis():
    held = palette("icon_1").elements
    asked = (*held, "Xe")
    elements, compositions, _ = random_stacks(
        20, 0, palette="icon_1", foreign_share=0, elements=asked
    )
    assert elements == asked
    assert_array_equal(compositions[..., -1], 0)
    with pytest.raises(SkxrfError, match="lacks"):
        random_stacks(20, 0, palette="icon_1", foreign_share=0, elements=held[:-1])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n": 0}, "must be positive"),
        ({"foreign_share": 1.5}, "between 0 and 1"),
        ({"foreign_elements": ["Fe", "Xx"]}, "got 'Xx'"),
        ({"foreign_elements": []}, "got none"),
        ({"palette": "nothing"}, "no palette"),
    ],
)
def test_bad_requests(options, message):
    with pytest.raises(SkxrfError, match=message):
        random_stacks(**{"n": 5, "rng": 0, **options})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"varnish_share": -0.1}, "varnish_share"),
        ({"paint_um": (-5.0, 2.0)}, "paint_um"),
        ({"leaf_um": (0.3, 0.5)}, "leaf_um"),
        ({"binder_volume": (0.5, 1.0)}, "binder_volume"),
    ],
)
def test_bad_ranges(options, message):
    with pytest.raises(SkxrfError, match=message):
        StackRanges(**options)


def test_every_range_is_documented():
    documented = inspect.getdoc(StackRanges)
    assert all(name in documented for name in inspect.signature(StackRanges).parameters)


def test_every_palette_gives_stacks():
    for name in palettes():
        _, _, masses = random_stacks(200, 0, palette=name, foreign_share=0.3)
        assert np.isfinite(masses).all()
