"""The shipped network as it is trained: linear filters whose read-out follows the spectrum."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from skxrf.pretrained._weights import NetworkScales, Weights

_SCALES = NetworkScales()


class AdaptiveFilterNetwork(nn.Module):
    """Net intensities and their standard errors from spectra of raw counts.

    The best unbiased estimate of net intensities is linear in the counts, with weights that
    depend on the expected spectrum: ``(T' W T)^-1 T' W n`` with ``W = 1 / mu`` (weighted least
    squares; McCullagh & Nelder 1989, Generalized Linear Models, ch. 2). So the network is a set
    of linear features of the raw counts, and a trunk of dense layers on the square roots of the
    normalized counts (whose noise is the same in every channel: Anscombe 1948, Biometrika 35,
    246) that sets how the features are read out, and adds what only a prior can supply.
    ``skxrf.pretrained._weights.network_outputs`` is the same formula in numpy.

    `n_features`: channels of a spectrum. `n_components`: components of the linear filter fit of a
    spectrum, of which the first are the outputs. `n_estimators`: linear estimates that the trunk
    mixes. `hidden`: width of the trunk.
    """

    shift: Tensor
    gain: Tensor
    mean_shape: Tensor
    channel_scale: Tensor
    unit: Tensor
    fit_unit: Tensor

    def __init__(
        self,
        n_features: int,
        n_outputs: int,
        n_components: int,
        n_filters: int = 48,
        n_estimators: int = 32,
        hidden: int = 256,
    ) -> None:
        super().__init__()
        self.register_buffer("shift", torch.zeros(n_features))
        self.register_buffer("gain", torch.ones(n_features))
        self.register_buffer("mean_shape", torch.zeros(n_features))
        self.register_buffer("channel_scale", torch.ones(n_features))
        self.register_buffer("unit", torch.ones(n_outputs))
        self.register_buffer("fit_unit", torch.ones(n_components))
        self.first = nn.Linear(n_features, hidden)
        self.of_fits = nn.Linear(n_components, hidden, bias=False)
        self.of_dose = nn.Linear(1, hidden, bias=False)
        self.second = nn.Linear(hidden, hidden)
        # In a list of one, as files of weights name it.
        self.filters = nn.ModuleList([nn.Linear(n_features, n_filters, bias=False)])
        n_read = n_components + n_filters
        self.read_out = nn.Linear(n_read, n_outputs, bias=False)
        self.estimators = nn.Linear(n_read, n_estimators * n_outputs, bias=False)
        self.gates = nn.Linear(hidden, n_estimators)
        self.residual = nn.Linear(hidden, n_outputs)
        self.spread = nn.Linear(hidden, n_outputs)
        # At the start only the read-out contributes; the gates are random, so that both can learn.
        nn.init.zeros_(self.estimators.weight)
        for layer in (self.residual, self.spread):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    @property
    def filter_weight(self) -> Tensor:
        """Weights of the learned linear features, of shape (n_filters, n_features)."""
        return cast(Tensor, self.filters[0].weight)

    def forward(self, spectra: Tensor, fits: Tensor) -> tuple[Tensor, Tensor]:
        """Predict intensities and standard errors.

        `spectra` (n_samples, n_features): counts >= 0. `fits` (n_samples, n_components): linear
        filter fits of them [counts]. Returns `intensity`, `error` (n_samples, n_outputs): net
        counts, and their standard errors [counts].
        """
        total = spectra.sum(dim=1, keepdim=True).clamp_min(_SCALES.least_counts)
        dose = total.sqrt()
        root = torch.sqrt(spectra * (_SCALES.reference_counts / total))
        standard_fits = fits / (self.fit_unit * dose)
        hidden = self.first(torch.addcmul(self.shift, root, self.gain))
        hidden = hidden + self.of_fits(torch.asinh(standard_fits))
        hidden = hidden + self.of_dose(torch.log(total / _SCALES.reference_counts))
        hidden = nn.functional.silu(hidden)
        hidden = nn.functional.silu(self.second(hidden)) + hidden
        gates = self.gates(hidden).float()
        residual = self.residual(hidden).float()
        spread = self.spread(hidden).float()
        # Parts linear in the counts stay in single precision: a bright line is known to
        # better than the 8 bits of bfloat16.
        with torch.autocast(spectra.device.type, enabled=False):
            # Channels in units of their photon noise, less the mean shape: nothing is large.
            weight = self.filter_weight * self.channel_scale
            mean = nn.functional.linear(self.mean_shape, weight)
            learned = (nn.functional.linear(spectra, weight) - total * mean) / dose
            features = torch.cat([standard_fits, learned], dim=1)
            several = self.estimators(features).view(len(spectra), gates.shape[1], -1)
            standard = self.read_out(features) + torch.einsum("nk,nkj->nj", gates, several)
            unit = self.unit * dose
            intensity = unit * (standard + residual)
            variance = unit.square() + intensity.detach().clamp_min(0)
            error = variance.sqrt() * torch.exp(spread.clamp(*_SCALES.log_errors))
        return intensity, error


def network_of(weights: Weights) -> AdaptiveFilterNetwork:
    """Build the network of trained weights, in evaluation mode and on the CPU."""
    arrays = weights.arrays
    n_filters, n_features = arrays["filters.0.weight"].shape
    n_estimators, hidden = arrays["gates.weight"].shape
    network = AdaptiveFilterNetwork(
        n_features,
        n_outputs=arrays["unit"].size,
        n_components=arrays["fit_unit"].size,
        n_filters=n_filters,
        n_estimators=n_estimators,
        hidden=hidden,
    )
    network.load_state_dict({name: torch.tensor(array) for name, array in arrays.items()})
    return network.eval().requires_grad_(False)


def weights_of(
    network: AdaptiveFilterNetwork,
    description: dict[str, Any],
    *,
    error_scale: NDArray[np.floating] | None = None,
) -> Weights:
    """Copy the weights of a network.

    `description`: recipe and versions, of plain values. `error_scale` (n_groups,): factors of the
    standard errors. Default: ones.
    """
    arrays = {
        name: tensor.detach().float().cpu().numpy().copy()
        for name, tensor in network.state_dict().items()
    }
    if error_scale is None:
        error_scale = np.ones(len(network.unit))
    return Weights(arrays, np.asarray(error_scale, np.float32), description)
