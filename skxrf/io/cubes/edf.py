"""Cubes of EDF rows: one ``.edf`` for each row of the scan, its spectra one after the other.

``Dim_1`` counts channels, ``Dim_2`` columns; ``MCA a``, ``MCA b`` and ``MCA c`` of the header are the
energies [keV] of channel numbers from 0. The files are read by fabio, an optional extra.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.polynomial import Polynomial
from numpy.typing import NDArray

from skxrf.exceptions import FileFormatError

from .memory_map import file_stamp
from .numbered import files_in, numbered, require_no_gaps, series_of
from .source import CubeRequest, CubeSource, Slices

__all__ = ["open_edf", "recognizes"]

# Headers are filled up to a multiple of 512 bytes; an end that comes later is none.
_LONGEST_HEADER = 1 << 20


def recognizes(path: Path, head: bytes) -> bool:
    """Whether the file starts as one does, or the folder holds some."""
    if path.is_dir():
        return bool(files_in(path, ".edf"))
    start = head.lstrip()
    return start.startswith(b"{") and b"=" in start and b";" in start and b"\0" not in start[:64]


def open_edf(path: Path, request: CubeRequest) -> tuple[CubeSource, CubeRequest]:
    """Describe the rows of a folder, or those that belong to one file.

    Parameters
    ----------
    path : Path
        The folder, if it holds the rows of one cube; or one of the rows.
    request : CubeRequest
        An energy axis of the caller's replaces that of the files.

    Returns
    -------
    source : CubeSource
        The cube; a row is read with its block.
    request : CubeRequest
        As given.

    Raises
    ------
    FileFormatError
        If fabio is not installed, a file is damaged or missing, or rows differ in size.
    """
    files = _rows(path)
    first = _opened(files[0])
    if len(first.shape) != 2:
        raise FileFormatError(
            f"{files[0]} has the shape {first.shape}: expected one row of spectra."
        )
    for file in files[1:]:
        if (other := _opened(file)).shape != first.shape or other.dtype != first.dtype:
            raise FileFormatError(
                f"{file} holds {other.shape} values of {other.dtype}, but {files[0].name} "
                f"{first.shape} of {first.dtype}: they are not rows of one scan."
            )
    columns, channels = first.shape
    energy = _energy(first.header)
    reader = RowReader(
        files=tuple(files),
        shape=(len(files), columns, channels),
        dtype=first.dtype,
        stamp=tuple(file_stamp(file) for file in files),
    )
    return CubeSource(
        path=path,
        dataset="",
        layout="EDF rows",
        reader=reader,
        dims=("y", "x", "energy"),
        dims_from="being rows of spectra",
        energy=energy,
        energy_from=f"MCA a, MCA b, MCA c in {files[0]}",
    ), request


@dataclass(frozen=True, eq=False)
class RowReader:
    """Blocks of rows, each a file."""

    files: tuple[Path, ...]
    shape: tuple[int, int, int]
    dtype: np.dtype[Any]
    stamp: tuple[tuple[int, int], ...] = field(repr=False)

    @property
    def chunks(self) -> tuple[int, int, int]:
        """A row: its file is read whole."""
        return 1, self.shape[1], self.shape[2]

    def read(self, key: Slices) -> NDArray[Any]:
        """Read one block."""
        rows = range(*key[0].indices(self.shape[0]))
        block = [self._row(self.files[y])[key[1:]] for y in rows]
        return np.stack(block) if block else np.empty((0, *self.shape[1:]), self.dtype)[key]

    def _row(self, file: Path) -> NDArray[Any]:
        row = _opened(file)
        if row.shape != self.shape[1:] or row.dtype != self.dtype:
            raise FileFormatError(
                f"{file} has changed since it was opened: it held {self.shape[1:]} values of "
                f"{self.dtype}, now {row.shape} of {row.dtype}. Open it again."
            )
        return row.values()


@dataclass(frozen=True)
class _Row:
    """A file that was opened, and checked to be as long as its header says."""

    file: Path
    image: Any
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @property
    def header(self) -> Mapping[str, str]:
        return {str(key).lower(): str(value) for key, value in self.image.header.items()}

    def values(self) -> NDArray[Any]:
        try:
            return np.asarray(self.image.data)
        except Exception as error:  # whatever fabio meets in a damaged file
            raise _damaged(self.file, error) from error


def _opened(file: Path) -> _Row:
    try:
        from fabio.edfimage import EdfImage
    except ImportError:
        raise FileFormatError(
            f"{file} is an EDF file, which is read by fabio: pip install 'skxrf[edf]'."
        ) from None
    if not file.is_file():
        raise FileFormatError(f"{file} is missing since its folder was opened. Open it again.")
    with file.open("rb") as stream:
        start = stream.read(_LONGEST_HEADER)
    end = start.find(b"}")
    if not start.lstrip().startswith(b"{") or end < 0:
        raise FileFormatError(f"{file} has no header of an EDF file: expected {{ ... }}.")
    if b"EDF_BinaryFileName" in start[:end]:
        raise FileFormatError(f"{file} keeps its values in another file, which is not read.")
    try:
        image = EdfImage()
        image.read(str(file))
        shape, dtype = tuple(int(n) for n in image.shape), np.dtype(image.dtype)
        n_frames = int(image.nframes)
    except Exception as error:  # whatever fabio meets in a damaged file
        raise _damaged(file, error) from error
    if n_frames != 1:
        raise FileFormatError(f"{file} holds {n_frames} images: expected one row of spectra.")
    if min(shape, default=0) < 0:
        raise FileFormatError(f"{file} is a damaged EDF file: it says that its shape is {shape}.")
    # fabio fills up a file that is too short with zeros.
    if end + 1 + math.prod(shape) * dtype.itemsize > file.stat().st_size:
        raise FileFormatError(
            f"{file} has {file.stat().st_size:,} bytes, too few for the {shape} values of {dtype} "
            "in its header: it was cut short. Copy it again."
        )
    return _Row(file, image, shape, dtype)


def _damaged(file: Path, error: Exception) -> FileFormatError:
    return FileFormatError(f"{file} is a damaged EDF file ({type(error).__name__}: {error}).")


def _rows(path: Path) -> list[Path]:
    """The files of the cube, from the first row to the last."""
    if path.is_dir():
        files = files_in(path, ".edf")
        # XRAYLab keeps several stacks in a folder; the spectra are those with Z0.
        spectra = [file for file in files if "Z0" in file.stem]
        numbers, files = numbered(spectra or files, str(path))
        if len(numbers[0]) > 1:
            raise FileFormatError(
                f"{path} holds files of several series, which differ in {len(numbers[0])} numbers, "
                f"such as {files[0].name} and {files[-1].name}: pass one file of the series."
            )
    else:
        beside = files_in(path.parent, path.suffix.lower()) if path.suffix else [path]
        numbers, files = numbered(series_of(path, beside), str(path.parent))
    require_no_gaps([one[0] for one in numbers if one], str(path))
    return files


def _energy(header: Mapping[str, str]) -> Polynomial | None:
    try:
        line = [float(header[f"mca {name}"]) for name in "ab"]
        line.append(float(header.get("mca c", 0)))
    except (KeyError, ValueError):
        return None
    # 0 1 0 counts channels; it is written where there is no calibration.
    if not np.isfinite(line).all() or line == [0, 1, 0]:
        return None
    return Polynomial(line)
