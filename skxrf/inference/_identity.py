"""Fingerprint of a run's inputs; a run is resumed only with the same inputs."""

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


def identity_of(
    plan: PredictionPlan, cube: xr.DataArray, params: Mapping[str, xr.DataArray]
) -> dict[str, str]:
    """Describe all inputs that determine the maps.

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
        A text for each input, by a name that error messages use; the same input gives the same
        text. Counts in memory are hashed. Lazy ones are known by some of them and by dask's name
        for all, which contains size and time of change of the files that the library's readers
        read.
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
        f"{_counts(cube)}",
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
    """Name the inputs in which two fingerprints differ.

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


def _counts(cube: xr.DataArray) -> str:
    if cube.chunks is None:
        return _digest(cube.to_numpy())
    # Pixels down and across of a lazy cube whose counts are read for its fingerprint.
    rows, columns = (
        np.unique(np.linspace(0, cube.sizes[dim] - 1, 8).astype(int)) for dim in ("y", "x")
    )
    # Row by row: a lazy cube then reads little more than these pixels.
    some = [cube.isel(y=row, x=columns).to_numpy() for row in rows]
    return f"{_digest(np.stack(some))}, {cube.data.name}"


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


def _digest(array: Any) -> str:
    digest = hashlib.sha256()
    # Row by row, as a cube in another order would be copied otherwise.
    for row in np.atleast_1d(array):
        digest.update(row.tobytes())
    return digest.hexdigest()[:16]
