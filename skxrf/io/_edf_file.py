"""ESRF data files (EDF): headers of ``key = value ;`` in braces, each followed by bare numbers.

Keys are read in any case: ``Dim_1`` (the fastest) to ``Dim_3``, ``DataType``, ``ByteOrder`` and, where the
numbers have another length than these say, ``EDF_BinarySize`` or ``Size``. The layout is that of
https://www.silx.org/doc/fabio (format EDF) and of the files that fabio writes.
"""

from __future__ import annotations

import contextlib
import math
import mmap
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skxrf.exceptions import FileFormatError

from ._limits import LIMITS
from ._packed import is_packed, opened, read_bytes

_TYPES = {
    "signedbyte": "i1",
    "unsignedbyte": "u1",
    "signedshort": "i2",
    "unsignedshort": "u2",
    "signedinteger": "i4",
    "unsignedinteger": "u4",
    "signedlong": "i4",
    "unsignedlong": "u4",
    "signed64": "i8",
    "unsigned64": "u8",
    "float": "f4",
    "floatvalue": "f4",
    "double": "f8",
    "doublevalue": "f8",
}


@dataclass(frozen=True)
class EdfImage:
    """One image of a file, checked to lie within it."""

    path: Path
    header: Mapping[str, str]  # keys in lower case
    offset: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    def read(self, part: int | None = None) -> NDArray[Any]:
        """Read its values, or those at one position along the slowest axis."""
        shape = self.shape if part is None else self.shape[1:]
        count = math.prod(shape)
        with opened(self.path) as stream:
            stream.seek(self.offset + (part or 0) * count * self.dtype.itemsize)
            content = stream.read(count * self.dtype.itemsize)
        if len(content) != count * self.dtype.itemsize:
            raise FileFormatError(f"{self.path} has changed since it was opened. Open it again.")
        return np.frombuffer(content, self.dtype).reshape(shape)


def is_edf(path: Path, head: bytes) -> bool:
    """Recognize a file by its start."""
    start = head.lstrip()
    return start.startswith(b"{") and b"=" in start and b";" in start and b"\0" not in start[:64]


def edf_images(path: Path) -> list[EdfImage]:
    """Find all images of a file, in its order; at least one."""
    found: list[EdfImage] = []
    with path.open("rb") as stream, contextlib.ExitStack() as stack:
        if is_packed(stream.read(4)):
            content: Any = read_bytes(path, LIMITS.spectrum_bytes)
        elif path.stat().st_size:
            mapped = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
            content = stack.enter_context(mapped)
        else:
            content = b""
        size, at = len(content), 0
        while len(found) < LIMITS.images:
            start = content[at : at + 4096].lstrip(b"\n\r\t \0")
            if found and not start:
                break
            image, at = _image(path, content, at, size)
            found.append(image)
    return found


def _image(path: Path, content: Any, at: int, size: int) -> tuple[EdfImage, int]:
    """The image whose header starts at a place, and where the next one may start."""
    end = content.find(b"}", at, at + LIMITS.header_bytes)
    if not bytes(content[at : at + 4096]).lstrip(b"\n\r\t \0").startswith(b"{") or end < 0:
        raise FileFormatError(f"{path} has no header of an EDF file at {at}: expected {{ ... }}.")
    text = bytes(content[at:end]).decode("latin-1").lstrip("\n\r\t \0")[1:]
    pairs = (line.partition("=") for line in text.split(";") if "=" in line)
    header = {key.strip().lower(): value.strip() for key, _, value in pairs}
    if "edf_binaryfilename" in header:
        raise FileFormatError(f"{path} keeps its values in another file, which is not read.")
    if header.get("compression", "none").lower() not in ("", "none"):
        raise FileFormatError(
            f"{path} is compressed ({header['compression'][:40]}), which is not read: save it without."
        )
    offset = end + (3 if content[end + 1 : end + 3] == b"\r\n" else 2)
    shape = _shape(path, header)
    dtype = _dtype(path, header)
    nbytes = math.prod(shape) * dtype.itemsize
    if offset + nbytes > size:
        raise FileFormatError(
            f"{path} has {size:,} bytes, too few for the {shape} values of {dtype} "
            "in its header: it was cut short. Copy it again."
        )
    stated = header.get("edf_binarysize", header.get("size", ""))
    following = int(stated) if stated.isdecimal() and len(stated) < 16 else 0
    return EdfImage(path, header, offset, shape, dtype), offset + max(nbytes, following)


def _shape(path: Path, header: Mapping[str, str]) -> tuple[int, ...]:
    """Sizes, the slowest first."""
    names = sorted(name for name in header if re.fullmatch(r"dim_\d+", name))
    sizes = [header.get(f"dim_{i + 1}", "") for i in range(len(names))]
    if not 1 <= len(names) <= 3 or not all(re.fullmatch(r"\d{1,15}", one) for one in sizes):
        said = ", ".join(f"{name} = {header[name][:20]}" for name in names[:5]) or "nowhere"
        raise FileFormatError(
            f"{path} is a damaged EDF file: it says its sizes {said}. Expected Dim_1, Dim_2 and perhaps "
            "Dim_3, whole numbers."
        )
    return tuple(int(one) for one in reversed(sizes))


def _dtype(path: Path, header: Mapping[str, str]) -> np.dtype[Any]:
    kind = _TYPES.get(header.get("datatype", "").lower())
    if kind is None:
        raise FileFormatError(
            f"{path} is a damaged EDF file: it says DataType = {header.get('datatype', 'nowhere')[:40]}. "
            "Expected a type such as UnsignedShort or FloatValue."
        )
    order = {"lowbytefirst": "<", "highbytefirst": ">"}.get(header.get("byteorder", "").lower())
    if order is None and kind[1] != "1":
        raise FileFormatError(
            f"{path} says ByteOrder = {header.get('byteorder', 'nowhere')[:40]}: expected LowByteFirst or "
            "HighByteFirst. Write the one that is right into its header."
        )
    return np.dtype(f"{order or '<'}{kind}")
