"""Random scanners: tubes, lenses, filters, geometries, gases and detectors of a training set."""

from __future__ import annotations

import numpy as np

from skxrf.physics import DetectorResponse
from skxrf.simulation import Absorber, Instrument, Polycapillary
from skxrf.simulation._optics import AIR, HELIUM

# Tubes of MA-XRF scanners and how often they are drawn. Copper is kept for tests.
_TUBES = (
    *(("Rh", 50.0, 0.40), ("Rh", 40.0, 0.08), ("Rh", 30.0, 0.07), ("Ag", 50.0, 0.15)),
    *(("Ag", 40.0, 0.05), ("Mo", 50.0, 0.10), ("Mo", 40.0, 0.05), ("W", 50.0, 0.05)),
    ("W", 40.0, 0.05),
)


def random_instrument(
    rng: np.random.Generator, *, offset: float, gain: float, n_channels: int
) -> Instrument:
    """Draw a scanner; all ranges are assumed, wide enough for the scanners in use.

    `rng`: source of the random numbers. `offset`, `gain`: energy of channel 0 [keV] and keV per
    channel. Returns None of the presets, which stay for tests.
    """

    def uniform(low: float, high: float) -> float:
        return float(rng.uniform(low, high))

    def log_uniform(low: float, high: float) -> float:
        return float(np.exp(rng.uniform(np.log(low), np.log(high))))

    chances = np.array([chance for *_, chance in _TUBES])
    anode, voltage, _ = _TUBES[rng.choice(len(_TUBES), p=chances / chances.sum())]
    lens = Polycapillary(
        cutoff=uniform(10, 22),
        steepness=uniform(2.5, 5.5),
        leak=log_uniform(2e-3, 3e-2),
        absorption_um=uniform(2, 15),
    )
    foil = Absorber("Al", log_uniform(10, 400))
    gas, pressure = AIR, 1013.25
    surroundings = rng.random()
    if surroundings > 0.9:
        pressure = log_uniform(5, 50)
    elif surroundings > 0.8:
        gas = HELIUM
    window = Absorber("Be", log_uniform(8, 25))
    if rng.random() < 0.25:
        window = Absorber("C22H10N2O5", log_uniform(3, 25), 1.42)  # Kapton
    detector = DetectorResponse(
        noise=uniform(0.045, 0.125),
        fano=uniform(0.105, 0.125),
        thickness=float(rng.choice((0.3, 0.45, 0.5, 0.8, 1.0))),
        tail_fraction=float(rng.exponential(0.008)),
        tail_slope=log_uniform(0.06, 0.6),
        tail_depth=log_uniform(0.015, 0.15),
        shelf_fraction=float(rng.exponential(1e-3)),
        shelf_depth=log_uniform(0.015, 0.12),
        recoil=True,
    )
    return Instrument(
        name="random",
        anode=anode,
        voltage=voltage,
        tube_window=Absorber("Be", uniform(75, 300)),
        filters=(foil,) if rng.random() < 0.2 else (),
        lens=lens if rng.random() < 0.55 else None,
        incidence=90.0 if rng.random() < 0.5 else uniform(40, 90),
        take_off=uniform(30, 70),
        azimuth=uniform(90, 180),
        path_in_mm=log_uniform(5, 40),
        path_out_mm=log_uniform(5, 40),
        gas_seen_mm=uniform(0.5, 10),
        gas=gas,
        pressure_hpa=pressure,
        detector_windows=(window, Absorber("Si", uniform(0.02, 0.2))),
        detector=detector,
        energy_offset=offset,
        energy_gain=gain,
        n_channels=n_channels,
    )
