"""The template fit against PyMca's fast fit, on a real scan and against known truth."""

from pathlib import Path

import h5py
import numpy as np
import pytest

from benchmarks import pymca_reference
from skxrf.linear_model import TemplateFitRegressor

REAL_SCAN = Path(__file__).parents[3] / "shared" / "data" / "maxrf_painting_a.h5"
GROUPS = ["Ca_K", "Ti_K", "Fe_K", "Cu_K", "Zn_K", "Hg_L", "Pb_L"]

pytestmark = [
    # PyMca's own: imports and numpy calls that its 5.9.7 has not caught up with.
    pytest.mark.filterwarnings("ignore:::PyMca5"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


@pytest.fixture(scope="module")
def real_scan():
    if not REAL_SCAN.exists():
        pytest.skip(f"the measured scan {REAL_SCAN.name} is not here")
    with h5py.File(REAL_SCAN) as file:
        # Every ninth pixel: as many spectra as the comparisons need.
        return file["counts"][::3, ::3], file["energy_keV"][:]


@pytest.fixture(scope="module")
def real_fit(real_scan):
    counts, energy = real_scan
    return TemplateFitRegressor(GROUPS, energy=energy).fit(counts.reshape(-1, energy.size))


def pymca_areas(counts, energy, fitted_groups, background):
    configuration = pymca_reference.sum_spectrum_configuration(
        counts.sum(axis=(0, 1), dtype=float), energy, fitted_groups, background=background
    )
    return pymca_reference.fit_maps(counts, configuration, background=background, weight=1)


def test_same_areas_on_the_real_scan(real_scan, real_fit):
    counts, energy = real_scan
    areas = real_fit.predict(counts.reshape(-1, energy.size))
    maps = pymca_areas(counts, energy, real_fit.fitted_groups_, "polynomial")
    for j, name in enumerate(GROUPS):
        reference = maps[name].ravel()
        assert np.corrcoef(reference, areas[:, j])[0, 1] >= 0.997, name
        assert np.polyfit(reference, areas[:, j], 1)[0] == pytest.approx(1, abs=0.05), name


def test_the_real_scan_is_fitted_to_within_photon_noise(real_scan, real_fit):
    counts, energy = real_scan
    spectra = counts.reshape(-1, energy.size)
    inside = slice(*np.searchsorted(energy, [1.3, 17.0]))
    amplitudes, _ = real_fit._poisson_fit(spectra[:, inside].astype(np.float32))
    expected = amplitudes @ real_fit.components_
    chi = (spectra[:, inside] - expected) / np.sqrt(np.maximum(expected, 1))
    assert np.median(np.sqrt(np.mean(chi**2, axis=1))) == pytest.approx(1, abs=0.05)


def test_the_calibration_of_the_instrument_is_put_right(real_scan, real_fit):
    # The file also keeps the axis that the instrument wrote, up to 80 eV off.
    counts, energy = real_scan
    with h5py.File(REAL_SCAN) as file:
        written = (
            file.attrs["energy_offset_keV_from_file"],
            file.attrs["energy_slope_keV_from_file"],
        )
    spectra = counts.reshape(-1, energy.size)
    others = real_fit.fitted_groups_[len(GROUPS) :]
    fit = TemplateFitRegressor(GROUPS, energy=written, nuisance=others).fit(spectra)
    nominal = written[0] + written[1] * np.arange(energy.size)
    assert np.abs(nominal - energy)[100:500].max() > 0.05
    refined = fit.sum_spectrum_fit_.correction(nominal)
    inside = (energy > 3) & (energy < 15)
    # The file's refined axis has residuals up to 8 eV itself.
    np.testing.assert_allclose(refined[inside], energy[inside], atol=0.012)


def test_where_they_differ_the_truth_is_on_the_side_of_the_template_fit(painting, found_groups):
    # SNIP leaves part of the continuum under neighbouring peaks to the lines.
    spectra, Y, energy = painting
    groups, truth = list(Y.columns), Y.to_numpy()
    others = [name for name in found_groups if name not in groups]
    fit = TemplateFitRegressor(groups, energy=energy, nuisance=others).fit(spectra)
    areas = fit.predict(spectra)
    snip = pymca_areas(spectra[None], energy, fit.fitted_groups_, "snip")
    for name in ("Cr_K", "Mn_K", "Fe_K", "Cu_K", "Sr_K", "Au_L", "Hg_L", "Pb_L"):
        j = groups.index(name)
        own = np.sqrt(np.mean((areas[:, j] - truth[:, j]) ** 2))
        other = np.sqrt(np.mean((snip[name].ravel() - truth[:, j]) ** 2))
        assert own < other, name
        assert abs(np.mean(areas[:, j] - truth[:, j])) < abs(
            np.mean(snip[name].ravel() - truth[:, j])
        ), name
