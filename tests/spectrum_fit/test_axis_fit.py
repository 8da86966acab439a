"""The axis that is found in stored spectra, against the true one and against stored numbers."""

import numpy as np
import pytest

from skxrf.physics import line_group
from skxrf.spectrum_fit._axis_fit import fit_energy_axis

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
