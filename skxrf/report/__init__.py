"""Self-contained HTML reports: of element maps and their spectra, and of the paper's experiment."""

from ._document import render_report
from ._files import maps_dataset, output_folder, write_report
from ._map_report import write_map_report

__all__ = [
    "maps_dataset",
    "output_folder",
    "render_report",
    "write_map_report",
    "write_report",
]
