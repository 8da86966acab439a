"""The shipped model: maps without labels, element list or calibration."""

from __future__ import annotations

from ._regressor import SimulationTrainedRegressor

__all__ = ["load_pretrained"]


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
