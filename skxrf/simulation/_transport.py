"""Fluorescence of stacks of plane layers: primary, secondary, and what leaves the surface.

Each layer is cut into cells of areal mass, thin at its upper side. Excitation and escape are
exponentials at the cells' bounds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ._secondary import CELL_BOUNDS, CELL_SHARES, secondary_rate
from ._tables import LineTables

__all__ = ["Geometry", "fluorescence"]

_N_CELLS = CELL_SHARES.size
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
    single = tables.single
    n_stacks, n_layers = layers.shape
    n_lines = tables.energies.size
    # Photon numbers of a tube would leave float32's range when squared.
    scale = float(flux.sum())
    photons = (flux / scale).astype(np.float32)
    sin_in = np.float32(np.sin(np.radians(geometry.incidence)))
    sin_out = np.float32(np.sin(np.radians(geometry.take_off)))
    depth, energy = _OPAQUE
    hard = single.attenuation_bins[:, np.argmin(np.abs(tables.bin_energies - energy))]
    attenuation = np.maximum(fractions @ hard, _TINY)
    layers = np.minimum(layers, np.float32(depth) * sin_in / attenuation)
    inward = (fractions @ single.attenuation_bins) * (layers / sin_in)[:, :, None]
    outward = (fractions @ single.attenuation_lines) * layers[:, :, None]
    # What arriving photons make per g/cm2 at the bounds of cells; exponential in between.
    arriving = _transmission(inward)
    arriving *= photons / sin_in
    rate = arriving @ single.production_bins
    # From here on only what is there: pairs of a layer and a line of an element in it.
    weights = fractions[:, :, tables.owners] * layers[:, :, None]
    pairs = np.flatnonzero(weights)
    weight = weights.ravel()[pairs]
    layer, line = np.divmod(pairs, n_lines)
    stack, level = np.divmod(layer, n_layers)
    first = (stack * rate.shape[1] + level * _N_CELLS) * n_lines + line
    bounds = rate.ravel()[first + np.arange(_N_CELLS + 1)[:, None] * n_lines]
    top = bounds[:-1]
    logarithm = np.log(np.maximum(bounds, _TINY))
    decay = logarithm[:-1] - logarithm[1:]
    shares = CELL_SHARES[:, None]
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
            (layer * _N_CELLS * n_lines + line) + np.arange(_N_CELLS)[:, None] * n_lines
        ]
        more *= _mean_exponential(cells)
        escaped += more
    escaped *= np.exp(-(above + leaving * CELL_BOUNDS[:-1, None]))
    counts = (CELL_SHARES @ escaped) * weight
    total = np.bincount(stack * n_lines + line, counts, n_stacks * n_lines)
    return np.asarray((total * scale).reshape(n_stacks, n_lines).astype(np.float32))


def _transmission(depths: NDArray[np.float32]) -> NDArray[np.float32]:
    """Transmission from the surface to the bounds of all cells.

    Optical depths of shape (n_stacks, n_layers, m) give (n_stacks, n_layers * n_cells + 1, m): the
    lower bound of a layer is the upper one of the next.
    """
    n_stacks, n_layers, m = depths.shape
    result = np.empty((n_stacks, n_layers * _N_CELLS + 1, m), np.float32)
    above = np.cumsum(depths, axis=1)
    result[:, -1] = above[:, -1]
    above -= depths
    inner = result[:, :-1].reshape(n_stacks, n_layers, _N_CELLS, m)
    np.multiply(depths[:, :, None], CELL_BOUNDS[:-1, None], out=inner)
    inner += above[:, :, None]
    np.negative(result, out=result)
    return np.exp(result, out=result)


def _mean_exponential(depths: NDArray[np.float32]) -> NDArray[np.float32]:
    """(1 - exp(-t)) / t: the mean of exp(-s) over a cell of optical depth t."""
    safe = np.maximum(depths, np.float32(1e-6))
    return np.asarray(-np.expm1(-safe) / safe)
