"""Fluorescence of stacks of plane layers: primary, secondary, and what leaves the surface.

Each layer is cut into cells of areal mass, thin at its upper side. Excitation and escape are
exponentials at the cells' bounds; where the first cell alone would stop soft photons, the layer is
first divided into thinner ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ._numerics import NUMERICS
from ._secondary import secondary_rate
from ._tables import LineTables


@dataclass(frozen=True)
class Geometry:
    """Angles of beam and detector to the surface."""

    # incidence, take_off: angles between surface and beam, and surface and detector [degrees]
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

    `compositions` (n_stacks, n_layers, n_elements): mass fractions; the first layer is on top.
    `masses` (n_stacks, n_layers): areal masses [g/cm2]; zero for a layer that is not there. `flux`
    (n_bins,): photons of each bin of the beam. `secondary`: whether lines excite other lines.
    Returns (n_stacks, n_lines), float32: photons per steradian, times 4 pi, before air and
    detector, for the given photons.
    """
    fractions = np.asarray(compositions, dtype=np.float32)
    layers = np.asarray(masses, dtype=np.float32)
    # Photon numbers of a tube would leave float32's range when squared.
    scale = float(flux.sum())
    photons = (flux / scale).astype(np.float32)
    sin_in = np.float32(np.sin(np.radians(geometry.incidence)))
    at = np.argmin(np.abs(tables.bin_energies - NUMERICS.opaque_energy))
    hard = tables.single.attenuation_bins[:, at]
    attenuation = np.maximum(fractions @ hard, np.float32(1e-30))
    layers = np.minimum(layers, np.float32(NUMERICS.opaque_depth) * sin_in / attenuation)
    coarse = _coarse(fractions, layers, tables)
    result = np.empty((len(layers), tables.energies.size), np.float32)
    for pattern in np.unique(coarse, axis=0) if coarse.any() else coarse[:1]:
        rows = np.flatnonzero((coarse == pattern).all(axis=1))
        stacks = _divided(fractions[rows], layers[rows], pattern)
        result[rows] = _emitted(*stacks, tables, photons, geometry, secondary=secondary) * scale
    return result


def _coarse(
    fractions: NDArray[np.float32], layers: NDArray[np.float32], tables: LineTables
) -> NDArray[np.bool_]:
    """Mask of layers with cells too thick for soft photons, (n_stacks, n_layers)."""
    probes = [np.argmin(np.abs(tables.bin_energies - energy)) for energy in NUMERICS.probes]
    depths = (fractions @ tables.single.attenuation_bins[:, probes]) * layers[:, :, None]
    above = np.cumsum(depths, axis=1) - depths
    thick = depths * NUMERICS.cell_shares[0] > NUMERICS.coarse_depth
    return np.asarray((thick & (above < NUMERICS.seen_depth)).any(axis=2))


def _divided(
    fractions: NDArray[np.float32], layers: NDArray[np.float32], coarse: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Divide each coarse layer of stacks into several layers of its mixture."""
    if not coarse.any():
        return fractions, layers
    parts = np.where(coarse, NUMERICS.n_parts, 1)
    shares = np.concatenate([NUMERICS.part_shares if c else np.ones(1, np.float32) for c in coarse])
    return np.repeat(fractions, parts, axis=1), np.repeat(layers, parts, axis=1) * shares


def _emitted(
    fractions: NDArray[np.float32],
    layers: NDArray[np.float32],
    tables: LineTables,
    photons: NDArray[np.float32],
    geometry: Geometry,
    *,
    secondary: bool,
) -> NDArray[np.float64]:
    """Photons of each line that leave the stacks, cut into cells, (n_stacks, n_lines)."""
    single = tables.single
    n_stacks, n_layers = layers.shape
    n_lines = tables.energies.size
    cell_shares = NUMERICS.cell_shares
    n_cells = cell_shares.size
    sin_in = np.float32(np.sin(np.radians(geometry.incidence)))
    sin_out = np.float32(np.sin(np.radians(geometry.take_off)))
    inward = (fractions @ single.attenuation_bins) * (layers / sin_in)[:, :, None]
    outward = (fractions @ single.attenuation_lines) * layers[:, :, None]
    # Production by arriving photons per g/cm2 at the bounds of cells; exponential in between.
    arriving = _transmission(inward)
    arriving *= photons / sin_in
    rate = arriving @ single.production_bins
    # From here on only what is there: pairs of a layer and a line of an element in it.
    weights = fractions[:, :, tables.owners] * layers[:, :, None]
    pairs = np.flatnonzero(weights)
    weight = weights.ravel()[pairs]
    layer, line = np.divmod(pairs, n_lines)
    stack, level = np.divmod(layer, n_layers)
    first = (stack * rate.shape[1] + level * n_cells) * n_lines + line
    bounds = rate.ravel()[first + np.arange(n_cells + 1)[:, None] * n_lines]
    top = bounds[:-1]
    logarithm = np.log(np.maximum(bounds, np.float32(1e-30)))
    decay = logarithm[:-1] - logarithm[1:]
    shares = cell_shares[:, None]
    above = (np.cumsum(outward, axis=1) - outward).ravel()[pairs] / sin_out
    leaving = outward.ravel()[pairs] / sin_out
    cells = leaving * shares
    escaped = top * _mean_exponential(decay + cells)
    if secondary:
        emitted = top * _mean_exponential(decay)
        emitted *= shares * weight
        place = np.full(weights.size, pairs.size)
        place[pairs] = np.arange(pairs.size)
        more = secondary_rate(emitted, place.reshape(n_stacks, n_layers, n_lines), outward, tables)
        more = more.ravel()[
            (layer * n_cells * n_lines + line) + np.arange(n_cells)[:, None] * n_lines
        ]
        more *= _mean_exponential(cells)
        escaped += more
    escaped *= np.exp(-(above + leaving * NUMERICS.cell_bounds[:-1, None]))
    counts = (cell_shares @ escaped) * weight
    total = np.bincount(stack * n_lines + line, counts, n_stacks * n_lines)
    return np.asarray(total.reshape(n_stacks, n_lines))


def _transmission(depths: NDArray[np.float32]) -> NDArray[np.float32]:
    """Transmission from the surface to the bounds of all cells.

    Optical depths of shape (n_stacks, n_layers, m) give (n_stacks, n_layers * n_cells + 1, m): the
    lower bound of a layer is the upper one of the next.
    """
    n_stacks, n_layers, m = depths.shape
    n_cells = NUMERICS.cell_shares.size
    result = np.empty((n_stacks, n_layers * n_cells + 1, m), np.float32)
    above = np.cumsum(depths, axis=1)
    result[:, -1] = above[:, -1]
    above -= depths
    inner = result[:, :-1].reshape(n_stacks, n_layers, n_cells, m)
    np.multiply(depths[:, :, None], NUMERICS.cell_bounds[:-1, None], out=inner)
    inner += above[:, :, None]
    np.negative(result, out=result)
    return np.exp(result, out=result)


def _mean_exponential(depths: NDArray[np.float32]) -> NDArray[np.float32]:
    """(1 - exp(-t)) / t: the mean of exp(-s) over a cell of optical depth t."""
    safe = np.maximum(depths, np.float32(1e-6))
    return np.asarray(-np.expm1(-safe) / safe)
