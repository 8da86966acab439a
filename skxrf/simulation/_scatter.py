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

from skxrf.physics import _xraylib
from skxrf.physics._scatter import compton_energy
from skxrf.utils.typing import Array, FloatArray

from ._beam import Beam
from ._transport import Geometry


@dataclass(frozen=True)
class ScatterTables:
    """Cross sections of scatter of a set of elements at a beam's bins."""

    attenuation: Array = field(repr=False)  # (n_elements, n_bins): total mass attenuation [cm2/g]
    attenuation_compton: Array = field(repr=False)
    """(n_elements, n_bins): the same at the energy after Compton scattering to the detector."""
    # rayleigh, compton (n_elements, n_bins): differential cross sections towards the detector,
    # times 4 pi [cm2/g].
    rayleigh: Array = field(repr=False)
    compton: Array = field(repr=False)
    diffusing: Array = field(repr=False)
    """(n_elements, n_bins): cross section of all scattering, less its forward share [cm2/g]."""
    flux: Array = field(repr=False)  # (n_bins,): photons of each bin

    @functools.cached_property
    def together(self) -> Array:
        """All cross sections beside each other, (n_elements, 5 * n_bins)."""
        tables = (
            self.attenuation,
            self.attenuation_compton,
            self.rayleigh,
            self.compton,
            self.diffusing,
        )
        return np.concatenate(tables, axis=1)

    @functools.cached_property
    def single(self) -> NDArray[np.float32]:
        """Cross sections in single precision."""
        return self.together.astype(np.float32)


def scatter_tables(elements: tuple[str, ...], beam: Beam, angle: float) -> ScatterTables:
    """Tabulate scatter for elements in a beam.

    `beam`: the beam at the object. `angle`: scattering angle [degrees]. From xraylib: form
    factors and incoherent scattering functions of free atoms.
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
    angles = np.radians(np.linspace(2.5, 177.5, 36))
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
) -> FloatArray:
    """Photons that stacks of layers scatter to the detector.

    `compositions` (n_stacks, n_layers, n_elements): mass fractions; the first layer is on top.
    `masses` (n_stacks, n_layers): areal masses [g/cm2]. `tables`: cross sections of these elements.
    Returns (3, n_stacks, n_bins), float32: photons per steradian, times 4 pi, by the bin that they
    had in the beam: scattered once elastically, once by an electron, and more than once. Before air
    and detector.
    """
    n_bins = tables.flux.size
    sin_in = float(np.sin(np.radians(geometry.incidence)))
    sin_out = float(np.sin(np.radians(geometry.take_off)))
    mass = masses[:, :, None]
    is_single = compositions.dtype == mass.dtype == np.float32
    layers = compositions @ (tables.single if is_single else tables.together)
    total, total_compton, rayleigh, compton, diffusing = (
        layers[..., i * n_bins : (i + 1) * n_bins] for i in range(5)
    )
    inward, rate = total * (mass / sin_in), mass / sin_in
    path = inward + total * (mass / sin_out)
    path_compton = inward + total_compton * (mass / sin_out)
    seen = _transmission_above(path) * _mean_transmission(path) * rate
    reaching = _transmission_above(path_compton) * _mean_transmission(path_compton)
    seen_compton = reaching * rate

    scattered = np.empty((3, len(layers), n_bins), layers.dtype)
    scattered[0] = (seen * rayleigh).sum(axis=1)
    scattered[1] = (seen_compton * compton).sum(axis=1)
    # The albedo that a photon meets, by where single scattering would come from.
    weights = reaching * path_compton
    collided = weights.sum(axis=1)  # 1 - exp(-path through the whole stack)
    weights *= diffusing / np.maximum(total, 1e-30)
    albedo = weights.sum(axis=1) / np.maximum(collided, 1e-30)
    gain = _h_function(albedo, sin_in) * _h_function(albedo, sin_out) - 1
    scattered[2] = (seen_compton * diffusing).sum(axis=1) * gain * collided
    scattered *= tables.flux
    return scattered


def _h_function(albedo: FloatArray, cosine: float) -> FloatArray:
    """Hapke's H(mu) = (1 + 2 mu) / (1 + 2 mu sqrt(1 - albedo))."""
    return np.asarray((1 + 2 * cosine) / (1 + 2 * cosine * np.sqrt(1 - albedo)))


def _transmission_above(paths: FloatArray) -> FloatArray:
    return np.asarray(np.exp(paths - np.cumsum(paths, axis=1)))


def _mean_transmission(paths: FloatArray) -> FloatArray:
    safe = np.maximum(paths, 1e-8)
    return np.asarray(-np.expm1(-safe) / safe)
