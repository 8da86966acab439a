"""Bruker ``.bcf`` maps, read row by row: container, header, and the counts of each pixel."""

from __future__ import annotations

import re
import struct
import warnings
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from skxrf.exceptions import FileFormatError

from .._limits import LIMITS, READ
from .arrange import chosen_names
from .bruker_xml import MapHeader, map_headers, step_positions
from .detectors import added
from .memory_map import file_stamp, require_unchanged
from .sfs import MAGIC, StoredFile, stored_files
from .source import CubeRequest, CubeSource, Slices

if TYPE_CHECKING:
    from .bcf_records import State


def recognizes(path: Path, head: bytes) -> bool:
    """Recognize the container by its first bytes."""
    return head.startswith(MAGIC)


def open_bcf(path: Path, request: CubeRequest) -> tuple[CubeSource, CubeRequest]:
    """Describe the maps of a ``.bcf``; they are passed over once, to find where rows start.

    An instrument with several detectors writes a map of each.
    """
    stamp, files = file_stamp(path), stored_files(path)
    names = _chosen(sorted(files), request, path)
    found = map_headers(stored_header(files, path), path)
    headers = []
    for name in names:
        header = found.get(int(name.removeprefix("SpectrumData")))
        if header is None:
            raise FileFormatError(f"{path} is damaged: its header has no entry {name}.")
        headers.append(header)
    sources = [
        _described(path, files[name], header, stamp)
        for name, header in zip(names, headers, strict=True)
    ]
    return added(sources, names), replace(request, detector=None)


def _described(
    path: Path, file: StoredFile, header: MapHeader, stamp: tuple[int, int]
) -> CubeSource:
    """Describe the map of one detector."""
    scan = _scanned(file, header)
    reader = BcfReader.of(file, scan, header.n_channels, stamp)
    return CubeSource(
        path=path,
        dataset=file.name,
        layout="Bruker .bcf",
        reader=reader,
        dims=("y", "x", "energy"),
        dims_from="the format",
        energy=header.energy,
        energy_from=f"CalibAbs and CalibLin in {path}",
        y=step_positions(header.step_y, reader.shape[0]),
        x=step_positions(header.step_x, reader.shape[1]),
        attrs=header.attrs,
        live_time=_live_time(header, scan),
        real_time=header.pixel_times if header.times_are_real else None,
    )


@dataclass(frozen=True, eq=False)
class BcfReader:
    """Rows of one map, decompressed and unpacked as they are asked for."""

    file: StoredFile
    row_starts: NDArray[np.int64]
    """Where each row starts in the decompressed map, and where the last one ends."""
    shape: tuple[int, int, int]
    dtype: np.dtype[Any]
    """The file knows none: the smallest that holds every count, of two bytes at least."""
    stamp: tuple[int, int] = field(repr=False)
    announced: bool  # True where it was said that there are more channels than the header knows

    @classmethod
    def of(
        cls, file: StoredFile, scan: _Scan, n_channels: int, stamp: tuple[int, int]
    ) -> BcfReader:
        """Reader of one map, of a file in the state that it had before it was passed over."""
        return cls(
            file=file,
            row_starts=scan.row_starts,
            shape=(len(scan.row_starts) - 1, scan.n_columns, n_channels),
            dtype=np.min_scalar_type(max(scan.state.highest, 1 << 8)),
            stamp=stamp,
            announced=scan.state.channels > n_channels,
        )

    @property
    def chunks(self) -> tuple[int, int, int]:
        """A row, or as much of it as a block should hold."""
        most = max(READ.row_bytes // (self.shape[2] * self.dtype.itemsize), 1)
        return 1, min(self.shape[1], most), self.shape[2]

    def read(self, key: Slices) -> NDArray[Any]:
        """Read one block."""
        from .bcf_records import unpack

        require_unchanged(self.file.path, self.stamp)
        rows, columns = (range(*key[i].indices(self.shape[i])) for i in (0, 1))
        if not rows or not columns:
            return np.empty((len(rows), len(columns), self.shape[2]), self.dtype)[..., key[2]]
        packed = self.file.read(int(self.row_starts[rows[0]]), int(self.row_starts[rows[-1] + 1]))
        counts = np.zeros(
            (rows[-1] + 1 - rows[0], columns[-1] + 1 - columns[0], self.shape[2]), self.dtype
        )
        beyond = unpack(np.frombuffer(packed, np.uint8), columns[0], counts)
        if beyond and not self.announced:
            raise FileFormatError(
                f"{self.file.path}, {self.file.name}: {beyond:,} counts of the rows {rows[0]} to "
                f"{rows[-1]} are in channels beyond the {self.shape[2]} of the header: it is damaged. Copy "
                "it again."
            )
        return counts[:: rows.step, :: columns.step, key[2]]


@dataclass(frozen=True, eq=False)
class _Scan:
    """Facts about a map that only passing over it tells."""

    row_starts: NDArray[np.int64]
    n_columns: int
    state: State
    in_peak: NDArray[np.int64]  # counts in the zero peak on (y, x); empty where it is not known


def _chosen(stored: list[str], request: CubeRequest, path: Path) -> list[str]:
    """Names of the maps that are read: one, or those of all detectors."""
    maps = [name for name in stored if re.fullmatch(r"SpectrumData\d{1,3}", name)]
    if not maps:
        raise FileFormatError(f"{path} holds no map, only {', '.join(stored)[:200] or 'nothing'}.")
    if request.dataset is not None:
        if request.dataset not in maps:
            raise FileFormatError(
                f"{path} holds no map {request.dataset!r}, but {', '.join(maps)}."
            )
        return [request.dataset]
    return list(chosen_names(request.detector, maps, str(path)))


def stored_header(files: dict[str, StoredFile], path: Path) -> bytes:
    """The XML that describes the maps of a container."""
    if "HeaderData" not in files:
        raise FileFormatError(f"{path} is damaged: it holds no HeaderData.")
    file = files["HeaderData"]
    if file.size > LIMITS.xml_bytes:
        raise FileFormatError(f"{path} is damaged: its header claims {file.size:,} bytes.")
    return b"".join(file.pieces())


def _scanned(file: StoredFile, header: MapHeader) -> _Scan:
    """Pass over a map once; what its records say is checked on the way, unpacking trusts it."""
    from .bcf_records import DAMAGE, ROWS_START, State, scan

    pieces = file.pieces()
    data = b""
    while len(data) < ROWS_START:
        piece = next(pieces, b"")
        if not piece:
            raise _damaged(file, f"it ends at {len(data):,} of its bytes")
        data += piece
    n_rows, n_columns = struct.unpack_from("<II", data)
    if n_rows * 4 > file.size:
        raise _damaged(file, f"{n_rows} rows do not fit in its {file.size:,} bytes")
    # A pixel that is not there takes no bytes, yet there are hardly more of them than bytes.
    sparse = n_rows * n_columns > min(file.size, READ.timed_pixels)
    peak = np.zeros(2, np.int64)
    if header.zero_peak is not None and header.energy is not None and not sparse:
        peak[:] = header.zero_peak.channels(header.energy, header.n_channels)
    row_starts = np.empty(n_rows + 1, np.int64)
    in_peak = np.zeros((n_rows, n_columns) if peak.any() else (0, 0), np.int64)
    values = np.zeros(len(State._fields), np.int64)
    start, data = ROWS_START, data[ROWS_START:]
    while True:
        at = scan(
            np.frombuffer(data, np.uint8), start, values, row_starts, n_columns, peak, in_peak
        )
        start, data = start + at, data[at:]
        state = State(*values.tolist())
        if state.damage:
            raise _damaged(file, f"{DAMAGE[state.damage]}, in row {state.row - 1}")
        if state.row == n_rows and not state.left:
            break
        piece = next(pieces, b"")
        if not piece:
            raise _damaged(file, f"it ends within row {max(state.row - 1, 0)} of {n_rows}")
        data += piece
    row_starts[n_rows] = start
    # Pixels without pulses are left out, and where a scan was stopped its last rows, but hardly half
    # of all columns, unless the images of the map have as many too.
    if n_rows and n_columns > 2 * state.widest and n_columns not in header.sizes:
        raise _damaged(
            file, f"no row reaches beyond the first {state.widest} of its {n_columns} pixels"
        )
    if state.channels > header.n_channels:
        warnings.warn(
            f"{file.path}, {file.name}: pixels use up to {state.channels} channels, the header and its energy "
            f"axis have {header.n_channels}; the counts of the others are left out.",
            UserWarning,
            stacklevel=2,
        )
    return _Scan(row_starts, n_columns, state, in_peak)


def _live_time(header: MapHeader, scan: _Scan) -> NDArray[np.float64] | None:
    """Live time of each pixel [s] on (y, x); None where it is not known."""
    if header.pixel_times is not None and not header.times_are_real:
        return header.pixel_times
    if header.zero_peak is None or not scan.in_peak.any():
        return None
    times = scan.in_peak / header.zero_peak.frequency
    total = times.sum()
    real = header.real_time or (None if header.pixel_times is None else header.pixel_times.sum())
    wrong_live = header.live_time is not None and not 0.9 < total / header.live_time < 1.1
    if wrong_live or (real is not None and total > 1.1 * real):
        return None
    return np.where(scan.in_peak > 0, times, np.nan)


def _damaged(file: StoredFile, what: str) -> FileFormatError:
    return FileFormatError(
        f"{file.path}: the map {file.name} is damaged or was cut short, {what}. Copy it again."
    )
