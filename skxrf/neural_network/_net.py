"""skorch's net around a network on spectra: what ``net_`` of the estimators is."""

from __future__ import annotations

import inspect
from typing import Any

import torch
from skorch import NeuralNetRegressor
from skorch.callbacks import EpochTimer, PassthroughScoring
from skorch.utils import to_tensor
from torch import Tensor, nn

from skxrf.exceptions import SkxrfError
from skxrf.neural_network._batches import BatchIterator, SpectrumDataset
from skxrf.neural_network._callbacks import FiniteLoss, StopTraining
from skxrf.neural_network._losses import WeightedLoss
from skxrf.neural_network._modules import ResidualNetwork

# Names of the callbacks that are not the user's.
_OWN = {"epoch_timer", "train_loss", "valid_loss", "finite_loss"}
_OWN |= {"rate", "progress", "best", "time"}


class SpectrumNet(NeuralNetRegressor):
    """Net whose batches hold the inverse expected errors of the labels beside the spectra.

    A batch of plain spectra, as from ``net.partial_fit(X, y)``, gets the errors that the module
    expects.
    """

    @property
    def _default_callbacks(self) -> list[tuple[str, Any]]:
        return [
            ("epoch_timer", EpochTimer()),
            ("train_loss", PassthroughScoring(name="train_loss", on_train=True)),
            ("valid_loss", PassthroughScoring(name="valid_loss")),
            ("finite_loss", FiniteLoss()),
        ]

    def notify(self, method_name: str, **cb_kwargs: Any) -> None:
        """Call a method of all callbacks; a KeyboardInterrupt of the user's is early stopping.

        `method_name`: name of the method.
        """
        getattr(self, method_name)(self, **cb_kwargs)
        for name, callback in self.callbacks_:
            try:
                getattr(callback, method_name)(self, **cb_kwargs)
            except StopTraining:
                raise
            except KeyboardInterrupt as stop:
                if name in _OWN:
                    raise  # a real Ctrl-C
                raise StopTraining("callback") from stop

    def on_epoch_begin(self, net: Any, **kwargs: Any) -> None:
        """Start a row of the history; records of single batches are kept of the last epoch only."""
        super().on_epoch_begin(net, **kwargs)
        if len(self.history) > 1:
            self.history[-2]["batches"] = []

    def torch_compile(self, module: nn.Module, name: str) -> nn.Module:
        """Compile the module in place, so that its buffers and names stay what they are.

        `module`: the module or the criterion. `name`: which of the two. Returns the same object.
        """
        if self.compile and name == "module":
            module.compile(**self.get_params_for("compile"))
        return module

    def infer(self, x: Any, **fit_params: Any) -> Tensor:
        """Predict a batch.

        `x`: spectra, or a batch of :class:`SpectrumDataset`. Returns (n_rows, n_outputs).
        """
        parts = x if isinstance(x, dict) else {"spectra": x}
        given = {
            name: to_tensor(parts[name], device=self.device)
            for name in ("spectra", "linear")
            if name in parts
        }
        module: Any = self.module_
        # Under torch.autocast the layers may return less than the labels' precision.
        found: Tensor = module(*given.values())
        return found.to(next(module.parameters()).dtype)

    def get_loss(self, y_pred: Tensor, y_true: Any, X: Any = None, training: bool = False) -> Any:
        """Return the loss of a batch.

        `y_pred`, `y_true` (n_rows, n_outputs): predictions and labels. `X`: spectra, or a batch of
        :class:`SpectrumDataset`. Returns one number.
        """
        label = to_tensor(y_true, device=self.device).to(y_pred.dtype).reshape(y_pred.shape)
        weight = None
        if isinstance(X, dict):
            inverse_error = to_tensor(X["inverse_error"], device=self.device)
            if "weight" in X:
                weight = to_tensor(X["weight"], device=self.device)
        else:
            inverse_error = self._inverse_error(to_tensor(X, device=self.device))
        if isinstance(self.criterion_, WeightedLoss):
            return self.criterion_(y_pred, label, inverse_error, weight)
        loss = self.criterion_(y_pred * inverse_error, label * inverse_error)
        if weight is None:
            return loss.mean()
        if loss.shape != weight.shape:
            raise SkxrfError(
                f"the criterion {type(self.criterion_).__name__} returned the shape "
                f"{tuple(loss.shape)}: with sample_weight, or with labels that are NaN, it must "
                f"return one value a label, {tuple(weight.shape)}, as with reduction='none'."
            )
        return (loss * weight).mean()

    def _inverse_error(self, X: Tensor) -> Tensor:
        module: ResidualNetwork = self.module_
        with torch.no_grad():
            if not module.linear_path:
                return 1.0 / module.get_buffer("gain")
            spectra = X.to(module.get_buffer("coef").dtype)
            return 1.0 / module.expected_error(module.linear(spectra))


def make_net(
    module: type[ResidualNetwork],
    arguments: dict[str, Any],
    *,
    loss: str,
    dtype: Any,
    device: str,
    learning_rate: float,
    weight_decay: float,
    skorch: dict[str, Any],
) -> SpectrumNet:
    """Make an initialized net.

    - `module`: class of the network.
    - `arguments`: arguments of its constructor.
    - `loss`: name of the loss, where `skorch` has no criterion.
    - `dtype`: data type to compute in.
    - `device`: name of the device to compute on.
    - `learning_rate`, `weight_decay`: of the optimizer; the weight decay of the default one alone.
    - `skorch`: other parameters of ``skorch.NeuralNetRegressor``.
    """
    skorch = dict(skorch)
    skorch.pop("train_split", None)
    optimizer = skorch.pop("optimizer", None)
    criterion = skorch.pop("criterion", None)
    settings: dict[str, Any] = {"optimizer__lr": learning_rate}
    if optimizer is None:
        optimizer = torch.optim.AdamW
        settings["optimizer__weight_decay"] = weight_decay
        settings["optimizer__fused"] = torch.device(device).type in ("cpu", "cuda")
    if criterion is None:
        criterion = WeightedLoss
        settings["criterion__kind"] = loss
    elif "reduction" in inspect.signature(criterion).parameters:
        settings["criterion__reduction"] = "none"
    net: SpectrumNet = SpectrumNet(
        module,
        **{f"module__{name}": value for name, value in arguments.items()},
        criterion=criterion,
        optimizer=optimizer,
        dataset=SpectrumDataset,
        dataset__dtype=dtype,
        iterator_train=BatchIterator,
        iterator_train__shuffle=True,
        iterator_valid=BatchIterator,
        train_split=None,
        device=device,
        verbose=0,
        **{**settings, **skorch},
    ).initialize()
    net.module_.to(getattr(torch, dtype.name))
    return net
