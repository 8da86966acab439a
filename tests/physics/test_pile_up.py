import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skxrf.exceptions import SkxrfError
from skxrf.physics._pile_up import pile_up

OFFSET, GAIN, N = -0.955, 0.01, 4096
ENERGY = OFFSET + GAIN * np.arange(N)
AXIS = {"energy_offset": OFFSET, "energy_gain": GAIN}


def two_lines(first=6.4, second=8.0, counts=1e5):
    spectrum = np.zeros(N)
    spectrum[np.argmin(np.abs(ENERGY - first))] = counts
    spectrum[np.argmin(np.abs(ENERGY - second))] += counts / 2
    return spectrum


def test_sum_peaks_lie_at_the_sums_of_energies():
    recorded = pile_up(two_lines(), 2e4, resolution_us=1.0, **AXIS)
    found = ENERGY[(recorded > 10) & (ENERGY > 9)]
    sums = np.unique(np.round(found, 1))
    assert {12.8, 14.4, 16.0} <= set(sums.tolist())
    # 1 - exp(-0.02) of the pulses hold a second photon; of those 4/9 are twice the first line.
    at = recorded[np.abs(ENERGY - 12.8) < 0.03].sum()
    p = -np.expm1(-0.02)
    assert at == pytest.approx(1.5e5 * (1 - p) ** 2 * p * 4 / 9, rel=1e-3)


@settings(deadline=None, max_examples=25)
@given(rate=st.floats(0, 2e5), resolution=st.floats(0, 2), first=st.floats(2, 6))
def test_energy_is_conserved_and_counts_are_not(rate, resolution, first):
    photons = two_lines(first=first, second=first + 1)
    recorded = pile_up(photons, rate, resolution_us=resolution, **AXIS)
    assert np.all(recorded >= 0)
    lost = 1 - np.exp(-rate * resolution * 1e-6)
    assert recorded.sum() == pytest.approx(photons.sum() * (1 - lost), rel=0.02 * lost + 1e-9)
    assert recorded @ ENERGY == pytest.approx(photons @ ENERGY, rel=0.05 * lost + 1e-9)


def test_many_spectra_at_many_rates_at_once():
    photons = np.stack([two_lines(), two_lines(3.7, 4.5), two_lines(2.3, 10.0)])
    rates = np.array([0.0, 1e4, 5e4])
    together = pile_up(photons, rates, resolution_us=0.9, **AXIS)
    for spectrum, rate, row in zip(photons, rates, together, strict=True):
        np.testing.assert_allclose(
            row, pile_up(spectrum, rate, resolution_us=0.9, **AXIS), atol=1e-8
        )
    np.testing.assert_allclose(together[0], photons[0], atol=1e-8)


def test_against_photons_drawn_one_by_one():
    rng = np.random.default_rng(0)
    n, rate, resolution = 400_000, 1e5, 1.0
    energies = rng.choice([3.0, 5.0], size=n, p=[0.7, 0.3])
    joins = rng.exponential(1e6 / rate, n) < resolution
    pulses = np.bincount(np.cumsum(~joins), weights=energies)
    photons = np.zeros(N)
    for energy, share in ((3.0, 0.7), (5.0, 0.3)):
        photons[np.argmin(np.abs(ENERGY - energy))] = n * share
    recorded = pile_up(photons, rate, resolution_us=resolution, **AXIS)
    for energy in (3.0, 5.0, 6.0, 8.0, 10.0, 9.0, 11.0):
        drawn = np.sum(np.abs(pulses - energy) < 0.1)
        expected = recorded[np.abs(ENERGY - energy) < 0.1].sum()
        assert abs(drawn - expected) < 5 * np.sqrt(expected) + 1


def test_nonsense_is_refused():
    with pytest.raises(SkxrfError, match="resolution_us"):
        pile_up(two_lines(), 1e3, resolution_us=-1.0, **AXIS)
