"""Tube lines scattered by the object: Rayleigh peaks in place, Compton peaks shifted and wide."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._detector import DetectorResponse
from ._families import line_families
from ._lines import line_group

__all__ = ["compton_energy", "scattered_tube_families", "scattered_tube_lines"]

_ELECTRON_MASS = 510.99895  # keV, CODATA 2018
# Doppler broadening in light matrices adds about this share of the photon's energy to the width
# (full width at half maximum) of a Compton peak near 20 keV: assumed, refined by the fit.
_DOPPLER = 0.025
# A scanner sees a range of angles, which fixes where the Compton peak lies and how wide it is.
_ANGLES = ((75.0,), (95.0,), (115.0,), (135.0,), (155.0,), (175.0,), (110.0, 110.0), (160.0, 160.0))


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
    compton = _compton(group.energies, group.intensities, detector, edges, angle)
    return {f"{anode}_rayleigh": rayleigh, f"{anode}_compton": compton}


def scattered_tube_families(
    anode: str, detector: DetectorResponse, edges: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    """Parts of which the anode's scattered K lines are a sum, whatever geometry and filter.

    Parameters
    ----------
    anode : str
        Chemical symbol of the tube's anode.
    detector : DetectorResponse
        Gives the widths.
    edges : ndarray of shape (n_channels + 1,)
        Bin edges [keV].

    Returns
    -------
    dict of str to ndarray of shape (n_channels,)
        Names such as ``Rh_rayleigh alpha`` and ``Rh_compton beta 115``, of K-alpha and K-beta
        lines and scattering angles in degrees; each of one count. Those of two angles are
        scattered twice.
    """
    group = line_group(f"{anode}_K")
    parts = {}
    for family, chosen in line_families(group).items():
        shares = group.intensities[chosen] / group.intensities[chosen].sum()
        energies = group.energies[chosen]
        parts[f"{anode}_rayleigh {family}"] = detector.peaks(energies, shares, edges)
        for angles in _ANGLES:
            name = f"{anode}_compton {family} " + " ".join(f"{angle:g}" for angle in angles)
            parts[name] = _compton(energies, shares, detector, edges, *angles)
    return parts


def _compton(
    energies: NDArray[np.float64],
    intensities: NDArray[np.float64],
    detector: DetectorResponse,
    edges: NDArray[np.float64],
    *angles: float,
) -> NDArray[np.float64]:
    shifted = energies
    for angle in angles:
        shifted = compton_energy(shifted, angle)
    counts = np.zeros(edges.size - 1)
    for energy, intensity in zip(shifted, intensities, strict=True):
        width = float(np.hypot(detector.fwhm(float(energy)), _DOPPLER * energy))
        broad = DetectorResponse(noise=width, fano=0.0, escape=False)
        counts += broad.peaks(np.array([energy]), np.array([intensity]), edges)
    return counts
