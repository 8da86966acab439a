"""One method on the scans of the open benchmark, in a process of its own."""

from __future__ import annotations

import resource
import sys
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import xarray as xr

from benchmarks.open_benchmark.measured import MEASURED_SCANS, MeasuredScan, score_measured
from benchmarks.open_benchmark.methods import METHODS, Method, load_methods
from benchmarks.open_benchmark.scans import SCANS, OpenScan, task_of
from benchmarks.open_benchmark.scoring import score_maps
from skxrf.audit import CommandMethod
from skxrf.utils.validation import as_map_dataset


@dataclass(frozen=True)
class MethodSource:
    """Name of a method, and where it comes from: it is found again in another process."""

    name: str  # name in the tables
    file: Path | None = None  # Python file that defines it
    command: str = ""  # command of another program

    def find(self) -> Method:
        """Return the method."""
        if self.command:
            command = CommandMethod(self.command)
            return Method(self.name, self.command, lambda cube, task: command(cube))
        known = METHODS if self.file is None else load_methods(self.file)
        return next(one for one in known if one.name == self.name)


@dataclass(frozen=True)
class ScanResult:
    """Result of a method on a scan."""

    scan: str  # name of the scan
    scores: pd.DataFrame  # of :func:`score_maps`
    seconds: float  # processor time from cube to maps, training included [s]
    n_pixels: int  # pixels of the scan
    peak_mib: float  # largest memory of the process so far [MiB]
    error: str  # reason of a failure; empty for none
    measured: bool = False
    """True where the scan is one of :data:`~benchmarks.open_benchmark.measured.MEASURED_SCANS`, with
    the scores of :func:`~benchmarks.open_benchmark.measured.score_measured`."""


def run_scans(source: MethodSource, scans: Sequence[str]) -> Iterator[ScanResult]:
    """Run a method on one scan after the other; a failure counts as empty maps.

    `scans`: names of the scans.
    """
    method = source.find()
    yield from (_run(method, one) for one in SCANS if one.name in scans)
    yield from (_run_measured(method, one) for one in MEASURED_SCANS if one.name in scans)


def _run(method: Method, scan: OpenScan) -> ScanResult:
    painting = scan.load()
    cube = painting.counts(scan.counts, scan.seed)
    maps: xr.Dataset | None = None
    error = ""
    started = _processor_seconds()
    try:
        maps = _checked(method.maps(cube, task_of(cube, scan.counts)), cube)
    except Exception as failure:  # noqa: BLE001
        # Whatever a stranger's method raises is its result on this scan.
        traceback.print_exc()
        error = f"{type(failure).__name__}: {failure}"
    seconds = _processor_seconds() - started
    return ScanResult(
        scan.name,
        score_maps(maps, painting, scan),
        seconds,
        cube.shape[0] * cube.shape[1],
        _peak_mib(),
        _one_line(error),
    )


def _run_measured(method: Method, scan: MeasuredScan) -> ScanResult:
    scores = pd.DataFrame({"element": [""]})
    error = ""
    started = _processor_seconds()
    try:
        scores = score_measured(method, scan)
    except Exception as failure:  # noqa: BLE001
        traceback.print_exc()
        error = f"{type(failure).__name__}: {failure}"
    seconds = _processor_seconds() - started
    return ScanResult(scan.name, scores, seconds, 0, _peak_mib(), _one_line(error), measured=True)


def _one_line(error: str) -> str:
    return " ".join(error.split())[:300]


def _checked(maps: Any, cube: xr.DataArray) -> xr.Dataset:
    dataset = as_map_dataset(maps)
    shape = dataset["intensity"].shape[:2]
    if shape != cube.shape[:2]:
        raise ValueError(f"maps of {shape} pixels, expected {cube.shape[:2]}")
    if not bool(dataset["intensity"].notnull().all()):
        raise ValueError("maps that contain NaN")
    return dataset


def _processor_seconds() -> float:
    """Processor time of this process and of programs that it has run [s], whatever else runs."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in usages)


def _peak_mib() -> float:
    # In KiB, but on macOS in bytes.
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
