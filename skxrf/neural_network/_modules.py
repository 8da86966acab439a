"""The networks as plain torch modules: no scikit-learn and no skorch in here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "gelu": nn.GELU,
    "relu": nn.ReLU,
    "silu": nn.SiLU,
    "tanh": nn.Tanh,
}

# Layers are made without storage, and get their values from a generator of their own in
# SpectrumNetwork.__init__: torch's layers would draw from the global generator otherwise.
_UNSET = torch.device("meta")


class InputTransform(nn.Module):
    """Spectra as the layers see them: signed square root or not, then standardised or not.

    Parameters
    ----------
    n_features : int
        Number of channels.
    kind : {"sqrt", "standard"} or None
        ``"sqrt"``: sign(x) sqrt(abs(x)), which makes the spread of Poisson counts the same at
        every height, then per-channel standardisation; ``"standard"``: the standardisation
        alone; None: spectra as they are.
    """

    def __init__(self, n_features: int, kind: Literal["sqrt", "standard"] | None) -> None:
        super().__init__()
        self.kind = kind
        if kind is not None:
            self.register_buffer("shift", torch.zeros(n_features))
            self.register_buffer("gain", torch.ones(n_features))

    def root(self, X: Tensor) -> Tensor:
        """Return the spectra before standardisation, of shape (n_samples, n_features)."""
        # In place on the one copy: a pass over memory costs as much as the arithmetic.
        return X.abs().sqrt_().copysign_(X) if self.kind == "sqrt" else X

    def forward(self, X: Tensor) -> Tensor:
        """Transform spectra of shape (n_samples, n_features)."""
        if self.kind is None:
            return X
        return torch.addcmul(self.get_buffer("shift"), self.root(X), self.get_buffer("gain"))


class DenseTrunk(nn.Module):
    """Transformed spectra to the features of the dense layers; with templates, inner products."""

    def __init__(self, n_features: int, n_templates: int = 0) -> None:
        super().__init__()
        self.n_features_out = n_templates or n_features
        if n_templates:
            self.register_buffer("templates", torch.zeros(n_templates, n_features))

    def forward(self, X: Tensor) -> Tensor:
        """Return features of shape (n_samples, n_features_out)."""
        return X @ self.get_buffer("templates").T if "templates" in self._buffers else X


class PatchConvolution(nn.Linear):
    """A convolution whose windows do not overlap: a matrix product of patches, much faster.

    Takes and gives channels last, of shape (n_samples, width, n_channels), so that patches are
    views. Zeros fill the last patch.

    Parameters
    ----------
    n_in, n_out : int
        Numbers of channels.
    kernel_size : int
        Width of the windows, and their step.
    """

    def __init__(self, n_in: int, n_out: int, kernel_size: int) -> None:
        super().__init__(kernel_size * n_in, n_out, device=_UNSET)
        self.kernel_size = kernel_size

    def forward(self, input: Tensor) -> Tensor:
        """Return features of shape (n_samples, ceil(width / kernel_size), n_out)."""
        missing = -input.shape[1] % self.kernel_size
        if missing:
            input = functional.pad(input, (0, 0, 0, missing))
        return super().forward(input.reshape(input.shape[0], -1, self.in_features))


class ConvolutionalTrunk(nn.Module):
    """Transformed spectra to the flattened features of a stack of convolutions.

    Parameters
    ----------
    n_features : int
        Number of channels of the spectra.
    channels, kernel_size, stride : sequence of int, one per layer
        Of the convolutions.
    padding : sequence of int, or None
        Zeros on both sides, one per layer; None: zeros at the end until the last window is
        whole.
    pool_size : int
        Width of the max-pooling after each activation; 1 for none.
    activation : str
        A key of ``ACTIVATIONS``.
    n_templates : int
        Number of further input channels: the spectrum times each template.
    """

    def __init__(
        self,
        n_features: int,
        channels: Sequence[int],
        kernel_size: Sequence[int],
        stride: Sequence[int],
        padding: Sequence[int] | None,
        pool_size: int,
        activation: str,
        n_templates: int = 0,
    ) -> None:
        super().__init__()
        if n_templates:
            self.register_buffer("templates", torch.zeros(n_templates, n_features))
        # Channels are last if all layers cut their input into patches, else first.
        whole = padding is None and pool_size == 1
        self.patches = whole and tuple(kernel_size) == tuple(stride)
        layers: list[nn.Module] = []
        width = n_features
        widths = (1 + n_templates, *channels)
        for i, (n_in, n_out) in enumerate(pairwise(widths)):
            kernel, step = kernel_size[i], stride[i]
            if self.patches:
                layers += [PatchConvolution(n_in, n_out, kernel), ACTIVATIONS[activation]()]
                width = -(-width // kernel)
                continue
            sides = 0 if padding is None else padding[i]
            missing = max(kernel - width - 2 * sides, 0)
            if padding is None and not missing:
                missing = (kernel - width) % step
            if missing:
                layers.append(nn.ConstantPad1d((0, missing), 0.0))
            layers.append(nn.Conv1d(n_in, n_out, kernel, stride=step, padding=sides, device=_UNSET))
            layers.append(ACTIVATIONS[activation]())
            width = (width + missing + 2 * sides - kernel) // step + 1
            pool = min(pool_size, width)
            if pool > 1:
                layers.append(nn.MaxPool1d(pool))
                width //= pool
        self.layers = nn.Sequential(*layers)
        self.n_features_out = widths[-1] * width

    def forward(self, X: Tensor) -> Tensor:
        """Return features of shape (n_samples, n_features_out)."""
        X = X.unsqueeze(1)
        if "templates" in self._buffers:
            X = torch.cat([X, X * self.get_buffer("templates")], dim=1)
        if self.patches:
            X = X.mT
        features: Tensor = self.layers(X)
        return features.flatten(1)


class SpectrumNetwork(nn.Module):
    """Input transform, trunk and dense layers, beside a linear path on the raw spectra.

    With the linear path, the output is ``linear + weight * error * layers``, where
    ``error = sqrt(floor + slope * max(linear, 0))`` is the error that the linear path is
    expected to make at that intensity. The layers see the linear estimates too, as
    ``signal = asinh(linear / error)``, and their last one starts from zero: training starts from
    the linear path. The weight depends on the signal: it is ``residual_weight`` at the signals
    ``residual_levels``, on straight lines between them, constant below the first and above
    the last. Without the linear path, the output is ``shift + gain * layers``.

    Parameters
    ----------
    n_features : int
        Number of channels.
    n_outputs : int
        Number of outputs.
    hidden_layer_sizes : sequence of int
        Widths of the dense layers after the trunk.
    activation : str
        A key of ``ACTIVATIONS``.
    input_transform : {"sqrt", "standard"} or None
        See :class:`InputTransform`.
    linear_path : bool
        Whether there is one.
    residual_levels : int
        Number of signals that what the layers add has a weight at.
    n_templates : int
        Number of templates, zero for none.
    convolutions : dict or None
        Arguments of :class:`ConvolutionalTrunk`; None: dense layers alone.
    seed : int or None
        Seed of the initial weights; None: the layers stay without storage.
    """

    def __init__(
        self,
        n_features: int,
        n_outputs: int,
        *,
        hidden_layer_sizes: Sequence[int],
        activation: str,
        input_transform: Literal["sqrt", "standard"] | None,
        linear_path: bool,
        residual_levels: int = 1,
        n_templates: int = 0,
        convolutions: dict[str, object] | None = None,
        seed: int | None = 0,
    ) -> None:
        super().__init__()
        self.transform = InputTransform(n_features, input_transform)
        self.trunk: DenseTrunk | ConvolutionalTrunk
        if convolutions is None:
            self.trunk = DenseTrunk(n_features, n_templates)
        else:
            self.trunk = ConvolutionalTrunk(
                n_features,
                activation=activation,
                n_templates=n_templates,
                **convolutions,  # type: ignore[arg-type]
            )
        self.linear_path = linear_path
        start = {"shift": 0.0, "gain": 1.0}
        if linear_path:
            self.register_buffer("coef", torch.zeros(n_features, n_outputs))
            start = {"intercept": 0.0, "floor": 1.0, "slope": 0.0}
            self.register_buffer("residual_levels", torch.zeros(residual_levels, n_outputs))
            self.register_buffer("residual_weight", torch.ones(residual_levels, n_outputs))
        for name, value in start.items():
            self.register_buffer(name, torch.full((n_outputs,), value))
        self.layers = nn.ModuleList(
            _dense_layers(
                self.trunk.n_features_out,
                hidden_layer_sizes,
                n_outputs,
                n_extra=n_outputs if linear_path else 0,
            )
        )
        self.activation = ACTIVATIONS[activation]()
        if seed is not None:
            self._initialize(seed)

    def _initialize(self, seed: int) -> None:
        """Give every layer its values: uniform in +-1/sqrt(fan-in), which is torch's default."""
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

    def linear(self, X: Tensor) -> Tensor:
        """Return the linear estimates of shape (n_samples, n_outputs)."""
        return torch.addmm(self.get_buffer("intercept"), X, self.get_buffer("coef"))

    def expected_error(self, intensity: Tensor) -> Tensor:
        """Return the error that the linear path is expected to make at an intensity."""
        floor, slope = self.get_buffer("floor"), self.get_buffer("slope")
        return torch.addcmul(floor, intensity.clamp(min=0), slope).sqrt_()

    def signal(self, linear: Tensor, error: Tensor) -> Tensor:
        """Return how far linear estimates stand out from their error."""
        # asinh: linear around zero, where an element is absent or not; no giants.
        return torch.asinh(linear / error)

    def weight_of_layers(self, signal: Tensor) -> Tensor:
        """Return the share of what the layers add that is kept, of the shape of the signal."""
        levels, weight = self.get_buffer("residual_levels"), self.get_buffer("residual_weight")
        # Levels of an output that is always the same coincide.
        gap = (levels[1:] - levels[:-1]).clamp(min=1e-6)
        passed = ((signal.unsqueeze(1) - levels[:-1]) / gap).clamp(0, 1)
        return weight[0] + (passed * (weight[1:] - weight[:-1])).sum(dim=1)

    @property
    def joining(self) -> int:
        """Number of the dense layer that the linear estimates join: the last hidden one."""
        return max(len(self.layers) - 2, 0)

    def features(self, X: Tensor) -> Tensor:
        """Return what the layers from `joining` on see of the spectra."""
        hidden: Tensor = self.trunk(self.transform(X))
        for layer in self.layers[: self.joining]:
            hidden = self.activation(layer(hidden))
        return hidden

    def read_out(self, X: Tensor, hidden: Tensor) -> Tensor:
        """Predict outputs from the spectra as they are, and their features."""
        if not self.linear_path:
            hidden = self._last_layers(hidden)
            return torch.addcmul(self.get_buffer("shift"), hidden, self.get_buffer("gain"))
        linear = self.linear(X)
        error = self.expected_error(linear)
        signal = self.signal(linear, error)
        hidden = self._last_layers(torch.cat([hidden, signal], dim=1))
        return torch.addcmul(linear, hidden, error * self.weight_of_layers(signal))

    def _last_layers(self, hidden: Tensor) -> Tensor:
        hidden = self.layers[self.joining](hidden)
        for layer in self.layers[self.joining + 1 :]:
            hidden = layer(self.activation(hidden))
        return hidden

    def forward(self, X: Tensor) -> Tensor:
        """Predict outputs of shape (n_samples, n_outputs) from (n_samples, n_features)."""
        return self.read_out(X, self.features(X))


def _dense_layers(
    n_features: int, hidden_layer_sizes: Sequence[int], n_outputs: int, n_extra: int
) -> Iterator[nn.Linear]:
    widths = [n_features, *hidden_layer_sizes, n_outputs]
    widths_in = widths[:-1]
    widths_in[max(len(hidden_layer_sizes) - 1, 0)] += n_extra
    for n_in, n_out in zip(widths_in, widths[1:], strict=True):
        yield nn.Linear(n_in, n_out, device=_UNSET)


def n_parameters(module: nn.Module) -> int:
    """Count what training changes: weights and biases, not buffers such as templates."""
    return sum(parameter.numel() for parameter in module.parameters())


def fill_buffers(module: nn.Module, **values: object) -> None:
    """Copy arrays into buffers of a module, in the module's dtype and device."""
    for name, value in values.items():
        module.get_buffer(name).copy_(torch.as_tensor(value))
