import pytest

from skxrf.exceptions import SkxrfError
from skxrf.simulation._materials import material
from skxrf.simulation.paintings._palettes import AREAS, ROLES, check_palettes, palette, palettes

ALL = list(palettes().values())
PAPER = ["icon_1", "icon_2", "icon_3", "icon_test"]
# The elements of the paper's eleven line groups (Gerodimos et al.).
ELEMENTS = ["S", "K", "Ca", "Cr", "Mn", "Fe", "Cu", "Sr", "Au", "Hg", "Pb"]


def drawable(one):
    """Sets of pigments that a palette's paints and retouchings can mix."""
    return [set(one.pigments), {name for mixture in one.retouchings for name in mixture}]


def test_the_papers_paintings_have_its_sizes():
    sizes = {name: palette(name).size_mm for name in PAPER}
    assert sizes == {
        "icon_1": (536, 404),
        "icon_2": (202, 318),
        "icon_3": (564, 428),
        "icon_test": (364, 274),
    }
    # 522 k spectra at a step of 1 mm.
    n_spectra = sum(h * w for name, (h, w) in sizes.items() if name != "icon_test")
    assert n_spectra == pytest.approx(522_000, rel=1e-3)


def test_the_papers_paintings_differ():
    pigments = {name: set(palette(name).pigments) for name in PAPER}
    for i, one in enumerate(PAPER):
        for other in PAPER[:i]:
            assert pigments[one] - pigments[other]
            assert pigments[other] - pigments[one]
            assert palette(one).paints["robe"] != palette(other).paints["robe"]


@pytest.mark.parametrize("name", PAPER)
def test_the_papers_paintings_hold_its_elements(name):
    assert check_palettes(name, ELEMENTS) == (palette(name),)
    bulk = {s for one in palette(name).materials for s in material(one).pure_fractions}
    assert set(ELEMENTS) - {"Sr"} <= bulk  # strontium comes with gypsum, as a trace


@pytest.mark.parametrize("one", ALL, ids=lambda one: one.name)
def test_a_palette_is_complete(one):
    assert one.role in ROLES
    assert set(AREAS) <= set(one.paints)
    for mixture in one.paints.values():
        assert sum(mixture.values()) == pytest.approx(1)
    for mixture in (*one.retouchings, *(mixture for mixture, _ in one.grounds)):
        assert sum(mixture.values()) == pytest.approx(1)
    assert {material(name).kind for name in one.binders} == {"binder"}
    assert {material(name).kind for name, _ in one.supports} == {"support"}
    assert all(thickness > 0 for _, thickness in (*one.supports, *one.grounds))
    assert not one.gilded or (one.leaf and material(one.leaf).kind == "metal" and one.bole)
    assert len(one.pigments) >= 10


def test_every_role_is_there():
    counts = {role: sum(one.role == role for one in ALL) for role in ROLES}
    assert counts["training"] == 3
    assert counts["test"] == 1
    assert counts["general"] >= 10
    assert counts["held_out"] >= 3


@pytest.mark.parametrize(
    "one", [one for one in ALL if one.role == "held_out"], ids=lambda one: one.name
)
def test_no_held_out_mixture_can_be_drawn_for_training(one):
    for area, mixture in [*one.paints.items(), *(("repair", m) for m in one.retouchings)]:
        for other in ALL:
            if other.role != "held_out":
                assert not any(set(mixture) <= mixed for mixed in drawable(other)), (
                    area,
                    other.name,
                )


def test_training_takes_neither_the_test_nor_what_is_held_out():
    assert {one.role for one in check_palettes()} == {"training", "general"}


def test_palettes_by_name_or_as_they_are():
    both = (palette("icon_1"), palette("acrylic"))
    assert check_palettes(["ICON_1", both[1]]) == both
    assert check_palettes(both[0]) == both[:1]


def test_an_element_that_no_palette_asked_for_holds():
    with pytest.raises(SkxrfError, match=r"acrylic contain no Hg: palettes that do are icon_1, "):
        check_palettes("acrylic", ["Ti", "Hg"])
    with pytest.raises(SkxrfError, match="contain no Xe: no palette does"):
        check_palettes(None, ["Xe"])


def test_unknown_palettes():
    with pytest.raises(SkxrfError, match=r"no palette 'icon_4': did you mean .*'icon_1'"):
        palette("icon_4")
    with pytest.raises(SkxrfError, match="no palette was given"):
        check_palettes([])
