"""Lazy counts: blocks that are read, put in order and checked only when they are computed."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skxrf.exceptions import Argument
from skxrf.utils.validation import CUBE_DIMS, require_counts

from .._limits import READ
from .source import BlockReader, Chunks

_REMEDY = (
    "Repair or cut out these pixels in the file; where a program has subtracted something, pass ",
    Argument("clip_negative", True),
    ".",
)


class CheckedCounts:
    """Array-like of dims (y, x, energy) over a reader, whatever order the file has.

    Signed and floating-point counts are checked as they are read: a cube of 20 GB is not read
    to open it, yet nothing can be computed from counts that cannot be counts.

    `reader`: access to the stored counts. `order`: names of the stored axes. `where`: the file and
    dataset, for error messages. `clip`: whether negative counts become zeros.
    """

    def __init__(
        self, reader: BlockReader, order: tuple[str, ...], where: str, *, clip: bool = False
    ) -> None:
        self.clip = clip
        self.reader = reader
        self.order = order
        self.where = where
        self.shape = tuple(reader.shape[order.index(dim)] for dim in CUBE_DIMS)
        self.dtype = reader.dtype.newbyteorder("=")
        self.ndim = len(CUBE_DIMS)

    def __dask_tokenize__(self) -> object:
        """Key of these counts in dask."""
        from dask.base import tokenize

        # Not the reader itself: inside a token dask takes only its representation.
        return (type(self).__name__, tokenize(self.reader), self.order, self.clip)

    def __getitem__(self, key: Any) -> NDArray[Any]:
        """Read, order and check one block."""
        slices, drop = self._expanded(key)
        first, second, third = (slices[CUBE_DIMS.index(dim)] for dim in self.order)
        stored = self.reader.read((first, second, third))
        ordered = stored.transpose([self.order.index(dim) for dim in CUBE_DIMS])
        block: NDArray[Any] = np.ascontiguousarray(ordered, dtype=self.dtype)
        if self.clip and self.dtype.kind != "u":
            # Infinite ones stay, and are refused below.
            block = np.where(np.isfinite(block) & (block < 0), self.dtype.type(0), block)
        places = [range(one.start, one.stop, one.step) for one in slices]
        require_counts(block, self.where, places, _REMEDY)
        return np.asarray(block[drop])

    def _expanded(self, key: Any) -> tuple[list[slice], tuple[Any, ...]]:
        """Slices over all axes, and the index that drops those which `key` named by a number."""
        keys = list(key) if isinstance(key, tuple) else [key]
        if Ellipsis in keys:
            at = keys.index(Ellipsis)
            keys[at : at + 1] = [slice(None)] * (self.ndim - len(keys) + 1)
        keys += [slice(None)] * (self.ndim - len(keys))
        slices: list[slice] = []
        drop: list[Any] = []
        for one, size in zip(keys, self.shape, strict=True):
            if isinstance(one, slice):
                slices.append(slice(*one.indices(size)))
                drop.append(slice(None))
            else:
                at = range(size)[one]
                slices.append(slice(at, at + 1, 1))
                drop.append(0)
        return slices, tuple(drop)


def block_shape(
    shape: tuple[int, ...], file_chunks: tuple[int, ...] | None, itemsize: int, chunks: Chunks
) -> tuple[int, int]:
    """Rows and columns of a block of (y, x, energy): whole multiples of the chunks of the file, whole spectra.

    By the wish in `chunks`: about 8 MiB a block, or rows and columns, rounded up to the chunks of the file.
    """
    unit_y, unit_x = (1, 1) if file_chunks is None else file_chunks[:2]
    unit_y, unit_x = min(unit_y, shape[0]), min(unit_x, shape[1])
    # Whole chunks of spectra that fill the memory are rather read several times.
    pixels = max(READ.largest_block_bytes // (shape[2] * itemsize), 1)
    if unit_y * unit_x > pixels:
        unit_x = min(unit_x, pixels)
        unit_y = max(pixels // unit_x, 1)
    if chunks != "auto":
        wish_y, wish_x = chunks
        return min(-(-wish_y // unit_y) * unit_y, shape[0]), min(
            -(-wish_x // unit_x) * unit_x, shape[1]
        )
    pixels = READ.block_bytes // (shape[2] * itemsize)
    # Whole rows first: what is computed row by row is also read once.
    n_x = _grown(unit_x, shape[1], pixels // unit_y)
    return _grown(unit_y, shape[0], pixels // n_x), n_x


def _grown(unit: int, size: int, budget: int) -> int:
    return min(max(budget // unit, 1) * unit, size)


def lazy_counts(counts: CheckedCounts, chunks: Chunks) -> Any:
    """Make a dask array over the counts, its blocks aligned with the file's chunks."""
    import dask.array as da

    stored = counts.reader.chunks
    ordered = (
        None if stored is None else tuple(stored[counts.order.index(dim)] for dim in CUBE_DIMS)
    )
    n_y, n_x = block_shape(counts.shape, ordered, counts.dtype.itemsize, chunks)
    return da.from_array(  # type: ignore[no-untyped-call]
        counts,
        chunks=(n_y, n_x, -1),
        meta=np.empty((0, 0, 0), counts.dtype),
    )
