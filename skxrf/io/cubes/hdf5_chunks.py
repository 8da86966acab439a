"""Blocks of a chunked HDF5 dataset; packed chunks are unpacked outside of HDF5's lock."""

from __future__ import annotations

import itertools
import math
import zlib
from collections.abc import Iterator
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from .source import Slices

__all__ = ["read_block"]


def read_block(dataset: Any, key: Slices) -> NDArray[Any]:
    """Read one block as stored, bit by bit what ``dataset[key]`` gives.

    HDF5 keeps one lock while it unpacks: threads that read side by side wait for each other. Chunks
    that zlib packed are therefore taken as they are in the file and unpacked here. Of a block with
    steps, HDF5 takes many times longer than for all that lies between: it is read chunk by chunk.

    `key`: the block, without negative steps. Returns the stored numbers.
    """
    ranges = [range(n)[one] for one, n in zip(key, dataset.shape, strict=True)]
    chunks, dtype = dataset.chunks, dataset.dtype
    shuffled = None if chunks is None else _zlib_layout(dataset)
    whole = shuffled is None and all(one.step == 1 for one in ranges)
    if chunks is None or whole or not all(ranges):
        return np.asarray(dataset[key])
    out = np.empty([len(one) for one in ranges], dtype)
    for place, bounds, inside, target in _touched_chunks(ranges, chunks, dataset.shape):
        values = None
        if shuffled is not None:
            values = _unpacked(dataset.id, place, math.prod(chunks), dtype, shuffled=shuffled)
        out[target] = (dataset[bounds] if values is None else values.reshape(chunks))[inside]
    return out


def _touched_chunks(
    ranges: list[range], chunks: tuple[int, ...], shape: tuple[int, ...]
) -> Iterator[tuple[tuple[Any, ...], ...]]:
    """Start and bounds of each chunk with numbers of the block, their places in it and in the block."""
    axes = []
    for wanted, size, n in zip(ranges, chunks, shape, strict=True):
        axis = []
        position = 0
        while position < len(wanted):
            start = wanted[position] // size * size
            end = min(start + size, n)
            after = position + len(range(wanted[position], min(end, wanted.stop), wanted.step))
            inside = slice(wanted[position] - start, wanted[after - 1] - start + 1, wanted.step)
            axis.append((start, slice(start, end), inside, slice(position, after)))
            position = after
        axes.append(axis)
    for parts in itertools.product(*axes):
        yield tuple(zip(*parts, strict=True))


def _zlib_layout(dataset: Any) -> bool | None:
    """Tell if the bytes of packed chunks are shuffled; None where other filters or types are used."""
    properties = dataset.id.get_create_plist()
    filters = [properties.get_filter(i)[0] for i in range(properties.get_nfilters())]
    shuffled = filters == [h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_DEFLATE]
    if not shuffled and filters != [h5py.h5z.FILTER_DEFLATE]:
        return None
    plain = dataset.dtype.kind in "uif" and dataset.id.get_type() == h5py.h5t.py_create(
        dataset.dtype
    )
    return shuffled if plain else None


def _unpacked(
    dataset: Any, place: tuple[int, ...], size: int, dtype: np.dtype[Any], *, shuffled: bool
) -> NDArray[Any] | None:
    """Unpack one chunk; None where it is not there, not packed or damaged, which is for HDF5 to tell."""
    unpacker = zlib.decompressobj()
    try:
        skipped, packed = dataset.read_direct_chunk(place)
        data = unpacker.decompress(packed, size * dtype.itemsize)
        excess = unpacker.decompress(unpacker.unconsumed_tail, 1)
    except (OSError, RuntimeError, zlib.error):
        return None
    if skipped or excess or len(data) != size * dtype.itemsize or not unpacker.eof:
        return None
    if not shuffled:
        return np.frombuffer(data, dtype)
    planes = np.frombuffer(data, np.uint8).reshape(dtype.itemsize, size)
    return np.ascontiguousarray(planes.T).view(dtype)
