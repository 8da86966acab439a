"""The forward model against measured spectra; where they are not, only the stored figures."""

import csv

import pytest

from benchmarks.measured_files import DATA
from benchmarks.measured_spectra import RESULTS

CHECKS = {"FWHM [keV]": 0.03, "K-beta / K-alpha": 0.10, "Compton / Rayleigh": 0.15}
CHECKS["continuum, worst band"] = 0.22
CHECKS["counts/s, one scale"] = 0.10


@pytest.fixture(scope="module")
def stored():
    with (RESULTS / "measured_spectra.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(("check", "tolerance"), CHECKS.items())
def test_stored_figures(stored, check, tolerance):
    rows = [row for row in stored if row["check"] == check and row["tolerance"]]
    assert len(rows) >= 7
    for row in rows:
        assert float(row["expected"]) == pytest.approx(float(row["measured"]), rel=tolerance), row


def test_the_model_still_gives_the_stored_figures(stored):
    if not DATA.exists():
        pytest.skip(f"{DATA} is not there: the measured spectra are not part of the project")
    from benchmarks import measured_spectra

    now = [
        *measured_spectra.resolution(),
        *measured_spectra.k_beta_ratios(),
        *measured_spectra.shelf_levels(),
        *measured_spectra.tail_levels(),
        *measured_spectra.common_scale(),
    ]
    before = {(row["check"], row["spectrum"]): row for row in stored}
    for row in now:
        assert row.within, row
        old = before[row.check, row.spectrum]
        assert row.expected == pytest.approx(float(old["expected"]), rel=0.02), row


@pytest.mark.parametrize(("anode", "name"), [("Mo", "none"), ("Mo", "f3"), ("Rh", "f2")])
def test_scatter_of_acrylic(anode, name):
    if not DATA.exists():
        pytest.skip(f"{DATA} is not there: the measured spectra are not part of the project")
    from benchmarks.measured_files import acrylic
    from benchmarks.measured_model import ACRYLIC, ACRYLIC_MASS, expected, m4
    from benchmarks.measured_spectra import compton_over_rayleigh, continuum_bands

    measured = acrylic(anode, name)
    model = expected(m4(anode, name, measured), ACRYLIC, ACRYLIC_MASS)
    row, _ = compton_over_rayleigh(anode, name, measured, model)
    assert row.within, row
    bands = continuum_bands(measured, model)
    bright = max(counted for _, counted, _ in bands) / 100
    for low, counted, own in bands:
        # Above 24 keV some radiation of the Mo tube passes beside the filters.
        if counted > bright and (anode == "Rh" or low < 24):
            assert own == pytest.approx(counted, rel=CHECKS["continuum, worst band"]), low
