"""Random fields that can be evaluated at any point: brush strokes, unevenness, cracks.

A field is fixed by few random numbers, so that a painting can be evaluated in blocks of rows and
in any step, and is the same each time.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from skxrf.utils.typing import Array


class SmoothField:
    """Smooth random field of mean 0 and standard deviation 1: a cubic B-spline of white noise.

    `size`: height and width of the region [mm]. `cell`: correlation lengths down and across [mm].
    `rng`: source of the random numbers.
    """

    def __init__(
        self, size: tuple[float, float], cell: tuple[float, float], rng: np.random.Generator
    ) -> None:
        self._cell = cell
        nodes = [int(np.ceil(length / step)) + 4 for length, step in zip(size, cell, strict=True)]
        # Standard deviation of white noise after the cubic B-spline, (sum of squared weights)
        # averaged.
        self._nodes = rng.standard_normal(nodes) / 0.479

    def __call__(self, y: Array, x: Array) -> Array:
        """Values at rows y and columns x [mm], (n_y, n_x)."""
        # Square pixels of a coarse grid may reach beyond the region: its edge goes on there.
        n_down, n_across = self._nodes.shape
        first, weights = _spline(x / self._cell[1])
        first = np.minimum(first, n_across - len(weights))
        across = sum(w * self._nodes[:, first + i] for i, w in enumerate(weights))
        first, weights = _spline(y / self._cell[0])
        first = np.minimum(first, n_down - len(weights))
        down = sum(w[:, None] * np.asarray(across)[first + i] for i, w in enumerate(weights))
        return np.asarray(down)


class Cracks:
    """Craquelure: the borders between cells around scattered points.

    `size`: height and width of the region [mm]. `cell`: mean size of an island of paint, down and
    across [mm]. `rng`: source of the random numbers.
    """

    def __init__(
        self, size: tuple[float, float], cell: tuple[float, float], rng: np.random.Generator
    ) -> None:
        self._cell = np.array(cell)
        nodes = [int(np.ceil(length / step)) + 3 for length, step in zip(size, cell, strict=True)]
        self._offsets = rng.uniform(0, 1, size=(*nodes, 2))
        # Cracks are not straight.
        self._bends = [SmoothField(size, (0.35 * cell[0], 0.35 * cell[1]), rng) for _ in "yx"]

    def __call__(self, y: Array, x: Array) -> Array:
        """Distance to the nearest crack [mm], roughly, (n_y, n_x)."""
        bends = [0.12 * bend(y, x) for bend in self._bends]
        v, u = y[:, None] / self._cell[0] + 1 + bends[0], x[None] / self._cell[1] + 1 + bends[1]
        limits = np.array(self._offsets.shape[:2]) - 1
        row, column = np.floor(v).astype(int), np.floor(u).astype(int)
        nearest, second = np.full(v.shape, np.inf), np.full(v.shape, np.inf)
        for i in (-1, 0, 1):
            for j in (-1, 0, 1):
                a, b = (row + i).clip(0, limits[0]), (column + j).clip(0, limits[1])
                dv = (a + self._offsets[a, b, 0] - v) * self._cell[0]
                du = (b + self._offsets[a, b, 1] - u) * self._cell[1]
                distance = np.sqrt(dv * dv + du * du)
                second = np.minimum(second, np.maximum(nearest, distance))
                nearest = np.minimum(nearest, distance)
        return np.asarray((second - nearest) / 2)


def smooth_step(value: Array, low: float, high: float) -> Array:
    """0 below `low`, 1 above `high`, a smooth step between."""
    t = ((value - low) / (high - low)).clip(0, 1)
    return np.asarray(t * t * (3 - 2 * t))


def _spline(position: Array) -> tuple[NDArray[np.intp], list[Array]]:
    """First node and the four weights of a uniform cubic B-spline at positions in cells."""
    first = np.floor(position).astype(np.intp)
    t = position - first
    return first, [
        (1 - t) ** 3 / 6,
        (3 * t**3 - 6 * t**2 + 4) / 6,
        (-3 * t**3 + 3 * t**2 + 3 * t + 1) / 6,
        t**3 / 6,
    ]
