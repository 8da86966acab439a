"""Distance of a prediction from its reference in standard deviations, pixel by pixel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from skxrf.exceptions import SkxrfError
from skxrf.metrics._alignment import (
    aligned,
    by_painting,
    is_maps,
    is_several,
    refuse_infinity,
    refuse_nan_rows,
)
from skxrf.samples import sample_index


def z_score(y_true: Any, y_pred: Any, *, sigma: Any = None) -> Any:
    """Distance of each predicted pixel from the reference, in standard deviations: abs(z).

    Parameters
    ----------
    y_true : DataArray, mapping of str to DataArray, DataFrame, Series or array
        Reference maps of dims (y, x, element), or several by painting name; or a table of
        samples over the index ``(painting, y, x)`` [counts]. A bare array of shape (n_pixels,)
        or (n_pixels, n_elements) is taken for pixels of one painting.
    y_pred : the same, or array of the shape of `y_true`
        Predicted intensities [counts]. Labeled ones are matched by pixel and line group.
    sigma : {"poisson", "residual"}, float or the layout of `y_pred`, default=None
        Standard deviation [counts]:

        - ``"poisson"`` (as None): ``sqrt(reference + 1)``, that of the counts; a negative
          reference, which an unconstrained fit may give, counts as 0 here and only here;
        - ``"residual"``: equation 1 of the paper as printed, the deviation of
          prediction - reference from its mean, divided by its standard deviation, both over the
          pixels of each element and map (not of a sample: divided by n); a constant offset is
          then at no distance;
        - one number, one for each element (array of shape (n_elements,)), or one for each
          pixel, such as the uncertainties of a fit; positive.

    Returns
    -------
    the layout of `y_true`
        ``abs(y_pred - y_true) / sigma``, for ``"residual"`` less the mean difference; float32
        where both are float32. NaN where the reference, the prediction or sigma is NaN.

    Raises
    ------
    SkxrfError
        If pixels, sizes or line groups differ, or a given sigma is not positive.

    Notes
    -----
    ``"poisson"`` is the measure of the authors' code, ``"residual"`` the one that their paper
    prints.

    With Poisson counts, the sum of one and the reference is at least as large as its variance,
    so an empty pixel has a sigma of one count. The reference is not free of noise either: where
    it is a fit of the same spectrum, both share the photon noise; where it is of another scan,
    the difference has both variances.

    Examples
    --------
    >>> import pandas as pd
    >>> from skxrf.metrics import z_score
    >>> reference = pd.DataFrame({"Fe_K": [99.0, 0.0], "Pb_L": [399.0, 24.0]})
    >>> z_score(reference, [[109.0, 3.0], [399.0, 14.0]])
        Fe_K  Pb_L
    0    1.0  19.8
    1  399.0   2.0
    """
    return z_scores(y_true, y_pred, sigma)


def z_scores(y_true: Any, y_pred: Any, sigma: Any, *, refuse_failed: bool = False) -> Any:
    """Compute :func:`z_score`; on request, NaN in the prediction of a table is an error."""
    if is_several(y_true):
        predictions = by_painting(y_pred, y_true, "y_pred")
        labeled = isinstance(sigma, Mapping | pd.DataFrame | pd.Series | xr.DataArray)
        sigmas = by_painting(sigma, y_true, "sigma") if labeled else dict.fromkeys(y_true, sigma)
        return {
            name: z_scores(truth, predictions[name], sigmas[name], refuse_failed=refuse_failed)
            for name, truth in y_true.items()
        }
    prediction = aligned(y_true, y_pred, "y_pred")
    truth = np.asarray(y_true)
    dtype = np.result_type(truth, prediction)
    dtype = dtype if dtype.kind == "f" else np.dtype(np.float64)
    truth, prediction = truth.astype(dtype, copy=False), prediction.astype(dtype, copy=False)
    refuse_infinity(truth, "y_true")
    refuse_infinity(prediction, "y_pred")
    if refuse_failed:
        refuse_nan_rows(y_true, truth, prediction)
    residual = prediction - truth
    if isinstance(sigma, str) and sigma == "residual":
        mean, scale = _residual_moments(y_true, residual)
        residual = residual - mean.astype(dtype)
    else:
        scale = _scale(y_true, truth, sigma)
    scale = np.broadcast_to(scale, residual.shape)
    distance = np.abs(residual)
    # Only the residual's own deviation can be zero: all distances are then zero, or NaN.
    z = distance.astype(dtype)
    np.divide(distance, scale, out=z, where=scale != 0, casting="same_kind")
    return _like(y_true, z)


def _scale(y_true: Any, truth: NDArray[Any], sigma: Any) -> NDArray[np.floating[Any]]:
    """Standard deviations that broadcast over `truth`."""
    if sigma is None or (isinstance(sigma, str) and sigma == "poisson"):
        return np.asarray(np.sqrt(np.maximum(truth, 0) + 1))
    if isinstance(sigma, str):
        raise SkxrfError(
            f"sigma must be 'poisson', 'residual', a number or an array, got {sigma!r}."
        )
    if np.ndim(sigma) == 0:
        given = np.asarray(sigma)
    elif np.ndim(sigma) == 1 and truth.ndim > 1 and not isinstance(sigma, pd.Series):
        given = _along_elements(y_true, np.asarray(sigma), truth)
    else:
        given = aligned(y_true, sigma, "sigma")
    n_bad = int((given <= 0).sum())
    if n_bad:
        raise SkxrfError(
            f"sigma holds {n_bad} values that are not positive, such as {given.min()}."
        )
    return given


def _residual_moments(
    y_true: Any, residual: NDArray[Any]
) -> tuple[NDArray[np.floating[Any]], NDArray[np.floating[Any]]]:
    """Mean and standard deviation of the residual of each element and map."""
    if is_maps(y_true):
        mean, deviation = (
            _along_elements(y_true, moment, residual)
            for moment in _moments(by_element(_like(y_true, residual)))
        )
        return mean, deviation
    values = residual.reshape(len(residual), -1)
    mean, deviation = np.empty_like(values), np.empty_like(values)
    index = y_true.indexes.get("sample") if isinstance(y_true, xr.DataArray) else None
    index = getattr(y_true, "index", None) if index is None else index
    painting = np.zeros(len(values), dtype=np.intp)
    if isinstance(index, pd.MultiIndex):
        painting = pd.factorize(sample_index(y_true).get_level_values("painting"))[0]
    for k in np.unique(painting):
        rows = painting == k
        mean[rows], deviation[rows] = _moments(values[rows])
    return mean.reshape(residual.shape), deviation.reshape(residual.shape)


def _moments(values: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and standard deviation of each column over its values that are not NaN."""
    known = ~np.isnan(values)
    with np.errstate(invalid="ignore"):
        mean = np.where(known, values, 0).sum(axis=0, dtype=np.float64) / known.sum(axis=0)
        squares = np.where(known, (values - mean) ** 2, 0)
        return np.asarray(mean), np.asarray(np.sqrt(squares.sum(axis=0) / known.sum(axis=0)))


def _along_elements(y_true: Any, per_element: NDArray[Any], like: NDArray[Any]) -> NDArray[Any]:
    """One value for each element, in a shape that broadcasts over `like`."""
    axis = like.ndim - 1
    if is_maps(y_true):
        axis = y_true.dims.index("element") if "element" in y_true.dims else -1
    n_elements = 1 if axis < 0 else like.shape[axis]
    if per_element.shape != (n_elements,):
        raise SkxrfError(
            f"sigma has {per_element.size} values for {n_elements} line groups: pass one for "
            "each, or one for each pixel."
        )
    return per_element if axis < 0 else per_element.reshape([-1] + [1] * (like.ndim - 1 - axis))


def by_element(z: Any) -> NDArray[Any]:
    """Values as (pixel, element)."""
    if isinstance(z, xr.DataArray):
        first = ("y", "x") if is_maps(z) else ("sample",)
        z = z.transpose(*first, ...)
        z = z.to_numpy().reshape(int(np.prod([z.sizes[dim] for dim in first])), -1)
    values = np.asarray(z)
    return values.reshape(len(values), -1)


def _like(y_true: Any, values: NDArray[Any]) -> Any:
    if isinstance(y_true, xr.DataArray):
        kept = {k: v for k, v in y_true.attrs.items() if k == "painting"}
        attrs = {**kept, "units": "1"}
        return xr.DataArray(values, y_true.coords, y_true.dims, name="z_score", attrs=attrs)
    if isinstance(y_true, pd.DataFrame):
        return pd.DataFrame(values, index=y_true.index, columns=y_true.columns)
    if isinstance(y_true, pd.Series):
        return pd.Series(values, index=y_true.index, name=y_true.name)
    return values
