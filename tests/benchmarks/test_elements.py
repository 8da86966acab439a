"""The judgment of named line groups, on answers made by hand."""

import numpy as np
import pytest

from benchmarks.elements.run import judge
from benchmarks.elements.spectra import Judged, certified_answers


def judged(answers, others="absent"):
    return Judged("made_up", np.zeros(1), np.zeros(1), "Rh", 50.0, answers, others)


def test_present_must_be_named_and_what_is_elsewhere_must_not():
    truth = {
        "Fe_K": "present",
        "Ca_K": "present",
        "Ar_K": "air",
        "Zn_K": "weak",
        "P_K": "undecided",
    }
    row = judge(["Fe_K", "Ar_K", "Zn_K", "P_K", "Sb_L"], judged(truth))
    assert (row["right"], row["missed"], row["false"]) == (1, 1, 2)
    assert row["missed_groups"] == "Ca_K"
    assert row["false_groups"] == "Ar_K(air) Sb_L(absent)"
    assert judge(["Fe_K", "Ca_K", "Sb_L"], judged(truth, "undecided"))["false"] == 0


@pytest.mark.parametrize(
    ("symbol", "ppm", "group", "answer"),
    [
        ("Rb", 164.0, "Rb_K", "present"),
        ("Rb", 20.0, "Rb_K", "weak"),
        ("Br", 1.0, "Br_K", "absent"),
        ("Al", 8e4, "Al_K", "weak"),  # lighter than potassium
        ("Ba", 700.0, "Ba_L", "weak"),
        ("Sc", 90.0, "Sc_K", "undecided"),
        ("Ag", 900.0, "Ag_K", "tube"),
    ],
)
def test_answers_of_certified_concentrations(symbol, ppm, group, answer):
    assert certified_answers({symbol: ppm})[group] == answer
