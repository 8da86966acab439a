"""Signals that look like a line group: their counts, places and sizes."""

from dataclasses import replace

import numpy as np
import pytest

from skxrf.physics import DetectorResponse, line_group
from skxrf.physics._lines import line_families
from skxrf.physics._silicon import absorbed_share, escape_fraction
from skxrf.physics._xraylib import edge_energy
from skxrf.physics.constants import FAMILY_SPREAD, FWHM_OF_SIGMA, SILICON
from skxrf.spectrum_fit._competitors import (
    CompetitorRule,
    bright_lines,
    common_escape,
    companions,
    ratio_error,
    steps,
    sum_peaks,
)

EDGES = np.arange(0.2, 36.0, 0.01)
centers = (EDGES[1:] + EDGES[:-1]) / 2
DETECTOR = DetectorResponse()
RULE = CompetitorRule


def of(name, voltage=50.0, **options):
    """Competitors of a line group by their names, without its element's."""
    found = {}
    for one in companions(name, EDGES, DETECTOR, voltage, **options):
        symbol, what = one.name.split(" ", 1)
        assert symbol == name.split("_")[0]
        assert np.isfinite(one.spectrum).all()
        found.setdefault(what, []).append(one)
    return found


def moment(spectrum, power, about=0.0):
    return float(spectrum @ (centers - about) ** power)


@pytest.mark.parametrize("name", ["Ca_K", "Fe_K", "Cu_K", "Sn_K", "Ba_L", "Pb_L"])
def test_errors_of_place_and_width_are_derivatives(name):
    found = of(name)
    group = line_group(name, tube_voltage=50.0)
    seen = group.intensities * absorbed_share(group.energies, DETECTOR.thickness / 10)
    shares = seen / seen.sum()
    center = float(group.energies @ shares)
    sigmas = DETECTOR.fwhm(group.energies) / FWHM_OF_SIGMA
    (position,), (width,) = found["position"], found["width"]
    assert moment(position.spectrum, 0) == pytest.approx(0, abs=1e-6)
    assert moment(position.spectrum, 1) == pytest.approx(1, rel=1e-3)
    assert moment(width.spectrum, 0) == pytest.approx(0, abs=1e-6)
    assert moment(width.spectrum, 1, center) == pytest.approx(0, abs=1e-6)
    assert moment(width.spectrum, 2, center) == pytest.approx(2 * sigmas**2 @ shares, rel=1e-2)
    assert (position.size, width.size) == (RULE.shift, RULE.width)


@pytest.mark.parametrize("name", ["Fe_K", "Sn_K", "Pb_L", "Pb_M"])
def test_departing_ratios_leave_the_counts_of_the_group(name):
    ratios = of(name)["ratios"]
    n_families = len(line_families(line_group(name, tube_voltage=50.0), fine=True))
    assert len(ratios) == n_families - 1
    for one in ratios:
        assert one.spectrum.sum() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("name", ["Fe_K", "Sn_K"])
def test_beta_departs_by_absorption_and_by_an_error_of_its_own(name):
    group = line_group(name, tube_voltage=50.0)
    seen = group.intensities * absorbed_share(group.energies, DETECTOR.thickness / 10)
    families = line_families(group, fine=True)
    alpha, beta = (seen[families[one]] for one in ("alpha", "beta"))
    energies = [
        group.energies[families[one]] @ counts / counts.sum()
        for one, counts in (("alpha", alpha), ("beta", beta))
    ]
    spread = RULE().ratios["K"]
    relative = np.hypot(
        np.sqrt(2) * spread.single, spread.absorption * np.log(energies[1] / energies[0])
    )
    shares = np.array([alpha.sum(), beta.sum()]) / seen.sum()
    (ratio,) = of(name)["ratios"]
    in_beta = ratio.size * abs(ratio.spectrum[centers > np.mean(energies)].sum())
    assert in_beta == pytest.approx(shares.prod() * relative, rel=0.01)


def test_electrons_make_other_vacancies_in_the_sub_shells_of_an_anode():
    def of_second_subshell(**options):
        # Between L-gamma1 (L2-N) and what lies about it.
        window = (centers > 11.1) & (centers < 11.45)
        return sum(
            (one.size * one.spectrum[window].sum()) ** 2 for one in of("W_L", **options)["ratios"]
        )

    assert of_second_subshell(of_tube=True) > 1.5 * of_second_subshell()


@pytest.mark.parametrize("name", ["Fe_K", "Pb_L"])
def test_what_the_detector_does_to_a_line_lies_below_it(name):
    found = of(name)
    group = line_group(name, tube_voltage=50.0)
    seen = group.intensities * absorbed_share(group.energies, DETECTOR.thickness / 10)
    shares = seen / seen.sum()
    strong = shares > 0.02
    center = float(group.energies[strong] @ shares[strong] / shares[strong].sum())
    assert len(found["tail"]) == len(RULE.tail_slopes)
    for tail, slope in zip(found["tail"], RULE.tail_slopes, strict=True):
        # As many counts as the peaks have, below them by the decay length on average.
        counts = tail.spectrum.sum()
        assert counts == pytest.approx(shares[strong].sum(), rel=0.02)
        assert moment(tail.spectrum, 1) / counts == pytest.approx(center - slope, abs=0.1 * slope)
        assert RULE.tail < tail.size < RULE.tail + 0.01
    (shelf,) = found["shelf"]
    assert (shelf.spectrum >= 0).all()
    level = shelf.spectrum[centers < 0.9 * center]
    np.testing.assert_allclose(level, level[0], rtol=1e-3)
    assert shelf.spectrum[centers > 1.1 * center].max() < 1e-3 * level[0]
    assert shelf.size == RULE.shelf
    (escape,) = found["escape"]
    assert escape.spectrum.sum() == pytest.approx(1, abs=1e-6)
    lost = shares[strong] * escape_fraction(group.energies[strong])
    mean = group.energies[strong] @ lost / lost.sum() - SILICON.k_alpha
    assert moment(escape.spectrum, 1) == pytest.approx(mean, abs=1e-3)
    assert escape.expected == pytest.approx(lost.sum())
    assert escape.size == pytest.approx(RULE.escape * lost.sum())
    (wings,) = found["wings"]
    assert wings.spectrum.sum() == pytest.approx(1, abs=1e-6)
    assert moment(wings.spectrum, 1) == pytest.approx(center, abs=1e-3)
    lowest, *_, highest = np.sort(group.energies[strong])
    away = (centers < lowest - 2.5) | (centers > highest + 2.5)
    assert wings.spectrum[away].sum() < 1e-6
    assert wings.size == RULE.wings


def test_light_lines_have_no_escape_peak():
    assert "escape" not in of("Al_K")
    escapes = list(common_escape([*companions("Fe_K", EDGES, DETECTOR, 50.0)] * 2))
    (one,) = of("Fe_K")["escape"]
    assert escapes[0].size == RULE.all_escapes
    np.testing.assert_allclose(escapes[0].spectrum, 2 * one.expected * one.spectrum)
    assert list(common_escape(companions("Al_K", EDGES, DETECTOR, 50.0))) == []


def test_radiative_auger_transitions_lack_the_energy_of_an_electron():
    below, *band = of("Fe_K")["radiative Auger"]
    alpha, bound = line_group("Fe_K").main_energy, edge_energy(26, "L3")
    sigma = float(DETECTOR.fwhm(alpha)) / FWHM_OF_SIGMA
    assert below.spectrum.sum() == pytest.approx(1, abs=1e-6)
    assert below.spectrum[centers > alpha - bound + 3 * sigma].sum() < 0.01
    assert below.spectrum[centers < alpha - bound - RULE.reach * alpha - 3 * sigma].sum() < 1e-3
    # A ramp that falls to zero has its center at a third of its length.
    center = alpha - bound - RULE.reach * alpha / 3
    assert moment(below.spectrum, 1) == pytest.approx(center, abs=0.02 * RULE.reach * alpha)
    assert below.size == RULE.satellite
    beta = line_group("Fe_K").energies.max()
    for one in band:
        counts = one.spectrum.sum()
        assert 0 < counts < 0.02
        assert alpha < moment(one.spectrum, 1) / counts < beta
        assert one.size == RULE.beta_satellites
    assert "radiative Auger" not in of("Pb_L")


def test_bright_lines_are_families_of_enough_counts():
    areas = {"Fe_K": 1e5, "Pb_L": 5e4, "Mn_K": 10.0}
    found = bright_lines(areas, 2e5, 50.0)
    assert [line.counts for line in found] == sorted((line.counts for line in found), reverse=True)
    assert all(line.counts > RULE.bright * 2e5 for line in found)
    assert {line.group for line in found} == {"Fe_K", "Pb_L"}
    assert found[0].group == "Fe_K"
    assert found[0].energy == pytest.approx(6.4, abs=0.01)
    many = bright_lines(dict.fromkeys(["Fe_K", "Cu_K", "Pb_L", "Hg_L", "Ca_K"], 1e5), 1e5, 50.0)
    assert len(many) == RULE.n_bright


def test_sums_of_two_photons_lie_at_the_sum_of_their_energies():
    lines = bright_lines({"Fe_K": 1e5, "Ca_K": 5e4}, 1.5e5, 50.0)[:2]
    iron, calcium = lines
    rate, shift, known = 1e-7, -0.01, {}
    found = list(sum_peaks(lines, rate, shift, EDGES, DETECTOR, known))
    peaks, moved = found[::2], found[1::2]
    assert [one.name for one in peaks] == ["Fe + Fe", "Fe + Ca", "Ca + Ca"]
    pairs = [(iron, iron, 1), (iron, calcium, 2), (calcium, calcium, 1)]
    for peak, derivative, (one, other, ways) in zip(peaks, moved, pairs, strict=True):
        energy = one.energy + other.energy + shift
        assert peak.spectrum.sum() == pytest.approx(1, abs=1e-6)
        assert moment(peak.spectrum, 1) == pytest.approx(energy, abs=1e-4)
        expected = ways * rate * one.counts * other.counts
        assert peak.expected == pytest.approx(expected)
        assert peak.size == pytest.approx(RULE.sum_peak * expected)
        assert derivative.name == f"{peak.name} position"
        assert moment(derivative.spectrum, 0) == pytest.approx(0, abs=1e-6)
        assert moment(derivative.spectrum, 1) == pytest.approx(1, rel=1e-3)
        assert derivative.size == pytest.approx(RULE.sum_shift * expected)
    # Known ones are not drawn again, and those beyond the axis are left out.
    again = list(sum_peaks(lines, rate, shift, EDGES, DETECTOR, known))
    assert all(one.spectrum is other.spectrum for one, other in zip(found, again, strict=True))
    short = EDGES[EDGES < 10.5]
    assert [one.name for one in sum_peaks(lines, rate, shift, short, DETECTOR, {})][::2] == [
        "Fe + Ca",
        "Ca + Ca",
    ]
    soft = [replace(line, energy=RULE.soft / 2) for line in lines[1:]]
    (one, _) = sum_peaks(soft, rate, shift, EDGES, DETECTOR, {})
    assert one.size == pytest.approx(RULE.soft_sum_peak * one.expected)


def test_edge_of_a_filter_and_silicon_of_the_detector():
    counts = np.where(centers < SILICON.k_edge, 1e6, 100.0)
    level, slope, silicon = steps(45, EDGES, DETECTOR, counts)
    edge = edge_energy(45, "K")
    far = np.abs(centers - edge) > 0.5
    above = centers > edge
    np.testing.assert_allclose(level.spectrum[far], np.where(above, 0.01, 0.0)[far], atol=1e-6)
    np.testing.assert_allclose(
        slope.spectrum[far], np.where(above, 0.01 * (centers - edge), 0.0)[far], atol=1e-6
    )
    assert level.size == slope.size == np.inf
    assert silicon.spectrum.sum() == pytest.approx(1, abs=1e-6)
    assert moment(silicon.spectrum, 1) == pytest.approx(SILICON.k_alpha, abs=1e-4)
    # Of the harder photons alone, and in proportion to them.
    (twice,) = steps(0, EDGES, DETECTOR, np.where(centers < SILICON.k_edge, 0.0, 200.0))
    assert twice.size == pytest.approx(2 * silicon.size)
    hard = centers > SILICON.k_edge
    stopped = 100 * absorbed_share(centers[hard], RULE.dead_layer).sum()
    assert 0.01 * stopped < silicon.size / RULE.silicon < 0.05 * stopped
    high = EDGES[EDGES > 2.0]
    assert list(steps(0, high, DETECTOR, np.ones(high.size - 1))) == []


def test_a_group_seems_brighter_where_its_shares_are_off():
    assert ratio_error("Pb_L", 50.0) == RULE.family_factor * FAMILY_SPREAD["L"] * 50.0


def test_an_escape_peak_may_lie_off_as_its_line_does():
    found = of("Ca_K")
    (escape,), (position,) = found["escape"], found["escape position"]
    assert moment(position.spectrum, 0) == pytest.approx(0, abs=1e-6)
    assert moment(position.spectrum, 1) == pytest.approx(escape.expected, rel=1e-3)
    assert position.size == RULE.shift
    assert "escape position" not in of("Al_K")
