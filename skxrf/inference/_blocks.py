"""Prediction of one block of a cube, in whatever thread or process."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from sklearn import config_context, get_config
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from skxrf.exceptions import Argument, LineGroupError, SkxrfError
from skxrf.inference._binding import axes_to_rebin
from skxrf.preprocessing import rebin_counts
from skxrf.preprocessing._axis_drift import AxisDrift
from skxrf.utils.fitted import final_estimator, fitted_line_groups
from skxrf.utils.line_group_names import find_line_groups, names_instead
from skxrf.utils.threads import single_threaded_blas
from skxrf.utils.validation import name_of, require_counts

__all__ = ["PredictionPlan", "make_plan", "predict_block", "predict_chunk"]


@dataclass(frozen=True)
class PredictionPlan:
    """Inputs of the prediction of a block; picklable, for worker processes."""

    estimator: Any
    line_groups: tuple[str, ...]
    columns: tuple[int, ...] | None
    n_outputs: int
    batch_size: int
    dtype: np.dtype[Any]
    return_std: bool
    axes: tuple[NDArray[np.float64], NDArray[np.float64]] | None
    drift: AxisDrift | None
    config: dict[str, Any]
    cube_name: str


def make_plan(
    estimator: Any,
    cube: xr.DataArray,
    elements: Sequence[str] | None,
    return_std: bool,
    batch_size: object,
    drift: AxisDrift | None = None,
) -> PredictionPlan:
    """Look up all that the blocks need, and refuse here what cannot work in any of them."""
    name = type(estimator).__name__
    if isinstance(estimator, type) or not callable(getattr(estimator, "predict", None)):
        raise SkxrfError(f"{name} has no predict method: pass a fitted regressor.")
    if isinstance(estimator, BaseEstimator):
        check_is_fitted(estimator)
    if return_std:
        estimator = _with_std(estimator)
    if batch_size == "auto":
        # "auto" batches contain this much as float32: large enough to keep two cores busy, small
        # enough that a network's activations, often several times its input, fit beside it.
        batch_size = max(1, 32 * 2**20 // (4 * cube.sizes["energy"]))
    if not isinstance(batch_size, Integral) or batch_size < 1:
        raise SkxrfError(f'batch_size must be a number >= 1 or "auto", got {batch_size!r}.')
    groups, columns, n_outputs = _outputs(estimator, elements)
    axes = axes_to_rebin(estimator, cube)
    return PredictionPlan(
        estimator=estimator,
        line_groups=groups,
        columns=columns,
        n_outputs=n_outputs,
        batch_size=int(batch_size),
        dtype=np.dtype(np.float64 if cube.dtype == np.float64 else np.float32),
        return_std=return_std,
        axes=axes,
        drift=drift if drift is None or axes is None else drift.onto(axes[1]),
        # scikit-learn's settings are each thread's own: a block may be predicted in another.
        config=get_config(),
        cube_name=name_of(cube),
    )


def _with_std(estimator: Any) -> Any:
    """Return the estimator to ask for standard errors, or raise if it cannot give them."""
    # A search predicts with its best estimator, but does not pass keywords on to it.
    estimator = getattr(estimator, "best_estimator_", estimator)
    asked = estimator
    while True:
        parameters = inspect.signature(asked.predict).parameters
        if "return_std" in parameters:
            return estimator
        passes_on = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
        inner = final_estimator(asked)
        if passes_on and inner is not None:
            asked = inner
        elif passes_on:
            return estimator
        else:
            break
    raise SkxrfError(
        f"{type(asked).__name__}.predict takes no return_std: it gives no standard errors. Use an "
        "estimator that does, such as skxrf.linear_model.TemplateFitRegressor, or "
        "return_std=False."
    )


def _outputs(
    estimator: Any, elements: Sequence[str] | None
) -> tuple[tuple[str, ...], tuple[int, ...] | None, int]:
    """Names of the maps, the columns of the prediction they are (None: all), how many it has."""
    known = fitted_line_groups(estimator)
    if isinstance(elements, str):
        elements = [elements]
    if elements is None:
        if known is None:
            raise LineGroupError(
                f"{type(estimator).__name__} has no names of the line groups that it predicts: "
                "name its outputs in their order, such as ",
                Argument("elements", ["Ca_K", "Fe_K"]),
                ".",
            )
        return tuple(known), None, len(known)
    if known is not None:
        elements = find_line_groups(elements, known)
    wanted = tuple(str(element) for element in elements)
    if not wanted or len(set(wanted)) < len(wanted):
        raise LineGroupError(f"elements must be distinct line groups, got {list(wanted)}.")
    if known is None:
        return wanted, None, len(wanted)
    missing = [group for group in wanted if group not in known]
    if missing:
        raise LineGroupError(
            f"the model does not predict {', '.join(missing)}: its line groups are "
            f"{', '.join(known)}.{names_instead(missing, known)}"
        )
    return wanted, tuple(known.index(group) for group in wanted), len(known)


def predict_block(
    block: NDArray[Any],
    *params: NDArray[Any],
    plan: PredictionPlan,
    names: tuple[str, ...] = (),
    origin: tuple[int, int] = (0, 0),
) -> NDArray[Any]:
    """Predict the pixels of one block: (y, x, channel) to (y, x, element, value or error)."""
    places = [range(at, at + n) for at, n in zip(origin, block.shape[:2], strict=True)]
    require_counts(
        block,
        plan.cube_name,
        [*places, range(block.shape[2])],
        advice="Predict from the counts as measured, before any background is subtracted.",
    )
    n_rows, n_columns, n_channels = block.shape
    spectra = block.reshape(-1, n_channels)
    per_pixel = {name: np.asarray(p).reshape(-1) for name, p in zip(names, params, strict=True)}
    out = np.empty((len(spectra), len(plan.line_groups), 1 + plan.return_std), plan.dtype)
    for start in range(0, len(spectra), plan.batch_size):
        rows = slice(start, start + plan.batch_size)
        keywords: dict[str, Any] = {name: values[rows] for name, values in per_pixel.items()}
        if plan.return_std:
            keywords["return_std"] = True
        batch = np.ascontiguousarray(spectra[rows], dtype=plan.dtype)
        if plan.drift is not None:
            places = np.arange(start, start + len(batch)) // n_columns
            batch = plan.drift.straighten(batch, origin[0] + places)
        elif plan.axes is not None:
            batch = rebin_counts(batch, *plan.axes)
        with config_context(**plan.config):
            predicted = plan.estimator.predict(batch, **keywords)
        parts = predicted if plan.return_std else (predicted,)
        if len(parts) != 1 + plan.return_std:
            raise SkxrfError(
                f"{type(plan.estimator).__name__}.predict(return_std=True) must return the pair "
                f"(intensities, standard errors), got {len(parts)} parts."
            )
        for k, part in enumerate(parts):
            out[rows, :, k] = _table(part, len(batch), plan)
    # A dead pixel, or one that was not measured: its intensities are unknown, not zero.
    out[spectra.max(axis=1, initial=0) == 0] = np.nan
    return out.reshape(n_rows, n_columns, *out.shape[1:])


def predict_chunk(
    chunk: NDArray[Any],
    *params: NDArray[Any],
    plan: PredictionPlan,
    names: tuple[str, ...],
    block_info: Any = None,
) -> NDArray[Any]:
    """Predict one chunk of a lazy cube: the same bits, whichever process or thread does it."""
    (first_row, _), (first_column, _) = block_info[0]["array-location"][:2]
    with single_threaded_blas():
        return predict_block(
            chunk, *params, plan=plan, names=names, origin=(first_row, first_column)
        )


def _table(predicted: Any, n_rows: int, plan: PredictionPlan) -> NDArray[Any]:
    table = np.asarray(predicted)
    table = table.reshape(len(table), -1) if table.ndim else table
    if table.shape != (n_rows, plan.n_outputs):
        raise LineGroupError(
            f"the model predicts an array of shape {table.shape} for {n_rows} spectra, but there "
            f"are {plan.n_outputs} names of line groups: name all its outputs with ",
            Argument("elements"),
            ".",
        )
    return table if plan.columns is None else table[:, list(plan.columns)]
