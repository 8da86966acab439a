"""Compose a painting: figures, landscape, inscriptions and border."""

from __future__ import annotations

import itertools

import numpy as np

from skxrf.exceptions import SkxrfError

from ._drawing import Drawing, Mark, drawings
from ._shapes import Frame, Polygon


def layouts() -> tuple[str, ...]:
    """Names of the compositions."""
    return tuple(drawings()["layouts"])


def draw(
    layout: str,
    size: tuple[float, float],
    gilded: tuple[str, ...],
    rng: np.random.Generator,
) -> list[Mark]:
    """Draw a composition.

    `size`: height and width [mm]. `gilded`: areas with metal leaf: "background", "halo". `rng`:
    source of the irregularities of drawing by hand.
    """
    if layout not in layouts():
        raise SkxrfError(f"there is no layout {layout!r}: there are {', '.join(layouts())}.")
    height, width = size
    chosen = drawings()["layouts"][layout]
    drawing = Drawing(rng, "halo" in gilded)
    drawing.add("cover", "border", _rectangle(0, 0, width, height))
    # Width of the border: a share of the shorter side.
    margin = 0.07 * min(size)
    field = _rectangle(margin, margin, width - margin, height - margin)
    if "background" in gilded:
        drawing.add("gild", "leaf", field)
    else:
        drawing.add("cover", "background", field)
    if chosen.get("landscape"):
        _landscape(drawing, height, width)
    unit = min(share * side for share, side in zip(chosen["unit"], size, strict=True))
    for one in chosen["figures"]:
        x, y = one["at"]
        place = Frame(
            x * width,
            y * height,
            one.get("scale", 1.0) * unit,
            one.get("angle", 0.0),
            one.get("mirrored", False),
        )
        drawing.figure(one["figure"], place, one.get("paints"))
    for text in chosen["texts"]:
        x, y = text["at"]
        drawing.letters(text["letters"], x * width, y * height, text["height"] * height)
    _border(drawing, height, width, margin)
    return drawing.marks


def _landscape(drawing: Drawing, height: float, width: float) -> None:
    """Stepped rocks, lit from above, and ground with tufts of grass."""
    base = 0.8 * height
    foot = base + 0.02 * height
    for left, top, wide in (
        (0.05, 0.52, 0.2),
        (0.95, 0.5, 0.22),
        (0.5, 0.66, 0.2),
        (0.25, 0.7, 0.2),
    ):
        x, y = left * width, top * height
        rise = foot - y
        corners = [
            (x - wide * width, foot),
            (x - 0.55 * wide * width, y + 0.45 * rise),
            (x - 0.25 * wide * width, y + 0.08 * height),
            (x, y),
            (x + 0.4 * wide * width, y + 0.05 * height),
            (x + 0.6 * wide * width, y + 0.5 * rise),
            (x + wide * width, foot),
        ]
        rock = Polygon(np.array(corners))
        drawing.add("cover", "landscape", rock)
        drawing.figure("ledges", Frame(x, y, 0.05 * height), shapes={"rock": rock})
    ground = [(0, base), (0.3 * width, 0.97 * base), (0.7 * width, 1.01 * base), (width, base)]
    land = Polygon(np.array([*ground, (width, height), (0, height)]))
    drawing.add("cover", "landscape", land)
    rng, frame = drawing.rng, Frame(0, base, 0.05 * height)
    for _ in range(40):
        x, y = rng.uniform(0, 20 * width / height), rng.uniform(0.3, 4)
        tuft = [(x - 0.35, y), (x, y - 0.2), (x + 0.35, y)]
        paint = "landscape_light" if rng.random() < 0.6 else "landscape_shadow"
        drawing.line(frame, land, tuft, paint, 0.15, 0.9, 0.05)


def _border(drawing: Drawing, height: float, width: float, margin: float) -> None:
    """Paint the border over figures that reach into it, with two lines along it."""
    for box in (
        (0, 0, width, margin),
        (0, height - margin, width, height),
        (0, 0, margin, height),
        (width - margin, 0, width, height),
    ):
        drawing.add("cover", "border", _rectangle(*box))
    for inset, paint, share in ((1.0, "inscription", 0.1), (0.35, "border_light", 0.08)):
        m = inset * margin
        corners = [(m, m), (width - m, m), (width - m, height - m), (m, height - m), (m, m)]
        for start, end in itertools.pairwise(corners):
            line = Frame(0, 0, 1.0).stroke([start, end], share * margin)
            drawing.add("glaze", paint, line)


def _rectangle(left: float, top: float, right: float, bottom: float) -> Polygon:
    return Polygon(np.array([(left, top), (right, top), (right, bottom), (left, bottom)]))
