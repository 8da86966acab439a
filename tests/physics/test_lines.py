import numpy as np
import pytest

from skxrf.exceptions import LineGroupError
from skxrf.physics import known_line_groups, line_group
from skxrf.physics._lines import line_families


# Energies [keV] of main lines: Bearden 1967, Rev. Mod. Phys. 39, 78.
@pytest.mark.parametrize(
    ("name", "energy"),
    [("S_K", 2.308), ("Ca_K", 3.692), ("Fe_K", 6.404), ("Cu_K", 8.048), ("Au_L", 9.713),
     ("Hg_L", 9.989), ("Pb_L", 10.551), ("Sr_K", 14.165), ("Pb_M", 2.346), ("Ag_K", 22.163)],
)  # fmt: skip
def test_main_lines_are_where_they_were_measured(name, energy):
    assert line_group(name).main_energy == pytest.approx(energy, abs=0.005)


@pytest.mark.parametrize("name", ["Na_K", "Fe_K", "Ba_L", "Pb_L", "Pb_M", "U_L"])
def test_shares_are_a_distribution_strongest_first(name):
    group = line_group(name)
    assert group.intensities.sum() == pytest.approx(1)
    assert np.all(np.diff(group.intensities) <= 0)
    assert np.all(group.intensities > 0)
    assert np.all(group.energies > 0)


# K-beta/K-alpha: Scofield 1974, Phys. Rev. A 9, 1041, within the spread of the literature.
@pytest.mark.parametrize(("name", "ratio"), [("Ca_K", 0.128), ("Fe_K", 0.134), ("Cu_K", 0.138)])
def test_k_beta_to_k_alpha(name, ratio):
    group = line_group(name)
    families = line_families(group)
    beta = group.intensities[families["beta"]].sum()
    alpha = group.intensities[families["alpha"]].sum()
    assert beta / alpha == pytest.approx(ratio, rel=0.05)


@pytest.mark.parametrize("name", ["Ti_K", "Pb_L", "Au_M"])
def test_each_line_has_one_family(name):
    group = line_group(name)
    members = np.sum(list(line_families(group).values()), axis=0)
    np.testing.assert_array_equal(members, 1)


@pytest.mark.parametrize("name", ["Xx_K", "Fe", "Fe_Q", "fe_K", "", "Fe-K", "H_K"])
def test_unknown_groups_are_named(name):
    with pytest.raises(LineGroupError, match=r"Fe_K|no K lines"):
        line_group(name)


def test_a_tube_cannot_excite_above_its_voltage():
    with pytest.raises(LineGroupError, match=r"Ba_K has its edge at 37\.4"):
        line_group("Ba_K", tube_voltage=30)
    line_group("Ba_K", tube_voltage=50)


def test_known_groups_lie_in_the_range():
    names = known_line_groups(5.0, 10.0, elements=("Fe", "Pb", "Ba", "Cu"))
    assert names == ["Fe_K", "Cu_K"]
    for name in known_line_groups(2.0, 4.0):
        assert 2.0 <= line_group(name).main_energy <= 4.0


def test_cached_arrays_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        line_group("Fe_K").energies[0] = 0


# Natural widths [eV] of K-alpha 1 and L-alpha 1: Krause & Oliver 1979, J. Phys. Chem. Ref. Data 8, 329.
@pytest.mark.parametrize(
    ("name", "width"),
    [("Ca_K", 1.00), ("Fe_K", 1.61), ("Mo_K", 6.42), ("Ag_K", 9.16), ("Pb_L", 8.2)],
)
def test_natural_widths_of_main_lines(name, width):
    assert 1e3 * line_group(name).widths[0] == pytest.approx(width, rel=0.1)
