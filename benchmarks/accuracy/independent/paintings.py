"""Paintings of the independent check, rendered through other tables and on wrong axes."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.independent.instruments import CONTINUUM_TILT, INSTRUMENTS, bent
from benchmarks.accuracy.independent.lines import line_factors, lorentz_wings
from benchmarks.accuracy.independent.palettes import PALETTES
from benchmarks.accuracy.paintings import (
    ELEMENTS,
    SHAPE,
    OtherTables,
    TestPainting,
    cached,
    render,
)
from benchmarks.tables import CACHE
from skxrf.pretrained._axis import LINE_GROUPS

COUNTS = (500.0, 5000.0, 50_000.0)
# Palette, instrument and seed, of the painting as of its axis. Not to be changed.
PAINTINGS = (
    ("roman_canvas", "Mo 45", 101),
    ("roman_canvas", "W 50", 102),
    ("mummy_portrait", "Rh 35 He", 103),
    ("painted_landscape", "Mo 45", 104),
    ("painted_landscape", "Rh 35 He", 105),
    ("gospel_leaf", "W 50", 106),
)
# Least mean counts, at 5,000 a pixel, of line groups that are scored besides the paper's eleven.
_PLAIN = 5.0


@dataclass(frozen=True)
class IndependentPainting(TestPainting):
    """A painting, with the axis that its file claims and its bound at one count a pixel."""

    claimed: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    """(n_channels,): bin centers of the file [keV]; `energy` contains the true ones."""
    bound_at_one: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    """(n_y, n_x, n_groups): Cramer-Rao bound at one count a pixel: it grows with the square root of
    the dose."""
    tube: str = ""  # tube anode; empty where `instrument` is one of `INSTRUMENTS`

    @property
    def stated_energy(self) -> NDArray[np.float64]:
        """Bin centers that the scan's file states [keV]."""
        return self.claimed

    @property
    def anode(self) -> str:
        """Tube anode."""
        return self.tube or INSTRUMENTS[self.instrument].anode

    def bound(self, mean_counts: float) -> NDArray[np.float64]:
        """Cramer-Rao bound of each pixel and line group [counts], (n_y, n_x, n_groups)."""
        return np.asarray(self.bound_at_one * np.sqrt(mean_counts))


def judged_groups(painting: TestPainting) -> list[str]:
    """The paper's eleven, as far as they are there, and what else is plainly there.

    Returns line groups, the eleven first.
    """
    mean = dict(zip(painting.groups, 5000 * painting.truth.mean(axis=(0, 1)), strict=True))
    others = [name for name in LINE_GROUPS if name not in ELEMENTS and mean.get(name, 0) > _PLAIN]
    return [*(name for name in ELEMENTS if name in mean), *others]


def load_painting(palette: str, instrument: str, seed: int) -> IndependentPainting:
    """Simulate one of the paintings, or take it from the cache.

    `palette`, `instrument`: of `PALETTES` and `INSTRUMENTS`. `seed`: of painting and axis.
    """
    path = CACHE / f"independent-{palette}-{instrument.replace(' ', '')}-{seed}.npz"
    return cached(path, IndependentPainting, lambda: simulate(palette, instrument, seed))


def simulate(
    palette: str, instrument: str, seed: int, shape: tuple[int, int] = SHAPE
) -> IndependentPainting:
    """Render a painting through fisx's line ratios, another detector, and a bent axis.

    `palette`, `instrument`: of `PALETTES` and `INSTRUMENTS`. `seed`: of painting and axis.
    """
    scanner = bent(instrument, seed)
    tables = OtherTables(
        line_factors,
        lambda model: lorentz_wings(model, scanner.edges),
        # Of what scatters; the gas before the object is left as it is.
        (scanner.energy.clip(1, 40) / 8) ** CONTINUUM_TILT[instrument],
    )
    made = render(PALETTES[palette], instrument, scanner, seed, shape=shape, tables=tables)
    values = {one.name: getattr(made, one.name) for one in fields(made)} | {"palette": palette}
    return IndependentPainting(
        **values, claimed=scanner.claimed_energy, bound_at_one=made.bound(1.0)
    )
