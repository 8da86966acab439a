"""The shipped model: maps without labels, element list or calibration."""

from __future__ import annotations

from ._regressor import PretrainedRegressor

__all__ = ["load_pretrained"]


def load_pretrained() -> PretrainedRegressor:
    """Load the model that comes with the package, trained on simulated spectra alone.

    Returns
    -------
    PretrainedRegressor
        Used as ``predict_maps(load_pretrained(), cube)``, or ``.bind(X, energy)`` for
        spectra that are no cube.

    Raises
    ------
    FileFormatError
        If the file of weights is damaged.
    """
    model = PretrainedRegressor()
    model.load_weights()
    return model
