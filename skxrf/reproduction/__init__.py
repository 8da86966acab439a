"""The paper's experiment, end to end: cross-validated networks and classical regressors."""

from ._methods import METHOD_NAMES
from ._reproduce import reproduce
from ._result import DataDescription, MethodResult, ReproductionResult, Settings

__all__ = [
    "METHOD_NAMES",
    "DataDescription",
    "MethodResult",
    "ReproductionResult",
    "Settings",
    "reproduce",
]
