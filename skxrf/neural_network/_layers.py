"""Layers of the networks: input transform, trunks, dropout. Plain torch, without scikit-learn."""

from __future__ import annotations

from collections.abc import Sequence
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

# Layers are created without storage and initialized by SpectrumNetwork from a generator of its own:
# torch's layers would draw from the global generator.
_UNSET = torch.device("meta")


class InputTransform(nn.Module):
    """Input of the layers: sums of channels, signed square root, standardization, each optional.

    `kind` {"sqrt", "standard"}: ``"sqrt"``: sign(x) sqrt(abs(x)), which stabilizes the variance of
    Poisson counts, then per-channel standardization; ``"standard"``: the standardization alone;
    None: unchanged spectra. `channels_summed`: adjacent channels that are summed first; of the last
    ones, perhaps fewer.
    """

    def __init__(
        self, n_features: int, kind: Literal["sqrt", "standard"] | None, channels_summed: int = 1
    ) -> None:
        super().__init__()
        self.kind = kind
        self.channels_summed = channels_summed
        self.n_features_out = -(-n_features // channels_summed)
        if kind is not None:
            self.register_buffer("shift", torch.zeros(self.n_features_out))
            self.register_buffer("gain", torch.ones(self.n_features_out))

    def root(self, X: Tensor) -> Tensor:
        """Return the spectra before standardization, of shape (n_samples, n_features_out)."""
        if self.channels_summed > 1:
            missing = -X.shape[1] % self.channels_summed
            whole = functional.pad(X, (0, missing)) if missing else X
            X = whole.reshape(len(whole), -1, self.channels_summed).sum(dim=2)
        # In place: a pass over memory costs as much as the arithmetic.
        return X.abs().sqrt_().copysign_(X) if self.kind == "sqrt" else X

    def standardized(self, root: Tensor) -> Tensor:
        """Standardize the result of :meth:`root`."""
        if self.kind is None:
            return root
        return torch.addcmul(self.get_buffer("shift"), root, self.get_buffer("gain"))

    def forward(self, X: Tensor) -> Tensor:
        """Transform spectra of shape (n_samples, n_features)."""
        return self.standardized(self.root(X))


class DenseTrunk(nn.Module):
    """Identity on transformed spectra or, with templates, their inner products with these."""

    def __init__(self, n_features: int, n_templates: int = 0) -> None:
        super().__init__()
        self.n_features_out = n_templates or n_features
        if n_templates:
            self.register_buffer("templates", torch.zeros(n_templates, n_features))

    def forward(self, X: Tensor) -> Tensor:
        """Return features of shape (n_samples, n_features_out)."""
        return X @ self.get_buffer("templates").T if "templates" in self._buffers else X


class PatchConvolution(nn.Linear):
    """Convolution with windows that do not overlap, as a matrix product of patches.

    Much faster than a general convolution. Input and output have the channels last, shape
    (n_samples, width, n_channels), so that patches are views. The last patch is filled with zeros.

    `kernel_size`: width of the windows, and their step.
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
    """Stack of convolutions on transformed spectra, with flattened features.

    `n_features`: number of channels of the spectra. `padding`: zeros on both sides, one per layer;
    None: zeros at the end until the last window is whole. `pool_size`: width of the max-pooling
    after each activation; 1 for none. `activation`: a key of ``ACTIVATIONS``. `n_templates`: number
    of additional input channels: the spectrum times each template.
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


class Dropout(nn.Module):
    """Dropout that draws from a generator of its own, not from torch's global one.

    `share`: probability that a value is set to zero in training; 0: no dropout.
    """

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share
        self.seed = 0
        self.generator: torch.Generator | None = None

    def restart(self, seed: int) -> None:
        """Draw from this seed on."""
        self.seed, self.generator = seed, None

    def forward(self, X: Tensor) -> Tensor:
        """Return features of the shape of X, scaled by 1 / (1 - share) where kept."""
        if not self.training or self.share == 0:
            return X
        if self.generator is None:
            self.generator = torch.Generator(X.device).manual_seed(self.seed)
        kept = torch.empty_like(X).bernoulli_(1 - self.share, generator=self.generator)
        return X * kept / (1 - self.share)


def empty_linear(n_in: int, n_out: int) -> nn.Linear:
    """Return a dense layer without storage."""
    return nn.Linear(n_in, n_out, device=_UNSET)
