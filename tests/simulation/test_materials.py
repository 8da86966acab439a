import numpy as np
import pytest

from skxrf.exceptions import SkxrfError
from skxrf.simulation._materials import KINDS, mass_fractions_of, material, materials

ALL = list(materials().values())


def test_there_are_many_materials_of_every_kind():
    assert len(ALL) >= 60
    assert {one.kind for one in ALL} == set(KINDS)


@pytest.mark.parametrize("one", ALL, ids=lambda one: one.name)
def test_a_material_is_complete(one):
    assert sum(one.pure_fractions.values()) == pytest.approx(1, abs=1e-12)
    assert sum(one.mass_fractions.values()) == pytest.approx(1, abs=1e-12)
    assert min(one.mass_fractions.values()) > 0
    assert 0.3 < one.density < 20
    assert len(one.color) == 7
    assert all(0 <= value <= 1 for value in one.rgb)
    assert one.source
    assert one.name == one.name.lower()
    # Traces are traces, within their ranges.
    for symbol, (low, high) in one.traces.items():
        added = one.mass_fractions[symbol] - one.pure_fractions.get(symbol, 0)
        assert added <= 1e-6 * high
        assert low <= high < 5e4


@pytest.mark.parametrize(
    ("name", "symbol", "fraction"),
    [
        # By hand, from atomic weights.
        ("vermilion", "Hg", 200.592 / (200.592 + 32.06)),
        ("red lead", "Pb", 3 * 207.2 / (3 * 207.2 + 4 * 15.999)),
        ("zinc white", "Zn", 65.38 / (65.38 + 15.999)),
        ("chromium oxide green", "Cr", 2 * 51.996 / (2 * 51.996 + 3 * 15.999)),
    ],
)
def test_formulas_give_the_known_mass_fractions(name, symbol, fraction):
    assert material(name).pure_fractions[symbol] == pytest.approx(fraction, rel=2e-4)


def test_a_mixture_of_formulas_is_their_mean():
    lead_white = material("lead white").pure_fractions
    basic, neutral = mass_fractions_of("Pb3(CO3)2(OH)2"), mass_fractions_of("PbCO3")
    assert lead_white["Pb"] == pytest.approx(0.8 * basic["Pb"] + 0.2 * neutral["Pb"])


def test_names_are_found_in_any_case():
    assert material("Lead White") is material("lead white")


@pytest.mark.parametrize(
    ("asked", "offered"),
    [("vermillion", "vermilion"), ("led white", "lead white"), ("ochre", "yellow ochre")],
)
def test_an_unknown_name_gives_the_close_ones(asked, offered):
    with pytest.raises(SkxrfError, match=f"no material '{asked}'.*'{offered}'"):
        material(asked)


def test_a_name_close_to_none_gives_all():
    with pytest.raises(SkxrfError, match=r"there are .*azurite.*zinc white"):
        material("qqqq")


@pytest.mark.parametrize("formula", ["", "Xx2", "lead"])
def test_no_formula(formula):
    with pytest.raises(SkxrfError, match="not a chemical formula"):
        mass_fractions_of(formula)


def test_colors_look_like_the_names():
    rgb = {name: np.array(material(name).rgb) for name in ("azurite", "vermilion", "malachite")}
    assert rgb["azurite"].argmax() == 2
    assert rgb["vermilion"].argmax() == 0
    assert rgb["malachite"].argmax() == 1
