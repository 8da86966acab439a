"""Metrics of predicted element maps against reference maps, and their scorers."""

from skxrf.metrics._deviance import poisson_deviance_scorer
from skxrf.metrics._score_table import score_table
from skxrf.metrics._scorers import ssim_scorer, within_sigma_scorer, z_score_scorer
from skxrf.metrics._ssim import ssim_score
from skxrf.metrics._within_sigma import within_sigma_score
from skxrf.metrics._z_score import z_score

__all__ = [
    "poisson_deviance_scorer",
    "score_table",
    "ssim_score",
    "ssim_scorer",
    "within_sigma_score",
    "within_sigma_scorer",
    "z_score",
    "z_score_scorer",
]
