"""The problems: spectra, labels to learn from, references to be scored against, folds.

A problem on the real scan is there only where the scan is (``../shared/data`` beside the
project); it may not be republished, so that only numbers come out of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray
from sklearn.model_selection import GroupKFold, LeaveOneGroupOut

from benchmarks.pymca import PyMcaFastFit
from benchmarks.tables import REAL_SCAN
from skxrf.datasets import make_painting
from skxrf.datasets._make_spectra import DEFAULT_CHANNELS, DEFAULT_ENERGY
from skxrf.io import open_cube
from skxrf.linear_model import TemplateFitRegressor
from skxrf.model_selection import block_groups, painting_groups
from skxrf.samples import sample_index, to_samples
from skxrf.simulation import Instrument, simulate_painting

__all__ = ["PROBLEMS", "REAL_SCAN", "Problem", "ProblemData"]

# Line groups of the scan that a fit can separate, and the others that it contains.
REAL_LINE_GROUPS = (
    *("K_K", "Ca_K", "Ti_K", "Cr_K", "Mn_K", "Fe_K", "Cu_K", "Zn_K", "Sr_K", "Hg_L", "Pb_L"),
)
REAL_NUISANCE = ("S_K", "Ar_K", "Ni_K", "Zr_K", "Pb_M")

N_FOLDS = 3
# Blocks of a painting along y and x: about 15 x 20 pixels each, twice the window of SSIM.
N_BLOCKS = (4, 6)
# Rows and columns of the simulated painting.
PAINTING_SHAPE = (60, 120)

# Paintings of other periods, on another scanner, and what all of them contain.
OTHER_TRAINING = ("italian_gold_ground", "eighteenth_century_oil", "byzantine_tempera")
OTHER_TEST = ("wall_painting", "manuscript", "impressionist_oil")
OTHER_LINE_GROUPS = (
    *("S_K", "K_K", "Ca_K", "Ti_K", "Cr_K", "Mn_K", "Fe_K", "Cu_K", "Zn_K", "Sr_K", "Pb_L"),
)

Folds = list[tuple[NDArray[np.intp], NDArray[np.intp]]]


@dataclass(frozen=True)
class ProblemData:
    """Spectra, labels and folds, and the references that predictions are compared with."""

    X: NDArray[np.float32]  # (n_pixels, n_channels), float32: spectra [counts]
    labels: pd.DataFrame
    """(n_pixels, n_line_groups): labels to learn from, over the index (painting, y, x) [counts]."""
    references: Mapping[str, pd.DataFrame]
    """Intensities to score against, by name; each like `labels`."""
    groups: NDArray[np.intp]
    """(n_pixels,): block or painting of each pixel, which inner cross-validation keeps together."""
    folds: Folds  # rows to train on and rows to predict
    energy: NDArray[np.float64]  # (n_channels,): bin centers [keV]
    anode: str  # tube anode
    nuisance: tuple[str, ...] = ()
    """Line groups that the spectra contain and that are not asked for."""


@dataclass(frozen=True)
class Problem:
    """A named problem."""

    name: str  # name in the tables and of the report
    description: str  # spectra, labels, and the held-out part
    load: Callable[[bool], ProblemData]  # makes the data; its argument requests a small part
    max_folds: int | None = None  # folds that are run
    needs: Path | None = None  # file that must be there

    @property
    def available(self) -> bool:
        """True if the file that the problem needs is there."""
        return self.needs is None or self.needs.exists()


def real_scan(quick: bool) -> ProblemData:
    X, index, energy = _real_spectra(quick)
    template_fit = _template_fit(X, index, energy)
    pymca = _pymca_fit(X, template_fit, energy)
    return _real_data(X, energy, template_fit, {"template fit": template_fit, "PyMca": pymca})


def real_scan_pymca(quick: bool) -> ProblemData:
    X, index, energy = _real_spectra(quick)
    names = pd.DataFrame(index=index, columns=list(REAL_LINE_GROUPS))
    pymca = _pymca_fit(X, names, energy)
    return _real_data(X, energy, pymca, {"PyMca": pymca})


def simulated_painting(quick: bool) -> ProblemData:
    shape = (24, 32) if quick else PAINTING_SHAPE
    cube, maps = make_painting(shape, palette="icon_test", n_jobs=2, random_state=0)
    truth = to_samples(maps)
    groups = block_groups(truth, n_blocks=N_BLOCKS)
    return _simulated_data(to_samples(cube), truth, groups, _folds(groups, N_FOLDS))


def simulated_new_painting(quick: bool) -> ProblemData:
    shape = (16, 20) if quick else (48, 60)
    # The painting of fold 0 is the one that the paper's authors held out.
    palettes = ("icon_test", "icon_1", "icon_2", "icon_3")
    paintings = {
        palette: make_painting(shape, palette=palette, n_jobs=2, random_state=seed)
        for seed, palette in enumerate(palettes)
    }
    samples = to_samples({name: cube for name, (cube, _) in paintings.items()})
    truth = to_samples({name: maps for name, (_, maps) in paintings.items()})
    # Whole paintings are held out inside the training set, too.
    groups = painting_groups(truth)
    folds = list(LeaveOneGroupOut().split(groups, groups=groups))
    return _simulated_data(samples, truth, groups, folds)


def simulated_other_palettes(quick: bool) -> ProblemData:
    shape = (16, 20) if quick else (48, 60)
    # Channels as in the other simulated problems, seen by another detector, tube and optics.
    instrument = Instrument.m4_tornado().with_axis(*DEFAULT_ENERGY, DEFAULT_CHANNELS)
    paintings = {
        palette: simulate_painting(
            palette,
            shape=shape,
            elements=OTHER_LINE_GROUPS,
            instrument=instrument,
            n_jobs=2,
            random_state=seed,
        )
        for seed, palette in enumerate((*OTHER_TRAINING, *OTHER_TEST))
    }
    samples = to_samples({name: cube for name, (cube, _) in paintings.items()})
    truth = to_samples({name: maps for name, (_, maps) in paintings.items()})
    groups = painting_groups(truth)
    test = groups >= len(OTHER_TRAINING)
    return _simulated_data(samples, truth, groups, [(np.flatnonzero(~test), np.flatnonzero(test))])


def _simulated_data(
    samples: xr.DataArray, truth: pd.DataFrame, groups: NDArray[np.intp], folds: Folds
) -> ProblemData:
    X = samples.to_numpy().astype(np.float32)
    energy = samples["energy"].to_numpy()
    return ProblemData(X, truth, {"truth": truth}, groups, folds, energy, anode="Rh")


def _real_spectra(quick: bool) -> tuple[NDArray[np.float32], pd.MultiIndex, NDArray[np.float64]]:
    cube = open_cube(REAL_SCAN)
    if quick:
        cube = cube.isel(y=slice(16, 40), x=slice(40, 80))
    samples = to_samples(cube)
    energy = cube["energy"].to_numpy()
    return samples.to_numpy().astype(np.float32), sample_index(samples), energy


def _template_fit(
    X: NDArray[np.float32], index: pd.MultiIndex, energy: NDArray[np.float64]
) -> pd.DataFrame:
    fit = TemplateFitRegressor(
        list(REAL_LINE_GROUPS), energy=energy, nuisance=list(REAL_NUISANCE), anode="Ag"
    )
    return pd.DataFrame(fit.fit(X).predict(X), index, list(REAL_LINE_GROUPS))


def _pymca_fit(
    X: NDArray[np.float32], names: pd.DataFrame, energy: NDArray[np.float64]
) -> pd.DataFrame:
    fit = PyMcaFastFit(energy, nuisance=REAL_NUISANCE).fit(X, names)
    return pd.DataFrame(fit.predict(X), names.index, names.columns)


def _real_data(
    X: NDArray[np.float32],
    energy: NDArray[np.float64],
    labels: pd.DataFrame,
    references: Mapping[str, pd.DataFrame],
) -> ProblemData:
    groups = block_groups(labels, n_blocks=N_BLOCKS)
    return ProblemData(
        X, labels, references, groups, _folds(groups, N_FOLDS), energy, "Ag", REAL_NUISANCE
    )


def _folds(groups: NDArray[np.intp], n_folds: int) -> Folds:
    splitter = GroupKFold(n_folds, shuffle=True, random_state=0)
    return list(splitter.split(groups, groups=groups))


PROBLEMS = {
    problem.name: problem
    for problem in (
        Problem(
            "real_scan",
            "Real scan of a painted mock-up, 60 x 120 pixels, 26,800 counts per pixel. Labels from "
            "the template fit of the whole scan; a third of 24 blocks held out in each fold.",
            real_scan,
            needs=REAL_SCAN,
        ),
        Problem(
            "real_scan_pymca",
            "The same scan and folds, with labels from PyMca's fast fit (polynomial background).",
            real_scan_pymca,
            max_folds=1,
            needs=REAL_SCAN,
        ),
        Problem(
            "simulated_painting",
            f"Simulated icon (palette icon_test), {PAINTING_SHAPE[0]} x {PAINTING_SHAPE[1]} pixels, "
            "5,000 counts per pixel. Labels and reference are the true intensities; a third of 24 "
            "blocks held out in each fold.",
            simulated_painting,
        ),
        Problem(
            "simulated_new_painting",
            "The paper's four icons, simulated, of different palettes, 8 mm steps, 5,000 counts per "
            "pixel. Labels and reference are the true intensities; each fold predicts one "
            "painting from the other three.",
            simulated_new_painting,
            max_folds=2,
        ),
        Problem(
            "simulated_other_palettes",
            "Three simulated paintings to learn from (gold ground, 18th-century oil, Byzantine "
            "tempera), three of other periods to predict (wall painting, manuscript, impressionist "
            "oil), all on an M4 Tornado at 5,000 counts per pixel. Labels and reference are the true "
            "intensities.",
            simulated_other_palettes,
        ),
    )
}
