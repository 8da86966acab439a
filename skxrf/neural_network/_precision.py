"""Prediction with the most expensive layers in bfloat16."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor

from skxrf.neural_network._modules import ResidualNetwork, SpectrumNetwork
from skxrf.utils.processor import has_bfloat16

Precision = Literal["auto", "float32", "bfloat16"]


def prediction_function(
    module: ResidualNetwork, precision: Precision
) -> Callable[[Tensor], Tensor]:
    """Return the function that predicts a batch of spectra.

    The trunk and the dense layers before the signals join are computed in bfloat16. The linear
    path, which gives the intensity of bright lines, the input transform and the last layers keep
    single precision: the rounding of bfloat16 (8 bits) is then a small part of the correction,
    which is in units of the expected error.

    `module`: in float64, or a module of the user's, it is never computed in bfloat16; with
    ``"auto"`` neither without a linear path. `precision` {"auto", "float32", "bfloat16"}:
    ``"auto"``: bfloat16 on a CPU that has instructions for it. Returns a function
    from a tensor of shape (n_rows, n_features) to one of shape (n_rows, n_outputs).
    """
    weights = next(module.parameters())
    fast = precision == "bfloat16" or (
        precision == "auto"
        and module.linear_path
        and weights.device.type == "cpu"
        and has_bfloat16()
    )
    if not (fast and isinstance(module, SpectrumNetwork)) or weights.dtype != torch.float32:
        return module
    trunk = copy.deepcopy(module.trunk).bfloat16()
    dense = copy.deepcopy(module.layers[: module.joining]).bfloat16()

    def predict(X: Tensor) -> Tensor:
        hidden = trunk(module.transform(X).bfloat16())
        for layer in dense:
            hidden = module.activation(layer(hidden))
        linear = module.linear(X) if module.linear_path else None
        return module.read_out(linear, hidden.float())

    return predict
