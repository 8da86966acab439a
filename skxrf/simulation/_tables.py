"""Cross sections of a set of elements in a beam, tabulated once."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from skxrf.exceptions import LineGroupError
from skxrf.physics import LineGroup, _xraylib, line_group
from skxrf.utils.typing import Array

from ._beam import Beam
from ._numerics import NUMERICS


@dataclass(frozen=True)
class LineTables:
    """Attenuation and line production of a set of elements."""

    elements: tuple[str, ...]  # the elements, n_elements of them
    groups: NDArray[np.str_] = field(repr=False)
    """(n_lines,): line group of each line (each is a cluster of lines of almost one energy)."""
    owners: NDArray[np.intp] = field(repr=False)
    """(n_lines,), int: index of the element of each line."""
    energies: Array = field(repr=False)  # (n_lines,): energies [keV]
    bin_energies: Array = field(repr=False)  # (n_bins,): mean energies of the beam's bins [keV]
    attenuation_bins: Array = field(repr=False)
    """(n_elements, n_bins): total mass attenuation [cm2/g] of the beam's bins."""
    attenuation_lines: Array = field(repr=False)  # (n_elements, n_lines): the same of the lines
    production_bins: Array = field(repr=False)
    """(n_lines, n_bins): line production cross section [cm2/g of the element] of the beam's
    bins."""
    production_lines: Array = field(repr=False)
    """(n_lines, n_lines): the same for lines (columns) that excite lines (rows)."""

    @functools.cached_property
    def single(self) -> SingleTables:
        """The cross sections in single precision, as they are multiplied with."""
        return SingleTables(
            *(
                np.ascontiguousarray(table, dtype=np.float32)
                for table in (
                    self.attenuation_bins,
                    self.attenuation_lines,
                    self.production_bins.T,
                    self.production_lines.T,
                    self.energies,
                )
            )
        )


class SingleTables(NamedTuple):
    """Energies and cross sections in single precision; production by what excites (rows)."""

    attenuation_bins: NDArray[np.float32]
    attenuation_lines: NDArray[np.float32]
    production_bins: NDArray[np.float32]
    production_lines: NDArray[np.float32]
    energies: NDArray[np.float32]


def line_tables(elements: tuple[str, ...], beam: Beam, voltage: float) -> LineTables:
    """Tabulate attenuation and line production for elements in a beam.

    `beam`: the beam at the object; cross sections are averaged over its photons in each bin.
    `voltage`: tube voltage [kV]. Cross sections from xraylib: Kissel photoionization with
    full cascades for the lines (Schoonjans et al. 2011, Spectrochim. Acta B 66, 776).
    """
    numbers = [_xraylib.atomic_number(symbol) for symbol in elements]
    groups, owners, energies, members = [], [], [], []
    for index, symbol in enumerate(elements):
        for shell in "KLM":
            group = _group(f"{symbol}_{shell}", voltage)
            if group is None:
                continue
            for lines in _clusters(group):
                share = group.intensities[lines]
                groups.append(group.name)
                owners.append(index)
                energies.append(float(np.average(group.energies[lines], weights=share)))
                members.append(tuple(group.lines[i] for i in lines))
    line_energies = np.array(energies)
    at_beam = np.array([_attenuations(z, tuple(beam.energies)) for z in numbers])
    at_lines = np.array([_attenuations(z, tuple(line_energies)) for z in numbers])
    made = list(zip(owners, members, strict=True))
    production_beam, production_lines = (
        # A gas such as helium has no lines at all: still a table, of no rows.
        np.reshape(
            [_production(numbers[owner], lines, tuple(grid)) for owner, lines in made],
            (len(made), grid.size),
        )
        for grid in (beam.energies, line_energies)
    )
    return LineTables(
        elements,
        np.array(groups, dtype=str),
        np.array(owners, dtype=np.intp),
        line_energies,
        beam.binned(beam.energies),
        beam.binned(at_beam),
        at_lines,
        beam.binned(production_beam),
        production_lines,
    )


def _group(name: str, voltage: float) -> LineGroup | None:
    try:
        group = line_group(name, tube_voltage=voltage)
    except LineGroupError:
        return None
    return group if group.energies.max() > NUMERICS.softest_line else None


def _clusters(group: LineGroup) -> list[list[int]]:
    """Indices of the lines of each cluster, by energy."""
    kept = [
        int(i)
        for i in np.argsort(group.energies)
        if group.intensities[i] > NUMERICS.least_share and group.energies[i] > NUMERICS.softest_line
    ]
    clusters: list[list[int]] = []
    for i in kept:
        same = (
            clusters
            and group.energies[i] - group.energies[clusters[-1][0]] < NUMERICS.cluster_width
            and group.lines[i].rstrip("0123456789")[:1] == group.lines[clusters[-1][0]][:1]
        )
        if same:
            clusters[-1].append(i)
        else:
            clusters.append([i])
    return clusters


@functools.lru_cache(maxsize=512)
def _attenuations(number: int, energies: tuple[float, ...]) -> Array:
    return np.array([_xraylib.total_attenuation(number, energy) for energy in energies])


def _production(number: int, lines: tuple[str, ...], energies: tuple[float, ...]) -> Array:
    """Production cross section [cm2/g] of some lines of one element together."""
    total = np.zeros(len(energies))
    for line in lines:
        subshell = "K" if line[0] == "K" else line[:2]
        rate = _xraylib.radiative_rate(number, line)
        total += rate * _subshell_fluorescence(number, subshell, energies)
    return total


@functools.lru_cache(maxsize=4096)
def _subshell_fluorescence(number: int, subshell: str, energies: tuple[float, ...]) -> Array:
    return np.array(
        [_xraylib.subshell_cross_section(number, subshell, energy) for energy in energies]
    )
