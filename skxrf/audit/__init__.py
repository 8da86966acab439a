"""Audit of element maps without truth: errors, coverage, differences, needed dwell."""

from skxrf.audit._audit import BLIND_SPOTS, Audit, audit_scan
from skxrf.audit._comparison import compare_maps
from skxrf.audit._coverage import corrected_errors
from skxrf.audit._methods import CommandMethod

__all__ = [
    "BLIND_SPOTS",
    "Audit",
    "CommandMethod",
    "audit_scan",
    "compare_maps",
    "corrected_errors",
]
