"""Convolutional network on spectra."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, ClassVar, Literal

import torch

from skxrf.neural_network._augmentation import SpectrumAugmentation
from skxrf.neural_network._base import BaseSpectrumRegressor
from skxrf.neural_network._layers import ACTIVATIONS
from skxrf.neural_network._losses import Loss
from skxrf.neural_network._parameters import channels_summed, integers, per_layer
from skxrf.neural_network._precision import Precision
from skxrf.neural_network._shared_docs import with_shared_docs
from skxrf.utils._sklearn import Interval, StrOptions


@with_shared_docs
class SpectrumCNNRegressor(BaseSpectrumRegressor):
    """Convolutional network from spectra to line intensities.

    Parameters
    ----------
    channels : sequence of int, default=(16, 32)
        Output channels of each convolution.
    kernel_size : int or sequence of int, default=8
        Width of the windows of the convolutions, one for all or one each; windows do not
        overlap, and the last one is filled with zeros.
    hidden_layer_sizes : sequence of int, default=(64, 64)
        Widths of the dense layers after the convolutions; ``()`` for none.
    activation : {"relu", "silu", "gelu", "tanh"}, default="silu"
        Nonlinearity after every layer but the last.
    dropout : float, default=0.0
        Share of the values of each hidden dense layer that are set to zero in training, at
        random.
    {shared_parameters}

    Attributes
    ----------
    {shared_attributes}
    {linear_attributes}

    See Also
    --------
    SpectrumMLPRegressor : Dense layers alone.
    SpectrumModuleRegressor : Any torch module.
    published_networks : The networks of the literature, as estimators.

    Notes
    -----
    {shared_notes}

    Examples
    --------
    >>> import numpy as np
    >>> from skxrf.neural_network import SpectrumCNNRegressor
    >>> rng = np.random.default_rng(0)
    >>> y = rng.uniform(0, 500, size=(400, 2))
    >>> X = rng.poisson(y @ rng.dirichlet(np.ones(64), size=2))
    >>> model = SpectrumCNNRegressor(max_epochs=5, random_state=0).fit(X, y)
    >>> bool(model.score(X, y) > 0.9)
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **BaseSpectrumRegressor._parameter_constraints,
        "channels": ["array-like"],
        "kernel_size": [Interval(Integral, 1, None, closed="left"), "array-like"],
        "hidden_layer_sizes": ["array-like"],
        "activation": [StrOptions(set(ACTIVATIONS))],
        "dropout": [Interval(Real, 0, 1, closed="left")],
    }

    def __init__(
        self,
        channels: Any = (16, 32),
        *,
        kernel_size: Any = 8,
        hidden_layer_sizes: Any = (64, 64),
        activation: str = "silu",
        dropout: float = 0.0,
        linear_path: bool = True,
        input_transform: Literal["sqrt", "standard"] | None = "sqrt",
        loss: Loss = "poisson",
        augmentation: SpectrumAugmentation | None = None,
        precision: Precision = "auto",
        learning_rate: float = 5e-3,
        weight_decay: float = 1.0,
        batch_size: int | Literal["auto"] = "auto",
        max_epochs: int | Literal["auto"] = "auto",
        max_time: float | None = None,
        early_stopping: bool | int = False,
        validation_fraction: float = 0.1,
        warm_start: bool = False,
        device: str | torch.device = "cpu",
        random_state: Any = None,
        verbose: int | bool = False,
        **skorch_parameters: Any,
    ) -> None:
        self._store(locals())

    def _architecture(self, n_features: int) -> dict[str, Any]:
        channels = integers(self.channels, "channels")
        kernel_size = per_layer(self.kernel_size, len(channels), "kernel_size")
        return {
            "hidden_layer_sizes": integers(self.hidden_layer_sizes, "hidden_layer_sizes"),
            "activation": self.activation,
            "dropout": self.dropout,
            "channels_summed": channels_summed(n_features, self.input_transform),
            "convolutions": {
                "channels": channels,
                "kernel_size": kernel_size,
                "stride": kernel_size,
                "padding": None,
                "pool_size": 1,
            },
        }
