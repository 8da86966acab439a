"""Forward model: from layer stacks to expected counts of the detector."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skxrf.exceptions import LineGroupError, SkxrfError
from skxrf.physics import _xraylib
from skxrf.utils.typing import Float32Array

from ._air import gas_photons
from ._instrument import Instrument
from ._numerics import NUMERICS
from ._scatter import scatter_tables, scattered_photons
from ._scatter_spectra import scatter_spectra
from ._tables import line_tables
from ._transport import fluorescence


@dataclass(frozen=True)
class AxisError:
    """Errors of the energy axis and of the resolution."""

    offset: float = 0.0  # true energy of the nominal zero [keV]
    gain: float = 1.0  # true keV per nominal keV
    fwhm_factor: float = 1.0  # widening of all peaks


@dataclass(frozen=True)
class Photons:
    """Photons of stacks of layers that are counted in full-energy peaks, at a dose of one."""

    lines: Float32Array  # (n_stacks, n_lines): counts of each line of the model's tables
    scatter: Float32Array
    """(n_stacks, 3 * n_bins): photons scattered once elastically, once inelastically, and more
    than once, by the bin that they had in the beam; before air and detector."""

    def __len__(self) -> int:
        """Number of stacks."""
        return len(self.lines)

    def chosen(self, rows: NDArray[np.bool_]) -> Photons:
        """Select stacks.

        Parameters
        ----------
        rows : ndarray of shape (n_stacks,), bool
            Selection.
        """
        return Photons(self.lines[rows], self.scatter[rows])


@dataclass(frozen=True)
class Templates:
    """Spectra that photons are drawn with, on one axis."""

    lines: Float32Array
    """(n_lines, n_channels): one net count of each line; tail, shelf and escape peak on top."""
    scatter: Float32Array
    """(3 * n_bins, n_channels): one photon scattered from each bin, in the order of
    :class:`Photons`."""
    gas: Float32Array  # (n_channels,): gas before the object, at a dose of one

    def spectra(self, photons: Photons) -> Float32Array:
        """Expected spectra at a dose of one.

        Returns
        -------
        ndarray of shape (n_stacks, n_channels), float32
            Expected counts.
        """
        return np.asarray(photons.lines @ self.lines + photons.scatter @ self.scatter + self.gas)


class ForwardModel:
    """Expected spectra and true net intensities of layer stacks, as an instrument sees them.

    Parameters
    ----------
    elements : tuple of str
        Elements that the stacks may contain; the last axis of all compositions.
    instrument : Instrument
        The scanner.

    Raises
    ------
    SkxrfError
        If there is no such element.
    """

    def __init__(self, elements: tuple[str, ...], instrument: Instrument) -> None:
        unknown = [symbol for symbol in elements if not 1 <= _xraylib.atomic_number(symbol) <= 92]
        if unknown or not elements:
            raise SkxrfError(
                f"{', '.join(map(repr, unknown)) or 'an empty list'} cannot be simulated: expected "
                "chemical symbols from H to U."
            )
        self.elements = elements
        self.instrument = instrument
        self.beam = instrument.beam()
        self.tables = line_tables(elements, self.beam, instrument.voltage)
        self.flux = self.beam.bin_flux()
        self.scatter_tables = scatter_tables(elements, self.beam, instrument.scattering_angle)
        self.scatter_spectra = scatter_spectra(self.beam, instrument.scattering_angle)
        self.efficiency = instrument.efficiency(self.tables.energies).astype(np.float32)
        self.gas = gas_photons(instrument)
        self._gas_efficiency = instrument.efficiency(self.gas.tables.energies)
        self._scatter_efficiency = instrument.efficiency(self.scatter_spectra.energies)

    def photons(self, compositions: NDArray[np.floating], masses: NDArray[np.floating]) -> Photons:
        """Fluorescence and scatter of stacks.

        Parameters
        ----------
        compositions : ndarray of shape (n_stacks, n_layers, n_elements)
            Mass fractions; the first layer is on top.
        masses : ndarray of shape (n_stacks, n_layers)
            Areal masses [g/cm2].

        Returns
        -------
        Photons
            At a dose of one.

        Raises
        ------
        SkxrfError
            If the arrays do not fit each other and the model's elements, or contain what is
            negative or not a number.
        """
        _check_stacks(compositions, masses, self.elements)
        geometry = self.instrument.geometry
        lines = np.empty((len(masses), self.tables.energies.size), np.float32)
        scatter = np.empty((len(masses), 3 * self.flux.size), np.float32)
        for rows, compact, present in _blocks(compositions, masses):
            lines[rows] = fluorescence(compact, present, self.tables, self.flux, geometry)
            scattered = scattered_photons(compact, present, self.scatter_tables, geometry)
            scatter[rows] = np.concatenate(scattered, axis=1)
        lines *= self.efficiency
        return Photons(lines, scatter)

    def templates(self, error: AxisError | None = None) -> Templates:
        """Spectra of lines, of scattered photons, and of the gas before the object.

        Parameters
        ----------
        error : AxisError, optional
            Error of axis and resolution; default none.

        Returns
        -------
        Templates
            On the instrument's channels.
        """
        error = error or AxisError()
        options = {"offset": error.offset, "gain": error.gain, "fwhm_factor": error.fwhm_factor}
        spectra = self.scatter_spectra
        response = self.instrument.response(spectra.energies, **options)
        response *= self._scatter_efficiency[:, None]
        kinds = np.concatenate([spectra.rayleigh, spectra.compton, spectra.multiple])
        scatter = kinds @ response
        gas_lines = self.instrument.response(self.gas.tables.energies, **options)
        gas = (self.gas.lines * self._gas_efficiency) @ gas_lines
        gas += self.gas.scatter.ravel() @ scatter
        lines = self.instrument.response(self.tables.energies, **options)
        return Templates(
            lines.astype(np.float32), scatter.astype(np.float32), gas.astype(np.float32)
        )

    def intensities(self, photons: Photons, groups: Sequence[str]) -> Float32Array:
        """True net intensities of line groups.

        Parameters
        ----------
        photons : Photons
            Of n_stacks stacks, at a dose of one.
        groups : sequence of str
            Line groups.

        Returns
        -------
        ndarray of shape (n_stacks, n_groups), float32
            Net counts of all lines of each group at a dose of one, those of the gas included.

        Raises
        ------
        LineGroupError
            If neither the elements of the model nor the gas give such a line group.
        """
        known = np.union1d(self.tables.groups, self.gas.tables.groups)
        unknown = [name for name in groups if name not in known]
        if unknown:
            raise LineGroupError(
                f"nothing in the simulation gives {', '.join(unknown)}: choose from "
                f"{', '.join(known)}."
            )
        names = np.asarray(groups)
        member = (self.tables.groups[:, None] == names).astype(np.float32)
        constant = self.gas_intensities(groups)
        return np.asarray(photons.lines @ member + constant.astype(np.float32))

    def gas_intensities(self, groups: Sequence[str]) -> NDArray[np.float64]:
        """Net intensities of line groups in the gas before the object.

        Parameters
        ----------
        groups : sequence of str
            Line groups; those that the gas does not give are 0.

        Returns
        -------
        ndarray of shape (n_groups,)
            Net counts at a dose of one.
        """
        member = self.gas.tables.groups[:, None] == np.asarray(groups)
        return np.asarray((self.gas.lines * self._gas_efficiency) @ member)


def _check_stacks(
    compositions: NDArray[np.floating], masses: NDArray[np.floating], elements: tuple[str, ...]
) -> None:
    expected = (*np.shape(masses), len(elements))
    if np.ndim(masses) != 2 or np.shape(compositions) != expected:
        raise SkxrfError(
            f"compositions of shape {np.shape(compositions)} and masses of shape "
            f"{np.shape(masses)}: expected (n_stacks, n_layers, {len(elements)}), one mass fraction "
            f"for each of {', '.join(elements)}, and (n_stacks, n_layers)."
        )
    for name, values in (("masses [g/cm2]", masses), ("compositions", compositions)):
        if not np.min(values, initial=0.0) >= 0 or not np.max(values, initial=0.0) < np.inf:
            raise SkxrfError(f"{name} must be 0 or more and finite, as thicknesses and shares are.")


def _blocks(
    compositions: NDArray[np.floating], masses: NDArray[np.floating]
) -> Iterator[tuple[NDArray[np.intp], Float32Array, Float32Array]]:
    """Yield few stacks at a time, without empty layers: work fits into a cache.

    Yields which stacks, their compositions and their areal masses; all stacks of a block have
    equally many layers.
    """
    there = np.asarray(masses) > 0
    order = np.argsort(~there, axis=1, kind="stable")
    # A stack of nothing keeps one layer without mass.
    n_layers = np.maximum(there.sum(axis=1), 1)
    for n in np.unique(n_layers):
        same = np.flatnonzero(n_layers == n)
        for start in range(0, same.size, NUMERICS.n_stacks):
            rows = same[start : start + NUMERICS.n_stacks]
            present = order[rows, :n]
            at = rows[:, None], present
            yield rows, compositions[at].astype(np.float32), masses[at].astype(np.float32)
