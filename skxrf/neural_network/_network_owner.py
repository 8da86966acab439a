"""Network of an estimator: made from its parameters, continued, stored and restored."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from skxrf.exceptions import SkxrfError
from skxrf.neural_network._modules import ResidualNetwork, SpectrumNetwork, WrappedNetwork
from skxrf.neural_network._net import SpectrumNet, make_net
from skxrf.neural_network._older_models import migrated
from skxrf.neural_network._parameters import available_device, device_or_cpu
from skxrf.neural_network._residual_weight import EVIDENCE
from skxrf.neural_network._skorch_parameters import SkorchParameters
from skxrf.neural_network._state import check_weights, fill_net, net_state


class NetworkOwner(SkorchParameters):
    """Estimator with a network in ``net_``, made from the parameters at the time of ``fit``."""

    linear_path: bool
    input_transform: Any
    loss: Any
    learning_rate: float
    weight_decay: float = 1.0  # of models that were stored without it
    device: str | torch.device
    n_features_in_: int
    n_outputs_: int
    loss_curve_: list[float]
    validation_loss_curve_: list[float]

    @property
    def _network(self) -> type[ResidualNetwork]:
        return SpectrumNetwork if self._own_module() is None else WrappedNetwork

    def _architecture(self, n_features: int) -> dict[str, Any]:
        """Arguments of a built-in network that the parameters of the subclass set."""
        raise NotImplementedError

    def _continue(self) -> None:
        """Take over parameters that may change from one fit to the next, refuse others."""
        found = {
            **self._present_module_settings(int(self.n_features_in_)),
            **self._present_training_settings(),
            "device": str(available_device(self.device)),
        }
        fitted = {
            **self._module_settings,
            **self._training_settings,
            "device": str(self.net_.device),
        }
        # Networks of earlier versions may have other levels and input channels.
        adjustable = {"dropout", "n_residual_weights", "channels_summed"}
        names = [*fitted, *(name for name in found if name not in fitted)]
        changed = [
            name
            for name in names
            if name not in adjustable and not _same(found.get(name), fitted.get(name))
        ]
        if changed:
            raise SkxrfError(
                f"a network that was fitted with another {' and '.join(changed)} cannot go on with "
                "it: set warm_start=False and call fit."
            )
        module = self.net_.module_
        if "dropout" in found:
            self._module_settings["dropout"] = module.dropout.share = found["dropout"]
        if "optimizer" not in found:
            for group in self.net_.optimizer_.param_groups:
                group["weight_decay"] = self._decay()
        self.net_.callbacks = self._skorch().get("callbacks")

    def _present_module_settings(self, n_features: int) -> dict[str, Any]:
        """Arguments of the network but for its sizes and seed."""
        return {
            "input_transform": self.input_transform,
            "linear_path": self.linear_path,
            "n_residual_weights": EVIDENCE.n_levels,
            **(self._own_module() or self._architecture(n_features)),
        }

    def _present_training_settings(self) -> dict[str, Any]:
        """Settings of the training that a fit which continues must share with the first one."""
        own = {"callbacks", "train_split", "optimizer__lr"}
        if "optimizer" not in self._skorch():
            own.add("optimizer__weight_decay")
        skorch = {
            name: value
            for name, value in self._skorch().items()
            if name not in own and not name.startswith(("callbacks__", "module"))
        }
        return {"loss": self.loss, **skorch}

    def _empty_net(
        self,
        sizes: dict[str, Any],
        dtype: np.dtype[Any],
        device: str,
        *,
        with_callbacks: bool = True,
        **rates: float,
    ) -> SpectrumNet:
        skorch = {name: v for name, v in self._skorch().items() if not name.startswith("module")}
        # The settings of the fit, which parameters that were set after it are not.
        fitted = dict(self._training_settings)
        loss = fitted.pop("loss")
        known = {name for name in skorch if name.startswith(("callbacks", "train_split"))}
        known = known if with_callbacks else set()
        return make_net(
            self._network,
            {"n_outputs": self.n_outputs_, **sizes, **self._module_settings},
            loss=loss,
            dtype=dtype,
            device=device,
            learning_rate=rates.get("learning_rate", self._rate()),
            weight_decay=rates.get("weight_decay", self._decay()),
            skorch={**{name: skorch[name] for name in known}, **fitted},
        )

    def _rate(self) -> float:
        return float(self._skorch().get("optimizer__lr", self.learning_rate))

    def _decay(self) -> float:
        return float(self._skorch().get("optimizer__weight_decay", self.weight_decay))

    # -- storing: pickle, copy and skxrf.persistence all use these two

    def __getstate__(self) -> dict[str, Any]:
        """State in which the net is arrays and plain values (``_net_state``), not an object.

        Returns the attributes; ``net_`` is replaced by ``_net_state``, the weights as arrays and
        the settings that :meth:`__setstate__` builds the same net from.
        """
        state = dict(super().__getstate__())
        if "net_" in state:
            state["_net_state"] = net_state(state.pop("net_"))
        if isinstance(state.get("device"), torch.device):
            state["device"] = str(state["device"])
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore a state and build the net from its weights, on `device` where that exists.

        Predictions are those of the stored network bit for bit, and training continues from
        where it was.

        `state`: from :meth:`__getstate__`, of this version or an earlier one.
        """
        state = {**self._defaults(), **migrated(state)}
        stored = state.pop("_net_state", None)
        super().__setstate__(state)
        if stored is not None:
            self.net_ = self._stored_net(stored)

    @classmethod
    def _defaults(cls) -> dict[str, Any]:
        """Defaults of the parameters, for those that an earlier version did not have."""
        constructor: Any = cls
        defaults: dict[str, Any] = constructor().get_params(deep=False)
        return defaults

    def _stored_net(self, stored: dict[str, Any]) -> SpectrumNet:
        weights = stored["weights"]
        sizes = {"n_features": int(self.n_features_in_), "seed": None}
        arguments = {"n_outputs": self.n_outputs_, **sizes, **self._module_settings}
        with torch.device("meta"):
            outline = self._network(**arguments)
        check_weights(outline, weights)
        net = self._empty_net(
            {**sizes, "seed": int(stored["seed"])},
            next(array.dtype for array in weights.values() if array.dtype.kind == "f"),
            device_or_cpu(self.device),
            learning_rate=float(stored["learning_rate"]),
            weight_decay=float(stored["weight_decay"]),
        )
        fill_net(net, stored)
        valid = list(self.validation_loss_curve_)
        for epoch, loss in enumerate(self.loss_curve_):
            net.history.new_epoch()
            net.history.record("epoch", epoch + 1)
            net.history.record("train_loss", loss)
            if epoch < len(valid):
                net.history.record("valid_loss", valid[epoch])
        return net


def _same(first: Any, second: Any) -> bool:
    if isinstance(first, np.ndarray) or isinstance(second, np.ndarray):
        return np.array_equal(first, second)
    return bool(first == second)
