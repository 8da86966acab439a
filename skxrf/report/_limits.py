"""Limits of the size and of the digits of a report page."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PageLimits:
    """Limits of a page."""

    other_bytes: int = 900_000
    """Reserve for style, script, tables and all else besides packed arrays [bytes]."""
    least_bytes: int = 2_000_000  # smallest size that may be asked for [bytes]
    maps_share: float = 0.5
    """Share of the packed arrays that maps may take where there are spectra as well."""
    map_digits: tuple[tuple[int, int, int], ...] = ((4, 14, 10), (3, 10, 8))
    """Decimal digits of maps, binary digits of intensities, and of what is read with fewer, from
    the most to the fewest that a page may come down to. Four decimal digits are far below any
    standard error."""
    color_percentiles: tuple[float, float] = (0.5, 99.5)
    """Percentiles that the colors span, so that single bright pixels do not darken a map."""
    spectrum_values: int = 96 * 2**20
    """Number of values above which spectra are summed while they are read. Photon noise takes at
    least a few bits of each value, so that a page of 50 MB could not contain more; and it bounds
    the memory."""
    bin_width: float = 0.045
    """Width up to which channels are joined before pixels are [keV]: a third of a silicon
    detector's resolution, which leaves the peaks as they are."""
    read_bytes: int = 64 * 2**20  # size of a block read from an array in memory [bytes]
    curve_bits: int = 9  # binary digits of the fitted curves, which are drawn, not read
    line_share: float = 0.02  # share of its group below which a line is not drawn


LIMITS = PageLimits()
