"""The self-contained HTML report of an experiment, and the files beside it."""

from ._document import render_report
from ._evaluation import write_evaluation
from ._files import maps_dataset, output_folder, write_report

__all__ = [
    "maps_dataset",
    "output_folder",
    "render_report",
    "write_evaluation",
    "write_report",
]
