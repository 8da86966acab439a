"""Denoising of finished maps by their standard errors, their paints and neighboring pixels."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Integral
from typing import Any

import numpy as np
import xarray as xr

from skxrf import __version__
from skxrf.exceptions import SkxrfError
from skxrf.utils.typing import FloatArray, Mask
from skxrf.utils.validation import as_map_dataset

from ._combination import combine, trust
from ._neighbors import box_mean, neighbor_differences
from ._noise import claimed_noise
from ._paints import fit_paints

# Pixels that are compared with the paints at a time.
_BATCH = 2048


def denoise_maps(
    maps: xr.Dataset,
    *,
    radius: int = 3,
    outlying: float = 3.3,
    systematic: float = 0.35,
) -> xr.Dataset:
    """Denoise element maps by the values of other pixels, steered by their standard errors.

    Each element of each pixel is predicted, without its own measured value, from the other
    elements of the pixel, by the paints that the maps show, and from pixels of the same paint
    nearby; prediction and measurement are then averaged by their variances. What the prediction
    fails to explain is left as measured: an element that stands out in a single pixel, or a
    little along a stroke of pixels, keeps its value.

    Parameters
    ----------
    maps : Dataset of dims (y, x, element)
        ``intensity`` and its standard error ``uncertainty`` [counts], as
        ``predict_maps(..., return_std=True)`` gives them. A pixel with a NaN in any element is
        left out: it is neither changed nor used. Elements that are NaN everywhere, or claim no
        error anywhere, are passed through.
    radius : int
        Radius [pixels] of the square of neighbors whose differences to the prediction correct it.
    outlying : float
        A value that differs from its prediction by this many standard errors is kept by half;
        averaging fades from a quarter of a standard error below it to a quarter above.
    systematic : float
        Share of a standard error that is common to the pixels of a paint, such as an error of
        templates: it does not average out, and stays in the new errors.

    Returns
    -------
    Dataset of dims (y, x, element)
        Denoised ``intensity`` and its new standard error ``uncertainty`` [counts], with dims,
        coordinates, dtypes and other variables of `maps`; ``attrs["history"]`` records the step.

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
    The intensities without noise are taken as a mixture of normal distributions, one for each
    paint, learned from all pixels with the noise taken off (extreme deconvolution: Bovy, Hogg &
    Roweis 2011, Annals of Applied Statistics 5, 1657). Given the paint, each element is predicted
    from all the others, the linear minimum mean square error estimate. Where pixels of the same
    paint nearby differ from their predictions alike, by more than noise makes of it, the mean
    difference is added.

    The new standard errors contain the remaining noise, what a paint leaves open of its
    pixels, and the share `systematic` of the old ones. They assume that the noise of different
    elements is independent, and that the lowest errors given at an intensity are its noise. They
    are those of single pixels: errors of neighboring pixels are alike, so that means over areas
    are less certain than they would suggest.

    Lazy maps are computed. Memory is that of about ten copies of the maps in double precision.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> from skxrf.postprocessing import denoise_maps
    >>> dims, rng = ("y", "x", "element"), np.random.default_rng(0)
    >>> maps = xr.Dataset({"intensity": (dims, rng.normal(100, 10, (30, 30, 3))),
    ...                    "uncertainty": (dims, np.full((30, 30, 3), 10.0))})
    >>> better = denoise_maps(maps)
    >>> bool(better["intensity"].std() < 3), bool(better["uncertainty"].mean() < 5)
    (True, True)
    """
    given, maps = maps, _checked(maps)
    intensity, uncertainty = maps["intensity"], maps["uncertainty"]
    number: object = radius
    if not isinstance(number, Integral) or int(number) < 1:
        raise SkxrfError(f"radius={radius!r}: expected an integer of at least 1.")
    if not 0 < outlying < np.inf:
        raise SkxrfError(f"outlying={outlying!r}: expected a positive number.")
    if not 0 <= systematic <= 1:
        raise SkxrfError(f"systematic={systematic!r}: expected a share between 0 and 1.")
    values = np.moveaxis(intensity.to_numpy(), -1, 0).astype(np.float64)
    variances = np.moveaxis(uncertainty.to_numpy(), -1, 0).astype(np.float64) ** 2
    known = np.isfinite(values) & np.isfinite(variances)
    used = (known & (variances > 0)).any(axis=(1, 2))
    present = np.asarray(known[used].all(axis=0))
    if used.any() and present.any():
        better = _denoise(values[used], variances[used], present, radius, outlying, systematic)
        for old, new in zip((values, variances), better, strict=True):
            old[used] = np.where(present, new, old[used])
    step = (
        f"skxrf {__version__}: maps denoised by denoise_maps(radius={radius}, "
        f"outlying={outlying:g}, systematic={systematic:g})"
    )
    denoised = maps.assign(
        intensity=_as(values, intensity, given["intensity"].dims),
        uncertainty=_as(np.sqrt(variances), uncertainty, given["uncertainty"].dims),
    )
    denoised["intensity"].attrs["history"] = _with_step(maps["intensity"].attrs, step)
    return denoised.assign_attrs(history=_with_step(maps.attrs, step))


def _checked(maps: Any) -> xr.Dataset:
    if not isinstance(maps, xr.Dataset) or not {"intensity", "uncertainty"} <= set(maps.data_vars):
        found = f"variables {sorted(map(str, maps))}" if isinstance(maps, xr.Dataset) else ""
        raise SkxrfError(
            "denoise_maps takes a Dataset of intensity and uncertainty, got a "
            f"{type(maps).__name__} {found}".rstrip()
            + ": predict the maps with return_std=True."
        )
    checked = as_map_dataset(maps, named=False)
    intensity, uncertainty = checked["intensity"], checked["uncertainty"]
    for array in (intensity, uncertainty):
        if array.dtype.kind != "f":
            raise SkxrfError(f"{array.name} contains {array.dtype} values: expected floats.")
    errors = uncertainty.to_numpy()
    if np.any(errors < 0) or np.any(np.isinf(errors)) or np.any(np.isinf(intensity.to_numpy())):
        raise SkxrfError(
            "intensities must be finite and standard errors finite and not negative; NaN marks "
            "missing pixels."
        )
    return checked


def _denoise(
    values: FloatArray,
    variances: FloatArray,
    present: Mask,
    radius: int,
    outlying: float,
    systematic: float,
) -> tuple[FloatArray, FloatArray]:
    # An error estimated from the same counts is small where the counts happen to be low: only
    # smoothed ones may steer, or low values would weigh more.
    # Radius of the window that smooths the given variances.
    smooth = box_mean(variances, present, 2)
    # Radius of the window whose mean gives the expected noise.
    near = box_mean(values, present, 1)
    samples = [array[:, present].T for array in (values, variances, smooth, near)]
    noise = claimed_noise(*samples)
    measured = samples[0]
    paints = fit_paints(measured, noise)
    differences, spread = np.empty_like(measured), np.empty_like(measured)
    for start in range(0, len(measured), _BATCH):
        rows = slice(start, start + _BATCH)
        differences[rows], spread[rows] = paints.differences(measured[rows], outlying)
    images = np.zeros((3, *values.shape))
    images[1:] = 1.0
    for image, array in zip(images, (-differences, noise, spread), strict=True):
        image[:, present] = array.T
    of_paint, noise, spread = images
    # Variance of a prediction, in units of the noise's, at least.
    least = 0.002 * noise
    spread = np.maximum(spread, least)
    claimed = np.where(present, variances, 1.0)
    pilot, _ = combine(values, of_paint, noise, spread, spread, claimed, present, outlying)
    of_neighbors, local, doubt = neighbor_differences(values, noise, pilot, present, radius)
    local = np.maximum(local, least)
    # A pixel that stands out of its neighbors is not predicted by them.
    doubtful = (local + doubt) / np.maximum(
        trust(of_neighbors, noise + local + doubt, outlying), 1e-9
    )
    share = spread / (spread + doubtful)
    of_both = of_paint + share * (of_neighbors - of_paint)
    local = np.where(np.isfinite(local), local, 0.0)
    expected = (1 - share) ** 2 * spread + share**2 * local
    spread = (1 - share) * spread
    result, variance = combine(values, of_both, noise, spread, expected, claimed, present, outlying)
    variance += systematic**2 * variances
    return result, np.minimum(variance, np.maximum(smooth, variances))


def _with_step(attrs: Mapping[Any, Any], step: str) -> str:
    return "\n".join([*filter(None, [attrs.get("history")]), step])


def _as(values: FloatArray, like: xr.DataArray, dims: tuple[Any, ...]) -> xr.DataArray:
    """Values in the layout, dtype and labels of what they came from."""
    data = np.moveaxis(values, 0, -1).astype(like.dtype)
    return like.copy(data=data).transpose(*dims)
