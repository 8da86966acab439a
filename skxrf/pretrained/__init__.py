"""The shipped model: maps without labels, element list or calibration."""

from __future__ import annotations

from ._axis import LINE_GROUPS
from ._regressor import SimulationTrainedRegressor

__all__ = ["LINE_GROUPS", "SimulationTrainedRegressor", "load_pretrained"]


def load_pretrained(*, neighborhood: bool = False) -> SimulationTrainedRegressor:
    """The model that comes with the package, trained on simulated spectra alone.

    Parameters
    ----------
    neighborhood : bool
        Whether to take the network that also sees the mean spectrum of the eight neighbours:
        less noise, and slightly blurred where neighbours differ in what cannot be seen in one
        pixel's counts.

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
