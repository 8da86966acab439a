"""Whole element maps from a cube and a fitted estimator: eager or lazy, in blocks."""

from __future__ import annotations

import itertools
import json
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skxrf import __version__
from skxrf.exceptions import SkxrfError
from skxrf.inference._binding import bind_with_drift
from skxrf.inference._blocks import PredictionPlan, make_plan, predict_block, predict_chunk
from skxrf.utils.progress import ProgressReport
from skxrf.utils.validation import as_cube, name_of


def predict_maps(
    estimator: Any,
    cube: xr.DataArray,
    *,
    elements: Sequence[str] | None = None,
    return_std: bool = False,
    batch_size: int | Literal["auto"] = "auto",
    progress: bool = False,
    predict_params: Mapping[str, xr.DataArray] | None = None,
) -> xr.DataArray | xr.Dataset:
    """Predict the element maps of a cube with a fitted estimator.

    The cube is worked through in blocks, so that memory is bounded by a block and not by the
    cube. A lazy (dask) cube gives lazy maps, computed by whatever scheduler is in use when
    they are asked for: threads, or a cluster of ``dask.distributed``.

    Parameters
    ----------
    estimator : object with a method ``predict``
        Fitted on spectra of shape (n_pixels, n_channels): a regressor, a Pipeline, a search or
        another meta-estimator; or one that binds itself to the cube
        (:class:`skxrf.inference.protocol.BindsToPainting`), such as that of
        :func:`skxrf.pretrained.load_pretrained`. Its energy axis (``energy_``) and the names of its
        outputs (``line_groups_``) are looked up through all of these.
    cube : DataArray of dims (y, x, energy)
        Counts >= 0, in any order of the dims. Integers are converted to float32, block by block.
    elements : sequence of str, optional
        For an estimator without names of line groups, the names of all its outputs, in
        their order. For one that does, those wanted.
    return_std : bool
        Whether to ask the estimator for standard errors as well; its ``predict`` must take
        ``return_std``.
    batch_size : int or "auto"
        Largest number of spectra passed to ``predict`` at once. "auto" takes about 32 MiB of
        them.
    progress : bool
        Whether to show the progress on standard error: a bar on a terminal, lines elsewhere.
        A lazy cube is then computed here, block by block, and the maps are in memory.
    predict_params : mapping of str to DataArray of dims (y, x), optional
        Values per pixel that ``predict`` takes by keyword, such as
        ``{"live_time": cube["live_time"]}``; each batch gets those of its own pixels.

    Returns
    -------
    DataArray of dims (y, x, element), or Dataset
        ``intensity`` [counts], float32 (float64 for a float64 cube), with the coordinates of
        the cube other than ``energy``. With `return_std` a Dataset of ``intensity`` and
        ``uncertainty``, the standard error [counts].

    Raises
    ------
    EnergyAxisError
        If the estimator and the cube have different numbers of channels or energy axes, and
        the cube does not cover the range of the estimator's. If it does, the counts are
        redistributed over the bins of the estimator's axis, as
        :func:`skxrf.preprocessing.rebin_counts` does.
    CountsError
        If the cube is empty, or contains counts that are negative, NaN or infinite. For a lazy
        cube the counts are looked at when they are computed.
    LineGroupError
        If there are no names for the outputs, or not as many as outputs.
    SkxrfError
        If the cube has other dims, or the estimator cannot do what is asked.

    Warns
    -----
    UserWarning
        If the cube lacks some channels at the ends of the estimator's axis (up to 1 % of its
        range), which then contain no counts.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> from sklearn.linear_model import Ridge
    >>> from skxrf.inference import predict_maps
    >>> counts = np.random.default_rng(0).poisson(5, (4, 6, 32))
    >>> cube = xr.DataArray(counts, dims=("y", "x", "energy"),
    ...                     coords={"energy": 0.1 + 0.2 * np.arange(32)}, name="counts")
    >>> X = counts.reshape(-1, 32)
    >>> model = Ridge().fit(X, X[:, [3, 9]])
    >>> maps = predict_maps(model, cube, elements=["S_K", "Ca_K"])
    >>> maps.sizes["element"], maps.dtype
    (2, dtype('float32'))
    """
    cube = checked_cube(cube)
    bound, drift = bind_with_drift(estimator, cube)
    plan = make_plan(bound, cube, elements, return_std, batch_size, drift)
    params = checked_params(predict_params, cube)
    if cube.chunks is None:
        values = _predict_eagerly(plan, cube, params, progress)
    else:
        values = predict_lazily(plan, cube, params)
        if progress:
            values = _computed(values)
    return as_maps(values, plan, cube)


def checked_cube(cube: Any) -> xr.DataArray:
    cube = as_cube(cube)
    return _with_whole_spectra(cube) if cube.chunks is not None else cube


def _with_whole_spectra(cube: xr.DataArray) -> xr.DataArray:
    """Merge the chunks of a lazy cube along energy, if what results is of moderate size."""
    rows, columns, channels = cube.data.chunks
    if len(channels) == 1:
        return cube
    merged = max(rows) * max(columns) * cube.sizes["energy"] * cube.dtype.itemsize
    # Chunks split along energy are merged up to this size; beyond it the choice is the user's.
    if merged > 512 * 2**20:
        raise SkxrfError(
            f"{name_of(cube)} is chunked along energy ({len(channels)} chunks), and whole spectra of its "
            f"blocks of {max(rows)} x {max(columns)} pixels would take {merged / 2**30:.1f} GiB "
            'each: rechunk it first, such as cube.chunk({"y": 64, "x": 64, "energy": -1}).'
        )
    return cube.chunk({"energy": -1})


def checked_params(
    params: Mapping[str, object] | None, cube: xr.DataArray
) -> dict[str, xr.DataArray]:
    checked = {}
    for name, values in (params or {}).items():
        pixels = {dim: cube.sizes[dim] for dim in ("y", "x")}
        if not isinstance(values, xr.DataArray) or dict(values.sizes) != pixels:
            found = (
                dict(values.sizes) if isinstance(values, xr.DataArray) else type(values).__name__
            )
            raise SkxrfError(
                f"predict_params[{name!r}] must be a DataArray of the cube's pixels {pixels}, "
                f"got {found}."
            )
        checked[name] = values.transpose("y", "x")
    return checked


def _predict_eagerly(
    plan: PredictionPlan, cube: xr.DataArray, params: Mapping[str, xr.DataArray], progress: bool
) -> NDArray[Any]:
    n_y, n_x, _ = cube.shape
    out = np.empty((n_y, n_x, len(plan.line_groups), 1 + plan.return_std), plan.dtype)
    with ProgressReport(n_y * n_x, "predicting maps", enabled=progress) as report:
        for rows, columns in _rectangles(n_y, n_x, plan.batch_size):
            # Selected before it is converted: an array that is opened but not read stays unread.
            pixels = {"y": rows, "x": columns}
            block = cube.isel(pixels).to_numpy()
            values = [param.isel(pixels).to_numpy() for param in params.values()]
            origin = (rows.start, columns.start)
            out[rows, columns] = predict_block(
                block, *values, plan=plan, names=tuple(params), origin=origin
            )
            report.advance(block.shape[0] * block.shape[1])
    return out


def block_sizes(n_y: int, n_x: int, n_pixels: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Heights and widths of blocks of at most `n_pixels`, of whole rows where possible."""
    height, width = max(1, n_pixels // n_x), min(n_x, n_pixels)
    heights = tuple(min(height, n_y - y) for y in range(0, n_y, height))
    return heights, tuple(min(width, n_x - x) for x in range(0, n_x, width))


def _rectangles(n_y: int, n_x: int, n_pixels: int) -> Iterator[tuple[slice, slice]]:
    """Blocks as slices, in the order of `block_sizes`."""
    heights, widths = block_sizes(n_y, n_x, n_pixels)
    for end_y, height in zip(itertools.accumulate(heights), heights, strict=True):
        for end_x, width in zip(itertools.accumulate(widths), widths, strict=True):
            yield slice(end_y - height, end_y), slice(end_x - width, end_x)


def predict_lazily(
    plan: PredictionPlan, cube: xr.DataArray, params: Mapping[str, xr.DataArray]
) -> Any:
    from dask.delayed import delayed

    data = cube.data
    # Not cube.chunksizes: a lazy coordinate may have chunks of its own.
    chunks = {"y": data.chunks[0], "x": data.chunks[1]}
    # A third axis of length 1 lines the values up with the blocks of the cube.
    values = [param.chunk(chunks).data[:, :, None] for param in params.values()]
    n_values = 1 + plan.return_std
    return data.map_blocks(
        predict_chunk,
        *values,
        # Delayed, so that the graph contains the model once, not in every task.
        plan=delayed(plan, traverse=False),
        names=tuple(params),
        chunks=(data.chunks[0], data.chunks[1], (len(plan.line_groups),), (n_values,)),
        new_axis=[3],
        dtype=plan.dtype,
        meta=np.empty((0, 0, 0, 0), plan.dtype),
        name=None,
    )


def _computed(values: Any) -> NDArray[Any]:
    """Compute lazy values with progress shown, on any scheduler: some blocks at a time."""
    from dask.base import compute

    out = np.empty(values.shape, values.dtype)
    blocks = values.to_delayed().reshape(values.numblocks[:2])
    edges = [np.concatenate([[0], np.cumsum(sizes)]) for sizes in values.chunks[:2]]
    places = list(np.ndindex(*blocks.shape))
    # Enough at once for all workers, few enough that the bar moves.
    at_once = max(2 * (os.cpu_count() or 1), math.ceil(len(places) / 50))
    with ProgressReport(out.shape[0] * out.shape[1], "predicting maps") as report:
        for start in range(0, len(places), at_once):
            chosen = places[start : start + at_once]
            results = compute(*(blocks[place] for place in chosen))  # type: ignore[no-untyped-call]
            for (i, j), result in zip(chosen, results, strict=True):
                out[edges[0][i] : edges[0][i + 1], edges[1][j] : edges[1][j + 1]] = result
                report.advance(result.shape[0] * result.shape[1])
    return out


def as_maps(values: Any, plan: PredictionPlan, cube: xr.DataArray) -> xr.DataArray | xr.Dataset:
    coords = {name: c for name, c in cube.coords.items() if "energy" not in c.dims}
    coords["element"] = xr.Variable("element", list(plan.line_groups))
    attrs = {"units": "counts", "model": " ".join(repr(plan.estimator).split())}
    attrs |= {name: cube.attrs[name] for name in ("painting", "source") if name in cube.attrs}
    if evidence := getattr(plan.estimator, "evidence_", None):
        attrs["evidence"] = json.dumps(evidence)
    step = f"skxrf {__version__}: maps predicted by {type(plan.estimator).__name__}"
    steps = [*filter(None, [cube.attrs.get("history")]), step]
    if plan.drift is not None:
        attrs["axis_drift"] = plan.drift.describe()
        steps.append(f"drift of the energy axis corrected: {plan.drift}")
    attrs["history"] = "\n".join(steps)
    intensity, *uncertainty = (
        xr.DataArray(values[..., k], dims=("y", "x", "element"), coords=coords, attrs=attrs)
        for k in range(values.shape[-1])
    )
    if not uncertainty:
        return intensity.rename("intensity")
    uncertainty[0].attrs = {"units": "counts", "description": "standard error of the intensity"}
    maps = xr.Dataset({"intensity": intensity, "uncertainty": uncertainty[0]})
    return maps.assign_attrs({k: v for k, v in attrs.items() if k != "units"})
