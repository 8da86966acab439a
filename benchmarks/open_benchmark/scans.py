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


@dataclass(frozen=True)
class OpenScan:
    """One frozen scan."""

    simulator: str
    """{"own", "independent"}: tables and detector: the library's, or fisx's line ratios, another
    detector and a bent axis."""
    # palette, instrument: paints and scanner
    palette: str
    instrument: str
    seed: int  # seed of the painting and of its photon noise
    counts: float  # mean counts of a pixel

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
    """Labeled spectra of other paintings, at the dose of a scan."""

    spectra: NDArray[np.generic]  # (n_samples, n_channels): counts
    labels: pd.DataFrame  # true net intensities of the paper's eleven line groups [counts]
    energy: NDArray[np.float64]  # (n_channels,): bin centers [keV]


@dataclass(frozen=True)
class Task:
    """Facts that a method is told of a scan besides the cube."""

    line_groups: list[str]
    """Line groups that are plainly in the scan, for methods that must be told."""
    anode: str  # tube anode
    counts: float  # mean counts of a pixel
    training: Callable[[], Training]
    """Gives the labeled spectra of three other paintings, own simulator, scanner M6."""


def task_of(cube: xr.DataArray, counts: float) -> Task:
    """Describe a scan to a method."""
    return Task(
        list(cube.attrs["groups"]), cube.attrs["anode"], counts, lambda: load_training(counts)
    )


def load_training(counts: float) -> Training:
    """Every tenth spectrum, as in the paper, of its three training icons, at a dose.

    `counts`: mean counts of a pixel.
    """
    from benchmarks.accuracy.methods import labeled_spectra

    spectra, labels, energy = labeled_spectra(counts)
    return Training(spectra[::10], labels.iloc[::10], energy)
