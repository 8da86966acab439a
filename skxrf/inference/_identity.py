"""What maps are made of: so that a run goes on only with what it was begun with."""

from __future__ import annotations

import datetime
import hashlib
import pickle
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import xarray as xr

from skxrf import __version__
from skxrf.inference._blocks import PredictionPlan

__all__ = ["differences", "identity_of"]

# Pixels down and across whose counts are compared: a cube of which they are equal, and the
# file's size and time, is the same.
_COMPARED = 8


def identity_of(
    plan: PredictionPlan, cube: xr.DataArray, params: Mapping[str, xr.DataArray]
) -> dict[str, str]:
    """Describe what determines the maps, each by a text that only the same thing gives.

    Parameters
    ----------
    plan : PredictionPlan
        The model, the line groups, the options.
    cube : DataArray of dims (y, x, energy)
        The cube.
    params : mapping of str to DataArray
        Values per pixel that go to the model.

    Returns
    -------
    dict of str to str
        By what a person would call it.
    """
    n_y, n_x, n_channels = cube.shape
    energy = cube["energy"].to_numpy() if "energy" in cube.coords else np.arange(0.0)
    options = {
        "standard errors": plan.return_std,
        "batch size": plan.batch_size,
        "dtype": str(plan.dtype),
        "settings of scikit-learn": sorted(plan.config.items()),
    }
    return {
        "cube": f"{n_y} x {n_x} pixels, {n_channels} channels, {cube.dtype}, counts "
        f"{_digest(*_some_counts(cube))}",
        "cube's file": _file_state(cube.attrs.get("source")),
        "energy axis": _digest(energy),
        "model": f"{type(plan.estimator).__name__} {_model_digest(plan.estimator)}",
        "line groups": ", ".join(plan.line_groups),
        "options": ", ".join(f"{name}: {value}" for name, value in options.items()),
        "values per pixel": ", ".join(
            f"{name} {_digest(values.to_numpy())}" for name, values in params.items()
        ),
        "version of skxrf": __version__,
    }


def differences(old: Mapping[str, Any], new: Mapping[str, str]) -> list[str]:
    """Say in which respects two identities differ.

    Parameters
    ----------
    old, new : mapping of str to str
        Identities of the earlier run and of this one.

    Returns
    -------
    list of str
        One part of a sentence each; empty if they are equal.
    """
    found = []
    for name in {**old, **new}:
        was, is_now = str(old.get(name, "unknown")), str(new.get(name, "unknown"))
        if was != is_now:
            found.append(f"the {name} ({was} then, {is_now} now)")
    return found


def _some_counts(cube: xr.DataArray) -> list[Any]:
    rows, columns = (
        np.unique(np.linspace(0, cube.sizes[dim] - 1, _COMPARED).astype(int)) for dim in ("y", "x")
    )
    # Row by row: a lazy cube then reads little more than these pixels.
    return [cube.isel(y=row, x=columns).to_numpy() for row in rows]


def _file_state(source: object) -> str:
    path = None if source is None else Path(str(source))
    if path is None or not path.is_file():
        return "none"
    state = path.stat()
    changed = datetime.datetime.fromtimestamp(state.st_mtime_ns / 1e9, datetime.UTC)
    return f"{path.name}, {state.st_size} bytes, changed {changed.isoformat()}"


def _model_digest(estimator: Any) -> str:
    try:
        return str(joblib.hash(estimator, hash_name="sha1"))[:16]
    except (TypeError, ValueError, AttributeError, RecursionError, pickle.PicklingError):
        # An object that cannot be pickled is like no other one: there is nothing to go on with.
        return uuid.uuid4().hex[:16]


def _digest(*arrays: Any) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:16]
