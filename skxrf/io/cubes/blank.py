"""Pixels that a stopped scan did not reach: NaN, the fill value, or never written, in HDF5 and raw files."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._limits import READ
from .arrange import SummedReader
from .hdf5_reader import HDF5Reader
from .memory_map import RawReader
from .source import BlockReader, Slices

_Stored = HDF5Reader | RawReader


@dataclass(frozen=True, eq=False)
class PartlyBlank:
    """Blocks of a dataset in which blank pixels have no counts.

    A pixel of which some channels are blank only is left as it is, to be refused.
    """

    inner: _Stored
    energy: int  # position of the axis of channels
    blank: NDArray[np.bool_] = field(repr=False)
    """Over the stored axes, that of the channels of size 1."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes of the axes as stored."""
        return self.inner.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the counts."""
        return self.inner.dtype

    @property
    def chunks(self) -> tuple[int, ...] | None:
        """Chunks of the file."""
        return self.inner.chunks

    def read(self, key: Slices) -> NDArray[Any]:
        """Read one block."""
        stored = self.inner.read_stored(key)
        pixels = (*key[: self.energy], slice(None), *key[self.energy + 1 :])
        blank = self.blank[pixels] & self.inner.is_blank(stored).all(self.energy, keepdims=True)
        values = self.inner.values(np.where(blank, stored.dtype.type(0), stored))
        return np.where(blank, values.dtype.type(0), values)


def without_blanks(
    reader: BlockReader, energy: int
) -> tuple[BlockReader, NDArray[np.bool_] | None]:
    """Reader in which blank pixels have no counts, and these pixels; of a sum those blank in all.

    They are over the stored axes, of which the one at `energy` has the size 1; None where there are none.
    """
    if isinstance(reader, SummedReader):
        parts = [without_blanks(one, energy) for one in reader.readers]
        masks = [blank for _, blank in parts if blank is not None]
        whole = np.logical_and.reduce(masks) if len(masks) == len(parts) else None
        return SummedReader(tuple(one for one, _ in parts)), whole
    if not isinstance(reader, _Stored):
        return reader, None
    blank = _blank_pixels(reader, energy)
    if blank is None:
        unwritten = _unwritten_pixels(reader, energy) if isinstance(reader, HDF5Reader) else None
        return reader, unwritten
    return PartlyBlank(reader, energy, blank), blank


def _unwritten_pixels(reader: HDF5Reader, energy: int) -> NDArray[np.bool_] | None:
    """Last rows for which the file has no room, as where a scan was stopped, or pixels without a source; zeros."""
    if reader.unwritten is None:
        return None
    sizes = [1 if i == energy else n for i, n in enumerate(reader.shape)]
    if reader.chunks is None and energy > 1:
        # A virtual dataset, of which pixels have no source.
        bare = reader.unwritten.reshape([*reader.unwritten.shape, *[1] * (len(sizes) - 2)])
        return np.broadcast_to(bare, sizes)
    rows = 1 if energy == 0 else 0
    others = tuple(i for i in range(reader.unwritten.ndim) if i != rows)
    empty = np.asarray(reader.unwritten.all(others))
    if not empty.any() or empty[: -int(empty.sum())].any():
        return None
    first = (empty.size - int(empty.sum())) * (reader.chunks[rows] if reader.chunks else 1)
    place = np.arange(reader.shape[rows]).reshape(
        [-1 if i == rows else 1 for i in range(len(sizes))]
    )
    return np.broadcast_to(place >= first, sizes)


def _blank_pixels(reader: _Stored, energy: int) -> NDArray[np.bool_] | None:
    """Pixels whose first channel is blank.

    The whole dataset is looked through only where a pixel at a corner, or at the start of a row, is blank.
    """
    if not reader.may_be_blank:
        return None
    ends = [
        [slice(0, n)] if i == energy else [slice(at, at + 1) for at in {0, n - 1}]
        for i, n in enumerate(reader.shape)
    ]
    keys = list(itertools.product(*ends))
    rows = 1 if energy == 0 and len(ends) > 1 else 0
    chunk = reader.chunks or (1,) * len(reader.shape)
    n_chunks = -(-reader.shape[rows] // chunk[rows])
    if n_chunks * math.prod(chunk) * reader.stored.itemsize <= READ.first_pixels_bytes:
        keys.append((*keys[0][:rows], slice(0, reader.shape[rows]), *keys[0][rows + 1 :]))
    if not any(_some_blank(reader, key, energy) for key in keys):
        return None
    sizes = [1 if i == energy else n for i, n in enumerate(reader.shape)]
    blank = np.zeros(sizes, bool)
    step = max(READ.values // max(math.prod(sizes) // sizes[rows], 1), 1)
    for start in range(0, sizes[rows], step):
        part = [slice(0, n) for n in sizes]
        part[rows] = slice(start, start + step)
        blank[tuple(part)] = reader.is_blank(reader.read_stored(tuple(part)))
    return blank


def _some_blank(reader: _Stored, key: Slices, energy: int) -> bool:
    # All channels only where the first is blank: of an image a channel that is most of the file.
    for channels in (slice(0, 1), key[energy]):
        part = (*key[:energy], channels, *key[energy + 1 :])
        if not reader.is_blank(reader.read_stored(part)).all(energy).any():
            return False
    return True
