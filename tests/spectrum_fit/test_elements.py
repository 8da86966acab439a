"""Line groups named in spectra that look like those of other elements."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from skxrf.exceptions import SkxrfError
from skxrf.physics import DetectorResponse, line_group
from skxrf.physics._line_table import EXACT, line_table, scattered_tube_families
from skxrf.physics._pile_up import coincidences
from skxrf.spectrum_fit import _elements as elements
from skxrf.spectrum_fit._elements import (
    Elements,
    SearchRule,
    _scattered,
    find_elements,
    identified_range,
    mended_axis,
)
from skxrf.spectrum_fit._evidence import LineEvidence
from skxrf.spectrum_fit._tube import Tube, end_of_continuum, infer_tube

# Simulated paintings, 5,000 counts in each of 6,336 pixels.
STORED = Path(__file__).parents[1] / "data" / "overlapping_lines.npz"
ENERGY = 0.02 * np.arange(1, 1250)
EDGES = np.append(ENERGY - 0.01, ENERGY[-1] + 0.01)
DETECTOR = DetectorResponse(tail_fraction=0.01)
TUBE = Tube.stated(None, 50.0, 25.0)


def expected(areas, *, continuum=100.0, pile_up=0.0, sums=0.0):
    """Counts per channel of line groups on a flat continuum; share and shift [keV] of sum peaks."""
    counts = np.full(ENERGY.size, continuum)
    for name, area in areas.items():
        counts += area * DETECTOR.template(line_group(name), EDGES)
    pairs = coincidences(counts, ENERGY, EDGES - sums)
    return counts + pile_up * counts.sum() * pairs / pairs.sum()


def found(counts, seed=0, tube=TUBE, **options):
    spectrum = np.random.default_rng(seed).poisson(counts).astype(float)
    evidence = find_elements(spectrum, ENERGY, tube, **options).evidence
    return {one.line_group: one for one in evidence}


def present(evidence):
    return {name for name, one in evidence.items() if one.answer == "present"}


@pytest.mark.parametrize("seed", [5, 6, 7])
def test_aluminum_is_not_the_bromine_of_a_tube_that_excites_no_bromine_k(seed):
    counts = expected({"Al_K": 800, "Si_K": 1e4, "Ca_K": 3e3, "Fe_K": 2e4}, continuum=5.0)
    said = found(counts, seed, tube=Tube.stated(None, 12.0, 11.0))
    assert present(said) == {"Al_K", "Si_K", "Ca_K", "Fe_K"}
    # The peak alone cannot tell them, and the reason says so.
    assert {said["Al_K"].competitor, said["Br_L"].competitor} & {"Al_K", "Br_L"}


def test_a_sum_of_two_iron_photons_is_no_lead():
    said = found(expected({"Fe_K": 3e6, "Ca_K": 2e5}, pile_up=0.01, sums=-0.04))
    assert present(said) == {"Fe_K", "Ca_K"}
    assert said["Pb_L"].answer == "sum peak"
    assert said["Pb_L"].competitor == "Fe + Fe"


def test_rubidium_is_not_bromine():
    said = found(expected({"Fe_K": 3e5, "Rb_K": 5e3, "Sr_K": 5e3, "Zr_K": 2e4}))
    assert present(said) == {"Fe_K", "Rb_K", "Sr_K", "Zr_K"}
    assert said["Br_K"].answer == "not seen"


def test_lead_is_not_arsenic_and_arsenic_beside_lead_is_not_claimed():
    said = found(expected({"Pb_L": 1e6, "Pb_M": 1e5, "Ca_K": 1e5}))
    assert present(said) == {"Pb_L", "Pb_M", "Ca_K"}
    assert said["S_K"].reason == "cannot be told from Pb M"
    # Errors of lead's own L-alpha cannot be told from arsenic.
    assert said["As_K"].limit_counts > 5 * said["Zn_K"].limit_counts


def test_arsenic_that_lead_would_replace_stays_a_component_of_the_fit():
    lead = {"Pb_L": 1.5e3, "Ca_K": 6e3}
    known = {"refined": False, "detector": DETECTOR}
    alone = found(expected(lead, continuum=10.0), **known)
    both = found(expected(lead | {"As_K": 450.0}, continuum=10.0), **known)
    arsenic = both["As_K"]
    assert (arsenic.answer, arsenic.fitted) == ("not seen", True)
    assert arsenic.reason.endswith("cannot be told from Pb L")
    assert arsenic.counts == pytest.approx(450, abs=2 * arsenic.error)
    assert both["Pb_L"].counts == pytest.approx(alone["Pb_L"].counts, abs=2 * both["Pb_L"].error)
    assert not alone["As_K"].fitted


@pytest.mark.parametrize(
    ("scan", "anode", "name"),
    [
        # Other lines of lead's L1 sub-shell than in our tables lie under strontium's K-beta.
        ("strontium_beside_lead", "Rh", "Sr_K"),
        ("potassium_beside_tin", "Mo", "K_K"),
        ("lead_beside_arsenic", "Ag", "Pb_L"),
    ],
)
def test_lines_that_brighter_ones_hide_in_part_are_present(scan, anode, name):
    with np.load(STORED) as stored:
        spectrum, (first, step) = stored[scan].astype(float), stored[f"{scan}_axis"]
    energy = first + step * np.arange(spectrum.size)
    evidence = find_elements(spectrum, energy, infer_tube(spectrum, energy, anode)).evidence
    said = {one.line_group: one for one in evidence}
    assert said[name].answer == "present", said[name]


def test_an_element_of_few_pixels_is_found_in_the_sum_of_like_ones():
    most, few = ({"Pb_L": 1e6, "Pb_M": 5e4, "Fe_K": 1e5}, {"As_K": 1e3, "S_K": 3e3, "Pb_L": 2e3})
    parts = np.stack([expected(most), expected(few, continuum=1.0)])
    parts = np.random.default_rng(0).poisson(parts).astype(float)
    whole = found(parts.sum(axis=0))
    told = {
        one.line_group: one
        for one in find_elements(parts.sum(axis=0), ENERGY, TUBE, parts=parts).evidence
    }
    assert whole["As_K"].answer == "not seen"
    arsenic = told["As_K"]
    assert (arsenic.answer, arsenic.fitted) == ("present", True)
    assert arsenic.counts == pytest.approx(1e3, abs=2 * arsenic.error)
    assert "in like spectra with" in arsenic.reason
    assert present(told) - present(whole) <= {"As_K", "S_K"}


def test_parts_of_one_composition_show_what_their_sum_does():
    counts = expected(
        {"Pb_L": 2e6, "Hg_L": 4e5, "Ca_K": 1e6, "Fe_K": 2e6, "Cu_K": 3e5, "Sr_K": 1e4}
    )
    parts = np.random.default_rng(1).poisson(np.outer([0.6, 0.3, 0.1], counts)).astype(float)
    total = parts.sum(axis=0)
    whole, told = (find_elements(total, ENERGY, TUBE, parts=some) for some in (None, parts))
    assert told.present == whole.present


def test_one_row_shows_what_the_scan_does_above_its_own_limits():
    areas = {"Pb_L": 2e6, "Pb_M": 1e5, "Hg_L": 4e5, "Ca_K": 1e6, "Fe_K": 2e6, "Cu_K": 3e5}
    areas |= {"Zn_K": 2e4, "Ti_K": 2e4, "Sr_K": 1e4}
    scan = expected(areas, continuum=400.0)
    whole, row = found(scan), found(scan / 40)
    assert {"Pb_L", "Hg_L", "Ca_K", "Fe_K", "Cu_K"} <= present(row) <= present(whole)
    for name in present(whole) - present(row):
        assert whole[name].counts / 40 < 2 * row[name].limit_counts


def test_a_broad_peak_is_no_element():
    bump = 2e4 * np.exp(-0.5 * ((ENERGY - 5.9) / 0.13) ** 2) / 16
    said = found(expected({"Ca_K": 1e5}) + bump)
    assert present(said) == {"Ca_K"}


@pytest.mark.parametrize("wrong", ["before", "again", ""])
def test_axis_and_detector_are_refined_again_where_broad_peaks_are_left(wrong, monkeypatch):
    refined, starts = elements._refined, []

    def refine(*args):
        starts.append(args[4])
        parameters = refined(*args)
        if ["", "", "before", "again"].index(wrong) == len(starts):
            parameters |= {"low": parameters["low"] + 0.03}
        return parameters

    counts = expected({"Fe_K": 1e7, "Ca_K": 2e6, "Cu_K": 3e6, "Mn_K": 1e5})
    true = {"Fe_K", "Ca_K", "Cu_K", "Mn_K"}
    monkeypatch.setattr(elements, "_refined", refine)
    said = present(found(counts))
    assert len(starts) == 2  # no broad peaks are left here
    assert (said == true) is (wrong != "before"), said
    starts.clear()
    # As if they held counts: the better of both is taken, whichever came first.
    monkeypatch.setattr(SearchRule, "broad", -1.0)
    assert present(found(counts)) == true
    assert len(starts) == 3
    assert starts[2] == starts[1]


def test_the_share_of_broad_peaks():
    counts = expected({"Ca_K": 1e5})
    bump = 2e4 * np.exp(-0.5 * ((ENERGY - 5.9) / 0.13) ** 2) / 16

    def share(counts):
        return find_elements(np.round(counts), ENERGY, TUBE).search.broad_share()

    assert share(counts) == 0
    assert share(counts + bump) == pytest.approx(bump.sum() / (counts + bump).sum(), rel=0.1)


def test_a_faint_hump_is_no_element():
    hump = DETECTOR.scaled(3.0).peaks(np.array([10.54]), np.array([900.0]), EDGES)
    line = DETECTOR.template(line_group("As_K"), EDGES)
    calcium = expected({"Ca_K": 1e5})
    assert present(found(calcium + hump)) == {"Ca_K"}
    assert present(found(calcium + 900 * line)) == {"Ca_K", "As_K"}


@pytest.mark.parametrize("factor", [0.0, 1.0])
def test_satellites_of_iron_are_no_cobalt(factor):
    table = line_table(["Fe_K"], detail=EXACT)
    detector = replace(DETECTOR, satellites=factor)
    iron = 3e6 * table.render(EDGES, detector) @ table.shares
    assert present(found(expected({"Ca_K": 2e5}) + iron)) == {"Fe_K", "Ca_K"}


def test_the_foot_of_a_bright_line_is_no_element():
    # As an electron of the L shell takes energy: the form of these transitions is an approximation.
    foot = 6e3 * np.exp(-(((ENERGY - 5.6) / 0.12) ** 2)) / 10.6
    said = found(expected({"Fe_K": 6e6}, continuum=20.0) + foot)
    assert present(said) == {"Fe_K"}


def test_escape_peaks_that_the_instrument_subtracts_are_not_made_up_for():
    without = DetectorResponse(tail_fraction=0.01, escape=False)
    counts = np.full(ENERGY.size, 20.0) + 5e6 * without.template(line_group("Cr_K"), EDGES)
    said = found(counts, refined=False, detector=DETECTOR)
    assert present(said) == {"Cr_K"}
    assert not any(one.answer == "escape peak" for one in said.values())


def test_silicon_of_a_rock_is_not_the_detectors():
    said = found(expected({"Fe_K": 1e6, "Si_K": 3e3}, continuum=20.0), refined=False)
    assert present(said) == {"Fe_K", "Si_K"}


def test_softer_lines_need_the_harder_ones_of_their_element():
    evidence = found(expected({"Fe_K": 1e5, "Cd_L": 6e3}))
    assert "Cd_L" not in present(evidence)
    assert "Cd K" in evidence["Cd_L"].reason


def test_an_element_at_its_limit_of_detection_is_found_in_half_of_the_cases():
    base = expected({"Fe_K": 2e5, "Ca_K": 1e5})
    limits = found(base)
    limit = limits["Zn_K"].limit_counts
    assert limits["Ga_K"].limit_counts > 2 * limit  # seldom there: more standard errors
    added = limit * DETECTOR.template(line_group("Zn_K"), EDGES)
    known = {"refined": False, "detector": DETECTOR}
    cases = [found(base + added, seed, **known)["Zn_K"].significance > 5 for seed in range(8)]
    assert 1 <= sum(cases) <= 7


@pytest.mark.parametrize("counts", [np.full(ENERGY.size, 300.0), 5e4 / ENERGY**2 + 50])
def test_a_continuum_alone_shows_no_element(counts):
    assert present(found(counts)) == set()


@pytest.mark.parametrize("total", [0, 10])
def test_few_counts_show_nothing(total):
    assert found(np.full(ENERGY.size, total / ENERGY.size)) == {}


def test_anode_and_end_of_the_continuum_are_inferred():
    parts = scattered_tube_families("Rh", DETECTOR, EDGES)
    counts = expected({"Ca_K": 2e5, "Fe_K": 5e5, "Rh_L": 2e4}, continuum=300.0)
    counts += 2e4 * parts["Rh_rayleigh alpha"] + 4e4 * parts["Rh_compton alpha 135"]
    spectrum = np.random.default_rng(0).poisson(np.where(ENERGY < 22, counts, 0)).astype(float)
    tube = infer_tube(spectrum, ENERGY)
    assert (tube.anode, round(tube.voltage)) == ("Rh", 24)
    assert end_of_continuum(spectrum, ENERGY) == (pytest.approx(22.0, abs=0.6), True)
    assert infer_tube(spectrum, ENERGY, "Ag", 50.0).doubt
    assert infer_tube(spectrum, ENERGY, "none").anode is None


def test_a_beam_without_scattered_lines_is_called_unfamiliar_and_still_fitted():
    spectrum = np.random.default_rng(0).poisson(expected({"Ca_K": 1e5, "Fe_K": 1e5})).astype(float)
    tube = infer_tube(spectrum, ENERGY)
    assert tube.anode is None
    assert "unfamiliar beam" in str(tube)
    assert set(find_elements(spectrum, ENERGY, tube).present) == {"Ca_K", "Fe_K"}


def test_a_voltage_below_the_anodes_k_edge_excites_less():
    said = found(expected({"Ca_K": 1e5, "Fe_K": 1e5}), tube=Tube.stated("Rh", 15.0, 25.0))
    assert present(said) == {"Ca_K", "Fe_K"}
    assert not {"Zr_K", "Sr_K"} & said.keys()


@pytest.mark.parametrize("anode", ["Rh,Ag", "Xx", ""])
def test_one_element_is_an_anode(anode):
    with pytest.raises(SkxrfError, match="one element"):
        infer_tube(np.ones(ENERGY.size), ENERGY, anode)


def test_a_voltage_is_in_kilovolts():
    with pytest.raises(SkxrfError, match="kV"):
        infer_tube(np.ones(ENERGY.size), ENERGY, None, 50_000.0)


def test_sulfur_is_found_beside_the_m_lines_of_lead_and_mercury():
    base = {"Pb_L": 1.5e6, "Hg_L": 7e5, "Pb_M": 1.8e5, "Hg_M": 4e4, "S_K": 4.4e4, "Fe_K": 9e5}
    # Ratios of M lines are known badly: here what lies further out is a third brighter.
    group = line_group("Pb_M")
    outer = group.energies > 2.4
    more = 0.3 * 1.8e5 * group.intensities[outer] / group.intensities.sum()
    counts = expected(base) + DETECTOR.peaks(group.energies[outer], more, EDGES)
    assert found(counts)["S_K"].answer == "present"


def test_the_reflection_of_few_spectra_is_no_element_however_bright():
    # The axis ends below the K lines of silver.
    most = np.random.default_rng(0).poisson(expected({"Fe_K": 1e6, "Ca_K": 1e5})).astype(float)
    seen = find_elements(most, ENERGY, Tube.stated(None, 50.0, 19.0))
    reflection = DETECTOR.scaled(1.2).peaks(np.array([2.99]), np.array([1.5e4]), EDGES)
    few = expected({"Fe_K": 1e5, "Ca_K": 1e4}, continuum=5.0) + reflection
    assert seen.in_few(np.random.default_rng(1).poisson(few).astype(float), "Ag_L") is None


def test_few_spectra_show_a_seldom_element_by_significance_only():
    most = np.random.default_rng(0).poisson(expected({"Fe_K": 1e6, "Ca_K": 1e5})).astype(float)
    seen = find_elements(most, ENERGY, TUBE)
    iridium, rng = DETECTOR.template(line_group("Ir_L"), EDGES), np.random.default_rng(1)
    told = {
        counts: seen.in_few(
            rng.poisson(expected({"Fe_K": 1e4}, continuum=5.0) + counts * iridium).astype(float),
            "Ir_L",
        )
        for counts in (30.0, 3000.0)
    }
    assert told[30.0] is None
    assert told[3000.0].answer == "present"


def test_the_nominal_axis_stays_where_the_search_mends_its_error():
    nominal = np.linspace(0.0, 30.0, 301)
    within = (1.3, 25.0)
    for error, mended in ((0.079, nominal), (-0.079, nominal), (0.081, None), (-0.081, None)):
        calibrated = nominal + error * (nominal == 20.0)
        expected = calibrated if mended is None else nominal
        assert mended_axis(nominal, calibrated, within) is expected
    # What lies outside the range does not count.
    for place in (1.2, 25.1):
        assert mended_axis(nominal, nominal + (np.abs(nominal - place) < 0.01), within) is nominal
    assert mended_axis(nominal, nominal + 1, (40.0, 50.0)) is nominal


def test_lines_are_looked_for_up_to_the_end_of_the_continuum():
    assert identified_range(ENERGY, Tube.stated("Rh", 50.0, 20.0)) == (0.9, 21.0)
    assert identified_range(ENERGY, Tube.stated("Rh", 20.0, 20.0)) == (0.9, 19.0)
    assert identified_range(ENERGY, TUBE, (2.0, 12.5)) == (2.0, 12.5)
    assert identified_range(ENERGY, TUBE, (-1.0, 99.0)) == (ENERGY[0], ENERGY[-1])
    assert identified_range(ENERGY[100:], TUBE)[0] == ENERGY[100]


def stated(**answers):
    """Elements by hand: answers by line group, those of no signal as "not seen"."""
    evidence = [
        LineEvidence(name, answer, 9.0, "", "", 100.0, 10.0, 50.0, answer != "not seen")
        for name, answer in answers.items()
    ]
    return Elements(evidence, Tube.stated("Rh", 50.0, 25.0), (0.9, 24.0))


def test_components_are_what_has_a_signal_what_is_wanted_and_their_partners():
    found = stated(Na_K="present", Ar_K="air", Fe_K="present", Cu_K="not seen", Pb_L="present")
    assert found.present == ["Na_K", "Fe_K", "Pb_L"]
    assert found.fitted == ["Na_K", "Ar_K", "Fe_K", "Pb_L"]
    assert found.components((1.3, 24.0)) == ["S_K", "Pb_M", "Ar_K", "Fe_K", "Pb_L"]
    assert found.components((3.5, 8.0), ["Cu_K"]) == ["Fe_K", "Cu_K"]
    assert found.components()[0] == "Na_K"


def test_a_fit_of_pixels_has_what_is_wanted_first():
    found = stated(Na_K="present", Fe_K="present", Ti_K="present")
    assert found.pixel_fit(["Fe_K", "Cu_K"]) == {
        "line_groups": ["Fe_K", "Cu_K"],
        "nuisance": ["Ti_K"],
        "anode": "Rh",
        "tube_voltage": 50.0,
        "energy_range": (1.3, 24.0),
    }
    soft = found.pixel_fit(["Mg_K"])
    assert (soft["energy_range"], soft["nuisance"]) == ((0.9, 24.0), ["Na_K", "Ti_K", "Fe_K"])
    none = found.pixel_fit([], (2.0, 6.0))
    assert none["line_groups"] is None
    assert (none["energy_range"], none["nuisance"]) == ((2.0, 6.0), ["Ti_K"])


@pytest.mark.parametrize(
    ("anode", "voltage", "names"),
    [("Rh", 50.0, ["Rh_K"]), ("Rh", 20.0, []), ("W", 50.0, ["W_L"]), (None, 50.0, [])],
)
def test_the_scattered_lines_of_a_tube_are_no_candidates(anode, voltage, names):
    assert _scattered(Tube.stated(anode, voltage, 25.0)) == names


def test_an_axis_that_is_a_little_off_is_mended():
    counts = expected({"Ca_K": 1e5, "Fe_K": 3e5, "Zn_K": 3e4, "Sr_K": 3e4})
    spectrum = np.random.default_rng(2).poisson(counts).astype(float)
    result = find_elements(spectrum, (ENERGY - 0.05) / 1.004, TUBE)
    assert set(result.present) == {"Ca_K", "Fe_K", "Zn_K", "Sr_K"}
    np.testing.assert_allclose(result.search.axis[150:900], ENERGY[150:900], atol=0.005)


def test_an_anode_that_is_not_stated_is_that_of_the_scattered_lines():
    parts = scattered_tube_families("Rh", DETECTOR, EDGES)
    counts = expected({"Ca_K": 2e5, "Fe_K": 5e5, "Rh_L": 2e4}, continuum=300.0)
    counts += 2e4 * parts["Rh_rayleigh alpha"] + 4e4 * parts["Rh_compton alpha 135"]
    unknown = Tube(None, 50.0, "unknown", "as stated", 25.0)
    result = find_elements(np.random.default_rng(0).poisson(counts).astype(float), ENERGY, unknown)
    assert (result.tube.anode, result.tube.anode_source) == ("Rh", "from its scattered lines")
    answers = {one.line_group: one.answer for one in result.evidence}
    assert answers["Rh_L"] == "tube"
    assert "Rh_K" not in answers
    assert set(result.present) == {"Ca_K", "Fe_K"}


@pytest.fixture(scope="module")
def painted():
    counts = expected({"Pb_L": 1e5, "Fe_K": 1e5, "Ca_K": 5e4})
    return find_elements(np.random.default_rng(4).poisson(counts).astype(float), ENERGY, TUBE)


def test_counts_of_parts_are_scaled_to_all_spectra(painted):
    few = np.random.default_rng(5).poisson(expected({"Zn_K": 2e3, "Fe_K": 2e3}, continuum=2.0))
    once, twice = (painted.of_parts(few[None].astype(float), scale)["Zn_K"] for scale in (1, 2))
    assert once.counts == pytest.approx(2e3, abs=4 * once.error)
    for name in ("counts", "error", "limit_counts"):
        assert getattr(twice, name) == 2 * getattr(once, name)
    assert once.reason.startswith("seen in like spectra with 1e+02 % of the counts")
    assert painted.of_parts(np.zeros((2, ENERGY.size))) == {}
    assert stated().of_parts(few[None]) == {}


def test_what_few_spectra_show_is_believed_by_the_rule_of_all(painted):
    def few(areas):
        counts = expected({"Fe_K": 2e3} | areas, continuum=2.0)
        return np.random.default_rng(6).poisson(counts).astype(float)

    assert painted.in_few(few({"Zn_K": 2e3}), "Zn_K").answer == "present"
    assert painted.in_few(few({}), "Zn_K") is None
    # An element in no list is believed by its significance unless its main line is a reflection.
    seldom = painted.in_few(few({"Gd_L": 3e3}), "Gd_L")
    assert (seldom.line_group, seldom.answer, seldom.competitor) == ("Gd_L", "present", "")
    reflection = 3e3 * DETECTOR.scaled(2.0).peaks(np.array([6.05]), np.ones(1), EDGES)
    assert painted.in_few(few({}) + np.round(reflection), "Gd_L") is None
    assert painted.in_few(np.zeros(ENERGY.size), "Zn_K") is None
