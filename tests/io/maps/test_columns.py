import pytest

from skxrf.exceptions import LineGroupError
from skxrf.io.maps.columns import chosen_columns
from skxrf.utils.line_group_names import line_group_name


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        ("Fe_K", "Fe_K"),
        ("Fe-K", "Fe_K"),
        ("Fe K", "Fe_K"),
        (" FeK ", "Fe_K"),
        ("FE-K", "Fe_K"),
        ("S_K", "S_K"),
        ("SK", "S_K"),
        ("CoK", "Co_K"),
        ("CO_K", "Co_K"),
        ("Pb-M", "Pb_M"),
        # Parts of a group are not the group.
        ("Fe-Ka", "Fe_Ka"),
        ("Pb_L3", "Pb_L3"),
    ],
)
def test_spellings_of_one_line_group(spelling, name):
    assert line_group_name(spelling) == name


@pytest.mark.parametrize(
    "spelling", ["Fe", "", "K", "iron", "Xx_K", "fek", "Fe_N", "Fe__K", "s(Fe_K)", "Fe_K_2"]
)
def test_what_leaves_doubt_has_no_name(spelling):
    assert line_group_name(spelling) is None


def test_all_columns_in_their_order():
    assert chosen_columns(["Pb-L", "Fe_K"], None, where="f") == {"Pb-L": "Pb_L", "Fe_K": "Fe_K"}


@pytest.mark.parametrize(
    "extra", ["w(Fe_K)", "mM(Fe_K)", "Scatter_Peak000", "Scatter Compton001", "Constant", "chisq"]
)
def test_pymcas_other_columns_are_left_out(extra):
    assert chosen_columns(["Fe_K", extra], None, where="f") == {"Fe_K": "Fe_K"}


def test_a_subset_by_either_spelling():
    names = ["Fe-K", "Pb-L", "chisq"]

    assert chosen_columns(names, ["Pb_L", "Fe-K"], where="f") == {"Pb-L": "Pb_L", "Fe-K": "Fe_K"}
    assert chosen_columns(names, ["chisq"], where="f") == {"chisq": "chisq"}
    assert chosen_columns(names, "Pb_L", where="f") == {"Pb-L": "Pb_L"}


def test_a_mapping_names_what_the_file_leaves_open():
    chosen = chosen_columns(["Fe", "Pb"], {"Pb": "Pb_M", "Fe": "Fe_K"}, where="f")

    assert list(chosen.items()) == [("Pb", "Pb_M"), ("Fe", "Fe_K")]


@pytest.mark.parametrize(
    ("names", "elements", "words"),
    [
        (["Fe_K", "Pb"], None, r"f has columns that are no line groups.*'Pb'.*elements="),
        (["Fe_K", "Fe-K"], None, r"holds Fe_K more than once, as 'Fe_K', 'Fe-K'"),
        (["Fe_K"], ["Hg_L"], r"f holds no map of Hg_L\. It holds: Fe_K"),
        (["Fe_K"], {"Hg": "Hg_L"}, r"no map of Hg\."),
        (["chisq"], None, r"no map of any line group"),
        ([], None, r"no map of any line group\. It holds: none"),
        (["Fe_K", "Pb_L"], {"Fe_K": "Pb_L", "Pb_L": "Pb_L"}, "Pb_L more than once"),
    ],
)
def test_what_cannot_be_chosen(names, elements, words):
    with pytest.raises(LineGroupError, match=words):
        chosen_columns(names, elements, where="f")
