"""Data of the paper's set-up: spectra drawn from three icons, and all of the held-out one."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from skxrf.exceptions import SkxrfError
from skxrf.samples import to_maps, to_samples
from skxrf.simulation import Instrument, painting_scan
from skxrf.simulation.paintings._scan import DEFAULT_LINE_GROUPS, PaintingScan
from skxrf.utils.files import whole_file

from ._problem import fitted_labels


@dataclass(frozen=True)
class PaperSetUp:
    """Set-up of the paper's experiment, simulated."""

    step: float = 1.0  # step of the scans [mm]
    n_channels: int = 4096  # channels of the spectra, from 0 to 41 keV
    n_training: int = 50_000  # spectra drawn at random from all pixels of the training paintings
    training: tuple[tuple[str, int], ...] = (("icon_1", 0), ("icon_2", 1), ("icon_3", 2))
    """Palettes of the paintings to learn from, and the seeds of paintings and noise."""
    test: tuple[str, int] = ("icon_test", 6)  # the same of the held-out painting
    elements: tuple[str, ...] = DEFAULT_LINE_GROUPS  # line groups
    random_state: int = 0  # seed of the draw and of the networks

    def scan(self, painting: tuple[str, int]) -> PaintingScan:
        """Plan the scan of one of the paintings."""
        scanner = Instrument.m6_jetstream()
        palette, seed = painting
        return painting_scan(
            palette,
            pixel_size=self.step,
            elements=self.elements,
            instrument=scanner.with_axis(0.0, 40.96 / self.n_channels, self.n_channels),
            random_state=seed,
        )


@dataclass(frozen=True)
class PaperData:
    """Spectra with their labels, which a template fit made."""

    X: NDArray[np.uint16]  # (n_training, n_channels), uint16: spectra to learn from [counts]
    Y: pd.DataFrame  # (n_training, n_elements): their labels [counts]
    X_test: NDArray[np.uint16]  # (n_pixels, n_channels), uint16: spectra of the held-out painting
    # Y_test, truth (n_pixels, n_elements): labels and true intensities of the held-out painting,
    # over the index (painting, y, x).
    Y_test: pd.DataFrame
    truth: pd.DataFrame
    energy: NDArray[np.float64]  # (n_channels,): bin centers [keV]
    n_scanned: int  # pixels of the paintings that the spectra to learn from were drawn from

    def maps(self, values: pd.DataFrame | NDArray[Any]) -> xr.DataArray:
        """Turn a table over the pixels of the held-out painting into maps."""
        maps = to_maps(values, like=self.Y_test)
        assert isinstance(maps, xr.DataArray)
        return maps.astype(np.float32)


def paper_data(
    set_up: PaperSetUp, folder: Path, *, n_jobs: int = 1, say: Callable[[str], None]
) -> PaperData:
    """Simulate the paintings, or take them from a folder that an earlier run left them in.

    `folder`: folder of the arrays; about 1.3 GB for the paper's sizes. `n_jobs`: threads of the
    simulation. `say`: told what is being done.
    """
    _check_folder(set_up, folder)
    scans = [set_up.scan(painting) for painting in set_up.training]
    sizes = [int(np.prod(scan.plan.shape)) for scan in scans]
    rng = np.random.default_rng(set_up.random_state)
    n_drawn = min(set_up.n_training, sum(sizes))
    drawn = np.sort(rng.choice(sum(sizes), n_drawn, replace=False))
    starts = np.cumsum([0, *sizes])
    parts = []
    for scan, start, stop in zip(scans, starts, starts[1:], strict=False):
        own = drawn[(drawn >= start) & (drawn < stop)] - start
        name = scan.plan.palette.name
        parts.append(_simulated(scan, own, folder / name, n_jobs, say)[0])
    X = np.concatenate(parts)
    test = set_up.scan(set_up.test)
    everything = np.arange(int(np.prod(test.plan.shape)))
    X_test, intensities = _simulated(test, everything, folder / set_up.test[0], n_jobs, say)
    true_maps = test.label_maps(intensities.reshape(*test.plan.shape, -1))
    truth = pd.DataFrame(to_samples({set_up.test[0]: true_maps}))
    energy = test.instrument.energy
    return PaperData(
        X=X,
        Y=_labels(X, energy, pd.RangeIndex(len(X)), set_up.elements, folder / "drawn", say),
        X_test=X_test,
        Y_test=_labels(X_test, energy, truth.index, set_up.elements, folder / "held_out", say),
        truth=truth,
        energy=energy,
        n_scanned=sum(sizes),
    )


def _check_folder(set_up: PaperSetUp, folder: Path) -> None:
    """Refuse a folder of another set-up; mark a new one."""
    mark = folder / "set_up.json"
    text = json.dumps(asdict(set_up), indent=1)
    folder.mkdir(parents=True, exist_ok=True)
    if not mark.exists():
        with whole_file(mark) as partial:
            partial.write_text(text, encoding="utf-8")
    if mark.read_text(encoding="utf-8") != text:
        raise SkxrfError(
            f"{folder} is of a run with another set-up, {mark.name} in it says which: choose "
            "another folder, or remove this one."
        )


def _simulated(
    scan: PaintingScan,
    pixels: NDArray[np.intp],
    path: Path,
    n_jobs: int,
    say: Callable[[str], None],
) -> tuple[NDArray[np.uint16], NDArray[np.float32]]:
    """Counts and true intensities of some pixels, from a file if there is one."""
    files = [path.with_name(f"{path.name}_{kind}.npy") for kind in ("counts", "intensities")]
    if not all(file.exists() for file in files):
        say(f"simulating {len(pixels):,} spectra of {path.name}")
        arrays: tuple[NDArray[Any], ...] = scan.pixels(pixels, n_jobs=n_jobs)
        for file, array in zip(files, arrays, strict=True):
            save_array(file, array)
    counts, intensities = (np.load(file) for file in files)
    return counts, intensities


def _labels(
    X: NDArray[np.uint16],
    energy: NDArray[np.float64],
    index: pd.Index,
    elements: Sequence[str],
    path: Path,
    say: Callable[[str], None],
) -> pd.DataFrame:
    file = path.with_name(f"{path.name}_labels.npy")
    if not file.exists():
        say(f"fitting line templates to {len(X):,} spectra")
        save_array(file, fitted_labels(X, energy, index, elements).to_numpy())
    return pd.DataFrame(np.load(file), index=index, columns=pd.Index(elements))


def save_array(path: Path, array: NDArray[Any]) -> None:
    """Write an array; the file appears whole or not at all."""
    with whole_file(path) as partial, partial.open("wb") as stream:
        np.save(stream, array)
