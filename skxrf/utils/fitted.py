"""Spectra that estimators are given, and attributes of fitted ones, through Pipelines as well."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import validate_data

from skxrf.exceptions import SkxrfError

# Where scikit-learn's meta-estimators and ours keep the fitted estimators that see X.
_INNER_ATTRIBUTES = ("best_estimator_", "regressor_", "estimator_", "estimators_")


def inner_estimators(estimator: object) -> Iterator[object]:
    """Walk a fitted estimator and what it contains, in the order in which spectra pass through.

    `estimator`: a fitted estimator: a Pipeline, a search, a meta-estimator, a plain regressor.
    Yields the estimator itself, then each fitted estimator in it, steps of a Pipeline in their
    order.
    """
    seen: set[int] = set()
    waiting = [estimator]
    while waiting:
        current = waiting.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        waiting.extend(reversed(_children(current)))


def fitted_channels(estimator: object) -> int | None:
    """Count the channels that a fitted estimator was fitted to; None where unknown."""
    for inner in inner_estimators(estimator):
        n_channels = getattr(inner, "n_features_in_", None)
        if n_channels is not None:
            return int(n_channels)
    return None


def fitted_energy(estimator: object) -> NDArray[np.float64] | None:
    """Find the energy axis of the first step that has one.

    Returns (n,): the first ``energy_`` on the way of the spectra [keV]. It is the axis of the cube
    where its length is the estimator's number of channels, else that of a step further on. None as
    well where a step takes bare channels to an axis (``output_energy_`` alone): the axes after it
    are not those of the cube.
    """
    for inner in inner_estimators(estimator):
        energy = getattr(inner, "energy_", None)
        if energy is not None:
            return np.asarray(energy, dtype=np.float64)
        if getattr(inner, "output_energy_", None) is not None:
            return None
    return None


def fitted_line_groups(estimator: object) -> list[str] | None:
    """Find the names of an estimator's outputs: ``line_groups_`` of what makes its predictions."""
    seen: set[int] = set()
    current: object | None = estimator
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        groups = getattr(current, "line_groups_", None)
        if groups is not None:
            return [str(group) for group in groups]
        current = final_estimator(current)
    return None


def final_estimator(estimator: object) -> object | None:
    """Return the estimator in a Pipeline or meta-estimator that makes its predictions, if any."""
    steps = _steps(estimator)
    if steps:
        return steps[-1]
    # Not the lists of estimators: each of those may make one output of several.
    for name in _INNER_ATTRIBUTES[:-1]:
        found = getattr(estimator, name, None)
        if found is not None and hasattr(found, "predict"):
            return cast(object, found)
    return None


def _children(estimator: Any) -> list[object]:
    steps = _steps(estimator)
    if steps:
        return steps
    children: list[object] = []
    for name in _INNER_ATTRIBUTES:
        found = getattr(estimator, name, None)
        if isinstance(found, list | tuple):
            children.extend(found)
        elif found is not None and not isinstance(found, str | np.ndarray):
            children.append(found)
    return children


def _steps(estimator: Any) -> list[object]:
    steps = getattr(estimator, "steps", None)
    if not isinstance(steps, list | tuple):
        return []
    return [
        step[1]
        for step in steps
        if isinstance(step, tuple) and len(step) == 2 and step[1] not in (None, "passthrough")
    ]


def validate_spectra(
    estimator: Any, X: Any = "no_validation", y: Any = "no_validation", **options: Any
) -> Any:
    """Validate spectra, and targets, as ``sklearn.utils.validation.validate_data`` does.

    A cube, or maps, instead of them are refused by naming what takes them.
    """
    for name, array in (("X", X), ("y", y)):
        shape = getattr(array, "shape", ())
        if len(shape) == 3:
            expected = (
                "spectra (n_samples, n_channels)" if name == "X" else "(n_samples, n_outputs)"
            )
            raise SkxrfError(
                f"{name} has shape {tuple(shape)}: expected {expected}. "
                "skxrf.samples.to_samples makes them of a cube and of maps; "
                "skxrf.inference.bind(model, cube) and predict_maps(model, cube) take the cube."
            )
    return validate_data(estimator, X, y, **options)
