"""What an energy-dispersive silicon detector makes of a line: peak, tail and escape peak."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr, ndtr

from skxrf.exceptions import SkxrfError

from . import _xraylib
from ._lines import LineGroup
from ._recoil import highest_recoil, kept_share, recoil_cumulative

__all__ = ["DetectorResponse", "escape_fraction"]

# Mean energy per electron-hole pair in silicon [keV], Lowe & Sareen 2007, NIM A 576, 367.
_PAIR_ENERGY = 3.66e-3
# Full width at half maximum of a Gaussian of unit standard deviation.
_FWHM = 2.0 * np.sqrt(2.0 * np.log(2.0))
_SILICON = 14
_SILICON_K_ALPHA = 1.740
_SILICON_K_EDGE = 1.839
_SILICON_DENSITY = 2.329  # g/cm3
# A peak ends after so many standard deviations, its tail after so many decay lengths.
_REACH = 6.0
_TAIL_REACH = 12.0
_NOT_NEGATIVE = (
    *("noise", "fano", "tail_fraction", "tail_depth", "shelf_fraction", "shelf_depth"),
)


@dataclass(frozen=True)
class DetectorResponse:
    """Shape that an energy-dispersive silicon detector gives to a monochromatic line.

    Parameters
    ----------
    noise : float
        Electronic noise, full width at half maximum [keV].
    fano : float
        Fano factor of silicon.
    tail_fraction : float
        Counts in the low-energy tail per count in the peak.
    tail_slope : float
        Decay length of the exponential tail [keV].
    escape : bool
        Whether silicon escape peaks are part of the response.
    thickness : float
        Thickness of the silicon [mm]: photons that pass it are not counted.
    tail_depth : float
        Depth of the silicon [um] below the entrance in which a photon's charge goes to the tail.
    shelf_fraction : float
        Counts in the shelf, flat from zero to the peak, per count in the peak.
    shelf_depth : float
        Depth of the silicon [um] below the entrance in which a photon's charge goes to the shelf.
    recoil : bool
        Whether photons that scatter in the silicon and leave it are part of the response: only
        the energy of the electron that recoils is measured, below about 2 keV.

    Raises
    ------
    SkxrfError
        If a number is negative, or thickness or tail slope is 0.

    Notes
    -----
    The peak is a Gaussian with ``FWHM**2 = noise**2 + 8 ln(2) * fano * 3.66 eV * E``; the tail
    is an exponential towards low energies, convolved with that Gaussian (the short tail of the
    Hypermet function: Phillips & Marlow 1976, NIM 137, 525). Tail and escape peak come on top
    of the full-energy peak, whose area is what the library calls net intensity.

    Charge is lost near the entrance: to the contact, and with electrons that leave the silicon.
    What a layer of depth ``d`` absorbs is ``1 - exp(-mu d)``, so tail and shelf are largest just
    above an edge of silicon and fall with the energy (Scholze & Procop 2009, X-Ray Spectrom.
    38, 312). The fractions are what does not depend on the energy.
    """

    noise: float = 0.080
    fano: float = 0.115
    tail_fraction: float = 0.0
    tail_slope: float = 0.3
    escape: bool = True
    thickness: float = 0.45
    tail_depth: float = 0.0
    shelf_fraction: float = 0.0
    shelf_depth: float = 0.0
    recoil: bool = False

    def __post_init__(self) -> None:
        for name in ("thickness", "tail_slope"):
            if not 0 < getattr(self, name) < np.inf:
                raise SkxrfError(f"{name}={getattr(self, name):g}: expected more than 0.")
        for name in _NOT_NEGATIVE:
            if not 0 <= getattr(self, name) < np.inf:
                raise SkxrfError(f"{name}={getattr(self, name):g}: expected 0 or more.")

    def fwhm(self, energy: NDArray[np.float64] | float) -> NDArray[np.float64]:
        """Full width at half maximum of a peak.

        Parameters
        ----------
        energy : ndarray or float
            Photon energy [keV].

        Returns
        -------
        ndarray
            Width [keV].
        """
        variance = _FWHM**2 * self.fano * _PAIR_ENERGY * np.maximum(energy, 0.0)
        return np.asarray(np.sqrt(self.noise**2 + variance))

    def peaks(
        self,
        energies: NDArray[np.float64],
        intensities: NDArray[np.float64],
        edges: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        """Expected counts per bin of lines with the given full-energy intensities.

        Parameters
        ----------
        energies, intensities : ndarray of shape (n_lines,)
            Line energies [keV] and net counts in their full-energy peaks.
        edges : ndarray of shape (n_channels + 1,)
            Bin edges [keV].

        Returns
        -------
        ndarray of shape (n_channels,)
            Counts per bin; integrals over the bins, so nothing depends on the bin width.
        """
        tails, shelves = self.tail(energies), self.shelf(energies)
        n_lines = energies.size
        if self.escape:
            escaping = intensities * escape_fraction(energies)
            lost = escaping > 0
            energies = np.concatenate([energies, energies[lost] - _SILICON_K_ALPHA])
            intensities = np.concatenate([intensities, escaping[lost]])
            tails = np.concatenate([tails, tails[lost]])
            shelves = np.concatenate([shelves, np.zeros(int(lost.sum()))])
        counts = np.zeros(edges.size - 1)
        sigmas = self.fwhm(energies) / _FWHM
        below = _REACH * sigmas + np.where(tails > 0, _TAIL_REACH * self.tail_slope, 0.0)
        first = np.maximum(np.searchsorted(edges, energies - below) - 1, 0)
        last = np.minimum(np.searchsorted(edges, energies + _REACH * sigmas) + 1, edges.size)
        # Each line fills the bins that it reaches, not the whole axis.
        for energy, intensity, sigma, tail, shelf, i, j in zip(
            energies, intensities, sigmas, tails, shelves, first, last, strict=True
        ):
            if shelf > 0:
                flat = np.clip(edges[: i + 1], 0.0, energy)
                counts[:i] += intensity * shelf / energy * np.diff(flat)
            if j - i < 2 or intensity == 0:
                continue
            distance = (edges[i:j] - energy) / sigma
            cumulative = ndtr(distance)
            if tail > 0:
                cumulative += tail * _tail_cumulative(distance, sigma / self.tail_slope)
            if shelf > 0:
                cumulative += shelf * _shelf_cumulative(edges[i:j], energy, sigma)
            counts[i : j - 1] += intensity * np.diff(cumulative)
        if self.recoil:
            stopped = intensities[:n_lines] * (1 + self._beside_the_peak(energies[:n_lines]))
            for energy, intensity in zip(energies[:n_lines], stopped, strict=True):
                reached = edges[: np.searchsorted(edges, highest_recoil(energy)) + 1]
                recoil = recoil_cumulative(reached, energy, self.thickness)
                counts[: max(reached.size - 1, 0)] += intensity * np.diff(recoil)
        return counts

    def tail(self, energies: NDArray[np.float64]) -> NDArray[np.float64]:
        """Counts in the low-energy tail per count in the peak.

        Parameters
        ----------
        energies : ndarray of shape (n_energies,)
            Photon energies [keV].

        Returns
        -------
        ndarray of shape (n_energies,)
            Shares of the peak.
        """
        return self.tail_fraction + _absorbed(energies, self.tail_depth)

    def shelf(self, energies: NDArray[np.float64]) -> NDArray[np.float64]:
        """Counts in the shelf per count in the peak.

        Parameters
        ----------
        energies : ndarray of shape (n_energies,)
            Photon energies [keV].

        Returns
        -------
        ndarray of shape (n_energies,)
            Shares of the peak.
        """
        return self.shelf_fraction + _absorbed(energies, self.shelf_depth)

    def _beside_the_peak(self, energies: NDArray[np.float64]) -> NDArray[np.float64]:
        """Counts in tail, shelf and escape peak per count in the peak."""
        tail = self.tail(energies)
        escape = escape_fraction(energies) if self.escape else 0.0
        return np.asarray(tail + self.shelf(energies) + escape * (1 + tail))

    def response(
        self, energies: NDArray[np.float64], edges: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Spectra of single photon energies.

        Parameters
        ----------
        energies : ndarray of shape (n_energies,)
            Photon energies [keV].
        edges : ndarray of shape (n_channels + 1,)
            Bin edges [keV].

        Returns
        -------
        ndarray of shape (n_energies, n_channels)
            One count in each full-energy peak, and what comes on top of it.
        """
        one = np.ones(1)
        spectra = np.zeros((energies.size, edges.size - 1))
        for spectrum, energy in zip(spectra, energies, strict=True):
            spectrum[:] = self.peaks(np.array([energy]), one, edges)
        return spectra

    def scaled(self, factor: float) -> DetectorResponse:
        """The same detector with wider peaks.

        Parameters
        ----------
        factor : float
            Peaks are this many times as wide.

        Returns
        -------
        DetectorResponse
            With noise and Fano factor changed.
        """
        return replace(self, noise=self.noise * factor, fano=self.fano * factor**2)

    def full_energy_share(self, energies: NDArray[np.float64]) -> NDArray[np.float64]:
        """Share of photons at the silicon that end in the full-energy peak.

        Photons that leave all their energy, shared among peak, tail, shelf and escape peak.

        Parameters
        ----------
        energies : ndarray of shape (n_energies,)
            Photon energies [keV].

        Returns
        -------
        ndarray of shape (n_energies,)
            Between 0 and 1.
        """
        kept = np.array([kept_share(float(e), self.thickness) for e in energies])
        return np.asarray(kept * self.efficiency(energies) / (1 + self._beside_the_peak(energies)))

    def efficiency(self, energies: NDArray[np.float64]) -> NDArray[np.float64]:
        """Share of photons that the silicon stops.

        Parameters
        ----------
        energies : ndarray of shape (n_energies,)
            Photon energies [keV].

        Returns
        -------
        ndarray of shape (n_energies,)
            Between 0 and 1.
        """
        areal_mass = _SILICON_DENSITY * self.thickness / 10
        attenuation = np.array([_silicon_attenuation(round(float(e), 4)) for e in energies])
        return np.asarray(1 - np.exp(-attenuation * areal_mass))

    def template(self, group: LineGroup, edges: NDArray[np.float64]) -> NDArray[np.float64]:
        """Spectrum of one net count of a line group.

        Parameters
        ----------
        group : LineGroup
            The lines.
        edges : ndarray of shape (n_channels + 1,)
            Bin edges [keV].

        Returns
        -------
        ndarray of shape (n_channels,)
            Counts per bin; tail and escape peaks on top of the one net count.
        """
        shares = group.intensities * self.efficiency(group.energies)
        return self.peaks(group.energies, shares / shares.sum(), edges)


def _tail_cumulative(distance: NDArray[np.float64], ratio: float) -> NDArray[np.float64]:
    # Cumulative distribution of a Gaussian minus an exponential of mean 1/ratio (in sigmas);
    # the product of a huge exponential and a tiny normal tail is taken in logarithms.
    log_product = distance * ratio + ratio**2 / 2 + log_ndtr(-distance - ratio)
    return np.asarray(ndtr(distance) + np.exp(log_product))


def _shelf_cumulative(
    edges: NDArray[np.float64], energy: float, sigma: float
) -> NDArray[np.float64]:
    # Cumulative distribution of a uniform one on [0, energy], convolved with a Gaussian.
    def integral(x: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(x * ndtr(x / sigma) + sigma * _normal(x / sigma))

    return np.asarray((integral(edges) - integral(edges - energy)) / energy)


def _normal(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.exp(-0.5 * x**2) / np.sqrt(2 * np.pi))


def _absorbed(energies: NDArray[np.float64], depth: float) -> NDArray[np.float64]:
    """Share of photons that a layer of silicon of a depth [um] absorbs."""
    energies = np.asarray(energies, dtype=np.float64)
    if depth == 0:
        return np.zeros(energies.shape)
    attenuation = np.array([_silicon_attenuation(round(float(e), 4)) for e in energies])
    return np.asarray(-np.expm1(-attenuation * _SILICON_DENSITY * depth * 1e-4))


def escape_fraction(energies: NDArray[np.float64]) -> NDArray[np.float64]:
    """Counts in the silicon escape peak per count in the full-energy peak.

    Parameters
    ----------
    energies : ndarray of shape (n_lines,)
        Photon energies [keV].

    Returns
    -------
    ndarray of shape (n_lines,)
        Zero below the silicon K edge.

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
    if energy <= _SILICON_K_EDGE:
        return 0.0
    incoming = _silicon_attenuation(energy)
    outgoing = _silicon_attenuation(_SILICON_K_ALPHA)
    yield_ = _xraylib.fluorescence_yield(_SILICON, "K")
    jump = _xraylib.jump_ratio(_SILICON, "K")
    geometry = 1 - outgoing / incoming * np.log1p(incoming / outgoing)
    escaping = 0.5 * yield_ * (1 - 1 / jump) * geometry
    return float(escaping / (1 - escaping))


@functools.lru_cache(maxsize=4096)
def _silicon_attenuation(energy: float) -> float:
    return _xraylib.total_attenuation(_SILICON, energy)
