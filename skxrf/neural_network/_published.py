"""Published networks for MA-XRF spectra, as estimators with their authors' settings."""

from __future__ import annotations

from numbers import Integral
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import ArrayLike
from sklearn.utils import check_array

from skxrf.exceptions import SkxrfError
from skxrf.neural_network._base import BaseSpectrumRegressor
from skxrf.neural_network._modules import ResidualNetwork, fill_buffers
from skxrf.neural_network._parameters import checked_templates, integers, per_layer
from skxrf.neural_network._shared_docs import with_shared_docs
from skxrf.utils._sklearn import Interval


class _PublishedRegressor(BaseSpectrumRegressor):
    """Base of the published networks: raw counts, raw intensities, a constant learning rate."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **{
            name: BaseSpectrumRegressor._parameter_constraints[name]
            for name in (
                "learning_rate",
                "batch_size",
                "max_epochs",
                "max_time",
                "validation_fraction",
                "warm_start",
                "device",
                "random_state",
                "verbose",
            )
        },
        "hidden_layer_sizes": ["array-like"],
        "templates": ["array-like", None],
    }
    hidden_layer_sizes: Any
    templates: ArrayLike | None

    _skorch_names = BaseSpectrumRegressor._skorch_names - {"module"}
    linear_path = False
    input_transform = None
    loss = "scaled_absolute_error"
    augmentation = None
    precision = "float32"
    weight_decay = 0.0  # plain Adam
    _one_cycle = False
    _scale_outputs = False

    @property
    def early_stopping(self) -> int:  # type: ignore[override]
        """Patience that never stops a fit, so that the weights of the best epoch are kept."""
        return int(self.max_epochs)

    def _architecture(self, n_features: int) -> dict[str, Any]:
        templates = checked_templates(self.templates, n_features)
        return {
            "hidden_layer_sizes": integers(self.hidden_layer_sizes, "hidden_layer_sizes"),
            "activation": "relu",
            "n_templates": 0 if templates is None else len(templates),
        }

    def _fill_trunk(self, module: ResidualNetwork) -> None:
        if self.templates is not None:
            templates = checked_templates(self.templates, int(self.n_features_in_))
            fill_buffers(module.get_submodule("trunk"), templates=templates)


@with_shared_docs
class PublishedMLPRegressor(_PublishedRegressor):
    """Dense network of Gerodimos et al., on raw counts or on products with templates.

    Parameters
    ----------
    hidden_layer_sizes : sequence of int, default=(512, 64, 64)
        Widths of the dense layers.
    templates : array-like of shape (n_templates, n_channels), default=None
        Spectra whose inner products with the spectrum are the input instead of the spectrum.
    {published_parameters}
    """

    def __init__(
        self,
        hidden_layer_sizes: Any = (512, 64, 64),
        *,
        templates: ArrayLike | None = None,
        learning_rate: float = 1e-3,
        batch_size: Any = 32,
        max_epochs: int = 1500,
        max_time: float | None = None,
        validation_fraction: float = 0.2,
        warm_start: bool = False,
        device: str | torch.device = "cpu",
        random_state: Any = None,
        verbose: int | bool = False,
        **skorch_parameters: Any,
    ) -> None:
        self._store(locals())


@with_shared_docs
class PublishedCNNRegressor(_PublishedRegressor):
    """Convolutional network of Gerodimos et al., on raw counts, with templates as channels.

    Parameters
    ----------
    channels : sequence of int, default=(64, 64, 64, 64, 128)
        Output channels of each convolution.
    kernel_size : int or sequence of int, default=(5, 3, 3, 3, 3)
        Width of the windows of the convolutions, one for all or one each.
    stride : int or sequence of int, default=2
        Step of the windows.
    padding : int or sequence of int, default=2
        Zeros on both sides of each convolution's input. An input narrower than a window gets
        zeros at its end.
    pool_size : int, default=2
        Width of the max-pooling after each convolution's activation; 1 for none.
    hidden_layer_sizes : sequence of int, default=()
        Widths of the dense layers after the convolutions.
    templates : array-like of shape (n_templates, n_channels), default=None
        Spectra whose products with the spectrum, channel by channel, are further input channels.
    {published_parameters}
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **_PublishedRegressor._parameter_constraints,
        "channels": ["array-like"],
        "kernel_size": [Interval(Integral, 1, None, closed="left"), "array-like"],
        "stride": [Interval(Integral, 1, None, closed="left"), "array-like"],
        "padding": [Interval(Integral, 0, None, closed="left"), "array-like"],
        "pool_size": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(
        self,
        channels: Any = (64, 64, 64, 64, 128),
        *,
        kernel_size: Any = (5, 3, 3, 3, 3),
        stride: Any = 2,
        padding: Any = 2,
        pool_size: int = 2,
        hidden_layer_sizes: Any = (),
        templates: ArrayLike | None = None,
        learning_rate: float = 1e-3,
        batch_size: Any = 32,
        max_epochs: int = 1500,
        max_time: float | None = None,
        validation_fraction: float = 0.2,
        warm_start: bool = False,
        device: str | torch.device = "cpu",
        random_state: Any = None,
        verbose: int | bool = False,
        **skorch_parameters: Any,
    ) -> None:
        self._store(locals())

    def _architecture(self, n_features: int) -> dict[str, Any]:
        channels = integers(self.channels, "channels")
        n_layers = len(channels)
        return {
            **super()._architecture(n_features),
            "convolutions": {
                "channels": channels,
                "kernel_size": per_layer(self.kernel_size, n_layers, "kernel_size"),
                "stride": per_layer(self.stride, n_layers, "stride"),
                "padding": per_layer(self.padding, n_layers, "padding", least=0),
                "pool_size": int(self.pool_size),
            },
        }


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
        Estimators by the names above.

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
    networks: dict[str, BaseSpectrumRegressor] = {
        "MLP": PublishedMLPRegressor(**parameters),
        "CNN": PublishedCNNRegressor(**parameters),
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
        networks["MLP+"] = PublishedMLPRegressor(**{**parameters, "templates": spectra})
        networks["CNN+"] = PublishedCNNRegressor(**{**parameters, "templates": spectra})
    return networks
