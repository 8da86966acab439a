"""Surface features: brush strokes, uneven layers, worn gold, losses, repairs, cracks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from skxrf.simulation._stacks import Stratum
from skxrf.utils.typing import Array

from ._textures import Cracks, SmoothField, smooth_step


@dataclass(frozen=True)
class _Sizes:
    """Sizes of leaves and cracks."""

    # leaf, overlap: side of a leaf of gold and width of the overlap of two [mm]
    leaf: float = 80.0
    overlap: float = 3.0
    # crack, depth: width of a crack [mm], and the share of the layers that it opens
    crack: float = 0.35
    depth: float = 0.8


class Wear:
    """Fields that change the amounts of a painting's components.

    `size`: height and width of the painting [mm]. `rng`: source of the random numbers.
    `n_retouchings`: number of retouching paints. `step`: distance of rows and columns [mm]: a crack
    is narrower than a pixel.
    """

    def __init__(
        self,
        size: tuple[float, float],
        rng: np.random.Generator,
        *,
        n_retouchings: int = 1,
        step: float = 1.0,
    ) -> None:
        self._size, self._step = size, step
        self._n_retouchings = n_retouchings

        def field(down: float, across: float) -> SmoothField:
            return SmoothField(size, (down, across), rng)

        wide = 0.25 * min(size)
        self._strokes = [field(1.4, 7.0), field(7.0, 1.4)]
        self._slow = [field(wide, wide) for _ in range(4)]
        self._ground = [field(60.0, 60.0), field(6.0, 6.0)]
        self._varnish = field(50.0, 30.0)
        self._wear = [field(25.0, 25.0), field(2.5, 2.5)]
        self._losses = [field(s, 0.8 * s) for s in (45.0, 14.0, 5.0, 2.0)]
        self._repaired, self._which = field(70.0, 70.0), field(90.0, 90.0)
        self._cracks = Cracks(size, (13.0, 8.0), rng)
        self._leaf_start = rng.uniform(0, _Sizes.leaf, size=2)
        self._gloss = field(120.0, 160.0)

    def apply(
        self, amounts: Array, components: Sequence[tuple[int, str]], y: Array, x: Array
    ) -> None:
        """Change amounts (n_components, n_y, n_x) of components (layer, name) in place."""
        strokes = [1 + 0.15 * stroke(y, x) for stroke in self._strokes]
        slow = [1 + 0.14 * one(y, x) for one in self._slow]
        lost, bare, repaired = self._damage(y, x)
        cracks = 1 - _Sizes.depth * self._crack_share(y, x)
        kept = (1 - lost) * cracks
        for i, (layer, name) in enumerate(components):
            if name == "leaf":
                amounts[i] *= self._leaf(y, x) * kept
            elif layer in (Stratum.UPPER, Stratum.PAINT, Stratum.UNDER):
                # Paints differ in the direction of the brush and in where they are thick.
                texture = strokes[i % 2] * slow[i % len(slow)]
                amounts[i] *= np.maximum(texture, 0.3) * kept
            elif layer == Stratum.GROUND:
                uneven = 1 + 0.1 * self._ground[0](y, x) + 0.04 * self._ground[1](y, x)
                amounts[i] *= np.maximum(uneven, 0.2) * (1 - bare) * (1 - 0.5 * (1 - cracks))
            elif layer == Stratum.VARNISH:
                amounts[i] *= np.maximum(1 + 0.3 * self._varnish(y, x), 0.1)
            elif layer == Stratum.RETOUCHING:
                mine = self._share_of_retouching(int(name.split()[-1]) - 1, y, x)
                amounts[i] = repaired * mine * np.maximum(strokes[0], 0.3)

    def light(self, y: Array, x: Array, leaf: Array | None) -> Array:
        """Brightness of the surface under raking light, about 1, (n_y, n_x)."""
        relief = 1 + 0.035 * self._strokes[0](y, x) + 0.025 * self._strokes[1](y, x)
        relief = relief * (1 - 0.3 * self._crack_share(y, x))
        if leaf is None:
            return np.asarray(relief)
        gloss = 1 + 0.1 * self._gloss(y, x) + 0.2 * (0.5 - y[:, None] / self._size[0])
        shine = np.minimum(leaf, 1)
        return np.asarray(relief * (1 + shine * (gloss - 1)))

    def _leaf(self, y: Array, x: Array) -> Array:
        """Leaf, twice where two leaves overlap, less where it is worn."""
        down = np.mod(y + self._leaf_start[0], _Sizes.leaf) < _Sizes.overlap
        across = np.mod(x + self._leaf_start[1], _Sizes.leaf) < _Sizes.overlap
        leaves = 1.0 + np.maximum(down[:, None], across[None])
        rubbed = self._wear[0](y, x) + 0.7 * self._wear[1](y, x)
        return np.asarray(leaves * (1 - 0.85 * smooth_step(rubbed, 1.3, 2.6)))

    def _damage(self, y: Array, x: Array) -> tuple[Array, Array, Array]:
        """Shares of lost paint, of lost ground, and of retouching."""
        weights = (1.0, 0.8, 0.55, 0.3)
        rough = sum(w * one(y, x) for w, one in zip(weights, self._losses, strict=True))
        rough = np.asarray(rough) / np.sqrt(np.sum(np.square(weights)))
        # Edges suffer first, the lower one most.
        to_edge = np.minimum(
            np.minimum(1.3 * y, 0.7 * (self._size[0] - y))[:, None],
            np.minimum(x, self._size[1] - x)[None],
        )
        rough = rough + 0.9 * np.exp(-to_edge / (0.04 * min(self._size)))
        lost = smooth_step(rough, 2.3, 2.4)
        bare = smooth_step(rough, 2.9, 3.0)
        repaired = smooth_step(self._repaired(y, x), -0.1, 0.1)
        # Restorers fill the ground and paint a little beyond the loss.
        overlap = smooth_step(rough, 2.2, 2.3)
        return lost, bare * (1 - repaired), overlap * repaired

    def _share_of_retouching(self, which: int, y: Array, x: Array) -> Array:
        """Share of a retouching paint; two paints meet in narrow zones."""
        level = smooth_step(self._which(y, x), -0.05, 0.05) * (self._n_retouchings - 1)
        return np.asarray(np.maximum(1 - np.abs(level - which), 0))

    def _crack_share(self, y: Array, x: Array) -> Array:
        """Share of each point that a crack takes."""
        share = min(1.0, _Sizes.crack / self._step)
        reach = 0.5 * max(self._step, _Sizes.crack)
        return np.asarray(share * smooth_step(-self._cracks(y, x), -reach, 0.0))
