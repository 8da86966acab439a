"""Expected spectra of the samples that were measured."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from benchmarks.measured_files import FILTERS, Measured
from skxrf.physics._xraylib import mass_fractions
from skxrf.simulation import Instrument
from skxrf.simulation._beam import Beam
from skxrf.simulation._optics import HELIUM, Absorber, Polycapillary
from skxrf.simulation._scatter import scatter_tables, scattered_photons
from skxrf.simulation._scatter_spectra import scatter_spectra
from skxrf.simulation._tables import LineTables, line_tables
from skxrf.simulation._transport import fluorescence

Array = NDArray[np.float64]

# Calcium without any mass: a sample without lines has no tables.
ACRYLIC = {**mass_fractions("C5H8O2"), "Ca": 0.0}
# Fitted to the unfiltered Mo spectrum: how thick the acrylic is was not written down [g/cm2].
ACRYLIC_MASS = 0.40 * 1.18
_N_LAYERS = 14


def m4(anode: str, filter_name: str, measured: Measured) -> Instrument:
    """The M4 with one of its two tubes and a filter, on the axis of a measured spectrum."""
    instrument = replace(
        Instrument.m4_tornado(),
        filters=tuple(Absorber(metal, thickness) for metal, thickness in FILTERS[filter_name]),
    ).with_axis(measured.offset, measured.gain, measured.counts.size)
    if anode == "Mo":  # header: 200 um of beryllium, a collimator
        instrument = replace(instrument, anode="Mo", tube_window=Absorber("Be", 200.0), lens=None)
    return instrument


def m6_in_helium(measured: Measured) -> Instrument:
    """The M6 as the one spectrum was measured."""
    return replace(Instrument.m6_jetstream(), gas=HELIUM).with_axis(
        measured.offset, measured.gain, measured.counts.size
    )


@dataclass(frozen=True)
class Expected:
    """Expected spectra of one sample, relative."""

    tables: LineTables  # lines of the sample
    lines: Array  # (n_lines,): net counts of each line
    scatter: Array
    """(3, n_channels): spectra of what is scattered elastically, inelastically, and more than
    once."""
    tube_lines: Array  # (2, n_channels): the share of the tube's K lines in the first two
    response: Array  # (n_lines, n_channels): spectra of the lines

    @property
    def spectrum(self) -> Array:
        """All of it."""
        return self.lines @ self.response + self.scatter.sum(axis=0)


def expected(instrument: Instrument, sample: Mapping[str, float], mass: float) -> Expected:
    """Expected spectrum of one homogeneous sample of an areal mass [g/cm2]."""
    return _expected(instrument, tuple(sample.items()), mass)


@functools.lru_cache(maxsize=64)
def _expected(
    instrument: Instrument, shares: tuple[tuple[str, float], ...], mass: float
) -> Expected:
    sample = dict(shares)
    elements = tuple(sample)
    beam = instrument.beam()
    # Thin layers above, thick ones below: cells of one thick layer are coarse for soft photons.
    masses = mass * np.diff(np.geomspace(1e-4, 1.0, _N_LAYERS), prepend=0.0)
    stack = np.array([[list(sample.values())] * _N_LAYERS]), masses[None]
    tables = line_tables(elements, beam, instrument.voltage)
    lines = fluorescence(*stack, tables, beam.bin_flux(), instrument.geometry)[0]
    parts = _scatter_parts(instrument, beam, elements, stack)
    hard_lines = beam.binned(beam.energies) > 10
    hard_lines[: int(beam.bins[: beam.n_continuum].max()) + 1] = False
    return Expected(
        tables,
        lines * instrument.efficiency(tables.energies),
        np.array([photons @ spectra for photons, spectra in parts]),
        np.array([photons[hard_lines] @ spectra[hard_lines] for photons, spectra in parts[:2]]),
        instrument.response(tables.energies),
    )


def _scatter_parts(
    instrument: Instrument, beam: Beam, elements: tuple[str, ...], stack: tuple[Array, Array]
) -> list[tuple[Array, Array]]:
    """Photons by bin, and the spectra of single ones, of each kind of scatter."""
    shares = dict(zip(elements, stack[0][0, 0], strict=True))  # the same in all layers
    angle = instrument.scattering_angle
    spectra = scatter_spectra(beam, angle, matrix=shares)
    seen = instrument.efficiency(spectra.energies)[:, None] * instrument.response(spectra.energies)
    photons = scattered_photons(*stack, scatter_tables(elements, beam, angle), instrument.geometry)
    kinds = (spectra.rayleigh, spectra.compton, spectra.multiple)
    return [(kind[0], rows @ seen) for kind, rows in zip(photons, kinds, strict=True)]


def fit_lens(measured: Measured, filter_name: str) -> Polycapillary:
    """Fit the four numbers of the lens to one acrylic spectrum, 5 to 35 keV in bands of 1 keV."""
    instrument = replace(m4("Rh", filter_name, measured), lens=None)
    beam = instrument.beam()
    stack = np.array([[list(ACRYLIC.values())]]), np.array([[ACRYLIC_MASS]])
    parts = _scatter_parts(instrument, beam, tuple(ACRYLIC), stack)
    edges = np.arange(5.0, 35.5, 1.0)
    inside = np.digitize(measured.energy, edges) - 1
    select = (inside[:, None] == np.arange(edges.size - 1)).astype(np.float64)
    per_bin = sum(photons[:, None] * (spectra @ select) for photons, spectra in parts)
    energies, counted = beam.binned(beam.energies), measured.counts @ select

    def residuals(parameters: Array) -> Array:
        lens = Polycapillary(*parameters)
        logs = np.log((lens.transmission(energies) @ per_bin) / counted)
        return np.asarray(logs - logs.mean())

    fit = least_squares(residuals, [15, 3, 0.05, 1], bounds=([3, 1, 0, 0], [60, 12, 1, 50]))
    return Polycapillary(*(float(value) for value in fit.x))
