"""The column of gas in front of the object: argon's lines and scatter of the beam."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from skxrf.utils.typing import Array

from ._instrument import Instrument
from ._scatter import scatter_tables, scattered_photons
from ._tables import LineTables, line_tables
from ._transport import Geometry, fluorescence


@dataclass(frozen=True)
class GasPhotons:
    """Photons of the gas in front of the object, which do not depend on the object."""

    tables: LineTables  # lines of the elements of the gas
    lines: Array = field(repr=False)
    """(n_lines,): photons of each line per steradian, times 4 pi, before gas and detector."""
    scatter: Array = field(repr=False)
    """(3, n_bins): photons scattered elastically, inelastically and more than once, by the bin that
    they had in the beam; per steradian, times 4 pi."""


def gas_photons(instrument: Instrument) -> GasPhotons:
    """Fluorescence and scatter of the gas along the part of the beam that the detector sees."""
    beam = instrument.beam()
    elements = tuple(symbol for symbol, _ in instrument.gas.mass_fractions)
    shares = np.array([share for _, share in instrument.gas.mass_fractions])
    compositions = shares[None, None, :]
    masses = np.array(
        [[instrument.gas.areal_mass(instrument.gas_seen_mm, instrument.pressure_hpa)]]
    )
    # Thin: the direction of the photons through the column does not matter.
    across = Geometry(90.0, 90.0)
    tables = line_tables(elements, beam, instrument.voltage)
    lines = fluorescence(compositions, masses, tables, beam.bin_flux(), across, secondary=False)
    scatter = scattered_photons(
        compositions, masses, scatter_tables(elements, beam, instrument.scattering_angle), across
    )
    return GasPhotons(tables, lines[0].astype(float), scatter[:, 0].astype(float))
