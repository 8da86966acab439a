"""Numerical settings of the forward model: cells, grids, and the lines that are followed."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from skxrf.utils.typing import Float32Array


@dataclass(frozen=True)
class Numerics:
    """Discretization of layers, energies and lines."""

    bounds: tuple[float, ...] = (0.0, 0.003, 0.015, 0.06, 0.2, 0.5, 1.0)
    """Bounds of a layer's cells, as shares of its areal mass from above: secondary fluorescence
    changes fast near an interface. Finer cells change no line group by more than 1 %."""
    # opaque_depth, opaque_energy: optical depth of a layer for photons of an energy [keV] below
    # which the rest of it adds nothing to any line.
    opaque_depth: float = 7.0
    opaque_energy: float = 30.0
    probes: tuple[float, ...] = (3.0, 4.0, 6.0, 9.0, 14.0)
    """Energies [keV] at which the depth of cells is checked."""
    # coarse_depth, seen_depth: a layer is divided where its first cell has more than the first
    # optical depth for photons that come through less than the second.
    coarse_depth: float = 2.0
    seen_depth: float = 4.0
    # n_parts, part_ratio: number of parts of a divided layer, and the ratio of the depths of one
    # bound and the next.
    n_parts: int = 7
    part_ratio: float = 4.0
    n_exciters: int = 24
    """Lines of a stack that excite others: those that carry most energy. All lines would change a
    line group of a random stack by 0.2 % (root mean square), by 2.5 % at most."""
    least_self_depth: float = 1e-5
    """Optical depth of a cell below which it does not excite itself: single precision has no more
    digits."""
    cluster_width: float = 0.05
    """Lines of an element closer than this [keV] share one attenuation and one term."""
    softest_line: float = 1.0
    """Energy [keV] of the softest line that leaves a painting through air or helium."""
    least_share: float = 1e-3  # share of its line group below which a cluster of lines is left out
    scatter_step: float = 0.05  # step [keV] of the grid of energies after scattering
    free_binding: float = 0.06  # binding energy [keV] below which electrons count as free
    n_stacks: int = 32  # stacks that are computed together, so that the work fits into a cache

    @functools.cached_property
    def cell_bounds(self) -> Float32Array:
        """Bounds of the cells, (n_cells + 1,), float32."""
        return np.array(self.bounds, np.float32)

    @functools.cached_property
    def cell_shares(self) -> Float32Array:
        """Shares of the cells in a layer's areal mass, (n_cells,), float32."""
        return np.diff(self.cell_bounds)

    @functools.cached_property
    def part_shares(self) -> Float32Array:
        """Shares of the parts of a divided layer, (n_parts,), float32."""
        depths = self.part_ratio ** np.arange(1.0 - self.n_parts, 1.0)
        return np.diff(depths, prepend=0.0).astype(np.float32)


NUMERICS = Numerics()
