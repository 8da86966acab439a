"""Judgment of the line groups named in simulated paintings."""

from benchmarks.elements.simulated import judge
from skxrf.spectrum_fit._elements import Elements
from skxrf.spectrum_fit._evidence import LineEvidence
from skxrf.spectrum_fit._tube import Tube


def said(name, answer, *, fitted=True):
    return LineEvidence(name, answer, 9.0, "", "", 100.0, 10.0, 50.0, fitted)


def test_judged_are_line_groups_that_were_looked_for():
    evidence = [
        said("Ca_K", "present"),
        said("Fe_K", "not seen", fitted=False),
        said("As_K", "not seen"),  # undecided, but in the fit
        said("Cd_K", "present"),
        said("U_L", "present"),
    ]
    found = Elements(evidence, Tube.stated("Rh", 50.0, 25.0), (0.9, 25.0))
    shares = {"Ca_K": 0.5, "Fe_K": 2e-3, "As_K": 1e-4, "Cd_L": 1e-4, "Ba_K": 0.1, "Ti_K": 1e-6}
    row = judge(found, shares, {"Ca", "Fe", "As", "Cd", "Ba", "Ti"})
    # Ba K was not looked for, Ti K is too faint; Cd K is of an element that is there.
    assert (row["plain"], row["plain_missed"], row["missed_groups"]) == (2, 1, "Fe_K")
    assert (row["weak"], row["weak_missed"]) == (1, 0)
    assert (row["false"], row["false_groups"]) == (1, "U_L")
