"""Lines, cross sections and the detector: what is known of an XRF spectrum before measuring it."""

from ._detector import DetectorResponse, escape_fraction
from ._families import line_families
from ._likelihood import ComponentPairs, standard_errors
from ._lines import LineGroup, known_line_groups, line_group
from ._pile_up import pile_up
from ._scatter import compton_energy, scattered_tube_lines

__all__ = [
    "ComponentPairs",
    "DetectorResponse",
    "LineGroup",
    "compton_energy",
    "escape_fraction",
    "known_line_groups",
    "line_families",
    "line_group",
    "pile_up",
    "scattered_tube_lines",
    "standard_errors",
]
