"""Check the global heaps of HDF5 files: damaged ones stall the library or fill the memory.

A heap is ``GCOL``, version 1 (1 byte, 3 unused) and its size (8); then objects of number (2), references (2), 4
unused bytes, size (8) and data up to a multiple of 8. Number 0 is the free space, the size of which includes its
header: HDF5 passes over one of size 0 for ever. A text or list of variable length is stored as its number of
elements (4), the address of its heap (8) and the number of its object (4): HDF5 allocates that many elements
before it looks at the heap. https://docs.hdfgroup.org/hdf5/v1_14/_f_m_t3.html
"""

from __future__ import annotations

import mmap
import re
import struct
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from skxrf.exceptions import FileFormatError

from ._limits import LIMITS, READ

_SIGNATURE = b"GCOL\1\0\0\0"
_HEAP = re.compile(re.escape(_SIGNATURE))  # several times as fast as a map's own search
_SUPERBLOCK = b"\x89HDF\r\n\x1a\n"
_SMALLEST = 4096
_OBJECT = struct.Struct("<HHIQ")
_REFERENCE = struct.Struct("<IQI")

# In an attribute: a type of variable length (0 for lists, 1 for texts, none else) with that of its elements (bytes,
# a text or references), and one or no axis with its length; the values follow.
_ATTRIBUTE = re.compile(
    # Its size first, which is searched for faster than a choice.
    rb"\x10\x00\x00\x00(?<=[\x19\x29\x39\x49](?P<kind>.)..\x10\x00\x00\x00)"
    rb"(?:(?P<bytes>[\x10\x20\x30\x40].{3}\x01\x00\x00\x00\x00\x00\x08\x00)|[\x13\x23\x33\x43].{3}\x01\x00\x00\x00"
    rb"|(?P<references>[\x17\x27\x37\x47].{3}\x08\x00\x00\x00))\x00{0,7}?"
    rb"(?:\x01\x00[\x00\x01].{5}|\x02\x00\x00\x00|\x01\x01\x00.{5}(.{8})|\x01\x01\x01.{5}(.{8}).{8}"
    rb"|\x02\x01\x00\x01(.{8})|\x02\x01\x01\x01(.{8}).{8})",
    re.DOTALL,
)


def refuse_damaged_heaps(path: Path) -> None:
    """Refuse a file with a heap without an end, or with an attribute that claims more than its heap has."""
    size = path.stat().st_size
    pieces = (
        [(0, size)]
        if size <= 2 * READ.heap_bytes
        else [(0, READ.heap_bytes), (size - READ.heap_bytes, size)]
    )
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        for start, end in pieces:
            for found in _HEAP.finditer(data, start, end):
                if _is_endless(data, found.start()):
                    raise FileFormatError(
                        f"{path} is damaged: a heap of its texts, at byte {found.start()}, has no end. Copy it again."
                    )
            for found in _ATTRIBUTE.finditer(data, start, end):
                sizes = filter(None, found.group(4, 5, 6, 7))
                length = int.from_bytes(next(sizes, b"\1"), "little")
                size_of_one = 8 if found["references"] else 1
                if found["bytes"] and found["kind"][0] & 15 > 1:
                    raise FileFormatError(
                        f"{path} is damaged: an attribute, at byte {found.start()}, is of no known type. Copy it "
                        "again."
                    )
                _refuse_long_values(path, data, found.end(), length, size_of_one)


def refuse_long_values(dataset: Any) -> None:
    """Refuse a dataset of texts or lists of which one claims more than its heap has."""
    kind = h5py.check_vlen_dtype(dataset.dtype)
    if kind is None:
        return
    size_of_one = 1 if kind in (str, bytes) else np.dtype(kind).itemsize
    pieces = [(dataset.id.get_offset(), dataset.size)]
    if dataset.chunks is not None:
        count = min(dataset.id.get_num_chunks(), LIMITS.names)
        chunks = [dataset.id.get_chunk_info(i) for i in range(count)]
        # Filtered chunks are left out: only HDF5 unpacks them.
        plain = not dataset.id.get_create_plist().get_nfilters()
        pieces = [(one.byte_offset, one.size // _REFERENCE.size) for one in chunks if plain]
    path = Path(dataset.file.filename)
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        for offset, length in pieces:
            if offset is not None:
                _refuse_long_values(path, data, offset, length, size_of_one)


def _refuse_long_values(
    path: Path, data: mmap.mmap, at: int, length: int, size_of_one: int
) -> None:
    """Raise where one of several values, stored one after the other, claims more than its heap has."""
    starts = (0, *(512 << i for i in range(20)))  # of HDF5, behind a block of the user's
    base = next((one for one in starts if data[one : one + 8] == _SUPERBLOCK), 0)
    for start in range(at, min(at + length * _REFERENCE.size, len(data) - _REFERENCE.size + 1), 16):
        number, address, _ = _REFERENCE.unpack_from(data, start)
        claimed = number * size_of_one
        address += base
        heap = data[address : address + 16] if address <= len(data) else b""
        held = int.from_bytes(heap[8:], "little") if heap.startswith(_SIGNATURE) else 0
        # The claim of a deleted value may remain in the file; it is small.
        if claimed > max(held, LIMITS.value_bytes):
            raise FileFormatError(
                f"{path} is damaged: a text or list, at byte {start}, claims {claimed:,} bytes, but there are "
                f"{held:,} where it should be. Copy it again."
            )


def _is_endless(data: mmap.mmap, at: int) -> bool:
    size = int.from_bytes(data[at + 8 : at + 16], "little")
    if not _SMALLEST <= size <= len(data) - at:
        return False
    end, at = at + size, at + 16
    while at + _OBJECT.size <= end:
        number, _, _, size = _OBJECT.unpack(data[at : at + _OBJECT.size])
        # HDF5 goes on behind the free space, and counts in 64 bits.
        step = size if number == 0 else (_OBJECT.size + -(-size // 8) * 8) % 2**64
        if step == 0:
            return True
        at += step
    return False
