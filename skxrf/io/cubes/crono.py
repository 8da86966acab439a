"""CRONO of XGLab (now Bruker): a table of spectra, and an index that puts them on a grid.

``/XRF/Spectra`` (n_spectra, n_channels) holds more spectra than the map has pixels;
``/XRF/SpectraSelectedIndex`` (rows, columns, k) names, in its first layer, the spectrum of each pixel.
``/XRF/EnergyVector`` is in keV. ``/XRF/LiveTimes`` and ``/XRF/RealTimes`` are whole numbers without a
unit; they are taken for microseconds, and left out where that makes no sense.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from skxrf.exceptions import FileFormatError
from skxrf.utils.units import to_seconds

from .._hdf5_access import open_file
from .._hdf5_values import Scale, numbers, units_of
from .._limits import READ, refuse_absurd_size
from .axes import axis_or_reason
from .hdf5_reader import open_dataset, stamps_of
from .memory_map import Stamps, require_all_unchanged
from .source import CubeSource, Slices
from .stated_axis import stated_axis

_SPECTRA = "XRF/Spectra"
_INDEX = "XRF/SpectraSelectedIndex"
# Dwell times of scanners, generously [s].
_PLAUSIBLE_TIMES = (1e-4, 1e4)


@dataclass(frozen=True, eq=False)
class GriddedReader:
    """Blocks of pixels from a table of spectra, of which only the rows of the block are read."""

    path: Path
    dataset: str
    table_shape: tuple[int, int]
    dtype: np.dtype[Any]
    index: NDArray[np.int64]
    """Of shape (n_rows, n_columns): the spectrum of each pixel, -1 for none."""
    stamps: Stamps = field(repr=False)
    scale: Scale = field(default_factory=Scale)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Rows, columns and channels."""
        n_y, n_x = self.index.shape
        return n_y, n_x, self.table_shape[1]

    @property
    def chunks(self) -> None:
        """The table's chunks say nothing about the grid."""
        return None

    def read(self, key: Slices) -> NDArray[Any]:
        """Read one block; a pixel without a spectrum has no counts."""
        index = self.index[key[:2]]
        wanted = np.unique(index[index >= 0])
        with open_file(self.path) as file:
            table = open_dataset(file, self.dataset, self.table_shape)
            require_all_unchanged(self.stamps)
            n_channels = len(range(*key[2].indices(self.table_shape[1])))
            block = np.zeros((*index.shape, n_channels), self.dtype)
            for run in _runs(wanted):
                start, stop = int(run[0]), int(run[-1]) + 1
                inside = (index >= start) & (index < stop)
                spectra = table[start:stop, key[2]][index[inside] - start]
                block[inside] = self.scale.values(spectra)
        return block


def _runs(wanted: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Sorted rows in pieces that are read at once."""
    cuts = np.flatnonzero(np.diff(wanted) > READ.gap) + 1
    return [run for run in np.split(wanted, cuts) if run.size]


def find(file: Any, cubes: list[Any]) -> list[Any]:
    """The table of spectra, where an index stands beside it."""
    table, index = file.get(_SPECTRA), file.get(_INDEX)
    both = isinstance(table, h5py.Dataset) and isinstance(index, h5py.Dataset)
    return [table] if both and table.ndim == 2 else []


def read(table: Any) -> CubeSource:
    """Describe the grid of spectra."""
    file, scale = table.file, Scale.of(table)
    index = _index(file[_INDEX], table.shape[0])
    found, reason = axis_or_reason(lambda: _energy(file))
    energy, energy_from = found or (None, "")
    times = {
        "live_time": _times(file, "XRF/LiveTimes", index),
        "real_time": _times(file, "XRF/RealTimes", index),
    }
    said = {}
    if any(one is not None for one in times.values()):
        said["times_from"] = "whole numbers without a unit, taken for microseconds"
    return CubeSource(
        path=Path(file.filename),
        dataset=table.name,
        layout="CRONO (XGLab)",
        reader=GriddedReader(
            path=Path(file.filename),
            dataset=table.name,
            table_shape=table.shape,
            dtype=scale.dtype(table.dtype),
            index=index,
            stamps=stamps_of(table),
            scale=scale,
        ),
        dims=("y", "x", "energy"),
        dims_from=f"the grid of {_INDEX}",
        energy=energy,
        energy_from=energy_from,
        energy_hint=reason,
        live_time=times["live_time"],
        real_time=times["real_time"],
        attrs={"instrument": "CRONO", **said},
    )


def _index(item: Any, n_spectra: int) -> NDArray[np.int64]:
    """Spectrum of each pixel."""
    where = f"{item.file.filename}, dataset {item.name!r}"
    if item.ndim not in (2, 3) or item.dtype.kind not in "ui" or item.shape[2:] == (0,):
        raise FileFormatError(
            f"{where} has the shape {item.shape} and type {item.dtype}: expected whole numbers over "
            "(rows, columns, layers)."
        )
    refuse_absurd_size(item.nbytes, item.id.get_storage_size(), where)
    if item.external:
        raise FileFormatError(f"{where} keeps its values in another file, which is not read.")
    # In their own type first: a large unsigned number must not become a negative one.
    stored = np.asarray(item[..., 0] if item.ndim == 3 else item[()])
    wrong = stored[(stored < -1) | (stored >= n_spectra)]
    if wrong.size:
        raise FileFormatError(
            f"{where} names the spectrum {wrong[0]}, but there are {n_spectra}, counted from 0 (-1 for "
            "none): the file is damaged or incomplete."
        )
    index = stored.astype(np.int64)
    missing = int(np.count_nonzero(index < 0))
    if missing:
        warnings.warn(
            f"{where}: {missing} of {index.size} pixels have no spectrum; they are left without "
            "counts.",
            UserWarning,
            stacklevel=2,
        )
    return index


def _energy(file: Any) -> tuple[Any, str]:
    item = file.get("XRF/EnergyVector")
    vector = numbers(item)
    if vector is not None and vector.ndim == 1:
        source = f"{item.name!r} in {file.filename}"
        return stated_axis(values=vector, units=units_of(item), source=source), source
    item = file.get("XRF/CalibrationPoints")
    points = numbers(item)
    if points is None:
        return None, ""
    source = f"{item.name!r} in {file.filename}"
    return stated_axis(points=points, units=units_of(item), source=source), source


def _times(file: Any, name: str, index: NDArray[np.int64]) -> NDArray[np.float64] | None:
    """Times [s] of the pixels, from those of the spectra."""
    item = file.get(name)
    n_spectra = file[_SPECTRA].shape[0]
    usable = isinstance(item, h5py.Dataset) and item.shape == (n_spectra,)
    if not usable or item.dtype.kind not in "uif" or not index.size:
        return None
    # Where there is no spectrum, -1 takes the last one's time, which is not used.
    stored = numbers(item, at_most=n_spectra)
    seconds = None if stored is None else to_seconds(stored, units_of(item), otherwise=1e-6)
    if seconds is None:
        return None
    times = np.where(index >= 0, np.asarray(seconds, np.float64)[index], np.nan)
    low, high = _PLAUSIBLE_TIMES
    typical = np.nanmedian(times) if (index >= 0).any() else np.nan
    if not low <= typical <= high:
        warnings.warn(
            f"{file.filename}: {name} would mean {typical:g} s a pixel as microseconds; it is left "
            "out.",
            UserWarning,
            stacklevel=2,
        )
        return None
    return np.asarray(times)
