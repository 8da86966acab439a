"""Arrays as text in a page: fewer digits where allowed, bytes apart, deflated, base64."""

from __future__ import annotations

import base64
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Packed:
    """An array as text: ``u1``, ``u2``, ``u4`` or ``f4``, and base64 of its deflated bytes.

    All first bytes of the little-endian values come before all second ones, and so on: alike
    bytes side by side deflate better.
    """

    kind: str
    text: str

    @property
    def size(self) -> int:
        """Characters in the page."""
        return len(self.text)


def pack(values: NDArray[Any]) -> Packed:
    """Pack an array of unsigned integers or float32, in C order."""
    kind = f"{values.dtype.kind}{values.dtype.itemsize}"
    little = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("<"))
    planes = little.reshape(-1).view(np.uint8).reshape(-1, values.dtype.itemsize).T
    # Photon noise does not repeat itself, so that searching for repeats only costs time; empty
    # channels do: run lengths and a Huffman code are smallest and fastest, as measured.
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS, 9, zlib.Z_RLE)
    deflated = packer.compress(planes.tobytes()) + packer.flush()
    return Packed(kind, base64.b64encode(deflated).decode("ascii"))


def smallest_counts(values: NDArray[Any]) -> NDArray[Any]:
    """Counts in the smallest type that represents them exactly; float32 where they are no integers."""
    if values.dtype.kind == "f":
        whole = np.isfinite(values).all() and values.min(initial=0) >= 0
        if not whole or values.max(initial=0) >= 2**32 or not (values == np.rint(values)).all():
            return values.astype(np.float32)
    top = values.max(initial=0)
    for dtype in (np.uint8, np.uint16, np.uint32):
        if top <= np.iinfo(dtype).max:
            return values.astype(dtype)
    return values.astype(np.float32)


def trim_mantissa(values: NDArray[Any], bits: int) -> NDArray[np.float32]:
    """Round to `bits` binary digits after the leading one, a relative error of at most 2^-bits / 2.

    What is cut off would be digits far below the standard error, and does not deflate. Values
    that are not finite stay as they are.
    """
    single = np.ascontiguousarray(values, dtype=np.float32)
    # IEEE 754, single precision.
    dropped = 23 - bits
    if dropped <= 0:
        return single
    half, mask = np.uint32(1 << (dropped - 1)), np.uint32(0xFFFFFFFF << dropped & 0xFFFFFFFF)
    rounded = ((single.view(np.uint32) + half) & mask).view(np.float32)
    return np.where(np.isfinite(single), rounded, single)
