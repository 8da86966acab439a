"""Alignment of a prediction with its reference by pixel index and line-group name."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import Any, TypeGuard, cast

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from skxrf.exceptions import LineGroupError, SkxrfError
from skxrf.samples import sample_index, to_maps, to_samples


def is_maps(values: object) -> bool:
    """Check for maps of dims (y, x, element) or (y, x), not a table of samples."""
    return isinstance(values, xr.DataArray) and {"y", "x"} <= set(values.dims)


def is_several(values: object) -> TypeGuard[Mapping[Hashable, Any]]:
    """Check for maps by painting name. A Dataset is a mapping too, but of variables."""
    if isinstance(values, xr.Dataset):
        raise SkxrfError(
            "got a Dataset for maps: pass one of its variables, such as maps['intensity']."
        )
    return isinstance(values, Mapping)


def line_groups(values: object) -> NDArray[Any] | None:
    """Names of the line groups of maps or a table; None where it has none."""
    if isinstance(values, pd.DataFrame):
        columns: pd.Index[Any] = values.columns
        return None if columns.dtype.kind == "i" else columns.to_numpy()
    if isinstance(values, xr.DataArray) and "element" in values.coords:
        return np.atleast_1d(values["element"].to_numpy())
    return None


def by_painting(values: object, names: Iterable[Hashable], what: str) -> dict[Hashable, Any]:
    """Predictions (or sigmas) of several paintings by name: exactly those in `names`."""
    expected = {str(name): name for name in names}
    if is_several(values):
        found = {str(name): value for name, value in values.items()}
    elif isinstance(values, pd.DataFrame | pd.Series | xr.DataArray) and not is_maps(values):
        found = dict(to_maps(values, squeeze=False))
    else:
        raise SkxrfError(
            f"y_true holds the paintings {', '.join(expected)}, but {what} is a "
            f"{type(values).__name__}: pass a mapping of the same names."
        )
    if set(found) != set(expected):
        raise SkxrfError(
            f"y_true holds the paintings {', '.join(expected)}, {what} holds "
            f"{', '.join(found)}: they must be the same."
        )
    return {name: found[key] for key, name in expected.items()}


def aligned(reference: object, other: object, what: str) -> NDArray[Any]:
    """Values of `other` in the shape and order of `reference`.

    `reference`: one painting's maps, or a table of samples. `other`: the same pixels and line
    groups in any layout; labeled ones are put in order. `what`: what error messages call `other`.
    Returns ndarray of the reference's shape.
    """
    if is_maps(reference):
        return _aligned_map(reference, other, what)
    if isinstance(reference, pd.DataFrame | pd.Series | xr.DataArray):
        return _aligned_table(reference, other, what)
    shape = np.asarray(reference).shape
    if len(shape) > 2:
        raise SkxrfError(
            f"y_true is a bare array of shape {shape}: pass maps as a DataArray of dims (y, x, "
            "element), or pixels as an array of shape (n_pixels, n_elements)."
        )
    return _shaped(np.asarray(other), shape, what)


def without_millimeters(maps: Any) -> Any:
    """Drop positions in mm: maps of one scan from two programs seldom have the same origin.

    Integer positions are rows and columns, by which parts of a painting are told apart; they stay.

    `maps`: maps of dims (y, x, element); what is none is returned as it is.
    """
    if not is_maps(maps):
        return maps
    return maps.drop_vars(
        [dim for dim in ("y", "x") if dim in maps.coords and maps[dim].dtype.kind == "f"]
    )


def refuse_infinity(values: NDArray[Any], what: str) -> None:
    """Raise where a value is infinite."""
    n = int(np.isinf(values).sum())
    if n:
        raise SkxrfError(f"{what} holds {n} infinite values: expected finite ones (NaN: missing).")


def refuse_nan_rows(reference: object, truth: NDArray[Any], prediction: NDArray[Any]) -> None:
    """Raise where a table's prediction is NaN: each of its rows was asked for.

    In maps, NaN is how a pixel that was not predicted is written, so there it is left alone.
    """
    n = 0 if is_maps(reference) else int((np.isnan(prediction) & ~np.isnan(truth)).sum())
    if n:
        raise SkxrfError(f"y_pred holds {n} NaN values: the model failed on these pixels.")


def _aligned_map(reference: Any, other: object, what: str) -> NDArray[Any]:
    if isinstance(other, pd.DataFrame | pd.Series) or (
        isinstance(other, xr.DataArray) and "sample" in other.dims
    ):
        maps = to_maps(other, squeeze=False)
        if len(maps) > 1:
            raise SkxrfError(f"y_true is one painting, {what} holds {', '.join(maps)}.")
        other = next(iter(maps.values()))
        other = other if "element" in reference.dims else other.squeeze("element")
    if is_several(other):
        raise SkxrfError(
            f"y_true is one painting, {what} a mapping: pass both by name, or both alone."
        )
    if not isinstance(other, xr.DataArray):
        return _shaped(np.asarray(other), reference.shape, what)
    if set(other.dims) != set(reference.dims):
        raise SkxrfError(
            f"y_true has the dims {reference.dims}, {what} has {other.dims}: they must be the same."
        )
    other = other.transpose(*reference.dims)
    order = column_order(line_groups(reference), line_groups(other), what)
    if order is not None and "element" in reference.dims:
        other = other.isel(element=order)
    values = _shaped(other.to_numpy(), reference.shape, what)
    _check_positions(reference, other, what)
    return values


def _check_positions(reference: xr.DataArray, other: xr.DataArray, what: str) -> None:
    """Maps of the same size must not be cut out at different places."""
    for dim in ("y", "x"):
        if dim not in reference.coords or dim not in other.coords:
            continue
        mine, theirs = reference[dim].to_numpy(), other[dim].to_numpy()
        # Integers are pixels and floats millimeters: the two cannot be compared.
        if mine.dtype.kind != theirs.dtype.kind or not len(mine):
            continue
        step = abs(mine[-1] - mine[0]) / max(len(mine) - 1, 1)
        # A single row has no step: it differs by rounding only.
        if not np.allclose(mine, theirs, rtol=0, atol=step / 2 or 1e-6):
            raise SkxrfError(
                f"{dim} goes from {mine[0]} to {mine[-1]} in y_true and from {theirs[0]} to "
                f"{theirs[-1]} in {what}: these are different parts of the painting."
            )


def _aligned_table(reference: Any, other: object, what: str) -> NDArray[Any]:
    if is_maps(other) or is_several(other):
        other = to_samples(cast(Any, other))
    if isinstance(other, xr.DataArray):
        other = other.transpose("sample", ...)
    values = np.asarray(other)
    order = column_order(line_groups(reference), line_groups(other), what)
    if order is not None and values.ndim == 2:
        values = values[:, order]
    index = other.indexes.get("sample") if isinstance(other, xr.DataArray) else None
    index = getattr(other, "index", None) if index is None else index
    if isinstance(index, pd.MultiIndex):
        mine, theirs = sample_index(reference), sample_index(other)
        rows = theirs.get_indexer(mine)
        if len(mine) != len(theirs) or (rows < 0).any():
            raise SkxrfError(
                f"y_true has {len(mine)} pixels, {what} {len(theirs)}, and {int((rows < 0).sum())} "
                "of the first are not among the second: pass the same pixels."
            )
        values = values[rows]
    return _shaped(values, np.shape(reference), what)


def column_order(
    mine: NDArray[Any] | None, theirs: NDArray[Any] | None, what: str
) -> NDArray[np.intp] | None:
    """Positions of my line groups among theirs; None where one has no names."""
    if mine is None or theirs is None:
        return None
    if len(mine) != len(theirs) or set(mine) != set(theirs):
        raise LineGroupError(
            f"expected the line groups {', '.join(map(str, mine))}, {what} has "
            f"{', '.join(map(str, theirs))}: they must be the same."
        )
    return np.asarray(pd.Index(theirs).get_indexer(pd.Index(mine)), dtype=np.intp)


def _shaped(values: NDArray[Any], shape: tuple[int, ...], what: str) -> NDArray[Any]:
    # A single output may be a column or not: predictions and references differ in this.
    flat = {shape, (*shape, 1), shape[:-1] if shape[-1:] == (1,) else shape}
    if values.shape not in flat:
        raise SkxrfError(
            f"y_true has the shape {shape}, {what} has {values.shape}: they must be the same."
        )
    return values.reshape(shape)
