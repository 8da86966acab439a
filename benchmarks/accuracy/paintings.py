"""Paintings that no training saw: expected spectra, true intensities, Cramer-Rao bound."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.interpolate import BSpline

from skxrf.physics import line_group
from skxrf.simulation import ForwardModel, Instrument, cramer_rao_bound
from skxrf.simulation.paintings._scan import DEFAULT_LINE_GROUPS, painting_scan

__all__ = [
    "ELEMENTS",
    "INSTRUMENTS",
    "PAINTINGS",
    "TestPainting",
    "background_shapes_of",
    "load_painting",
]

# The paper's eleven line groups, of which the tables speak.
ELEMENTS = list(DEFAULT_LINE_GROUPS)
CACHE = Path(__file__).parents[1] / "cache"
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
# Line groups of fewer mean counts at 5,000 counts a pixel are no nuisance.
_LEAST_COUNTS = 0.3


@dataclass(frozen=True)
class TestPainting:
    """A painting at a dose of one count a pixel, on average.

    Parameters
    ----------
    palette, instrument : str
        What it is made of and seen with.
    expected : ndarray of shape (n_y, n_x, n_channels), float32
        Expected counts.
    truth : ndarray of shape (n_y, n_x, n_groups), float32
        True net intensities.
    groups : tuple of str
        Their line groups.
    templates : ndarray of shape (n_groups + n_background, n_channels), float32
        Mean spectra of one net count of each group, and of background shapes.
    energy : ndarray of shape (n_channels,)
        True bin centres [keV].
    """

    palette: str
    instrument: str
    expected: NDArray[np.float32]
    truth: NDArray[np.float32]
    groups: tuple[str, ...]
    templates: NDArray[np.float32]
    energy: NDArray[np.float64]

    def counts(self, mean_counts: float, seed: int) -> xr.DataArray:
        """Draw a scan.

        Parameters
        ----------
        mean_counts : float
            Mean counts of a pixel.
        seed : int
            Of the photon noise.

        Returns
        -------
        DataArray of dims (y, x, energy), uint16
        """
        drawn = np.random.default_rng(seed).poisson(self.expected * np.float32(mean_counts))
        return xr.DataArray(
            drawn.astype(np.uint16),
            dims=("y", "x", "energy"),
            coords={"energy": self.energy},
            name="counts",
            attrs={
                "painting": f"{self.palette} {self.instrument}",
                "anode": INSTRUMENTS[self.instrument].anode,
                "groups": [name for name in self.groups if self._is_plain(name)],
            },
        )

    def _is_plain(self, name: str) -> bool:
        """Whether a fit to 17 keV can be asked for it: what a user would list."""
        energy = line_group(name).main_energy
        mean = float(self.truth[..., self.groups.index(name)].mean()) * 5000
        return 1.5 < energy < 16.5 and mean > 1

    def bound(self, mean_counts: float) -> NDArray[np.float64]:
        """Cramer-Rao bound of each pixel and line group [counts], (n_y, n_x, n_groups)."""
        n = len(self.groups)
        mean = self.expected.reshape(-1, self.expected.shape[2]) * mean_counts
        bound = cramer_rao_bound(mean, self.templates[:n], nuisances=self.templates[n:])
        return bound.reshape(*self.expected.shape[:2], n)


def load_painting(palette: str, instrument: str) -> TestPainting:
    """Simulate one of the test paintings, or take it from the cache.

    Parameters
    ----------
    palette, instrument : str
        One of `PAINTINGS`.

    Returns
    -------
    TestPainting
    """
    path = CACHE / f"painting-{palette}-{instrument}.npz"
    if not path.exists():
        CACHE.mkdir(exist_ok=True)
        made = _simulate(palette, instrument)
        np.savez(path, **{k: np.asarray(v) for k, v in vars(made).items()})
        return made
    with np.load(path) as arrays:
        found = {name: arrays[name] for name in arrays.files}
    for name in ("palette", "instrument"):
        found[name] = str(found[name])
    found["groups"] = tuple(map(str, found["groups"]))
    return TestPainting(**found)


def _simulate(palette: str, instrument: str) -> TestPainting:
    scanner = INSTRUMENTS[instrument]
    scan = painting_scan(palette, shape=SHAPE, instrument=scanner, elements=(), random_state=SEED)
    compositions, masses = scan.plan.stacks()
    model: ForwardModel = scan.renderer.model
    templates = scan.renderer.templates[0]
    shape = scan.plan.shape
    expected = np.empty((len(masses), scanner.n_channels), np.float32)
    lines, scatter = [], []
    for start in range(0, len(masses), 128):
        part = slice(start, start + 128)
        photons = model.photons(compositions[part], masses[part])
        expected[part] = templates.spectra(photons)
        lines.append(photons.lines)
        scatter.append(photons.scatter.mean(axis=0) * len(photons))
    photons_of_lines = np.concatenate(lines)
    dose = 1 / expected.sum(axis=1).mean()
    known = np.unique(np.concatenate([model.tables.groups, model.gas.tables.groups]))
    of_gas = model.gas_intensities(known) * dose
    mean = photons_of_lines.mean(axis=0) * dose
    names, truth, shapes = [], [], []
    for name, gas in zip(known, of_gas, strict=True):
        mine = model.tables.groups == name
        total = mean[mine].sum() + gas
        if total * 5000 < _LEAST_COUNTS:
            continue
        names.append(str(name))
        truth.append(photons_of_lines[:, mine].sum(axis=1) * dose + gas)
        if mine.any() and mean[mine].sum() > 0:
            shapes.append(mean[mine] @ templates.lines[mine] / mean[mine].sum())
        else:
            shapes.append(scanner.detector.template(line_group(str(name)), scanner.edges))
    continuum = sum(scatter) @ templates.scatter
    return TestPainting(
        palette,
        instrument,
        (expected * dose).reshape(*shape, -1),
        np.stack(truth, axis=1).astype(np.float32).reshape(*shape, -1),
        tuple(names),
        np.vstack([*shapes, *background_shapes_of(scanner.energy, continuum)]).astype(np.float32),
        scanner.energy,
    )


def background_shapes_of(energy: NDArray[np.float64], continuum: NDArray[np.float64]) -> NDArray:
    """The mean scatter, times smooth bumps in the logarithm of the energy that sum to one."""
    position = np.log(np.clip(energy, 1.0, 40.0))
    knots = np.linspace(position.min(), position.max(), N_BACKGROUND - 2)
    padded = np.concatenate([np.repeat(knots[0], 3), knots, np.repeat(knots[-1], 3)])
    bumps = BSpline.design_matrix(position, padded, 3).toarray().T
    shapes = bumps * continuum
    return shapes / shapes.sum(axis=1, keepdims=True)
