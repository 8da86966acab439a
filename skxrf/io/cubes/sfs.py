"""The container of a Bruker ``.bcf``: a small file system of chunks, its files zlib-compressed.

Layout ("Single File System", magic ``AAMVHFSS``), all little-endian. At 0x128 the chunk size; at
0x140 the chunk number of the file table and the number of its entries. Chunk k starts at
``k * chunk size + 0x118`` with 32 bytes, of which the first four are the number of the chunk that
continues it. An entry has 512 bytes: the chunk of the file's table of chunk numbers, its size (8
bytes), its parent at 40, whether it is a folder at 220, its name at 224. A compressed file starts
with ``AACS``, the size of its blocks and, after four more bytes, their number; from 0x80 on each
block has 16 bytes that start with its compressed size, and a zlib stream.
"""

from __future__ import annotations

import struct
import zlib
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from skxrf.exceptions import FileFormatError

from .._limits import LIMITS

MAGIC = b"AAMVHFSS"
_ENTRY = struct.Struct("<iQ28xi176x?3x256s32x")


@dataclass(frozen=True)
class _Layout:
    """Places and sizes in the container [bytes]."""

    first_chunk: int = 0x118  # place
    chunk_header: int = 32
    first_block: int = 0x80  # place in a compressed file
    block_header: int = 16


@dataclass(frozen=True)
class _Unpacking:
    """Numbers of the decompression."""

    threads: int = 4
    kept_blocks: int = 8  # decompressed blocks that are kept
    largest_kept: int = 1 << 21  # size above which no block is kept [bytes]
    whole: int = 1 << 26  # decompressed map up to which all blocks are kept [bytes]


@dataclass(frozen=True, eq=False)
class StoredFile:
    """One file of the container, decompressed as it is read."""

    path: Path
    name: str
    size: int  # bytes, decompressed
    chunk_starts: NDArray[np.int64]
    chunk_bytes: int
    block_bytes: int  # bytes of a decompressed block; 0 where nothing is compressed
    blocks: NDArray[np.int64]  # start and length of each compressed block, shape (n, 2)
    recent: dict[int, bytes] = field(default_factory=dict, repr=False)
    """Blocks that were decompressed last: the next rows begin within them."""

    def __getstate__(self) -> dict[str, Any]:
        """All but what was decompressed."""
        return {**self.__dict__, "recent": {}}

    def __dask_tokenize__(self) -> object:
        """Key of the file in dask, whatever of it is decompressed."""
        from dask.base import tokenize

        state = self.__getstate__()
        return tokenize(*(state[name] for name in sorted(state)))

    def read(self, start: int, stop: int) -> bytes:
        """Bytes from `start` to `stop` of the decompressed file."""
        with self.path.open("rb") as stream:
            if not self.block_bytes:
                return self._stored(stream, start, stop - start)
            first, last = start // self.block_bytes, -(-stop // self.block_bytes)
            found = b"".join(self._recent_block(stream, i) for i in range(first, last))
        skip = start - first * self.block_bytes
        return found[skip : skip + stop - start]

    def pieces(self) -> Iterator[bytes]:
        """The decompressed file from start to end, in pieces of some megabytes at most."""
        with self.path.open("rb") as stream:
            if self.block_bytes:
                yield from self._decompressed_ahead(stream)
            else:
                for start in range(0, self.size, 1 << 20):
                    yield self._stored(stream, start, min(1 << 20, self.size - start))

    def _decompressed_ahead(self, stream: BinaryIO) -> Iterator[bytes]:
        """All blocks in order; threads decompress some of them beforehand."""
        waiting: deque[Future[bytes]] = deque()
        with ThreadPoolExecutor(_Unpacking.threads) as pool:
            for i, (start, length) in enumerate(self.blocks.tolist()):
                waiting.append(
                    pool.submit(self._decompressed, i, self._stored(stream, start, length))
                )
                if len(waiting) > 2 * _Unpacking.threads:
                    yield self._kept(i - len(waiting) + 1, waiting.popleft().result())
            for left in range(len(waiting), 0, -1):
                yield self._kept(len(self.blocks) - left, waiting.popleft().result())

    def _recent_block(self, stream: BinaryIO, i: int) -> bytes:
        block = self.recent.get(i)
        if block is None:
            start, length = (int(value) for value in self.blocks[i])
            block = self._decompressed(i, self._stored(stream, start, length))
            self._kept(i, block)
        return block

    def _kept(self, i: int, block: bytes) -> bytes:
        """The block, of which some are kept for the next rows; of a small map all."""
        if self.block_bytes <= _Unpacking.largest_kept:
            self.recent[i] = block
            while self.size > _Unpacking.whole and len(self.recent) > _Unpacking.kept_blocks:
                # Several threads may do so.
                self.recent.pop(min(self.recent.copy(), default=i), None)
        return block

    def _decompressed(self, i: int, stored: bytes) -> bytes:
        try:
            block = zlib.decompressobj().decompress(stored, self.block_bytes + 1)
        except zlib.error as error:
            raise FileFormatError(
                f"{self.path}: block {i} of {self.name} is damaged ({error}). Copy the file again."
            ) from None
        expected = min(self.block_bytes, self.size - i * self.block_bytes)
        if len(block) != expected:
            raise FileFormatError(
                f"{self.path}: block {i} of {self.name} has {len(block)} bytes, expected "
                f"{expected}. The file is damaged, copy it again."
            )
        return block

    def _stored(self, stream: BinaryIO, start: int, length: int) -> bytes:
        """Bytes as they are stored; neighboring chunks are read at once."""
        if length <= 0:
            return b""
        first, skip = divmod(start, self.chunk_bytes)
        n_chunks = -(-(skip + length) // self.chunk_bytes)
        starts = self.chunk_starts[first : first + n_chunks]
        if len(starts) < n_chunks:
            raise _cut(self.path)
        size = self.chunk_bytes + _Layout.chunk_header
        ends = [*np.flatnonzero(np.diff(starts) != size) + 1, n_chunks]
        found, begin, left = [], 0, skip + length
        for end in ends:
            # The header of the first chunk lies before its start, and the last may be used in part.
            used = min((end - begin) * self.chunk_bytes, left)
            n_bytes = used + (-(-used // self.chunk_bytes) - 1) * _Layout.chunk_header
            raw = _bytes_at(stream, int(starts[begin]), n_bytes, self.path)
            padded = np.zeros(size * (end - begin), np.uint8)
            padded[: len(raw)] = np.frombuffer(raw, np.uint8)
            found.append(padded.reshape(-1, size)[:, : self.chunk_bytes].tobytes())
            begin, left = end, left - used
        return b"".join(found)[skip : skip + length]


def stored_files(path: Path) -> dict[str, StoredFile]:
    """All files of the container by name, such as ``HeaderData``, without their folder."""
    file_size = path.stat().st_size
    with path.open("rb") as stream:
        (chunk_size,) = struct.unpack("<I", _bytes_at(stream, 0x128, 4, path))
        table, n_entries = struct.unpack("<II", _bytes_at(stream, 0x140, 8, path))
        chunk_bytes = chunk_size - _Layout.chunk_header
        # Limits: a damaged number must not cause reading or allocation without end.
        if chunk_bytes < _ENTRY.size or n_entries > LIMITS.entries:
            raise FileFormatError(f"{path} is damaged: its table of files makes no sense.")
        per_chunk = chunk_bytes // _ENTRY.size
        chunks = _chained(stream, path, table, chunk_size, -(-n_entries // per_chunk))
        content = b"".join(
            _bytes_at(stream, start, min(per_chunk, n_entries - i * per_chunk) * _ENTRY.size, path)
            for i, start in enumerate(chunks)
        )
        found = {}
        for pointers, size, _, is_folder, name in _ENTRY.iter_unpack(content):
            if not is_folder:
                text = name.rstrip(b"\0").decode("utf-8", "replace")
                found[text] = _described(stream, path, text, pointers, size, chunk_size, file_size)
    return found


def _described(
    stream: BinaryIO,
    path: Path,
    name: str,
    pointers: int,
    size: int,
    chunk_size: int,
    file_size: int,
) -> StoredFile:
    """One file, from its entry in the table."""
    if size > file_size:
        raise FileFormatError(
            f"{path} has {file_size:,} bytes, but says that its part {name} has {size:,}: it was "
            "cut short or damaged. Copy it again."
        )
    chunk_bytes = chunk_size - _Layout.chunk_header
    n_chunks = -(-size // chunk_bytes)
    per_table = chunk_bytes // 4
    tables = _chained(stream, path, pointers, chunk_size, -(-n_chunks // per_table))
    numbers = np.frombuffer(
        b"".join(
            _bytes_at(stream, start, 4 * min(per_table, n_chunks - i * per_table), path)
            for i, start in enumerate(tables)
        ),
        "<u4",
    )
    starts = numbers.astype(np.int64) * chunk_size + _Layout.first_chunk + _Layout.chunk_header
    plain = StoredFile(path, name, size, starts, chunk_bytes, 0, np.empty((0, 2), np.int64))
    if size < _Layout.first_block or plain._stored(stream, 0, 4) != b"AACS":
        return plain
    block_bytes, _, n_blocks = struct.unpack("<III", plain._stored(stream, 4, 12))
    if not 0 < block_bytes <= LIMITS.block_bytes or n_blocks * _Layout.block_header > size:
        raise FileFormatError(f"{path} is damaged: the compression of {name} makes no sense.")
    blocks = np.empty((n_blocks, 2), np.int64)
    at = _Layout.first_block
    for i in range(n_blocks):
        length, expanded = struct.unpack("<II", plain._stored(stream, at, 8))
        blocks[i] = at + _Layout.block_header, length
        at += _Layout.block_header + length
        if at > size:
            raise FileFormatError(f"{path} is damaged: the compression of {name} makes no sense.")
    total = 0 if not n_blocks else (n_blocks - 1) * block_bytes + min(expanded, block_bytes)
    return StoredFile(path, name, total, starts, chunk_bytes, block_bytes, blocks)


def _chained(stream: BinaryIO, path: Path, first: int, chunk_size: int, n_chunks: int) -> list[int]:
    """Where the data of each chunk of a chain starts."""
    starts: list[int] = []
    number = first
    for _ in range(n_chunks):
        if number < 0:
            raise _cut(path)
        start = number * chunk_size + _Layout.first_chunk
        starts.append(start + _Layout.chunk_header)
        (number,) = struct.unpack("<I", _bytes_at(stream, start, 4, path))
    return starts


def _bytes_at(stream: BinaryIO, start: int, length: int, path: Path) -> bytes:
    stream.seek(start)
    found = stream.read(length)
    if len(found) < length:
        raise _cut(path)
    return found


def _cut(path: Path) -> Any:
    return FileFormatError(
        f"{path} ({path.stat().st_size:,} bytes) ends before what it should hold: it was cut short "
        "or damaged. Copy it again."
    )
