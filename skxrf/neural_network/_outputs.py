"""Labels of a network: validation, names of the line groups, weights, score."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import r2_score
from sklearn.utils import check_consistent_length, column_or_1d
from sklearn.utils.validation import validate_data

from skxrf.exceptions import LineGroupError, SkxrfError
from skxrf.utils._sklearn import _check_sample_weight

__all__ = ["checked_labels", "checked_weights", "line_group_names", "mean_r2", "same_outputs"]


def line_group_names(y: Any) -> list[str] | None:
    """Names of a table's columns, or of a DataArray's elements, if they are all strings."""
    names: Any = getattr(y, "columns", None)
    if names is None and "element" in getattr(y, "coords", ()):
        names = np.atleast_1d(np.asarray(y.coords["element"])).tolist()
    if names is None or not all(isinstance(name, str) for name in names):
        return None
    return list(names)


def checked_labels(
    estimator: Any, X: Any, y: Any, reset: bool
) -> tuple[NDArray[Any], NDArray[Any], NDArray[np.float64]]:
    """Validate spectra and labels; NaN is a label that is not known.

    Parameters
    ----------
    estimator : estimator
        Gets ``n_features_in_``, or is asked for it.
    X, y : array-like
        Spectra and labels.
    reset : bool
        Whether this is a first fit.

    Returns
    -------
    X : ndarray of shape (n_samples, n_features)
        Spectra in their dtype.
    y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        Labels in their dtype.
    labels : ndarray of shape (n_samples, n_outputs), float64
        The same labels.
    """
    if y is None:
        validate_data(estimator, X, None)  # raises scikit-learn's own error
    as_labels = {
        "dtype": "numeric",
        "ensure_2d": False,
        "ensure_all_finite": "allow-nan",
        "estimator": estimator,
    }
    X, y = validate_data(
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

    Parameters
    ----------
    X, labels : ndarray
        Spectra and labels.
    sample_weight, groups : array-like of shape (n_samples,) or None
        Weights and groups of the spectra.

    Returns
    -------
    X, labels, sample_weight, groups
        Those of the spectra with a weight.
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


def mean_r2(
    y: Any, predictions: NDArray[Any], line_groups: list[str] | None, sample_weight: Any
) -> float:
    """Mean over the outputs of R2, over the labels that are there.

    Parameters
    ----------
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Labels.
    predictions : ndarray of the same shape
        Predictions, in the order of `line_groups`.
    line_groups : list of str or None
        Names of the outputs; the columns of y are paired with them where they have names.
    sample_weight : array-like of shape (n_samples,) or None
        Weights of the samples.

    Returns
    -------
    float
    """
    names = line_group_names(y)
    labels = np.asarray(y, dtype=np.float64).reshape(len(predictions), -1)
    predictions = predictions.reshape(len(predictions), -1)
    if names is not None and line_groups is not None:
        if set(names) != set(line_groups):
            raise LineGroupError(
                f"the columns of y are {', '.join(names)}, but the model predicts "
                f"{', '.join(line_groups)}: pass labels of the same line groups."
            )
        predictions = predictions[:, [line_groups.index(name) for name in names]]
    known = ~np.isnan(labels)
    if known.all():
        return float(r2_score(labels, predictions, sample_weight=sample_weight))
    weights = None if sample_weight is None else np.asarray(sample_weight)
    scores = [
        r2_score(
            labels[rows, j],
            predictions[rows, j],
            sample_weight=None if weights is None else weights[rows],
        )
        for j, rows in enumerate(known.T)
        if rows.sum() > 1
    ]
    if not scores:
        raise SkxrfError("y holds no two labels of any output: there is nothing to score.")
    return float(np.mean(scores))
