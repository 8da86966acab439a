"""Interactions of photons in a silicon detector: absorption, escape, scattering."""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray
from scipy.special import expn

from skxrf.utils.typing import Array

from . import _xraylib
from .constants import ELECTRON_MASS, SILICON


def absorbed_share(energies: Array, depth: float) -> Array:
    """Share of photons that a layer of silicon absorbs or scatters.

    `energies` (n_energies,): photon energies [keV]. `depth`: thickness of the layer [cm]. Returns
    (n_energies,): between 0 and 1.
    """
    energies = np.asarray(energies, dtype=np.float64)
    if depth == 0:
        return np.zeros(energies.shape)
    attenuation = np.array([_attenuation(round(float(e), 4)) for e in energies])
    return np.asarray(-np.expm1(-attenuation * SILICON.density * depth))


def escape_fraction(energies: Array) -> Array:
    """Counts in the silicon escape peak per count in the full-energy peak.

    `energies` (n_lines,): photon energies [keV]. Returns (n_lines,): zero below the silicon K edge.

    Notes
    -----
    Normal incidence on a thick detector, Reed & Ware 1972, J. Phys. E 5, 582:
    ``p = w/2 (1 - 1/r) (1 - m_Si/m ln(1 + m/m_Si))`` with the fluorescence yield ``w`` and the
    jump ratio ``r`` of the silicon K shell and its attenuation coefficients at the photon's
    energy, ``m``, and at Si K-alpha, ``m_Si``; the ratio to the peak is ``p / (1 - p)``.
    """
    return np.array([_escape_fraction(round(float(e), 4)) for e in energies])


@functools.lru_cache(maxsize=4096)
def _escape_fraction(energy: float) -> float:
    if energy <= SILICON.k_edge:
        return 0.0
    incoming = _attenuation(energy)
    outgoing = _attenuation(SILICON.k_alpha)
    yield_ = _xraylib.fluorescence_yield(SILICON.atomic_number, "K")
    jump = _xraylib.jump_ratio(SILICON.atomic_number, "K")
    geometry = 1 - outgoing / incoming * np.log1p(incoming / outgoing)
    escaping = 0.5 * yield_ * (1 - 1 / jump) * geometry
    return float(escaping / (1 - escaping))


@functools.lru_cache(maxsize=4096)
def _attenuation(energy: float) -> float:
    return _xraylib.total_attenuation(SILICON.atomic_number, energy)


def kept_share(energy: float, thickness: float) -> float:
    """Share of the photons that interact in the silicon that leave all their energy there.

    `energy`: photon energy [keV]. `thickness`: thickness of the silicon [mm]. Returns photoelectric
    absorption, at once or after scattering: the scattered photon flies in any direction from where
    the first interaction took place.
    """
    return _shares(round(energy, 3), thickness)[0]


def highest_recoil(energy: float) -> float:
    """Energy [keV] of an electron that a photon of an energy [keV] sends straight ahead."""
    return 2 * energy**2 / (ELECTRON_MASS + 2 * energy)


def recoil_cumulative(
    edges: NDArray[np.float64], energy: float, thickness: float
) -> NDArray[np.float64]:
    """Counts of recoil electrons below each edge per photon that leaves all its energy.

    `edges` (n_edges,): energies [keV]. `energy`: photon energy [keV]. `thickness`: thickness of the
    silicon [mm]. Returns (n_edges,): the recoil energy is proportional to ``1 - cos`` of the
    scattering angle, up to ``2 E**2 / (511 keV + 2 E)``; the angles follow Thomson's ``1 +
    cos**2``.
    """
    kept, recoil = _shares(round(energy, 3), thickness)
    u = np.clip(edges / highest_recoil(energy), 0.0, 1.0)
    return np.asarray(recoil / kept * (1.5 * u - 1.5 * u**2 + u**3))


@functools.lru_cache(maxsize=8192)
def _shares(energy: float, thickness: float) -> tuple[float, float]:
    """Shares of interactions that leave all energy, and only that of a recoil electron."""
    total = _xraylib.total_attenuation(SILICON.atomic_number, energy)
    photo = _xraylib.photo_attenuation(SILICON.atomic_number, energy)
    compton = _xraylib.compton_attenuation(SILICON.atomic_number, energy)
    # Mean chance to get out of the slab from the depths of the first interaction.
    depth = total * SILICON.density * thickness / 10
    places = depth * (np.arange(40) + 0.5) / 40
    weights = np.exp(-places) / np.exp(-places).sum()
    escaping = float(weights @ (expn(2, places) + expn(2, depth - places))) / 2
    return (
        (photo + (total - photo) * (1 - escaping)) / total,
        compton * escaping / total,
    )
