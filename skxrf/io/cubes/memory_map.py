"""Counts that lie bare in a file: blocks by memory map, never written to."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skxrf.exceptions import FileFormatError

from .source import Slices

Stamps = tuple[tuple[Path, tuple[int, int]], ...]
"""Files that counts are read from, each with its stamp: here and in dask's keys."""


def file_stamp(path: Path) -> tuple[int, int]:
    """Time of change [ns] and size [bytes]: they tell a changed file from the one that was opened."""
    status = os.stat(path)
    return status.st_mtime_ns, status.st_size


def require_unchanged(path: Path, stamp: tuple[int, int]) -> None:
    """Refuse a file that is not the one that was opened."""
    if not path.is_file():
        raise FileFormatError(f"{path} is missing since it was opened. Open it again.")
    if file_stamp(path) != stamp:
        raise FileFormatError(
            f"{path} has changed since it was opened: it had {stamp[1]:,} bytes. Open it again."
        )


def require_all_unchanged(stamps: Stamps) -> None:
    """Refuse to go on where one of several files is not the one that was opened."""
    for path, stamp in stamps:
        require_unchanged(path, stamp)


@dataclass(frozen=True)
class RawReader:
    """Blocks of an array that lies in a file as it lies in memory.

    It maps the file for each block, so that it can be pickled and shared; the system reads only
    the pages that a block touches. The map is read-only.
    """

    path: Path
    offset: int
    shape: tuple[int, int, int]
    dtype: np.dtype[Any]
    stamp: tuple[int, int] = field(repr=False)
    chunks: None = None

    @classmethod
    def of(
        cls,
        path: Path,
        *,
        offset: int,
        shape: tuple[int, int, int],
        dtype: np.dtype[Any],
        described_by: str,
    ) -> RawReader:
        """Reader of a file that must have exactly the size of `offset` and the array."""
        stamp = file_stamp(path)
        expected = offset + math.prod(shape) * dtype.itemsize
        if stamp[1] != expected:
            sizes = " x ".join(str(size) for size in shape)
            whole = max(stamp[1] - offset, 0) // (math.prod(shape[1:]) * dtype.itemsize or 1)
            raise FileFormatError(
                f"{path} has {stamp[1]:,} bytes, but {described_by} says {expected:,}: {sizes} "
                f"values of {dtype.itemsize} bytes after {offset}. "
                + (
                    f"It was cut short: copy it again. If the scan was stopped, write into that header that "
                    f"its slowest axis has {whole}."
                    if stamp[1] < expected
                    else "It belongs to another header, or one of the sizes is wrong."
                )
            )
        return cls(path=path, offset=offset, shape=shape, dtype=dtype, stamp=stamp)

    @property
    def stored(self) -> np.dtype[Any]:
        """Type of the numbers, which are the counts."""
        return self.dtype

    @property
    def may_be_blank(self) -> bool:
        """True where NaN can stand for a pixel that was not measured."""
        return self.dtype.kind == "f"

    def is_blank(self, stored: NDArray[Any]) -> NDArray[np.bool_]:
        """True where a number is NaN."""
        return np.asarray(np.isnan(stored))

    def values(self, stored: NDArray[Any]) -> NDArray[Any]:
        """Counts of stored numbers, which are these."""
        return stored

    def read_stored(self, key: Slices) -> NDArray[Any]:
        """Read the numbers of one block."""
        return self.read(key)

    def read(self, key: Slices) -> NDArray[Any]:
        """Read one block."""
        # A map of a file that was cut meanwhile would end the process.
        require_unchanged(self.path, self.stamp)
        mapped = np.memmap(
            self.path, dtype=self.dtype, mode="r", offset=self.offset, shape=self.shape
        )
        return np.array(mapped[key])
