"""Correction of a nominal energy axis."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["ANCHORS", "AxisCorrection"]

Array = NDArray[np.float64]

# Energies [keV] whose shifts are searched; errors of gain and zero are mixtures of the two.
ANCHORS = (2.0, 15.0)
# The bend goes on to twice the half-width of its range; further out there are hardly any lines,
# and the axis is straight.
_BENT_TO = 2.0


@dataclass(frozen=True)
class AxisCorrection:
    """True energy of a nominal one: ``offset + gain E + curvature (u**2 - 1/3)``.

    Parameters
    ----------
    offset : float
        Shift [keV].
    gain : float
        Factor.
    curvature : float
        Departure from a straight line [keV]; ``u`` runs from -1 to 1 over the range, and the
        axis is straight beyond -2 and 2.
    energy_range : tuple of float
        Range [keV] that `curvature` refers to.
    """

    offset: float = 0.0
    gain: float = 1.0
    curvature: float = 0.0
    energy_range: tuple[float, float] = (0.0, 1.0)

    @classmethod
    def at_anchors(cls, low: float, high: float, curvature: float = 0.0) -> AxisCorrection:
        """Correction by the shifts of two energies.

        Parameters
        ----------
        low, high : float
            Shifts [keV] at the energies `ANCHORS`.
        curvature : float
            Further shift [keV] midway between them.

        Returns
        -------
        AxisCorrection
        """
        first, second = ANCHORS
        slope = (high - low) / (second - first)
        offset = low - slope * first + 2 / 3 * curvature
        return cls(offset, 1 + slope, -curvature, ANCHORS)

    def __call__(self, energy: Array) -> Array:
        """Corrected energies [keV] of nominal ones."""
        low, high = self.energy_range
        u = (2 * energy - low - high) / (high - low)
        inner = np.clip(u, -_BENT_TO, _BENT_TO)
        bend = inner**2 + 2 * inner * (u - inner)
        return np.asarray(self.offset + self.gain * energy + self.curvature * (bend - 1 / 3))
