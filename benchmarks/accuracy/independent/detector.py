"""A detector whose tail and shelf have another form than the package's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr, ndtr

from skxrf.physics import DetectorResponse

Array = NDArray[np.float64]
_FWHM = 2.0 * np.sqrt(2.0 * np.log(2.0))


@dataclass(frozen=True)
class OtherDetector(DetectorResponse):
    """Peaks with a tail of two exponentials and a shelf that slopes.

    The package's tail is one exponential and its shelf is flat. Here a share of the tail has a
    decay length of its own, as in the long tail of PyMca's and GUPIX's peak shapes, and the shelf
    rises towards low energies.
    """

    long_share: float = 0.4  # share of the tail's counts in the long part
    long_slope: float = 0.5  # decay length of that part [keV]
    shelf_rise: float = 0.5
    """The shelf is ``1 + rise`` times its mean at zero and ``1 - rise`` times at the peak."""

    def peaks(
        self, energies: Array, intensities: Array, edges: Array, widths: Array | None = None
    ) -> Array:
        """Expected counts per bin of lines with the given full-energy intensities.

        Natural widths are those of ``lorentz_wings``.
        """
        plain = DetectorResponse(
            noise=self.noise,
            fano=self.fano,
            escape=self.escape,
            thickness=self.thickness,
            recoil=self.recoil,
        )
        counts = np.array(plain.peaks(energies, intensities, edges))
        rows = zip(
            energies,
            self.fwhm(energies) / _FWHM,
            intensities * self.tail(energies),
            intensities * self.shelf(energies),
            strict=True,
        )
        for energy, sigma, tail, shelf in rows:
            cumulative = (
                tail * (1 - self.long_share) * _exponential(edges, energy, sigma, self.tail_slope)
            )
            cumulative += (
                tail * self.long_share * _exponential(edges, energy, sigma, self.long_slope)
            )
            # Flat from zero to the peak, tilted, and cut off at it: its own small blur is left out.
            x = np.clip(edges / energy, 0.0, 1.0)
            cumulative += shelf * x * (1 + self.shelf_rise * (1 - x))
            counts += np.diff(cumulative)
        return counts


def _exponential(edges: Array, energy: float, sigma: float, slope: float) -> Array:
    """Cumulative distribution of a Gaussian minus an exponential."""
    distance, ratio = (edges - energy) / sigma, sigma / slope
    log_product = distance * ratio + ratio**2 / 2 + log_ndtr(-distance - ratio)
    return np.asarray(ndtr(distance) + np.exp(log_product))
