"""Judgement of single line groups, on spectra without noise whose lines are off in a known way."""

import re

import numpy as np
import pytest

from skxrf.physics import DetectorResponse, line_group
from skxrf.physics._line_table import EXACT, line_table
from skxrf.physics.constants import FWHM_OF_SIGMA
from skxrf.spectrum_fit._identification import Identification, _harder
from skxrf.spectrum_fit._identification_rule import RULE
from skxrf.spectrum_fit._unknown_peaks import UnknownPeak
from tests.spectrum_fit.conftest import exact

CANDIDATES = [
    "Ca_K",
    "Ti_K",
    "Fe_K",
    "Co_K",
    "Cu_K",
    "Zn_K",
    "Pb_L",
    "Pb_M",
    "Cd_L",
    "Cd_K",
    "Gd_L",
    "Tb_L",
    "Rh_L",
    "Mo_L",
]
DETECTOR = DetectorResponse()
BASE = {"Fe_K": 1e5}


def search_of(areas=BASE, **options):
    search = exact(Identification, CANDIDATES, areas, **options)
    search.start()
    search.refit()
    return search


EDGES = exact(Identification, ["Fe_K"], {}).edges
CENTERS = (EDGES[1:] + EDGES[:-1]) / 2


def lines(name, area, *, off=0.0, width=1.0, shares=None):
    """Counts of a line group that lies off, is broad, or has other shares of families."""
    table = line_table([name], detail=EXACT, tube_voltage=50.0, thickness=DETECTOR.thickness)
    rendered = table.render(EDGES - off, DETECTOR.scaled(width))
    return area * rendered @ (table.shares if shares is None else np.array(shares))


def judged(name, more, *, strict=True, areas=BASE):
    """Search of a spectrum with further counts, its fit without a line group, and its judgement."""
    search = search_of(areas, more=more)
    search.areas.pop(name, None)
    search.refit()
    search.areas.pop(name, None)
    fit = search.fit()
    area, error = search.scores(fit)
    place = search.place[name]
    return search, fit, search.judge(fit, name, float(area[place] / error[place]), strict=strict)


@pytest.mark.parametrize(("off", "least"), [(0.0, 0), (0.02, 0), (0.05, 35), (-0.05, 35)])
def test_a_line_must_lie_in_its_place(off, least):
    search, _, why = judged("Cu_K", lines("Cu_K", 1e4, off=off))
    if not least:
        assert why == ""
        return
    found = re.fullmatch(r"the line lies ([+-]\d+) eV off", why)
    assert np.sign(float(found[1])) == np.sign(off)
    assert least < abs(float(found[1])) < 1100 * abs(off)
    assert search.excluded == {"Cu_K"}
    # While brighter lines may still be missing, its place is not judged.
    assert judged("Cu_K", lines("Cu_K", 1e4, off=off), strict=False)[2] == ""


@pytest.mark.parametrize(("width", "broad"), [(1.3, False), (1.6, True)])
def test_a_line_is_no_broader_than_a_peak(width, broad):
    why = judged("Cu_K", lines("Cu_K", 1e4, width=width))[2]
    assert why == ("a broad hump explains more" if broad else "")


@pytest.mark.parametrize(("beta", "there"), [(0.0, False), (0.3, False), (0.7, True), (2.0, True)])
def test_the_partner_of_a_bright_line_must_be_there(beta, there):
    """With more than half of its counts, two standard errors allowed for."""
    table = line_table(["Cu_K"], detail=EXACT, tube_voltage=50.0, thickness=DETECTOR.thickness)
    (alpha, usual) = table.shares
    search, _, why = judged("Cu_K", lines("Cu_K", 2e4, shares=[alpha, beta * usual]))
    assert search.excluded == (set() if there else {"Cu_K"})
    if there:
        assert why == ""
        return
    numbers = re.fullmatch(r"beta lines have (-?[\d,]+) \+- ([\d,]+) of ([\d,]+) counts", why)
    counts, error, expected = (float(one.replace(",", "")) for one in numbers.groups())
    assert expected == pytest.approx(2e4 * usual, rel=0.05)
    assert counts == pytest.approx(2e4 * beta * usual, abs=2 * error)
    assert 20 < error < 200


def test_a_partner_that_cannot_be_seen_is_not_missed():
    alpha = line_table(["Cu_K"], detail=EXACT, tube_voltage=50.0).shares[0]
    search, fit, why = judged("Cu_K", lines("Cu_K", 600.0, shares=[alpha, 0.0]))
    assert (why, search.excluded) == ("", set())
    assert search._partner(fit, "Cu_K") == (True, "")
    search, fit, _ = judged("Cu_K", lines("Cu_K", 1e4))
    assert search._partner(fit, "Cu_K") == (False, "")


@pytest.mark.parametrize(
    ("area", "why"),
    [
        (200.0, r"L3-M lines have [\d]+ \+- [\d]+ counts"),
        (400.0, "too few standard errors for an element that is seldom there"),
        (800.0, "too few standard errors for an element that is seldom there"),
        (1600.0, ""),
    ],
)
def test_an_element_that_is_seldom_there_needs_more(area, why):
    search, _, found = judged("Gd_L", lines("Gd_L", area))
    assert re.fullmatch(why, found)
    assert search.needed("Gd_L") == RULE.uncommon_significance
    # Without its partner lines it is taken to be absent.
    assert ("Gd_L" in search.excluded) == (area == 400.0 or area == 800.0)


def test_errors_of_place_and_width_are_derivatives_of_the_main_line():
    here, moved, wide = search_of()._peak("Cu_K")
    energy = line_group("Cu_K").main_energy
    sigma = float(DETECTOR.fwhm(energy)) / FWHM_OF_SIGMA
    near = np.abs(CENTERS - energy) < 1
    assert here[near].sum() == pytest.approx(1, rel=1e-3)
    assert moved[near].sum() == pytest.approx(0, abs=1e-3)
    assert (moved @ CENTERS) == pytest.approx(1, rel=5e-3)
    assert wide.sum() == pytest.approx(0, abs=1e-6)
    # Variances of 1.1 and of 1 widths, per tenth.
    assert wide @ (CENTERS - energy) ** 2 == pytest.approx(2.1 * sigma**2, rel=5e-3)


@pytest.mark.parametrize(
    ("name", "voltage", "harder"),
    [
        ("Fe_K", 50.0, []),
        ("Mo_M", 50.0, ["Mo_L"]),
        ("Pb_M", 19.4, []),  # 1.5 times the L3 edge of 13.04 keV is 19.6 kV
        ("Pb_M", 19.7, ["Pb_L"]),
        ("Sn_L", 43.7, []),  # the K edge: 29.2 keV
        ("Sn_L", 43.9, ["Sn_K"]),
        ("Pb_M", 200.0, ["Pb_L"]),
        ("Pb_L", 200.0, ["Pb_K"]),
    ],
)
def test_harder_lines_that_the_tube_excites(name, voltage, harder):
    assert _harder(name, voltage, 1.5) == harder


def test_harder_lines_must_be_seen():
    search, score = search_of(), np.zeros(len(CANDIDATES))
    assert search.lacks_harder("Cd_L", score) == "no Cd K lines"
    score[search.place["Cd_K"]] = RULE.partner
    assert search.lacks_harder("Cd_L", score) == ""
    score[:] = 0
    search.areas["Cd_K"] = 10.0
    assert search.lacks_harder("Cd_L", score) == ""
    # Those of rhodium are no candidates here, iron's are the hardest.
    assert search.lacks_harder("Rh_L", score) == search.lacks_harder("Fe_K", score) == ""


def test_softer_lines_come_with_the_harder_ones():
    search = search_of()
    assert not search._comes_with_others("Pb_M")
    assert not search._comes_with_others("Pb_L")
    search.areas = {"Pb_L": 4001.0, "Pb_M": 1000.0}
    assert search._comes_with_others("Pb_M")
    assert search._comes_with_others("Pb_L")
    assert search._must_come_with_harder("Pb_M")
    assert not search._must_come_with_harder("Pb_L")
    search.areas["Pb_L"] = 3999.0
    assert not search._must_come_with_harder("Pb_M")
    search.undecided["Pb_M"] = ""
    assert not search._comes_with_others("Pb_L")
    search.areas = {"Pb_M": 1e-3}
    assert not search._must_come_with_harder("Pb_M")


def test_what_a_part_shows_besides_what_it_takes_for_granted():
    search = search_of()
    search.areas = dict.fromkeys(["Fe_K", "Cu_K", "Gd_L", "Zn_K"], 100.0)
    search.kept, search.undecided = ["Fe_K"], {"Zn_K": ""}
    assert search.additional() == ["Cu_K"]
    assert search.additional(of_all=True) == ["Cu_K", "Gd_L"]


def test_a_peak_that_lines_explain_becomes_their_group():
    search = search_of(more=lines("Cu_K", 1e4))
    search.areas.pop("Cu_K")
    energy = line_group("Cu_K").main_energy
    search.unknown = [UnknownPeak(energy, 1.0, 1e4)]
    search.rejected["Cu_K"] = "looked wrong"
    search.excluded.add("Cu_K")
    search.refit()
    assert search._explain_peak()
    assert search.areas["Cu_K"] == pytest.approx(1e4, rel=0.03)
    assert (search.unknown, search.rejected, search.excluded) == ([], {}, set())
    assert search.tried == [pytest.approx(energy, abs=0.01)]
    assert not search._explain_peak()


def test_a_peak_that_no_lines_explain_stays_and_is_tried_once():
    broad = 1e4 * DETECTOR.scaled(2.0).peaks(np.array([8.05]), np.ones(1), EDGES)
    search = search_of(more=broad)
    search.areas = {"Fe_K": 1e5}
    search.unknown = [UnknownPeak(8.05, 2.0, 1e4)]
    search.refit()
    (peak,) = search.unknown
    for tried in (1, 1):
        assert not search._explain_peak()
        assert len(search.tried) == tried
    assert search.unknown == [peak]
    assert set(search.areas) == {"Fe_K"}


def test_neighbors_that_explain_no_more_than_a_broad_peak_are_one():
    near = ["Gd_L", "Tb_L"]
    energies = [line_group(name).main_energy for name in near]
    middle = float(np.mean(energies))
    broad = 4e3 * DETECTOR.scaled(1.8).peaks(np.array([middle]), np.ones(1), EDGES)
    search = search_of({"Ca_K": 1e5}, more=broad)
    search.areas = {"Ca_K": 1e5} | dict.fromkeys(near, 2e3)
    assert not search._is_one_broad_peak("Gd_L", ["Gd_L"])
    assert not search._is_one_broad_peak("Ca_K", [*near, "Ca_K"])
    assert search._is_one_broad_peak("Gd_L", [*near, "Ca_K"])
    (peak,) = search.unknown
    assert peak.energy == pytest.approx(middle, abs=0.03)
    assert peak.width == pytest.approx(1.8, abs=0.15)
    assert set(search.areas) == {"Ca_K"}
    assert search.rejected == dict.fromkeys(near, f"part of a {peak.name}")
    assert search.refusals == dict.fromkeys(near, 2)
    # Two elements with all their lines are no such peak.
    both = search_of({"Ca_K": 1e5}, more=lines("Gd_L", 2e3) + lines("Tb_L", 2e3))
    both.areas = {"Ca_K": 1e5} | dict.fromkeys(near, 2e3)
    assert not both._is_one_broad_peak("Gd_L", near)
    assert (set(both.areas), both.unknown) == ({"Ca_K", *near}, [])


def test_a_peak_is_absorbed_once_and_not_in_the_place_of_a_bright_line():
    peak = 5e3 * DETECTOR.scaled(1.5).peaks(np.array([8.05]), np.ones(1), EDGES)
    search = search_of(more=peak)
    search.areas.pop("Cu_K", None)
    fit = search.refit()
    for _ in range(2):
        search._absorb(fit, "Cu_K", 5e3)
        (one,) = search.unknown
    assert (one.energy, one.width) == (pytest.approx(8.05, abs=0.01), pytest.approx(1.5, abs=0.05))
    assert one.area == pytest.approx(5e3, rel=0.05)
    search._absorb(search.fit(), "Fe_K", 5e3)
    assert search.unknown == [one]


def test_refusals_are_counted_and_told():
    search, fit, _ = judged("Cu_K", lines("Cu_K", 1e4, off=0.05))
    search.excluded.clear()
    area, error = search.scores(fit)
    place = search.place["Cu_K"]
    score = np.minimum(area / error, RULE.bright - 1)
    for refused in (1, 2):
        assert not search._accepts(fit, place, score, strict=True)
        assert search.refusals["Cu_K"] == refused
    assert "eV off" in search.rejected["Cu_K"]
    # The brightest are accepted whatever they look like, until all else is known.
    score[place] = RULE.bright
    assert search._accepts(fit, place, score, strict=True)
    assert search.refusals["Cu_K"] == 2


def test_of_rivals_that_explain_a_peak_as_well_the_usual_one_comes_first():
    search = exact(Identification, ["Al_K", "Br_L", "Si_K"], {"Si_K": 1e4})
    rivals, score = [0, 1], np.array([12.8, 13.1, 0.0])  # squares 8 apart: a tie
    assert search._ranked(rivals, score) == [0, 1]
    score[0] = 12.7  # 10 apart
    assert search._ranked(rivals, score) == [1, 0]
    assert search._ranked(rivals, np.array([20.0, 13.1, 0.0])) == [0, 1]


def test_a_round_accepts_the_brightest_that_do_not_overlap():
    areas = {"Fe_K": 1e5, "Cu_K": 6e4, "Ca_K": 3e3, "Zn_K": 2e3}
    search = exact(Identification, CANDIDATES, areas)
    # Above 0.3 of the best in the first round; errors of its lines look like others until then.
    for accepted in (["Fe_K", "Cu_K"], ["Fe_K", "Cu_K", "Ca_K", "Zn_K"]):
        fit = search.refit()
        area, error = search.scores(fit)
        score = np.where([name in search.areas for name in CANDIDATES], 0.0, area / error)
        before = score.copy()
        search._add(fit, score, area)
        assert list(search.areas) == accepted
        np.testing.assert_array_equal(score, before)
        assert not search.inflated  # above ten times the significance
        for name in accepted:
            assert search.areas[name] == pytest.approx(areas[name], rel=0.03)
    score = np.zeros(len(CANDIDATES))
    score[search.place["Ti_K"]] = 6.0
    search._add(search.refit(), score, np.full(len(CANDIDATES), 50.0))
    assert search.inflated
    assert (search.unknown, "Ti_K" in search.areas) == ([], False)
    assert set(search.rejected) == {"Ti_K"}
