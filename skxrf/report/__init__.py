"""The self-contained HTML report of an experiment."""

from ._document import render_report

__all__ = ["render_report"]
