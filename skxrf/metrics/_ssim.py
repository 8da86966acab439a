"""Structural similarity of element maps, complete or with missing pixels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal, NamedTuple, cast, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skxrf.exceptions import LineGroupError, SkxrfError
from skxrf.metrics._alignment import (
    aligned,
    by_painting,
    column_order,
    is_maps,
    is_several,
    line_groups,
    refuse_infinity,
    refuse_nan_rows,
)
from skxrf.metrics._averaging import averaged
from skxrf.metrics._masked_ssim import masked_ssim
from skxrf.samples import to_maps


@overload
def ssim_score(
    y_true: Any,
    y_pred: Any,
    *,
    win_size: int = ...,
    data_range: ArrayLike | None = ...,
    min_present: int = ...,
    multioutput: Literal["uniform_average"] | Sequence[float] | NDArray[Any] = ...,
) -> float: ...
@overload
def ssim_score(
    y_true: Any,
    y_pred: Any,
    *,
    win_size: int = ...,
    data_range: ArrayLike | None = ...,
    min_present: int = ...,
    multioutput: Literal["raw_values"],
) -> NDArray[np.float64]: ...
def ssim_score(
    y_true: Any,
    y_pred: Any,
    *,
    win_size: int = 7,
    data_range: ArrayLike | None = None,
    min_present: int = 3,
    multioutput: Literal["uniform_average", "raw_values"] | ArrayLike = "uniform_average",
) -> float | NDArray[np.float64]:
    r"""Structural similarity (SSIM) of predicted element maps; 1 is perfect.

    On complete maps this is :func:`skimage.metrics.structural_similarity` of each element map,
    averaged. On incomplete maps, such as the pixels of a cross-validation fold, it is the
    masked SSIM defined under Notes.

    Parameters
    ----------
    y_true : DataArray, mapping of str to DataArray, DataFrame or Series
        Reference maps of dims (y, x, element) or (y, x), or several by painting name, with NaN
        where a pixel is missing; or a table of samples over the index ``(painting, y, x)``, as
        :func:`skxrf.samples.to_samples` makes it, in which the missing pixels have no row.
    y_pred : the same, or array of the shape of `y_true`
        Predicted intensities. Labeled ones are matched by pixel and line group. In maps, NaN is
        a missing pixel; in a table, it is an error.
    win_size : int
        Side of the square window [pixels]; odd, at least 3.
    data_range : float or array-like of shape (n_elements,), optional
        Range L of the intensities; by default that of the reference, over the present pixels
        of each element and map. For folds, that of the whole maps is the steadier choice:
        ``make_scorer(ssim_score, data_range=np.ptp(Y, axis=0))``.
    min_present : int
        Windows with fewer present pixels are dropped; at least 2, for which a covariance is
        defined. The default is 3 because the correlation of two pixels is always 1 or -1.
    multioutput : {"uniform_average", "raw_values"} or array-like of shape (n_elements,)
        One number, one for each element, or the weights of the elements in that number.

    Returns
    -------
    float or ndarray of shape (n_elements,)
        The mean over the maps for each element, then over the elements. An element whose
        reference is constant in a map (to rounding) has no range: it is left out there, and NaN in
        ``"raw_values"`` if so in every map. A map in which no window remains is left out too.

    Raises
    ------
    SkxrfError
        If pixels, sizes or line groups differ, a map is smaller than the window, or nothing
        remains to be scored.

    Notes
    -----
    With the mean :math:`\mu`, variance :math:`\sigma^2` and covariance :math:`\sigma_{xy}` of
    reference x and prediction y over a window, and the range L of x [1]_,

    .. math:: \mathrm{SSIM} = \frac{(2\mu_x\mu_y + C_1)(2\sigma_{xy} + C_2)}
        {(\mu_x^2 + \mu_y^2 + C_1)(\sigma_x^2 + \sigma_y^2 + C_2)},
        \quad C_1 = (0.01 L)^2, \quad C_2 = (0.03 L)^2.

    As in scikit-image's default, all pixels of the window weigh the same, and the covariances
    are those of a sample, n / (n - 1) times the mean product. Windows count where they lie
    inside the map: their centers keep ``(win_size - 1) // 2`` pixels from the border.

    *Masked SSIM*: n is the number of the window's pixels that are present in both maps, and
    mean and covariances are theirs. Every window with ``n >= min_present`` counts, and all the
    same, whether the pixel at its center is present or not: SSIM compares neighborhoods, and
    with a tenth of the pixels present a tenth of the centers would be. A window may bridge a
    gap between the blocks of a fold; its pixels are neighbors in the painting all the same.
    With nothing missing this is the SSIM above. Few pixels make the score pessimistic: noise
    in the local variances lowers their ratio.

    The map of a table is the smallest rectangle that holds its pixels, since the painting's
    size is not known from a part; where that is narrower than the window, as for a fold of a
    few rows, it is widened by missing pixels to hold one.

    References
    ----------
    .. [1] Z. Wang, A. C. Bovik, H. R. Sheikh, E. P. Simoncelli, "Image quality assessment: from
       error visibility to structural similarity", IEEE Transactions on Image Processing 13(4),
       600-612 (2004), doi:10.1109/TIP.2003.819861.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> from skxrf.metrics import ssim_score
    >>> rng = np.random.default_rng(0)
    >>> truth = xr.DataArray(rng.poisson(100, (20, 30, 2)), dims=("y", "x", "element"),
    ...                      coords={"element": ["Fe_K", "Pb_L"]})
    >>> ssim_score(truth, truth)
    1.0
    >>> noisy = truth + rng.normal(0, [3, 10], truth.shape)
    >>> ssim_score(truth, noisy, multioutput="raw_values").round(2)
    array([0.96, 0.65])
    """
    _check_options(win_size, min_present)
    pairs = list(_pairs(y_true, y_pred))
    ranges = _given_ranges(data_range, pairs[0].truth.shape[-1])
    per_map = np.array([_ssim_of_map(pair, ranges, win_size, min_present) for pair in pairs])
    scored = np.isfinite(per_map)
    if not scored.any():
        _refuse(pairs, win_size, min_present)
    n_maps = scored.sum(axis=0)
    with np.errstate(invalid="ignore"):
        per_element = np.where(scored, per_map, 0.0).sum(axis=0) / n_maps
    return cast("float | NDArray[np.float64]", averaged(per_element, multioutput))


class _Pair(NamedTuple):
    """Reference and prediction of one painting, each of shape (n_y, n_x, n_elements)."""

    truth: NDArray[Any]
    prediction: NDArray[Any]
    from_table: bool
    labels: NDArray[Any] | None


def _check_options(win_size: int, min_present: int) -> None:
    if win_size != int(win_size) or win_size < 3 or win_size % 2 == 0:
        raise SkxrfError(f"win_size must be an odd integer of at least 3, got {win_size!r}.")
    if min_present != int(min_present) or not 2 <= min_present <= win_size**2:
        raise SkxrfError(
            f"min_present must be an integer from 2 to win_size ** 2 = {win_size**2}, "
            f"got {min_present!r}."
        )


def _pairs(y_true: Any, y_pred: Any) -> Iterator[_Pair]:
    if is_several(y_true):
        if not y_true:
            raise SkxrfError("y_true holds no painting.")
        predictions = by_painting(y_pred, y_true, "y_pred")
        first: _Pair | None = None
        for name, truth in y_true.items():
            for pair in _pairs(truth, predictions[name]):
                yield _in_order_of(first or pair, pair, str(name))
                first = first or pair
        return
    prediction = aligned(y_true, y_pred, "y_pred")
    truth = np.asarray(y_true)
    refuse_infinity(truth, "y_true")
    refuse_infinity(prediction, "y_pred")
    refuse_nan_rows(y_true, truth, prediction)
    labels = line_groups(y_true)
    if is_maps(y_true):
        dims = ("y", "x", "element") if y_true.ndim == 3 else ("y", "x")
        axes = [y_true.dims.index(dim) for dim in dims]
        shape = (*(y_true.sizes[dim] for dim in ("y", "x")), -1)
        yield _Pair(
            truth.transpose(axes).reshape(shape),
            prediction.transpose(axes).reshape(shape),
            from_table=False,
            labels=labels,
        )
        return
    truths = to_maps(truth, like=y_true, squeeze=False)
    predicted = to_maps(prediction, like=y_true, squeeze=False)
    for name in truths:
        yield _Pair(
            truths[name].to_numpy(), predicted[name].to_numpy(), from_table=True, labels=labels
        )


def _in_order_of(first: _Pair, pair: _Pair, name: str) -> _Pair:
    """Put the painting's elements in the order of the first painting's."""
    order = column_order(first.labels, pair.labels, f"painting {name!r}")
    if order is None:
        order = np.arange(pair.truth.shape[-1])
    if len(order) != first.truth.shape[-1]:
        raise LineGroupError(
            f"painting {name!r} has {len(order)} line groups, the first "
            f"{first.truth.shape[-1]}: score them apart."
        )
    return pair._replace(truth=pair.truth[..., order], prediction=pair.prediction[..., order])


def _given_ranges(data_range: ArrayLike | None, n_elements: int) -> NDArray[np.float64] | None:
    if data_range is None:
        return None
    ranges = np.asarray(data_range, dtype=np.float64)
    if ranges.shape not in ((), (n_elements,)) or not (np.isfinite(ranges) & (ranges > 0)).all():
        raise SkxrfError(
            f"data_range must be one positive number or {n_elements}, one for each element, "
            f"got {data_range!r}."
        )
    return np.broadcast_to(ranges, (n_elements,))


def _ssim_of_map(
    pair: _Pair, ranges: NDArray[np.float64] | None, win_size: int, min_present: int
) -> list[float]:
    """SSIM of each element of one painting; NaN where there is none."""
    if not pair.from_table and min(pair.truth.shape[:2]) < win_size:
        raise SkxrfError(
            f"the map has {pair.truth.shape[0]} x {pair.truth.shape[1]} pixels, fewer than the "
            f"window of {win_size} x {win_size}: pass a smaller win_size (odd, at least 3)."
        )
    scores = []
    for k in range(pair.truth.shape[-1]):
        truth, prediction = pair.truth[..., k], pair.prediction[..., k]
        extent = _range(truth, prediction) if ranges is None else float(ranges[k])
        if not extent:
            scores.append(np.nan)
            continue
        truth, prediction = (_widened(values, win_size) for values in (truth, prediction))
        present = np.isfinite(truth) & np.isfinite(prediction)
        scores.append(masked_ssim(truth, prediction, present, extent, win_size, min_present))
    return scores


def _range(truth: NDArray[Any], prediction: NDArray[Any]) -> float:
    """Range of one element's reference over the present pixels; 0 if constant to rounding."""
    values = truth[np.isfinite(truth) & np.isfinite(prediction)]
    if not values.size:
        return 0.0
    low, high = float(values.min()), float(values.max())
    eps = np.finfo(values.dtype).eps if values.dtype.kind == "f" else 0.0
    return high - low if high - low > 4 * eps * max(abs(low), abs(high)) else 0.0


def _widened(values: NDArray[Any], win_size: int) -> NDArray[np.float64]:
    """Convert to float64, with missing pixels added where the map is narrower than the window."""
    values = values.astype(np.float64)
    missing = [(0, max(win_size - n, 0)) for n in values.shape]
    return np.pad(values, missing, constant_values=np.nan) if np.any(missing) else values


def _refuse(pairs: list[_Pair], win_size: int, min_present: int) -> None:
    present = [np.isfinite(pair.truth) & np.isfinite(pair.prediction) for pair in pairs]
    n = [int(p.any(axis=-1).sum()) for p in present]
    constant = not any(
        _range(pair.truth[..., k], pair.prediction[..., k])
        for pair in pairs
        for k in range(pair.truth.shape[-1])
    )
    if constant and any(n):
        raise SkxrfError(
            "every element of the reference is constant over the present pixels: it has no "
            "structure to compare. Leave these maps out, or pass data_range."
        )
    shapes = ", ".join(
        f"{k} pixels in {p.shape[0]} x {p.shape[1]}" for k, p in zip(n, present, strict=True)
    )
    raise SkxrfError(
        f"no window of {win_size} x {win_size} holds {min_present} present pixels ({shapes}): use "
        "fewer folds, score the maps that cross_val_predict gives, or lower min_present."
    )
