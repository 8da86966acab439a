import pytest

from skxrf.exceptions import LineGroupError
from skxrf.utils.line_group_names import find_line_group, find_line_groups


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        *[
            (typed, "Fe_K")
            for typed in ("Fe", "fe", "FE", "Fe_K", "fe-k", "FeK", "Fe Ka", "Fe_Ka1")
        ],
        *[(typed, "Hg_L") for typed in ("Hg", "hg", "Hg-L", "hg_la", "Hg L3", "HgLalpha")],
        *[("Pb_M", "Pb_M"), ("I", "I_K"), ("Cs", "Cs_L"), ("K", "K_K"), ("K K", "K_K")],
        *[("S", "S_K"), ("SK", "S_K"), ("Sk", "S_K"), ("Cl", "Cl_K"), ("CL", "Cl_K"), ("U", "U_L")],
    ],
)
def test_what_chemists_write(typed, name):
    assert find_line_group(typed) == name


def test_an_element_is_the_lines_that_are_known():
    known = ["Pb_M", "Sn_L", "Sn_K", "Fe_Ka", "paint 1"]
    assert find_line_groups(["pb", "sn", "Fe-Ka", "paint 1"], known) == [
        *("Pb_M", "Sn_K", "Fe_Ka", "paint 1")
    ]
    # The caller refuses all others, with the list.
    assert find_line_groups(["zn", "nothing"], known) == ["Zn_K", "nothing"]


@pytest.mark.parametrize(("typed", "near"), [("Fee", "Fe"), ("Xg_K", "Hg"), ("Gn_K", "Zn")])
def test_the_nearest_symbols_are_named(typed, near):
    with pytest.raises(LineGroupError, match=rf"Did you mean .*\b{near}\b"):
        find_line_group(typed)


@pytest.mark.parametrize("typed", ["", "_K", "F e", "Fe_N", "1"])
def test_other_text_is_no_line_group(typed):
    with pytest.raises(LineGroupError, match="expected an element"):
        find_line_group(typed)
