from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest

from skxrf.exceptions import SkxrfError
from skxrf.physics import DetectorResponse
from skxrf.simulation._instrument import Instrument
from skxrf.simulation._optics import AIR, Absorber, Polycapillary

PRESETS = [Instrument.m6_jetstream, Instrument.m4_tornado, Instrument.in_air_silver]
SOFT_TO_HARD = np.array([1.3, 2.3, 4.0, 6.4, 10.0, 15.0, 22.0, 30.0])


@pytest.mark.parametrize("preset", PRESETS)
def test_presets_are_complete_and_frozen(preset):
    instrument = preset()
    assert instrument.energy.shape == (instrument.n_channels,)
    assert instrument.edges.shape == (instrument.n_channels + 1,)
    assert instrument.beam().flux.sum() > 0
    with pytest.raises(FrozenInstanceError):
        instrument.voltage = 40.0


def test_the_axis_of_the_m6():
    energy = Instrument.m6_jetstream().energy
    assert energy.size == 4096
    assert energy[0] == pytest.approx(-0.9555)
    assert energy[1000] == pytest.approx(-0.9555 + 10.0)


# Angle between two directions of flight: straight down and up again is a turn by 180 degrees
# less the detector's angle to the normal; both at 45 degrees in one plane make a right angle.
@pytest.mark.parametrize(
    ("incidence", "take_off", "azimuth", "angle"),
    [(90, 60, 0, 150), (90, 60, 77, 150), (45, 45, 0, 90), (45, 45, 180, 180), (45, 45, 90, 120)],
)
def test_scattering_angle(incidence, take_off, azimuth, angle):
    instrument = Instrument(
        "x", "Rh", 50, Absorber("Be", 100), incidence=incidence, take_off=take_off, azimuth=azimuth
    )
    assert instrument.scattering_angle == pytest.approx(angle)


@pytest.mark.parametrize("preset", PRESETS)
def test_efficiency_is_a_share_that_falls_at_both_ends(preset):
    efficiency = preset().efficiency(SOFT_TO_HARD)
    assert np.all((efficiency > 0) & (efficiency < 1))
    top = int(np.argmax(efficiency))
    assert np.all(np.diff(efficiency[: top + 1]) > 0)
    assert np.all(np.diff(efficiency[top:]) < 0)


def test_vacuum_lets_soft_photons_through():
    soft = np.array([1.74])
    in_vacuum = Instrument.m4_tornado().efficiency(soft)
    assert in_vacuum > 3 * Instrument.m6_jetstream().efficiency(soft)


def test_a_drifted_axis_moves_the_peak_and_keeps_the_counts():
    instrument = Instrument.m6_jetstream()
    energy = np.array([6.4])
    true, drifted = instrument.response(energy), instrument.response(energy, offset=0.1, gain=1.01)
    at = instrument.energy[np.argmax(drifted)]
    assert 0.1 + 1.01 * at == pytest.approx(6.4, abs=0.006)
    assert drifted.sum() == pytest.approx(true.sum(), rel=1e-3)


def test_a_wider_peak_is_lower():
    instrument = Instrument.m6_jetstream()
    energy = np.array([6.4])
    ratio = instrument.response(energy).max() / instrument.response(energy, fwhm_factor=1.2).max()
    assert ratio == pytest.approx(1.2, rel=0.01)


def test_filters_and_the_lens_harden_and_soften_the_beam():
    m4 = Instrument.m4_tornado()
    bare = Instrument("bare", "Rh", 50, m4.tube_window, pressure_hpa=0.0)
    filtered = Instrument(
        "hard", "Rh", 50, m4.tube_window, filters=(Absorber("Al", 100),), pressure_hpa=0.0
    )

    def mean(instrument):
        beam = instrument.beam()
        return np.average(beam.energies, weights=beam.flux)

    assert mean(m4) < mean(bare) < mean(filtered)


def test_the_lens_at_its_cutoff():
    lens = Polycapillary(cutoff=15.0, steepness=4.0, leak=0.0, absorption_um=0.0)
    np.testing.assert_allclose(lens.transmission(np.array([1e-3 + 1, 15.0])), [1, 0.5], rtol=1e-4)


# NIST (Hubbell & Seltzer 2004): air attenuates 5.12 cm2/g at 10 keV.
def test_transmission_of_air():
    transmission = AIR.transmission(np.array([10.0]), 100.0, 1013.25)
    assert transmission == pytest.approx(np.exp(-5.12 * 1.205e-3 * 10), rel=0.02)


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (lambda: Absorber("Xy3", 1.0), "not a chemical formula"),
        (lambda: Absorber("Be", -1.0), "0 or more"),
        (lambda: Absorber("Be", float("nan")), "nan um for Be"),
        (lambda: Absorber("SiO2", 1.0), "density"),
        (lambda: Absorber("SiO2", 1.0, -2.2), "density of -2.2"),
        (lambda: Polycapillary(-1, 4, 0.01, 8), "cut-off above 0"),
        (lambda: DetectorResponse(thickness=-0.45), "thickness=-0.45: expected more than 0"),
        (lambda: DetectorResponse(noise=-0.1), "noise=-0.1: expected 0 or more"),
        (lambda: replace(Instrument.m6_jetstream(), voltage=-50), "voltage"),
        (lambda: replace(Instrument.m6_jetstream(), path_out_mm=float("nan")), "path_out_mm"),
        (lambda: replace(Instrument.m6_jetstream(), solid_angle=0), "solid_angle"),
        (lambda: Instrument.m6_jetstream().with_axis(0, 0.01, 10), "too few .* at least 64"),
        (lambda: Instrument.m6_jetstream().with_axis(-0.9555, 10, 4096), "Is it in eV"),
        (lambda: Instrument.m6_jetstream().with_axis(0, 0.01, 64), "expected some of 1 to 50 keV"),
        (lambda: replace(Instrument.m6_jetstream(), anode="Fe").beam(), "there are Ag at 40 kV"),
        (lambda: Instrument("x", "Rh", 50, Absorber("Be", 1), take_off=0), "take_off"),
        (lambda: Instrument("x", "Rh", 50, Absorber("Be", 1), n_channels=1), "channels"),
        (lambda: Instrument("x", "Rh", 50, Absorber("Be", 1), path_in_mm=-1), "path_in_mm"),
        (lambda: Instrument("x", "Rh", 31, Absorber("Be", 1)).beam(), "no table"),
        (lambda: Instrument.m6_jetstream().response(SOFT_TO_HARD, gain=0), "gain"),
    ],
)
def test_wrong_numbers_are_refused(bad, words):
    with pytest.raises(SkxrfError, match=words):
        bad()
