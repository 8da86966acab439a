"""Displays in scikit-learn's manner: element maps, |z| heat maps, histograms, spectra.

Each is made by a class method ``from_...``, draws with ``plot(ax=None)`` and keeps what it drew
on as ``figure_`` and ``axes_``. Without ``ax`` it makes a pyplot figure, which the caller
closes, as with scikit-learn's Displays; with ``ax`` it never touches pyplot.
"""

from ._composite_map import CompositeMapDisplay
from ._count_histogram import CountHistogramDisplay
from ._element_map import ElementMapDisplay
from ._loss_curve import LossCurveDisplay
from ._map_comparison import MapComparisonDisplay
from ._spectrum import SpectrumDisplay
from ._zscore_map import ZScoreMapDisplay

__all__ = [
    "CompositeMapDisplay",
    "CountHistogramDisplay",
    "ElementMapDisplay",
    "LossCurveDisplay",
    "MapComparisonDisplay",
    "SpectrumDisplay",
    "ZScoreMapDisplay",
]
