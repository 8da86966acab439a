"""Bruker ``.bcf`` maps, read row by row.

The container and its header are read here, the packed spectra by RosettaSciIO's compiled
unpacker, an optional extra (GPL-3), imported by the one function that needs it. It gets a few rows
at a time, whose lengths have been checked: it checks nothing itself.

Layout of a map, little-endian: rows and columns (4 bytes each); from 0x1A0 on, for each row the
number of its pixels (4), then pixels of 22 bytes and their data: column (4), channels (2 x 2), 4
unknown, packing (2), size (2), number of pulses (2), bytes of data (4). Packings: 0 and 1 are lists
of pulses of 16 and 12 bits; 2 a packed spectrum that the pulses come after, 2 bytes each.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skxrf.exceptions import Argument, CountsError, FileFormatError

from .bruker_xml import MapHeader, parse_map_header
from .memory_map import file_stamp, require_unchanged
from .sfs import MAGIC, StoredFile, stored_files
from .source import CubeRequest, CubeSource, Slices

__all__ = ["BcfReader", "open_bcf", "recognizes"]

_ROWS_START = 0x1A0
_PIXEL = struct.Struct("<IHH4xHHHI")
_COUNT = struct.Struct("<I")
# Padding that an unpacker which runs over the end of a damaged spectrum may read.
_PADDING = bytes(4096)
_LARGEST_HEADER = 1 << 30


def recognizes(path: Path, head: bytes) -> bool:
    """Recognize the container by its first bytes."""
    return head.startswith(MAGIC)


def open_bcf(path: Path, request: CubeRequest) -> tuple[CubeSource, CubeRequest]:
    """Describe a map of a ``.bcf``; all of it is passed over once, to find where rows start.

    Parameters
    ----------
    path : Path
        The file.
    request : CubeRequest
        ``dataset`` picks one of several maps, such as ``"SpectrumData1"``.

    Returns
    -------
    source : CubeSource
        The cube, its pixel sizes and times.
    request : CubeRequest
        As given.

    Raises
    ------
    FileFormatError
        If the file is damaged, holds several maps, or RosettaSciIO is not installed.
    """
    _unpacker(path)
    files = stored_files(path)
    name = _chosen(sorted(files), request.dataset, path)
    header = parse_map_header(_header(files, path), int(name.removeprefix("SpectrumData")), path)
    reader = BcfReader.of(files[name], header)
    return CubeSource(
        path=path,
        dataset=name,
        layout="Bruker .bcf",
        reader=reader,
        dims=("y", "x", "energy"),
        dims_from="the format",
        energy=header.energy,
        energy_from=f"CalibAbs and CalibLin in {path}",
        y=_positions(header.step_y, reader.shape[0]),
        x=_positions(header.step_x, reader.shape[1]),
        attrs=header.attrs,
        live_time=None if header.times_are_real else header.pixel_times,
        real_time=header.pixel_times if header.times_are_real else None,
    ), request


@dataclass(frozen=True, eq=False)
class BcfReader:
    """Rows of one map, decompressed and unpacked as they are asked for."""

    file: StoredFile
    row_starts: NDArray[np.int64]
    """Where each row starts in the decompressed map, and where the last one ends."""
    shape: tuple[int, int, int]
    stamp: tuple[int, int] = field(repr=False)
    dtype: np.dtype[Any] = field(default_factory=lambda: np.dtype(np.uint16))
    """The file knows none: two bytes, or four where a pixel of the map may need them."""

    @classmethod
    def of(cls, file: StoredFile, header: MapHeader) -> BcfReader:
        """Reader of one map."""
        row_starts, n_columns, n_pixels = _row_starts(file)
        highest = int(header.sum_spectrum.max(initial=0))
        return cls(
            file=file,
            row_starts=row_starts,
            shape=(len(row_starts) - 1, n_columns, header.n_channels),
            stamp=file_stamp(file.path),
            dtype=np.dtype(np.uint32 if highest > _bright(n_pixels) else np.uint16),
        )

    @property
    def chunks(self) -> tuple[int, int, int]:
        """A row: it is unpacked whole."""
        return 1, self.shape[1], self.shape[2]

    def read(self, key: Slices) -> NDArray[Any]:
        """Read one block."""
        require_unchanged(self.file.path, self.stamp)
        rows = range(*key[0].indices(self.shape[0]))
        if not rows:
            return np.empty((0, *self.shape[1:]), self.dtype)[key]
        packed = self.file.read(int(self.row_starts[rows[0]]), int(self.row_starts[rows[-1] + 1]))
        shape = (rows[-1] + 1 - rows[0], *self.shape[1:])
        # In four bytes, so that a count beyond two is seen.
        block = _unpacker(self.file.path)(_Rows(packed, shape), shape, np.uint32)
        block = block[:: rows.step, key[1], key[2]]
        if block.size and block.max() > np.iinfo(self.dtype).max:
            at = np.unravel_index(block.argmax(), block.shape)
            y, x, channel = (
                range(*one.indices(size))[int(i)]
                for one, size, i in zip(key, self.shape, at, strict=True)
            )
            raise CountsError(
                f"{self.file.path}, {self.file.name}: the pixel (y={y}, x={x}) holds more than "
                f"{np.iinfo(self.dtype).max:,} counts in channel {channel}, though the sum of all pixels "
                "is low: the file is damaged, or has to be exported as .rpl."
            )
        return np.asarray(block, self.dtype)


class _Rows:
    """Some rows, in the shape in which the unpacker takes a whole map: one piece, no more."""

    def __init__(self, packed: bytes, shape: tuple[int, int, int]) -> None:
        start = struct.pack("<II", shape[0], shape[1]).ljust(_ROWS_START, b"\0")
        self.content = start + packed + _PADDING

    def get_iter_and_properties(self) -> tuple[Iterator[bytes], int, int]:
        """The piece, its size, and that it is one: what the unpacker asks for."""
        return iter([self.content]), len(self.content), 1


def _unpacker(path: Path) -> Callable[..., NDArray[Any]]:
    try:
        from rsciio.bruker.unbcf_fast import parse_to_numpy
    except ImportError:
        raise FileFormatError(
            f"{path} is a Bruker .bcf, which is unpacked by RosettaSciIO, with its compiled part: "
            "pip install 'skxrf[bruker]'. (It is under the GPL-3, so it is not a part of skxrf.)"
        ) from None
    return parse_to_numpy  # type: ignore[no-any-return]


def _chosen(names: list[str], wanted: str | None, path: Path) -> str:
    maps = [name for name in names if re.fullmatch(r"SpectrumData\d{1,3}", name)]
    if wanted in maps:
        return str(wanted)
    if not maps:
        raise FileFormatError(f"{path} holds no map, only {', '.join(names)[:200] or 'nothing'}.")
    if wanted is not None:
        raise FileFormatError(f"{path} holds no map {wanted!r}, but {', '.join(maps)}.")
    if len(maps) > 1:
        raise FileFormatError(
            f"{path} holds {len(maps)} maps, {', '.join(maps)}: pass ",
            Argument("dataset"),
            " with the name of one.",
        )
    return maps[0]


def _header(files: dict[str, StoredFile], path: Path) -> bytes:
    if "HeaderData" not in files:
        raise FileFormatError(f"{path} is damaged: it holds no HeaderData.")
    file = files["HeaderData"]
    if file.size > _LARGEST_HEADER:
        raise FileFormatError(f"{path} is damaged: its header claims {file.size:,} bytes.")
    return b"".join(file.pieces())


def _positions(step: float | None, size: int) -> NDArray[np.float64] | None:
    return None if step is None else step * np.arange(size, dtype=np.float64)


def _bright(n_pixels: int) -> int:
    """Counts in a channel of the sum above which one pixel may have more than two bytes hold."""
    return np.iinfo(np.uint16).max * max(n_pixels // 16, 1)


def _row_starts(file: StoredFile) -> tuple[NDArray[np.int64], int, int]:
    """Where the rows of a map start, its number of columns, and that of its pixels with pulses.

    Each pixel only tells where the next one is, so they are passed over one by one; what they say
    is checked on the way, because the unpacker trusts it.
    """
    stream = _Stream(file)
    buffer, at = stream.need(0, _ROWS_START)
    n_rows, n_columns = struct.unpack_from("<II", buffer, at)
    if n_rows * _COUNT.size > file.size:
        raise _damaged(file, f"{n_rows} rows do not fit in its {file.size:,} bytes")
    starts = np.empty(n_rows + 1, np.int64)
    position, widest, n_all = _ROWS_START, 0, 0
    for row in range(n_rows):
        starts[row] = position
        buffer, at = stream.need(position, _COUNT.size)
        (n_pixels,) = _COUNT.unpack_from(buffer, at)
        if n_pixels > n_columns:
            raise _damaged(file, f"row {row} has {n_pixels} pixels of {n_columns}")
        position += _COUNT.size
        for _ in range(n_pixels):
            buffer, at = stream.need(position, _PIXEL.size)
            x, _, _, packing, _, n_pulses, size = _PIXEL.unpack_from(buffer, at)
            needed = (2 * n_pulses, (3 * n_pulses + 1) // 2)[packing] if packing < 2 else 4
            if x >= n_columns or size < needed or size > 1 << 16:
                raise _damaged(file, f"pixel {x} in row {row} makes no sense")
            position += _PIXEL.size + size + (2 * n_pulses if packing > 1 else 0)
            widest = max(widest, x + 1)
        n_all += n_pixels
    starts[n_rows] = position
    if position > file.size:
        raise _damaged(file, "it ends within its last row")
    # Pixels without pulses are left out, and where a scan was stopped its last rows, but hardly half
    # of all columns.
    if n_rows and n_columns > 2 * widest:
        raise _damaged(file, f"no row reaches beyond the first {widest} of its {n_columns} pixels")
    return starts, n_columns, n_all


class _Stream:
    """The decompressed map from start to end, of which only the piece at hand is kept."""

    def __init__(self, file: StoredFile) -> None:
        self.file = file
        self.pieces = file.pieces()
        self.buffer, self.start = b"", 0

    def need(self, position: int, length: int) -> tuple[bytes, int]:
        """A buffer and where in it the bytes from `position` on are, at least `length` of them."""
        while position + length > self.start + len(self.buffer):
            piece = next(self.pieces, b"")
            if not piece:
                raise _damaged(self.file, f"it ends at {position:,} of its bytes")
            keep = min(position - self.start, len(self.buffer))
            self.buffer, self.start = self.buffer[keep:] + piece, self.start + keep
        return self.buffer, position - self.start


def _damaged(file: StoredFile, what: str) -> FileFormatError:
    return FileFormatError(
        f"{file.path}: the map {file.name} is damaged or was cut short, {what}. Copy it again."
    )
