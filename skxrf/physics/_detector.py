"""Response of an energy-dispersive silicon detector: peak, tail, shelf and escape peak."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from skxrf.exceptions import SkxrfError
from skxrf.physics._lines import LineGroup
from skxrf.physics._peaks import render_peaks
from skxrf.physics._silicon import (
    absorbed_share,
    escape_fraction,
    highest_recoil,
    kept_share,
    recoil_cumulative,
)
from skxrf.physics.constants import FWHM_OF_SIGMA, PAIR_ENERGY, SILICON
from skxrf.utils.typing import Array


def shelf_cumulative(edges: Array, energies: Array, sigmas: Array) -> Array:
    """Cumulative distributions of shelves: flat from zero to a line, with the peak's resolution.

    `edges` (n_edges,): energies [keV]. `energies`, `sigmas` (n_lines,): line energies and standard
    deviations of the peaks [keV]. Returns (n_lines, n_edges): between 0 and 1; zero below zero
    energy, where no charge is counted.
    """
    energy, sigma = energies[:, None], sigmas[:, None]
    above = (edges - energy) / sigma
    # Far below the line the shelf is flat; next to it, the convolution with the peak.
    overshoot = sigma * (above * ndtr(above) + np.exp(-0.5 * above**2) / np.sqrt(2 * np.pi))
    return np.asarray(np.maximum(np.maximum(edges, 0.0) - overshoot, 0.0) / energy)


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
    natural_width : float
        Factor on the natural widths of lines; 0 for lines without.
    satellites : float
        Factor on the satellites below K-beta of line groups that are fitted
        (``BetaSatellites`` in ``skxrf.physics.constants``), which come on top of their net counts; 0
        for none.

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
    natural_width: float = 1.0
    satellites: float = 0.0

    def __post_init__(self) -> None:
        for name in ("thickness", "tail_slope"):
            if not 0 < getattr(self, name) < np.inf:
                raise SkxrfError(f"{name}={getattr(self, name):g}: expected more than 0.")
        for name in (
            *("noise", "fano", "tail_fraction", "tail_depth", "shelf_fraction", "shelf_depth"),
            *("natural_width", "satellites"),
        ):
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
        variance = FWHM_OF_SIGMA**2 * self.fano * PAIR_ENERGY * np.maximum(energy, 0.0)
        return np.asarray(np.sqrt(self.noise**2 + variance))

    def peaks(
        self,
        energies: NDArray[np.float64],
        intensities: NDArray[np.float64],
        edges: NDArray[np.float64],
        widths: NDArray[np.float64] | None = None,
    ) -> NDArray[np.float64]:
        """Expected counts per bin of lines with the given full-energy intensities.

        Parameters
        ----------
        energies, intensities : ndarray of shape (n_lines,)
            Line energies [keV] and net counts in their full-energy peaks.
        edges : ndarray of shape (n_channels + 1,)
            Bin edges [keV].
        widths : ndarray of shape (n_lines,), optional
            Natural widths of the lines [keV]; default 0.

        Returns
        -------
        ndarray of shape (n_channels,)
            Counts per bin; integrals over the bins, so nothing depends on the bin width.
        """
        into = np.zeros(energies.size, dtype=np.int64)
        return np.asarray(self._spectra(energies, intensities, edges, into, 1, widths)[0])

    def _spectra(
        self,
        energies: NDArray[np.float64],
        intensities: NDArray[np.float64],
        edges: NDArray[np.float64],
        columns: NDArray[np.int64],
        n_columns: int,
        widths: NDArray[np.float64] | None = None,
    ) -> NDArray[np.float64]:
        """Counts per bin of lines, added up by columns, (n_columns, n_channels)."""
        tails, shelves = self.tail(energies), self.shelf(energies)
        sigmas = self.fwhm(energies) / FWHM_OF_SIGMA
        natural = np.zeros(energies.size) if widths is None else self.natural_width * widths
        lines, counts, spreads, into, with_tails = energies, intensities, sigmas, columns, tails
        if self.escape:
            escaping = intensities * escape_fraction(energies)
            lost = escaping > 0
            escape_lines = energies[lost] - SILICON.k_alpha
            lines = np.concatenate([energies, escape_lines])
            counts = np.concatenate([intensities, escaping[lost]])
            spreads = np.concatenate([sigmas, self.fwhm(escape_lines) / FWHM_OF_SIGMA])
            natural = np.concatenate([natural, natural[lost]])
            into = np.concatenate([columns, columns[lost]])
            with_tails = np.concatenate([tails, tails[lost]])
        spectra = render_peaks(
            edges,
            lines,
            counts,
            spreads,
            tails=with_tails,
            tail_slope=self.tail_slope,
            widths=natural,
            columns=into,
            n_columns=n_columns,
        )
        shelved = np.flatnonzero(shelves > 0)
        for part in np.array_split(shelved, max(1, shelved.size * edges.size // 2**20)):
            flat = np.diff(shelf_cumulative(edges, energies[part], sigmas[part]), axis=1)
            flat = np.maximum(flat, 0.0)  # rounding above the line
            np.add.at(spectra, columns[part], flat * (intensities * shelves)[part, None])
        if self.recoil:
            stopped = intensities * (1 + self._beside_the_peak(energies))
            for column, energy, intensity in zip(columns, energies, stopped, strict=True):
                reached = edges[: np.searchsorted(edges, highest_recoil(energy)) + 1]
                recoil = recoil_cumulative(reached, energy, self.thickness)
                spectra[column, : max(reached.size - 1, 0)] += intensity * np.diff(recoil)
        return spectra

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
        return self.tail_fraction + absorbed_share(energies, 1e-4 * self.tail_depth)

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
        return self.shelf_fraction + absorbed_share(energies, 1e-4 * self.shelf_depth)

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
        n_lines = energies.size
        return self._spectra(energies, np.ones(n_lines), edges, np.arange(n_lines), n_lines)

    def scaled(self, factor: float) -> DetectorResponse:
        """Detector with wider peaks.

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
        """Share of photons that the silicon absorbs or scatters.

        Parameters
        ----------
        energies : ndarray of shape (n_energies,)
            Photon energies [keV].

        Returns
        -------
        ndarray of shape (n_energies,)
            Between 0 and 1.
        """
        return absorbed_share(energies, self.thickness / 10)

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
        return self.peaks(group.energies, shares / shares.sum(), edges, group.widths)
