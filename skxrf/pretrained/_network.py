"""A network of linear filters on raw counts whose read-out follows the spectrum it sees."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

__all__ = ["AdaptiveFilterNetwork"]

# Counts that the square-root input is scaled to: its noise is then that of a usual pixel.
_REFERENCE_COUNTS = 5000.0
# Logarithms of the least and greatest standard error, in units of photon noise.
_LEAST_SPREAD, _MOST_SPREAD = -1.0, 3.0
# Least total, so that an empty spectrum gives zeros and not NaN.
_LEAST_COUNTS = 1.0


class AdaptiveFilterNetwork(nn.Module):
    """Net intensities and their standard errors from one or several spectra of raw counts.

    The best unbiased estimate of net intensities is linear in the counts, with weights that
    depend on the expected spectrum: ``(T' W T)^-1 T' W n`` with ``W = 1 / mu`` (weighted least
    squares; McCullagh & Nelder 1989, Generalized Linear Models, ch. 2). So the network is a set
    of linear features of the raw counts, and a trunk of dense layers on the square roots of the
    normalised counts (whose noise is the same in every channel: Anscombe 1948, Biometrika 35,
    246) that sets how the features are read out, and adds what only a prior can know.

    Parameters
    ----------
    n_features : int
        Channels of one spectrum.
    n_outputs : int
        Line groups.
    n_components : int
        Components of a first fit of each spectrum, of which the first are the outputs.
    n_spectra : int
        Spectra of each sample: the pixel's own, and perhaps its neighbourhood's mean.
    n_filters : int
        Linear features of each spectrum.
    n_estimators : int
        Linear estimates that the trunk mixes.
    hidden : int
        Width of the trunk.
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
        n_spectra: int = 1,
        n_filters: int = 48,
        n_estimators: int = 32,
        hidden: int = 256,
    ) -> None:
        super().__init__()
        n_inputs = n_features * n_spectra
        self.register_buffer("shift", torch.zeros(n_inputs))
        self.register_buffer("gain", torch.ones(n_inputs))
        self.register_buffer("mean_shape", torch.zeros(n_features))
        self.register_buffer("channel_scale", torch.ones(n_features))
        self.register_buffer("unit", torch.ones(n_outputs))
        self.register_buffer("fit_unit", torch.ones(n_components))
        self.first = nn.Linear(n_inputs, hidden)
        self.of_fits = nn.Linear(n_components * n_spectra, hidden, bias=False)
        self.of_dose = nn.Linear(n_spectra, hidden, bias=False)
        self.second = nn.Linear(hidden, hidden)
        self.filters = nn.ModuleList(
            nn.Linear(n_features, n_filters, bias=False) for _ in range(n_spectra)
        )
        n_read = (n_components + n_filters) * n_spectra
        self.read_out = nn.Linear(n_read, n_outputs, bias=False)
        self.estimators = nn.Linear(n_read, n_estimators * n_outputs, bias=False)
        self.gates = nn.Linear(hidden, n_estimators)
        self.residual = nn.Linear(hidden, n_outputs)
        self.spread = nn.Linear(hidden, n_outputs)
        # At the start only the read-out speaks; the gates are random, so that both can learn.
        nn.init.zeros_(self.estimators.weight)
        for layer in (self.residual, self.spread):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, spectra: Tensor, fits: Tensor) -> tuple[Tensor, Tensor]:
        """Predict intensities and standard errors.

        Parameters
        ----------
        spectra : tensor of shape (n_samples, n_spectra, n_features)
            Counts >= 0.
        fits : tensor of shape (n_samples, n_spectra, n_components)
            First fits of them [counts].

        Returns
        -------
        intensity, error : tensor of shape (n_samples, n_outputs)
            Net counts, and their standard errors [counts].
        """
        total = spectra.sum(dim=2).clamp_min(_LEAST_COUNTS)
        root = torch.sqrt(spectra * (_REFERENCE_COUNTS / total)[:, :, None]).flatten(1)
        dose = total[:, :1].sqrt()
        standard_fits = (fits / (self.fit_unit * dose[:, :, None])).flatten(1)
        hidden = self.first(torch.addcmul(self.shift, root, self.gain))
        hidden = hidden + self.of_fits(torch.asinh(standard_fits))
        hidden = hidden + self.of_dose(torch.log(total / _REFERENCE_COUNTS))
        hidden = nn.functional.silu(hidden)
        hidden = nn.functional.silu(self.second(hidden)) + hidden
        gates = self.gates(hidden).float()
        residual = self.residual(hidden).float()
        spread = self.spread(hidden).float()
        # What is linear in the counts stays in single precision: a bright line is known to
        # better than the 8 bits of bfloat16.
        with torch.autocast(spectra.device.type, enabled=False):
            # Channels in units of their photon noise, less the mean shape: nothing is large.
            parts = [standard_fits]
            for i, filters in enumerate(self.filters):
                weight = cast(Tensor, filters.weight) * self.channel_scale
                mean = nn.functional.linear(self.mean_shape, weight)
                sums = nn.functional.linear(spectra[:, i], weight)
                parts.append((sums - total[:, i, None] * mean) / dose)
            features = torch.cat(parts, dim=1)
            several = self.estimators(features).view(len(spectra), gates.shape[1], -1)
            standard = self.read_out(features) + torch.einsum("nk,nkj->nj", gates, several)
            unit = self.unit * dose
            intensity = unit * (standard + residual)
            variance = unit.square() + intensity.detach().clamp_min(0)
            error = variance.sqrt() * torch.exp(spread.clamp(_LEAST_SPREAD, _MOST_SPREAD))
        return intensity, error

    @torch.no_grad()
    def start_as(self, single: AdaptiveFilterNetwork) -> None:
        """Take over a network of one spectrum, so that further spectra change nothing yet.

        Parameters
        ----------
        single : AdaptiveFilterNetwork
            Of the same shape, but for its one spectrum.
        """
        n_features, n_components = len(single.mean_shape), len(single.fit_unit)
        n_filters = len(cast(nn.Linear, single.filters[0]).weight)
        n_fits = len(self.fit_unit) * len(self.filters)
        for name in ("mean_shape", "channel_scale", "unit", "fit_unit"):
            getattr(self, name).copy_(getattr(single, name))
        for name in ("shift", "gain"):
            getattr(self, name)[:n_features] = getattr(single, name)
        for name in ("second", "gates", "residual", "spread"):
            getattr(self, name).load_state_dict(getattr(single, name).state_dict())
        self.filters[0].load_state_dict(single.filters[0].state_dict())
        self.first.bias.copy_(single.first.bias)
        for name, columns in (("first", n_features), ("of_fits", n_components), ("of_dose", 1)):
            weight = getattr(self, name).weight
            weight.zero_()
            weight[:, :columns] = getattr(single, name).weight
        # Features that are read out: fits of all spectra, then filters of all spectra.
        read = [*range(n_components), *range(n_fits, n_fits + n_filters)]
        for name in ("read_out", "estimators"):
            weight = getattr(self, name).weight
            weight.zero_()
            weight[:, read] = getattr(single, name).weight
