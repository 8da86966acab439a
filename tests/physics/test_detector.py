from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skxrf.exceptions import LineGroupError
from skxrf.physics import DetectorResponse, line_group
from skxrf.physics._line_table import scattered_tube_families
from skxrf.physics._lines import line_families
from skxrf.physics._scatter import compton_energy, scattered_tube_group
from skxrf.physics._silicon import escape_fraction

EDGES = np.arange(0, 31, 0.02)
GAUSSIAN = DetectorResponse(escape=False)


@given(energy=st.floats(1.5, 25), counts=st.floats(0.1, 1e6))
def test_a_peak_holds_its_counts_wherever_it_lies(energy, counts):
    spectrum = GAUSSIAN.peaks(np.array([energy]), np.array([counts]), EDGES)
    assert spectrum.sum() == pytest.approx(counts, rel=1e-6)
    assert np.all(spectrum >= 0)


@pytest.mark.parametrize("width", [0.005, 0.01, 0.0291, 0.05])
def test_the_bin_width_changes_nothing_but_the_bins(width):
    detector = DetectorResponse(tail_fraction=0.03)
    edges = width * np.arange(int(20 / width))
    fine = width / 5 * np.arange(5 * (edges.size - 1) + 1)
    lines = np.array([6.404, 7.058]), np.array([0.9, 0.1])
    joined = detector.peaks(*lines, fine).reshape(-1, 5).sum(axis=1)
    np.testing.assert_allclose(detector.peaks(*lines, edges), joined, atol=1e-6)


def test_the_peak_has_the_stated_width_and_place():
    detector = DetectorResponse(noise=0.07, fano=0.12, escape=False)
    centers = (EDGES[1:] + EDGES[:-1]) / 2
    spectrum = detector.peaks(np.array([6.404]), np.array([1.0]), EDGES)
    mean = np.average(centers, weights=spectrum)
    sigma = np.sqrt(np.average((centers - mean) ** 2, weights=spectrum) - 0.02**2 / 12)
    assert mean == pytest.approx(6.404, abs=1e-4)
    assert 2.3548 * sigma == pytest.approx(float(detector.fwhm(6.404)), rel=1e-3)


def test_the_tail_comes_on_top_and_below_the_peak():
    tailed = DetectorResponse(tail_fraction=0.04, tail_slope=0.3, escape=False)
    energy, one = np.array([10.0]), np.array([1.0])
    tail = tailed.peaks(energy, one, EDGES) - GAUSSIAN.peaks(energy, one, EDGES)
    centers = (EDGES[1:] + EDGES[:-1]) / 2
    assert tail.sum() == pytest.approx(0.04, rel=1e-4)
    assert np.average(centers, weights=tail) == pytest.approx(10.0 - 0.3, abs=0.005)


# Escape of Fe K-alpha in silicon: about 0.5 % of the 5.9 keV peak is the textbook figure for
# Mn (Knoll, Radiation Detection and Measurement, ch. 13); it falls with the energy.
def test_escape_of_silicon():
    at_mn, at_fe, at_pb = escape_fraction(np.array([5.9, 6.404, 10.55]))
    assert at_mn == pytest.approx(0.0045, abs=0.001)
    assert at_mn > at_fe > at_pb > 0
    assert escape_fraction(np.array([1.5]))[0] == 0


def test_the_escape_peak_lies_1_74_kev_below():
    difference = DetectorResponse().peaks(np.array([8.0]), np.array([1.0]), EDGES)
    difference -= GAUSSIAN.peaks(np.array([8.0]), np.array([1.0]), EDGES)
    centers = (EDGES[1:] + EDGES[:-1]) / 2
    assert centers[np.argmax(difference)] == pytest.approx(8.0 - 1.74, abs=0.02)


def test_a_template_is_one_net_count():
    template = replace(GAUSSIAN, natural_width=0.0).template(line_group("Pb_L"), EDGES)
    assert template.sum() == pytest.approx(1, rel=1e-6)
    # The wings of a natural width go on beyond the bins that a line fills.
    assert 0.99 < GAUSSIAN.template(line_group("Pb_L"), EDGES).sum() < 1


def test_thin_silicon_misses_hard_photons():
    thin, thick = DetectorResponse(thickness=0.3), DetectorResponse(thickness=1.0)
    energies = np.array([5.0, 15.0, 25.0])
    assert np.all(np.diff(thin.efficiency(energies)) < 0)
    assert np.all(thin.efficiency(energies) < thick.efficiency(energies))


def test_compton_shift():
    # Ag K-alpha at 90 degrees: wavelength grows by 0.02426 angstrom (Compton 1923).
    energy = float(compton_energy(22.163, 90.0))
    assert 12.39842 / energy - 12.39842 / 22.163 == pytest.approx(0.02426, rel=1e-3)
    assert float(compton_energy(22.163, 0.0)) == pytest.approx(22.163)


def test_photons_that_scatter_twice_lose_twice():
    once = compton_energy(np.array([20.2, 22.7]), 110.0)
    np.testing.assert_allclose(
        compton_energy(np.array([20.2, 22.7]), 110.0, 110.0), compton_energy(once, 110.0)
    )


def test_scattered_lines_are_one_count_each():
    parts = scattered_tube_families("Rh", GAUSSIAN, EDGES)
    compton = [part.sum() for name, part in parts.items() if "compton" in name]
    np.testing.assert_allclose(compton, 1, rtol=1e-3)
    # Lorentzian wings further out than six standard deviations are left out.
    rayleigh = [part.sum() for name, part in parts.items() if "rayleigh" in name]
    assert np.all(np.array(rayleigh) > 0.99)
    assert np.all(np.array(rayleigh) < 1)
    assert {name.split()[0] for name in parts} == {"Rh_rayleigh", "Rh_compton"}


def test_a_tungsten_tube_at_50_kv_scatters_its_l_lines():
    assert scattered_tube_group("W").name == "W_L"
    assert scattered_tube_group("Rh").name == "Rh_K"
    parts = scattered_tube_families("W", GAUSSIAN, EDGES)
    centers = (EDGES[1:] + EDGES[:-1]) / 2
    # L-alpha at 8.40 keV and L-beta 2 at 9.96 keV: an object absorbs the softer one more.
    alpha, beta = (centers[parts[f"W_rayleigh L3-{outer}"].argmax()] for outer in "MN")
    assert (alpha, beta) == (pytest.approx(8.40, abs=0.03), pytest.approx(9.96, abs=0.03))
    back, side = (float(parts[f"W_compton L3 {angle}"] @ centers) for angle in (175, 75))
    assert back < side - 0.1
    with pytest.raises(LineGroupError):
        scattered_tube_group("Xx")


def test_scattered_lines_lie_where_their_angle_puts_them():
    parts = scattered_tube_families("Rh", GAUSSIAN, EDGES)
    centers = (EDGES[1:] + EDGES[:-1]) / 2

    def spread(peak):
        """Standard deviation [keV]."""
        return np.sqrt(peak @ (centers - peak @ centers / peak.sum()) ** 2 / peak.sum())

    group = scattered_tube_group("Rh")
    narrow = {  # without natural widths
        family: spread(GAUSSIAN.peaks(group.energies[mine], group.intensities[mine], EDGES))
        for family, mine in line_families(group).items()
    }
    # Rh K-alpha 1 and K-beta 1 (Deslattes et al. 2003, Rev. Mod. Phys. 75, 35).
    lines = {"alpha": 20.216, "beta": 22.724}
    for name, part in parts.items():
        kind, family, *angles = name.split()
        peak = centers[np.argmax(part)]
        expected = lines[family]
        for angle in angles:
            wavelength = 12.39842 / expected + 0.02426 * (1 - np.cos(np.radians(float(angle))))
            expected = 12.39842 / wavelength
        assert peak == pytest.approx(expected, abs=0.06), name
        if kind == "Rh_rayleigh":
            continue  # the spread of a Lorentzian is that of its cut
        doppler = 0.025 * expected / 2.355
        # Softer lines lie closer together, and the detector resolves them better: by a few per cent.
        assert spread(part) == pytest.approx(np.hypot(narrow[family], doppler), rel=0.1), name


CHARGE_LOSS = DetectorResponse(tail_depth=0.05, tail_fraction=0.005, shelf_depth=0.1, recoil=True)


def test_tail_and_shelf_follow_the_absorption_of_silicon():
    below, above, hard = CHARGE_LOSS.shelf(np.array([1.80, 1.90, 8.0]))
    assert above > 5 * below > 5 * hard
    # 0.1 um at 8.0 keV: 64.7 cm2/g (NIST, Hubbell & Seltzer 2004) times 2.33 g/cm3.
    assert hard == pytest.approx(64.7 * 2.33 * 1e-5, rel=0.02)


def test_the_shelf_is_flat_down_to_zero():
    shelf = DetectorResponse(shelf_fraction=0.01, escape=False)
    spectrum = shelf.peaks(np.array([8.0]), np.array([1.0]), EDGES)
    spectrum -= GAUSSIAN.peaks(np.array([8.0]), np.array([1.0]), EDGES)
    centers = (EDGES[1:] + EDGES[:-1]) / 2
    flat = spectrum[(centers > 0.5) & (centers < 7.5)]
    np.testing.assert_allclose(flat, 0.01 / 8.0 * 0.02, rtol=1e-6)
    assert np.abs(spectrum[centers > 8.5]).max() < 1e-12


def test_recoil_electrons_end_at_the_compton_edge():
    without = DetectorResponse(escape=False).peaks(np.array([20.0]), np.array([1.0]), EDGES)
    with_recoil = DetectorResponse(escape=False, recoil=True)
    recoil = with_recoil.peaks(np.array([20.0]), np.array([1.0]), EDGES) - without
    centers = (EDGES[1:] + EDGES[:-1]) / 2
    edge = 20.0 - float(compton_energy(20.0, 180.0))
    assert np.all(recoil[(centers > 0.1) & (centers < edge - 0.1)] > 0)
    assert np.abs(recoil[centers > edge + 0.1]).max() < 1e-12
    # Silicon at 20 keV: the Compton cross section is 0.14 cm2/g, the photoelectric one
    # 4.1 cm2/g (NIST XCOM); most of the scattered photons leave.
    assert 0.4 * 0.14 / 4.1 < recoil.sum() < 0.14 / 4.1


@pytest.mark.parametrize("energy", [2.3, 6.4, 15.0, 25.0])
def test_no_photon_is_counted_twice(energy):
    energies = np.array([energy])
    wide = np.arange(-2, 32, 0.02)
    per_photon = CHARGE_LOSS.full_energy_share(energies)
    counted = CHARGE_LOSS.response(energies, wide).sum() * per_photon
    absorbed = CHARGE_LOSS.efficiency(energies)
    # What Rayleigh scatter sends out again is not counted: 6 % of the interactions at 25 keV.
    assert 0.94 * absorbed < counted < absorbed * (1 + 1e-6)
    if energy < 10:
        assert counted == pytest.approx(absorbed, rel=0.01)


def test_rows_of_the_response_are_single_lines():
    energies = np.array([3.69, 6.4])
    rows = CHARGE_LOSS.response(energies, EDGES)
    both = CHARGE_LOSS.peaks(energies, np.array([2.0, 5.0]), EDGES)
    np.testing.assert_allclose(np.array([2.0, 5.0]) @ rows, both, rtol=1e-10, atol=1e-15)


def test_scaled_widths():
    detector = DetectorResponse()
    np.testing.assert_allclose(detector.scaled(1.3).fwhm(EDGES), 1.3 * detector.fwhm(EDGES))


@pytest.mark.parametrize("name", ["Si_K", "Gd_L", "Pb_M", "Ta_L"])
def test_rounding_makes_no_expected_count_negative(name):
    template = CHARGE_LOSS.template(line_group(name), np.arange(-0.9, 41, 0.01))
    assert template.min() >= 0
    assert np.random.default_rng(0).poisson(500 * template).sum() > 300
