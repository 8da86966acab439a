"""The estimator around the network: validation, linear path, training, prediction."""

from __future__ import annotations

import time
from abc import abstractmethod
from numbers import Integral, Real
from typing import Any, ClassVar, Literal, Self

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, MultiOutputMixin, RegressorMixin
from sklearn.utils import check_random_state, column_or_1d
from sklearn.utils.validation import check_is_fitted, validate_data
from skorch import NeuralNetRegressor

from skxrf.exceptions import LineGroupError, SkxrfError
from skxrf.neural_network._augmentation import make_augmentation
from skxrf.neural_network._losses import LOSSES, Loss, WeightedLoss, weighted_targets
from skxrf.neural_network._modules import ACTIVATIONS, SpectrumNetwork, fill_buffers
from skxrf.neural_network._parameters import (
    available_device,
    checked_templates,
    device_or_cpu,
    integers,
)
from skxrf.neural_network._precision import Precision, prediction_function
from skxrf.neural_network._state import check_weights, fill_net, net_state, with_levels
from skxrf.neural_network._statistics import expected_errors, fit_statistics, weigh_residual
from skxrf.neural_network._training import (
    BatchIterator,
    SpectrumDataset,
    collect,
    numpy_dtype,
    train_network,
)
from skxrf.utils._sklearn import Interval, StrOptions, _fit_context


class BaseSpectrumRegressor(MultiOutputMixin, RegressorMixin, BaseEstimator):
    """Base of the network regressors: a :class:`skorch.NeuralNetRegressor`, built in ``fit``.

    Subclasses store the parameters named in ``_parameter_constraints`` and say in
    ``_architecture`` which layers they mean.
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "hidden_layer_sizes": ["array-like"],
        "activation": [StrOptions(set(ACTIVATIONS))],
        "linear_path": ["boolean"],
        "residual_share": [Interval(Real, 0, 1, closed="both")],
        "residual_levels": [Interval(Integral, 1, None, closed="left")],
        "input_transform": [StrOptions({"sqrt", "standard"}), None],
        "templates": ["array-like", None],
        "scale_outputs": ["boolean"],
        "loss": [StrOptions(set(LOSSES))],
        "thinning": [Interval(Real, 0, 1, closed="left")],
        "gain_jitter": [Interval(Real, 0, 0.2, closed="both")],
        "zero_jitter": [Interval(Real, 0, None, closed="left")],
        "injection": [Interval(Real, 0, 1, closed="both")],
        "rescaling": [Interval(Real, 0, 3, closed="both")],
        "line_templates": ["array-like", None],
        "augmented_share": [Interval(Real, 0, 1, closed="both")],
        "nonnegative": ["boolean"],
        "precision": [StrOptions({"auto", "float32", "bfloat16"})],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "learning_rate_schedule": [StrOptions({"one_cycle", "constant"})],
        "weight_decay": [Interval(Real, 0, None, closed="left")],
        "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "max_epochs": [Interval(Integral, 1, None, closed="left")],
        "max_time": [Interval(Real, 0, None, closed="neither"), None],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "warm_start": ["boolean"],
        "device": [str],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    hidden_layer_sizes: Any
    activation: str
    linear_path: bool
    residual_share: float
    residual_levels: int
    input_transform: Literal["sqrt", "standard"] | None
    templates: ArrayLike | None
    scale_outputs: bool
    loss: Loss
    thinning: float
    gain_jitter: float
    zero_jitter: float
    injection: float
    rescaling: float
    line_templates: ArrayLike | None
    augmented_share: float
    nonnegative: bool
    precision: Precision
    learning_rate: float
    learning_rate_schedule: str
    weight_decay: float
    batch_size: int | Literal["auto"]
    max_epochs: int
    max_time: float | None
    early_stopping: bool
    validation_fraction: float
    n_iter_no_change: int
    tol: float
    warm_start: bool
    device: str
    random_state: Any
    verbose: int | bool
    n_outputs_: int

    @abstractmethod
    def _architecture(self) -> dict[str, Any]:
        """Arguments of :class:`SpectrumNetwork` that the parameters of the subclass set."""

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Train the network.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_channels)
            Spectra [counts], or whatever a transformer made of them; negative values are fine.
            float64 is computed in float64, everything else in float32; counts become float
            batch by batch.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Labels, such as the net counts of line groups. The names of a DataFrame's columns
            become ``line_groups_``.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If X or y hold NaN or infinity, their lengths differ, or a parameter is not valid.
        SkxrfError
            If the loss stops being finite, or the device is not there.
        """
        return self._fit(X, y, incremental=False)

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Train for one epoch, at a constant learning rate, from where the network is.

        The first call fixes what depends on training statistics (the linear path, the expected
        errors, the input transform), so it should see representative spectra. There is no
        validation part, hence no early stopping, and the layers are used as they are, helpful
        or not.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_channels)
            Spectra, as for ``fit``.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Labels, as for ``fit``.

        Returns
        -------
        self
        """
        return self._fit(X, y, incremental=True)

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Predict labels, in batches of rows that bound the memory used.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_channels)
            Spectra.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Predictions: float64 for float64 spectra, else float32. 1-D if y was.
        """
        check_is_fitted(self)
        spectra = validate_data(self, X, dtype="numeric", reset=False)
        module, dtype = self.net_.module_, _compute_dtype(spectra)
        # Who asks in double precision wants exact numbers.
        precision = "float32" if dtype == np.float64 else self.precision
        predictions = collect(module, spectra, prediction_function(module, precision))
        if self.nonnegative:
            np.maximum(predictions, 0, out=predictions)
        predictions = predictions.astype(dtype, copy=False)
        return predictions.ravel() if self._y_is_1d else predictions

    def _fit(self, X: Any, y: Any, *, incremental: bool) -> Self:
        deadline = None if self.max_time is None else time.monotonic() + self.max_time
        continuing = (incremental or self.warm_start) and hasattr(self, "net_")
        line_groups = _line_groups(y)
        X, y = validate_data(
            self, X, y, dtype="numeric", multi_output=True, y_numeric=True, reset=not continuing
        )
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        self._set_outputs(y, line_groups, continuing)
        y = np.asarray(y.reshape(len(y), -1), dtype=np.float64)
        # A fit that goes on has the seed of its first fit, but must not repeat its orders.
        n_done = len(self.loss_curve_) if continuing else 0
        seed = check_random_state(self.random_state).randint(np.iinfo(np.int32).max)
        seeds = [int(s) for s in np.random.SeedSequence([seed, n_done]).generate_state(3)]
        train, valid = self._split(len(X), seed, incremental)
        augmentation = make_augmentation(X, y.shape[1], self)
        # The linear path, and what is chosen on held-out rows, are for the spectra to come:
        # one draw for them, other draws for every batch.
        X_drawn, y_drawn = X, y
        if augmentation is not None and (len(valid) or not continuing):
            X_drawn, y_drawn = augmentation.draw_whole(X, y, np.random.default_rng(seeds[2]))
        path = None
        if continuing:
            self._check_same_network()
        else:
            self._forget()
            self.net_ = self._make_net(X, y, seeds[0])
            self._statistics, path = fit_statistics(
                self.net_.module_,
                X_drawn,
                y_drawn,
                train,
                valid,
                scale_outputs=self.scale_outputs,
                loss=self.loss,
            )
        module = self.net_.module_
        error = expected_errors(module, self._statistics, X, y, self.loss)
        if self.linear_path:
            fill_buffers(module, residual_weight=np.ones(self.n_outputs_))
        error_drawn = error
        if X_drawn is not X:
            error_drawn = expected_errors(module, self._statistics, X_drawn, y_drawn, self.loss)
        dtype = numpy_dtype(next(module.parameters()).dtype)
        batches = SpectrumDataset(
            X, weighted_targets(y, self.loss, error).astype(dtype), dtype=dtype, rows=train
        )
        if augmentation is not None:
            batches.augmented = augmentation.of_targets(self.loss, self._statistics.slope)
        held_out = None
        if len(valid):
            targets = weighted_targets(y_drawn, self.loss, error_drawn).astype(dtype)
            held_out = SpectrumDataset(X_drawn, targets, dtype=dtype, rows=valid)
        self._train(batches, held_out, seeds[1], deadline, incremental)
        if self.linear_path and incremental:
            self.residual_weight_ = np.ones((self.residual_levels, self.n_outputs_))
        elif self.linear_path:
            self.residual_intensity_, self.residual_weight_ = weigh_residual(
                module, X_drawn, y_drawn, error_drawn, valid, self.residual_share
            )
        if path is not None:
            fill_buffers(module, **path.final._asdict())
            self.linear_strength_ = path.strength
        return self

    def _set_outputs(
        self, y: NDArray[Any], line_groups: list[str] | None, continuing: bool
    ) -> None:
        n_outputs = 1 if y.ndim == 1 else y.shape[1]
        if continuing:
            if n_outputs != self.n_outputs_:
                raise SkxrfError(
                    f"y has {n_outputs} outputs, but {type(self).__name__} was fitted with "
                    f"{self.n_outputs_}: fit a new one."
                )
            known: Any = getattr(self, "line_groups_", line_groups)
            if line_groups is not None and known != line_groups:
                raise LineGroupError(
                    f"the columns of y are {', '.join(line_groups)}, but "
                    f"{type(self).__name__} was fitted with {', '.join(known)}: "
                    "pass the same columns in the same order."
                )
            return
        self.n_outputs_ = n_outputs
        self._y_is_1d = y.ndim == 1
        if line_groups is not None:
            self.line_groups_ = line_groups
        elif hasattr(self, "line_groups_"):
            del self.line_groups_

    def _settings(self) -> dict[str, Any]:
        """Parameters that a fit which goes on must share with the first one."""
        return {
            "hidden_layer_sizes": integers(self.hidden_layer_sizes, "hidden_layer_sizes"),
            "activation": self.activation,
            "input_transform": self.input_transform,
            "linear_path": self.linear_path,
            "residual_levels": self.residual_levels,
            "scale_outputs": self.scale_outputs,
            "loss": self.loss,
            **self._architecture(),
        }

    def _check_same_network(self) -> None:
        settings = self._settings()
        changed = [name for name, value in settings.items() if self._fitted_settings[name] != value]
        if changed:
            raise SkxrfError(
                f"a network that was fitted with another {' and '.join(changed)} cannot go on with "
                "it: set warm_start=False and call fit."
            )

    def _forget(self) -> None:
        """Remove what an earlier fit left, and which this one may not set."""
        for name in ("linear_strength_", "residual_weight_", "residual_intensity_"):
            if hasattr(self, name):
                delattr(self, name)
        self.loss_curve_: list[float] = []
        self.validation_loss_curve_: list[float] = []

    def _split(
        self, n_samples: int, seed: int, incremental: bool
    ) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Training and validation rows, drawn at random: a scan's first rows are its top."""
        n_valid = round(self.validation_fraction * n_samples)
        if incremental or not (self.linear_path or self.early_stopping):
            n_valid = 0
        elif self.early_stopping:
            if n_samples < 2:
                raise SkxrfError(
                    "early_stopping=True needs samples to hold out, got 1 sample: pass more, "
                    "or early_stopping=False."
                )
            n_valid = max(n_valid, 1)
        n_valid = min(n_valid, n_samples - 1)
        order = np.random.default_rng(seed).permutation(n_samples)
        return np.sort(order[n_valid:]), np.sort(order[:n_valid])

    def _make_net(self, X: NDArray[Any], y: NDArray[Any], seed: int) -> NeuralNetRegressor:
        templates = checked_templates(self.templates, X.shape[1])
        self._fitted_settings = self._settings()
        net = self._empty_net(
            self._module_arguments(
                X.shape[1], y.shape[1], 0 if templates is None else len(templates), seed
            ),
            _compute_dtype(X),
            available_device(self.device),
            self.learning_rate,
            self.weight_decay,
        )
        if templates is not None:
            fill_buffers(net.module_.trunk, templates=templates)
        return net

    def _module_arguments(
        self, n_features: int, n_outputs: int, n_templates: int, seed: int | None
    ) -> dict[str, Any]:
        """Arguments of :class:`SpectrumNetwork` for the fitted settings."""
        arguments = {
            "n_features": n_features,
            "n_outputs": n_outputs,
            "n_templates": n_templates,
            "seed": seed,
            **self._fitted_settings,
        }
        # The loss is not the module's, nor the scale: that is filled in later.
        del arguments["loss"], arguments["scale_outputs"]
        return arguments

    def _empty_net(
        self,
        arguments: dict[str, Any],
        dtype: np.dtype[Any],
        device: str,
        learning_rate: float,
        weight_decay: float,
    ) -> NeuralNetRegressor:
        net = NeuralNetRegressor(
            SpectrumNetwork,
            **{f"module__{name}": value for name, value in arguments.items()},
            criterion=WeightedLoss,
            criterion__kind=self._fitted_settings["loss"],
            optimizer=torch.optim.AdamW,
            optimizer__lr=learning_rate,
            optimizer__weight_decay=weight_decay,
            optimizer__fused=torch.device(device).type in ("cpu", "cuda"),
            dataset=SpectrumDataset,
            dataset__dtype=dtype,
            iterator_train=BatchIterator,
            iterator_train__shuffle=True,
            iterator_valid=BatchIterator,
            train_split=None,
            callbacks="disable",
            device=device,
            verbose=0,
        ).initialize()
        net.module_.to(getattr(torch, dtype.name))
        return net

    # -- storing: pickle, copy and skxrf.persistence all go through these two

    def __getstate__(self) -> dict[str, Any]:
        """State in which the net is arrays and plain values (``_net_state``), not an object.

        Returns
        -------
        dict
            The attributes; ``net_`` is replaced by ``_net_state``, the weights as arrays and
            the settings that :meth:`__setstate__` builds the same net from.
        """
        state = dict(super().__getstate__())
        if "net_" in state:
            state["_net_state"] = net_state(state.pop("net_"))
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take a state over and build the net from its weights, on `device` where that exists.

        Predictions are those of the stored network bit for bit, and training goes on from where
        it was.

        Parameters
        ----------
        state : dict
            From :meth:`__getstate__`.

        Raises
        ------
        SkxrfError
            If the weights do not fit the settings; nothing large is made before they do.
        """
        # A network of an earlier version has none of what came later, and predicts as it did.
        defaults = type(self)().get_params(deep=False)
        earlier = {"precision": "float32", "residual_share": 1.0, "residual_levels": 1}
        state = {**defaults, **earlier, **state}
        stored = state.pop("_net_state", None)
        if stored is not None:
            stored, state = with_levels(stored, state)
        super().__setstate__(state)
        if stored is not None:
            self.net_ = self._stored_net(stored)

    def _stored_net(self, stored: dict[str, Any]) -> NeuralNetRegressor:
        weights = stored["weights"]
        n_templates = len(weights.get("trunk.templates", ()))
        sizes = int(self.n_features_in_), int(self.n_outputs_), n_templates
        with torch.device("meta"):
            outline = SpectrumNetwork(**self._module_arguments(*sizes, seed=None))
        check_weights(outline, weights)
        net = self._empty_net(
            self._module_arguments(*sizes, seed=int(stored["seed"])),
            next(iter(weights.values())).dtype,
            device_or_cpu(self.device),
            float(stored["learning_rate"]),
            float(stored["weight_decay"]),
        )
        fill_net(net, stored)
        return net

    def _train(
        self,
        train: SpectrumDataset,
        valid: SpectrumDataset | None,
        seed: int,
        deadline: float | None,
        incremental: bool,
    ) -> None:
        batch_size = _auto_batch_size(len(train)) if self.batch_size == "auto" else self.batch_size
        stopping = self.early_stopping and valid is not None
        training = train_network(
            self.net_,
            train,
            valid,
            epochs=1 if incremental else self.max_epochs,
            batch_size=min(batch_size, len(train)),
            learning_rate=self.learning_rate,
            one_cycle=self.learning_rate_schedule == "one_cycle" and not incremental,
            patience=(self.n_iter_no_change, self.tol) if stopping else None,
            deadline=deadline,
            seed=seed,
            verbose=bool(self.verbose),
        )
        self.loss_curve_ = self.loss_curve_ + training.curve
        self.validation_loss_curve_ = self.validation_loss_curve_ + training.validation_curve
        self.n_iter_ = len(self.loss_curve_)
        self.stopped_by_ = training.stopped_by


def _compute_dtype(X: NDArray[Any]) -> Any:
    """float64 for float64 (and wider), float32 for all else, counts included."""
    wide = X.dtype.kind == "f" and X.dtype.itemsize >= 8
    return np.dtype(np.float64 if wide else np.float32)


def _auto_batch_size(n_samples: int) -> int:
    """About 20 batches an epoch: enough steps for few spectra, good speed for many."""
    return int(2 ** np.clip(round(np.log2(max(n_samples, 1) / 20)), 4, 9))


def _line_groups(y: Any) -> list[str] | None:
    columns = getattr(y, "columns", None)
    if columns is None or not all(isinstance(name, str) for name in columns):
        return None
    return list(columns)
