"""Base of the network regressors: fit, predict, score, and how they are stored."""

from __future__ import annotations

import copy
import dataclasses
import functools
import time
from numbers import Integral, Real
from typing import Any, ClassVar, Literal, Self

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.base import MultiOutputMixin
from sklearn.utils.validation import check_is_fitted

from skxrf.neural_network._augmentation import SpectrumAugmentation
from skxrf.neural_network._batches import SpectrumDataset, collect, numpy_dtype, roots_of
from skxrf.neural_network._cross_fit import cross_fit
from skxrf.neural_network._fit_plan import FitPlan
from skxrf.neural_network._fit_planner import FitPlanner
from skxrf.neural_network._linear_path import LinearPath
from skxrf.neural_network._losses import LOSSES, Loss, inverse_errors
from skxrf.neural_network._modules import ResidualNetwork, fill_buffers
from skxrf.neural_network._parameters import available_device
from skxrf.neural_network._precision import Precision, prediction_function
from skxrf.neural_network._statistics import (
    HeldOut,
    expected_errors,
    fit_statistics,
    predict_held_out,
    weigh_residual,
)
from skxrf.neural_network._training import TrainingSettings, train_network
from skxrf.utils._sklearn import Interval, StrOptions, _fit_context
from skxrf.utils.fitted import validate_spectra
from skxrf.utils.outputs import NamedOutputsMixin

# Epochs without improvement that early stopping waits for, where it is merely switched on.
_PATIENCE = 10


class BaseSpectrumRegressor(MultiOutputMixin, NamedOutputsMixin, FitPlanner):
    """Base of the network regressors: a ``skorch.NeuralNetRegressor``, built in ``fit``.

    Subclasses store the parameters named in ``_parameter_constraints`` and return in
    ``_architecture`` the arguments of their network.
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "linear_path": ["boolean"],
        "input_transform": [StrOptions({"sqrt", "standard"}), None],
        "loss": [StrOptions(set(LOSSES[:3]))],
        "augmentation": [SpectrumAugmentation, None],
        "precision": [StrOptions({"auto", "float32", "bfloat16"})],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "max_epochs": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "max_time": [Interval(Real, 0, None, closed="neither"), None],
        "weight_decay": [Interval(Real, 0, None, closed="left")],
        "early_stopping": ["boolean", Interval(Integral, 1, None, closed="left")],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "warm_start": ["boolean"],
        "device": [str, torch.device],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    # Fixed for the published networks, parameters or these values for the others.
    input_transform: Literal["sqrt", "standard"] | None
    loss: Loss
    precision: Precision
    learning_rate: float
    batch_size: int | Literal["auto"]
    max_epochs: int | Literal["auto"]
    max_time: float | None
    warm_start: bool
    device: str | torch.device
    verbose: int | bool

    _one_cycle: ClassVar[bool] = True
    _scale_outputs: ClassVar[bool] = True

    # -- fitting

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        groups: ArrayLike | None = None,
        X_val: ArrayLike | None = None,
        y_val: ArrayLike | None = None,
    ) -> Self:
        """Train the network.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_channels)
            Spectra [counts], or transformed ones; negative values are fine. float64 is computed
            in float64, everything else in float32; counts become float batch by batch.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Labels, such as the net counts of line groups; NaN where a label is not known. The
            names of a DataFrame's columns, or the ``element`` coordinate of a DataArray, become
            ``line_groups_``.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the spectra in the loss, the linear path and the validation.
        groups : array-like of shape (n_samples,), default=None
            Groups such as :func:`skxrf.model_selection.block_groups` makes: a share
            `validation_fraction` of the groups is held out, whole, instead of single spectra, so
            that validation does not see neighbors of training pixels. The weight of the
            correction is chosen on whole groups too, by default on those of similar spectra.
        X_val : array-like of shape (n_val, n_channels), default=None
            Spectra to validate on instead of a part of X; copied together with X.
        y_val : array-like of shape (n_val, n_outputs), default=None
            Labels of `X_val`.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If X holds NaN or infinity, y infinity, their lengths differ, or a parameter is not
            valid.
        SkxrfError
            If the loss stops being finite, the device is not available, or a fit that continues
            would need another network.
        """
        validation = {"groups": groups, "X_val": X_val, "y_val": y_val}
        return self._fit(X, y, sample_weight, validation, incremental=False)

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Train for one more epoch, at a constant learning rate.

        The first call fixes what depends on training statistics (the linear path, the expected
        errors, the input transform), so it should see representative spectra. Nothing is held
        out, hence there is no early stopping, and the correction of the layers is applied in
        full.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_channels)
            Spectra, as for ``fit``.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Labels, as for ``fit``.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights, as for ``fit``.

        Returns
        -------
        self
        """
        return self._fit(X, y, sample_weight, {}, incremental=True)

    def _fit(
        self, X: Any, y: Any, sample_weight: Any, validation: dict[str, Any], *, incremental: bool
    ) -> Self:
        deadline = None if self.max_time is None else time.monotonic() + self.max_time
        continuing = (incremental or self.warm_start) and hasattr(self, "net_")
        plan = self._plan(X, y, sample_weight, validation, incremental, continuing)
        if continuing:
            self._continue()
        path = None if continuing else self._start(plan)
        former = dict(self.net_.module_.named_buffers())
        # Buffers of the weight of the layers' correction.
        weights = {
            name: former[name].clone()
            for name in ("residual_levels", "residual_weight")
            if name in former
        }
        if self.linear_path:
            fill_buffers(self.net_.module_, residual_weight=np.ones(self.n_outputs_))
        train, valid, error = self._datasets(plan)
        held_out, rows = None, plan.valid
        if path is not None and plan.folds:
            held_out, rows = self._cross_fit(plan, path, train, error, deadline)
        self._train(train, valid, plan.seeds.order, deadline, incremental)
        if self.linear_path and plan.validated:
            held_out = predict_held_out(
                self.net_.module_, plan.X_drawn, plan.y_drawn, error, plan.valid
            )
        if self.linear_path and not incremental:
            if continuing and held_out is None:
                fill_buffers(self.net_.module_, **weights)
            else:
                self._weigh_residual(plan, held_out, rows)
        elif self.linear_path:
            self.residual_weight_ = np.ones(weights["residual_weight"].shape)
        if path is not None:
            fill_buffers(self.net_.module_, **path.final._asdict())
            self.linear_strength_ = path.strength
        return self

    def _start(self, plan: FitPlan) -> LinearPath | None:
        """Make the network and fill it with the statistics of the data."""
        for name in ("linear_strength_", "residual_weight_", "residual_intensity_"):
            if hasattr(self, name):
                delattr(self, name)
        self._module_settings = self._present_module_settings(plan.X.shape[1])
        self._training_settings = self._present_training_settings()
        self.net_ = self._empty_net(
            {"n_features": plan.X.shape[1], "seed": plan.seeds.weights},
            _compute_dtype(plan.X),
            available_device(self.device),
        )
        self._fill_trunk(self.net_.module_)
        self._statistics, path = fit_statistics(
            self.net_.module_,
            plan.X_drawn,
            plan.y_drawn,
            plan.train,
            plan.valid,
            scale_outputs=self._scale_outputs,
            loss=self.loss,
            weight=plan.weight,
            refit=plan.refit,
            folds=plan.folds,
        )
        return path

    def _fill_trunk(self, module: ResidualNetwork) -> None:
        """Fill buffers of the subclass's layers."""

    def _datasets(
        self, plan: FitPlan
    ) -> tuple[SpectrumDataset, SpectrumDataset | None, NDArray[Any]]:
        """Rows to train and to validate on, and expected errors of the drawn labels."""
        module = self.net_.module_
        dtype = numpy_dtype(next(module.parameters()).dtype)
        weight = None if plan.weight is None else plan.weight.astype(dtype)

        def dataset(X: Any, y: Any, rows: Any) -> tuple[SpectrumDataset, NDArray[Any]]:
            linear = collect(module, X, module.linear) if module.linear_path else None
            error = expected_errors(self._statistics, y if linear is None else linear, self.loss)
            inverse = inverse_errors(y, self.loss, error).astype(dtype)
            found = SpectrumDataset(
                X, y.astype(dtype), dtype, rows, inverse_error=inverse, weight=weight
            )
            if linear is not None and plan.redrawing is None:
                found.roots = roots_of(module.transform, X)
                found.linear = None if found.roots is None else linear
            return found, error

        train, error = dataset(plan.X, plan.y, plan.train)
        valid = copy.copy(train)
        valid.rows = plan.valid
        if plan.redrawing is not None:
            train.redraw = plan.redrawing.of_batches(self.loss, self._statistics.slope)
        if plan.X_drawn is not plan.X:
            valid, error = dataset(plan.X_drawn, plan.y_drawn, plan.valid)
        return train, valid if len(plan.valid) else None, error

    def _train(
        self,
        train: SpectrumDataset,
        valid: SpectrumDataset | None,
        seed: int,
        deadline: float | None,
        incremental: bool,
    ) -> None:
        patience = _PATIENCE if self.early_stopping is True else int(self.early_stopping)
        settings = dataclasses.replace(
            self._settings(
                len(train), 1 if incremental else self._epochs(len(train)), deadline, seed
            ),
            one_cycle=self._one_cycle and not incremental,
            patience=patience if patience and valid is not None else None,
            verbose=bool(self.verbose),
        )
        self.stopped_by_ = train_network(self.net_, train, valid, settings)
        history = self.net_.history
        self.loss_curve_ = [float(row["train_loss"]) for row in history]
        self.validation_loss_curve_ = [
            float(row["valid_loss"]) for row in history if "valid_loss" in row
        ]
        self.n_iter_ = len(history)

    def _epochs(self, n_rows: int) -> int:
        return _auto_epochs(n_rows) if self.max_epochs == "auto" else self.max_epochs

    def _settings(
        self, n_rows: int, epochs: int, deadline: float | None, seed: int
    ) -> TrainingSettings:
        batch_size = _auto_batch_size(n_rows) if self.batch_size == "auto" else self.batch_size
        return TrainingSettings(
            epochs=epochs,
            batch_size=min(batch_size, n_rows),
            learning_rate=self._rate(),
            one_cycle=self._one_cycle,
            patience=None,
            deadline=deadline,
            seed=seed,
            verbose=False,
        )

    def _cross_fit(
        self,
        plan: FitPlan,
        path: LinearPath,
        train: SpectrumDataset,
        error: NDArray[Any],
        deadline: float | None,
    ) -> tuple[HeldOut, NDArray[np.intp]]:
        """Predict each fold by a network like this one that was trained on the others."""
        own: Any = self.net_.module_

        def fit(k: int, rows: NDArray[np.intp], epochs: int, until: float | None) -> Any:
            net = self._empty_net(
                {"n_features": plan.X.shape[1], "seed": plan.seeds.weights},
                _compute_dtype(plan.X),
                available_device(self.device),
                with_callbacks=False,
            )
            module = net.module_
            fill_buffers(module, **dict(own.named_buffers()))
            fill_buffers(module, **path.of_folds[k]._asdict())
            others = copy.copy(train)
            others.rows = rows
            if train.linear is not None:
                others.linear = np.empty_like(train.linear)
                others.linear[rows] = collect(module, plan.X[rows], module.linear)
            train_network(
                net, others, None, self._settings(len(rows), epochs, until, plan.seeds.order)
            )
            return functools.partial(predict_held_out, module, plan.X_drawn, plan.y_drawn, error)

        rng = np.random.default_rng([plan.seeds.order, 2])
        epochs = self._epochs(len(plan.train))
        return cross_fit(fit, plan.train, plan.folds, epochs, deadline, rng)

    def _weigh_residual(
        self, plan: FitPlan, held_out: HeldOut | None, rows: NDArray[np.intp]
    ) -> None:
        weight = None if plan.weight is None else plan.weight[rows]
        groups = None if plan.groups is None else plan.groups[rows]
        self.residual_intensity_, self.residual_weight_ = weigh_residual(
            self.net_.module_, held_out, weight, groups
        )

    # -- predicting

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
        spectra = validate_spectra(self, X, dtype="numeric", reset=False)
        module, dtype = self.net_.module_, _compute_dtype(spectra)
        # float64 spectra ask for exact numbers.
        precision = "float32" if dtype == np.float64 else self.precision
        predictions = collect(module, spectra, prediction_function(module, precision))
        if getattr(self, "_nonnegative", False):  # a parameter of earlier versions
            np.maximum(predictions, 0, out=predictions)
        predictions = predictions.astype(dtype, copy=False)
        return predictions.ravel() if self._y_is_1d else predictions


def _compute_dtype(X: NDArray[Any]) -> Any:
    """float64 for float64 (and wider), float32 for all else, counts included."""
    wide = X.dtype.kind == "f" and X.dtype.itemsize >= 8
    return np.dtype(np.float64 if wide else np.float32)


def _auto_epochs(n_samples: int) -> int:
    """30 passes, fewer over more than 10,000 spectra: about as many steps, and at least 8."""
    return int(np.clip(round(300_000 / max(n_samples, 1)), 8, 30))


def _auto_batch_size(n_samples: int) -> int:
    """About 20 batches an epoch: enough steps for few spectra, good speed for many."""
    return int(2 ** np.clip(round(np.log2(max(n_samples, 1) / 20)), 4, 9))
