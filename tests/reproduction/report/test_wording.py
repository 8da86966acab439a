import dataclasses

import pytest

from skxrf.reproduction.report._wording import (
    distinct_elements,
    duration,
    findings,
    listed,
    paper_elements,
)
from skxrf.utils.html import label


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(7.4, "7 s"), (59.4, "59 s"), (60, "1 min 0 s"), (512, "8 min 32 s"), (7260, "2 h 1 min")],
)
def test_duration(seconds, text):
    assert duration(seconds) == text


def test_small_words():
    assert label("Fe_K") == "Fe K"
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b and c"


def test_findings_name_the_best_rival_and_its_score(simulated_result):
    first = findings(simulated_result)[0]
    scores = simulated_result.table("ssim")["mean"].drop("Template fit")
    assert f"the maps of {scores.idxmax()} come closest" in first
    assert f"{scores.max():.3f}" in first
    assert f"MLP has {scores['MLP']:.3f}" in first
    assert f"The closest classical regressor, Ridge, has {scores['Ridge']:.3f}." in first


def test_findings_speak_of_the_truth_only_where_it_is_known(simulated_result, measured_result):
    assert any("true intensities" in s for s in findings(simulated_result))
    assert not any("true intensities" in s for s in findings(measured_result))


def test_findings_compare_with_the_fit_that_was_learnt(simulated_result):
    sentence = next(s for s in findings(simulated_result) if "true intensities" in s)
    truth = simulated_result.table("ssim", "truth")["mean"]
    assert f"CNN, reaches {truth['CNN']:.3f}" in sentence
    assert f"the template fit, which made the labels, {truth['Template fit']:.3f}" in sentence


def test_hardest_elements_are_named_with_their_scores(simulated_result):
    sentence = next(s for s in findings(simulated_result) if s.startswith("Hardest"))
    potassium = simulated_result.score("CNN", element="K_K")
    assert f"K K ({potassium:.2f})" in sentence


def test_an_easy_case_is_said_to_be_one(simulated_result):
    scores = simulated_result.scores.assign(value=0.97)
    easy = dataclasses.replace(simulated_result, scores=scores)
    assert any("at least 0.97 on each" in s for s in findings(easy))


def test_paper_elements_come_first_and_others_fill_up(simulated_result, measured_result):
    assert paper_elements(simulated_result) == ["K_K", "Au_L", "Hg_L", "Pb_L"]
    assert paper_elements(measured_result) == ["Pb_L", "Fe_K"]


def test_distinct_elements_are_bright_and_differ(simulated_result, measured_result):
    maps = simulated_result.reference["A"]
    # A copy of the brightest says nothing new.
    copied = maps.copy()
    copied.loc[{"element": "Hg_L"}] = 0.8 * maps.sel(element="Pb_L")
    chosen = distinct_elements(copied)
    assert len(set(chosen)) == 3
    assert "Pb_L" in chosen
    assert "Hg_L" not in chosen
    assert set(distinct_elements(measured_result.reference["scan"])) == {"Fe_K", "Pb_L"}
