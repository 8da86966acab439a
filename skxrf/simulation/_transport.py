"""Fluorescence of stacks of plane layers: primary, secondary, and what leaves the surface.

Each layer is cut into cells of areal mass, thin at its upper side. Excitation and escape are
exponentials at the cells' bounds; secondary fluorescence is the first-collision probability between
cells (Bell & Glasstone 1970, Nuclear Reactor Theory, sec. 2.8).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ._tables import LineTables

__all__ = ["Geometry", "fluorescence", "transmission"]

# Bounds of a layer's cells, as shares of its areal mass from above: near an interface secondary
# fluorescence changes fast. Finer cells change no line group by more than 1 %.
_BOUNDS = np.array([0.0, 0.015, 0.06, 0.2, 0.5, 1.0])
_SHARES = np.diff(_BOUNDS)
# Lines that excite others: the strongest of a stack, above the softest edge of interest [keV].
_N_EXCITERS = 12
_LEAST_EXCITER = 2.0
_TINY = np.float32(1e-30)


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
    compositions: NDArray[np.floating],
    masses: NDArray[np.floating],
    tables: LineTables,
    flux: NDArray[np.float64],
    geometry: Geometry,
    *,
    secondary: bool = True,
) -> NDArray[np.float32]:
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
    ndarray of shape (n_stacks, n_lines), float32
        Photons per steradian, times 4 pi, before air and detector, for the given photons.
    """
    fractions = np.asarray(compositions, dtype=np.float32)
    layers = np.asarray(masses, dtype=np.float32)
    # Photon numbers of a tube would leave float32's range when squared.
    scale = float(flux.sum())
    photons = (flux / scale).astype(np.float32)
    sin_in = np.float32(np.sin(np.radians(geometry.incidence)))
    sin_out = np.float32(np.sin(np.radians(geometry.take_off)))
    inward = _layer_depths(fractions, layers, tables.attenuation_bins) / sin_in
    outward = _layer_depths(fractions, layers, tables.attenuation_lines)
    shares = _SHARES.astype(np.float32)[:, None]
    # What arriving photons make per g/cm2 at the bounds of cells; exponential in between.
    rate = (transmission(inward) * (photons / sin_in)) @ tables.production_bins.T.astype(np.float32)
    top, bottom = rate[:, :, :-1], rate[:, :, 1:]
    decay = np.log(np.maximum(top, _TINY) / np.maximum(bottom, _TINY))
    leaving = outward / sin_out
    escape = transmission(leaving)[:, :, :-1]
    cells = leaving[:, :, None] * shares
    escaped = top * _mean_exponential(decay + cells)
    weights = fractions[:, :, tables.owners] * layers[:, :, None]
    if secondary:
        emitted = top * _mean_exponential(decay) * shares * weights[:, :, None]
        more = _secondary_rate(emitted, outward, layers, tables)
        escaped += more * _mean_exponential(cells)
    escaped *= escape * shares
    return np.asarray((escaped.sum(axis=2) * weights).sum(axis=1) * np.float32(scale))


def transmission(depths: NDArray[np.float32]) -> NDArray[np.float32]:
    """Transmission from the surface to the bounds of the cells of each layer.

    Parameters
    ----------
    depths : ndarray of shape (n_stacks, n_layers, m)
        Optical depth of each layer along the path, for m energies.

    Returns
    -------
    ndarray of shape (n_stacks, n_layers, n_cells + 1, m)
        ``exp(-t)`` at the bounds.
    """
    above = np.cumsum(depths, axis=1) - depths
    bounds = above[:, :, None] + depths[:, :, None] * _BOUNDS.astype(np.float32)[:, None]
    np.negative(bounds, out=bounds)
    return np.asarray(np.exp(bounds, out=bounds))


def _mean_exponential(depths: NDArray[np.float32]) -> NDArray[np.float32]:
    """(1 - exp(-t)) / t: the mean of exp(-s) over a cell of optical depth t."""
    safe = np.maximum(depths, np.float32(1e-6))
    return np.asarray(-np.expm1(-safe) / safe)


def _layer_depths(
    fractions: NDArray[np.float32], layers: NDArray[np.float32], table: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Optical depth of each layer at normal passage, (n_stacks, n_layers, m)."""
    return np.asarray((fractions @ table.astype(np.float32)) * layers[:, :, None])


def _secondary_rate(
    emitted: NDArray[np.float32],
    depths: NDArray[np.float32],
    layers: NDArray[np.float32],
    tables: LineTables,
) -> NDArray[np.float32]:
    """What other lines make per g/cm2 of each element, (n_stacks, n_layers, n_cells, n_lines)."""
    n_stacks, n_layers, n_cells, n_lines = emitted.shape
    total = emitted.sum(axis=(1, 2)) * (tables.energies > _LEAST_EXCITER)
    n_exciters = min(_N_EXCITERS, n_lines)
    exciters = np.argpartition(-total, n_exciters - 1, axis=1)[:, :n_exciters]
    source = np.take_along_axis(emitted.reshape(n_stacks, -1, n_lines), exciters[:, None], axis=2)
    depth = np.take_along_axis(depths, exciters[:, None], axis=2)
    cells = (depth[:, :, None] * _SHARES[:, None]).reshape(n_stacks, -1, n_exciters)
    collisions = _first_collisions(np.moveaxis(cells, 2, 1).astype(np.float64))
    hits = np.einsum("sje,sejk->ske", source, collisions.astype(np.float32), optimize=True)
    # Of the collisions in a cell, w sigma m / tau make a line.
    mass = (layers[:, :, None] * _SHARES.astype(np.float32)).reshape(n_stacks, -1, 1)
    per_mass = np.divide(mass, cells, out=np.zeros_like(hits), where=cells > 1e-12)
    per_mass *= np.divide(hits, mass, out=np.zeros_like(hits), where=mass > 0)
    production = tables.production_lines.T.astype(np.float32)[exciters]
    rate = np.matmul(per_mass, production)
    return np.asarray(rate.reshape(n_stacks, n_layers, n_cells, n_lines))


def _first_collisions(depths: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probability that an isotropic photon from cell j collides in cell k, (..., n, n)."""
    n = depths.shape[-1]
    start = np.zeros((*depths.shape[:-1], 1))
    bounds = np.concatenate([start, np.cumsum(depths, axis=-1)], axis=-1)
    rows, columns = np.triu_indices(n + 1, 1)
    e3 = np.full((*depths.shape[:-1], n + 1, n + 1), 0.5)
    e3[..., rows, columns] = _exponential_integral_3(bounds[..., columns] - bounds[..., rows])
    # Photons from j to k > j pass between the facing sides, less those between the far ones.
    safe = np.maximum(depths, 1e-12)
    j, k = np.triu_indices(n, 1)
    exchange = e3[..., j + 1, k] - e3[..., j, k] - e3[..., j + 1, k + 1] + e3[..., j, k + 1]
    exchange = np.maximum(exchange, 0) / 2
    collisions = np.zeros((*depths.shape[:-1], n, n))
    collisions[..., j, k] = exchange / safe[..., j]
    collisions[..., k, j] = exchange / safe[..., k]
    own = 1 - (0.5 - e3[..., np.arange(n), np.arange(1, n + 1)]) / safe
    collisions[..., np.arange(n), np.arange(n)] = np.where(depths > 1e-9, own, 0.0)
    return collisions


def _exponential_integral_3(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """E_3(x), from E_1 by recurrence (Abramowitz & Stegun 1964, 5.1.14)."""
    decay = np.exp(-x)
    return np.asarray((decay * (1 - x) + x**2 * _exponential_integral_1(x, decay)) / 2)


def _exponential_integral_1(
    x: NDArray[np.float64], decay: NDArray[np.float64]
) -> NDArray[np.float64]:
    """E_1(x) by the approximations 5.1.53 and 5.1.56 of Abramowitz & Stegun, to 2e-7."""
    small = np.clip(x, 1e-300, 1.0)
    below = np.polynomial.polynomial.polyval(small, _E1_BELOW) - np.log(small)
    large = np.maximum(x, 1.0)
    above = np.polynomial.polynomial.polyval(large, _E1_ABOVE[0])
    above /= np.polynomial.polynomial.polyval(large, _E1_ABOVE[1])
    return np.where(x <= 1, below, above * decay / large)


_E1_BELOW = (-0.57721566, 0.99999193, -0.24991055, 0.05519968, -0.00976004, 0.00107857)
_E1_ABOVE = (
    (0.2677737343, 8.6347608925, 18.0590169730, 8.5733287401, 1.0),
    (3.9584969228, 21.0996530827, 25.6329561486, 9.5733223454, 1.0),
)
