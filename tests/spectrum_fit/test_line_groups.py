"""The rule that says which line groups are present, on evidence made by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skxrf.physics import line_group
from skxrf.spectrum_fit._line_groups import (
    RULE,
    DetectionRule,
    Evidence,
    evidence,
    present,
    unexplained_groups,
    with_partners,
    within_range,
    worth_fitting,
)
from skxrf.spectrum_fit._model import BinnedSpectrum, SumSpectrumModel
from skxrf.spectrum_fit._priors import AXIS, PARAMETERS


def test_common_groups_need_less_than_uncommon_ones():
    found = [Evidence("Fe_K", 600.0, 100.0), Evidence("Se_K", 600.0, 100.0)]
    assert present(found) == ["Fe_K"]
    assert present(found, required=["Se_K"]) == ["Fe_K", "Se_K"]
    assert present(found, rule=DetectionRule(uncommon_significance=5.5)) == ["Fe_K", "Se_K"]


def test_m_lines_need_the_l_lines_of_their_element():
    lead_m, lead_l = Evidence("Pb_M", 900.0, 10.0), Evidence("Pb_L", 20.0, 10.0)
    assert present([lead_m, lead_l]) == []
    assert present([lead_m]) == ["Pb_M"]  # the L lines were not tried: out of reach
    assert present([lead_m, Evidence("Pb_L", 90.0, 10.0)]) == ["Pb_M", "Pb_L"]


@given(area=st.floats(0, 1e6), error=st.floats(0, 1e4), factor=st.floats(1, 1e3))
def test_more_evidence_never_loses_a_group(area, error, factor):
    if present([Evidence("Fe_K", area, error)]):
        assert present([Evidence("Fe_K", factor * area, error)]) == ["Fe_K"]
        assert present([Evidence("Fe_K", area, error / factor)]) == ["Fe_K"]


def test_groups_well_inside_a_range():
    groups = ["Si_K", "Fe_K", "Sn_K"]
    assert within_range(groups, 1.3, 30.0) == groups
    iron = line_group("Fe_K").main_energy
    for low, high, inside in (
        (iron - 0.101, 9.0, True),
        (iron - 0.099, 9.0, False),
        (1.0, iron + 0.201, True),
        (1.0, iron + 0.199, False),
    ):
        assert within_range(["Fe_K"], low, high) == (["Fe_K"] if inside else [])


def test_significance_and_thresholds():
    assert Evidence("Fe_K", 30.0, 6.0).significance == 5.0
    assert Evidence("Fe_K", 0.0, 0.0).significance == 0.0
    assert (RULE.least("Fe_K"), RULE.least("Se_K")) == (5.0, 7.0)
    assert present([Evidence("Fe_K", 5.0, 1.0)]) == []
    assert present([Evidence("Fe_K", 5.001, 1.0)]) == ["Fe_K"]


def test_a_share_of_the_counts_is_worth_a_fit():
    totals = {"Fe_K": 3e4, "Co_K": 1.0, "Cu_K": 300.0}
    assert worth_fitting(totals, 1e6) == ["Fe_K", "Cu_K"]


def test_partners_come_along_by_energy():
    assert with_partners(["Pb_L", "Sn_K"], (1.3, 26.0), 50.0) == [
        *("S_K", "Pb_M", "Sn_L", "Pb_L", "Sn_K")
    ]
    assert with_partners(["Pb_L"], (3.0, 26.0), 50.0) == ["Pb_L"]
    # The softer lines of elements whose K edge a tube of 50 kV does not reach.
    assert with_partners(["W_K"], (1.3, 70.0), 150.0) == ["W_L", "W_K"]
    # Sulfur hides beside M lines that come along, argon beside the tube's L lines.
    assert with_partners(["Hg_L"], (1.3, 25.0), 50.0) == ["Hg_M", "S_K", "Hg_L"]
    assert with_partners(["Rh_L"], (1.3, 25.0), 50.0) == ["Rh_L", "Ar_K"]
    # Lines outside the range, or not excited, do not come.
    assert with_partners(["Cd_K"], (3.2, 28.0), 50.0) == ["Cd_K"]
    assert with_partners(["Sn_K"], (1.3, 28.0), 50.0) == ["Sn_L", "Sn_K"]


@pytest.mark.parametrize("missing", ["Cu_K", "Ga_K", "Pb_L"])
def test_residuals_ask_for_what_a_model_leaves_out(missing):
    """Also where no usual painting holds it."""
    axis = 0.02 * np.arange(1500)
    x = {name: row.start for name, row in PARAMETERS.items()}

    def model(counts, groups):
        return SumSpectrumModel(
            BinnedSpectrum.of(counts, axis, AXIS.bin_width, (1.3, 29.0)), groups, None, AXIS
        )

    whole = model(np.ones(axis.size), ["Ca_K", "Fe_K", missing])
    areas = {"Ca_K": 4e4, "Fe_K": 1e5, missing: 3e4}
    counts = [
        areas[name] * share
        for (name, _), share in zip(whole.table.labels, whole.table.shares, strict=True)
    ]
    edges = 0.02 * (np.arange(1501) - 0.5)
    expected = whole.lines(x, edges, np.array(counts)) + 20.0
    spectrum = np.random.default_rng(0).poisson(expected).astype(float)
    without = model(spectrum, ["Ca_K", "Fe_K"])
    solution = without.solve(x)
    assert unexplained_groups(without, x, solution, ["Ca_K", "Fe_K"])[0] == missing
    complete = model(spectrum, ["Ca_K", "Fe_K", missing])
    solution = complete.solve(x)
    assert present(evidence(complete, solution)) == ["Ca_K", "Fe_K", missing]
    found = complete.areas(solution.amplitudes)
    assert found[missing] == pytest.approx(3e4, rel=0.02)
    assert unexplained_groups(complete, x, solution, complete.groups, rule=RULE) == []
