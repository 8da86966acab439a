"""Marks of peaks that are no element's, in spectra that contain them or not."""

import numpy as np
import pytest

from skxrf.physics import line_group
from skxrf.physics._scatter import compton_energy
from skxrf.report._cube_spectra import CubeSpectra
from skxrf.report._other_peaks import anode_of, other_peaks

ENERGY = 0.02 * np.arange(1200)
FE, CA = line_group("Fe_K").main_energy, line_group("Ca_K").main_energy
TOTALS = {"Fe_K": 9e5, "Ca_K": 4e5, "scatter": 9e9, "Pb_L": np.nan}


def spectra(*peaks):
    """Sum spectrum of a flat continuum and peaks of a detector's width."""
    total = np.full(ENERGY.size, 400.0)
    for energy, height in peaks:
        total += height * np.exp(-0.5 * ((ENERGY - energy) / 0.06) ** 2)
    total = np.random.default_rng(0).poisson(total)
    return CubeSpectra(np.zeros((1, 1, 1)), ENERGY, total, total, None, 100)


@pytest.mark.parametrize(
    ("energy", "name"),
    [
        (FE - 1.740, "Fe K, escape"),
        (2 * FE, "Fe K + Fe K"),
        (FE + CA, "Fe K + Ca K"),
        (2.957, "Ar, air"),
        (line_group("Rh_K").main_energy, "Rh, tube"),
        (float(compton_energy(line_group("Rh_K").main_energy, 110.0)), "Rh, Compton"),
    ],
)
def test_a_peak_is_marked_where_there_is_one(energy, name):
    marks = other_peaks(spectra((energy, 300.0)), TOTALS, "Rh")
    assert [mark["label"] for mark in marks] == [name]
    assert marks[0]["energy"] == pytest.approx(energy, abs=0.06)


def test_nothing_is_marked_in_a_continuum_or_beyond_the_axis():
    for seed_height in (0.0, 20.0):
        assert other_peaks(spectra((8.0, seed_height)), TOTALS, None) == []
    assert other_peaks(spectra((FE + CA, 300.0)), {}, None) == []


def test_anode_is_that_of_the_fit_else_of_the_file():
    class Fit:
        anode = "Mo"

    assert anode_of(Fit(), {"tube": "Rh, 50 kV"}) == "Mo"
    assert anode_of(None, {}, {"tube": "Rh, 50 kV"}) == "Rh"
    assert anode_of(None, {"tube": "sealed"}) is None
