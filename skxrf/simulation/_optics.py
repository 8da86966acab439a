"""Absorbers between tube, object and detector: foils, windows, gas, a polycapillary lens."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np

from skxrf.exceptions import SkxrfError
from skxrf.physics import _xraylib
from skxrf.utils.typing import Array


@dataclass(frozen=True)
class Absorber:
    """A homogeneous foil, window or filter.

    Parameters
    ----------
    formula : str
        Chemical formula, such as ``Be`` or ``C22H10N2O5``.
    thickness_um : float
        Thickness along the beam [um].
    density : float, optional
        Density [g/cm3]; default that of the element (xraylib's table).
    """

    formula: str
    thickness_um: float
    density: float | None = None

    def __post_init__(self) -> None:
        if not _xraylib.mass_fractions(self.formula):
            raise SkxrfError(
                f"{self.formula!r} is not a chemical formula: expected one such as 'Be' or 'Al2O3'."
            )
        if not 0 <= self.thickness_um < math.inf:
            raise SkxrfError(
                f"a thickness of {self.thickness_um:g} um for {self.formula}: expected 0 or more."
            )
        if self.density is None and len(_xraylib.mass_fractions(self.formula)) > 1:
            raise SkxrfError(f"the density of the compound {self.formula} is missing: give it.")
        if self.density is not None and not 0 < self.density < math.inf:
            raise SkxrfError(
                f"a density of {self.density:g} g/cm3 for {self.formula}: expected more than 0."
            )

    @property
    def areal_mass(self) -> float:
        """Areal mass [g/cm2]."""
        density = self.density
        if density is None:
            density = _xraylib.element_density(_xraylib.atomic_number(self.formula))
        return self.thickness_um * 1e-4 * density

    def transmission(self, energies: Array) -> Array:
        """Share of photons that pass.

        Parameters
        ----------
        energies : ndarray of shape (n_energies,)
            Photon energies [keV].

        Returns
        -------
        ndarray of shape (n_energies,)
            Shares.
        """
        per_mass = attenuation(_xraylib.mass_fractions(self.formula), energies)
        return np.asarray(np.exp(-per_mass * self.areal_mass))


@dataclass(frozen=True)
class Gas:
    """A gas on the way of the photons.

    Parameters
    ----------
    name : str
        Name in messages.
    mass_fractions : tuple of (str, float)
        Mass fractions of its elements.
    density : float
        Density [g/cm3] at 20 degrees Celsius and 1013 hPa.
    """

    name: str
    mass_fractions: tuple[tuple[str, float], ...]
    density: float

    def areal_mass(self, length_mm: float, pressure_hpa: float) -> float:
        """Areal mass of a column.

        Parameters
        ----------
        length_mm : float
            Length of the column [mm].
        pressure_hpa : float
            Pressure [hPa].

        Returns
        -------
        float
            Areal mass [g/cm2].
        """
        return self.density * pressure_hpa / 1013.25 * length_mm / 10

    def transmission(self, energies: Array, length_mm: float, pressure_hpa: float) -> Array:
        """Share of photons that pass a column of the gas.

        Parameters
        ----------
        energies : ndarray of shape (n_energies,)
            Photon energies [keV].
        length_mm : float
            Length of the column [mm].
        pressure_hpa : float
            Pressure [hPa].

        Returns
        -------
        ndarray of shape (n_energies,)
            Shares.
        """
        per_mass = attenuation(dict(self.mass_fractions), energies)
        return np.asarray(np.exp(-per_mass * self.areal_mass(length_mm, pressure_hpa)))


# Dry air: composition by mass and density at 20 C from NIST's table of compounds (Hubbell &
# Seltzer 2004, NISTIR 5632, "Air, Dry (near sea level)").
AIR = Gas("air", (("C", 0.000124), ("N", 0.755268), ("O", 0.231781), ("Ar", 0.012827)), 1.20479e-3)
HELIUM = Gas("helium", (("He", 1.0),), 1.6632e-4)


@dataclass(frozen=True)
class Polycapillary:
    """Transmission of a polycapillary lens, relative to that of an open channel.

    A photon passes a bent channel of glass by total reflection as long as its energy is low
    enough for the critical angle to exceed the angle of the bends; the number of channels
    that still conduct falls with a power of the energy above a cut-off. Photons far above it
    leak through the glass and the open core in a constant share.

    Parameters
    ----------
    cutoff : float
        Energy [keV] at which half of the channels conduct.
    steepness : float
        Power of the fall above the cut-off.
    leak : float
        Share of the photons that pass whatever their energy.
    absorption_um : float
        Glass (SiO2) that stands for losses at the walls by absorption [um]: soft photons are
        lost first.

    Notes
    -----
    ``T(E) = exp(-mu_glass t) / (1 + (E / cutoff)**steepness) + leak``. The form follows
    measured transmissions of full lenses (MacDonald 2010, X-Ray Optics and Instrumentation,
    867049); its parameters are fitted, not derived from the lens's shape.
    """

    cutoff: float
    steepness: float
    leak: float
    absorption_um: float

    def __post_init__(self) -> None:
        least = min(self.steepness, self.leak, self.absorption_um)
        if not (0 < self.cutoff < math.inf and 0 <= least < math.inf):
            raise SkxrfError(f"{self}: expected a cut-off above 0 keV, the others 0 or more.")

    def transmission(self, energies: Array) -> Array:
        """Relative transmission.

        Parameters
        ----------
        energies : ndarray of shape (n_energies,)
            Photon energies [keV].

        Returns
        -------
        ndarray of shape (n_energies,)
            Shares.
        """
        glass = Absorber("SiO2", self.absorption_um, 2.23).transmission(energies)
        conducted = glass / (1 + (energies / self.cutoff) ** self.steepness)
        return np.asarray(conducted + self.leak)


def attenuation(mass_fractions: dict[str, float], energies: Array) -> Array:
    """Total mass attenuation coefficient [cm2/g] of a mixture of elements, (n_energies,)."""
    total = np.zeros(np.shape(energies))
    for symbol, share in mass_fractions.items():
        total += share * _attenuation(symbol, tuple(np.asarray(energies, dtype=float).tolist()))
    return total


@functools.lru_cache(maxsize=256)
def _attenuation(symbol: str, energies: tuple[float, ...]) -> Array:
    number = _xraylib.atomic_number(symbol)
    return np.array([_xraylib.total_attenuation(number, energy) for energy in energies])
