"""The shipped model: maps without labels, element list or calibration."""

from __future__ import annotations

from ._axis import COMPONENT_GROUPS, ENERGY, LINE_GROUPS, N_BACKGROUND, PARTNERS
from ._first_fit import background_shapes, first_fit
from ._fit_average import average_with_fit
from ._painting import PaintingFit

# Not among the names below: it can be calibrated, but not fitted to labels, as estimators are.
from ._regressor import SimulationTrainedRegressor as SimulationTrainedRegressor
from ._spectrum_fit import SpectrumFit
from ._weights import Weights, read_weights, write_weights

__all__ = [
    "COMPONENT_GROUPS",
    "ENERGY",
    "LINE_GROUPS",
    "N_BACKGROUND",
    "PARTNERS",
    "PaintingFit",
    "SpectrumFit",
    "Weights",
    "average_with_fit",
    "background_shapes",
    "first_fit",
    "load_pretrained",
    "read_weights",
    "write_weights",
]


def load_pretrained(*, neighborhood: bool = False) -> SimulationTrainedRegressor:
    """The model that comes with the package, trained on simulated spectra alone.

    Parameters
    ----------
    neighborhood : bool
        Whether to take the network that also sees the mean spectrum of the eight neighbours. It
        is a little better: :func:`skxrf.postprocessing.denoise_maps` makes far more of other pixels.

    Returns
    -------
    SimulationTrainedRegressor
        Used as ``predict_maps(load_pretrained(), cube)``, or ``.calibrated(X, energy)`` for
        spectra that are no cube.

    Raises
    ------
    FileFormatError
        If the file of weights is damaged.
    """
    model = SimulationTrainedRegressor(neighborhood=neighborhood)
    model.load_weights()
    return model
