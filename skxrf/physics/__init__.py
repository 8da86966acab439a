"""Lines, cross sections and the detector: the physics known before a spectrum is measured."""

from ._detector import DetectorResponse
from ._lines import LineGroup, known_line_groups, line_group

__all__ = ["DetectorResponse", "LineGroup", "known_line_groups", "line_group"]
