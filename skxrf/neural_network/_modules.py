"""Networks of transform, layers and linear path, as plain torch modules without scikit-learn."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from typing import Any, Literal

import torch
from torch import Tensor, nn

from skxrf.exceptions import SkxrfError
from skxrf.neural_network._layers import (
    ACTIVATIONS,
    ConvolutionalTrunk,
    DenseTrunk,
    Dropout,
    InputTransform,
    empty_linear,
)


class ResidualNetwork(nn.Module):
    """Base of the networks: layers that correct a linear path on the raw spectra.

    With the linear path, the output is ``linear + weight * error * correction``, where
    ``error = sqrt(floor + slope * max(linear, 0))`` is the expected error of the linear path at
    that intensity, and ``signal = asinh(linear / error)``. The weight is a function of the
    signal: ``residual_weight`` at the signals ``residual_levels``, interpolated linearly, constant
    below the first and above the last. Without the linear path, the output is
    ``shift + gain * correction``.

    `input_transform` {"sqrt", "standard"}: see :class:`InputTransform`. `linear_path`: whether
    there is a linear path. `n_residual_weights`: number of signals at which the correction has a
    weight.
    """

    def __init__(
        self,
        n_features: int,
        n_outputs: int,
        *,
        input_transform: Literal["sqrt", "standard"] | None,
        linear_path: bool,
        n_residual_weights: int = 1,
        channels_summed: int = 1,
    ) -> None:
        super().__init__()
        self.transform = InputTransform(n_features, input_transform, channels_summed)
        self.linear_path = linear_path
        start = {"shift": 0.0, "gain": 1.0}
        if linear_path:
            self.register_buffer("coef", torch.zeros(n_features, n_outputs))
            start = {"intercept": 0.0, "floor": 1.0, "slope": 0.0}
            self.register_buffer("residual_levels", torch.zeros(n_residual_weights, n_outputs))
            self.register_buffer("residual_weight", torch.ones(n_residual_weights, n_outputs))
        for name, value in start.items():
            self.register_buffer(name, torch.full((n_outputs,), value))

    def features(self, root: Tensor) -> Tensor:
        """Return the features, which do not depend on the linear path, of spectra's roots."""
        raise NotImplementedError

    def correction(self, hidden: Tensor, signal: Tensor | None) -> Tensor:
        """Return the correction from the features, and from the signals where there are any."""
        raise NotImplementedError

    def linear(self, X: Tensor) -> Tensor:
        """Return the linear estimates of shape (n_samples, n_outputs)."""
        return torch.addmm(self.get_buffer("intercept"), X, self.get_buffer("coef"))

    def expected_error(self, intensity: Tensor) -> Tensor:
        """Return the expected error of the linear path at an intensity."""
        floor, slope = self.get_buffer("floor"), self.get_buffer("slope")
        return torch.addcmul(floor, intensity.clamp(min=0), slope).sqrt_()

    def signal(self, linear: Tensor, error: Tensor) -> Tensor:
        """Return the significance of linear estimates on a scale that compresses large ones."""
        return torch.asinh(linear / error)

    def weight_of_correction(self, signal: Tensor) -> Tensor:
        """Return the weight of the correction, of the shape of the signal."""
        levels, weight = self.get_buffer("residual_levels"), self.get_buffer("residual_weight")
        # Levels of a constant output coincide.
        gap = (levels[1:] - levels[:-1]).clamp(min=1e-6)
        passed = ((signal.unsqueeze(1) - levels[:-1]) / gap).clamp(0, 1)
        return weight[0] + (passed * (weight[1:] - weight[:-1])).sum(dim=1)

    def read_out(self, linear: Tensor | None, hidden: Tensor) -> Tensor:
        """Predict outputs from linear estimates, None without a linear path, and features."""
        if linear is None:
            correction = self.correction(hidden, None)
            return torch.addcmul(self.get_buffer("shift"), correction, self.get_buffer("gain"))
        error = self.expected_error(linear)
        signal = self.signal(linear, error)
        correction = self.correction(hidden, signal)
        return torch.addcmul(linear, correction, error * self.weight_of_correction(signal))

    def forward(self, X: Tensor, linear: Tensor | None = None) -> Tensor:
        """Predict outputs of shape (n_samples, n_outputs) from (n_samples, n_features).

        With linear estimates, X holds the roots of spectra instead of the spectra.
        """
        if linear is not None:
            return self.read_out(linear, self.features(X))
        if self.linear_path:
            linear = self.linear(X)
        return self.read_out(linear, self.features(self.transform.root(X)))

    def restart_dropout(self, seed: int) -> None:
        """Seed the dropout layers."""
        for module in self.modules():
            if isinstance(module, Dropout):
                module.restart(seed)


class SpectrumNetwork(ResidualNetwork):
    """Trunk and dense layers beside a linear path.

    The signals of the linear path join the input of the last hidden layer. With a linear path the
    last layer starts at zero, so that training starts from the linear path.

    - `n_features`, `n_outputs`: numbers of channels and outputs.
    - `hidden_layer_sizes`: widths of the dense layers after the trunk.
    - `activation`: a key of ``ACTIVATIONS``.
    - `dropout`: share of the values of each hidden dense layer that are dropped in training.
    - `n_templates`: number of templates, zero for none.
    - `convolutions`: arguments of :class:`ConvolutionalTrunk`; None: dense layers alone.
    - `seed`: seed of the initial weights; None: the layers stay without storage.
    """

    def __init__(
        self,
        n_features: int,
        n_outputs: int,
        *,
        hidden_layer_sizes: Sequence[int],
        activation: str,
        dropout: float = 0.0,
        n_templates: int = 0,
        convolutions: dict[str, Any] | None = None,
        seed: int | None = 0,
        **linear_path: Any,
    ) -> None:
        super().__init__(n_features, n_outputs, **linear_path)
        n_features = self.transform.n_features_out
        self.trunk: DenseTrunk | ConvolutionalTrunk
        if convolutions is None:
            self.trunk = DenseTrunk(n_features, n_templates)
        else:
            self.trunk = ConvolutionalTrunk(
                n_features, activation=activation, n_templates=n_templates, **convolutions
            )
        widths = [self.trunk.n_features_out, *hidden_layer_sizes, n_outputs]
        self.layers = nn.ModuleList(_dense_layers(widths, n_outputs if self.linear_path else 0))
        self.activation = ACTIVATIONS[activation]()
        self.dropout = Dropout(dropout)
        if seed is not None:
            self._initialize(seed)

    def _initialize(self, seed: int) -> None:
        """Initialize every layer uniformly in +-1/sqrt(fan-in), torch's default."""
        generator = torch.Generator().manual_seed(seed)
        for module in list(self.modules()):
            if isinstance(module, nn.Linear | nn.Conv1d):
                module.to_empty(device="cpu")
                bound = module.weight[0].numel() ** -0.5
                for parameter in module.parameters():
                    nn.init.uniform_(parameter, -bound, bound, generator=generator)
        if self.linear_path:
            for parameter in self.layers[-1].parameters():
                nn.init.zeros_(parameter)

    @property
    def joining(self) -> int:
        """Number of the dense layer that the signals join: the last hidden one."""
        return max(len(self.layers) - 2, 0)

    def features(self, root: Tensor) -> Tensor:
        """Return the input of layer `joining` without the signals."""
        hidden: Tensor = self.trunk(self.transform.standardized(root))
        for layer in self.layers[: self.joining]:
            hidden = self.dropout(self.activation(layer(hidden)))
        return hidden

    def correction(self, hidden: Tensor, signal: Tensor | None) -> Tensor:
        """Apply the layers from `joining` on."""
        if signal is not None:
            hidden = torch.cat([hidden, signal], dim=1)
        hidden = self.layers[self.joining](hidden)
        for layer in self.layers[self.joining + 1 :]:
            hidden = layer(self.dropout(self.activation(hidden)))
        return hidden


class WrappedNetwork(ResidualNetwork):
    """Any module that maps spectra to outputs, beside a linear path.

    With a linear path, the module's outputs are multiplied by a trained ``gate``, one number an
    output, that starts at zero, so that training starts from the linear path.

    `n_features`, `n_outputs`: numbers of channels and outputs. `module`: class of the module.
    `module_parameters`: arguments of its constructor; see :func:`module_arguments`. `seed`: seed of
    the initial weights.
    """

    def __init__(
        self,
        n_features: int,
        n_outputs: int,
        *,
        module: type[nn.Module],
        module_parameters: dict[str, Any],
        seed: int | None = 0,
        **linear_path: Any,
    ) -> None:
        super().__init__(n_features, n_outputs, **linear_path)
        arguments = module_arguments(module, n_features, n_outputs, module_parameters)
        # Foreign layers draw from torch's global generator, which is put back afterwards.
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0 if seed is None else seed)
            self.module = module(**arguments)
        self.n_outputs = n_outputs
        if self.linear_path:
            self.gate = nn.Parameter(torch.zeros(n_outputs))

    def features(self, root: Tensor) -> Tensor:
        """Return the outputs of the module for transformed spectra."""
        hidden: Tensor = self.module(self.transform.standardized(root))
        if hidden.ndim == 1 and self.n_outputs == 1:
            hidden = hidden.unsqueeze(1)
        if hidden.shape != (len(root), self.n_outputs):
            raise SkxrfError(
                f"the module {type(self.module).__name__} returned the shape "
                f"{tuple(hidden.shape)} for {len(root)} spectra and {self.n_outputs} outputs: it "
                f"must return ({len(root)}, {self.n_outputs})."
            )
        return hidden

    def correction(self, hidden: Tensor, signal: Tensor | None) -> Tensor:
        """Scale the outputs of the module by the gate."""
        return hidden * self.gate if self.linear_path else hidden


def module_arguments(
    module: type[nn.Module], n_features: int, n_outputs: int, given: dict[str, Any]
) -> dict[str, Any]:
    """Complete the arguments of a module's constructor by the sizes that it has parameters for.

    `module`: class of the module. `n_features`, `n_outputs`: passed as ``n_features`` or
    ``in_features`` and ``n_outputs`` or ``out_features``. `given`: other arguments; they come
    first.
    """
    sizes = {
        "n_features": n_features,
        "in_features": n_features,
        "n_outputs": n_outputs,
        "out_features": n_outputs,
    }
    taken = inspect.signature(module).parameters
    return {**{name: size for name, size in sizes.items() if name in taken}, **given}


def _dense_layers(widths: Sequence[int], n_extra: int) -> Iterator[nn.Linear]:
    """Dense layers of these widths; `n_extra` inputs join the last hidden one."""
    widths_in = list(widths[:-1])
    widths_in[max(len(widths) - 3, 0)] += n_extra
    for n_in, n_out in zip(widths_in, widths[1:], strict=True):
        yield empty_linear(n_in, n_out)


def n_parameters(module: nn.Module) -> int:
    """Number of trained weights and biases, without buffers such as templates."""
    return sum(parameter.numel() for parameter in module.parameters())


def fill_buffers(module: nn.Module, **values: object) -> None:
    """Copy arrays into buffers of a module, in the module's dtype and device."""
    for name, value in values.items():
        module.get_buffer(name).copy_(torch.as_tensor(value))
