"""Prediction with the layers that cost most in bfloat16, the rest as it is."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor

from skxrf.neural_network._modules import SpectrumNetwork

__all__ = ["Precision", "prediction_function"]

Precision = Literal["auto", "float32", "bfloat16"]


def prediction_function(
    module: SpectrumNetwork, precision: Precision
) -> Callable[[Tensor], Tensor]:
    """Return what predicts a batch of spectra.

    In bfloat16 are the products of the trunk and of the dense layers before those that see the
    linear estimates. The linear path, which a bright line's intensity comes from, the input
    transform and the last layers keep single precision: what bfloat16's 8 bits cost is then a
    small part of the layers' contribution, which is in units of the expected error.

    Parameters
    ----------
    module : SpectrumNetwork
        A float64 one is never used in bfloat16, nor with ``"auto"`` one without linear path.
    precision : {"auto", "float32", "bfloat16"}
        ``"auto"``: bfloat16 on a CPU that has instructions for it.

    Returns
    -------
    callable
        From a tensor of shape (n_rows, n_features) to one of shape (n_rows, n_outputs).
    """
    weights = next(module.parameters())
    fast = precision == "bfloat16" or (
        precision == "auto"
        and module.linear_path
        and weights.device.type == "cpu"
        and has_bfloat16()
    )
    if not fast or weights.dtype != torch.float32:
        return module
    trunk = copy.deepcopy(module.trunk).bfloat16()
    dense = copy.deepcopy(module.layers[: module.joining]).bfloat16()

    def predict(X: Tensor) -> Tensor:
        hidden = trunk(module.transform(X).bfloat16())
        for layer in dense:
            hidden = module.activation(layer(hidden))
        return module.read_out(X, hidden.float())

    return predict


def has_bfloat16() -> bool:
    """Whether the CPU multiplies bfloat16 numbers by instructions of its own."""
    found = torch.cpu.get_capabilities()
    return any(found.get(name, False) for name in ("avx512_bf16", "amx_bf16"))
