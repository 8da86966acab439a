"""Frozen scans of the open benchmark, and the labeled spectra that methods may learn from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from benchmarks.accuracy import paintings as own
from benchmarks.accuracy.independent import paintings as independent
from benchmarks.accuracy.paintings import ELEMENTS, TestPainting

__all__ = ["SCANS", "OpenScan", "Task", "Training", "load_training"]


@dataclass(frozen=True)
class OpenScan:
    """One frozen scan.

    Parameters
    ----------
    simulator : {"own", "independent"}
        Tables and detector: the library's, or fisx's line ratios, another detector and a bent axis.
    palette, instrument : str
        Paints and scanner.
    seed : int
        Seed of the painting and of its photon noise.
    counts : float
        Mean counts of a pixel.
    """

    simulator: str
    palette: str
    instrument: str
    seed: int
    counts: float

    @property
    def name(self) -> str:
        """Name in the tables."""
        return f"{self.palette} {self.instrument} {self.counts:g}"

    def load(self) -> TestPainting:
        """Simulate the painting, or take it from the cache."""
        if self.simulator == "own":
            return own.load_painting(self.palette, self.instrument)
        return independent.load_painting(self.palette, self.instrument, self.seed)

    def judged(self, painting: TestPainting) -> list[str]:
        """Line groups that are scored: the paper's eleven, as far as they are in the painting."""
        return [name for name in ELEMENTS if name in painting.groups]


# Not to be changed: results are compared over years. New scans are added under new seeds.
SCANS = (
    OpenScan("own", "icon_test", "M6", 11, 500.0),
    OpenScan("own", "icon_test", "M6", 12, 5000.0),
    OpenScan("own", "held_out_fauve", "Ag", 13, 5000.0),
    OpenScan("independent", "roman_canvas", "Mo 45", 101, 5000.0),
    OpenScan("independent", "painted_landscape", "Rh 35 He", 105, 5000.0),
    OpenScan("independent", "gospel_leaf", "W 50", 106, 500.0),
)


@dataclass(frozen=True)
class Training:
    """Labeled spectra of other paintings, at the dose of a scan.

    Parameters
    ----------
    spectra : ndarray of shape (n_samples, n_channels)
        Counts.
    labels : DataFrame
        True net intensities of the paper's eleven line groups [counts].
    energy : ndarray of shape (n_channels,)
        Bin centers [keV].
    """

    spectra: NDArray[np.generic]
    labels: pd.DataFrame
    energy: NDArray[np.float64]


@dataclass(frozen=True)
class Task:
    """Facts that a method is told of a scan besides the cube.

    Parameters
    ----------
    line_groups : list of str
        Line groups that are plainly in the scan, for methods that must be told.
    anode : str
        Tube anode.
    counts : float
        Mean counts of a pixel.
    training : callable
        Gives the labeled spectra of three other paintings, own simulator, scanner M6.
    """

    line_groups: list[str]
    anode: str
    counts: float
    training: Callable[[], Training]


def task_of(cube: xr.DataArray, counts: float) -> Task:
    """Describe a scan to a method."""
    return Task(
        list(cube.attrs["groups"]), cube.attrs["anode"], counts, lambda: load_training(counts)
    )


def load_training(counts: float) -> Training:
    """Every tenth spectrum, as in the paper, of its three training icons, at a dose.

    Parameters
    ----------
    counts : float
        Mean counts of a pixel.

    Returns
    -------
    Training
    """
    from benchmarks.accuracy.methods import labeled_spectra

    spectra, labels, energy = labeled_spectra(counts)
    return Training(spectra[::10], labels.iloc[::10], energy)
