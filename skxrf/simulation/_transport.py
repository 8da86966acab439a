"""Fluorescence of stacks of plane layers: primary, secondary, and what leaves the surface.

Each layer is cut into cells of areal mass, thin at its upper side. Excitation and escape are
exponentials at the cells' bounds; secondary fluorescence is the first-collision probability between
cells (Bell & Glasstone 1970, Nuclear Reactor Theory, sec. 2.8).
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expn

from ._tables import LineTables

__all__ = ["Geometry", "fluorescence", "transmission"]

# Bounds of a layer's cells, as shares of its areal mass from above: near an interface secondary
# fluorescence changes fast. Finer cells change no line group by more than 1 %.
_BOUNDS = np.array([0.0, 0.003, 0.015, 0.06, 0.2, 0.5, 1.0])
_SHARES = np.diff(_BOUNDS)
# Lines that excite others: the strongest of a stack, above the softest edge of interest [keV].
_N_EXCITERS = 12
_LEAST_EXCITER = 2.0
_TINY = np.float32(1e-30)
# Below this optical depth for photons of this energy [keV] a layer adds nothing to any line: the
# cells are better spent on what is above.
_OPAQUE = (7.0, 30.0)


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
    depth, energy = _OPAQUE
    hard = tables.attenuation_bins[:, np.argmin(np.abs(tables.bin_energies - energy))]
    attenuation = np.maximum(fractions @ hard.astype(np.float32), _TINY)
    layers = np.minimum(layers, np.float32(depth) * sin_in / attenuation)
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
    collisions = _first_collisions(np.moveaxis(cells, 2, 1))
    hits = np.einsum("sje,sejk->ske", source, collisions, optimize=True)
    # Of the collisions in a cell, w sigma m / tau make a line.
    mass = (layers[:, :, None] * _SHARES.astype(np.float32)).reshape(n_stacks, -1, 1)
    per_mass = np.divide(mass, cells, out=np.zeros_like(hits), where=cells > 1e-12)
    per_mass *= np.divide(hits, mass, out=np.zeros_like(hits), where=mass > 0)
    production = tables.production_lines.T.astype(np.float32)[exciters]
    rate = np.matmul(per_mass, production)
    return np.asarray(rate.reshape(n_stacks, n_layers, n_cells, n_lines))


def _first_collisions(depths: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probability that an isotropic photon from cell j collides in cell k, (..., n, n)."""
    n = depths.shape[-1]
    bounds = np.zeros((*depths.shape[:-1], n + 1), np.float32)
    np.cumsum(depths, axis=-1, out=bounds[..., 1:])
    e3 = _exponential_integral_3(np.abs(bounds[..., :, None] - bounds[..., None, :]))
    # Photons from j to k pass between the facing sides, less those between the far ones.
    exchange = e3[..., 1:, :-1] - e3[..., :-1, :-1] - e3[..., 1:, 1:] + e3[..., :-1, 1:]
    np.abs(exchange, out=exchange)
    safe = np.maximum(depths, np.float32(1e-9))
    exchange /= 2 * safe[..., None]
    cells = np.arange(n)
    own = 1 - (0.5 - e3[..., cells, cells + 1]) / safe
    exchange[..., cells, cells] = np.where(depths > 1e-5, own, 0.0)
    return np.asarray(exchange)


def _exponential_integral_3(x: NDArray[np.float32]) -> NDArray[np.float32]:
    """E_3(x) by linear interpolation in the square root of x, to 1e-7."""
    table, steps = _table_of_e3()
    position = np.sqrt(x)
    position *= np.float32(steps)
    np.minimum(position, np.float32(table.size - 2), out=position)
    below = position.astype(np.int32)
    position -= below
    low = table[below]
    below += 1
    return np.asarray(low + (table[below] - low) * position)


@functools.cache
def _table_of_e3() -> tuple[NDArray[np.float32], int]:
    """E_3 at the squares of equidistant points up to x = 36, where it is 1e-17."""
    steps = 2000
    points = np.arange(6 * steps + 2) / steps
    return expn(3, points**2).astype(np.float32), steps
