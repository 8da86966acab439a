"""Outputs of regressors: names of the line groups, order of the columns, score."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score

from skxrf.exceptions import LineGroupError, SkxrfError
from skxrf.utils.fitted import fitted_line_groups


class NamedOutputsMixin(RegressorMixin):
    """Regressor whose ``score`` pairs outputs and labels by the names of their line groups."""

    def score(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Coefficient of determination R2 of the predictions, averaged over the outputs.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_channels)
            Spectra.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Labels; NaN is left out. Columns with names are paired with ``line_groups_``, of which
            they may be a part.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the spectra.

        Returns
        -------
        float
            1 is perfect.

        Raises
        ------
        LineGroupError
            If y names a line group that is not predicted.
        """
        predictions = paired(np.asarray(self.predict(X)), self, y)
        labels = np.asarray(y, dtype=np.float64)
        return _mean_r2(labels, predictions, sample_weight)


def line_group_names(y: Any) -> list[str] | None:
    """Names of a table's columns, a Series, or a DataArray's elements, if they are all strings."""
    names: Any = [y.name] if isinstance(y, pd.Series) else getattr(y, "columns", None)
    if names is None and "element" in getattr(y, "coords", ()):
        names = np.atleast_1d(np.asarray(y.coords["element"])).tolist()
    if names is None or not all(isinstance(name, str) for name in names):
        return None
    return list(names)


def paired(predictions: Any, estimator: object, y: Any) -> Any:
    """Bring predictions into the order of the labels.

    `predictions` (n_samples,): predictions of `estimator`. `estimator`: what made them; its line
    groups are looked up through Pipelines and meta-estimators. `y`: labels, with or without names.
    Returns columns of the line groups of `y`, in its order; `predictions` where one has no names.
    """
    predicted, wanted = fitted_line_groups(estimator), line_group_names(y)
    if predicted is None or wanted is None or np.shape(predictions)[1:] != (len(predicted),):
        return predictions
    if wanted == predicted:
        return predictions
    missing = [name for name in wanted if name not in predicted]
    if missing:
        raise LineGroupError(
            f"the labels hold {', '.join(missing)}, which {type(estimator).__name__} does not "
            f"predict: it predicts {', '.join(predicted)}."
        )
    columns = [predicted.index(name) for name in wanted]
    chosen = np.asarray(predictions)[:, columns]
    return chosen[:, 0] if np.ndim(y) == 1 else chosen


def _mean_r2(labels: NDArray[np.float64], predictions: NDArray[Any], sample_weight: Any) -> float:
    known = ~np.isnan(labels)
    if known.all():
        return float(r2_score(labels, predictions, sample_weight=sample_weight))
    columns = (values.reshape(len(labels), -1).T for values in (labels, predictions, known))
    weights = None if sample_weight is None else np.asarray(sample_weight)
    scores = [
        r2_score(
            truth[rows],
            prediction[rows],
            sample_weight=None if weights is None else weights[rows],
        )
        for truth, prediction, rows in zip(*columns, strict=True)
        if rows.sum() > 1
    ]
    if not scores:
        raise SkxrfError("y holds no two labels of any output: there is nothing to score.")
    return float(np.mean(scores))
