"""Lines of all candidates rendered at once: what a search for the energy axis evaluates many times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr, ndtr

from ._detector import escape_fraction
from ._families import line_families
from ._lines import line_group
from ._scatter import compton_energy

__all__ = ["LineTable", "Resolution", "line_table"]

Array = NDArray[np.float64]

# Mean energy per electron-hole pair in silicon [keV], Lowe & Sareen 2007, NIM A 576, 367.
_PAIR_ENERGY = 3.66e-3
_FWHM = 2.0 * np.sqrt(2.0 * np.log(2.0))
_SILICON_K_ALPHA = 1.740
# Lines below this share of their column shift no peak by a measurable amount.
_LEAST_SHARE = 2e-3
# Angles whose Compton peaks are mixed [degrees]: the mixture follows any geometry and, roughly,
# the tail of photons that scatter more than once.
_ANGLES = (75.0, 95.0, 115.0, 135.0, 155.0)
# Doppler broadening of a Compton peak at one angle, share of the photon's energy.
_DOPPLER = 0.02
_REACH = 5.0
_TAIL_REACH = 8.0


@dataclass(frozen=True)
class Resolution:
    """Width and tail of a peak: ``FWHM**2 = noise**2 + 8 ln(2) fano * 3.66 eV * E``.

    Parameters
    ----------
    noise : float
        Electronic noise, full width at half maximum [keV].
    fano : float
        Fano factor.
    tail_fraction : float
        Counts in the exponential tail per count in the peak.
    tail_slope : float
        Its decay length [keV].
    """

    noise: float = 0.09
    fano: float = 0.118
    tail_fraction: float = 0.01
    tail_slope: float = 0.15

    def fwhm(self, energy: Array | float) -> Array:
        """Full width at half maximum [keV] of a peak at an energy [keV]."""
        variance = _FWHM**2 * self.fano * _PAIR_ENERGY * np.maximum(energy, 0.0)
        return np.asarray(np.sqrt(self.noise**2 + variance))


@dataclass(frozen=True)
class LineTable:
    """Lines of many columns of a design matrix.

    Parameters
    ----------
    energies, intensities, broadening : ndarray of shape (n_lines,)
        Energy [keV], share of the column and added full width at half maximum [keV].
    columns : ndarray of shape (n_lines,), int
        The column of each line.
    labels : list of tuple of str
        For each column the group, or ``Rh_compton``, and the family of lines.
    shares : ndarray of shape (n_columns,)
        Share of each column in the net counts of its group, by theory.
    """

    energies: Array = field(repr=False)
    intensities: Array = field(repr=False)
    broadening: Array = field(repr=False)
    columns: NDArray[np.int64] = field(repr=False)
    labels: list[tuple[str, str]]
    shares: Array = field(repr=False)

    def render(
        self, edges: Array, resolution: Resolution, amplitudes: Array | None = None
    ) -> Array:
        """Counts per bin of each column, or of all with amplitudes.

        Parameters
        ----------
        edges : ndarray of shape (n_bins + 1,)
            Increasing bin edges [keV].
        resolution : Resolution
            Width and tail of a peak.
        amplitudes : ndarray of shape (n_columns,), optional
            Counts of the columns, to be summed.

        Returns
        -------
        ndarray of shape (n_bins, n_columns) or (n_bins,)
            Integrals over the bins.
        """
        n_bins, n_columns = edges.size - 1, len(self.labels)
        energies, intensities, columns = self.energies, self.intensities, self.columns
        broadening = self.broadening
        if amplitudes is not None:
            intensities = intensities * amplitudes[columns]
            used = intensities > 0
            energies, intensities, broadening = energies[used], intensities[used], broadening[used]
            columns = np.zeros(energies.size, dtype=np.int64)
            n_columns = 1
        if energies.size == 0:
            return (
                np.zeros((n_bins, n_columns))[:, 0]
                if amplitudes is not None
                else np.zeros((n_bins, n_columns))
            )
        sigma = np.sqrt(resolution.fwhm(energies) ** 2 + broadening**2) / _FWHM
        reach = _REACH * sigma
        below = reach + _TAIL_REACH * resolution.tail_slope
        first = np.searchsorted(edges, energies - below)
        last = np.searchsorted(edges, energies + reach)
        width = int(np.max(last - first)) + 2
        places = first[:, None] - 1 + np.arange(width + 1)
        distance = (edges[np.clip(places, 0, n_bins)] - energies[:, None]) / sigma[:, None]
        cumulative = ndtr(distance)
        if resolution.tail_fraction > 0:
            ratio = (sigma / resolution.tail_slope)[:, None]
            tail = cumulative + np.exp(
                distance * ratio + ratio**2 / 2 + log_ndtr(-distance - ratio)
            )
            cumulative = cumulative + resolution.tail_fraction * tail
        # Beyond an end of the axis the clipped edges coincide: nothing is counted there.
        counts = np.diff(cumulative, axis=1) * intensities[:, None]
        cells = columns[:, None] * n_bins + np.clip(places[:, :-1], 0, n_bins - 1)
        table = np.bincount(cells.ravel(), counts.ravel(), n_bins * n_columns)
        table = table.reshape(n_columns, n_bins)
        return np.asarray(table[0] if amplitudes is not None else table.T, dtype=np.float64)


def line_table(
    groups: Sequence[str],
    anodes: Sequence[str] = (),
    *,
    split: bool = True,
    tube_voltage: float = 50.0,
) -> LineTable:
    """Gather the lines of line groups and the Compton peaks of anodes.

    Parameters
    ----------
    groups : sequence of str
        Line groups, such as ``Fe_K``; Rayleigh peaks are those of the anode's group.
    anodes : sequence of str
        Groups whose lines the object scatters inelastically, such as ``Rh_K``.
    split : bool
        Whether each family of lines has a column of its own.
    tube_voltage : float
        Voltage of the tube [kV].

    Returns
    -------
    LineTable
        Escape peaks included.
    """
    energies, intensities, broadening, columns = [], [], [], []
    labels: list[tuple[str, str]] = []
    shares = []

    def add(lines: Array, share: Array, width: Array | float, label: tuple[str, str]) -> None:
        kept = share > _LEAST_SHARE * share.max()
        lines, share = lines[kept], share[kept]
        escaping = share * escape_fraction(lines)
        energies.extend([lines, lines - _SILICON_K_ALPHA])
        intensities.extend([share, escaping])
        wide = np.broadcast_to(np.asarray(width), kept.shape)[kept]
        broadening.extend([wide, wide])
        columns.append(np.full(2 * lines.size, len(labels)))
        labels.append(label)

    for name in groups:
        group = line_group(name, tube_voltage=tube_voltage)
        families = line_families(group) if split else {"": np.ones(group.energies.size, bool)}
        for family, chosen in families.items():
            share = group.intensities[chosen]
            add(group.energies[chosen], share / share.sum(), 0.0, (name, family))
            shares.append(float(share.sum()))
    for name in anodes:
        group = line_group(name, tube_voltage=max(tube_voltage, 50.0))
        for angle in _ANGLES:
            lines = compton_energy(group.energies, angle)
            label = (f"{name}_compton", f"{angle:g}")
            add(lines, group.intensities, _DOPPLER * lines, label)
            shares.append(1.0)
    return LineTable(
        np.concatenate(energies),
        np.concatenate(intensities),
        np.concatenate(broadening),
        np.concatenate(columns).astype(np.int64),
        labels,
        np.array(shares),
    )
