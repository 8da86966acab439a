"""Prior knowledge of a sum spectrum: the one table of fitted numbers and of fitting stages."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from skxrf.physics import DetectorResponse
from skxrf.physics._line_table import COARSE, EXACT, Detail
from skxrf.utils.typing import Array

# Energies [keV] whose shifts are searched; errors of gain and zero are mixtures of the two.
ANCHORS = (2.0, 15.0)


@dataclass(frozen=True)
class AxisCorrection:
    """True energy of a nominal one: ``offset + gain E + curvature (u**2 - 1/3)``."""

    offset: float = 0.0  # shift [keV]
    gain: float = 1.0  # factor
    curvature: float = 0.0
    """Departure from a straight line [keV]; ``u`` runs from -1 to 1 over the range, and the axis is
    straight beyond -2 and 2."""
    energy_range: tuple[float, float] = (0.0, 1.0)  # range [keV] that `curvature` refers to

    @classmethod
    def at_anchors(cls, low: float, high: float, curvature: float = 0.0) -> AxisCorrection:
        """Correction by the shifts of two energies.

        `low`, `high`: shifts [keV] at the energies `ANCHORS`. `curvature`: further shift [keV]
        midway between them.
        """
        first, second = ANCHORS
        slope = (high - low) / (second - first)
        offset = low - slope * first + 2 / 3 * curvature
        return cls(offset, 1 + slope, -curvature, ANCHORS)

    def __call__(self, energy: Array) -> Array:
        """Corrected energies [keV] of nominal ones."""
        low, high = self.energy_range
        u = (2 * energy - low - high) / (high - low)
        # Beyond twice the half-width of the range there are hardly any lines: straight.
        inner = np.clip(u, -2.0, 2.0)
        bend = inner**2 + 2 * inner * (u - inner)
        return np.asarray(self.offset + self.gain * energy + self.curvature * (bend - 1 / 3))


@dataclass(frozen=True)
class Parameter:
    """Fitted number of axis or detector."""

    start: float  # value that is expected where nothing better is known
    step: float  # change that matters
    # low, high: bounds
    low: float
    high: float
    spread: float  # standard deviation of the prior about the expected value


PARAMETERS = {
    "low": Parameter(0.0, 0.01, -0.3, 0.3, spread=0.3),  # keV at the lower anchor
    "high": Parameter(0.0, 0.01, -0.6, 0.6, spread=0.5),  # keV at the upper anchor
    # keV midway between the anchors: converters are straighter than statistics can tell.
    "curvature": Parameter(0.0, 0.003, -0.05, 0.05, spread=0.0007),
    "noise": Parameter(0.09, 0.01, 0.02, 0.25, spread=0.1),  # keV
    # Known to 5 %, which keeps it apart from the noise; the bound leaves room for wide peaks.
    "fano": Parameter(0.115, 0.01, 0.09, 0.2, spread=0.006),
    "tail_fraction": Parameter(0.01, 0.01, 0.0, 0.2, spread=0.01),
    # 0.1 in the spectra that NIST published, 0.11 to 0.12 in those of scanners. Fraction and width
    # make up for it; a tail much shorter than the peak is wide would take counts out of the peak.
    "tail_slope": Parameter(0.12, 0.05, 0.05, 1.5, spread=0.1),  # keV
    # Factor on tabulated widths of levels, which are known to 10 to 30 % (Campbell & Papp 2001).
    "natural_width": Parameter(1.0, 0.2, 0.0, 2.0, spread=0.3),
    # Factor on the satellites of K-beta: about 1 in measured spectra, whose counts say so; none where few counts
    # would leave it to errors of other shapes.
    "satellites": Parameter(0.0, 0.2, 0.0, 2.0, spread=0.2),
}


def typical_detector(noise: float = PARAMETERS["noise"].start) -> DetectorResponse:
    """Detector with the expected resolution and tail, and an electronic noise [keV]."""
    return DetectorResponse(
        noise=noise,
        fano=PARAMETERS["fano"].start,
        tail_fraction=PARAMETERS["tail_fraction"].start,
        tail_slope=PARAMETERS["tail_slope"].start,
    )


@dataclass(frozen=True)
class Stage:
    """Closeness with which a model follows a sum spectrum."""

    bin_width: float  # narrower bins [keV] are joined: the cost is then the same on any axis
    model_error: float
    """Share of a channel's counts by which the model may be wrong: with millions of counts, Poisson
    errors alone would let the brightest line decide everything."""
    family_factor: float  # factor of the spread of line ratios about theory, `FAMILY_SPREAD`
    detail: Detail  # families and scatterings that are rendered
    least_inside: float = 0.5
    """Share of the counts of a family of lines that must lie in the fitted range; below, nothing is
    measured of it, and it has its share of the group by theory."""


# Axes of a grid, compared with each other.
TRIAL = Stage(0.06, model_error=0.01, family_factor=1.0, detail=COARSE)
# Axis and resolution, of a composition that is not known well: ratios are held half as tightly.
AXIS = Stage(0.03, model_error=0.01, family_factor=2.0, detail=COARSE)
# Presence of lines: tails and ratios near bright lines are not known better than to 3 %, and thick
# paint, whose Pb L-alpha is 6 % stronger than theory's, must not look like arsenic.
SELECTION = Stage(0.02, model_error=0.03, family_factor=2.0, detail=EXACT)
# Net counts and ratios of lines.
AREAS = Stage(0.02, model_error=0.01, family_factor=1.0, detail=EXACT)


@dataclass(frozen=True)
class RatioSpread:
    """Spread of the ratios of a line group's families about expected ones, in relative terms.

    What lies above an atom absorbs soft lines more than hard ones. Edges, and the hardness of the
    exciting radiation, change sub-shells as a whole.
    """

    absorption: float
    """Standard deviation of the exponent of a power of the energy that the lines of the group are
    multiplied by. Intensities from a thick layer go as one over its mass attenuation for the
    exciting and for the emitted radiation together, and the latter as the energy to the power of
    -2.7 between edges (R. Van Grieken & A. Markowicz, Handbook of X-Ray Spectrometry, ch. 1): the
    exponent lies between 0 and about 2.7."""
    outer: float
    """Standard deviation that L lines from outer shells have in common: most of them lie beyond the
    L3 edge of their own element."""
    subshell: float
    """Standard deviation that the L lines of a sub-shell, or scattered lines of a family, have in
    common."""
    single: float  # standard deviation of each family on its own
    first_subshell: float = (
        0.0  # standard deviation that the lines of the L1 sub-shell have besides
    )

    def covariance(self, group: str, labels: list[str], energies: Array) -> Array:
        """Covariance of the relative shares of the families of a group.

        `energies` (n_families,): their mean energies [keV]. Returns (n_families, n_families).
        """
        tilt = self.absorption * np.log(energies)
        tilt -= tilt.mean()
        found = np.outer(tilt, tilt) + self.single**2 * np.eye(len(labels))
        if not group.endswith(("_K", "_M")):  # L lines, scattered lines of the tube
            shells = np.array([label[:2] for label in labels])
            outer = np.array([label.endswith("-N") for label in labels], dtype=np.float64)
            found += self.subshell**2 * (shells[:, None] == shells)
            found += self.first_subshell**2 * np.outer(shells == "L1", shells == "L1")
            found += self.outer**2 * np.outer(outer, outer)
        return found
