"""Planning of a fit from its data and the estimator's parameters."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state

from skxrf.exceptions import SkxrfError
from skxrf.neural_network._augmentation import SpectrumAugmentation
from skxrf.neural_network._cross_fit import folds_of_groups
from skxrf.neural_network._fit_plan import (
    FitPlan,
    Seeds,
    label_weights,
    rows_of_train_split,
    split_rows,
)
from skxrf.neural_network._network_owner import NetworkOwner
from skxrf.neural_network._outputs import (
    checked_labels,
    checked_weights,
    same_outputs,
)
from skxrf.utils.outputs import line_group_names


class FitPlanner(NetworkOwner):
    """Estimator that validates the data of a fit and chooses its rows and seeds."""

    linear_path: bool
    augmentation: SpectrumAugmentation | None
    early_stopping: bool | int
    validation_fraction: float
    random_state: Any
    n_outputs_: int

    def _plan(
        self,
        X: Any,
        y: Any,
        sample_weight: Any,
        validation: dict[str, Any],
        incremental: bool,
        continuing: bool,
    ) -> FitPlan:
        """Validate the data, and draw seeds and rows."""
        names = line_group_names(y)
        X, y, labels = checked_labels(self, X, y, reset=not continuing)
        n_outputs = labels.shape[1]
        if continuing:
            same_outputs(self, n_outputs, names)
        else:
            self._set_outputs(n_outputs, y.ndim == 1, names)
        X, labels, weights, groups = checked_weights(
            X, labels, sample_weight, validation.get("groups")
        )
        n_own = len(X)
        if validation.get("X_val") is not None:
            X, labels, weights = self._with_validation(X, labels, weights, validation)
        labels, weight = label_weights(labels, weights)
        seed = check_random_state(self.random_state).randint(np.iinfo(np.int32).max)
        # A fit that continues has the seed of its first fit, but must not repeat its orders.
        seeds = Seeds.spawned(seed, len(self.loss_curve_) if continuing else 0)
        if len(X) > n_own:
            train, valid = np.arange(n_own), np.arange(n_own, len(X))
        else:
            train, valid = self._split(X, labels, seed, groups, incremental)
        chosen = len(X) > n_own or bool(self._skorch().get("train_split"))
        validated = chosen and not incremental and len(valid) > 0
        redrawing = None
        if self.augmentation is not None:
            redrawing = self.augmentation._redrawing(X, n_outputs)
        X_drawn, y_drawn = X, labels
        if redrawing is not None and (len(valid) or not continuing):
            rng = np.random.default_rng(seeds.augmentation)
            X_drawn, y_drawn = redrawing.draw_whole(X, labels, rng)
        folds: list[Any] = []
        of_fold = None
        if self.linear_path and not (continuing or incremental or validated):
            folds, of_fold = folds_of_groups(X_drawn, train, groups, seeds.order)
        return FitPlan(
            X=X,
            y=labels,
            weight=weight,
            train=train,
            valid=valid,
            validated=validated,
            refit=len(X) == n_own,
            folds=folds,
            groups=of_fold,
            X_drawn=X_drawn,
            y_drawn=y_drawn,
            redrawing=redrawing,
            seeds=seeds,
        )

    def _with_validation(
        self, X: Any, labels: Any, weights: Any, validation: dict[str, Any]
    ) -> tuple[Any, Any, Any]:
        """Append the spectra to validate on, of weight 1."""
        if validation["y_val"] is None:
            raise SkxrfError("X_val was passed without y_val: pass the labels of X_val too.")
        names = line_group_names(validation["y_val"])
        X_val, _, y_val = checked_labels(self, validation["X_val"], validation["y_val"], False)
        same_outputs(self, y_val.shape[1], names)
        if weights is not None:
            weights = np.concatenate([weights / weights.mean(), np.ones(len(X_val))])
        return np.concatenate([X, X_val]), np.concatenate([labels, y_val]), weights

    def _set_outputs(self, n_outputs: int, is_1d: bool, names: list[str] | None) -> None:
        self.n_outputs_ = n_outputs
        self._y_is_1d = is_1d
        if names is not None:
            self.line_groups_ = names
        elif hasattr(self, "line_groups_"):
            del self.line_groups_

    def _split(
        self, X: Any, y: Any, seed: int, groups: Any, incremental: bool
    ) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Training and validation rows, drawn at random: a scan's first rows are its top."""
        chosen = self._skorch()
        fraction = self.validation_fraction
        needed = self.linear_path or self.early_stopping or chosen.get("callbacks")
        if incremental or not (needed or chosen.get("train_split")):
            fraction = 0.0
        elif chosen.get("train_split"):
            return rows_of_train_split(chosen["train_split"], X, y, groups)
        elif self.early_stopping:
            if len(X) < 2:
                raise SkxrfError(
                    "early_stopping=True needs samples to hold out, got 1 sample: pass more, "
                    "or early_stopping=False."
                )
            fraction = max(fraction, 1 / len(X))
        return split_rows(len(X), fraction, seed, groups)
