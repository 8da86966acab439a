"""Energies of scattered photons: in place, shifted by Compton and broadened by Doppler."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from skxrf.physics import _xraylib
from skxrf.physics.constants import ELECTRON_MASS, INVERSE_FINE_STRUCTURE
from skxrf.utils.typing import Array

from ._beam import Beam
from ._numerics import NUMERICS


@dataclass(frozen=True)
class ScatterSpectra:
    """Energies of the photons of each bin of a beam after scattering."""

    energies: Array  # (n_energies,): a regular grid, then the tube's lines [keV]
    # rayleigh, compton, multiple (n_bins, n_energies): shares; each row sums to 1
    rayleigh: Array = field(repr=False)
    compton: Array = field(repr=False)
    multiple: Array = field(repr=False)


def scatter_spectra(
    beam: Beam, angle: float, *, spread: float = 7.0, matrix: Mapping[str, float] | None = None
) -> ScatterSpectra:
    """Spread each bin of a beam over the energies after scattering.

    `beam`: the beam at the object. `angle`: mean scattering angle [degrees]. `spread`: standard
    deviation of the angles that beam and detector let in [degrees]. `matrix`: mass fractions of the
    elements whose electrons give the Doppler broadening; default calcium carbonate in linseed oil.
    Compton profiles in the impulse approximation (Eisenberger & Platzman 1970, Phys. Rev. A
    2, 415) with the shells that the transferred energy can ionize.
    """
    # Mass fractions of calcium carbonate in linseed oil, 9 to 1.
    chalk = {"H": 0.012, "C": 0.185, "O": 0.443, "Ca": 0.360}
    mixture = dict(chalk if matrix is None else matrix)
    step = NUMERICS.scatter_step
    grid = np.arange(1.0, np.ceil(beam.energies.max()) + step / 2, step)
    energies = np.concatenate([grid, beam.energies[beam.n_continuum :]])
    shares = beam.flux / np.maximum(beam.bin_flux()[beam.bins], 1e-300)

    rayleigh = np.zeros((beam.n_bins, energies.size))
    n = beam.n_continuum
    position = (beam.energies[:n] - grid[0]) / step
    first = np.clip(np.floor(position).astype(int), 0, grid.size - 2)
    rest = position - first
    np.add.at(rayleigh, (beam.bins[:n], first), shares[:n] * (1 - rest))
    np.add.at(rayleigh, (beam.bins[:n], first + 1), shares[:n] * rest)
    lines = np.arange(beam.energies.size - n)
    rayleigh[beam.bins[n:], grid.size + lines] = shares[n:]

    once = _shifts_once(angle, spread)
    twice = _shifts_twice(angle)
    parts = []
    for shifts, weights in (once, twice):
        spectra = np.zeros((beam.n_bins, energies.size))
        kernel = _compton_spectra(beam.energies, grid, shifts, weights, mixture)
        np.add.at(spectra[:, : grid.size], beam.bins, shares[:, None] * kernel)
        parts.append(spectra)
    return ScatterSpectra(energies, rayleigh, parts[0], parts[1])


def _shifts_once(angle: float, spread: float) -> tuple[Array, Array]:
    """1 - cos of the scattering angles, and their weights."""
    nodes = np.linspace(-2.0, 2.0, 7)
    weights = np.exp(-0.5 * nodes**2)
    return 1 - np.cos(np.radians(angle + spread * nodes)), weights / weights.sum()


def _shifts_twice(angle: float) -> tuple[Array, Array]:
    """Sums of 1 - cos over two scatterings with the given total deflection.

    The direction between is any one, weighted by Thomson's cross section, 1 + cos**2, of both.
    """
    cosines = np.linspace(-1, 1, 61)
    azimuths = np.linspace(0, np.pi, 31)
    first, azimuth = np.meshgrid(cosines, azimuths, indexing="ij")
    turn = np.radians(angle)
    second = first * np.cos(turn) + np.sqrt(1 - first**2) * np.sin(turn) * np.cos(azimuth)
    weights = (1 + first**2) * (1 + second**2)
    sums = 2 - first - second
    counts, edges = np.histogram(sums, bins=12, range=(0, 4), weights=weights)
    used = counts > 0
    centers = (edges[1:] + edges[:-1]) / 2
    return centers[used], counts[used] / counts.sum()


@functools.cache
def _momenta() -> Array:
    """Momenta at which Compton profiles are tabulated [atomic units]."""
    return np.concatenate([np.arange(0, 5, 0.1), np.geomspace(5, 90, 40)])


def _compton_spectra(
    energies: Array, grid: Array, shifts: Array, weights: Array, mixture: Mapping[str, float]
) -> Array:
    """Spectra on the grid of photons of each energy, (n_energies, n_grid), rows sum to 1."""
    total = np.zeros((energies.size, grid.size))
    profiles = _mixture_profiles(mixture)
    for shift, weight in zip(shifts, weights, strict=True):
        incoming, outgoing = energies[:, None], grid[None, :]
        transfer = incoming - outgoing
        momentum = np.sqrt(transfer**2 + 2 * incoming * outgoing * shift)
        projected = INVERSE_FINE_STRUCTURE * (
            incoming * outgoing * shift / ELECTRON_MASS - transfer
        )
        projected = np.abs(projected / np.maximum(momentum, 1e-9))
        spectrum = np.zeros_like(momentum)
        for binding, profile in profiles:
            values = np.interp(projected, _momenta(), profile, right=0.0)
            spectrum += np.where(transfer > binding, values, 0.0)
        spectrum *= outgoing / np.maximum(momentum, 1e-9)
        total += weight * spectrum / np.maximum(spectrum.sum(axis=1, keepdims=True), 1e-300)
    return total


def _mixture_profiles(mixture: Mapping[str, float]) -> list[tuple[float, Array]]:
    """Binding energy [keV] and Compton profile of the shells of a mixture, per gram."""
    profiles: dict[float, Array] = {}
    for symbol, share in mixture.items():
        number = _xraylib.atomic_number(symbol)
        for binding, profile in _shell_profiles(number):
            key = binding if binding > NUMERICS.free_binding else 0.0
            per_gram = share / _xraylib.atomic_weight(number) * profile
            profiles[key] = profiles.get(key, 0.0) + per_gram
    return list(profiles.items())


@functools.lru_cache(maxsize=128)
def _shell_profiles(number: int) -> list[tuple[float, Array]]:
    """Binding energy [keV] and Compton profile of each shell, all its electrons."""
    shells = [
        (
            binding,
            electrons
            * np.array([_xraylib.shell_compton_profile(number, shell, q) for q in _momenta()]),
        )
        for shell, binding, electrons in _xraylib.electron_shells(number)
    ]
    # The outermost electrons have no profile of their own in the table: they are the rest.
    rest = np.array([_xraylib.compton_profile(number, q) for q in _momenta()])
    for _, profile in shells:
        rest = rest - profile
    return [*shells, (0.0, np.maximum(rest, 0.0))]
