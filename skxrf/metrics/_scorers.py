"""Scorers for ``scoring=`` of cross_validate and GridSearchCV."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from skxrf.exceptions import SkxrfError
from skxrf.metrics._ssim import ssim_score
from skxrf.metrics._within_sigma import within_sigma_score
from skxrf.utils._sklearn import _Scorer
from skxrf.utils.outputs import paired


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
            return paired(method_caller(*arguments, **options), estimator, y_true)

        return float(super()._score(in_order_of_labels, estimator, X, y_true, **kwargs))


ssim_scorer = _LineGroupScorer(ssim_score)
"""Mean structural similarity of the held-out pixels, by :func:`skxrf.metrics.ssim_score`."""

within_sigma_scorer = _LineGroupScorer(within_sigma_score)
"""Share of held-out pixels with abs(z) <= 1, by :func:`skxrf.metrics.within_sigma_score`."""

z_score_scorer = within_sigma_scorer
"""Former name of :data:`within_sigma_scorer`."""
