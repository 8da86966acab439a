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

from ._combination import combine, kept_by_half
from ._mixture import classes, fit_mixture, predict_left_out
from ._neighbours import box_mean, similar_mean
from ._noise import claimed_noise, fit_noise, noise_at

__all__ = ["denoise_maps"]

Array = NDArray[np.floating[Any]]
Mask = NDArray[np.bool_]

_DIMS = ("y", "x", "element")
# Classes of pixels: more than a painting has paints.
_N_CLASSES = 12
# Standard errors above which intensities are compared by their ratio.
_BRIGHT = 3.0
# An element tells pixels apart if its values scatter by this much more than its noise.
_TELLING = 1.05
# Radius of the vicinity whose mean squared misfit counts, and the largest misfit, in units of its
# variance, that does: what is beyond is a detail of one pixel.
_MISFIT_RADIUS, _DETAIL = 4, 12.0
# Squared difference of two estimates, in units of its variance, that is no contradiction.
_AGREEING = 3.0
# Claimed variances, in units of the noise, above which what is no noise begins to count, and
# counts: neighbours share it.
_ROOM = (1.1, 1.5)
# Radius of the window that smooths the given variances.
_VARIANCE_RADIUS = 2
# Smallest variance of the noise, in units of its mean over the map.
_LEAST_VARIANCE = 1e-6


def denoise_maps(
    maps: xr.Dataset,
    *,
    search_radius: int = 7,
    pilot_radius: int = 1,
    tolerance: float = 4.0,
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
        Radius [pixels] of the square windows whose means make the classes of the first pass.
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
    A claimed standard error holds all that may be wrong with a value; only noise averages out. The
    noise of bright values is taken from the lowest errors claimed at their intensity, that of dim
    ones from the residuals of a prediction, at most what is claimed. What else is claimed is taken
    as common to similar pixels and stays in the new standard errors.

    Two passes. In each, pixels are a mixture of Gaussian classes, whose covariance is that of the
    sample less that of the noise, and each element is predicted by conditioning on all the others:
    a minimum mean square error estimate, as in non-local Bayes (Lebrun, Buades & Morel 2013, SIAM
    J. Imaging Sci. 6, 1665), on the elements of a pixel instead of the pixels of a patch, with
    classes over the whole painting (Yu, Sapiro & Mallat 2012, IEEE Trans. Image Process. 21,
    2481). The first pass classes the pixels themselves, the second their difference to the mean of
    similar pixels nearby, non-local means (Buades, Coll & Morel 2005, Multiscale Model. Simul. 4,
    490). A prediction is trusted less where squared misfits nearby are larger than expected.

    The new standard errors assume that the noise of different elements is independent. They are
    those of single pixels: errors of neighbouring pixels are alike, so that means over areas are
    less certain than they would suggest. Where a bright element varies smoothly on its own, they
    are too small.

    Lazy maps are computed. Memory is that of about fifteen copies of the maps in double precision.

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
    unit = np.array([np.sqrt(array[present].mean()) for array in smooth])[:, None, None]
    values = np.where(present, values / unit, 0.0)
    variances = np.where(present, variances / unit**2, 1.0)
    smooth = np.where(present, np.maximum(smooth / unit**2, _LEAST_VARIANCE), 1.0)

    measured, given, smooth_given = (array[:, present].T for array in (values, variances, smooth))

    # What is noise? The first classes are made with what the claimed errors leave room for.
    near = box_mean(values, present, pilot_radius)
    claimed = claimed_noise(measured, given, smooth_given, near[:, present].T)
    features = _features(near, _filled(claimed, present), present)
    mixture = fit_mixture(measured, claimed, classes(features, _N_CLASSES))
    prediction = predict_left_out(mixture, measured, outlying)
    coefficients = fit_noise(measured, prediction, claimed)

    def noise_of(estimate: Array) -> Array:
        claimed = claimed_noise(measured, given, smooth_given, estimate)
        return noise_at(estimate, coefficients, claimed)

    # First estimate: classes of neighbourhoods, in units of the noise.
    predicted, spread = prediction
    noise = noise_of(predicted + spread / (claimed + spread) * (measured - predicted))
    level = _filled(noise, present)
    mixture = fit_mixture(measured, noise, classes(_features(near, level, present), _N_CLASSES))
    found = _maps(predict_left_out(mixture, measured, outlying), present)
    pilot = _combined(values, level, level, found, present, outlying)
    trust = kept_by_half(found[0] - values, level, found[1], outlying)

    # Second: classes of the differences to the mean of similar pixels.
    noise = noise_of(pilot[0][:, present].T)
    level = _filled(noise, present)
    judges = measured.var(axis=0) > _TELLING * noise.mean(axis=0)
    judges |= not judges.any()
    mean, doubt_of_mean = similar_mean(
        values, level, pilot, present, judges, search_radius, tolerance
    )
    off = measured - mean[:, present].T
    mixture = fit_mixture(off, noise, classes(_features(mean, level, present), _N_CLASSES))
    difference, doubt = _maps(predict_left_out(mixture, off, outlying), present)
    predicted, spread = difference + mean, doubt + level * doubt_of_mean
    # Where both estimates contradict each other, one of them has missed something.
    spread += np.maximum((predicted - pilot[0]) ** 2 - _AGREEING * (pilot[1] + spread), 0)
    found = predicted, spread
    result, variance = _combined(values, level, variances, found, present, outlying, trust)
    given = np.minimum(variances, smooth)
    low, high = _ROOM
    shared = np.clip((given / level - low) / (high - low), 0, 1)
    variance += shared * np.maximum(given - level, 0)
    variance = np.minimum(variance, np.maximum(smooth, variances))
    return result * unit, variance * unit**2


def _combined(
    values: Array,
    noise: Array,
    variances: Array,
    prediction: tuple[Array, Array],
    present: Mask,
    outlying: float,
    trust: Array | float = 1.0,
) -> tuple[Array, Array]:
    """Average values and prediction, which is trusted less where it fails in the vicinity."""
    predicted, spread = prediction
    total = noise + spread
    misfit = np.minimum((values - predicted) ** 2 / total, _DETAIL)
    excess = np.maximum(box_mean(misfit, present, _MISFIT_RADIUS) - 1, 0)
    # The mean of n squares of normal variables scatters by sqrt(2/n): that much is half believed.
    excess *= excess**2 / (excess**2 + 2 / (2 * _MISFIT_RADIUS + 1) ** 2)
    return combine(
        values, noise, variances, (predicted, spread + excess * total), present, outlying, trust
    )


def _features(mean: Array, noise: Array, present: Mask) -> Array:
    """Intensities on a scale where dim ones count by their noise, bright ones by their ratio."""
    near = box_mean(noise, present, _VARIANCE_RADIUS)
    return np.arcsinh(mean[:, present] / np.sqrt(near[:, present]) / _BRIGHT).T


def _filled(flat: Array, present: Mask) -> Array:
    """Maps of variances from the values of the present pixels."""
    maps = np.ones((flat.shape[1], *present.shape))
    maps[:, present] = flat.T
    return maps


def _maps(flat: tuple[Array, Array], present: Mask) -> tuple[Array, Array]:
    predicted, spread = (_filled(array, present) for array in flat)
    return predicted * present, spread


def _with_step(attrs: Mapping[Any, Any], step: str) -> str:
    return "\n".join([*filter(None, [attrs.get("history")]), step])


def _as(values: Array, like: xr.DataArray, dims: tuple[Any, ...]) -> xr.DataArray:
    """Values in the layout, dtype and labels of what they came from."""
    data = np.moveaxis(values, 0, -1).astype(like.dtype)
    return like.copy(data=data).transpose(*dims)
