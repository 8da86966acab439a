"""The paintings of the independent check: rendered through other tables, on axes that are wrong."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from benchmarks.accuracy.independent.instruments import CONTINUUM_TILT, INSTRUMENTS, bent
from benchmarks.accuracy.independent.lines import line_factors, lorentz_wings
from benchmarks.accuracy.independent.palettes import PALETTES
from benchmarks.accuracy.paintings import (
    CACHE,
    ELEMENTS,
    SHAPE,
    TestPainting,
    background_shapes_of,
)
from skxrf.physics import line_group
from skxrf.pretrained._axis import LINE_GROUPS
from skxrf.simulation.paintings._scan import painting_scan

__all__ = [
    "COUNTS",
    "PAINTINGS",
    "IndependentPainting",
    "judged_groups",
    "load_painting",
    "simulate",
]

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
# Mean counts at 5,000 a pixel: of line groups that are judged besides the paper's eleven, and
# below which a group is no nuisance to the bound.
_PLAIN, _LEAST = 5.0, 0.3
_COMPUTED = 128


@dataclass(frozen=True)
class IndependentPainting(TestPainting):
    """A painting, with the axis that its file claims and its bound at one count a pixel.

    Parameters
    ----------
    claimed : ndarray of shape (n_channels,)
        Bin centres of the file [keV]; `energy` holds the true ones.
    bound_at_one : ndarray of shape (n_y, n_x, n_groups)
        Cramer-Rao bound at one count a pixel: it grows with the square root of the dose.
    """

    claimed: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    bound_at_one: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))

    def counts(self, mean_counts: float, seed: int) -> xr.DataArray:
        """Draw a scan, on the axis that the file claims; see :class:`TestPainting`."""
        drawn = np.random.default_rng(seed).poisson(self.expected * np.float32(mean_counts))
        return xr.DataArray(
            drawn.astype(np.uint16),
            dims=("y", "x", "energy"),
            coords={"energy": self.claimed},
            name="counts",
            attrs={
                "painting": f"{self.palette} {self.instrument}",
                "anode": INSTRUMENTS[self.instrument].anode,
                "groups": [name for name in self.groups if self._is_plain(name)],
            },
        )

    def bound(self, mean_counts: float) -> NDArray[np.float64]:
        """Cramer-Rao bound of each pixel and line group [counts], (n_y, n_x, n_groups)."""
        return np.asarray(self.bound_at_one * np.sqrt(mean_counts))


def judged_groups(painting: TestPainting) -> list[str]:
    """The paper's eleven, as far as they are there, and what else is plainly there.

    Parameters
    ----------
    painting : TestPainting

    Returns
    -------
    list of str
        Line groups, the eleven first.
    """
    mean = dict(zip(painting.groups, 5000 * painting.truth.mean(axis=(0, 1)), strict=True))
    others = [name for name in LINE_GROUPS if name not in ELEMENTS and mean.get(name, 0) > _PLAIN]
    return [*(name for name in ELEMENTS if name in mean), *others]


def load_painting(palette: str, instrument: str, seed: int) -> IndependentPainting:
    """Simulate one of the paintings, or take it from the cache.

    Parameters
    ----------
    palette, instrument : str
        Of `PALETTES` and `INSTRUMENTS`.
    seed : int
        Of painting and axis.

    Returns
    -------
    IndependentPainting
    """
    path = CACHE / f"independent-{palette}-{instrument.replace(' ', '')}-{seed}.npz"
    if not path.exists():
        CACHE.mkdir(exist_ok=True)
        made = simulate(palette, instrument, seed)
        values = {one.name: getattr(made, one.name) for one in fields(made)}
        np.savez(path, **{name: np.asarray(value) for name, value in values.items()})
        return made
    with np.load(path) as arrays:
        found = {name: arrays[name] for name in arrays.files}
    for name in ("palette", "instrument"):
        found[name] = str(found[name])
    found["groups"] = tuple(map(str, found["groups"]))
    return IndependentPainting(**found)


def simulate(
    palette: str, instrument: str, seed: int, shape: tuple[int, int] = SHAPE
) -> IndependentPainting:
    """Render a painting through fisx's line ratios, another detector, and a bent axis.

    Parameters
    ----------
    palette, instrument : str
        Of `PALETTES` and `INSTRUMENTS`.
    seed : int
        Of painting and axis.
    shape : pair of int
        Rows and columns.

    Returns
    -------
    IndependentPainting
    """
    scanner = bent(instrument, seed)
    scan = painting_scan(
        PALETTES[palette], shape=shape, instrument=scanner, elements=(), random_state=seed
    )
    compositions, masses = scan.plan.stacks()
    model = scan.renderer.model
    templates = scan.renderer.templates[0]
    line_spectra = templates.lines + lorentz_wings(model, scanner.edges).astype(np.float32)
    factors = line_factors(model).astype(np.float32)
    # Of what scatters; the gas before the object is left as it is.
    tilt = (scanner.energy.clip(1, 40) / 8) ** CONTINUUM_TILT[instrument]
    scatter_spectra = (templates.scatter * tilt).astype(np.float32)
    expected = np.empty((len(masses), scanner.n_channels), np.float32)
    lines, scatter = np.empty((len(masses), factors.size), np.float32), 0.0
    for start in range(0, len(masses), _COMPUTED):
        part = slice(start, start + _COMPUTED)
        photons = model.photons(compositions[part], masses[part])
        lines[part] = photons.lines * factors
        scatter = scatter + photons.scatter.sum(axis=0)
        expected[part] = (
            lines[part] @ line_spectra + photons.scatter @ scatter_spectra + templates.gas
        )
    # Wings and Gaussians cancel in their far parts only to within rounding.
    np.maximum(expected, 0, out=expected)
    dose = 1 / expected.sum(axis=1, dtype=np.float64).mean()
    groups, truth, shapes = [], [], []
    for name in np.unique([*model.tables.groups, *model.gas.tables.groups]):
        mine = model.tables.groups == name
        gas = float(model.gas_intensities([name])[0])
        of_paint = lines[:, mine]
        total = (of_paint.sum(axis=1) + gas) * dose
        if total.mean() * 5000 < _LEAST:
            continue
        groups.append(str(name))
        truth.append(total)
        mean = of_paint.mean(axis=0)
        if mean.sum() > 0:
            shapes.append(mean @ line_spectra[mine] / mean.sum())
        else:
            shapes.append(scanner.detector.template(line_group(str(name)), scanner.edges))
    background = background_shapes_of(scanner.energy, scatter @ scatter_spectra)
    plan_shape = scan.plan.shape
    scaled = expected * np.float32(dose)
    made = TestPainting(
        palette,
        instrument,
        scaled.reshape(*plan_shape, -1),
        np.stack(truth, axis=1).astype(np.float32).reshape(*plan_shape, -1),
        tuple(groups),
        np.vstack([*shapes, *background]).astype(np.float32),
        scanner.energy,
    )
    values = {one.name: getattr(made, one.name) for one in fields(made)}
    return IndependentPainting(
        **values, claimed=scanner.claimed_energy, bound_at_one=made.bound(1.0)
    )
