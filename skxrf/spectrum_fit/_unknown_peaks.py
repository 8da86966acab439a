"""Peaks that no line group explains: reflections of crystals, and lines of no known origin."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from skxrf.physics import DetectorResponse
from skxrf.spectrum_fit._competitors import Competitor
from skxrf.spectrum_fit._least_squares import LeastSquares
from skxrf.utils.typing import Array


@dataclass(frozen=True)
class PeakRule:
    """Numbers of the fit of a peak."""

    # narrowest, widest: bounds of the width, relative to a line's
    narrowest: float = 0.9
    widest: float = 3.0
    farthest: float = 1.0  # bound of all shifts together, in widths of a line
    # step, width_step: greatest shift [widths of a line] and change of width in one step
    step: float = 0.3
    width_step: float = 0.3
    n_steps: int = 8  # steps
    size: float = 0.3
    """Spread of the area about zero, in units of its last value, which is at most the counts there
    that no line group holds: a broad peak is much like the continuum."""
    # shift, width: error of the position [widths of a line] and of the width
    shift: float = 0.1
    width: float = 0.2


@dataclass(frozen=True)
class UnknownPeak:
    """Peak of free position and width."""

    energy: float  # position [keV]
    width: float  # width relative to a line's
    area: float  # counts

    @property
    def name(self) -> str:
        """Words for a reader."""
        return f"peak at {self.energy:.2f} keV"

    @property
    def is_seen(self) -> bool:
        """True while a fit finds counts in it."""
        return self.area > 1

    def shapes(self, edges: Array, detector: DetectorResponse) -> Array:
        """Spectrum of one count, and its derivatives by energy and relative width, (n_bins, 3)."""
        at = self.energy + 0.005 * np.array([-1.0, 0.0, 1.0])
        low, here, high = detector.scaled(self.width).response(at, edges)
        narrow, wide = (
            detector.scaled(factor * self.width).response(at[1:2], edges)[0]
            for factor in (0.95, 1.05)
        )
        return np.stack([here, (high - low) / 0.01, (wide - narrow) / 0.1 / self.width]).T

    def moved(
        self, amplitudes: Array, detector: DetectorResponse, most: float = np.inf
    ) -> UnknownPeak:
        """Peak after one step of Gauss and Newton.

        `amplitudes` (3,): of its shapes in a fit. `detector`: width of a line.
        """
        area = min(float(amplitudes[0]), most)
        if area <= 0:
            return replace(self, area=1.0)
        line = float(detector.fwhm(self.energy))
        shift = np.clip(amplitudes[1] / area, -PeakRule.step * line, PeakRule.step * line)
        wider = np.clip(amplitudes[2] / area, -PeakRule.width_step, PeakRule.width_step)
        width = float(np.clip(self.width + wider, PeakRule.narrowest, PeakRule.widest))
        return UnknownPeak(self.energy + float(shift), width, area)

    def fitted(self, fit: LeastSquares, edges: Array, detector: DetectorResponse) -> UnknownPeak:
        """Peak that fits best beside all that a fit contains, not far from this one."""
        found, reach = self, PeakRule.farthest * float(detector.fwhm(self.energy))
        for _ in range(PeakRule.n_steps):
            information, right = fit.reduced(found.shapes(edges, detector))
            information[np.diag_indices(3)] *= 1 + 1e-6
            found = found.moved(np.asarray(np.linalg.solve(information, right)), detector)
            if abs(found.energy - self.energy) > reach:
                return self
        return found

    def counts_there(self, counts: Array, edges: Array, detector: DetectorResponse) -> float:
        """All counts of a spectrum within one width of the peak."""
        reach = self.width * float(detector.fwhm(self.energy))
        first, last = np.searchsorted(edges, [self.energy - reach, self.energy + reach])
        return float(counts[first:last].sum())

    def components(self, edges: Array, detector: DetectorResponse) -> Iterator[Competitor]:
        """Components of a fit: the peak, and its errors of position and width."""
        line = float(detector.fwhm(self.energy))
        sizes = (PeakRule.size, PeakRule.shift * line, PeakRule.width)
        for shape, size in zip(self.shapes(edges, detector).T, sizes, strict=True):
            yield Competitor(self.name, shape, size * max(self.area, 1.0))

    def is_at(self, energy: float, detector: DetectorResponse) -> bool:
        """Tell if another peak at an energy [keV] would be the same."""
        return abs(self.energy - energy) < self.width * float(detector.fwhm(self.energy)) / 2
