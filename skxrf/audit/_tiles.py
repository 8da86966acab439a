"""Square tiles spread over a scan: the part of a large scan that is audited."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import xarray as xr
from numpy.typing import NDArray

OfPixels = TypeVar("OfPixels", xr.DataArray, xr.Dataset)


@dataclass(frozen=True)
class Tiles:
    """Tiles of a scan, set side by side as one smaller scan."""

    # rows, columns: rows and columns of the scan that are taken, each with each
    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    size: int  # rows and columns of a tile
    whole: bool  # whether these are all pixels

    def of(self, array: OfPixels) -> OfPixels:
        """Take the tiles of a cube or of maps of the same pixels; a lazy cube is read here."""
        return array.isel(y=self.rows, x=self.columns).load()

    @property
    def blocks(self) -> NDArray[np.intp]:
        """Number of the tile of each pixel, in row-major order of pixels."""
        y, x = (np.arange(len(part)) // self.size for part in (self.rows, self.columns))
        return np.asarray((y[:, None] * (x.max() + 1) + x).ravel(), dtype=np.intp)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns that are taken."""
        return len(self.rows), len(self.columns)


def spread_tiles(shape: tuple[int, int], max_pixels: int, size: int = 16) -> Tiles:
    """Spread square tiles evenly over a scan.

    `shape`: rows and columns of the scan. `max_pixels`: pixels that are taken, about, at most.
    `size`: rows and columns of a tile; a method that looks at neighbors finds true ones within it.
    """
    n_y, n_x = shape
    share = min(1.0, max_pixels / (n_y * n_x)) ** 0.5
    if share == 1.0:
        # Enough tiles that the scatter between them gives a standard error.
        smaller = max(2, min(size, min(shape) // 4))
        return Tiles(np.arange(n_y), np.arange(n_x), smaller, True)
    return Tiles(_spread(n_y, share, size), _spread(n_x, share, size), size, False)


def _spread(n: int, share: float, size: int) -> NDArray[np.intp]:
    size = min(size, n)
    n_tiles = max(1, round(share * n / size))
    starts = np.unique(np.linspace(0, n - size, n_tiles).astype(int))
    return np.unique((starts[:, None] + np.arange(size)).ravel())
