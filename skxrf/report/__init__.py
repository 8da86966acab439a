"""Self-contained HTML reports of element maps and their spectra."""

from ._map_report import write_map_report

__all__ = ["write_map_report"]
