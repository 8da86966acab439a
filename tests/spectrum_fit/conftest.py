"""Stored sum spectra of simulated paintings, whose axis and instrument are known."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

STORED = Path(__file__).parents[1] / "data" / "sum_spectra.npz"


@dataclass(frozen=True)
class Measured:
    """A sum spectrum: counts, claimed and true bin centres [keV], width at 5.9 keV [keV]."""

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
