"""Labels of a network: validation and weights."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_consistent_length, column_or_1d

from skxrf.exceptions import LineGroupError, SkxrfError
from skxrf.utils._sklearn import _check_sample_weight
from skxrf.utils.fitted import validate_spectra


def checked_labels(
    estimator: Any, X: Any, y: Any, reset: bool
) -> tuple[NDArray[Any], NDArray[Any], NDArray[np.float64]]:
    """Validate spectra and labels; NaN is a label that is not known.

    `estimator`: gets ``n_features_in_``, or is asked for it. `reset`: whether this is a first fit.
    Returns `X` (n_samples, n_features): spectra in their dtype; `y` (n_samples,): labels in their
    dtype; `labels` (n_samples, n_outputs), float64: the same labels.
    """
    if y is None:
        validate_spectra(estimator, X, None)  # raises scikit-learn's own error
    as_labels = {
        "dtype": "numeric",
        "ensure_2d": False,
        "ensure_all_finite": "allow-nan",
        "estimator": estimator,
    }
    X, y = validate_spectra(
        estimator,
        X,
        y,
        reset=reset,
        validate_separately=({"dtype": "numeric", "estimator": estimator}, as_labels),
    )
    check_consistent_length(X, y)
    if y.ndim == 2 and y.shape[1] == 1:
        y = column_or_1d(y, warn=True)
    return X, y, np.asarray(y.reshape(len(y), -1), dtype=np.float64)


def checked_weights(
    X: NDArray[Any], labels: NDArray[Any], sample_weight: Any, groups: Any
) -> tuple[NDArray[Any], NDArray[Any], NDArray[np.float64] | None, NDArray[Any] | None]:
    """Validate weights and groups; spectra of weight 0 are left out.

    `sample_weight`, `groups` (n_samples,): weights and groups of the spectra. Returns those of the
    spectra with a weight.
    """
    if groups is not None:
        groups = column_or_1d(groups)
        check_consistent_length(X, groups)
    if sample_weight is None:
        return X, labels, None, groups
    weights = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
    kept = weights > 0
    if not kept.any():
        raise SkxrfError("sample_weight is 0 for all spectra: pass weights above 0 for some.")
    if kept.all():
        return X, labels, weights, groups
    return X[kept], labels[kept], weights[kept], None if groups is None else groups[kept]


def same_outputs(estimator: Any, n_outputs: int, names: list[str] | None) -> None:
    """Raise unless labels have the outputs that an estimator was fitted with."""
    what = type(estimator).__name__
    if n_outputs != estimator.n_outputs_:
        raise SkxrfError(
            f"y has {n_outputs} outputs, but {what} was fitted with "
            f"{estimator.n_outputs_}: fit a new one."
        )
    known: Any = getattr(estimator, "line_groups_", names)
    if names is not None and known != names:
        raise LineGroupError(
            f"the columns of y are {', '.join(names)}, but {what} was fitted with "
            f"{', '.join(known)}: pass the same columns in the same order."
        )
