"""Spectra beside the mean spectra of their neighbourhoods, for models that look at both."""

from __future__ import annotations

from typing import Any

import dask.array as da
import numpy as np
import xarray as xr
from numpy.typing import NDArray

__all__ = ["sees_neighborhood", "with_neighborhood"]

# Blocks that a cube in memory is worked through in.
_BLOCK_BYTES = 32 * 2**20


def sees_neighborhood(estimator: Any) -> bool:
    """Whether an estimator takes the spectra of neighbourhoods beside the pixels' own."""
    return bool(getattr(estimator, "neighborhood", False))


def with_neighborhood(cube: xr.DataArray) -> xr.DataArray:
    """Put the mean spectrum of the eight neighbours behind each pixel's own.

    Parameters
    ----------
    cube : DataArray of dims (y, x, energy)
        Counts.

    Returns
    -------
    DataArray of dims (y, x, energy), float32
        Lazy, of twice as many channels and without an energy axis: each pixel's spectrum
        [counts], then the mean of the pixels around it; at the edges of the map, rows and
        columns are mirrored.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> from skxrf.inference._neighborhood import with_neighborhood
    >>> counts = np.arange(18.0).reshape(3, 3, 2)
    >>> both = with_neighborhood(xr.DataArray(counts, dims=("y", "x", "energy")))
    >>> both.shape, both[1, 1].values
    ((3, 3, 4), array([8., 9., 8., 9.], dtype=float32))
    """
    cube = cube.transpose("y", "x", "energy")
    if cube.chunks is None:
        row = cube.sizes["x"] * cube.sizes["energy"] * 4
        cube = cube.chunk({"y": max(1, _BLOCK_BYTES // max(row, 1)), "x": -1})
    data = cube.chunk({"energy": -1}).data
    channels = (2 * cube.sizes["energy"],)
    overlapped: Any = da.map_overlap  # dask has no types for it
    stacked = overlapped(
        _stacked,
        data,
        depth={0: 1, 1: 1, 2: 0},
        boundary={0: "reflect", 1: "reflect", 2: "none"},
        trim=False,
        dtype=np.float32,
        chunks=(data.chunks[0], data.chunks[1], channels),
        meta=np.empty((0, 0, 0), np.float32),
    )
    coords = {name: value for name, value in cube.coords.items() if "energy" not in value.dims}
    return xr.DataArray(
        stacked, dims=("y", "x", "energy"), coords=coords, name=cube.name, attrs=cube.attrs
    )


def _stacked(block: NDArray[Any]) -> NDArray[np.float32]:
    """A block with a margin of one pixel to its spectra and their neighbours' means."""
    counts = block.astype(np.float32, copy=False)
    inner = counts[1:-1, 1:-1]
    rows = counts[:-2] + counts[1:-1] + counts[2:]
    around = rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]
    around -= inner
    around /= 8
    return np.concatenate([inner, around], axis=2)
