"""Tube radiation that the object scatters to the detector: Rayleigh, Compton, and more than once.

Single scattering is exact for stacks of plane layers. What has been scattered more than once is
taken from the theory of isotropic scattering in a half-space (Chandrasekhar 1960, Radiative
Transfer, ch. V), with the closed approximation of the H function by Hapke 1981, J. Geophys. Res.
86, 3039: it matters where the albedo is high, hard photons in light matrices.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from skxrf.physics import _xraylib, compton_energy

from ._beam import Beam
from ._transport import Geometry

__all__ = ["ScatterTables", "scatter_tables", "scattered_photons"]

Array = NDArray[np.float64]

# Angles at which differential cross sections are integrated for the transport cross section.
_ANGLES = np.linspace(2.5, 177.5, 36)


@dataclass(frozen=True)
class ScatterTables:
    """Cross sections of scatter of a set of elements at a beam's bins.

    Parameters
    ----------
    attenuation : ndarray of shape (n_elements, n_bins)
        Total mass attenuation [cm2/g].
    attenuation_compton : ndarray of shape (n_elements, n_bins)
        The same at the energy after Compton scattering to the detector.
    rayleigh, compton : ndarray of shape (n_elements, n_bins)
        Differential cross sections towards the detector, times 4 pi [cm2/g].
    diffusing : ndarray of shape (n_elements, n_bins)
        Cross section of all scattering, less its forward share [cm2/g].
    flux : ndarray of shape (n_bins,)
        Photons of each bin.
    """

    attenuation: Array = field(repr=False)
    attenuation_compton: Array = field(repr=False)
    rayleigh: Array = field(repr=False)
    compton: Array = field(repr=False)
    diffusing: Array = field(repr=False)
    flux: Array = field(repr=False)


def scatter_tables(elements: tuple[str, ...], beam: Beam, angle: float) -> ScatterTables:
    """Tabulate scatter for elements in a beam.

    Parameters
    ----------
    elements : tuple of str
        Chemical symbols.
    beam : Beam
        The beam at the object.
    angle : float
        Scattering angle [degrees].

    Returns
    -------
    ScatterTables
        From xraylib: form factors and incoherent scattering functions of free atoms.
    """
    numbers = [_xraylib.atomic_number(symbol) for symbol in elements]
    key = tuple(beam.energies.tolist())
    per_element = [_of_element(number, key, angle) for number in numbers]
    tables = beam.binned(np.array(per_element))  # (n_elements, 5, n_bins)
    attenuation, attenuation_compton, rayleigh, compton, diffusing = np.moveaxis(tables, 1, 0)
    return ScatterTables(
        attenuation, attenuation_compton, rayleigh, compton, diffusing, beam.bin_flux()
    )


@functools.lru_cache(maxsize=256)
def _of_element(number: int, energies: tuple[float, ...], angle: float) -> Array:
    """The five tables of one element, (5, n_energies)."""
    shifted = compton_energy(np.array(energies), angle).tolist()
    towards = np.radians(angle)
    rayleigh = [4 * np.pi * _xraylib.rayleigh_scattering(number, e, towards) for e in energies]
    compton = [4 * np.pi * _xraylib.compton_scattering(number, e, towards) for e in energies]
    return np.array(
        [
            [_xraylib.total_attenuation(number, e) for e in energies],
            [_xraylib.total_attenuation(number, max(e, 1e-3)) for e in shifted],
            rayleigh,
            compton,
            _diffusing(number, energies),
        ]
    )


def _diffusing(number: int, energies: tuple[float, ...]) -> Array:
    """Transport cross section of scattering: its integral with 1 - cos, [cm2/g]."""
    # Smooth in the energy: some points suffice.
    low, high = min(energies), max(energies)
    points = np.geomspace(low, high, 24)
    angles = np.radians(_ANGLES)
    weights = 2 * np.pi * np.sin(angles) * (1 - np.cos(angles)) * (angles[1] - angles[0])
    values = [
        sum(
            float(weight)
            * (
                _xraylib.rayleigh_scattering(number, float(energy), float(angle))
                + _xraylib.compton_scattering(number, float(energy), float(angle))
            )
            for weight, angle in zip(weights, angles, strict=True)
        )
        for energy in points
    ]
    return np.interp(np.log(energies), np.log(points), values)


def scattered_photons(
    compositions: NDArray[np.floating],
    masses: NDArray[np.floating],
    tables: ScatterTables,
    geometry: Geometry,
) -> tuple[Array, Array, Array]:
    """Photons that stacks of layers scatter to the detector.

    Parameters
    ----------
    compositions : ndarray of shape (n_stacks, n_layers, n_elements)
        Mass fractions; the first layer is on top.
    masses : ndarray of shape (n_stacks, n_layers)
        Areal masses [g/cm2].
    tables : ScatterTables
        Cross sections of these elements.
    geometry : Geometry
        Angles.

    Returns
    -------
    rayleigh, compton, multiple : ndarray of shape (n_stacks, n_bins)
        Photons per steradian, times 4 pi, by the bin that they had in the beam: scattered
        once, elastically or by an electron, and more than once. Before air and detector.
    """
    n_bins = tables.flux.size
    sin_in = np.sin(np.radians(geometry.incidence))
    sin_out = np.sin(np.radians(geometry.take_off))
    together = np.concatenate(
        [
            tables.attenuation * (1 / sin_in + 1 / sin_out),
            tables.attenuation / sin_in + tables.attenuation_compton / sin_out,
            tables.rayleigh,
            tables.compton,
            tables.diffusing,
            tables.attenuation,
        ],
        axis=1,
    )
    layers = compositions @ together
    elastic, inelastic, rayleigh, compton, diffusing, total = (
        layers[..., i * n_bins : (i + 1) * n_bins] for i in range(6)
    )
    mass = masses[:, :, None]
    path, path_compton = elastic * mass, inelastic * mass
    reaching = np.exp(-(np.cumsum(path, axis=1) - path))
    seen = reaching * _mean_transmission(path) * mass / sin_in
    seen_compton = np.exp(-(np.cumsum(path_compton, axis=1) - path_compton))
    seen_compton = seen_compton * _mean_transmission(path_compton) * mass / sin_in

    flux = tables.flux
    once_elastic = flux * (seen * rayleigh).sum(axis=1)
    once_compton = flux * (seen_compton * compton).sum(axis=1)
    # The albedo that a photon meets, by where single scattering would come from.
    weights = seen_compton * inelastic
    collided = weights.sum(axis=1) * sin_in  # 1 - exp(-path through the whole stack)
    albedo = (weights * diffusing / np.maximum(total, 1e-30)).sum(axis=1)
    albedo = albedo / np.maximum(weights.sum(axis=1), 1e-30)
    gain = _h_function(albedo, sin_in) * _h_function(albedo, sin_out) - 1
    multiple = flux * (seen_compton * diffusing).sum(axis=1) * gain * collided
    return once_elastic, once_compton, multiple


def _h_function(albedo: Array, cosine: float) -> Array:
    """Hapke's H(mu) = (1 + 2 mu) / (1 + 2 mu sqrt(1 - albedo))."""
    return np.asarray((1 + 2 * cosine) / (1 + 2 * cosine * np.sqrt(1 - albedo)))


def _mean_transmission(depths: Array) -> Array:
    safe = np.maximum(depths, 1e-8)
    return np.asarray(-np.expm1(-safe) / safe)
