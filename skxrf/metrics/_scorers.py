"""The scorers: what ``scoring=`` of cross_validate and GridSearchCV takes."""

from __future__ import annotations

from sklearn.metrics import make_scorer

from skxrf.metrics._ssim import ssim_score
from skxrf.metrics._within_sigma import within_sigma_score

__all__ = ["ssim_scorer", "z_score_scorer"]

ssim_scorer = make_scorer(ssim_score)
"""Mean structural similarity of the held-out pixels, by :func:`skxrf.metrics.ssim_score`."""

z_score_scorer = make_scorer(within_sigma_score)
"""Share of held-out pixels with abs(z) <= 1, by :func:`skxrf.metrics.within_sigma_score`."""
