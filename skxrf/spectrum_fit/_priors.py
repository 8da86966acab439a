"""Prior knowledge of a sum spectrum: the one table of fitted numbers and of fitting stages."""

from __future__ import annotations

from dataclasses import dataclass

from skxrf.physics import DetectorResponse
from skxrf.physics._line_table import COARSE, EXACT, Detail

__all__ = ["AREAS", "AXIS", "PARAMETERS", "SELECTION", "Parameter", "Stage", "typical_detector"]


@dataclass(frozen=True)
class Parameter:
    """Fitted number of axis or detector.

    Parameters
    ----------
    start : float
        Value that is expected where nothing better is known.
    step : float
        Change that matters.
    low, high : float
        Bounds.
    spread : float
        Standard deviation of the prior about the expected value.
    """

    start: float
    step: float
    low: float
    high: float
    spread: float


PARAMETERS = {
    "low": Parameter(0.0, 0.01, -0.3, 0.3, spread=0.3),  # keV at the lower anchor
    "high": Parameter(0.0, 0.01, -0.6, 0.6, spread=0.5),  # keV at the upper anchor
    # keV midway between the anchors: converters are straighter than statistics can tell.
    "curvature": Parameter(0.0, 0.003, -0.05, 0.05, spread=0.0007),
    "noise": Parameter(0.09, 0.01, 0.02, 0.25, spread=0.1),  # keV
    # Known to 5 %, which keeps it apart from the noise; the bound leaves room for wide peaks.
    "fano": Parameter(0.115, 0.01, 0.09, 0.2, spread=0.006),
    "tail_fraction": Parameter(0.01, 0.01, 0.0, 0.2, spread=0.01),
    # A tail much shorter than the peak is wide would take counts out of the peak.
    "tail_slope": Parameter(0.15, 0.05, 0.05, 1.5, spread=0.1),  # keV
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
    """Closeness with which a model follows a sum spectrum.

    Parameters
    ----------
    bin_width : float
        Narrower bins [keV] are joined: the cost is then the same on any axis.
    model_error : float
        Share of a channel's counts by which the model may be wrong: with millions of counts,
        Poisson errors alone would let the brightest line decide everything.
    family_factor : float
        Factor of the spread of line ratios about theory, `FAMILY_SPREAD`.
    detail : Detail
        Families and scatterings that are rendered.
    least_inside : float
        Share of the counts of a family of lines that must lie in the fitted range; below, nothing
        is measured of it, and it has its share of the group by theory.
    """

    bin_width: float
    model_error: float
    family_factor: float
    detail: Detail
    least_inside: float = 0.5


# Axis and resolution, of a composition that is not known well: ratios are held half as tightly.
AXIS = Stage(0.03, model_error=0.01, family_factor=2.0, detail=COARSE)
# Presence of lines: tails and ratios near bright lines are not known better than to 3 %, and thick
# paint, whose Pb L-alpha is 6 % stronger than theory's, must not look like arsenic.
SELECTION = Stage(0.02, model_error=0.03, family_factor=2.0, detail=EXACT)
# Net counts and ratios of lines.
AREAS = Stage(0.02, model_error=0.01, family_factor=1.0, detail=EXACT)
