"""Photons that scatter inside a silicon detector: what they leave there when they get out again."""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray
from scipy.special import expn

from . import _xraylib

__all__ = ["highest_recoil", "kept_share", "recoil_cumulative"]

_SILICON = 14
_SILICON_DENSITY = 2.329  # g/cm3
_ELECTRON_MASS = 510.99895  # keV, CODATA 2018


def kept_share(energy: float, thickness: float) -> float:
    """Share of the photons that interact in the silicon that leave all their energy there.

    Parameters
    ----------
    energy : float
        Photon energy [keV].
    thickness : float
        Thickness of the silicon [mm].

    Returns
    -------
    float
        Photoelectric absorption, at once or after scattering: the scattered photon flies in any
        direction from where the first interaction took place.
    """
    return _shares(round(energy, 3), thickness)[0]


def highest_recoil(energy: float) -> float:
    """Energy [keV] of an electron that a photon of an energy [keV] sends straight ahead."""
    return 2 * energy**2 / (_ELECTRON_MASS + 2 * energy)


def recoil_cumulative(
    edges: NDArray[np.float64], energy: float, thickness: float
) -> NDArray[np.float64]:
    """Counts of recoil electrons below each edge per photon that leaves all its energy.

    Parameters
    ----------
    edges : ndarray of shape (n_edges,)
        Energies [keV].
    energy : float
        Photon energy [keV].
    thickness : float
        Thickness of the silicon [mm].

    Returns
    -------
    ndarray of shape (n_edges,)
        The recoil energy is proportional to ``1 - cos`` of the scattering angle, up to
        ``2 E**2 / (511 keV + 2 E)``; the angles follow Thomson's ``1 + cos**2``.
    """
    kept, recoil = _shares(round(energy, 3), thickness)
    u = np.clip(edges / highest_recoil(energy), 0.0, 1.0)
    return np.asarray(recoil / kept * (1.5 * u - 1.5 * u**2 + u**3))


@functools.lru_cache(maxsize=8192)
def _shares(energy: float, thickness: float) -> tuple[float, float]:
    """Shares of interactions that leave all energy, and only that of a recoil electron."""
    total = _xraylib.total_attenuation(_SILICON, energy)
    photo = _xraylib.photo_attenuation(_SILICON, energy)
    compton = _xraylib.compton_attenuation(_SILICON, energy)
    # Mean chance to get out of the slab from the depths of the first interaction.
    depth = total * _SILICON_DENSITY * thickness / 10
    places = depth * (np.arange(40) + 0.5) / 40
    weights = np.exp(-places) / np.exp(-places).sum()
    escaping = float(weights @ (expn(2, places) + expn(2, depth - places))) / 2
    return (
        (photo + (total - photo) * (1 - escaping)) / total,
        compton * escaping / total,
    )
