"""Shapes, and the share of each point of a grid that they cover."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

from skxrf.utils.typing import Array

# Part of a grid, and how much of each of its points is covered, from 0 to 1.
Coverage = tuple[tuple[slice, slice], Array]


class Shape(Protocol):
    """Region of a painting."""

    def coverage(self, y: Array, x: Array, softness: float) -> Coverage | None:
        """Coverage of the grid of rows y and columns x [mm]; None where it covers nothing.

        The edge is `softness` [mm] wide.
        """
        ...


@dataclass(frozen=True)
class Frame:
    """Coordinate system of a figure on the painting."""

    # x, y: origin [mm]
    x: float
    y: float
    unit: float  # length of a unit [mm]
    angle: float = 0.0  # turned clockwise by this angle [degrees]
    mirrored: bool = False  # exchange left and right

    def points(self, points: ArrayLike) -> Array:
        """Convert points (n, 2) of x and y from own coordinates to mm on the painting."""
        xy = np.array(points, dtype=float).reshape(-1, 2)
        if self.mirrored:
            xy[:, 0] *= -1
        sin, cos = np.sin(np.radians(self.angle)), np.cos(np.radians(self.angle))
        turned = xy @ np.array([[cos, sin], [-sin, cos]])
        return np.asarray(turned * self.unit + (self.x, self.y))

    def within(
        self, x: float, y: float, scale: float = 1.0, angle: float = 0.0, mirrored: bool = False
    ) -> Frame:
        """Frame inside this one, placed in own coordinates."""
        ((px, py),) = self.points([(x, y)])
        turn = -angle if self.mirrored else angle
        return Frame(px, py, self.unit * scale, self.angle + turn, self.mirrored != mirrored)

    def ellipse(self, x: float, y: float, rx: float, ry: float, soft: float = 0.0) -> Ellipse:
        """Ellipse in own coordinates; `soft` is the extra width of its edge in units."""
        ((px, py),) = self.points([(x, y)])
        unit = self.unit
        return Ellipse(px, py, rx * unit, ry * unit, self.angle, soft * unit)

    def polygon(self, points: ArrayLike, soft: float = 0.0, *, smooth: bool = True) -> Polygon:
        """Polygon in own coordinates, its corners rounded to a closed curve if `smooth`."""
        corners = self.points(points)
        return Polygon(curve(corners, closed=True) if smooth else corners, soft * self.unit)

    def stroke(
        self, points: ArrayLike, width: float | Sequence[float], soft: float = 0.0
    ) -> Stroke:
        """Brush stroke along a curve, of one width or of those at its ends."""
        first, last = (width, width) if isinstance(width, float | int) else width
        unit = self.unit
        return Stroke(curve(self.points(points)), first * unit, last * unit, soft * unit)


class _Outlined:
    """Shape with an outline, which a signed distance describes."""

    soft: float

    def coverage(self, y: Array, x: Array, softness: float) -> Coverage | None:
        """See :class:`Shape`."""
        edge = self.soft + softness
        window = _window(self._box(edge), y, x)
        if window is None:
            return None
        distance = self._distance(y[window[0], None], x[None, window[1]])
        return window, _edge(distance, edge) * self._share(edge)

    def _box(self, margin: float) -> Array:
        """Corners (left, top) and (right, bottom) around the shape and a margin [mm]."""
        raise NotImplementedError

    def _distance(self, py: Array, px: Array) -> Array:
        """Distance of points to the outline [mm], negative inside."""
        raise NotImplementedError

    def _share(self, edge: float) -> float:
        """Factor of the coverage for shapes thinner than their edge."""
        return 1.0


@dataclass(frozen=True)
class Ellipse(_Outlined):
    """Ellipse: center, half axes and width of the soft edge [mm], angle [degrees]."""

    x: float
    y: float
    rx: float
    ry: float
    angle: float = 0.0
    soft: float = 0.0

    def _box(self, margin: float) -> Array:
        reach = max(self.rx, self.ry) + margin
        return np.array([(self.x - reach, self.y - reach), (self.x + reach, self.y + reach)])

    def _distance(self, py: Array, px: Array) -> Array:
        dy, dx = py - self.y, px - self.x
        sin, cos = np.sin(np.radians(self.angle)), np.cos(np.radians(self.angle))
        along, across = (dx * cos + dy * sin) / self.rx, (dy * cos - dx * sin) / self.ry
        # Exact on the outline, and near it where the half axes are about the same.
        return np.asarray((np.sqrt(along * along + across * across) - 1) * min(self.rx, self.ry))


@dataclass(frozen=True)
class Polygon(_Outlined):
    """Closed polygon: corners (n, 2) of x and y, and width of the soft edge [mm]."""

    corners: Array = field(repr=False)
    soft: float = 0.0

    def _box(self, margin: float) -> Array:
        return _box(self.corners, margin)

    def _distance(self, py: Array, px: Array) -> Array:
        inside = np.zeros((py.shape[0], px.shape[1]), dtype=bool)
        nearest = np.full(inside.shape, np.inf)
        for (ax, ay), (bx, by) in zip(self.corners, np.roll(self.corners, -1, axis=0), strict=True):
            nearest = np.minimum(nearest, _squared_distance(py, px, (ax, ay), (bx, by))[0])
            if ay != by:
                crosses = ((ay > py) != (by > py)) & (px < (bx - ax) * (py - ay) / (by - ay) + ax)
                inside ^= crosses
        distance = np.sqrt(nearest)
        return np.asarray(np.where(inside, -distance, distance))


@dataclass(frozen=True)
class Stroke(_Outlined):
    """Line along points (n, 2) of x and y; widths at both ends and of the soft edge [mm]."""

    path: Array = field(repr=False)
    first: float
    last: float
    soft: float = 0.0

    def _box(self, margin: float) -> Array:
        return _box(self.path, max(self.first, self.last) + margin)

    def _distance(self, py: Array, px: Array) -> Array:
        nearest = np.full((py.shape[0], px.shape[1]), np.inf)
        steps = len(self.path) - 1
        for i, (start, end) in enumerate(itertools.pairwise(self.path)):
            squared, position = _squared_distance(py, px, start, end)
            width = self.first + (self.last - self.first) * (i + position) / steps
            nearest = np.minimum(nearest, np.sqrt(squared) - width / 2)
        return nearest

    def _share(self, edge: float) -> float:
        return _thin_line(0.5 * (self.first + self.last), edge)


@dataclass(frozen=True)
class Clipped:
    """Part of a shape that lies within another."""

    shape: Shape
    mask: Shape

    def coverage(self, y: Array, x: Array, softness: float) -> Coverage | None:
        """See :class:`Shape`."""
        found = self.shape.coverage(y, x, softness)
        if found is None:
            return None
        (rows, columns), alpha = found
        mask = self.mask.coverage(y[rows], x[columns], softness)
        if mask is None:
            return None
        (inner_rows, inner_columns), limit = mask
        window = _inside(rows, inner_rows), _inside(columns, inner_columns)
        return window, alpha[inner_rows, inner_columns] * limit


def curve(points: ArrayLike, *, closed: bool = False, steps: int = 6) -> Array:
    """Smooth curve (Catmull-Rom) through points (n, 2), `steps` pieces between two of them."""
    p = np.asarray(points, dtype=float)
    if len(p) < 3:
        return p
    before, after = (p[-1:], p[:2]) if closed else (p[:1], p[-1:])
    p = np.concatenate([before, p, after])
    t = (np.arange(steps) / steps)[:, None]
    pieces = [
        0.5
        * (
            2 * b
            + (c - a) * t
            + (2 * a - 5 * b + 4 * c - d) * t**2
            + (3 * b - a - 3 * c + d) * t**3
        )
        for a, b, c, d in zip(p[:-3], p[1:-2], p[2:-1], p[3:], strict=True)
    ]
    return np.concatenate(pieces if closed else [*pieces, p[-2:-1]])


def _box(points: Array, margin: float) -> Array:
    return np.array([points.min(axis=0) - margin, points.max(axis=0) + margin])


def _window(box: Array, y: Array, x: Array) -> tuple[slice, slice] | None:
    """Rows and columns of a grid that a box of two corners (x, y) covers."""
    (left, top), (right, bottom) = box
    rows = slice(*np.searchsorted(y, (top, bottom)).tolist())
    columns = slice(*np.searchsorted(x, (left, right)).tolist())
    if rows.start >= rows.stop or columns.start >= columns.stop:
        return None
    return rows, columns


def _inside(outer: slice, inner: slice) -> slice:
    return slice(outer.start + inner.start, outer.start + inner.stop)


def _edge(distance: Array, width: float) -> Array:
    """Coverage from the signed distance to the outline, an edge of the given width."""
    if width <= 0:
        return np.asarray(distance <= 0, dtype=float)
    t = (0.5 - distance / width).clip(0, 1)
    return np.asarray(t * t * (3 - 2 * t))


def _thin_line(width: float, edge: float) -> float:
    """Coverage of a line thinner than its soft edge that keeps its area.

    Across the line, the profile of :func:`_edge` covers ``2 edge (u**3 - u**4 / 2)``.
    """
    if width >= edge:
        return 1.0
    u = 0.5 + width / (2 * edge)
    return width / (2 * edge * (u**3 - u**4 / 2))


def _squared_distance(
    py: Array, px: Array, start: Sequence[float] | Array, end: Sequence[float] | Array
) -> tuple[Array, Array]:
    """Squared distance of points to a line segment, and the position on it from 0 to 1."""
    (ax, ay), (bx, by) = start, end
    ex, ey = bx - ax, by - ay
    length = max(ex * ex + ey * ey, 1e-12)
    position = (((px - ax) * ex + (py - ay) * ey) / length).clip(0, 1)
    dx, dy = px - ax - position * ex, py - ay - position * ey
    return dx * dx + dy * dy, position
