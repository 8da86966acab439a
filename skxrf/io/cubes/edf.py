"""Cubes of EDF rows: one ``.edf`` for each row of the scan, or one for all of them.

``Dim_1`` counts channels, ``Dim_2`` columns, and ``Dim_3`` or the images of a file rows; ``MCA a``, ``MCA
b`` and ``MCA c`` of the header are the energies [keV] of channel numbers, the first of which is ``MCA
start ch``; ``motor_mne`` and ``motor_pos`` name motors and their positions. Beside the rows of XIA's
detectors, ``<scan>_xia00_0001_0000_0005.edf``, lie statistics, ``<scan>_xiast_0001_0000_0005.edf``: for each
point and detector its number, events, input and output rate, live time [ms] and dead time [%] (as PyMca
reads them).
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skxrf.exceptions import Argument, EnergyAxisError, FileFormatError

from .._edf_file import EdfImage, edf_images, is_edf
from .._packed import plain_name
from .arrange import chosen_names
from .axes import axis_or_reason
from .beside import Motor
from .detectors import added
from .memory_map import file_stamp, require_unchanged
from .numbered import files_in, require_no_gaps, series, series_of
from .source import CubeRequest, CubeSource, Slices
from .stated_axis import same_axis, stated_axis
from .text_spectrum import floats

_KEYS = ("mca a", "mca b", "mca c", "mca d")
_XIA = re.compile(r"xia(\d+)", re.IGNORECASE)
# Numbers for each detector in the statistics, and the place of the live time [ms].
_STATISTICS, _LIVE_TIME = 6, 4


def recognizes(path: Path, head: bytes) -> bool:
    """Recognize a file by its start, a folder by its files."""
    if path.is_dir():
        return bool(files_in(path, ".edf"))
    return is_edf(path, head)


def open_edf(path: Path, request: CubeRequest) -> tuple[CubeSource, CubeRequest]:
    """Describe the rows of a folder, or those that belong to one file."""
    by_detector = _rows(path)
    chosen = chosen_names(request.detector, tuple(by_detector), str(path))
    sources = [_described(path, _stack(by_detector[name])) for name in chosen]
    if len(chosen) < len(by_detector):
        sources[0] = replace(sources[0], steps=f"detector {chosen[0]}")
    return added(sources, chosen), replace(request, detector=None)


def _described(path: Path, rows: Sequence[_Row]) -> CubeSource:
    """Describe the rows of one detector."""
    reader = RowReader(tuple(rows), (len(rows), *rows[0].shape), rows[0].dtype)
    missing = np.zeros(reader.shape[:2], bool)
    missing[-1, rows[-1].shape[0] :] = True
    energy, reason = axis_or_reason(lambda: _common_energy(rows))
    return CubeSource(
        path=path,
        dataset="",
        layout="EDF rows",
        reader=reader,
        dims=("y", "x", "energy"),
        dims_from="being rows of spectra",
        energy=energy,
        energy_hint=reason,
        energy_from=f"MCA a, MCA b, MCA c in {rows[0].path}",
        missing=missing if missing.any() else None,
        live_time=_xia_live_times(rows, reader.shape[1]),
        motors=_motors(rows, reader.shape[1]),
    )


def _xia_live_times(rows: Sequence[_Row], n_columns: int) -> NDArray[np.float64] | None:
    """Live times [s] of the pixels from the statistics beside XIA's rows; NaN where these are missing."""
    times = np.full((len(rows), n_columns), np.nan)
    for y, row in enumerate(rows):
        name = _XIA.search(row.path.stem)
        beside = row.path.with_name(_XIA.sub("xiast", row.path.name, count=1))
        if name is None or not beside.is_file():
            continue
        image = edf_images(beside)[0]
        if len(image.shape) != 2 or image.shape[0] != row.shape[0] or image.shape[1] % _STATISTICS:
            warnings.warn(
                f"{beside} holds {image.shape} values, expected {_STATISTICS} for each detector of "
                f"{row.shape[0]} points: its live times are left out.",
                UserWarning,
                stacklevel=2,
            )
            continue
        values = image.read().reshape(row.shape[0], -1, _STATISTICS)
        mine = values[0, :, 0] == int(name[1])
        if mine.sum() == 1:
            times[y, : row.shape[0]] = values[:, mine, _LIVE_TIME].ravel() / 1000
    return None if np.isnan(times).all() else times


def _motors(rows: Sequence[_Row], n_columns: int) -> list[Motor]:
    """Positions of the motors that the headers of all rows name, the same for all points of a row."""
    names = rows[0].header.get("motor_mne", "").split()
    stated = [floats(row.header.get("motor_pos", "").split()) for row in rows]
    if any(len(one) != len(names) for one in stated):
        return []
    return [
        Motor(name, np.repeat(values, n_columns))
        for name, values in zip(names, np.transpose(stated), strict=True)
    ]


@dataclass(frozen=True)
class _Row:
    """One row of spectra: an image, or a part of one of three axes."""

    image: EdfImage
    start: int
    stamp: tuple[int, int] = field(repr=False)

    @property
    def path(self) -> Path:
        return self.image.path

    @property
    def header(self) -> Mapping[str, str]:
        return self.image.header

    @property
    def shape(self) -> tuple[int, int]:
        return (1, *self.image.shape)[-2], self.image.shape[-1]

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.image.dtype

    def read(self) -> NDArray[Any]:
        require_unchanged(self.path, self.stamp)
        return self.image.read(self.start if len(self.image.shape) == 3 else None).reshape(
            self.shape
        )


@dataclass(frozen=True, eq=False)
class RowReader:
    """Blocks of rows, each a file or a part of one."""

    rows: tuple[_Row, ...]
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @property
    def chunks(self) -> tuple[int, ...]:
        """A row: its file is read whole."""
        return 1, *self.shape[1:]

    def read(self, key: Slices) -> NDArray[Any]:
        """Read one block; what a stopped scan did not reach are zeros."""
        rows = range(*key[0].indices(self.shape[0]))
        block = np.zeros((len(rows), *self.shape[1:]), self.dtype)
        for i, y in enumerate(rows):
            row = self.rows[y].read()
            block[i, : row.shape[0]] = row
        return block[:, key[1], key[2]]


def _stack(files: Sequence[Path]) -> list[_Row]:
    """Rows of one detector, of one size but for the last one."""
    rows = [row for file in files for row in _rows_in(file)]
    first = rows[0]
    for i, row in enumerate(rows):
        short = i == len(rows) - 1 and row.shape[1] == first.shape[1] and row.shape < first.shape
        if (row.shape != first.shape and not short) or row.dtype != first.dtype:
            raise FileFormatError(
                f"{row.path} holds {row.shape} values of {row.dtype}, but {first.path.name} "
                f"{first.shape} of {first.dtype}: they are not rows of one scan."
            )
    return rows


def _rows_in(file: Path) -> list[_Row]:
    if not file.is_file():
        raise FileFormatError(f"{file} is missing since its folder was opened. Open it again.")
    # Before it is read: what changes in between is noticed.
    found, stamp = [], file_stamp(file)
    for image in edf_images(file):
        n = image.shape[0] if len(image.shape) == 3 else 1
        found += [_Row(image, i, stamp) for i in range(n)]
    if not found:
        raise FileFormatError(f"{file} is empty: expected rows of spectra.")
    return found


def _rows(path: Path) -> dict[str, list[Path]]:
    """Files of each detector by its name, from the first row to the last."""
    if path.is_dir():
        # Statistics of XIA's detectors, and sums of their spectra, beside the spectra.
        files = [
            one for one in files_in(path, ".edf") if not re.search(r"(?i)xia(st|s\d+)", one.stem)
        ]
        # XRAYLab keeps several stacks in a folder; the spectra are those with Z0.
        spectra = [file for file in files if "Z0" in file.stem]
        found = series(spectra or files or files_in(path, ".edf"), str(path))
    else:
        suffix = plain_name(path).suffix.lower()
        beside = files_in(path.parent, suffix) if suffix else [path]
        found = series(series_of(path, beside), str(path.parent))
    parts = found.by_detector()
    longest = max((part.numbers for part in parts.values()), key=len)
    for part in parts.values():
        if part.numbers != longest[: len(part.numbers)]:
            raise FileFormatError(
                f"{path} holds other rows of some detectors: one that has {part.files[0].name} lacks a row "
                "that others have. Complete the series: what comes after a missing file would be displaced."
            )
        if len(part.roles) > 1:
            raise FileFormatError(
                f"{path} holds files of several series, which differ in {len(part.roles)} numbers, "
                f"such as {part.files[0].name} and {part.files[-1].name}: pass one file of the series."
            )
        require_no_gaps([one[0] for one in part.numbers if one], str(path))
    return {name: list(part.files) for name, part in parts.items()}


def _common_energy(rows: Sequence[_Row]) -> Any:
    """Energy axis of all rows."""
    axis = _energy(rows[0])
    for row in rows[1:]:
        other = _energy(row)
        if other is not None and not same_axis(other, axis):
            raise EnergyAxisError(
                f"{row.path} has another calibration than {rows[0].path.name}. A cube has one energy axis: "
                "calibrate all rows in the same way, or pass ",
                Argument("energy"),
                ", the axis of all.",
            )
    return axis


def _energy(row: _Row) -> Any:
    source = f"MCA a, MCA b, MCA c in {row.path}"
    names = [*_KEYS[:2], *(name for name in _KEYS[2:] if name in row.header)]
    line = floats(row.header.get(name, "") for name in names)
    first, step = floats(
        row.header.get(f"mca {name}", "") or default
        for name, default in (("start ch", "0"), ("step", "1"))
    )
    if not np.isfinite([*line, first, step]).all():
        return None
    units = row.header.get("mca units", row.header.get("mca unit", ""))
    return stated_axis(coefficients=line, first=first, step=step, units=units, source=source)
