"""Losses of intensities and of their standard errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor


class Batch(NamedTuple):
    """Spectra of a training step, as tensors."""

    spectra: Tensor  # (n, n_channels): counts
    fits: Tensor  # (n, n_components): linear filter fits [counts]
    intensities: Tensor  # (n, n_groups): true net intensities [counts]
    variances: Tensor  # (n, n_groups): their variances by photon noise alone [counts**2]


@dataclass(frozen=True)
class LossWeights:
    """Numbers of the losses."""

    huber: float = 3.0  # errors beyond so many expected errors count linearly (pseudo-Huber)
    variance_factor: float = 1.2
    """Expected variance over that of a line whose shape and background are known: overlaps and
    background make errors larger."""
    relative_error: float = 0.01
    """Share of an intensity that calibration and line ratios leave uncertain."""
    faint: float = 0.02
    """Weight, in the loss of standard errors, of pixels with hardly any of an element."""
    largest_ratio: float = 100.0
    """Squared error over squared standard error beyond which it does not count more."""
    spread: float = 0.2  # weight of the loss of standard errors beside that of intensities


def losses(
    intensity: Tensor, error: Tensor, batch: Batch, has_label: Tensor | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """Compare intensities with the truth, and standard errors with the errors made.

    `intensity`, `error` (n, n_groups): output of the network. `batch`: spectra that it saw, and the
    truth. `has_label` (n, n_groups): 1 where the truth is known, else 0. Default: everywhere.
    Returns `total`, `fit`, `spread` (): loss to minimize; its part of intensities, in units of
    photon noise; its part of standard errors.
    """
    numbers = LossWeights
    uncertain = (numbers.relative_error * batch.intensities).square()
    weight = 1 / (numbers.variance_factor * batch.variances + uncertain + 1)
    if has_label is not None:
        weight = weight * has_label
    difference = intensity - batch.intensities
    squares = difference.square() * weight
    fit = 2 * numbers.huber**2 * (torch.sqrt(1 + squares / numbers.huber**2) - 1).mean()
    ratio = (difference.detach() / error).square().clamp_max(numbers.largest_ratio)
    # Standard errors are compared in pixels that contain the element: more than two of them.
    bright = (batch.intensities > 2 * error.detach()).float()
    counted = (bright + numbers.faint) * (weight > 1e-8)
    spread = (counted * (torch.log(error / batch.variances.add(1).sqrt()) + ratio / 2)).mean()
    return fit + numbers.spread * spread, fit, spread
