"""Tube lines scattered by the object: Rayleigh peaks in place, Compton peaks shifted and wide."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from skxrf.exceptions import LineGroupError

from ._compton import SCATTERINGS, compton_energy
from ._detector import DetectorResponse
from ._families import line_families
from ._lines import LineGroup, line_group

__all__ = ["scattered_tube_families", "scattered_tube_group"]


def scattered_tube_group(anode: str) -> LineGroup:
    """The lines of a tube that its object scatters most.

    Parameters
    ----------
    anode : str
        Chemical symbol of the tube's anode.

    Returns
    -------
    LineGroup
        Its K lines, or the L lines where 50 kV excite no K lines, as of tungsten.

    Raises
    ------
    LineGroupError
        If there is no such element.
    """
    try:
        return line_group(f"{anode}_K")
    except LineGroupError:
        return line_group(f"{anode}_L")


def scattered_tube_families(
    anode: str, detector: DetectorResponse, edges: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    """Parts of which the anode's scattered lines are a sum, whatever geometry and filter.

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
        Names such as ``Rh_rayleigh alpha`` and ``W_compton L3 115``, of families of lines
        and scattering angles in degrees; each of one count. Those of two angles are
        scattered twice.
    """
    group = scattered_tube_group(anode)
    parts = {}
    for family, chosen in line_families(group).items():
        shares = group.intensities[chosen] / group.intensities[chosen].sum()
        energies = group.energies[chosen]
        parts[f"{anode}_rayleigh {family}"] = detector.peaks(energies, shares, edges)
        for angles in SCATTERINGS.scatterings:
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
    counts = np.zeros(edges.size - 1)
    for energy, intensity in zip(compton_energy(energies, *angles), intensities, strict=True):
        width = float(np.hypot(detector.fwhm(float(energy)), SCATTERINGS.doppler * energy))
        broad = DetectorResponse(noise=width, fano=0.0, escape=False)
        counts += broad.peaks(np.array([energy]), np.array([intensity]), edges)
    return counts
