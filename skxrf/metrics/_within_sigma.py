"""Share of pixels whose prediction is within some standard deviations of the reference."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any, Literal, cast, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skxrf.exceptions import LineGroupError, SkxrfError
from skxrf.metrics._alignment import column_order, is_maps, is_several, line_groups
from skxrf.metrics._averaging import averaged
from skxrf.metrics._z_score import by_element, z_scores


@overload
def within_sigma_score(
    y_true: Any,
    y_pred: Any,
    *,
    sigma: Any = ...,
    limit: float = ...,
    sample_weight: ArrayLike | None = ...,
    multioutput: Literal["uniform_average"] | Sequence[float] | NDArray[Any] = ...,
) -> float: ...
@overload
def within_sigma_score(
    y_true: Any,
    y_pred: Any,
    *,
    sigma: Any = ...,
    limit: float = ...,
    sample_weight: ArrayLike | None = ...,
    multioutput: Literal["raw_values"],
) -> NDArray[np.float64]: ...
def within_sigma_score(
    y_true: Any,
    y_pred: Any,
    *,
    sigma: Any = None,
    limit: float = 1.0,
    sample_weight: ArrayLike | None = None,
    multioutput: Literal["uniform_average", "raw_values"] | ArrayLike = "uniform_average",
) -> float | NDArray[np.float64]:
    """Share of pixels whose prediction is within `limit` standard deviations; 1 is perfect.

    Parameters
    ----------
    y_true : DataArray, mapping of str to DataArray, DataFrame, Series or array
        Reference, as in :func:`z_score`.
    y_pred : the same, or array of the shape of `y_true`
        Prediction, as in :func:`z_score`. In a table, NaN is an error.
    sigma : {"poisson", "residual"}, float or the layout of `y_pred`, default=None
        Standard deviation, as in :func:`z_score`.
    limit : float
        Largest abs(z) that counts.
    sample_weight : array-like of shape (n_pixels,), default=None
        Weights of the rows of a table or array, such as their live times; 0 or more. Maps take
        none.
    multioutput : {"uniform_average", "raw_values"} or array-like of shape (n_elements,)
        One number, the mean over the elements; one for each element; or the weights of the
        elements in that mean.

    Returns
    -------
    float or ndarray of shape (n_elements,)
        The share among the present pixels of all maps; NaN in ``"raw_values"`` for an element
        without any.

    Raises
    ------
    SkxrfError
        As :func:`z_score`; or if there is no pixel to score, all of them have the weight 0, or
        maps come with weights.

    Notes
    -----
    A normally distributed residual has 68.3 % of its pixels within one standard deviation.

    Examples
    --------
    >>> import numpy as np
    >>> from skxrf.metrics import within_sigma_score
    >>> within_sigma_score(np.array([99.0, 0.0, 24.0]), np.array([109.0, 3.0, 20.0]))
    0.6666666666666666
    """
    distances = z_scores(y_true, y_pred, sigma, refuse_failed=True)
    maps = distances if isinstance(distances, dict) else {"": distances}
    z_values = np.concatenate(list(_columns(maps)))
    weight = _row_weights(y_true, len(z_values), sample_weight)
    n = (~np.isnan(z_values) * weight).sum(axis=0)
    if not n.any():
        raise SkxrfError(
            "no pixel of a weight above 0 is present in both y_true and y_pred: there is none to score."
        )
    with np.errstate(invalid="ignore"):
        share = ((z_values <= limit) * weight).sum(axis=0) / n
    return cast("float | NDArray[np.float64]", averaged(share, multioutput))


def _row_weights(y_true: Any, n_rows: int, sample_weight: Any) -> NDArray[Any]:
    """Weights of the rows of a table, of a shape that broadcasts over its columns."""
    if sample_weight is None:
        return np.ones((1, 1), dtype=np.intp)
    if is_maps(y_true) or is_several(y_true):
        raise SkxrfError(
            "sample_weight is one weight a row of a table, got maps: convert them and the weights "
            "with skxrf.samples.to_samples."
        )
    weight = np.asarray(sample_weight, dtype=np.float64)
    if weight.shape != (n_rows,) or not np.all((weight >= 0) & np.isfinite(weight)):
        raise SkxrfError(
            f"sample_weight has the shape {weight.shape} for {n_rows} pixels: pass one finite "
            "weight for each, 0 or more."
        )
    return weight[:, None]


def _columns(maps: Mapping[Hashable, Any]) -> Iterator[NDArray[Any]]:
    """Values of each painting as (pixel, element), the elements in the order of the first's."""
    first = next(iter(maps.values()))
    for name, z in maps.items():
        order = column_order(line_groups(first), line_groups(z), f"painting {name!r}")
        values = by_element(z)
        if values.shape[1] != by_element(first).shape[1]:
            raise LineGroupError(
                f"painting {name!r} has {values.shape[1]} line groups, the first "
                f"{by_element(first).shape[1]}: score them apart."
            )
        yield values if order is None else values[:, order]
