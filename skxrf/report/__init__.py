"""Self-contained HTML reports of element maps, of their spectra and of audits."""

from ._audit_report import write_audit_report
from ._map_report import write_map_report

__all__ = ["write_audit_report", "write_map_report"]
