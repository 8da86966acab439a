"""The paper's experiment, end to end: cross-validated networks and classical regressors."""

from ._reproduce import reproduce
from .report._files import write_report

__all__ = ["reproduce", "write_report"]
