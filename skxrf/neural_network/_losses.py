"""What the networks minimise: functions of the error in units of an expected error."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

Loss = Literal["poisson", "squared_error", "absolute_error", "scaled_absolute_error"]

LOSSES: tuple[Loss, ...] = ("poisson", "squared_error", "absolute_error", "scaled_absolute_error")


class WeightedLoss(nn.Module):
    """Mean over samples and outputs of a function of ``(prediction - label) / error``.

    Parameters
    ----------
    kind : str
        ``"poisson"``: pseudo-Huber, 2 (sqrt(1 + e^2) - 1), which is e^2 for errors below
        what is expected and 2 abs(e) far above; ``"squared_error"``: e^2; any other: abs(e).
    """

    def __init__(self, kind: Loss) -> None:
        super().__init__()
        self.kind = kind

    def forward(self, prediction: Tensor, target: Tensor) -> Tensor:
        """Return the loss; `target` of shape (n_samples, 2, n_outputs), see weighted_targets."""
        label, weight = target.unbind(1)
        error = (prediction - label) * weight
        if self.kind == "poisson":
            return 2 * (torch.sqrt(1 + error.square()) - 1).mean()
        if self.kind == "squared_error":
            return error.square().mean()
        return error.abs().mean()


def weighted_targets(
    y: NDArray[Any], kind: Loss, error: NDArray[Any] | float
) -> NDArray[np.floating[Any]]:
    """Labels beside the inverse of the expected errors.

    Parameters
    ----------
    y : ndarray of shape (n_samples, n_outputs)
        Labels.
    kind : str
        ``"scaled_absolute_error"`` takes sqrt(max(y, 0)) + 1 as the expected error, which for
        counts is the published networks' |prediction - y| / (sqrt(y) + 1) and is finite for
        every y; the others take `error`.
    error : float or ndarray that broadcasts to the shape of y
        Expected errors, above zero.

    Returns
    -------
    ndarray of shape (n_samples, 2, n_outputs), in the dtype of y
    """
    weight = inverse_errors(y, kind, error).astype(y.dtype)
    return np.stack([y, weight], axis=1)


def inverse_errors(y: NDArray[Any], kind: Loss, error: NDArray[Any] | float) -> NDArray[Any]:
    """Inverse of the errors that a loss expects of labels, of the shape of y.

    Parameters
    ----------
    y, kind, error
        As for :func:`weighted_targets`.

    Returns
    -------
    ndarray of shape (n_samples, n_outputs)
    """
    if kind == "scaled_absolute_error":
        error = np.sqrt(np.maximum(y, 0)) + 1
    return np.broadcast_to(1.0 / np.asarray(error), y.shape)
