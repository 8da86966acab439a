"""Tube lines that the object scatters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skxrf.exceptions import LineGroupError
from skxrf.physics._lines import LineGroup, line_group
from skxrf.physics.constants import ELECTRON_MASS


@dataclass(frozen=True)
class ComptonMixture:
    """Scatterings whose peaks, added up in any proportion, make the Compton peak of a line.

    A scanner sees a range of angles, which fixes where the peak lies and how wide it is; two
    scatterings in a row give the tail of photons that scatter more than once.
    """

    scatterings: tuple[tuple[float, ...], ...]
    """The angles [degrees] of each scattering, two for photons that scatter twice."""
    doppler: float
    """Doppler broadening at one angle in light matrices near 20 keV: full width at half maximum as
    a share of the photon's energy. Assumed; the mixture takes up what it is off."""


# For the shape of the peak, once the axis is known.
SCATTERINGS = ComptonMixture(
    ((75.0,), (95.0,), (115.0,), (135.0,), (155.0,), (175.0,), (110.0, 110.0), (160.0, 160.0)),
    doppler=0.025,
)
# For the search for the axis, which renders the peak at every step: as many as it needs.
FEW_SCATTERINGS = ComptonMixture(
    ((75.0,), (100.0,), (125.0,), (150.0,), (180.0,), (130.0, 130.0)), doppler=0.02
)


def compton_energy(energy: NDArray[np.float64] | float, *angles: float) -> NDArray[np.float64]:
    """Energy of photons after Compton scattering.

    `energy`: energy before [keV]. `*angles`: scattering angle [degrees]; several for photons that
    scatter as many times. Returns ``E / (1 + E / 511 keV (1 - cos angle))`` [keV] (Compton 1923,
    Phys. Rev. 21, 483).
    """
    after = np.asarray(energy)
    for angle in angles:
        loss = after / ELECTRON_MASS * (1 - np.cos(np.radians(angle)))
        after = after / (1 + loss)
    return np.asarray(after)


def scattered_tube_group(anode: str) -> LineGroup:
    """Lines of a tube that an object scatters most.

    `anode`: chemical symbol of the tube's anode. Returns its K lines, or the L lines where 50 kV
    excite no K lines, as of tungsten.
    """
    try:
        return line_group(f"{anode}_K")
    except LineGroupError:
        return line_group(f"{anode}_L")
