"""Lines of all candidates rendered at once: what a search for the energy axis evaluates many times."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from skxrf.physics._compton import FEW_SCATTERINGS, compton_energy
from skxrf.physics._detector import escape_fraction
from skxrf.physics._families import line_families
from skxrf.physics._lines import line_group

__all__ = ["LineTable", "Resolution", "line_table"]

Array = NDArray[np.float64]

# Mean energy per electron-hole pair in silicon [keV], Lowe & Sareen 2007, NIM A 576, 367.
_PAIR_ENERGY = 3.66e-3
_FWHM = 2.0 * np.sqrt(2.0 * np.log(2.0))
_SILICON_K_ALPHA = 1.740
# Lines below this share of their column shift no peak by a measurable amount.
_LEAST_SHARE = 4e-3
# Softer photons are absorbed rather than scattered twice [keV].
_LEAST_TWICE = 15.0
_REACH = 5.0
_TAIL_REACH = 5.0


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
        table = np.zeros(n_bins * n_columns)
        # Compton peaks are wide and have no tail; the others are narrow and do.
        for chosen in (broadening == 0, broadening > 0):
            if chosen.any():
                cells, counts = _cells(
                    edges, energies[chosen], intensities[chosen], broadening[chosen], resolution
                )
                cells += columns[chosen][:, None] * n_bins
                table += np.bincount(cells.ravel(), counts.ravel(), table.size)
        spectra = table.reshape(n_columns, n_bins)
        return np.asarray(spectra[0] if amplitudes is not None else spectra.T)


def _cells(
    edges: Array, energies: Array, intensities: Array, broadening: Array, resolution: Resolution
) -> tuple[NDArray[np.int64], Array]:
    """Bins that lines reach, and what they hold of them, both (n_lines, n_reached)."""
    n_bins = edges.size - 1
    sigma = np.sqrt(resolution.fwhm(energies) ** 2 + broadening**2) / _FWHM
    with_tail = resolution.tail_fraction > 0 and broadening[0] == 0
    reach = _REACH * sigma
    below = reach + (_TAIL_REACH * resolution.tail_slope if with_tail else 0.0)
    first = np.searchsorted(edges, energies - below)
    last = np.searchsorted(edges, energies + reach)
    width = int(np.max(last - first)) + 2
    places = first[:, None] - 1 + np.arange(width + 1)
    distance = (edges[np.clip(places, 0, n_bins)] - energies[:, None]) / sigma[:, None]
    cumulative = ndtr(distance)
    if with_tail:
        ratio = (sigma / resolution.tail_slope)[:, None]
        tail = np.exp(distance * ratio + ratio**2 / 2) * ndtr(-distance - ratio)
        cumulative *= 1 + resolution.tail_fraction
        cumulative += resolution.tail_fraction * tail
    # Beyond an end of the axis the clipped edges coincide: nothing is counted there.
    counts = np.diff(cumulative, axis=1) * intensities[:, None]
    return np.clip(places[:, :-1], 0, n_bins - 1), counts


@functools.lru_cache(maxsize=1024)
def _group_lines(
    name: str, tube_voltage: float, split: bool
) -> list[tuple[str, float, Array, Array]]:
    """Families of a group: label, share, energies and intensities of the lines that count."""
    group = line_group(name, tube_voltage=tube_voltage)
    families = line_families(group) if split else {"": np.ones(group.energies.size, bool)}
    found = []
    for family, chosen in families.items():
        share = group.intensities[chosen]
        lines, intensities = _with_escape(group.energies[chosen], share / share.sum())
        found.append((family, float(share.sum()), lines, intensities))
    return found


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
        energies.append(lines)
        intensities.append(share)
        broadening.append(np.broadcast_to(np.asarray(width, dtype=np.float64), lines.shape))
        columns.append(np.full(lines.size, len(labels)))
        labels.append(label)

    for name in groups:
        for family, share, lines, line_shares in _group_lines(name, tube_voltage, split):
            add(lines, line_shares, 0.0, (name, family))
            shares.append(share)
    for name in anodes:
        group = line_group(name, tube_voltage=max(tube_voltage, 50.0))
        strong = group.intensities > 0.02
        for angles in FEW_SCATTERINGS.scatterings:
            if len(angles) > 1 and group.main_energy < _LEAST_TWICE:
                continue
            lines = compton_energy(group.energies[strong], *angles)
            label = (f"{name}_compton", f"{sum(angles):g}")
            add(lines, group.intensities[strong], FEW_SCATTERINGS.doppler * lines, label)
            shares.append(1.0)
    if not labels:
        none = np.zeros(0)
        return LineTable(none, none, none, none.astype(np.int64), [], none)
    return LineTable(
        np.concatenate(energies),
        np.concatenate(intensities),
        np.concatenate(broadening),
        np.concatenate(columns).astype(np.int64),
        labels,
        np.array(shares),
    )


def _with_escape(lines: Array, intensities: Array) -> tuple[Array, Array]:
    """Lines that count for something, and their escape peaks where those do."""
    strong = intensities > _LEAST_SHARE * intensities.max()
    lines, intensities = lines[strong], intensities[strong]
    escaping = intensities * escape_fraction(lines)
    seen = escaping > _LEAST_SHARE / 4
    return (
        np.concatenate([lines, lines[seen] - _SILICON_K_ALPHA]),
        np.concatenate([intensities, escaping[seen]]),
    )
