"""Self-contained HTML reports of element maps, of their spectra and of audits."""

from ._audit_report import write_audit_report
from ._map_report import write_map_report
from ._notebook import explore_maps

__all__ = ["explore_maps", "write_audit_report", "write_map_report"]
