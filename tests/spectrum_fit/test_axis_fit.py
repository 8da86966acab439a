"""The axis that is found in stored spectra, against the true one and against stored numbers."""

import numpy as np
import pytest

from skxrf.physics import DetectorResponse, line_group
from skxrf.spectrum_fit._axis_fit import _errors, fit_energy_axis
from skxrf.spectrum_fit._priors import PARAMETERS, AxisCorrection
from skxrf.utils.energy import bin_edges

PLACES = np.array([2.0, 6.4, 15.0])


# Departures from the true axis at 2, 6.4 and 15 keV [keV], and the width at 5.9 keV [keV].
@pytest.mark.parametrize(
    ("name", "off", "fwhm", "anode"),
    [
        ("tempera_rh_faint", [-0.0013, 0.0003, 0.0020], 0.1932, "Rh_K"),
        ("oil_rh", [0.0005, 0.0003, 0.0003], 0.1585, "Rh_K"),
    ],
)
def test_axis_and_resolution_stay(sum_spectra, name, off, fwhm, anode):
    measured = sum_spectra[name]
    fit = fit_energy_axis(measured.counts, measured.nominal)
    found = np.interp(PLACES, measured.true, fit.energy) - PLACES
    np.testing.assert_allclose(found, off, atol=1e-3)
    assert float(fit.resolution.fwhm(5.895)) == pytest.approx(fwhm, abs=2e-3)
    # Simulated lines have no natural width, the fitted ones have: 0.53 of 1.5 eV of a peak.
    natural = 0.53 * line_group("Mn_K").widths[0]
    assert float(fit.resolution.fwhm(5.895)) + natural == pytest.approx(measured.fwhm, rel=0.02)
    assert fit.scatter == anode
    assert {"Ca_K", "Fe_K", "Cu_K", "Mn_K", "Pb_L"} <= set(fit.groups)
    assert fit.groups[0] == "Fe_K"
    assert 0.5 < fit.chi_square < 1.5
    assert fit.errors["6.4 keV"] < fit.errors["15 keV"] < 3e-3
    np.testing.assert_allclose(fit.model.sum(), fit.counts.sum(), rtol=0.03)


def test_too_little_gives_no_axis():
    axis = 0.02 * np.arange(1024)
    assert fit_energy_axis(np.zeros(1024), axis) is None
    assert fit_energy_axis(np.ones(1024), axis[:50].repeat(1024)[:1024]) is None
    flat = np.random.default_rng(0).poisson(200.0, 1024)
    assert fit_energy_axis(flat, axis) is None


def drawn(energy, noise, areas, continuum=40.0):
    detector = DetectorResponse(noise=noise, tail_fraction=0.01)
    counts = np.full(energy.size, continuum)
    for name, area in areas.items():
        counts += area * detector.template(line_group(name), bin_edges(energy))
    return np.random.default_rng(1).poisson(counts).astype(float)


LINES = {"K_K": 2e4, "Ca_K": 8e4, "Mn_K": 2e4, "Fe_K": 2e5, "Cu_K": 5e4, "Zn_K": 3e4, "Sr_K": 2e4}
ENERGY = 0.02 * np.arange(1000)


def test_parts_of_a_fit_belong_together():
    fit = fit_energy_axis(drawn(ENERGY, 0.1, LINES), ENERGY / 1.006 - 0.03)
    np.testing.assert_allclose(fit.energy[100:800], ENERGY[100:800], atol=0.004)
    assert fit.groups == sorted(fit.areas, key=lambda name: -fit.areas[name])
    assert set(LINES) <= set(fit.groups)
    for name in ("Fe_K", "Cu_K"):
        assert fit.areas[name] == pytest.approx(LINES[name], rel=0.05)
    assert fit.scatter is None
    # Bins of whole channels, on the true axis.
    assert fit.bins.size == fit.counts.size == fit.model.size == fit.background.size
    iron = np.abs(fit.bins - 6.4) < 0.1
    assert fit.bins[iron][fit.counts[iron].argmax()] == pytest.approx(6.4, abs=0.03)
    np.testing.assert_allclose(np.diff(fit.bins), 0.02, rtol=0.01)
    assert np.all(fit.background <= fit.model + 1e-6)
    quiet = (fit.bins > 10.5) & (fit.bins < 12.5)
    np.testing.assert_allclose(fit.background[quiet].mean(), 40, rtol=0.15)
    np.testing.assert_allclose(fit.model[quiet].mean(), fit.counts[quiet].mean(), rtol=0.05)
    assert 0.3 < fit.chi_square < 1.5


def test_no_detector_is_that_broad():
    """A width of 0.32 keV at 5.9 keV."""
    assert fit_energy_axis(drawn(ENERGY, 0.3, LINES), ENERGY) is None


def test_errors_at_three_energies_and_of_the_width():
    detector, names = DetectorResponse(noise=0.12, fano=0.11), list(PARAMETERS)
    root = np.random.default_rng(0).normal(size=(len(names), len(names)))
    covariance = root @ root.T * 1e-6
    found = _errors(covariance, detector)
    assert list(found) == ["2 keV", "6.4 keV", "15 keV", "fwhm"]
    for energy, label in ((2.0, "2 keV"), (6.4, "6.4 keV"), (15.0, "15 keV")):
        row = np.zeros(len(names))
        for name in ("low", "high", "curvature"):
            shifts = {"low": 0.0, "high": 0.0} | {name: 1.0}
            row[names.index(name)] = AxisCorrection.at_anchors(**shifts)(np.array([energy]))[0]
            row[names.index(name)] -= energy
        assert found[label] == pytest.approx(np.sqrt(row @ covariance @ row))
    low, high = names.index("low"), names.index("high")
    assert found["2 keV"] == pytest.approx(np.sqrt(covariance[low, low]))
    assert found["15 keV"] == pytest.approx(np.sqrt(covariance[high, high]))
    row = np.zeros(len(names))
    for name in ("noise", "fano"):
        above, below = (
            DetectorResponse(**{"noise": 0.12, "fano": 0.11} | {name: value}).fwhm(5.9)
            for value in (getattr(detector, name) + 1e-6, getattr(detector, name) - 1e-6)
        )
        row[names.index(name)] = float(above - below) / 2e-6
    assert found["fwhm"] == pytest.approx(np.sqrt(row @ covariance @ row), rel=1e-6)
