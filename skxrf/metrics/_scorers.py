"""Scorers for ``scoring=`` of cross_validate and GridSearchCV."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from skxrf.exceptions import LineGroupError, SkxrfError
from skxrf.metrics._alignment import line_groups
from skxrf.metrics._ssim import ssim_score
from skxrf.metrics._within_sigma import within_sigma_score
from skxrf.utils._sklearn import _Scorer
from skxrf.utils.fitted import fitted_line_groups

__all__ = ["ssim_scorer", "within_sigma_scorer", "z_score_scorer"]


class _LineGroupScorer(_Scorer):
    """Scorer that pairs predictions and labels by the names of their line groups."""

    def __init__(self, score_func: Callable[..., Any]) -> None:
        super().__init__(score_func, 1, {}, response_method="predict")

    def _score(
        self, method_caller: Any, estimator: Any, X: Any, y_true: Any, **kwargs: Any
    ) -> float:
        weighted = "sample_weight" in inspect.signature(self._score_func).parameters
        if kwargs.get("sample_weight") is not None and not weighted:
            raise SkxrfError(
                f"{self._score_func.__name__} compares windows of pixels and takes no "
                "sample_weight: score with within_sigma_scorer, or leave pixels out."
            )

        def in_order_of_labels(*arguments: Any, **options: Any) -> Any:
            return _paired(method_caller(*arguments, **options), estimator, y_true)

        return float(super()._score(in_order_of_labels, estimator, X, y_true, **kwargs))


def _paired(predictions: Any, estimator: Any, y_true: Any) -> Any:
    """Columns of the predictions in the order of the labels, where both have names."""
    predicted = fitted_line_groups(estimator)
    wanted = line_groups(y_true)
    if isinstance(y_true, pd.Series) and y_true.name is not None:
        wanted = np.array([y_true.name])
    if predicted is None or wanted is None or np.shape(predictions)[1:] != (len(predicted),):
        return predictions
    names = [str(name) for name in wanted]
    if names == predicted:
        return predictions
    missing = [name for name in names if name not in predicted]
    if missing:
        raise LineGroupError(
            f"the labels hold {', '.join(missing)}, which {type(estimator).__name__} does not "
            f"predict: it predicts {', '.join(predicted)}."
        )
    return np.asarray(predictions)[:, [predicted.index(name) for name in names]]


ssim_scorer = _LineGroupScorer(ssim_score)
"""Mean structural similarity of the held-out pixels, by :func:`skxrf.metrics.ssim_score`."""

within_sigma_scorer = _LineGroupScorer(within_sigma_score)
"""Share of held-out pixels with abs(z) <= 1, by :func:`skxrf.metrics.within_sigma_score`."""

z_score_scorer = within_sigma_scorer
"""Former name of :data:`within_sigma_scorer`."""
