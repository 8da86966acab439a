"""Fluorescence of stacks of plane layers: primary, secondary, and what leaves the surface.

Each layer is cut into cells of areal mass, thin at its upper side. Excitation and escape are
exponentials at the cells; secondary fluorescence is the first-collision probability between
cells (Bell & Glasstone 1970, Nuclear Reactor Theory, sec. 2.8).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ._tables import LineTables

__all__ = ["Geometry", "fluorescence"]

Array = NDArray[np.float64]

# Cells of a layer, as shares of its areal mass from above: soft lines come from its skin.
_CELLS = np.array([0.0, 0.01, 0.03, 0.08, 0.18, 0.38, 0.68, 1.0])
# Lines that excite others: the strongest of a stack, above the softest edge of interest [keV].
_N_EXCITERS = 14
_LEAST_EXCITER = 2.0


@dataclass(frozen=True)
class Geometry:
    """Angles of beam and detector to the surface.

    Parameters
    ----------
    incidence, take_off : float
        Angles between surface and beam, and surface and detector [degrees].
    """

    incidence: float = 90.0
    take_off: float = 45.0


def fluorescence(
    compositions: Array,
    masses: Array,
    tables: LineTables,
    flux: Array,
    geometry: Geometry,
    *,
    secondary: bool = True,
) -> Array:
    """Photons of each line that leave stacks of layers towards the detector.

    Parameters
    ----------
    compositions : ndarray of shape (n_stacks, n_layers, n_elements)
        Mass fractions; the first layer is on top.
    masses : ndarray of shape (n_stacks, n_layers)
        Areal masses [g/cm2]; zero for a layer that is not there.
    tables : LineTables
        Cross sections.
    flux : ndarray of shape (n_bins,)
        Photons of each bin of the beam.
    geometry : Geometry
        Angles.
    secondary : bool
        Whether lines excite other lines.

    Returns
    -------
    ndarray of shape (n_stacks, n_lines)
        Photons per steradian, times 4 pi, before air and detector.
    """
    n_stacks = len(compositions)
    shares = np.diff(_CELLS)
    cells = (masses[:, :, None] * shares).reshape(n_stacks, -1)  # areal mass of each cell
    n_cells = cells.shape[1]
    sin_in = np.sin(np.radians(geometry.incidence))
    sin_out = np.sin(np.radians(geometry.take_off))

    def per_cell(table: Array) -> Array:
        """Optical depth of each cell for each column of a table, (n_stacks, n_cells, m)."""
        layers = compositions @ table
        return np.repeat(layers, shares.size, axis=1) * cells[:, :, None]

    inward = per_cell(tables.attenuation_bins) / sin_in
    outward = per_cell(tables.attenuation_lines)
    # Photons of each bin at each cell, averaged over the cell, along the beam's path.
    arriving = flux * _attenuated_above(inward) * _mean_transmission(inward) / sin_in
    per_mass = arriving @ tables.production_bins.T
    weights = np.repeat(compositions, shares.size, axis=1)[:, :, tables.owners]
    emitted = per_mass * weights * cells[:, :, None]
    if secondary:
        emitted = emitted + _secondary(emitted, weights, outward, cells, tables)
    leaving = outward / sin_out
    escaped = emitted * _attenuated_above(leaving) * _mean_transmission(leaving)
    return np.asarray(escaped.reshape(n_stacks, n_cells, -1).sum(axis=1))


def _attenuated_above(depths: Array) -> Array:
    """Transmission of all cells above each, (n_stacks, n_cells, m)."""
    above = np.cumsum(depths, axis=1) - depths
    return np.asarray(np.exp(-above))


def _mean_transmission(depths: Array) -> Array:
    """(1 - exp(-t)) / t: the mean of exp(-s) over a cell of optical depth t."""
    safe = np.maximum(depths, 1e-8)
    return np.asarray(-np.expm1(-safe) / safe)


def _secondary(
    emitted: Array, weights: Array, depths: Array, cells: Array, tables: LineTables
) -> Array:
    """Photons of each line in each cell that other lines have excited."""
    n_lines = emitted.shape[2]
    total = emitted.sum(axis=1) * (tables.energies > _LEAST_EXCITER)
    exciters = np.argsort(-total, axis=1)[:, : min(_N_EXCITERS, n_lines)]
    pick = exciters[:, None, :]
    source = np.take_along_axis(emitted, pick, axis=2)
    depth = np.take_along_axis(depths, pick, axis=2)
    collisions = _first_collisions(np.moveaxis(depth, 2, 1))  # (n_stacks, n_exciters, n, n)
    # Collisions in cell k of photons of exciter e, from all cells j.
    hits = np.einsum("sje,sejk->ske", source, collisions)
    # Of the collisions in a cell, the share that makes a line: w sigma m / tau.
    mass_over_depth = np.divide(cells[:, :, None], depth, out=np.zeros_like(depth), where=depth > 0)
    rates = hits * mass_over_depth
    production = tables.production_lines.T[exciters]  # (n_stacks, n_exciters, n_lines)
    return np.asarray(np.matmul(rates, production) * weights)


def _first_collisions(depths: Array) -> Array:
    """Probability that an isotropic photon from cell j collides in cell k, (..., n, n)."""
    n = depths.shape[-1]
    bounds = np.concatenate(
        [np.zeros((*depths.shape[:-1], 1)), np.cumsum(depths, axis=-1)], axis=-1
    )
    e3 = _exponential_integral_3(np.abs(bounds[..., :, None] - bounds[..., None, :]))
    second = e3[..., 1:, :-1] - e3[..., :-1, :-1] - e3[..., 1:, 1:] + e3[..., :-1, 1:]
    safe = np.maximum(depths, 1e-12)[..., :, None]
    upper = np.triu(np.ones((n, n), dtype=bool), 1)
    between = np.where(upper, second, np.swapaxes(second, -1, -2)) / (2 * safe)
    own = 1 - (0.5 - _exponential_integral_3(depths)) / np.maximum(depths, 1e-12)
    diagonal = np.arange(n)
    between[..., diagonal, diagonal] = np.where(depths > 1e-9, own, 0.0)
    return np.asarray(np.maximum(between, 0.0))


def _exponential_integral_3(x: Array) -> Array:
    """E_3(x) = integral of exp(-x t) / t**3 from 1 to infinity."""
    from scipy.special import expn

    return np.asarray(expn(3, x))
