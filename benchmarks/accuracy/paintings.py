"""Paintings that no training saw: expected spectra, true intensities, Cramer-Rao bound."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TypeVar

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.interpolate import BSpline

from benchmarks.tables import CACHE
from skxrf.physics import line_group
from skxrf.simulation import ForwardModel, Instrument, Palette, cramer_rao_bound
from skxrf.simulation.paintings._scan import DEFAULT_LINE_GROUPS, painting_scan
from skxrf.utils.files import whole_file

# The paper's eleven line groups, in the tables.
ELEMENTS = list(DEFAULT_LINE_GROUPS)
SHAPE = (72, 88)
# Seed of the test icon whose mean counts are those of real icons.
SEED = 6
# A scanner that no training drew: these presets and this copper tube are kept for tests.
COPPER = replace(
    Instrument.in_air_silver(), name="copper tube", anode="Cu", voltage=40.0, take_off=45.0
)
INSTRUMENTS = {
    "M6": Instrument.m6_jetstream().with_axis(-0.9555, 0.02, 2048),
    "M4": Instrument.m4_tornado().with_axis(-0.9564, 0.02, 2048),
    "Ag": Instrument.in_air_silver(),
    "Cu": COPPER,
}
PALETTES = ("icon_test", "held_out_orpiment_icon", "held_out_fauve", "held_out_industrial")
# The test icon, as in the paper, is the painting of the table; the others check it.
PAINTINGS = (
    *(("icon_test", name) for name in ("M6", "M4", "Ag")),
    *((palette, name) for palette in PALETTES[1:] for name in ("M6", "Ag")),
)
N_BACKGROUND = 6
_BATCH = 128
# Line groups of fewer mean counts at 5,000 counts a pixel are no nuisance, but a search may rightly
# name those above this share of all counts.
_LEAST_COUNTS = 0.3
_LEAST_TRACE = 1e-6


@dataclass(frozen=True)
class TestPainting:
    """A painting at a dose of one count a pixel, on average."""

    # palette, instrument: paints and scanner
    palette: str
    instrument: str
    expected: NDArray[np.float32]  # (n_y, n_x, n_channels), float32: expected counts
    truth: NDArray[np.float32]  # (n_y, n_x, n_groups), float32: true net intensities
    groups: tuple[str, ...]  # their line groups
    templates: NDArray[np.float32]
    """(n_groups + n_background, n_channels), float32: mean spectra of one net count of each group,
    and of background shapes."""
    energy: NDArray[np.float64]  # (n_channels,): true bin centers [keV]
    traces: tuple[str, ...] = ()
    """Line groups too weak to be nuisances, of at least a millionth of all counts."""

    def counts(self, mean_counts: float, seed: int) -> xr.DataArray:
        """Draw a scan.

        `mean_counts`: mean counts of a pixel. `seed`: of the photon noise. Returns (y, x, energy).
        """
        drawn = np.random.default_rng(seed).poisson(self.expected * np.float32(mean_counts))
        return xr.DataArray(
            drawn.astype(np.uint16),
            dims=("y", "x", "energy"),
            coords={"energy": self.stated_energy},
            name="counts",
            attrs={
                "painting": f"{self.palette} {self.instrument}",
                "anode": self.anode,
                "groups": [name for name in self.groups if self._is_plain(name)],
            },
        )

    @property
    def stated_energy(self) -> NDArray[np.float64]:
        """Bin centers that the scan's file states [keV]: the true ones."""
        return self.energy

    @property
    def anode(self) -> str:
        """Tube anode."""
        return INSTRUMENTS[self.instrument].anode

    def _is_plain(self, name: str) -> bool:
        """True for line groups that a user would list for a fit up to 17 keV."""
        energy = line_group(name).main_energy
        mean = float(self.truth[..., self.groups.index(name)].mean()) * 5000
        return 1.5 < energy < 16.5 and mean > 1

    def bound(self, mean_counts: float) -> NDArray[np.float64]:
        """Cramer-Rao bound of each pixel and line group [counts], (n_y, n_x, n_groups)."""
        n = len(self.groups)
        mean = self.expected.reshape(-1, self.expected.shape[2]) * mean_counts
        bound = cramer_rao_bound(mean, self.templates[:n], nuisances=self.templates[n:])
        return bound.reshape(*self.expected.shape[:2], n)


Kind = TypeVar("Kind", bound=TestPainting)


def load_painting(palette: str, instrument: str) -> TestPainting:
    """Simulate one of the test paintings, or take it from the cache."""
    path = CACHE / f"painting-{palette}-{instrument}.npz"
    return cached(
        path, TestPainting, lambda: render(palette, instrument, INSTRUMENTS[instrument], SEED)
    )


def cached(path: Path, kind: type[Kind], make: Callable[[], Kind]) -> Kind:
    """Take a painting from a file, or make it and keep it there."""
    if not path.exists():
        made = make()
        path.parent.mkdir(exist_ok=True)
        with whole_file(path) as partial, partial.open("wb") as file:
            np.savez(
                file, **{one.name: np.asarray(getattr(made, one.name)) for one in fields(made)}
            )
        return made
    with np.load(path) as arrays:
        found = {name: arrays[name] for name in arrays.files}
    for name in ("palette", "instrument", "tube"):
        if name in found:
            found[name] = str(found[name])
    for name in ("groups", "traces"):
        found[name] = tuple(map(str, found[name]))
    return kind(**found)


@dataclass(frozen=True)
class OtherTables:
    """Deviations of a painting's spectra from the library's tables."""

    factors: Callable[[ForwardModel], NDArray[np.floating]] | float = 1.0
    """Factor on the photons of each line, from the forward model."""
    wings: Callable[[ForwardModel], NDArray[np.floating]] | float = 0.0
    """Counts per photon added to the spectrum of each line, from the forward model."""
    tilt: NDArray[np.floating] | float = 1.0
    """(n_channels,): factor on the spectrum of scattered photons."""


def render(
    palette: str | Palette,
    instrument: str,
    scanner: Instrument,
    seed: int,
    *,
    shape: tuple[int, int] = SHAPE,
    tables: OtherTables | None = None,
    order: Callable[[int], NDArray[np.intp]] | None = None,
) -> TestPainting:
    """Render expected spectra, true intensities and the shapes for the bound.

    `instrument`: name of the scanner. `tables`: what differs from the library's tables. `order`:
    from the number of pixels to the pixel whose layers each one takes. The painting is at one
    count a pixel.
    """
    tables = tables or OtherTables()
    scan = painting_scan(palette, shape=shape, instrument=scanner, elements=(), random_state=seed)
    compositions, masses = scan.plan.stacks()
    if order is not None:
        places = order(len(masses))
        compositions, masses = compositions[places], masses[places]
    model, templates = scan.renderer.model, scan.renderer.templates[0]
    factors, wings = (
        np.asarray(one(model) if callable(one) else one, np.float32)
        for one in (tables.factors, tables.wings)
    )
    line_spectra = templates.lines + wings
    scatter_spectra = (templates.scatter * tables.tilt).astype(np.float32)
    expected = np.empty((len(masses), scanner.n_channels), np.float32)
    lines = np.empty((len(masses), len(line_spectra)), np.float32)
    scatter = np.zeros(len(scatter_spectra))
    for start in range(0, len(masses), _BATCH):
        part = slice(start, start + _BATCH)
        photons = model.photons(compositions[part], masses[part])
        lines[part] = photons.lines * factors
        scatter += photons.scatter.sum(axis=0)
        scattered = photons.scatter @ scatter_spectra
        expected[part] = lines[part] @ line_spectra + scattered + templates.gas
    # Wings and Gaussians cancel in their far parts only to within rounding.
    np.maximum(expected, 0, out=expected)
    dose = 1 / expected.sum(axis=1, dtype=np.float64).mean()
    names, truth, shapes, traces = [], [], [], []
    for name in map(str, np.unique([*model.tables.groups, *model.gas.tables.groups])):
        mine = model.tables.groups == name
        total = (lines[:, mine].sum(axis=1) + float(model.gas_intensities([name])[0])) * dose
        if total.mean() * 5000 < _LEAST_COUNTS:
            if total.mean() >= _LEAST_TRACE:
                traces.append(name)
            continue
        names.append(name)
        truth.append(total)
        mean = lines[:, mine].mean(axis=0)
        if mean.sum() > 0:
            shapes.append(mean @ line_spectra[mine] / mean.sum())
        else:
            shapes.append(scanner.detector.template(line_group(name), scanner.edges))
    background = background_shapes_of(scanner.energy, scatter @ scatter_spectra)
    return TestPainting(
        palette if isinstance(palette, str) else palette.name,
        instrument,
        (expected * np.float32(dose)).reshape(*scan.plan.shape, -1),
        np.stack(truth, axis=1).astype(np.float32).reshape(*scan.plan.shape, -1),
        tuple(names),
        np.vstack([*shapes, *background]).astype(np.float32),
        scanner.energy,
        tuple(traces),
    )


def background_shapes_of(energy: NDArray[np.float64], continuum: NDArray[np.float64]) -> NDArray:
    """The mean scatter, times smooth bumps in the logarithm of the energy that sum to one."""
    position = np.log(np.clip(energy, 1.0, 40.0))
    knots = np.linspace(position.min(), position.max(), N_BACKGROUND - 2)
    padded = np.concatenate([np.repeat(knots[0], 3), knots, np.repeat(knots[-1], 3)])
    bumps = BSpline.design_matrix(position, padded, 3).toarray().T
    shapes = bumps * continuum
    return shapes / shapes.sum(axis=1, keepdims=True)
