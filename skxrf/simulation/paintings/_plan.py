"""Layers of every point of a painting, and its picture."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from skxrf.exceptions import SkxrfError
from skxrf.simulation._layers import Layer, material_table
from skxrf.simulation._materials import material
from skxrf.simulation._stacks import Stratum
from skxrf.utils.typing import Array

from ._colors import hiding_thickness, linear_color, mixture_color, to_srgb
from ._drawing import Mark
from ._layouts import draw, layouts
from ._paints import bound, paint_mixture
from ._palettes import Palette, check_palettes
from ._wear import Wear


@dataclass(frozen=True)
class _Technique:
    """Thicknesses of layers [um] and what they hide, assumed after cross-sections of icons."""

    # cover, glaze, leaf, gold, bole, retouching: paint that covers, paint on top of paint, leaf,
    # shell gold, bole and retouching [um].
    cover: float = 30.0
    glaze: float = 13.0
    leaf: float = 0.31
    gold: float = 0.6
    bole: float = 14.0
    retouching: float = 16.0
    hides: float = 0.65  # share of earlier strokes that a glaze hides
    varnish_color: float = 60.0  # thickness of varnish [um] that has the varnish's own color


@dataclass(frozen=True)
class Component:
    """Paint, leaf or other component of a layer of the painting."""

    layer: int  # index of the layer, 0 for the varnish
    name: str  # name of the paint, "leaf", "ground" and so on
    mixture: Mapping[str, float] = field(repr=False)
    """Shares of materials by weight, binder included."""
    thickness_um: float  # thickness where its amount is 1 [um]
    fractions: Array = field(repr=False)  # (n_elements,): mass fractions

    @property
    def areal_mass(self) -> float:
        """Areal mass where its amount is 1 [g/cm2]."""
        return Layer(self.mixture, thickness_um=self.thickness_um).mass


class PaintingPlan:
    """Layers of a simulated painting, at any block of its rows.

    An icon with figures, haloes on gold, robes with folds, inscriptions and a border; brush
    strokes, uneven layers, worn gold, losses, fills and retouching, cracks. Its points are
    computed when asked for, so that a painting of any size takes little memory; the blocks in
    which it is read do not change it.

    Parameters
    ----------
    shape : pair of int
        Rows and columns.
    palette : str or Palette
        Materials and composition.
    random_state : int, numpy Generator or None
        Seed; the same seed gives the same painting.
    pixel_size : float, optional
        Step [mm]; by default the height of the palette's painting over the rows, or 1. Another
        step gives the same painting where its size stays the same.
    layout : str, optional
        Composition: "pantokrator", "mother_and_child", "deesis" or "standing"; by default the
        palette's own, or one that suits the shape.
    elements : sequence of str, optional
        Chemical symbols of the compositions; by default all of the painting, sorted.

    Attributes
    ----------
    elements : tuple of str
        Chemical symbols, n_elements of them.
    components : tuple of Component
        Components of the layers.
    y, x : ndarray
        Centers of rows and columns [mm].

    Raises
    ------
    SkxrfError
        If the shape or the pixel size is not positive, or there is no such palette or layout.

    Examples
    --------
    >>> from skxrf.simulation import PaintingPlan
    >>> plan = PaintingPlan((91, 68), "icon_test", random_state=0)
    >>> compositions, masses = plan.stacks(slice(0, 10))
    >>> masses.shape, plan.picture().shape
    ((680, 7), (91, 68, 3))
    """

    def __init__(
        self,
        shape: Sequence[int],
        palette: str | Palette = "icon_1",
        random_state: np.random.Generator | int | None = None,
        *,
        pixel_size: float | None = None,
        layout: str | None = None,
        elements: Sequence[str] | None = None,
    ) -> None:
        if np.shape(shape) != (2,) or min(shape) < 1:
            raise SkxrfError(f"shape must be a number of rows and of columns, got {shape!r}.")
        (self.palette,) = check_palettes(palette)
        self.shape = int(shape[0]), int(shape[1])
        size = self.palette.size_mm
        if pixel_size is None:
            pixel_size = size[0] / self.shape[0] if size else 1.0
        if not pixel_size > 0:
            raise SkxrfError(f"pixel_size must be positive [mm], got {pixel_size!r}.")
        self.pixel_size = float(pixel_size)
        self.y: Array = (np.arange(self.shape[0], dtype=float) + 0.5) * self.pixel_size
        self.x: Array = (np.arange(self.shape[1], dtype=float) + 0.5) * self.pixel_size
        scanned = self.shape[0] * self.pixel_size, self.shape[1] * self.pixel_size
        # The painting does not depend on the step, which seldom divides its size exactly.
        if size is None or max(abs(a - b) for a, b in zip(size, scanned, strict=True)) > pixel_size:
            size = scanned
        rng, wear_rng, paint_rng = np.random.default_rng(random_state).spawn(3)
        self.layout = layout or self.palette.layout or _suitable_layout(size, rng)
        self._marks = draw(self.layout, size, self.palette.gilded, rng)
        n_retouchings = len(self.palette.retouchings)
        self._wear = Wear(size, wear_rng, n_retouchings=n_retouchings, step=self.pixel_size)
        self.components = self._make_components(paint_rng, elements)
        self._index = {(one.layer, one.name): i for i, one in enumerate(self.components)}

    def _make_components(
        self, rng: np.random.Generator, elements: Sequence[str] | None
    ) -> tuple[Component, ...]:
        one = self.palette
        binder = one.binders[rng.integers(len(one.binders))]
        support, support_um = one.supports[rng.integers(len(one.supports))]
        ground, ground_um = one.grounds[rng.integers(len(one.grounds))]
        varnish = one.varnishes[rng.integers(len(one.varnishes))]
        wanted: list[tuple[int, str, Mapping[str, float], float]] = [
            (Stratum.SUPPORT, "support", {support: 1.0}, support_um),
            (Stratum.GROUND, "ground", ground, ground_um),
            (Stratum.VARNISH, "varnish", {varnish: 1.0}, one.varnish_um),
        ]
        seen = set()
        for mark in self._marks:
            if (mark.how, mark.paint) in seen:
                continue
            seen.add((mark.how, mark.paint))
            spread = np.exp(0.15 * rng.standard_normal())
            volume = rng.uniform(0.35, 0.6)
            if mark.how == "gild" and one.leaf:
                wanted.append((Stratum.PAINT, "leaf", {one.leaf: 1.0}, _Technique.leaf * spread))
                wanted.append((Stratum.UNDER, "bole", one.bole, _Technique.bole * spread))
            elif mark.paint == "gold" and one.leaf:
                mixture = bound({one.leaf: 1.0}, binder, 0.3)
                wanted.append((Stratum.UPPER, "gold", mixture, _Technique.gold * spread))
            else:
                name = "inscription" if mark.paint == "gold" else mark.paint
                mixture = bound(paint_mixture(one, name), binder, volume)
                layer = Stratum.PAINT if mark.how == "cover" else Stratum.UPPER
                wanted.append((layer, mark.paint, mixture, getattr(_Technique, mark.how) * spread))
        for i, retouching in enumerate(one.retouchings):
            bonded = bound(retouching, "acrylic binder" if i else binder, 0.5)
            wanted.append(
                (Stratum.RETOUCHING, f"retouching {i + 1}", bonded, _Technique.retouching)
            )
        names = tuple(sorted({name for _, _, mixture, _ in wanted for name in mixture}))
        held = {symbol for name in names for symbol in material(name).elements}
        self.elements = tuple(sorted(held) if elements is None else elements)
        table = material_table(names, self.elements)
        shares = np.array(
            [[mixture.get(name, 0.0) for name in names] for _, _, mixture, _ in wanted]
        )
        # Each paint of this painting has its own traces.
        fractions = table.compositions(shares, rng)
        return tuple(
            Component(layer, name, mixture, float(um), row)
            for (layer, name, mixture, um), row in zip(wanted, fractions, strict=True)
        )

    def amounts(self, rows: slice = slice(None)) -> Array:
        """Amount of every component in a block of rows.

        Parameters
        ----------
        rows : slice
            Rows of the painting.

        Returns
        -------
        ndarray of shape (n_components, n_rows, n_columns)
            Thickness relative to each component's own.
        """
        y = self.y[rows]
        found = np.zeros((len(self.components), y.size, self.x.size))
        painted = [
            i
            for i, one in enumerate(self.components)
            if Stratum.UPPER <= one.layer <= Stratum.UNDER
        ]
        upper = [i for i in painted if self.components[i].layer == Stratum.UPPER]
        for mark in self._marks:
            coverage = mark.shape.coverage(y, self.x, self.pixel_size)
            if coverage is None:
                continue
            window, alpha = coverage
            alpha = alpha * min(1.0, mark.amount) if mark.how == "glaze" else alpha
            hides = _Technique.hides if mark.how == "glaze" else 1.0
            # A copy of what lies there; most components lie elsewhere.
            for i in upper if mark.how == "glaze" else painted:
                there = found[(i, *window)]
                if there.any():
                    there *= 1 - hides * alpha
            for layer, name in self._targets(mark):
                found[(self._index[layer, name], *window)] += alpha * max(1.0, mark.amount)
        for key in (
            (Stratum.SUPPORT, "support"),
            (Stratum.GROUND, "ground"),
            (Stratum.VARNISH, "varnish"),
        ):
            found[self._index[key]] = 1.0
        self._wear.apply(found, [(one.layer, one.name) for one in self.components], y, self.x)
        return found

    def _targets(self, mark: Mark) -> list[tuple[int, str]]:
        if mark.how == "gild" and self.palette.leaf:
            return [(Stratum.PAINT, "leaf"), (Stratum.UNDER, "bole")]
        return [(Stratum.UPPER if mark.how == "glaze" else Stratum.PAINT, mark.paint)]

    def stacks(self, rows: slice = slice(None)) -> tuple[Array, Array]:
        """Layer stacks of a block of rows.

        Parameters
        ----------
        rows : slice
            Rows of the painting.

        Returns
        -------
        compositions : ndarray of shape (n_rows * n_columns, 7, n_elements)
            Mass fractions of the layers, varnish first, support last; they sum to 1, or to 0 for
            a layer that is not there. Pixels are in the order of the rows.
        masses : ndarray of shape (n_rows * n_columns, 7)
            Areal masses [g/cm2].
        """
        amounts = self.amounts(rows)
        n_pixels = amounts[0].size
        compositions = np.zeros((n_pixels, len(Stratum), len(self.elements)))
        masses = np.zeros((n_pixels, len(Stratum)))
        for one, amount in zip(self.components, amounts, strict=True):
            # Only where there is any: most paints cover a small part of a painting.
            there = np.flatnonzero(amount)
            mass = amount.ravel()[there] * one.areal_mass
            masses[there, one.layer] += mass
            compositions[there, one.layer] += mass[:, None] * one.fractions
        np.divide(compositions, masses[..., None], out=compositions, where=masses[..., None] > 0)
        return compositions, masses

    def blocks(self, max_pixels: int = 20_000) -> Iterator[slice]:
        """Yield the blocks of rows of the painting.

        Parameters
        ----------
        max_pixels : int
            Greatest number of pixels in a block, where it is more than one row.

        Yields
        ------
        slice
            Rows.
        """
        step = max(1, max_pixels // self.shape[1])
        for start in range(0, self.shape[0], step):
            yield slice(start, min(start + step, self.shape[0]))

    def picture(self) -> NDArray[np.uint8]:
        """Colors of the painting under even light.

        Returns
        -------
        ndarray of shape (n_rows, n_columns, 3), uint8
            SRGB.
        """
        return np.concatenate([self._picture(rows) for rows in self.blocks(100_000)])

    def _picture(self, rows: slice) -> NDArray[np.uint8]:
        amounts = self.amounts(rows)
        seen = np.zeros((*amounts.shape[1:], 3))
        for layer in reversed(range(Stratum.RETOUCHING, len(Stratum))):
            depth, color = np.zeros(seen.shape[:2]), np.zeros_like(seen)
            for one, amount in zip(self.components, amounts, strict=True):
                if one.layer == layer:
                    part = amount * (one.thickness_um / hiding_thickness(one.mixture))
                    depth += part
                    color += part[..., None] * mixture_color(one.mixture)
            opacity = -np.expm1(-depth)
            weight = np.divide(opacity, depth, out=np.zeros_like(depth), where=depth > 0)
            seen = seen * (1 - opacity)[..., None] + color * weight[..., None]
        index = self._index[Stratum.VARNISH, "varnish"]
        varnish = self.components[index]
        (name,) = varnish.mixture
        thickness = amounts[index] * (varnish.thickness_um / _Technique.varnish_color)
        seen *= np.exp(thickness[..., None] * np.log(linear_color(material(name).rgb)))
        leaf = [amounts[i] for i, one in enumerate(self.components) if one.name == "leaf"]
        light = self._wear.light(self.y[rows], self.x, leaf[0] if leaf else None)
        return to_srgb(seen * light[..., None])


def _suitable_layout(size: tuple[float, float], rng: np.random.Generator) -> str:
    """A layout for a painting of this height and width."""
    if size[1] > 1.2 * size[0]:
        return "deesis"
    upright = [name for name in layouts() if name != "deesis"]
    return upright[rng.integers(len(upright))]
