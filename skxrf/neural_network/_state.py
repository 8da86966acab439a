"""A trained net as arrays and plain values, and back: what is stored of it, and nothing else."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from skorch import NeuralNetRegressor
from torch import nn

from skxrf.exceptions import SkxrfError

# What AdamW keeps for each parameter: a fit that goes on starts from it.
_MOMENTS = ("step", "exp_avg", "exp_avg_sq")


def net_state(net: NeuralNetRegressor) -> dict[str, Any]:
    """Take what makes a net this net.

    Parameters
    ----------
    net : NeuralNetRegressor
        Initialized.

    Returns
    -------
    dict
        ``weights``: arrays by their names in the module, buffers included. ``seed``: int.
        ``weight_decay``, ``learning_rate``: float, the optimiser's. ``moments``: the
        optimiser's arrays by ``"<number of the parameter>.<name>"``.
    """
    optimizer = net.optimizer_.state_dict()
    group = optimizer["param_groups"][0]
    return {
        "weights": {name: _array(value) for name, value in net.module_.state_dict().items()},
        "seed": int(net.module__seed),
        "learning_rate": float(group["lr"]),
        "weight_decay": float(group["weight_decay"]),
        "moments": {
            f"{number}.{name}": _array(values[name])
            for number, values in optimizer["state"].items()
            for name in _MOMENTS
        },
    }


def check_weights(module: nn.Module, weights: dict[str, NDArray[Any]]) -> None:
    """Raise unless the arrays are those of the module, whose own may lack storage.

    Parameters
    ----------
    module : Module
        What the weights should fit, such as one on torch's ``"meta"`` device.
    weights : dict of str to ndarray
        As :func:`net_state` gives them.
    """
    expected = {name: tuple(value.shape) for name, value in module.state_dict().items()}
    found = {str(name): np.shape(array) for name, array in weights.items()}
    if found != expected:
        wrong = sorted(
            name for name in {*found, *expected} if found.get(name) != expected.get(name)
        )
        raise SkxrfError(
            f"the weights do not fit the network: {wrong[0]} has the shape "
            f"{found.get(wrong[0], 'of nothing')}, expected {expected.get(wrong[0], 'no such')}."
        )
    dtypes = {np.asarray(array).dtype for array in weights.values()}
    if len(dtypes) != 1 or dtypes.pop() not in (np.float32, np.float64):
        raise SkxrfError("the weights of a network must all be float32, or all float64.")


def fill_net(net: NeuralNetRegressor, state: dict[str, Any]) -> None:
    """Give a fresh net of the same architecture the weights and the optimiser's arrays.

    Parameters
    ----------
    net : NeuralNetRegressor
        Initialized; changed in place.
    state : dict
        From :func:`net_state`; its weights were checked by :func:`check_weights`.
    """
    net.module_.load_state_dict(
        {name: torch.tensor(array) for name, array in state["weights"].items()}
    )
    optimizer = net.optimizer_.state_dict()
    optimizer["param_groups"][0]["lr"] = float(state["learning_rate"])
    parameters = list(net.module_.parameters())
    for key, array in state["moments"].items():
        number, name = str(key).split(".")
        shape = () if name == "step" else parameters[int(number)].shape
        if name not in _MOMENTS or np.shape(array) != tuple(shape):
            raise SkxrfError(f"the optimiser's array {key} does not fit the network.")
        optimizer["state"].setdefault(int(number), {})[name] = torch.tensor(array)
    net.optimizer_.load_state_dict(optimizer)


def with_levels(
    stored: dict[str, Any], state: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Bring a network that was stored with one weight of its layers for all intensities up to date.

    Parameters
    ----------
    stored : dict
        From :func:`net_state`, of this version or an earlier one; not changed.
    state : dict
        The other attributes of the estimator; not changed.

    Returns
    -------
    stored, state : dict
        The same network with one level of weights, which predicts bit for bit as it did. Those
        given if they are of this version.
    """
    settings = dict(state["_fitted_settings"])
    if "residual_levels" in settings:
        return stored, state
    settings["residual_levels"] = 1
    weights = dict(stored["weights"])
    if "residual_weight" in weights:
        weight = np.atleast_2d(weights["residual_weight"])
        weights.update(residual_weight=weight, residual_levels=np.zeros_like(weight))
    state = {**state, "_fitted_settings": settings}
    if "residual_weight_" in state:
        state["residual_weight_"] = np.atleast_2d(state["residual_weight_"])
    return {**stored, "weights": weights}, state


def _array(value: torch.Tensor) -> NDArray[Any]:
    return value.detach().cpu().numpy().copy()
