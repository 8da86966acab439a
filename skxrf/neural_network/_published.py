"""The networks of the literature, as estimators."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import check_array

from skxrf.exceptions import SkxrfError
from skxrf.neural_network._base import BaseSpectrumRegressor
from skxrf.neural_network._cnn import SpectrumCNNRegressor
from skxrf.neural_network._mlp import SpectrumMLPRegressor

__all__ = ["published_networks"]


def published_networks(
    templates: ArrayLike | None = None, **parameters: Any
) -> dict[str, BaseSpectrumRegressor]:
    """Make the four networks of Gerodimos et al. (University of Ioannina) for MA-XRF maps.

    They take raw counts and predict raw intensities; loss abs(prediction - y) / (sqrt(y) + 1),
    Adam at a constant rate of 1e-3, batches of 32, a fifth of the spectra held out, and the
    weights of the best epoch kept. The authors train up to 1500 epochs, which takes hours on
    a CPU: give a budget by ``max_epochs`` or ``max_time``, and look at the learning curves.

    - ``"MLP"``: dense layers of 512, 64 and 64.
    - ``"CNN"``: five convolutions of 64, 64, 64, 64 and 128 channels, kernels 5, 3, 3, 3, 3,
      stride 2, padding 2, each followed by max-pooling over 2, then straight to the outputs.
    - ``"MLP+"``: the MLP on the spectrum's inner products with the templates.
    - ``"CNN+"``: the CNN with the spectrum times each template as further input channels.

    Parameters
    ----------
    templates : array-like of shape (n_templates, n_channels), optional
        Spectra of pure elements (the authors have 12), in any unit: each is scaled to a
        maximum of one. Without them, only ``"MLP"`` and ``"CNN"`` are returned.
    **parameters
        Other parameters of the estimators, such as ``max_time=60`` or ``random_state=0``.

    Returns
    -------
    dict of str to estimator
        :class:`SpectrumMLPRegressor` and :class:`SpectrumCNNRegressor` by the names above.

    Raises
    ------
    SkxrfError
        If a template has no positive value.

    Examples
    --------
    >>> from skxrf.neural_network import published_networks
    >>> list(published_networks(max_epochs=10))
    ['MLP', 'CNN']
    """
    common: dict[str, Any] = {
        "activation": "relu",
        "linear_path": False,
        "input_transform": None,
        "scale_outputs": False,
        "loss": "scaled_absolute_error",
        "learning_rate": 1e-3,
        "learning_rate_schedule": "constant",
        "weight_decay": 0.0,  # plain Adam
        "batch_size": 32,
        "max_epochs": 1500,
        "early_stopping": True,
        "validation_fraction": 0.2,
        # Never stops early, but keeps the best epoch.
        "n_iter_no_change": 1500,
        **parameters,
    }
    dense: dict[str, Any] = {"hidden_layer_sizes": (512, 64, 64)}
    convolutional: dict[str, Any] = {
        "channels": (64, 64, 64, 64, 128),
        "kernel_size": (5, 3, 3, 3, 3),
        "stride": 2,
        "padding": 2,
        "pool_size": 2,
        "hidden_layer_sizes": (),
    }
    networks: dict[str, BaseSpectrumRegressor] = {
        "MLP": SpectrumMLPRegressor(**{**common, **dense}),
        "CNN": SpectrumCNNRegressor(**{**common, **convolutional}),
    }
    if templates is not None:
        spectra = check_array(templates, dtype=np.float64, input_name="templates")
        height = spectra.max(axis=1, keepdims=True)
        if np.any(height <= 0):
            raise SkxrfError(
                f"template {int(np.argmin(height))} has no counts: its maximum is "
                f"{height.min():g}, expected above 0."
            )
        spectra = spectra / height
        networks["MLP+"] = SpectrumMLPRegressor(**{**common, **dense, "templates": spectra})
        networks["CNN+"] = SpectrumCNNRegressor(**{**common, **convolutional, "templates": spectra})
    return networks
