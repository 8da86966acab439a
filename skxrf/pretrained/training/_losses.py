"""Losses of intensities and of their standard errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

__all__ = ["Batch", "losses"]


class Batch(NamedTuple):
    """Spectra of a training step, as tensors.

    Attributes
    ----------
    spectra : tensor of shape (n, n_channels)
        Counts.
    fits : tensor of shape (n, n_components)
        Linear filter fits [counts].
    intensities : tensor of shape (n, n_groups)
        True net intensities [counts].
    variances : tensor of shape (n, n_groups)
        Their variances by photon noise alone [counts**2].
    """

    spectra: Tensor
    fits: Tensor
    intensities: Tensor
    variances: Tensor


@dataclass(frozen=True)
class LossWeights:
    """Numbers of the losses.

    Parameters
    ----------
    huber : float
        Errors beyond so many expected errors count linearly (pseudo-Huber).
    variance_factor : float
        Expected variance over that of a line whose shape and background are known: overlaps and
        background make errors larger.
    relative_error : float
        Share of an intensity that calibration and line ratios leave uncertain.
    faint : float
        Weight, in the loss of standard errors, of pixels with hardly any of an element.
    largest_ratio : float
        Squared error over squared standard error beyond which it does not count more.
    spread : float
        Weight of the loss of standard errors beside that of intensities.
    """

    huber: float = 3.0
    variance_factor: float = 1.2
    relative_error: float = 0.01
    faint: float = 0.02
    largest_ratio: float = 100.0
    spread: float = 0.2


_WEIGHTS = LossWeights()


def losses(
    intensity: Tensor, error: Tensor, batch: Batch, has_label: Tensor | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """Compare intensities with the truth, and standard errors with the errors made.

    Parameters
    ----------
    intensity, error : tensor of shape (n, n_groups)
        Output of the network.
    batch : Batch
        Spectra that it saw, and the truth.
    has_label : tensor of shape (n, n_groups), optional
        1 where the truth is known, else 0. Default: everywhere.

    Returns
    -------
    total, fit, spread : tensor of shape ()
        Loss to minimize; its part of intensities, in units of photon noise; its part of standard
        errors.
    """
    numbers = _WEIGHTS
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
