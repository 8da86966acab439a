"""Random layer stacks of palettes and of chemistry outside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from skxrf.exceptions import SkxrfError
from skxrf.utils.typing import Array

from ._foreign import FOREIGN_ELEMENTS, ForeignChemistry
from ._layers import UM_TO_CM, material_table
from .paintings._palettes import Palette, check_palettes


class Stratum(IntEnum):
    """Layers of random stacks and paintings, from above; a missing layer has no mass."""

    VARNISH = 0
    RETOUCHING = 1
    UPPER = 2
    PAINT = 3
    UNDER = 4
    GROUND = 5
    SUPPORT = 6


@dataclass(frozen=True)
class StackRanges:
    """Distributions of random stacks; all defaults are assumed, from cross-sections of icons.

    Thicknesses are log-normal: the median [um] and the factor of one standard deviation.

    Parameters
    ----------
    paint_layers : sequence of float
        Chances of one, two and three paint layers.
    pigments : sequence of float
        Chances of one, two, three (and so on) pigments in a paint.
    recipe_share : float
        Share of the paints that follow a mixture of the palette, its shares changed by about
        `recipe_spread`; the others mix any pigments in any shares.
    recipe_spread : float
        Standard deviation of the logarithm of the shares of a followed mixture.
    paint_um : pair of float
        Thickness of a paint layer.
    binder_volume : pair of float
        Least and greatest share of the binder in a paint's volume.
    bare_share : float
        Share of stacks where all paint is lost.
    varnish_share : float
        Share of stacks with varnish.
    varnish_um : pair of float
        Thickness of the varnish.
    retouching_share : float
        Share of stacks with retouching.
    retouching_um : pair of float
        Thickness of the retouching.
    leaf_share : float
        Share of stacks with metal leaf on bole, for palettes with leaf.
    leaf_um : pair of float
        Thickness of the leaf.
    bole_um : pair of float
        Thickness of the bole.
    painted_leaf_share : float
        Share of the leaf that is painted over.
    lost_ground_share : float
        Share of stacks where paint and ground are lost.
    ground_spread, support_spread : float
        Factor of one standard deviation of the thickness that the palette gives for ground and
        support.
    foreign_layer_share : float
        In a stack with foreign chemistry, the chance of each layer of paint, leaf and ground to
        be foreign.
    """

    paint_layers: Sequence[float] = (0.5, 0.35, 0.15)
    pigments: Sequence[float] = (0.4, 0.35, 0.25)
    recipe_share: float = 0.4
    recipe_spread: float = 0.4
    paint_um: tuple[float, float] = (22.0, 2.0)
    binder_volume: tuple[float, float] = (0.3, 0.75)
    bare_share: float = 0.04
    varnish_share: float = 0.65
    varnish_um: tuple[float, float] = (18.0, 1.8)
    retouching_share: float = 0.08
    retouching_um: tuple[float, float] = (15.0, 1.8)
    leaf_share: float = 0.12
    leaf_um: tuple[float, float] = (0.3, 1.7)
    bole_um: tuple[float, float] = (12.0, 1.7)
    painted_leaf_share: float = 0.35
    lost_ground_share: float = 0.02
    ground_spread: float = 1.7
    support_spread: float = 1.3
    foreign_layer_share: float = 0.6

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if name.endswith("_share") and not 0 <= value <= 1:
                raise SkxrfError(f"{name} must be between 0 and 1, got {value!r}.")
            if name.endswith("_um") and not (value[0] > 0 and value[1] >= 1):
                raise SkxrfError(
                    f"{name} must be a positive median [um] and a factor of at least 1, "
                    f"got {value!r}."
                )
        for name in ("paint_layers", "pigments"):
            chances = getattr(self, name)
            if not len(chances) or min(chances) < 0 or not 0 < sum(chances) < np.inf:
                raise SkxrfError(f"{name} must be chances of 0 or more, got {chances!r}.")
        low, high = self.binder_volume
        if not 0 < low <= high < 1:
            raise SkxrfError(f"binder_volume must lie between 0 and 1, got {self.binder_volume!r}.")


def random_stacks(
    n: int,
    rng: np.random.Generator | int | None = None,
    *,
    palette: str | Palette | Sequence[str | Palette] | None = None,
    foreign_share: float = 1 / 3,
    foreign_elements: Sequence[str] = FOREIGN_ELEMENTS,
    ranges: StackRanges | None = None,
    elements: Sequence[str] | None = None,
) -> tuple[tuple[str, ...], Array, Array]:
    """Draw random stacks of layers.

    Parameters
    ----------
    n : int
        Number of stacks.
    rng : numpy Generator or int, optional
        Source of the random numbers; the same seed gives the same stacks.
    palette : str, Palette or sequence of those, optional
        Palettes, of which each stack follows one; by default all that are meant for training.
    foreign_share : float
        Share of the stacks with random chemistry: mixtures of compounds of random elements.
    foreign_elements : sequence of str
        Chemical symbols that random chemistry draws its metals from.
    ranges : StackRanges, optional
        Chances and thicknesses.
    elements : sequence of str, optional
        Chemical symbols of the last axis; by default all that the stacks can contain, sorted.

    Returns
    -------
    elements : tuple of str
        Chemical symbols.
    compositions : ndarray of shape (n, 7, n_elements)
        Mass fractions of the layers, varnish first, support last; they sum to 1, or to 0 for a
        layer that is not there.
    masses : ndarray of shape (n, 7)
        Areal masses [g/cm2]; 0 for a layer that is not there.

    Raises
    ------
    SkxrfError
        If there is no such palette or element, or a share is not between 0 and 1.

    Examples
    --------
    >>> from skxrf.simulation import random_stacks
    >>> elements, compositions, masses = random_stacks(100, 0, palette="icon_1")
    >>> compositions.shape[:2], masses.shape
    ((100, 7), (100, 7))
    """
    if n < 1:
        raise SkxrfError(f"the number of stacks must be positive, got {n!r}.")
    if not 0 <= foreign_share <= 1:
        raise SkxrfError(f"foreign_share must be between 0 and 1, got {foreign_share!r}.")
    rng = np.random.default_rng(rng)
    ranges = ranges or StackRanges()
    chosen = check_palettes(palette)
    foreign = ForeignChemistry(foreign_elements) if foreign_share > 0 else None
    if elements is None:
        held = {symbol for one in chosen for symbol in one.elements}
        elements = sorted(held | {*(foreign.elements if foreign else ())})
    compositions = np.zeros((n, len(Stratum), len(elements)))
    masses, thickness = np.zeros((n, len(Stratum))), np.zeros((n, len(Stratum)))
    which = rng.integers(len(chosen), size=n)
    for i, one in enumerate(chosen):
        mine = np.flatnonzero(which == i)
        table = material_table(one.materials, tuple(elements))
        shares, thickness[mine] = _PaletteDraw(one, table.densities, ranges, rng)(mine.size)
        there = np.nonzero(thickness[mine])
        rows, layers = mine[there[0]], there[1]
        compositions[rows, layers] = table.compositions(shares[there], rng)
        volume = shares[there] @ (1 / table.densities)
        masses[rows, layers] = thickness[rows, layers] * UM_TO_CM / volume
    if foreign:
        may_be = (masses > 0) & np.isin(
            np.arange(len(Stratum)), np.arange(Stratum.RETOUCHING, Stratum.SUPPORT)
        )
        may_be &= (rng.random(n) < foreign_share)[:, None]
        is_foreign = np.nonzero(may_be & (rng.random(may_be.shape) < ranges.foreign_layer_share))
        compositions[is_foreign], density = foreign.mixtures(is_foreign[0].size, elements, rng)
        masses[is_foreign] = thickness[is_foreign] * UM_TO_CM * density
    return tuple(elements), compositions, masses


class _PaletteDraw:
    """Draws shares of materials and thicknesses of stacks that follow one palette."""

    def __init__(
        self,
        palette: Palette,
        densities: Array,
        ranges: StackRanges,
        rng: np.random.Generator,
    ) -> None:
        self.palette, self.ranges, self.rng = palette, ranges, rng
        self.densities = densities
        self.column = {name: i for i, name in enumerate(palette.materials)}
        self.pigments = self._columns(palette.pigments)
        self.recipes = np.array([self._row(mixture) for mixture in palette.paints.values()])
        self.retouchings = np.array([self._row(mixture) for mixture in palette.retouchings])

    def _columns(self, names: Sequence[str]) -> NDArray[np.intp]:
        return np.array([self.column[name] for name in names])

    def _row(self, mixture: Mapping[str, float]) -> Array:
        row = np.zeros(len(self.column))
        for name, share in mixture.items():
            row[self.column[name]] = share
        return np.asarray(row / row.sum())

    def __call__(self, n: int) -> tuple[Array, Array]:
        """Shares by mass (n, n_layers, n_materials) and thicknesses [um] (n, n_layers)."""
        ranges, rng, one = self.ranges, self.rng, self.palette
        shares = np.zeros((n, len(Stratum), len(self.column)))
        thickness = np.zeros((n, len(Stratum)))

        def happens(share: float) -> NDArray[np.bool_]:
            return np.asarray(rng.random(n) < share)

        def lognormal(median: float | Array, factor: float) -> Array:
            return np.asarray(median * np.exp(np.log(factor) * rng.standard_normal(n)))

        varnish = self._columns(one.varnishes)[rng.integers(len(one.varnishes), size=n)]
        shares[np.arange(n), Stratum.VARNISH, varnish] = 1
        thickness[:, Stratum.VARNISH] = lognormal(*ranges.varnish_um) * happens(
            ranges.varnish_share
        )

        shares[:, Stratum.RETOUCHING] = self._paint(n, self.retouchings)
        retouched = happens(ranges.retouching_share)
        thickness[:, Stratum.RETOUCHING] = lognormal(*ranges.retouching_um) * retouched

        chances = np.cumsum(ranges.paint_layers) / np.sum(ranges.paint_layers)
        layers = 1 + np.searchsorted(chances, rng.random(n), side="right")
        for order, layer in enumerate((Stratum.PAINT, Stratum.UPPER, Stratum.UNDER)):
            shares[:, layer] = self._paint(n, self.recipes)
            thickness[:, layer] = lognormal(*ranges.paint_um) * (layers > order)

        if one.leaf:
            gilded = np.flatnonzero(happens(ranges.leaf_share))
            leaf, bole = lognormal(*ranges.leaf_um), lognormal(*ranges.bole_um)
            painted = happens(ranges.painted_leaf_share)
            shares[gilded, Stratum.PAINT] = self._row({one.leaf: 1.0})
            shares[gilded, Stratum.UNDER] = self._row(one.bole)
            thickness[gilded, Stratum.PAINT], thickness[gilded, Stratum.UNDER] = (
                leaf[gilded],
                bole[gilded],
            )
            thickness[gilded, Stratum.UPPER] = lognormal(*ranges.paint_um)[gilded] * painted[gilded]

        which = rng.integers(len(one.grounds), size=n)
        grounds = np.array([self._row(mixture) for mixture, _ in one.grounds])
        shares[:, Stratum.GROUND] = grounds[which]
        medians = np.array([median for _, median in one.grounds])[which]
        thickness[:, Stratum.GROUND] = lognormal(medians, ranges.ground_spread)

        which = rng.integers(len(one.supports), size=n)
        supports = self._columns([name for name, _ in one.supports])
        shares[np.arange(n), Stratum.SUPPORT, supports[which]] = 1
        medians = np.array([median for _, median in one.supports])[which]
        thickness[:, Stratum.SUPPORT] = lognormal(medians, ranges.support_spread)

        lost = happens(ranges.lost_ground_share)
        bare = happens(ranges.bare_share) | lost
        thickness[:, [Stratum.UPPER, Stratum.PAINT, Stratum.UNDER]] *= ~bare[:, None]
        thickness[lost, Stratum.GROUND] = 0
        return shares, thickness

    def _paint(self, n: int, recipes: Array) -> Array:
        """Shares by mass of n paints, binder included."""
        ranges, rng = self.ranges, self.rng
        followed = recipes[rng.integers(len(recipes), size=n)]
        followed = followed * np.exp(ranges.recipe_spread * rng.standard_normal(followed.shape))
        pool = self.pigments if recipes is self.recipes else np.flatnonzero(recipes.any(axis=0))
        # Each mixture takes the pigments with the least random numbers, in random volumes.
        most = min(len(ranges.pigments), pool.size)
        chosen = pool[np.argsort(rng.random((n, pool.size)), axis=1)[:, :most]]
        volumes = rng.standard_exponential(chosen.shape)
        chances = np.cumsum(ranges.pigments[:most]) / np.sum(ranges.pigments[:most])
        count = 1 + np.searchsorted(chances, rng.random(n), side="right")
        volumes *= np.arange(most) < count[:, None]
        free = np.zeros((n, len(self.column)))
        np.put_along_axis(free, chosen, volumes * self.densities[chosen], axis=1)
        follows = (rng.random(n) < ranges.recipe_share)[:, None]
        shares = np.where(follows, followed, free)
        shares /= shares.sum(axis=1, keepdims=True)
        # The binder's share is one of volume.
        binders = self._columns(self.palette.binders)
        binder = binders[rng.integers(len(binders), size=n)]
        volume = rng.uniform(*ranges.binder_volume, size=n)
        pigment_volume = shares @ (1 / self.densities)
        added = volume / (1 - volume) * pigment_volume * self.densities[binder]
        # Metal powders and leaf among the pigments are bound like them.
        shares[np.arange(n), binder] += added
        return np.asarray(shares / shares.sum(axis=1, keepdims=True))
