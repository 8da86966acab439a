"""Look over the global heaps of HDF5 files, on which the library would not return.

A heap is ``GCOL``, version 1 (1 byte, 3 unused) and its size (8); then objects of number (2), references (2), 4
unused bytes, size (8) and data up to a multiple of 8. Number 0 is the free space, the size of which includes its
header: HDF5 passes over one of size 0 for ever. https://docs.hdfgroup.org/hdf5/v1_14/_f_m_t3.html
"""

from __future__ import annotations

import mmap
import struct
from pathlib import Path

from skxrf.exceptions import FileFormatError

from ._limits import READ

_SIGNATURE = b"GCOL\1\0\0\0"
_SMALLEST = 4096
_OBJECT = struct.Struct("<HHIQ")


def refuse_endless_heaps(path: Path) -> None:
    """Refuse a file with a heap that HDF5 would never come to the end of."""
    size = path.stat().st_size
    pieces = (
        [(0, size)]
        if size <= 2 * READ.heap_bytes
        else [(0, READ.heap_bytes), (size - READ.heap_bytes, size)]
    )
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        for start, end in pieces:
            at = data.find(_SIGNATURE, start, end)
            while at >= 0:
                if _is_endless(data, at):
                    raise FileFormatError(
                        f"{path} is damaged: a heap of its texts, at byte {at}, has no end. Copy it again."
                    )
                at = data.find(_SIGNATURE, at + 1, end)


def _is_endless(data: mmap.mmap, at: int) -> bool:
    size = int.from_bytes(data[at + 8 : at + 16], "little")
    if not _SMALLEST <= size <= len(data) - at:
        return False
    end, at = at + size, at + 16
    while at + _OBJECT.size <= end:
        number, _, _, size = _OBJECT.unpack(data[at : at + _OBJECT.size])
        if number == 0:
            return bool(size == 0)
        at += _OBJECT.size + -(-size // 8) * 8
    return False
