"""Losses of the networks: functions of the error in units of an expected error."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

Loss = Literal["poisson", "squared_error", "absolute_error", "scaled_absolute_error"]

# The last one is that of the published networks.
LOSSES: tuple[Loss, ...] = ("poisson", "squared_error", "absolute_error", "scaled_absolute_error")


class WeightedLoss(nn.Module):
    """Mean over samples and outputs of a function of ``e = (prediction - label) / error``.

    `kind`: ``"poisson"``: pseudo-Huber, 2 (sqrt(1 + e^2) - 1), which is e^2 for errors below the
    expected one and 2 abs(e) far above; ``"squared_error"``: e^2; any other: abs(e).
    """

    def __init__(self, kind: Loss) -> None:
        super().__init__()
        self.kind = kind

    def forward(
        self,
        prediction: Tensor,
        label: Tensor,
        inverse_error: Tensor | float = 1.0,
        weight: Tensor | None = None,
    ) -> Tensor:
        """Return the loss, weighted by `weight` where given; all of shape (n_samples, n_outputs)."""
        error = (prediction - label) * inverse_error
        if self.kind == "poisson":
            if weight is None:
                return 2 * (torch.sqrt(1 + error.square()) - 1).mean()
            values = 2 * (torch.sqrt(1 + error.square()) - 1)
        else:
            values = error.square() if self.kind == "squared_error" else error.abs()
        return values.mean() if weight is None else (values * weight).mean()


def inverse_errors(y: NDArray[Any], kind: Loss, error: NDArray[Any] | float) -> NDArray[Any]:
    """Inverse of the errors that a loss expects of labels.

    `y` (n_samples, n_outputs): labels. `kind`: ``"scaled_absolute_error"`` takes sqrt(max(y, 0)) +
    1 as the expected error, which for counts is the published networks' |prediction - y| / (sqrt(y)
    + 1) and is finite for every y; the others take `error`. `error`: expected errors, above zero.
    Returns (n_samples, n_outputs).
    """
    if kind == "scaled_absolute_error":
        error = np.sqrt(np.maximum(y, 0)) + 1
    return np.broadcast_to(1.0 / np.asarray(error), y.shape)
