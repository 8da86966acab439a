"""The spatial step: maps, their standard errors, and what neighbouring pixels add."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Integral
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skxrf import __version__
from skxrf.exceptions import SkxrfError

from ._combination import combine
from ._neighbours import box_mean, pairs, similar_moments, window_moments
from ._noise import claimed_noise
from ._prediction import predict_left_out

__all__ = ["denoise_maps"]

Array = NDArray[np.floating[Any]]
Mask = NDArray[np.bool_]

_DIMS = ("y", "x", "element")
# Memory of the products of all pairs of elements in a block of rows [bytes].
_BLOCK_BYTES = 32 * 2**20
# Radius of the window that smooths the given variances.
_VARIANCE_RADIUS = 2
# Radius of the window whose mean says which noise to expect, and the room above it.
_VALUE_RADIUS, _ROOM = 1, 1.1
# Smallest variance of the noise, in units of its mean over the map.
_LEAST_VARIANCE = 1e-6


def denoise_maps(
    maps: xr.Dataset,
    *,
    search_radius: int = 7,
    pilot_radius: int = 3,
    tolerance: float = 6.0,
    outlying: float = 3.5,
) -> xr.Dataset:
    """Denoise element maps with their neighbourhood, steered by their standard errors.

    Each element of each pixel is predicted, without its own measured value, from similar pixels
    nearby and from the other elements of the same pixel; prediction and measurement are then
    averaged by their variances. What the prediction fails to explain is left as measured: an
    element that stands out in a single pixel keeps its value, whatever the other elements say.

    Parameters
    ----------
    maps : Dataset of dims (y, x, element)
        ``intensity`` and its standard error ``uncertainty`` [counts], as
        ``predict_maps(..., return_std=True)`` gives them. A pixel with a NaN in any element is
        left out: it is neither changed nor used. Elements that are NaN everywhere, or claim no
        error anywhere, are passed through.
    search_radius : int
        Radius [pixels] within which similar pixels are looked for.
    pilot_radius : int
        Radius [pixels] of the square windows of the first pass.
    tolerance : float
        How unlike a pixel may be to be counted as similar: mean over elements of squared
        differences, in units of their variances, at which the weight has fallen to 1/e. Smaller
        values keep more details, larger ones remove more noise.
    outlying : float
        A value that differs from its prediction by this many standard errors is kept by half;
        averaging fades from half a standard error below it to half a standard error above.

    Returns
    -------
    Dataset of dims (y, x, element)
        Denoised ``intensity`` and its new standard error ``uncertainty`` [counts], with dims,
        coordinates, dtypes and other variables of `maps`; ``attrs["history"]`` says what was done.

    Raises
    ------
    SkxrfError
        If `maps` has no such variables or other dims, standard errors are negative or
        infinite, or a parameter is out of its range.

    See Also
    --------
    skxrf.inference.predict_maps : Makes the maps.

    Notes
    -----
    Two passes. In each, the intensities of the pixels of a group are taken as normal, with the
    group's mean and covariance less that of the noise, and each element is predicted by
    conditioning on all the others: a linear minimum mean square error estimate, as in non-local
    Bayes (Lebrun, Buades & Morel 2013, SIAM J. Imaging Sci. 6, 1665), on the elements of a pixel
    instead of the pixels of a patch. The groups of the first pass are square windows; those of
    the second are the pixels whose first estimate explains what was measured.

    The new standard errors hold what is left of the noise and what a group does not know of its
    pixels. They assume that the noise of different elements is independent, and that the lowest
    errors given at an intensity are its noise; what is given beyond stays; they know nothing of a bias of the estimator,
    which denoising leaves as it is. They are those of single pixels: errors of neighbouring
    pixels are alike, so that means over areas are less certain than they would suggest.

    Lazy maps are computed. Beside some copies of the maps in double precision, memory is that of
    blocks of rows.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> from skxrf.postprocessing import denoise_maps
    >>> dims, rng = ("y", "x", "element"), np.random.default_rng(0)
    >>> maps = xr.Dataset({"intensity": (dims, rng.normal(100, 10, (30, 30, 3))),
    ...                    "uncertainty": (dims, np.full((30, 30, 3), 10.0))})
    >>> better = denoise_maps(maps)
    >>> bool(better["intensity"].std() < 3), bool(better["uncertainty"].mean() < 3)
    (True, True)
    """
    intensity, uncertainty = _checked(maps)
    radii: dict[str, object] = {"search_radius": search_radius, "pilot_radius": pilot_radius}
    for name, radius in radii.items():
        if not isinstance(radius, Integral) or int(radius) < 1:
            raise SkxrfError(f"{name}={radius!r}: expected an integer of at least 1.")
    for name, number in (("tolerance", tolerance), ("outlying", outlying)):
        if not 0 < number < np.inf:
            raise SkxrfError(f"{name}={number!r}: expected a positive number.")
    values = np.moveaxis(intensity.to_numpy(), -1, 0).astype(np.float64)
    variances = np.moveaxis(uncertainty.to_numpy(), -1, 0).astype(np.float64) ** 2
    known = np.isfinite(values) & np.isfinite(variances)
    used = (known & (variances > 0)).any(axis=(1, 2))
    present = np.asarray(known[used].all(axis=0))
    if used.any() and present.any():
        better = _denoise(
            values[used], variances[used], present, search_radius, pilot_radius, tolerance, outlying
        )
        for old, new in zip((values, variances), better, strict=True):
            old[used] = np.where(present, new, old[used])
    step = (
        f"skxrf {__version__}: maps denoised by denoise_maps(search_radius={search_radius}, "
        f"pilot_radius={pilot_radius}, tolerance={tolerance:g}, outlying={outlying:g})"
    )
    denoised = maps.assign(
        intensity=_as(values, intensity, maps["intensity"].dims),
        uncertainty=_as(np.sqrt(variances), uncertainty, maps["uncertainty"].dims),
    )
    denoised["intensity"].attrs["history"] = _with_step(maps["intensity"].attrs, step)
    return denoised.assign_attrs(history=_with_step(maps.attrs, step))


def _checked(maps: Any) -> tuple[xr.DataArray, xr.DataArray]:
    if not isinstance(maps, xr.Dataset) or not {"intensity", "uncertainty"} <= set(maps.data_vars):
        found = f"variables {sorted(map(str, maps))}" if isinstance(maps, xr.Dataset) else ""
        raise SkxrfError(
            "denoise_maps takes a Dataset of intensity and uncertainty, got a "
            f"{type(maps).__name__} {found}".rstrip()
            + ": predict the maps with return_std=True."
        )
    both = maps["intensity"], maps["uncertainty"]
    for array in both:
        if set(array.dims) != set(_DIMS):
            raise SkxrfError(
                f"{array.name} has the dims {tuple(map(str, array.dims))}: denoise_maps takes "
                "(y, x, element)."
            )
        if array.dtype.kind != "f":
            raise SkxrfError(f"{array.name} holds {array.dtype} values: expected floats.")
    intensity, uncertainty = (array.transpose(*_DIMS) for array in both)
    errors = uncertainty.to_numpy()
    if np.any(errors < 0) or np.any(np.isinf(errors)) or np.any(np.isinf(intensity.to_numpy())):
        raise SkxrfError(
            "intensities must be finite and standard errors finite and not negative; NaN marks "
            "missing pixels."
        )
    return intensity, uncertainty


def _denoise(
    values: Array,
    variances: Array,
    present: Mask,
    search_radius: int,
    pilot_radius: int,
    tolerance: float,
    outlying: float,
) -> tuple[Array, Array]:
    # An error estimated from the same counts is small where the counts happen to be low: only
    # smoothed ones may steer, or low values would weigh more.
    smooth = box_mean(variances, present, _VARIANCE_RADIUS)
    near = box_mean(values, present, _VALUE_RADIUS)
    noise = smooth.copy()
    noise[:, present] = claimed_noise(
        *(array[:, present].T for array in (values, variances, smooth, near))
    ).T
    # What is claimed beyond the noise is taken as common to neighbours: it stays.
    shared = np.maximum(np.minimum(variances, smooth) - _ROOM * noise, 0)
    unit = np.array([np.sqrt(array[present].mean()) for array in noise])[:, None, None]
    centre = np.array([array[present].mean() for array in values])[:, None, None]
    values = np.where(present, (values - centre) / unit, 0.0)
    variances = np.where(present, variances / unit**2, 1.0)
    noise = np.where(present, np.maximum(noise / unit**2, _LEAST_VARIANCE), 1.0)

    pilot = np.empty_like(values), np.empty_like(values)
    for rows in _blocks(values.shape, pilot_radius):
        moments = window_moments(values, noise, present, rows, pilot_radius)
        for array, found in zip(
            pilot, predict_left_out(values[:, rows], moments, outlying), strict=True
        ):
            array[:, rows] = found
    pilot = combine(values, noise, noise, pilot, present, outlying)
    prediction = np.empty_like(values), np.empty_like(values)
    for rows in _blocks(values.shape, search_radius):
        moments = similar_moments(values, noise, pilot, present, rows, search_radius, tolerance)
        for array, found in zip(
            prediction, predict_left_out(values[:, rows], moments, outlying), strict=True
        ):
            array[:, rows] = found
    result, variance = combine(values, noise, variances, prediction, present, outlying)
    variance = np.minimum(variance * unit**2 + shared, np.maximum(smooth, variances * unit**2))
    return result * unit + centre, variance


def _blocks(shape: tuple[int, ...], radius: int) -> list[slice]:
    """Blocks of rows whose products of pairs of elements take a bounded memory."""
    n_elements, n_rows, n_columns = shape
    of_a_row = 8 * n_columns * len(pairs(n_elements)[0])
    height = max(_BLOCK_BYTES // of_a_row - 2 * radius, radius, 1)
    return [slice(y, min(y + height, n_rows)) for y in range(0, n_rows, height)]


def _with_step(attrs: Mapping[Any, Any], step: str) -> str:
    return "\n".join([*filter(None, [attrs.get("history")]), step])


def _as(values: Array, like: xr.DataArray, dims: tuple[Any, ...]) -> xr.DataArray:
    """Values in the layout, dtype and labels of what they came from."""
    data = np.moveaxis(values, 0, -1).astype(like.dtype)
    return like.copy(data=data).transpose(*dims)
