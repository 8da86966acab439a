"""Tube lines scattered by the object: Rayleigh peaks in place, Compton peaks shifted and wide."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._detector import DetectorResponse
from ._lines import line_group

__all__ = ["compton_energy", "scattered_tube_lines"]

_ELECTRON_MASS = 510.99895  # keV, CODATA 2018
# Doppler broadening in light matrices adds about this share of the photon's energy to the width
# (full width at half maximum) of a Compton peak near 20 keV: assumed, refined by the fit.
_DOPPLER = 0.025


def compton_energy(energy: NDArray[np.float64] | float, angle: float) -> NDArray[np.float64]:
    """Energy of photons after Compton scattering.

    Parameters
    ----------
    energy : ndarray or float
        Energy before [keV].
    angle : float
        Scattering angle [degrees].

    Returns
    -------
    ndarray
        ``E / (1 + E / 511 keV (1 - cos angle))`` [keV] (Compton 1923, Phys. Rev. 21, 483).
    """
    loss = np.asarray(energy) / _ELECTRON_MASS * (1 - np.cos(np.radians(angle)))
    return np.asarray(energy / (1 + loss))


def scattered_tube_lines(
    anode: str, detector: DetectorResponse, edges: NDArray[np.float64], *, angle: float = 130.0
) -> dict[str, NDArray[np.float64]]:
    """Spectra of the anode's K lines after Rayleigh and after Compton scattering.

    Parameters
    ----------
    anode : str
        Chemical symbol of the tube's anode.
    detector : DetectorResponse
        Gives the widths.
    edges : ndarray of shape (n_channels + 1,)
        Bin edges [keV].
    angle : float
        Mean scattering angle [degrees].

    Returns
    -------
    dict of str to ndarray of shape (n_channels,)
        ``Rh_rayleigh`` and ``Rh_compton``, each of one count.
    """
    group = line_group(f"{anode}_K")
    rayleigh = detector.peaks(group.energies, group.intensities, edges)
    shifted = compton_energy(group.energies, angle)
    compton = np.zeros(edges.size - 1)
    for energy, intensity in zip(shifted, group.intensities, strict=True):
        width = float(np.hypot(detector.fwhm(float(energy)), _DOPPLER * energy))
        broad = DetectorResponse(noise=width, fano=0.0, escape=False)
        compton += broad.peaks(np.array([energy]), np.array([intensity]), edges)
    return {f"{anode}_rayleigh": rayleigh, f"{anode}_compton": compton}
