"""Three scanners that are none of the presets, and axes that are not what they claim."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import xraylib
from numpy.typing import NDArray

from benchmarks.accuracy.independent.detector import OtherDetector
from skxrf.simulation import Absorber, Instrument, Polycapillary
from skxrf.simulation._beam import Beam
from skxrf.simulation._optics import HELIUM

Array = NDArray[np.float64]
# A tube's lines rise with the overvoltage less one to this power (Green & Cosslett 1968, J. Phys.
# D 1, 425).
_LINE_POWER = 1.67


@dataclass(frozen=True)
class BentInstrument(Instrument):
    """A scanner whose files claim a straight axis that is wrong in zero, gain and curvature."""

    zero_error: float = 0.0  # true energy where the file states 0 keV [keV]
    gain_error: float = 0.0  # true keV per claimed keV, less 1
    bend: float = 0.0
    """Height of a parabola in the middle of the axis [keV]; nothing at 0 keV and at its end."""
    table_voltage: float | None = None
    """Voltage [kV] of the tube's table that is scaled to another voltage: the continuum by Kramers'
    law, the lines by their overvoltage. None where there is a table."""

    def beam(self) -> Beam:
        """Photons that reach the object, relative."""
        if self.table_voltage is None:
            return super().beam()
        table = self.table_voltage
        beam = Instrument.beam(replace(self, voltage=table))
        energies, n = beam.energies, beam.n_continuum
        thresholds = energies.copy()
        number = xraylib.SymbolToAtomicNumber(self.anode)
        edges = np.sort([xraylib.EdgeEnergy(number, shell) for shell in range(4)])  # K, L1 to L3
        # A line needs the lowest edge above it.
        thresholds[n:] = edges[np.searchsorted(edges, energies[n:])]
        ratio = np.clip((self.voltage - thresholds) / (table - thresholds).clip(1e-9), 0, None)
        ratio[n:] **= _LINE_POWER
        return beam.times(ratio)

    @property
    def claimed_energy(self) -> Array:
        """Bin centers that the file claims [keV], (n_channels,)."""
        return np.asarray(self.energy_offset + self.energy_gain * np.arange(self.n_channels))

    @property
    def energy(self) -> Array:
        """True bin centers [keV], (n_channels,)."""
        return self._true(np.arange(self.n_channels, dtype=float))

    @property
    def edges(self) -> Array:
        """True bin edges [keV], (n_channels + 1,)."""
        return self._true(np.arange(self.n_channels + 1) - 0.5)

    def _true(self, channel: Array) -> Array:
        claimed = self.energy_offset + self.energy_gain * channel
        x = claimed / (self.energy_offset + self.energy_gain * self.n_channels)
        straight = self.zero_error + (1 + self.gain_error) * claimed
        return np.asarray(straight + 4 * self.bend * x * (1 - x))


# A laboratory set-up: collimated Mo tube, beam and detector at 45 degrees on either side of the
# normal, so that scatter is by 90 degrees; channels of 10 eV.
_MOLYBDENUM = BentInstrument(
    name="laboratory set-up, Mo",
    anode="Mo",
    voltage=45.0,
    tube_window=Absorber("Be", 150.0),
    incidence=45.0,
    take_off=45.0,
    azimuth=0.0,
    path_in_mm=22.0,
    path_out_mm=14.0,
    gas_seen_mm=7.0,
    detector_windows=(Absorber("Be", 8.0), Absorber("Si", 0.06)),
    detector=OtherDetector(
        noise=0.058,
        fano=0.121,
        thickness=0.5,
        tail_fraction=0.011,
        tail_depth=0.08,
        tail_slope=0.07,
        shelf_fraction=0.0015,
        shelf_depth=0.07,
        recoil=True,
        long_share=0.35,
        long_slope=0.4,
        shelf_rise=0.6,
    ),
    energy_offset=-0.21,
    energy_gain=0.0102,
    table_voltage=50.0,
    n_channels=4096,
)
# A portable head under helium: Rh tube behind aluminium.
_RHODIUM = BentInstrument(
    name="portable head, Rh, helium",
    anode="Rh",
    voltage=35.0,
    tube_window=Absorber("Be", 75.0),
    filters=(Absorber("Al", 30.0),),
    incidence=62.0,
    take_off=52.0,
    azimuth=140.0,
    path_in_mm=9.0,
    path_out_mm=7.0,
    gas_seen_mm=2.0,
    gas=HELIUM,
    detector_windows=(Absorber("C22H10N2O5", 6.0, 1.42), Absorber("Si", 0.15)),
    detector=OtherDetector(
        noise=0.097,
        fano=0.128,
        thickness=0.3,
        tail_fraction=0.016,
        tail_depth=0.1,
        tail_slope=0.12,
        shelf_fraction=0.001,
        shelf_depth=0.09,
        recoil=True,
        long_share=0.5,
        long_slope=0.7,
        shelf_rise=-0.4,
    ),
    energy_offset=-0.05,
    energy_gain=0.0199,
    table_voltage=40.0,
    n_channels=2048,
)
# A scanner with a leaky lens and few channels: W tube.
_TUNGSTEN = BentInstrument(
    name="scanner, W, lens",
    anode="W",
    voltage=50.0,
    tube_window=Absorber("Be", 200.0),
    lens=Polycapillary(cutoff=24.0, steepness=3.2, leak=0.045, absorption_um=6.0),
    incidence=90.0,
    take_off=33.0,
    path_in_mm=12.0,
    path_out_mm=26.0,
    gas_seen_mm=4.0,
    detector_windows=(Absorber("Be", 25.0), Absorber("Si", 0.1)),
    detector=OtherDetector(
        noise=0.112,
        fano=0.109,
        thickness=1.0,
        tail_fraction=0.009,
        tail_depth=0.06,
        tail_slope=0.2,
        shelf_fraction=0.003,
        shelf_depth=0.08,
        recoil=True,
        long_share=0.25,
        long_slope=0.9,
        shelf_rise=0.3,
    ),
    energy_offset=0.012,
    energy_gain=0.0401,
    n_channels=1024,
)
INSTRUMENTS = {"Mo 45": _MOLYBDENUM, "Rh 35 He": _RHODIUM, "W 50": _TUNGSTEN}
# Scatter is (E / 8 keV) to this power of the simulator's: tubes, lenses and
# self-absorption are known no better.
CONTINUUM_TILT = {"Mo 45": 0.22, "Rh 35 He": -0.15, "W 50": 0.12}


def bent(name: str, seed: int) -> BentInstrument:
    """One of the scanners, with an axis that is wrong in the way of a seed.

    `seed`: draws 0.2 to 0.7 % of gain, 4 to 15 eV of zero and 3 to 6 eV of curvature, of either
    sign.
    """
    return with_bent_axis(INSTRUMENTS[name], seed)


def with_bent_axis(scanner: BentInstrument, seed: int) -> BentInstrument:
    """A scanner with the axis errors of :func:`bent`."""
    rng = np.random.default_rng([seed, 1])
    gain, zero, bend = rng.uniform((0.002, 0.004, 0.003), (0.007, 0.015, 0.006))
    signs = rng.choice((-1.0, 1.0), size=3)
    return replace(
        scanner,
        gain_error=float(signs[0] * gain),
        zero_error=float(signs[1] * zero),
        bend=float(signs[2] * bend),
    )
