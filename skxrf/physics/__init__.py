"""Lines, cross sections and the detector: what is known of an XRF spectrum before measuring it."""

from ._lines import LineGroup, known_line_groups, line_group

__all__ = ["LineGroup", "known_line_groups", "line_group"]
