"""Stored sum spectra of simulated paintings, and exact ones, whose axis and instrument are known."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from skxrf.physics import DetectorResponse
from skxrf.physics._line_table import EXACT, line_table
from skxrf.physics._pile_up import coincidences

STORED = Path(__file__).parents[1] / "data" / "sum_spectra.npz"


@dataclass(frozen=True)
class Measured:
    """A sum spectrum: counts, claimed and true bin centers [keV], width at 5.9 keV [keV]."""

    counts: np.ndarray
    nominal: np.ndarray
    true: np.ndarray
    fwhm: float


@pytest.fixture(scope="session")
def sum_spectra():
    """Sum spectra by name: three palettes in scanners with tubes of silver, rhodium and tungsten."""
    spectra = {}
    with np.load(STORED) as stored:
        for name in [name for name in stored if not name.endswith("_axes")]:
            offset, gain, claimed_offset, claimed_gain, fwhm = stored[f"{name}_axes"]
            channels = np.arange(stored[name].size)
            spectra[name] = Measured(
                stored[name].astype(np.float64),
                claimed_offset + claimed_gain * channels,
                offset + gain * channels,
                float(fwhm),
            )
    return spectra


def exact(
    fit_class, candidates, areas, *, anode=None, background=30.0, more=0.0, rate=0.0, shift=0.0
):
    """Fit, not yet run, of exactly the given counts on a flat continuum, and of their coincidences.

    `areas`: net counts of line groups. `more` (n_bins,): further counts. `rate`, `shift`: sum peaks
    per pair of counts, and their distance from the sum of both energies [keV].
    """
    detector, axis = DetectorResponse(), 0.02 * np.arange(1300)
    channels, edges = 0.02 * (np.arange(axis.size + 1) - 0.5), 1.2 + 0.02 * np.arange(1150)
    table = line_table(list(areas), detail=EXACT, tube_voltage=50.0, thickness=detector.thickness)
    amplitudes = [
        areas[name] * share for (name, _), share in zip(table.labels, table.shares, strict=True)
    ]
    photons = background + table.render(channels, detector) @ np.array(amplitudes)
    below = np.interp(edges, channels, np.concatenate([[0.0], np.cumsum(photons)]))
    counts = np.diff(below) + more + rate * coincidences(photons, axis, edges - shift)
    return fit_class(counts, edges, photons, axis, detector, candidates, anode=anode, voltage=50.0)
