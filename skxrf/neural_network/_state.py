"""State of a trained net as arrays and plain values, and back."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from skorch import NeuralNetRegressor
from torch import nn

from skxrf.exceptions import SkxrfError


def net_state(net: NeuralNetRegressor) -> dict[str, Any]:
    """Take the weights, the seed and the optimizer's state of a net.

    Returns ``weights``: arrays by their names in the module, buffers included. ``seed``: int.
    ``weight_decay``, ``learning_rate``: float, of the optimizer. ``moments``: the optimizer's
    arrays by ``"<number of the parameter>.<name>"``.
    """
    optimizer = net.optimizer_.state_dict()
    group = optimizer["param_groups"][0]
    shapes = [parameter.shape for parameter in net.module_.parameters()]
    return {
        "weights": {name: _array(value) for name, value in net.module_.state_dict().items()},
        "seed": int(net.module__seed),
        "learning_rate": float(group["lr"]),
        "weight_decay": float(group.get("weight_decay", 0.0)),
        "moments": {
            f"{number}.{name}": _array(values[name])
            for number, values in optimizer["state"].items()
            for name in values
            if isinstance(values[name], torch.Tensor)
            and values[name].shape in ((), shapes[int(number)])
        },
    }


def check_weights(module: nn.Module, weights: dict[str, NDArray[Any]]) -> None:
    """Raise unless the arrays fit the module, whose own may lack storage.

    `module`: module that the weights should fit, such as one on torch's ``"meta"`` device.
    `weights`: as :func:`net_state` gives them.
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
    # Counters of a module of the user's are integers.
    dtypes = {array.dtype for array in map(np.asarray, weights.values()) if array.dtype.kind == "f"}
    if len(dtypes) != 1 or dtypes.pop() not in (np.float32, np.float64):
        raise SkxrfError("the weights of a network must all be float32, or all float64.")


def fill_net(net: NeuralNetRegressor, state: dict[str, Any]) -> None:
    """Fill a fresh net of the same architecture with stored weights and optimizer state.

    `net`: initialized; changed in place. `state`: from :func:`net_state`; its weights were checked
    by :func:`check_weights`.
    """
    net.module_.load_state_dict(
        {name: torch.tensor(array) for name, array in state["weights"].items()}
    )
    optimizer = net.optimizer_.state_dict()
    optimizer["param_groups"][0]["lr"] = float(state["learning_rate"])
    parameters = list(net.module_.parameters())
    for key, array in state["moments"].items():
        number, name = str(key).split(".")
        shape = tuple(parameters[int(number)].shape)
        # The step of AdamW is one number; other optimizers have others.
        fits = np.shape(array) == shape or (np.ndim(array) == 0 and not name.startswith("exp_"))
        if not fits or (name == "step" and np.ndim(array) > 0):
            raise SkxrfError(f"the optimizer's array {key} does not fit the network.")
        optimizer["state"].setdefault(int(number), {})[name] = torch.tensor(array)
    net.optimizer_.load_state_dict(optimizer)


def _array(value: torch.Tensor) -> NDArray[Any]:
    return value.detach().cpu().numpy().copy()
