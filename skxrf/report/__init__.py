"""Self-contained HTML reports of element maps and their spectra."""

from ._map_report import write_map_report
from ._notebook import explore_maps

__all__ = ["explore_maps", "write_map_report"]
