"""Draw the figures of ``data/drawings.toml`` as marks of paint."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from skxrf.simulation._materials import read_data

from ._shapes import Clipped, Frame, Shape, Stroke

Points = Sequence[Sequence[float]]
Entry = Mapping[str, Any]


@dataclass(frozen=True)
class Mark:
    """Paint laid over a shape."""

    how: str
    """{"cover", "glaze", "gild"}: paint that replaces the paint below it, paint on top of it, or
    leaf on bole."""
    paint: str  # name of the paint
    shape: Shape  # covered region
    amount: float = 1.0  # thickness, relative to the paint's own


@functools.cache
def drawings() -> Mapping[str, Any]:
    """Figures, letters and layouts, as ``data/drawings.toml`` states them."""
    return read_data("drawings.toml")


@dataclass
class Drawing:
    """Marks of a painting, in the order of painting."""

    rng: np.random.Generator  # source of the irregularities of drawing by hand
    gilded: bool = True  # whether haloes are gilded; otherwise they are painted
    marks: list[Mark] = field(default_factory=list)

    def add(self, how: str, paint: str, shape: Shape, amount: float = 1.0) -> None:
        """Append a mark."""
        self.marks.append(Mark(how, paint, shape, amount))

    def figure(
        self,
        name: str,
        frame: Frame,
        paints: Mapping[str, str] | None = None,
        shapes: Mapping[str, Shape] | None = None,
    ) -> None:
        """Draw a figure.

        `name`: name in the file. `paints`: paints that replace those of the file. `shapes`: shapes
        that limit marks, besides the figure's own.
        """
        paints, known = paints or {}, dict(shapes or {})
        for entry in drawings()["figures"][name]:
            if "figure" in entry:
                inner = {key: _painted(paint, paints) for key, paint in _paints(entry).items()}
                self.figure(entry["figure"], _placed(frame, entry), inner or paints)
            elif "line" in entry or "folds" in entry:
                self._lines(frame, entry, known[entry["within"]], paints)
            else:
                self._mark(frame, entry, known, paints)

    def line(
        self,
        frame: Frame,
        within: Shape,
        path: ArrayLike,
        paint: str,
        width: float,
        amount: float,
        soft: float = 0.03,
    ) -> None:
        """Draw a tapered line with small random changes of its points and width."""
        points = np.asarray(path, dtype=float)
        shift = 0.04 * self.rng.standard_normal(points.shape)
        wide = width * self.rng.uniform(0.7, 1.3)
        stroke = frame.stroke(points + shift, (wide, 0.25 * wide), soft)
        self.add("glaze", paint, Clipped(stroke, within), amount)

    def letters(self, text: str, x: float, y: float, height: float) -> None:
        """Draw letters, centered at a point [mm], with the bar of an abbreviation above."""
        pace = 0.85 * height
        left = x - pace * (len(text) - 1) / 2
        for i, letter in enumerate(text):
            frame = Frame(left + i * pace, y, height / 2)
            for path in drawings()["letters"][letter]:
                stroke = Stroke(frame.points(path), 0.14 * height, 0.11 * height)
                self.add("glaze", "inscription", stroke, 1.1)
        above = y - 0.75 * height
        bar = np.array([(left - 0.2 * pace, above), (left + (len(text) - 0.8) * pace, above)])
        self.add("glaze", "inscription", Stroke(bar, 0.1 * height, 0.06 * height), 1.1)

    def _mark(
        self, frame: Frame, entry: Entry, known: dict[str, Shape], paints: Mapping[str, str]
    ) -> None:
        shape = self._shape(frame, entry)
        if "name" in entry:
            known[entry["name"]] = shape
        if "within" in entry:
            shape = Clipped(shape, known[entry["within"]])
        for how in ("cover", "glaze", "gild"):
            if how in entry:
                done = "cover" if how == "gild" and not self.gilded else how
                paint = "leaf" if done == "gild" else _painted(entry[how], paints)
                self.add(done, paint, shape, entry.get("amount", 1.0))

    def _shape(self, frame: Frame, entry: Entry) -> Shape:
        soft = entry.get("soft", 0.0)
        if "ellipse" in entry:
            x, y, rx, ry = entry["ellipse"]
            return frame.ellipse(x, y, rx, ry, soft)
        for outline in ("area", "polygon"):
            if outline in entry:
                return frame.polygon(entry[outline], soft, smooth=outline == "area")
        points = np.array(entry["stroke"] if "stroke" in entry else _arc(*entry["arc"]), float)
        if "ragged" in entry:
            points[-1, 0] -= np.sign(points[-1, 0]) * entry["ragged"] * self.rng.random()
        return frame.stroke(points, entry["width"], soft)

    def _lines(self, frame: Frame, entry: Entry, within: Shape, paints: Mapping[str, str]) -> None:
        how = "line" if "line" in entry else "folds"
        paint = _painted(entry[how], paints)
        for path in _fan(*entry["fan"]) if "fan" in entry else [entry["path"]]:
            if how == "line":
                options = {key: entry[key] for key in ("width", "amount", "soft") if key in entry}
                self.line(frame, within, path, paint, **options)
                continue
            # A shadow along the line, an angular light at its side, and a thin outline.
            p, side = np.asarray(path, dtype=float), np.array([0.17, -0.03])
            self.line(frame, within, p, f"{paint}_shadow", 0.24, 1.0, 0.12)
            self.line(frame, within, p + 1.2 * side, f"{paint}_light", 0.34, 0.85, 0.2)
            self.line(frame, within, p + 1.1 * side, f"{paint}_light", 0.11, 1.0, 0.02)
            self.line(frame, within, p, "dark", 0.05, 0.5, 0.02)


def _placed(frame: Frame, entry: Entry) -> Frame:
    x, y = entry.get("at", (0, 0))
    return frame.within(
        x, y, entry.get("scale", 1.0), entry.get("angle", 0.0), entry.get("mirrored", False)
    )


def _paints(entry: Entry) -> Mapping[str, str]:
    found: Mapping[str, str] = entry.get("paints", {})
    return found


def _painted(name: str, paints: Mapping[str, str]) -> str:
    """Name of a paint, its light or its shadow, after replacement."""
    base, separator, tone = name.partition("_")
    return paints.get(base, base) + separator + tone


def _arc(
    x: float, y: float, rx: float, ry: float, first: float, last: float, n: int
) -> list[tuple[float, float]]:
    angles = np.linspace(first, last, n)
    return list(zip(x + rx * np.sin(angles), y + ry * np.cos(angles), strict=True))


def _fan(
    x: float, y: float, left: float, low: float, right: float, last: float, n: int
) -> list[Points]:
    """Paths from about one point that spread between two others."""
    paths: list[Points] = []
    for i in range(n):
        t = i / (n - 1)
        end = np.array((left, low)) * (1 - t) + np.array((right, last)) * t
        first = np.array((x, y)) + np.array((0.5 * (t - 0.5), 0.25 * (i % 3)))
        bend = np.array((0.3 * np.sin(5.0 * t + 0.7), 0.2 * (-1) ** i))
        middle = first + 0.55 * (end - first) + bend
        final = first + (0.75 + 0.25 * (i % 2)) * (end - first)
        paths.append([tuple(first), tuple(middle), tuple(final)])
    return paths
