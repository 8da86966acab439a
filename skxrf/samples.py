"""Conversion between the layouts: cubes and maps (y, x, ·), and samples (pixel, ·).

Samples carry a MultiIndex ``(painting, y, x)`` of painting name and integer row and column. It is
how a scorer finds the map again, whatever cross-validation did to the rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, cast, overload

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from skxrf.exceptions import SkxrfError
from skxrf.utils.validation import as_cube, as_map_dataset

__all__ = ["sample_index", "to_maps", "to_samples"]

LEVELS = ("painting", "y", "x")
# Counts in memory at once while pixels are drawn.
_READ_BYTES = 64 * 2**20


def to_samples(
    cubes: xr.DataArray | Mapping[str, xr.DataArray],
) -> xr.DataArray | pd.DataFrame:
    """Turn cubes into spectra, or maps into a table: one row a pixel.

    Parameters
    ----------
    cubes : DataArray or mapping of str to DataArray
        A cube of dims ``(y, x, energy)`` or maps of dims ``(y, x, element)``; or several of
        them by painting name. A single array is called by its ``attrs["painting"]``, else
        ``"0"``.

    Returns
    -------
    DataArray of dims (sample, energy), or DataFrame
        For cubes, the spectra in the cube's dtype [counts], lazy where the cube is lazy;
        ``.values`` is the array that an estimator fits. For maps, a table with one column a
        line group. Both over the MultiIndex ``(painting, y, x)`` of painting name, integer
        row and integer column; rows in the order of the paintings, row-major in each. Rows
        and columns count from 0, except where the coordinates are consecutive integers, as
        in maps that were cut out of larger ones: those are kept. A ``live_time`` that every
        cube has comes along.

    Raises
    ------
    SkxrfError
        If an array has other dims or no pixels, or the paintings have different channels or
        line groups.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> from skxrf.samples import to_samples
    >>> maps = xr.DataArray(np.arange(6.0).reshape(2, 3, 1), dims=("y", "x", "element"),
    ...                     coords={"element": ["Fe_K"]})
    >>> to_samples({"icon": maps}).loc[("icon", 1, 2), "Fe_K"]
    np.float64(5.0)
    """
    if isinstance(cubes, xr.Dataset):
        raise SkxrfError(
            "to_samples takes a DataArray, got a Dataset: pass one of its variables, such as "
            "maps['intensity']."
        )
    if isinstance(cubes, xr.DataArray):
        cubes = {str(cubes.attrs.get("painting", "0")): cubes}
    if not isinstance(cubes, Mapping):
        raise SkxrfError(
            f"to_samples takes a DataArray or a {{name: DataArray}} mapping, got a "
            f"{type(cubes).__name__}."
        )
    if not cubes:
        raise SkxrfError(
            "to_samples got no painting: pass a cube, maps, or a {name: cube} mapping."
        )
    cubes = {name: _checked(name, cube) for name, cube in cubes.items()}
    features = {str(cube.dims[2]) for cube in cubes.values()}
    if len(features) > 1:
        raise SkxrfError("to_samples got cubes and maps mixed: convert them in two calls.")
    feature = features.pop()
    labels = _common_labels(cubes, feature)
    index = _concatenated_index(cubes)
    arrays = [_flattened(cube) for cube in cubes.values()]
    values = arrays[0] if len(arrays) == 1 else np.concatenate(arrays)
    if feature == "element":
        return pd.DataFrame(np.asarray(values), index=index, columns=pd.Index(labels))
    coords = xr.Coordinates.from_pandas_multiindex(index, "sample")
    if all(feature in cube.coords for cube in cubes.values()):
        coords = coords.assign({feature: labels})
    first = next(iter(cubes.values()))
    samples = xr.DataArray(values, dims=("sample", feature), coords=coords, name=first.name)
    return _with_live_time(samples, cubes)


def sample_index(table: object) -> pd.MultiIndex:
    """Find the ``(painting, y, x)`` index of a table of samples.

    Parameters
    ----------
    table : DataFrame, Series, DataArray of dims (sample, ·), or MultiIndex
        Anything that carries the index. A level ``painting`` may be missing: then all rows
        are of one painting, ``"0"``. Further levels are left out.

    Returns
    -------
    MultiIndex
        With the levels ``painting``, ``y``, ``x`` in that order; one row a sample, none twice.

    Raises
    ------
    SkxrfError
        If there is no such index, or a pixel stands in it twice.
    """
    index: Any = table
    if isinstance(table, xr.DataArray):
        index = table.indexes.get("sample")
    elif isinstance(table, pd.DataFrame | pd.Series):
        index = table.index
    if not isinstance(index, pd.MultiIndex) or not {"y", "x"} <= set(index.names):
        found = type(table).__name__
        raise SkxrfError(
            f"no pixel coordinates in a {found}: pass a table whose index has the levels "
            "(painting, y, x), as skxrf.samples.to_samples makes it."
        )
    if "painting" not in index.names:
        index = pd.MultiIndex.from_arrays(
            [
                np.repeat("0", len(index)),
                index.get_level_values("y"),
                index.get_level_values("x"),
            ],
            names=LEVELS,
        )
    elif tuple(index.names) != LEVELS:
        index = pd.MultiIndex.from_arrays([index.get_level_values(n) for n in LEVELS], names=LEVELS)
    if not index.is_unique:
        painting, y, x = index[index.duplicated()][0]
        raise SkxrfError(
            f"pixel (y={y}, x={x}) of painting {painting!r} stands twice in the index: each "
            "pixel may appear once."
        )
    return cast(pd.MultiIndex, index)


@overload
def to_maps(
    table: object, *, like: object = ..., name: str = ..., squeeze: Literal[False]
) -> dict[str, xr.DataArray]: ...
@overload
def to_maps(
    table: object, *, like: object = ..., name: str = ..., squeeze: bool = ...
) -> xr.DataArray | dict[str, xr.DataArray]: ...
def to_maps(
    table: object, *, like: object = None, name: str = "intensity", squeeze: bool = True
) -> xr.DataArray | dict[str, xr.DataArray]:
    """Put a table of samples back into maps; the inverse of :func:`to_samples`.

    Parameters
    ----------
    table : DataFrame, Series, DataArray of dims (sample, ·), or array of shape (n_pixels, ...)
        The samples. A bare array, such as a prediction, takes its index and
        columns from `like`.
    like : DataFrame, Series or DataArray, optional
        The table whose index and columns a bare array has. A table with a pixel index of its
        own keeps its own.
    name : str
        Name of the maps.
    squeeze : bool
        Whether one painting gives its DataArray rather than a dictionary of one.

    Returns
    -------
    DataArray of dims (y, x, element), or dict of str to DataArray
        The maps of the painting, or of each painting by name. ``y`` and ``x`` are the integer
        rows and columns from the first to the last that the table holds; pixels that it does
        not hold are NaN (integers then become float64). Spectra come back as ``(y, x, energy)``,
        with their ``live_time``.

    Raises
    ------
    SkxrfError
        If there is no ``(painting, y, x)`` index, no row, or the sizes disagree.
    """
    carrier = table if like is None or _has_pixels(table) else like
    index = sample_index(carrier)
    if not len(index):
        raise SkxrfError("to_maps got a table without rows: there is no map to make.")
    values, dim, labels = _table_parts(table, carrier)
    if len(values) != len(index):
        raise SkxrfError(
            f"{len(values)} rows of values for an index of {len(index)} pixels: they must match."
        )
    codes, paintings = pd.factorize(index.get_level_values("painting"))
    rows = index.get_level_values("y").to_numpy()
    columns = index.get_level_values("x").to_numpy()
    maps = {}
    for k, painting in enumerate(paintings):
        mine = np.flatnonzero(codes == k)
        grid, y, x = _gridded(values[mine], rows[mine], columns[mine])
        coords: dict[str, Any] = {"y": y, "x": x}
        if labels is not None:
            coords[dim] = labels
        if isinstance(table, xr.DataArray) and "live_time" in table.coords:
            times = table["live_time"].to_numpy()[mine, None]
            coords["live_time"] = ("y", "x"), _gridded(times, rows[mine], columns[mine])[0][..., 0]
        maps[str(painting)] = xr.DataArray(
            grid,
            dims=("y", "x", dim),
            coords=coords,
            name=name if dim == "element" else "counts",
            attrs={"units": "counts", "painting": str(painting)},
        )
    if squeeze and len(maps) == 1:
        return next(iter(maps.values()))
    return maps


def draw_pixels(
    cube: xr.DataArray,
    n_pixels: int,
    rng: np.random.Generator,
    among: NDArray[np.bool_] | None = None,
) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Draw pixels of a cube at random, reading it a few rows at a time.

    `cube` (y, x, energy): counts; of a lazy one, rows of which no pixel is drawn are not read.
    `n_pixels`: number of pixels to draw; all, where there are fewer. `among`: pixels that may be
    drawn; by default all. Returns `spectra` (n_drawn, n_channels): in the cube's dtype; row by row;
    `chosen`: the pixels drawn.
    """
    cube = as_cube(cube)
    n_y, n_x, n_channels = cube.shape
    allowed = np.arange(n_y * n_x) if among is None else np.flatnonzero(among)
    flat = np.zeros(n_y * n_x, bool)
    flat[rng.permutation(allowed)[:n_pixels]] = True
    chosen = flat.reshape(n_y, n_x)
    step = max(1, _READ_BYTES // (n_x * n_channels * cube.dtype.itemsize))
    parts = [np.empty((0, n_channels), cube.dtype)]
    for start in range(0, n_y, step):
        rows = slice(start, start + step)
        if chosen[rows].any():
            parts.append(cube[rows].to_numpy()[chosen[rows]])
    return np.concatenate(parts), chosen


def _checked(name: str, cube: Any) -> xr.DataArray:
    """Cube or maps in order, in keV and mm."""
    is_cube = isinstance(cube, xr.DataArray) and "energy" in cube.dims
    if not is_cube and "element" not in getattr(cube, "dims", ()):
        found = tuple(map(str, cube.dims)) if hasattr(cube, "dims") else f"a {type(cube).__name__}"
        raise SkxrfError(
            f"painting {name!r} has the dims {found}: expected (y, x, energy) for a cube or "
            "(y, x, element) for maps."
        )
    if is_cube:
        return as_cube(cube, f"painting {name!r}")
    return as_map_dataset(cube, f"painting {name!r}", named=False)["intensity"]


def _common_labels(cubes: Mapping[str, xr.DataArray], feature: str) -> NDArray[Any]:
    names = list(cubes)
    first = cubes[names[0]][feature].to_numpy()
    for name in names[1:]:
        other = cubes[name][feature].to_numpy()
        same = other.shape == first.shape and (
            np.allclose(other, first, rtol=0, atol=1e-6)
            if feature == "energy"
            else np.array_equal(other, first)
        )
        if not same:
            raise SkxrfError(
                f"paintings {names[0]!r} and {name!r} have different {feature} coordinates "
                f"({_brief(first)} and {_brief(other)}): bring them onto one first."
            )
    return first


def _brief(labels: NDArray[Any]) -> str:
    if labels.size <= 12 and labels.dtype.kind in "UO":
        return ", ".join(map(str, labels))
    return f"{labels.size} from {labels[0]} to {labels[-1]}"


def _concatenated_index(cubes: Mapping[str, xr.DataArray]) -> pd.MultiIndex:
    painting: list[NDArray[Any]] = []
    rows: list[NDArray[np.int64]] = []
    columns: list[NDArray[np.int64]] = []
    for name, cube in cubes.items():
        n_y, n_x = cube.sizes["y"], cube.sizes["x"]
        # Maps that to_maps cut out of a larger painting keep their integer rows and columns.
        y, x = _positions(cube, "y"), _positions(cube, "x")
        painting.append(np.repeat(np.asarray(name, dtype=object), n_y * n_x))
        rows.append(np.repeat(y, n_x))
        columns.append(np.tile(x, n_y))
    return pd.MultiIndex.from_arrays(
        [np.concatenate(painting), np.concatenate(rows), np.concatenate(columns)], names=LEVELS
    )


def _positions(cube: xr.DataArray, dim: str) -> NDArray[np.int64]:
    positions = np.arange(cube.sizes[dim], dtype=np.int64)
    coordinate = cube.coords.get(dim)
    if coordinate is not None and np.issubdtype(coordinate.dtype, np.integer):
        written = coordinate.to_numpy().astype(np.int64)
        # Integers with gaps are millimeters, or every other row: as rows they would leave holes.
        if np.array_equal(written, positions + written[0]):
            return np.asarray(written, dtype=np.int64)
    return positions


def _flattened(cube: xr.DataArray) -> Any:
    data = cube.data
    return data.reshape(-1, data.shape[-1])


def _with_live_time(samples: xr.DataArray, cubes: Mapping[str, xr.DataArray]) -> xr.DataArray:
    if not all("live_time" in cube.coords for cube in cubes.values()):
        return samples
    times = [cube["live_time"].transpose("y", "x").data.reshape(-1) for cube in cubes.values()]
    return samples.assign_coords(live_time=("sample", np.concatenate(times)))


def _has_pixels(table: object) -> bool:
    index = table.indexes.get("sample") if isinstance(table, xr.DataArray) else None
    if isinstance(table, pd.DataFrame | pd.Series):
        index = table.index
    return index is not None and {"y", "x"} <= set(index.names)


def _table_parts(table: object, carrier: object) -> tuple[NDArray[Any], str, NDArray[Any] | None]:
    dim = "element"
    labels: NDArray[Any] | None = None
    if isinstance(carrier, pd.DataFrame):
        labels = carrier.columns.to_numpy()
    elif isinstance(carrier, pd.Series):
        labels = np.array([carrier.name]) if carrier.name is not None else None
    elif isinstance(carrier, xr.DataArray) and carrier.ndim == 2:
        dim = str(next(d for d in carrier.dims if d != "sample"))
        coordinate = carrier.coords.get(dim)
        labels = None if coordinate is None else coordinate.to_numpy()
    if isinstance(table, pd.DataFrame) and labels is not None and set(table) == set(labels):
        table = table[labels]
    values: ArrayLike = (
        table.transpose("sample", ...).to_numpy()
        if isinstance(table, xr.DataArray)
        else np.asarray(table)
    )
    array = np.asarray(values)
    array = array.reshape(len(array), -1)
    if labels is not None and array.shape[1] != labels.size:
        raise SkxrfError(
            f"{array.shape[1]} columns of values for {labels.size} names ({_brief(labels)}): "
            "they must match."
        )
    return array, dim, labels


def _gridded(
    values: NDArray[Any], rows: NDArray[Any], columns: NDArray[Any]
) -> tuple[NDArray[Any], NDArray[np.int64], NDArray[np.int64]]:
    for what, positions in (("y", rows), ("x", columns)):
        if not np.issubdtype(positions.dtype, np.integer):
            raise SkxrfError(
                f"index level {what!r} holds {positions.dtype} values: it must hold the integer "
                "row or column (millimeters stay coordinates of the cube)."
            )
    y0, y1, x0, x1 = rows.min(), rows.max(), columns.min(), columns.max()
    shape = (int(y1 - y0 + 1), int(x1 - x0 + 1), values.shape[1])
    complete = shape[0] * shape[1] == len(values)
    floating = np.issubdtype(values.dtype, np.floating)
    dtype = values.dtype if complete or floating else np.dtype(np.float64)
    grid = np.empty(shape, dtype) if complete else np.full(shape, np.nan, dtype)
    grid[rows - y0, columns - x0] = values
    return grid, np.arange(y0, y1 + 1), np.arange(x0, x1 + 1)
