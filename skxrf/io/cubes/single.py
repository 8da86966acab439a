"""Counts that were read whole because the file is small: a single spectrum, a folder's table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .source import Slices

__all__ = ["ArrayReader", "smallest_unsigned"]


@dataclass(frozen=True, eq=False)
class ArrayReader:
    """Blocks of an array in memory."""

    values: NDArray[Any]
    chunks: None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes of its axes."""
        return self.values.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of its counts."""
        return self.values.dtype

    def read(self, key: Slices) -> NDArray[Any]:
        """Copy one block."""
        return self.values[key].copy()


def smallest_unsigned(counts: NDArray[Any]) -> NDArray[Any]:
    """The same counts, in uint16 or uint32 where they fit: text files have no type of their own."""
    highest = int(counts.max(initial=0))
    for dtype in (np.uint16, np.uint32):
        if highest <= np.iinfo(dtype).max:
            return counts.astype(dtype)
    return counts
