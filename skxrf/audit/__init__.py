"""Audit of element maps without truth: errors, coverage, differences, needed dwell."""

from skxrf.audit._audit import Audit, audit_scan
from skxrf.audit._comparison import compare_maps
from skxrf.audit._coverage import corrected_errors
from skxrf.audit._map_error import MapErrors
from skxrf.audit._methods import CommandMethod

__all__ = [
    "Audit",
    "CommandMethod",
    "MapErrors",
    "audit_scan",
    "compare_maps",
    "corrected_errors",
]
