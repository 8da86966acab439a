"""Line groups that are asked for, and what is said where none can be fitted."""

import re
import warnings

import numpy as np
import pandas as pd
import pytest

from skxrf.exceptions import EnergyAxisError, LineGroupError
from skxrf.linear_model._requests import (
    column_names,
    is_line_group,
    refuse_without_axis,
    require_axis,
    wanted_groups,
    warn_nothing_found,
    warn_unexplained,
)


def test_names_of_labels():
    assert column_names(pd.DataFrame([[1, 2]], columns=["Fe_K", 7])) == ["Fe_K", "7"]
    assert column_names(pd.Series([1.0], name="Fe_K")) == ["Fe_K"]
    assert column_names(pd.Series([1.0])) is None
    assert column_names(np.ones((3, 2))) is None
    assert column_names(None) is None


def test_a_line_group_has_lines_whatever_the_tube():
    for name in ("Fe_K", "Pb_M", "W_K", "U_K"):
        assert is_line_group(name)
    for name in ("Xx_K", "iron", "H_K", "Fe_M"):
        assert not is_line_group(name)


def test_the_parameter_goes_before_the_names_of_labels():
    assert wanted_groups(["fe", "Pb-M", "hg"], 50.0, ["Ca_K"]) == ["Fe_K", "Pb_M", "Hg_L"]
    assert wanted_groups([], 50.0, ["Ca_K"]) == []
    assert wanted_groups(None, 50.0, ["Ca_K", "iron by mass", "Pb_L"]) == ["Ca_K", "Pb_L"]
    assert wanted_groups(None, 50.0, None) == []
    with pytest.raises(LineGroupError) as caught:
        wanted_groups(["Fe_K", "Ca_K", "fe"], 50.0, None)
    assert str(caught.value) == "line_groups holds a group twice: Fe_K, Ca_K, Fe_K."


@pytest.mark.parametrize("asked", [(["W_K"], None), (None, ["W_K"])])
def test_the_tube_must_excite_what_is_asked_for(asked):
    line_groups, names = asked
    assert wanted_groups(line_groups, 100.0, names) == ["W_K"]
    with pytest.raises(LineGroupError, match=r"W_K .* cannot be excited"):
        wanted_groups(line_groups, 50.0, names)


@pytest.mark.parametrize(
    ("line_groups", "names", "unlabeled", "why"),
    [
        (None, None, True, "labels are missing"),
        (["fe", "Ca_K"], None, True, "labels are missing"),
        (["fe", "Ca_K"], None, False, "line groups are asked for (fe, Ca_K)"),
        (None, ["Fe_K", "mass", "Pb_L"], False, "line groups are asked for (Fe_K, Pb_L)"),
        (["Ca_K"], ["Fe_K"], False, "line groups are asked for (Fe_K)"),
    ],
)
def test_what_needs_an_axis_is_refused_without(line_groups, names, unlabeled, why):
    with pytest.raises(EnergyAxisError) as caught:
        refuse_without_axis(line_groups, names, unlabeled)
    assert str(caught.value) == (
        f"the template fit needs the energy axis, for {why}: pass energy= as bin centers in keV, such "
        "as cube['energy'].values, or energy=(offset, gain)."
    )


def test_labels_of_other_kinds_need_no_axis():
    refuse_without_axis(None, ["mass", "Xx_K"], False)
    refuse_without_axis(None, None, False)


def test_a_fifth_of_the_counts_may_stay_unexplained():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_unexplained(0.2, np.arange(3.0))
    said = (
        "the fit leaves 25% of the counts of the sum spectrum unexplained: the energy axis may be "
        "wrong by more than the refinement mends (about 2 % in gain, 150 eV in zero; it is 3 "
        "channels, 0.500 to 2.500 keV, 1000.00 eV each), or lines are there that are no candidates. "
        "Find the axis with EnergyCalibrator, or name the line groups."
    )
    with pytest.warns(UserWarning, match=f"^{re.escape(said)}$"):
        warn_unexplained(0.254, 0.5 + np.arange(3.0))


def test_a_fit_without_line_groups_says_what_it_had():
    said = (
        "no line group stands out of the sum of 20 spectra (12,345 counts), and none is asked for: "
        "there is nothing to predict. Fit on more pixels, or name the line groups."
    )
    with pytest.warns(UserWarning, match=f"^{re.escape(said)}$"):
        warn_nothing_found(20, 12345.4)


def test_an_axis_is_required_of_those_that_have_none():
    class Fitted:
        energy_ = np.arange(3.0)

    require_axis(Fitted(), "there are no components")
    with pytest.raises(EnergyAxisError) as caught:
        require_axis(object(), "there are no components")
    assert str(caught.value) == "there are no components: pass energy= and fit again."
