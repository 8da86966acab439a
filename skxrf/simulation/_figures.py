"""Figures of an icon: faces, haloes, robes with folds, hands, books, letters.

They are drawn as icon painters do: a dark under-tone first, then light upon light. Coordinates
are those of a figure: the head's centre is the origin, its half height about 0.85 units.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ._shapes import Clipped, Frame, Shape, Stroke

__all__ = ["Drawing", "Mark", "bust", "child", "glyphs", "hand", "open_book", "standing_figure"]

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Mark:
    """One step of the painting: a paint laid over a shape.

    Parameters
    ----------
    how : {"cover", "glaze", "gild"}
        Paint that replaces what was there, paint on top of it, or leaf on bole.
    paint : str
        Name of the paint.
    shape : Shape
        Where.
    amount : float
        Thickness, relative to the paint's own.
    """

    how: str
    paint: str
    shape: Shape
    amount: float = 1.0


@dataclass
class Drawing:
    """The steps of a painting, in their order.

    Parameters
    ----------
    rng : numpy Generator
        Source of the small irregularities of a hand.
    gilded : bool
        Whether there is leaf for haloes; paint serves where there is none.
    """

    rng: np.random.Generator
    gilded: bool = True
    marks: list[Mark] = field(default_factory=list)

    def cover(self, paint: str, shape: Shape, amount: float = 1.0) -> None:
        """Paint that replaces what was there."""
        self.marks.append(Mark("cover", paint, shape, amount))

    def glaze(self, paint: str, shape: Shape, amount: float = 1.0) -> None:
        """Paint on top of what is there."""
        self.marks.append(Mark("glaze", paint, shape, amount))

    def gild(self, shape: Shape) -> None:
        """Leaf on bole."""
        self.marks.append(Mark("gild", "leaf", shape))

    def halo(self, f: Frame, radius: float = 1.75, *, cross: bool = False) -> None:
        """A halo with its rim, and the cross of Christ's."""
        disc = f.ellipse(0, -0.15, radius, radius)
        if self.gilded:
            self.gild(disc)
        else:
            self.cover("second", disc)
        ring = [
            (radius * np.sin(a), -0.15 - radius * np.cos(a)) for a in np.linspace(0, 2 * np.pi, 49)
        ]
        self.glaze("inscription", f.stroke(ring, 0.07), 0.8)
        inner = [(0.9 * px, -0.15 + 0.9 * (py + 0.15)) for px, py in ring]
        self.glaze("hair", f.stroke(inner, 0.025), 0.5)
        if cross:
            arms: list[Points] = [
                [(-0.2, -1.0), (-0.28, -1.88), (0.28, -1.88), (0.2, -1.0)],
                [(-0.7, -0.3), (-1.72, -0.42), (-1.72, 0.12), (-0.7, 0.02)],
                [(0.7, -0.3), (1.72, -0.42), (1.72, 0.12), (0.7, 0.02)],
            ]
            for arm in arms:
                limit = Clipped(f.polygon(arm, smooth=False), disc)
                self.glaze("border", limit, 0.35)
                self.glaze("inscription", Clipped(f.stroke([*arm, arm[0]], 0.05), disc), 0.8)

    def lines(
        self,
        f: Frame,
        mask: Shape,
        paths: Sequence[Points],
        paint: str,
        width: float,
        amount: float,
        soft: float = 0.03,
    ) -> None:
        """Lines of a robe, thick at first and thin at last, as far as they lie on it."""
        for path in paths:
            shift = 0.04 * self.rng.standard_normal((len(path), 2))
            wide = width * self.rng.uniform(0.7, 1.3)
            stroke = f.stroke(np.asarray(path) + shift, (wide, 0.25 * wide), soft)
            self.glaze(paint, Clipped(stroke, mask), amount)

    def folds(self, f: Frame, mask: Shape, paths: Sequence[Points], paint: str) -> None:
        """Folds: a shadow along each line and an angular light at its side."""
        for path in paths:
            p = np.asarray(path, dtype=float)
            side = np.array([0.17, -0.03])
            self.lines(f, mask, [path], f"{paint}_shadow", 0.24, 1.0, 0.12)
            self.lines(f, mask, [(p + 1.2 * side).tolist()], f"{paint}_light", 0.34, 0.85, 0.2)
            self.lines(f, mask, [(p + 1.1 * side).tolist()], f"{paint}_light", 0.11, 1.0, 0.02)
            self.lines(f, mask, [path], "dark", 0.05, 0.5, 0.02)


def face(d: Drawing, f: Frame, *, young: bool = False) -> None:
    """A face from its dark under-tone to the last lights."""
    oval = f.ellipse(0, 0.02, 0.62, 0.84)
    d.cover("flesh_shadow", oval)
    d.glaze("flesh", Clipped(f.ellipse(0.0, -0.02, 0.52, 0.72, 0.22), oval), 0.95)
    for x, y, rx, ry in (
        (0.0, -0.42, 0.36, 0.18),
        (-0.3, 0.2, 0.15, 0.2),
        (0.3, 0.2, 0.15, 0.2),
        (0.0, 0.66, 0.16, 0.09),
    ):
        d.glaze("flesh_light", f.ellipse(x, y, rx, ry, 0.2), 0.85)
    for x in (-0.36, 0.36):
        d.glaze("cheek", f.ellipse(x, 0.29, 0.1, 0.08, 0.22), 0.4 if young else 0.3)
    d.glaze("flesh_light", f.stroke([(-0.01, -0.26), (0.0, 0.0), (0.01, 0.2)], 0.09, 0.05), 0.9)
    d.glaze("flesh_shadow", f.stroke([(0.09, -0.2), (0.1, 0.1), (0.16, 0.24)], 0.07, 0.07), 0.8)
    d.glaze("hair", f.stroke([(0.06, -0.2), (0.07, 0.1), (0.12, 0.2)], 0.03), 0.7)
    d.glaze("hair", f.stroke([(-0.11, 0.24), (0.0, 0.3), (0.12, 0.24)], 0.045), 0.9)
    for side in (-1, 1):
        eye = f.within(0.27 * side, -0.07, mirrored=side < 0)
        d.glaze("flesh_shadow", eye.ellipse(0, 0.0, 0.2, 0.11, 0.1), 0.7)
        d.glaze("flesh_light", eye.stroke([(-0.12, 0.16), (0.05, 0.19), (0.2, 0.12)], 0.04), 0.6)
        white: Points = [(-0.16, 0.02), (-0.02, -0.065), (0.17, 0.0), (0.02, 0.06)]
        d.glaze("white", eye.polygon(white), 0.5)
        d.glaze("dark", eye.ellipse(0.0, -0.005, 0.062, 0.068), 1.2)
        d.glaze("dark", eye.stroke([(-0.18, 0.03), (-0.02, -0.085), (0.22, -0.005)], 0.045), 1.2)
        d.glaze("hair", eye.stroke([(-0.14, 0.05), (0.02, 0.085), (0.17, 0.03)], 0.02), 0.8)
        brow: Points = [(-0.2, -0.13), (-0.02, -0.23), (0.16, -0.2), (0.27, -0.1)]
        d.glaze("dark", eye.stroke(brow, (0.06, 0.03)), 0.9)
    d.glaze("cheek", f.stroke([(-0.15, 0.46), (0.0, 0.44), (0.15, 0.46)], 0.055), 0.9)
    d.glaze("cheek", f.stroke([(-0.09, 0.52), (0.0, 0.535), (0.09, 0.52)], 0.05), 0.7)
    d.glaze("dark", f.stroke([(-0.17, 0.475), (0.0, 0.485), (0.17, 0.475)], 0.022), 0.9)
    d.glaze("flesh_shadow", f.stroke([(-0.08, 0.6), (0.08, 0.6)], 0.05, 0.04), 0.7)
    rim = [(0.62 * np.sin(a), 0.02 + 0.84 * np.cos(a)) for a in np.linspace(-2.3, 2.3, 25)]
    d.glaze("hair", f.stroke(rim, 0.035), 0.9)


def head(d: Drawing, f: Frame, *, bearded: bool, young: bool = False) -> None:
    """Hair, face and beard of a man, or of a child."""
    hair: Points = [
        *((-0.55, 0.75), (-0.8, 0.35), (-0.84, -0.35), (-0.55, -0.88), (0.0, -1.08)),
        *((0.55, -0.88), (0.84, -0.35), (0.8, 0.35), (0.55, 0.75), (0.0, 0.3)),
    ]
    if young:
        hair = [(0.92 * x, 0.95 * y - 0.05) for x, y in hair]
    mass = f.polygon(hair)
    d.cover("hair", mass)
    for k in range(7):
        angle = -1.1 + 2.2 * k / 6
        strand: Points = [
            (0.45 * np.sin(angle), -0.75 * np.cos(angle)),
            (0.8 * np.sin(angle), -0.85 * np.cos(angle)),
            (0.8 * np.sin(1.25 * angle), -0.45 * np.cos(angle)),
        ]
        d.lines(f, mass, [strand], "hair_light", 0.05, 0.6)
    neck: Points = [(-0.32, 0.55), (0.32, 0.55), (0.42, 1.45), (-0.42, 1.45)]
    d.cover("flesh_shadow", f.polygon(neck, smooth=False))
    d.glaze("flesh", f.ellipse(-0.02, 1.05, 0.16, 0.25, 0.3), 0.6)
    face(d, f, young=young)
    fringe: Points = [(-0.5, -0.42), (-0.3, -0.62), (0.0, -0.7), (0.3, -0.62), (0.5, -0.42)]
    d.glaze("hair", f.stroke(fringe, 0.1, 0.04), 0.9)
    if bearded:
        beard: Points = [
            *((-0.57, 0.25), (-0.55, 0.7), (-0.28, 1.08), (0.0, 1.2), (0.28, 1.08)),
            *((0.55, 0.7), (0.57, 0.25), (0.4, 0.5), (0.2, 0.62), (0.0, 0.58), (-0.2, 0.62)),
            (-0.4, 0.5),
        ]
        d.cover("hair", f.polygon(beard))
        whiskers: Points = [(-0.28, 0.5), (-0.12, 0.37), (0.0, 0.38), (0.12, 0.37), (0.28, 0.5)]
        d.glaze("hair", f.stroke(whiskers, 0.08), 1.0)
        for x in np.linspace(-0.4, 0.4, 7):
            d.lines(
                f,
                f.polygon(beard),
                [[(x, 0.65 - 0.15 * abs(x)), (0.9 * x, 0.9), (0.55 * x, 1.12)]],
                "hair_light",
                0.04,
                0.6,
            )


def veil(d: Drawing, f: Frame, cloak: str, cap: str) -> None:
    """The head of a woman in a veil with a gold seam."""
    outer: Points = [
        *((-0.75, 1.5), (-0.98, 0.4), (-0.92, -0.5), (-0.55, -1.08), (0.0, -1.27)),
        *((0.55, -1.08), (0.92, -0.5), (0.98, 0.4), (0.75, 1.5), (0.0, 1.9)),
    ]
    cloth = f.polygon(outer)
    d.cover(cloak, cloth)
    d.folds(f, cloth, [[(-0.5, -1.0), (-0.85, -0.2), (-0.8, 1.0)]], cloak)
    d.folds(f, cloth, [[(0.55, -0.95), (0.8, -0.1), (0.75, 1.1)]], cloak)
    d.cover(cap, f.ellipse(0, 0.0, 0.72, 0.98))
    neck: Points = [(-0.36, 0.55), (0.36, 0.55), (0.44, 1.3), (-0.44, 1.3)]
    d.cover("flesh_shadow", f.polygon(neck, smooth=False))
    d.glaze("flesh", f.ellipse(-0.02, 1.0, 0.16, 0.2, 0.3), 0.6)
    face(d, f)
    seam = [(0.74 * np.sin(a), 1.0 * np.cos(a)) for a in np.linspace(0.55, 2 * np.pi - 0.55, 33)]
    d.cover(cloak, f.polygon([(-0.7, 0.9), (-0.12, 1.45), (0.1, 1.5), (0.8, 2.2), (-0.9, 2.2)]))
    d.cover(cloak, f.polygon([(0.7, 0.8), (0.25, 1.3), (-0.05, 1.7), (0.5, 2.3), (1.0, 1.9)]))
    d.glaze("gold", f.stroke([(-0.62, 0.85), (-0.1, 1.5), (0.15, 1.75)], 0.09), 1.0)
    d.glaze("gold", f.stroke([(0.62, 0.85), (0.22, 1.35), (-0.02, 1.65)], 0.09), 1.0)
    d.glaze("gold", f.stroke(seam, 0.09), 1.0)
    star(d, f.within(0.0, -1.05, 0.16))


def star(d: Drawing, f: Frame) -> None:
    """A star of eight gold rays."""
    for angle in np.arange(8) * np.pi / 4:
        d.glaze("gold", f.stroke([(0, 0), (np.cos(angle), np.sin(angle))], (0.3, 0.08)), 1.0)


def hand(d: Drawing, f: Frame, *, blessing: bool = False) -> None:
    """A hand, its fingers upwards."""
    tips = [(-0.3, -0.95), (-0.1, -1.1), (0.12, -1.02), (0.32, -0.85)]
    bent = {2, 3} if blessing else set()
    d.cover("flesh_shadow", f.ellipse(0, 0, 0.42, 0.5))
    d.cover("flesh_shadow", f.stroke([(-0.3, 0.1), (-0.55, -0.2), (-0.6, -0.5)], 0.22))
    for i, (x, y) in enumerate(tips):
        end = (0.5 * x - 0.1, -0.45) if i in bent else (x, y)
        path = [(0.75 * x, -0.2), ((x + end[0]) / 2, (y if i in bent else 0.7 * y) + 0.1), end]
        d.cover("flesh_shadow", f.stroke(path, 0.2))
        d.glaze("flesh", f.stroke(path, 0.15, 0.04), 0.95)
        d.glaze("flesh_light", f.stroke(path[:2], 0.05, 0.03), 0.6)
        d.glaze("hair", f.stroke([(px + 0.1, py) for px, py in path], 0.025), 0.7)
    d.glaze("flesh", f.ellipse(-0.02, 0.0, 0.36, 0.42, 0.1), 0.95)
    d.glaze("flesh", f.stroke([(-0.3, 0.05), (-0.55, -0.2), (-0.6, -0.45)], 0.13, 0.04), 0.8)
    d.glaze("flesh_light", f.ellipse(-0.05, 0.0, 0.15, 0.2, 0.15), 0.5)


def open_book(d: Drawing, f: Frame) -> None:
    """An open book with lines of writing."""
    pages: Points = [(-1.3, -0.8), (0.0, -0.7), (1.3, -0.8), (1.3, 0.9), (0.0, 1.0), (-1.3, 0.9)]
    d.cover("border", f.polygon([(1.08 * x, 1.08 * y) for x, y in pages], smooth=False))
    d.cover("white", f.polygon(pages, smooth=False), 0.8)
    d.glaze("hair", f.stroke([(0, -0.7), (0, 1.0)], 0.05), 0.8)
    for side in (-1, 1):
        for k in range(6):
            y = -0.5 + 0.23 * k
            end = 1.12 - 0.25 * d.rng.random()
            line = [(side * 0.18, y), (side * end, y - 0.05)]
            d.glaze("inscription" if k == 0 else "dark", f.stroke(line, 0.075), 0.7)


def closed_book(d: Drawing, f: Frame) -> None:
    """A book in a gold cover with stones."""
    cover: Points = [(-0.75, -1.0), (0.7, -1.15), (0.8, 0.95), (-0.7, 1.1)]
    d.cover("second", f.polygon(cover, smooth=False))
    d.glaze("gold", f.polygon([(0.92 * x, 0.92 * y) for x, y in cover], smooth=False), 1.0)
    d.cover("white", f.polygon([(0.7, -1.15), (0.95, -1.0), (1.05, 0.85), (0.8, 0.95)]), 0.7)
    for x, y in ((-0.5, -0.75), (0.5, -0.85), (-0.45, 0.8), (0.55, 0.68), (0.02, -0.03)):
        d.glaze("inscription", f.ellipse(x, y, 0.13, 0.13), 1.0)
    d.glaze("dark", f.stroke([*cover, cover[0]], 0.05), 0.8)


def bust(
    d: Drawing, f: Frame, robe: str, cloak: str, *, veiled: bool = False, bearded: bool = True
) -> None:
    """A figure to the hips, down to 8 units below the head's centre."""
    body = f.polygon(
        [
            *((-0.4, 1.15), (-1.15, 1.45), (-1.8, 1.85), (-2.1, 2.8), (-2.3, 4.4), (-2.4, 8.0)),
            *((2.4, 8.0), (2.3, 4.4), (2.1, 2.8), (1.8, 1.85), (1.15, 1.45), (0.4, 1.15)),
            (0.0, 1.5),
        ]
    )
    if veiled:
        d.cover(cloak, body)
        d.folds(f, body, _fan((-1.3, 1.6), (-1.9, 6.5), (-0.2, 6.5), 6), cloak)
        d.folds(f, body, _fan((1.3, 1.6), (0.3, 6.5), (1.9, 6.5), 6), cloak)
        veil(d, f, cloak, robe)
        star(d, f.within(-1.45, 2.1, 0.2))
        return
    d.cover(robe, body)
    d.folds(f, body, _fan((-0.5, 1.5), (-2.1, 6.5), (0.2, 6.5), 7), robe)
    stripe: Points = [(-1.0, 1.4), (-1.15, 3.0), (-1.2, 7.5)]
    d.glaze("second", Clipped(f.stroke(stripe, 0.42), body), 1.0)
    d.glaze("gold", Clipped(f.stroke([(x - 0.2, y) for x, y in stripe], 0.06), body), 1.0)
    d.glaze("gold", Clipped(f.stroke([(x + 0.2, y) for x, y in stripe], 0.06), body), 1.0)
    wrap = f.polygon(
        [
            *((0.5, 1.15), (1.15, 1.4), (1.85, 1.8), (2.18, 2.8), (2.4, 4.4), (2.5, 8.0)),
            *((-1.9, 8.0), (-1.5, 6.2), (-0.2, 5.0), (0.75, 3.6), (0.7, 2.2)),
        ]
    )
    d.cover(cloak, wrap)
    d.folds(f, wrap, _fan((1.0, 1.6), (-0.8, 6.8), (2.2, 6.0), 8), cloak)
    d.lines(f, wrap, [[(0.62, 1.4), (0.8, 3.0), (0.3, 4.4), (-1.3, 6.0)]], "dark", 0.08, 0.8)
    head(d, f, bearded=bearded)
    collar: Points = [(-0.62, 1.3), (-0.3, 1.5), (0.0, 1.58), (0.3, 1.5), (0.62, 1.3)]
    d.glaze("gold", f.stroke(collar, 0.14), 1.0)


def standing_figure(d: Drawing, f: Frame, robe: str, cloak: str, *, bearded: bool = True) -> None:
    """A whole figure, feet 11.5 units below the head's centre."""
    for x, turn in ((-0.55, 12), (0.6, -12)):
        foot = f.within(x, 11.2, angle=turn)
        d.cover("dark", foot.ellipse(0, 0.2, 0.34, 0.42))
        d.cover("flesh", foot.ellipse(0, 0.12, 0.22, 0.3))
    body = f.polygon(
        [
            *((-0.4, 1.15), (-1.2, 1.5), (-1.6, 2.4), (-1.5, 5.0), (-1.55, 8.0), (-1.6, 11.0)),
            *((-0.5, 11.3), (0.6, 11.3), (1.6, 11.0), (1.5, 8.0), (1.5, 5.0), (1.6, 2.4)),
            *((1.2, 1.5), (0.4, 1.15), (0.0, 1.5)),
        ]
    )
    d.cover(robe, body)
    d.folds(f, body, _fan((-0.4, 3.5), (-1.5, 11.0), (1.5, 11.0), 8), robe)
    d.folds(f, body, _fan((-0.6, 1.6), (-1.4, 5.0), (0.1, 5.0), 4), robe)
    hem: Points = [(-1.6, 10.85), (-0.5, 11.15), (0.6, 11.15), (1.6, 10.85)]
    d.glaze("gold", f.stroke(hem, 0.22), 1.0)
    wrap = f.polygon(
        [
            *((0.45, 1.15), (1.25, 1.45), (1.75, 2.4), (1.95, 5.0), (2.1, 9.6), (1.2, 9.9)),
            *((0.95, 7.6), (-1.3, 6.9), (-1.7, 5.8), (-0.6, 5.0), (0.5, 3.6), (0.6, 2.2)),
        ]
    )
    d.cover(cloak, wrap)
    d.folds(f, wrap, _fan((1.1, 1.7), (-1.2, 6.6), (1.9, 8.8), 8), cloak)
    head(d, f, bearded=bearded)
    collar: Points = [(-0.6, 1.3), (0.0, 1.58), (0.6, 1.3)]
    d.glaze("gold", f.stroke(collar, 0.14), 1.0)
    closed_book(d, f.within(0.95, 3.9, 0.75, -8))
    hand(d, f.within(0.35, 4.4, 0.62, 55))
    hand(d, f.within(-0.75, 3.4, 0.62, -10), blessing=True)


def child(d: Drawing, f: Frame) -> None:
    """A seated child with a halo, a robe lit with gold, and a scroll."""
    d.halo(f, cross=True)
    body = f.polygon(
        [
            *((-0.4, 1.1), (-1.2, 1.5), (-1.6, 2.6), (-1.5, 4.0), (-2.2, 5.4), (-1.8, 6.1)),
            *((0.2, 6.2), (1.6, 5.4), (1.6, 3.6), (1.5, 2.0), (1.0, 1.4), (0.4, 1.1)),
        ]
    )
    for x, turn in ((-1.5, 60), (-0.5, 40)):
        foot = f.within(x, 6.2, angle=turn)
        d.cover("flesh_shadow", foot.ellipse(0, 0.1, 0.3, 0.55))
        d.glaze("flesh", foot.ellipse(0, 0.1, 0.2, 0.42, 0.1), 0.9)
    d.cover("second", body)
    d.folds(f, body, _fan((0.6, 1.5), (-2.0, 5.6), (1.2, 5.6), 6), "second")
    for path in _fan((0.3, 1.6), (-2.1, 5.8), (1.4, 5.4), 13):
        d.lines(f, body, [path], "gold", 0.06, 1.0)
    head(d, f, bearded=False, young=True)
    hand(d, f.within(-1.35, 2.9, 0.62, -35), blessing=True)
    d.cover("white", f.stroke([(0.3, 3.9), (1.1, 3.5)], 0.4), 0.8)
    d.glaze("dark", f.stroke([(0.3, 4.1), (1.1, 3.7)], 0.05), 0.8)
    hand(d, f.within(0.75, 3.9, 0.5, 20))


def glyphs(d: Drawing, text: str, x: float, y: float, height: float) -> None:
    """Letters in red, centred at a point, with the bar of an abbreviation above."""
    pace = 0.85 * height
    left = x - pace * (len(text) - 1) / 2
    for i, letter in enumerate(text):
        f = Frame(left + i * pace, y, height / 2)
        for path in _LETTERS.get(letter, ()):
            d.glaze("inscription", Stroke(f.points(path), 0.14 * height, 0.11 * height), 1.1)
    bar = [
        (left - 0.2 * pace, y - 0.75 * height),
        (left + (len(text) - 0.8) * pace, y - 0.75 * height),
    ]
    d.glaze("inscription", Stroke(np.array(bar), 0.1 * height, 0.06 * height), 1.1)


def _fan(
    start: tuple[float, float], left: tuple[float, float], right: tuple[float, float], n: int
) -> list[Points]:
    """Lines that fall from about one point and spread between two others."""
    paths: list[Points] = []
    for i in range(n):
        t = i / (n - 1)
        end = np.array(left) * (1 - t) + np.array(right) * t
        first = np.array(start) + np.array((0.5 * (t - 0.5), 0.25 * (i % 3)))
        bend = np.array((0.3 * np.sin(5.0 * t + 0.7), 0.2 * (-1) ** i))
        middle = first + 0.55 * (end - first) + bend
        last = first + (0.75 + 0.25 * (i % 2)) * (end - first)
        paths.append([tuple(first), tuple(middle), tuple(last)])
    return paths


# Letters as lines in a box from -0.6 to 0.6 across and -1 to 1 down.
_LETTERS: dict[str, Sequence[Points]] = {
    "I": [[(0, -1), (0, 1)]],
    "C": [[(0.5, -0.8), (0, -1), (-0.5, -0.5), (-0.5, 0.5), (0, 1), (0.5, 0.8)]],
    "X": [[(-0.55, -1), (0.55, 1)], [(0.55, -1), (-0.55, 1)]],
    "M": [[(-0.6, 1), (-0.5, -1), (0, 0.3), (0.5, -1), (0.6, 1)]],
    "P": [[(-0.4, 1), (-0.4, -1), (0.3, -0.95), (0.5, -0.5), (0.3, -0.05), (-0.4, 0)]],
    "O": [[(0, -1), (-0.5, -0.5), (-0.5, 0.5), (0, 1), (0.5, 0.5), (0.5, -0.5), (0, -1)]],
    "V": [[(-0.5, -1), (0, 0.1), (0.5, -1)], [(0, 0.1), (0, 1)]],
    "A": [[(-0.55, 1), (0, -1), (0.55, 1)], [(-0.3, 0.3), (0.3, 0.3)]],
    "N": [[(-0.5, 1), (-0.5, -1), (0.5, 1), (0.5, -1)]],
    "T": [[(-0.55, -1), (0.55, -1)], [(0, -1), (0, 1)]],
    "E": [[(0.45, -1), (-0.45, -1), (-0.45, 1), (0.45, 1)], [(-0.45, 0), (0.3, 0)]],
    "K": [[(-0.45, -1), (-0.45, 1)], [(0.5, -1), (-0.45, 0), (0.5, 1)]],
    "L": [[(-0.55, 1), (0, -1), (0.55, 1)]],
    "Y": [[(-0.5, -1), (0, 0), (0.5, -1)], [(0, 0), (0, 1)]],
    "Θ": [
        [(0, -1), (-0.5, -0.5), (-0.5, 0.5), (0, 1), (0.5, 0.5), (0.5, -0.5), (0, -1)],
        [(-0.45, 0), (0.45, 0)],
    ],
    "W": [[(-0.6, -0.9), (-0.45, 0.9), (0, 0.1), (0.45, 0.9), (0.6, -0.9)]],
}
