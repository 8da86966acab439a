"""One spectrum that stands for a whole cube: the sum, and the maximum-pixel spectrum."""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import DTypeLike

from skxrf.utils.validation import as_cube

__all__ = ["max_spectrum", "sum_spectrum"]


def sum_spectrum(cube: xr.DataArray) -> xr.DataArray:
    """Sum of the spectra of all pixels.

    Parameters
    ----------
    cube : DataArray of dims (y, x, energy)
        Counts, in any order of the dims.

    Returns
    -------
    DataArray of dim (energy,)
        Counts per channel: uint64 for unsigned integers, int64 for signed ones, float64 for
        floating-point counts. It keeps the coordinate ``energy`` and the attributes, and is
        lazy where the cube is lazy.

    Raises
    ------
    SkxrfError
        If the cube has other dims.
    CountsError
        If it contains no spectrum.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> from skxrf.spectra import sum_spectrum
    >>> counts = np.full((2, 3, 4), 200, np.uint8)
    >>> cube = xr.DataArray(counts, dims=("y", "x", "energy"), coords={"energy": range(4)})
    >>> sum_spectrum(cube).values
    array([1200, 1200, 1200, 1200], dtype=uint64)
    """
    cube = as_cube(cube)
    # A missing count makes a missing sum: leaving it out would mean that nothing was there.
    total = cube.sum(("y", "x"), dtype=sum_dtype(cube.dtype), skipna=False)
    return _described(total, cube, "sum of the spectra of all pixels")


def max_spectrum(cube: xr.DataArray) -> xr.DataArray:
    """Maximum-pixel spectrum: for each channel, the counts of the pixel that has most of them.

    It shows what is too rare to show in the sum: a pigment in a few pixels only.

    Parameters
    ----------
    cube : DataArray of dims (y, x, energy)
        Counts, in any order of the dims.

    Returns
    -------
    DataArray of dim (energy,)
        Counts per channel, in the dtype of the cube. It keeps the coordinate ``energy`` and
        the attributes, and is lazy where the cube is lazy.

    Raises
    ------
    SkxrfError
        If the cube has other dims.
    CountsError
        If it contains no spectrum.

    References
    ----------
    Bright and Newbury 2004, J. Microsc. 216, 186: the maximum pixel spectrum.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> from skxrf.spectra import max_spectrum
    >>> counts = np.zeros((2, 3, 4), np.uint8)
    >>> counts[0, 1, 2], counts[1, 2, 3] = 7, 9
    >>> max_spectrum(xr.DataArray(counts, dims=("y", "x", "energy"))).values
    array([0, 0, 7, 9], dtype=uint8)
    """
    cube = as_cube(cube)
    return _described(cube.max(("y", "x")), cube, "counts of the fullest pixel in each channel")


def sum_dtype(dtype: np.dtype) -> np.dtype:
    """Widest type of the same kind, in which counts of a type are summed without overflow."""
    wide: dict[str, DTypeLike] = {"u": np.uint64, "i": np.int64}
    return np.dtype(wide.get(dtype.kind, np.float64))


def _described(spectrum: xr.DataArray, cube: xr.DataArray, what: str) -> xr.DataArray:
    return spectrum.assign_attrs({**cube.attrs, "long_name": what}).rename("counts")
