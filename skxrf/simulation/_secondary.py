"""Secondary fluorescence: lines that excite other lines, between the cells of plane layers.

The first-collision probability between cells (Bell & Glasstone 1970, Nuclear Reactor Theory,
sec. 2.8) is a second difference of the exponential integral E3 of optical depths, so that a sum
over cells is a difference of one product with E3.
"""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray
from scipy.special import expn

from skxrf.utils.typing import Float32Array

from ._numerics import NUMERICS
from ._tables import LineTables


def secondary_rate(
    emitted: Float32Array, places: NDArray[np.intp], depths: Float32Array, tables: LineTables
) -> Float32Array:
    """Secondary fluorescence rate of each line, per g/cm2 of its element.

    `emitted` (n_cells, n_pairs), float32: photons of a line that each cell of a layer emits, for
    the pairs of a layer and a line that are there. `places` (n_stacks, n_layers, n_lines), int:
    index of the pair; `n_pairs` for a missing one. `depths` (n_stacks, n_layers, n_lines), float32:
    optical depth of each layer for each line at normal passage. Returns
    (n_stacks, n_layers, n_cells, n_lines), float32: photons of each line, were its element all of
    the cell.
    """
    n_stacks, n_layers, n_lines = places.shape
    n_cells = len(emitted)
    held = np.concatenate([emitted, np.zeros((n_cells, 1), np.float32)], axis=1)
    total = held.sum(axis=0)[places].sum(axis=1) * tables.single.energies
    n_exciters = min(NUMERICS.n_exciters, n_lines)
    exciters = np.argpartition(-total, n_exciters - 1, axis=1)[:, :n_exciters]
    chosen = np.take_along_axis(places, exciters[:, None], axis=2)
    # (n_stacks, n_exciters, n_layers * n_cells), from above.
    source = np.moveaxis(held[:, chosen], (0, 3), (3, 1)).reshape(n_stacks, n_exciters, -1)
    depth = np.take_along_axis(depths, exciters[:, None], axis=2)
    cells = (np.moveaxis(depth, 2, 1)[..., None] * NUMERICS.cell_shares).reshape(source.shape)
    hits = _collisions(source, cells)
    # Of the collisions in a cell of optical depth tau, w sigma m / tau make a line.
    per_mass = np.divide(hits, cells, out=np.zeros_like(hits), where=cells > 1e-12)
    rate = np.matmul(np.swapaxes(per_mass, 1, 2), tables.single.production_lines[exciters])
    return np.asarray(rate.reshape(n_stacks, n_layers, n_cells, n_lines))


def _collisions(source: Float32Array, depths: Float32Array) -> Float32Array:
    """First collisions in each cell of isotropic photons from all cells, (..., n)."""
    n = depths.shape[-1]
    bounds = np.zeros((*depths.shape[:-1], n + 1), np.float32)
    np.cumsum(depths, axis=-1, out=bounds[..., 1:])
    e3 = _exponential_integral_3(np.abs(bounds[..., :, None] - bounds[..., None, :]))
    density = source / (2 * np.maximum(depths, np.float32(1e-9)))
    steps = np.zeros_like(bounds)
    steps[..., 1:] = density
    steps[..., :-1] -= density
    sums = np.matmul(e3, steps[..., None])[..., 0]
    cell = np.arange(n)
    itself = density * (1 - 2 * e3[..., cell, cell + 1])
    own = np.where(depths > np.float32(NUMERICS.least_self_depth), source, itself)
    return np.asarray(np.maximum(sums[..., :-1] - sums[..., 1:] + own, np.float32(0)))


def _exponential_integral_3(x: Float32Array) -> Float32Array:
    """E_3(x) by linear interpolation in the square root of x, to 1e-7."""
    table, slopes, steps = _table_of_e3()
    position = np.sqrt(x)
    position *= np.float32(steps)
    np.minimum(position, np.float32(table.size - 2), out=position)
    below = position.astype(np.int32)
    position -= below
    position *= slopes.take(below)
    position += table.take(below)
    return position


@functools.cache
def _table_of_e3() -> tuple[Float32Array, Float32Array, int]:
    """E_3 at the squares of equidistant points up to x = 36, where it is 1e-17, and its steps."""
    steps = 2000
    points = np.arange(6 * steps + 2) / steps
    table = expn(3, points**2)
    return table.astype(np.float32), np.append(np.diff(table), 0).astype(np.float32), steps
