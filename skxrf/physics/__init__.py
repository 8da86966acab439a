"""Lines, cross sections and the detector: what is known of an XRF spectrum before measuring it."""

from ._axis_fit import AxisFit, fit_energy_axis
from ._axis_search import AxisGuess, guess_energy_axis
from ._compton import compton_energy
from ._detector import DetectorResponse, escape_fraction
from ._families import line_families
from ._likelihood import ComponentPairs, standard_errors
from ._lines import LineGroup, known_line_groups, line_group
from ._misfit import misfit_weights
from ._pile_up import pile_up
from ._scatter import scattered_tube_families, scattered_tube_group
from ._sum_shapes import background_splines, pile_up_shape

__all__ = [
    "AxisFit",
    "AxisGuess",
    "ComponentPairs",
    "DetectorResponse",
    "LineGroup",
    "background_splines",
    "compton_energy",
    "escape_fraction",
    "fit_energy_axis",
    "guess_energy_axis",
    "known_line_groups",
    "line_families",
    "line_group",
    "misfit_weights",
    "pile_up",
    "pile_up_shape",
    "scattered_tube_families",
    "scattered_tube_group",
    "standard_errors",
]
