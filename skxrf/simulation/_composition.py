"""Compositions of an icon: who stands where, before what."""

from __future__ import annotations

import itertools

import numpy as np

from skxrf.exceptions import SkxrfError

from ._figures import Drawing, bust, child, glyphs, hand, open_book, standing_figure
from ._shapes import Frame, Polygon

__all__ = ["LAYOUTS", "draw"]

# Width of the frame, as a share of the shorter side.
_BORDER = 0.07


def draw(
    layout: str,
    size: tuple[float, float],
    gilded: tuple[str, ...],
    rng: np.random.Generator,
) -> Drawing:
    """Draw a composition.

    Parameters
    ----------
    layout : str
        One of :data:`LAYOUTS`.
    size : pair of float
        Height and width [mm].
    gilded : tuple of str
        What has metal leaf: "background", "halo".
    rng : numpy Generator
        Source of the small irregularities of a hand.

    Returns
    -------
    Drawing
        The steps of the painting.

    Raises
    ------
    SkxrfError
        If there is no such layout.
    """
    if layout not in LAYOUTS:
        raise SkxrfError(f"there is no layout {layout!r}: there are {', '.join(LAYOUTS)}.")
    height, width = size
    drawing = Drawing(rng, "halo" in gilded)
    drawing.cover("border", _rectangle(0, 0, width, height))
    margin = _BORDER * min(size)
    field = _rectangle(margin, margin, width - margin, height - margin)
    if "background" in gilded:
        drawing.gild(field)
    else:
        drawing.cover("background", field)
    LAYOUTS[layout](drawing, height, width)
    _frame(drawing, height, width, margin)
    return drawing


def _pantokrator(d: Drawing, height: float, width: float) -> None:
    unit = min(0.122 * height, 0.162 * width)
    f = Frame(width / 2, 0.335 * height, unit)
    d.halo(f, cross=True)
    bust(d, f, "robe", "cloak")
    hand(d, f.within(-0.95, 3.5, 0.95, 6), blessing=True)
    open_book(d, f.within(1.15, 4.05, 0.78, -6))
    hand(d, f.within(1.2, 4.95, 0.55, 12))
    size = 0.05 * height
    glyphs(d, "IC", 0.18 * width, 0.17 * height, size)
    glyphs(d, "XC", 0.82 * width, 0.17 * height, size)


def _mother_and_child(d: Drawing, height: float, width: float) -> None:
    unit = min(0.105 * height, 0.14 * width)
    f = Frame(0.46 * width, 0.3 * height, unit, 9)
    d.halo(f)
    bust(d, f.within(0, 0, 1.0, -4), "robe", "cloak", veiled=True)
    c = Frame(0.67 * width, 0.52 * height, 0.6 * unit, -10)
    child(d, c)
    hand(d, f.within(-0.2, 4.5, 0.95, 40))
    hand(d, f.within(2.2, 4.6, 0.8, -60))
    size = 0.045 * height
    glyphs(d, "MP", 0.17 * width, 0.15 * height, size)
    glyphs(d, "ΘV", 0.84 * width, 0.15 * height, size)
    glyphs(d, "ICXC", 0.84 * width, 0.35 * height, 0.6 * size)


def _deesis(d: Drawing, height: float, width: float) -> None:
    unit = min(0.13 * height, 0.082 * width)
    y = 0.36 * height
    left = Frame(0.185 * width, y * 1.06, 0.93 * unit, 10)
    right = Frame(0.815 * width, y * 1.06, 0.93 * unit, 10, mirrored=True)
    d.halo(left)
    bust(d, left.within(0, 0, 1, -6), "second", "cloak", veiled=True)
    hand(d, left.within(1.2, 3.2, 0.75, 35))
    d.halo(right)
    bust(d, right.within(0, 0, 1, -6), "landscape", "second")
    hand(d, right.within(1.2, 3.2, 0.75, 35))
    centre = Frame(0.5 * width, y, unit)
    d.halo(centre, cross=True)
    bust(d, centre, "robe", "cloak")
    hand(d, centre.within(-0.9, 3.1, 0.85, 6), blessing=True)
    open_book(d, centre.within(1.1, 3.4, 0.68, -6))
    size = 0.07 * height
    for text, x in (("MP", 0.07), ("ΘV", 0.305), ("IC", 0.385), ("XC", 0.615), ("IW", 0.71)):
        glyphs(d, text, (x + 0.012) * width, 0.17 * height, 0.75 * size)


def _standing(d: Drawing, height: float, width: float) -> None:
    base = 0.8 * height
    # Hills as icon painters make them: steps of rock, each lit from above.
    for x, top, wide in ((0.05, 0.52, 0.2), (0.95, 0.5, 0.22), (0.5, 0.66, 0.2), (0.25, 0.7, 0.2)):
        peak = np.array([x * width, top * height])
        foot = base + 0.02 * height
        rock = [
            (peak[0] - wide * width, foot),
            (peak[0] - 0.55 * wide * width, peak[1] + 0.45 * (foot - peak[1])),
            (peak[0] - 0.25 * wide * width, peak[1] + 0.08 * height),
            (peak[0], peak[1]),
            (peak[0] + 0.4 * wide * width, peak[1] + 0.05 * height),
            (peak[0] + 0.6 * wide * width, peak[1] + 0.5 * (foot - peak[1])),
            (peak[0] + wide * width, foot),
        ]
        d.cover("landscape", Polygon(np.array(rock)))
        step = Frame(peak[0], peak[1], 0.05 * height)
        for k in range(4):
            ledge = [
                (-0.8 - 0.5 * k, 0.5 + 1.1 * k),
                (0.1, 0.25 + 1.0 * k),
                (0.9 + 0.5 * k, 0.6 + k),
            ]
            d.lines(step, Polygon(np.array(rock)), [ledge], "landscape_light", 0.5, 0.9, 0.12)
            d.lines(step, Polygon(np.array(rock)), [ledge], "landscape_shadow", 0.12, 0.9, 0.03)
    ground = [(0, base), (0.3 * width, 0.97 * base), (0.7 * width, 1.01 * base), (width, base)]
    land = Polygon(np.array([*ground, (width, height), (0, height)]))
    d.cover("landscape", land)
    step = Frame(0, base, 0.05 * height)
    for _ in range(40):
        x, y = d.rng.uniform(0, 20 * width / height), d.rng.uniform(0.3, 4)
        tuft = [(x - 0.35, y), (x, y - 0.2), (x + 0.35, y)]
        paint = "landscape_light" if d.rng.random() < 0.6 else "landscape_shadow"
        d.lines(step, land, [tuft], paint, 0.15, 0.9, 0.05)
    unit = min(0.0565 * height, 0.085 * width)
    first = Frame(0.29 * width, 0.235 * height, unit)
    second = Frame(0.71 * width, 0.235 * height, unit, mirrored=True)
    d.halo(first)
    standing_figure(d, first, "robe", "cloak")
    d.halo(second)
    standing_figure(d, second, "second", "robe", bearded=False)
    size = 0.033 * height
    glyphs(d, "OAΘ", 0.29 * width, 0.105 * height, size)
    glyphs(d, "KAI", 0.5 * width, 0.19 * height, size)
    glyphs(d, "NIK", 0.71 * width, 0.105 * height, size)


LAYOUTS = {
    "pantokrator": _pantokrator,
    "mother_and_child": _mother_and_child,
    "deesis": _deesis,
    "standing": _standing,
}


def _rectangle(left: float, top: float, right: float, bottom: float) -> Polygon:
    return Polygon(np.array([(left, top), (right, top), (right, bottom), (left, bottom)]))


def _frame(d: Drawing, height: float, width: float, margin: float) -> None:
    """The border over what reaches into it, with a line on its inner edge."""
    for box in (
        (0, 0, width, margin),
        (0, height - margin, width, height),
        (0, 0, margin, height),
        (width - margin, 0, width, height),
    ):
        d.cover("border", _rectangle(*box))
    for inset, paint, share in ((1.0, "inscription", 0.1), (0.35, "border_light", 0.08)):
        m = inset * margin
        corners = [(m, m), (width - m, m), (width - m, height - m), (m, height - m), (m, m)]
        for start, end in itertools.pairwise(corners):
            line = Frame(0, 0, 1.0).stroke([start, end], share * margin)
            d.glaze(paint, line, 1.0)
