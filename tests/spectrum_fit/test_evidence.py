"""Answers about line groups of sum spectra without noise, whose truth is known."""

from types import SimpleNamespace

import numpy as np
import pytest

from skxrf.physics import DetectorResponse, line_group
from skxrf.physics._line_table import EXACT, line_table
from skxrf.spectrum_fit import _evidence
from skxrf.spectrum_fit._evidence import INSTRUMENT, evidence_of, evidence_of_parts
from skxrf.spectrum_fit._identification import Identification
from skxrf.spectrum_fit._identification_rule import RULE
from tests.spectrum_fit.conftest import exact

NAMES = (
    "S_K K_K Ca_K Ti_K V_K Cr_K Mn_K Fe_K Co_K Ni_K Cu_K Zn_K As_K Se_K Br_K Sr_K Ar_K "
    "Sn_L Ba_L La_L Au_L Hg_L Pb_L Bi_L Au_M Pb_M Rh_L"
)
CANDIDATES = NAMES.split()
TRUE = {"Ca_K": 4e4, "Fe_K": 3e5, "Cu_K": 3e4, "Pb_L": 2e5, "Pb_M": 3e4, "Ar_K": 5e3, "Rh_L": 8e3}


def searched(areas, candidates=CANDIDATES, **options):
    search = exact(Identification, candidates, areas, **options)
    search.run()
    return search, {one.line_group: one for one in evidence_of(search)}


@pytest.fixture(scope="module")
def known():
    parts = line_table((), ("Rh",), detail=EXACT)
    edges = exact(Identification, CANDIDATES, TRUE).edges
    scattered = 1e4 * parts.render(edges, DetectorResponse()).sum(axis=1)
    return searched(TRUE, anode="Rh", more=scattered)


def test_what_there_is_is_present_in_its_counts(known):
    search, found = known
    assert list(found) == sorted(
        CANDIDATES, key=lambda name: line_group(name, tube_voltage=50.0).main_energy
    )
    answers = {name: one.answer for name, one in found.items() if one.answer != "not seen"}
    assert answers == dict.fromkeys(TRUE, "present") | {"Ar_K": "air", "Rh_L": "tube"}
    for name, counts in TRUE.items():
        one = found[name]
        assert one.counts == pytest.approx(counts, rel=0.05), name
        assert one.fitted
        assert one.significance == pytest.approx(one.counts / one.error, rel=0.3)
        assert one.limit_counts == pytest.approx(search.needed(name) * one.error)
        assert one.counts > one.limit_counts
    assert found["Ar_K"].reason == "argon of the air"
    assert found["Rh_L"].reason == "a line of the anode, Rh"
    assert found["Fe_K"].reason == f"{found['Fe_K'].significance:.0f} standard errors"


def test_what_there_is_not_has_a_limit_and_no_counts(known):
    search, found = known
    for name in set(CANDIDATES) - set(TRUE):
        one = found[name]
        assert (one.counts, one.fitted) == (0.0, False)
        assert abs(one.significance) < search.needed(name)
        assert one.limit_counts > search.needed(name) * one.error
    # Sulfur lies under the M lines of lead, arsenic under its L lines.
    assert found["S_K"].competitor == "Pb_M"
    assert found["S_K"].reason == "cannot be told from Pb M"
    assert found["As_K"].error > 3 * found["Br_K"].error


def test_evidence_as_plain_values(known):
    one = known[1]["Fe_K"]
    plain = one.stated(480)
    assert plain["limit_per_pixel"] == pytest.approx(one.limit_counts / 480, rel=1e-3)
    assert one.stated()["limit_per_pixel"] == plain["limit_counts"]
    assert one.stated(0)["limit_per_pixel"] == plain["limit_counts"]
    assert plain["counts"] == float(f"{one.counts:.4g}")
    assert set(plain) == {
        *("line_group", "answer", "significance", "reason", "competitor", "counts", "error"),
        *("limit_counts", "limit_per_pixel"),
    }


def test_two_photons_of_calcium_are_no_nickel():
    _, found = searched({"Ca_K": 3e6, "Fe_K": 2e5}, rate=2e-8)
    nickel = found["Ni_K"]
    assert (nickel.answer, nickel.competitor) == ("sum peak", "Ca + Ca")
    assert nickel.reason.endswith("counts there are of Ca + Ca")
    assert {name for name, one in found.items() if one.answer == "present"} == {"Ca_K", "Fe_K"}


def test_escape_peaks_of_iron_are_no_barium():
    _, found = searched({"Fe_K": 3e7, "Ca_K": 1e5})
    assert {name for name, one in found.items() if one.answer == "present"} == {"Ca_K", "Fe_K"}
    escaped = [name for name, one in found.items() if one.answer == "escape peak"]
    assert "La_L" in escaped or "Ti_K" in escaped
    assert all(found[name].competitor == "Fe escape" for name in escaped)


@pytest.mark.parametrize(
    ("candidates", "counts", "reason", "competitor"),
    [
        (["Mo_L"], 250.0, "standard errors; S K or Mo L", "Mo_L"),
        # Molybdenum would show its K lines too.
        (["Mo_L", "Mo_K"], 250.0, "standard errors", ""),
        # Bright enough to be told from it by its place.
        (["Mo_L"], 5e4, "standard errors", ""),
    ],
)
def test_what_explains_a_peak_as_well_is_named(candidates, counts, reason, competitor):
    _, found = searched({"Fe_K": 3e5, "S_K": counts}, ["S_K", "Ca_K", "Fe_K", *candidates])
    sulfur = found["S_K"]
    assert sulfur.answer == "present"
    assert sulfur.reason == f"{sulfur.significance:.0f} {reason}"
    assert sulfur.competitor == competitor
    assert found["Mo_L"].answer == "not seen"
    assert found["Mo_L"].competitor == "S_K"


@pytest.mark.parametrize(
    ("share", "answer", "competitor"),
    [(2e-4, "instrument", ""), (1e-3, "present", INSTRUMENT), (1e-2, "present", "")],
)
def test_a_trace_of_nickel_may_be_of_the_instrument(share, answer, competitor):
    areas = {"Ca_K": 2e7, "Pb_L": 2e7}
    nickel = share * 1.1 * sum(areas.values())
    _, found = searched(areas | {"Ni_K": nickel})
    assert (found["Ni_K"].answer, found["Ni_K"].competitor) == (answer, competitor)
    assert found["Ni_K"].counts == pytest.approx(nickel, rel=0.1)


def test_parts_show_what_the_sum_does_not(known):
    search, _ = known
    few = exact(
        Identification, CANDIDATES, {"Fe_K": 1.5e4, "Ca_K": 2e3, "Zn_K": 1500.0}, background=2
    )
    photons = 0.05 * few.counts
    part = search.part(
        few.counts, np.interp(search.axis, (few.edges[1:] + few.edges[:-1]) / 2, photons), 0.05
    )
    assert part.additional() == ["Zn_K"]
    assert set(search.areas) <= set(part.areas) | set(part.refusals) | {"Zn_K"}
    found = evidence_of_parts([part], scale=2.0)
    (zinc,) = found.values()
    assert zinc.answer == "present"
    assert zinc.counts == pytest.approx(3000, rel=0.1)
    once = evidence_of_parts([part, part])["Zn_K"]
    assert (zinc.error, zinc.limit_counts) == (2 * once.error, 2 * once.limit_counts)
    assert zinc.significance == once.significance > RULE.part_significance
    assert zinc.reason == "seen in like spectra with 5 % of the counts"


def answer(name, monkeypatch, *, score=9.0, rivals=(), nearest=("", 0.0), counts=1e5, **changed):
    """Answer, reason and competitor for a fitted line group of a search made by hand."""
    monkeypatch.setattr(_evidence, "_alone", lambda search, name: (score, 10.0, list(rivals)))
    monkeypatch.setattr(_evidence, "_nearest", lambda search, name: nearest)
    search = SimpleNamespace(
        **{
            "rule": RULE,
            "areas": {name: counts},
            "counts": np.full(10, 1e6),
            "tube": ["Rh_L"],
            "anode": "Rh",
            "undecided": {},
            "doubt": lambda name: "3.0 standard errors",
            "needed": lambda name: 5.0,
        }
        | changed
    )
    one = _evidence._of_fitted(search, name)
    assert (one.line_group, one.significance, one.counts, one.error) == (name, score, counts, 10.0)
    assert (one.limit_counts, one.fitted) == (50.0, True)
    return one.answer, one.reason, one.competitor


def test_answers_about_what_is_fitted(monkeypatch):
    def of(*args, **options):
        return answer(*args, monkeypatch, **options)

    assert of("Fe_K", score=9.4) == ("present", "9 standard errors", "")
    assert of("Rh_L", score=1.0) == ("tube", "a line of the anode, Rh", "")
    assert of("Ar_K", score=1.0) == ("air", "argon of the air", "")
    doubted = ("not seen", "3.0 standard errors", "")
    assert of("As_K", undecided={"As_K": ""}) == doubted
    assert of("As_K", undecided={"As_K": "Pb_L"}) == (
        "not seen",
        "3.0 standard errors; cannot be told from Pb L",
        "Pb_L",
    )
    certain = {"undecided": {"As_K": "Pb_L"}, "doubt": lambda name: ""}
    assert of("As_K", **certain) == ("present", "9 standard errors", "")
    assert of("Ti_K", score=4.96) == ("not seen", "5.0 standard errors", "")
    assert of("Ti_K", score=5.0) == ("present", "5 standard errors", "")
    assert of("S_K", score=2.34, nearest=("Pb_M", 0.11)) == (
        "not seen",
        "2.3 standard errors; cannot be told from Pb M",
        "Pb_M",
    )
    assert of("S_K", score=2.34, nearest=("Pb_M", 0.1)) == ("not seen", "2.3 standard errors", "")
    assert of("S_K", rivals=["Mo_L", "Pb_M"]) == (
        "present",
        "9 standard errors; S K or Mo L or Pb M",
        "Mo_L",
    )


@pytest.mark.parametrize(
    ("name", "share", "expected"),
    [
        ("Ni_K", 2.9e-4, ("instrument", "a trace of a metal that instruments are made of", "")),
        (
            "Ni_K",
            3.1e-4,
            ("present", "9 standard errors; of the object or of the instrument", INSTRUMENT),
        ),
        (
            "Fe_K",
            1.9e-3,
            ("present", "9 standard errors; of the object or of the instrument", INSTRUMENT),
        ),
        (
            "Fe_K",
            1e-5,
            ("present", "9 standard errors; of the object or of the instrument", INSTRUMENT),
        ),
        ("Ni_K", 2.1e-3, ("present", "9 standard errors", "")),
        ("Ca_K", 1e-5, ("present", "9 standard errors", "")),
    ],
)
def test_traces_of_metals_may_be_of_the_instrument(monkeypatch, name, share, expected):
    assert answer(name, monkeypatch, counts=share * 1e7) == expected


def test_answers_about_what_is_not_fitted(monkeypatch):
    search = SimpleNamespace(
        anode="Rh", rejected={"Ti_K": "off", "Cd_L": "no Cd K lines"}, rule=RULE
    )
    nearest = ["", 0.0]
    monkeypatch.setattr(_evidence, "_nearest", lambda search, name: tuple(nearest))
    competition = {
        "Fe + Fe": np.array([5.0, 1234.4]),
        "Fe escape": np.array([7.0, 12.0]),
        "peak at 5.00 keV": np.array([6.0, 2e4]),
    }

    def of(name, place=1, limit=10.0, *, hidden=False, **parts):
        return _evidence._other_origin(
            search, name, parts or competition, place, limit, hidden=hidden
        )

    assert of("Rh_K") == ("tube", "a line of the anode, Rh", "")
    assert of("Ni_K") == (
        "diffraction",
        "20,000 counts there are of peak at 5.00 keV",
        "peak at 5.00 keV",
    )
    for what, kind in (("Fe + Fe", "sum peak"), ("Fe escape", "escape peak")):
        alone = {what: competition[what]}
        size = f"{competition[what][1]:,.0f}"
        assert of("Ni_K", **alone) == (kind, f"{size} counts there are of {what}", what)
        # Not more than what would be believed.
        assert of("Ni_K", 0, 7.0, **alone) == ("not seen", "", "")
    none = {"Fe + Fe": np.zeros(2)}
    assert of("Ti_K", **none) == ("not seen", "off", "")
    nearest[:] = ["Pb_L", 0.51]
    told = ("not seen", "cannot be told from Pb L", "Pb_L")
    assert of("Ti_K", **none) == told
    assert of("Cd_L", **none) == ("not seen", "no Cd K lines", "")
    nearest[1] = 0.5
    assert of("Ti_K", **none) == ("not seen", "off", "")
    assert of("Ti_K", hidden=True, **none) == told
    nearest[0] = ""
    assert of("Zn_K", hidden=True, **none) == ("not seen", "", "")
    search.anode = None
    assert of("Rh_K", **none) == ("not seen", "", "")


def test_the_nearest_is_the_most_like_in_weighted_counts(known):
    search, _ = known
    nearest, alike = _evidence._nearest(search, "S_K")
    columns = {name: search.whole[:, search.place[name]] for name in ("S_K", "Pb_M", "Ar_K")}
    weights = search.final.weights

    def cosine(one, other):
        return (weights * one) @ other / np.sqrt((weights @ one**2) * (weights @ other**2))

    assert nearest == "Pb_M"
    assert alike == pytest.approx(cosine(columns["S_K"], columns["Pb_M"]))
    assert _evidence._nearest(search, "Pb_M")[0] != "Pb_M"


def test_counts_of_other_origin_in_the_place_of_each_group():
    search, _ = searched({"Ca_K": 3e6, "Fe_K": 2e5}, rate=2e-8)
    found = _evidence._competition(search)
    assert not any(name.endswith("position") for name in found)
    assert "factor of escape peaks" not in found
    spectrum = search.whole[:, search.place["Ni_K"]]
    # In the place of nickel: of all pairs of lines what is expected, and their departures.
    amplitudes = search.fit().amplitudes[len(search.fitted) :]
    expected = sum(
        (part.expected + amplitude) * (part.spectrum @ spectrum) / (spectrum @ spectrum)
        for part, amplitude in zip(search.parts, amplitudes, strict=True)
        if part.name == "Ca + Ca"
    )
    assert found["Ca + Ca"][search.place["Ni_K"]] == pytest.approx(expected)
    assert expected > 1e4
    names = {part.name for part in search.parts}
    assert {name for name in names if name.endswith("escape")} <= set(found)
