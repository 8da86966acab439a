"""Cross-validation of each method, and the whole maps that its held-out predictions make."""

from __future__ import annotations

import time
import warnings
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.model_selection import GroupKFold, cross_validate

from skxrf.compose import SubsampledRegressor
from skxrf.metrics import ssim_scorer, z_score_scorer
from skxrf.utils.progress import StepReport
from skxrf.utils.training import loss_curves

from ._networks import count_parameters, n_epochs
from ._problem import Problem
from ._result import MethodResult, Settings
from ._rivals import Rival, Task
from ._scores import score_rows

_SCORING = {"ssim": ssim_scorer, "within_sigma": z_score_scorer, "r2": "r2"}

Split = tuple[NDArray[np.intp], NDArray[np.intp]]


def held_out_parts(problem: Problem, settings: Settings) -> list[Split]:
    """Divide the labeled pixels into K parts of whole groups; rows of each training and test."""
    rows = np.flatnonzero(problem.labeled)
    folds = GroupKFold(settings.n_folds, shuffle=True, random_state=settings.random_state)
    groups = problem.groups[rows]
    return [(rows[train], rows[test]) for train, test in folds.split(rows, groups=groups)]


def task_of(problem: Problem, settings: Settings) -> Task:
    """Describe a problem to the rivals."""
    return Task(
        problem.data.energy,
        [str(name) for name in problem.Y.columns],
        int(problem.labeled.sum()),
        settings.budget,
        settings.random_state,
    )


def run_method(
    method: Rival,
    problem: Problem,
    splits: list[Split],
    settings: Settings,
    progress: StepReport,
) -> tuple[MethodResult, list[dict[str, Any]]]:
    """Cross-validate one method.

    Returns `result`; `rows`: scores of the maps as a whole and of each fold, see
    :class:`ReproductionResult`.
    """
    outputs = np.full(problem.Y.shape, np.nan, dtype=np.float32)
    unlabeled = np.flatnonzero(~problem.labeled)
    outputs[unlabeled] = 0
    estimator = SubsampledRegressor(
        method.make(task_of(problem, settings)),
        max_samples=settings.max_samples,
        random_state=settings.random_state,
    )
    folds, rows = [], []
    fitted: Any = None
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for k, (train, test) in enumerate(splits):
            scope = f"fold {k + 1}"
            progress.working_on(f"{method.name}, {scope}")
            fitted, outputs[test], fold = _run_fold(estimator, problem, train, test)
            if unlabeled.size:
                # No fold trained on them: their prediction is the mean over the K models.
                outputs[unlabeled] += _predict(fitted, problem.X[unlabeled]) / len(splits)
            folds.append(fold)
            rows += _scores(problem, test, outputs[test], method.name, scope)
            progress.finished(
                f"{method.name}, {scope} of {len(splits)}: SSIM {fold['ssim']:.3f}, "
                f"|z| ≤ 1 {100 * fold['within_sigma']:.0f} %, fitted in {fold['fit_seconds']:.1f} s"
            )
    labeled = np.flatnonzero(problem.labeled)
    rows += _scores(problem, labeled, outputs[labeled], method.name, "all")
    result = MethodResult(
        name=method.name,
        kind=method.kind,
        description=method.description,
        predictions=problem.maps(outputs),
        folds=pd.DataFrame(folds, index=pd.RangeIndex(1, len(folds) + 1, name="fold")),
        loss_curves=loss_curves(fitted),
        n_parameters=count_parameters(fitted),
        is_reference=method.name.lower() == problem.data.reference_name,
        warnings=_for_users(caught),
    )
    return result, rows


def _run_fold(
    estimator: SubsampledRegressor,
    problem: Problem,
    train: NDArray[np.intp],
    test: NDArray[np.intp],
) -> tuple[Any, NDArray[np.float32], dict[str, float]]:
    """Fit on one part and score the other: the estimator, its predictions, its numbers."""
    scored = cross_validate(
        estimator,
        problem.X,
        problem.Y,
        cv=[(train, test)],
        scoring=_SCORING,
        return_estimator=True,
        error_score="raise",
    )
    fitted = scored["estimator"][0]
    started = time.perf_counter()
    held_out = _predict(fitted, problem.X[test])
    seconds = time.perf_counter() - started
    numbers = {metric: float(scored[f"test_{metric}"][0]) for metric in _SCORING}
    return (
        fitted,
        held_out,
        numbers
        | {
            "fit_seconds": float(scored["fit_time"][0]),
            "predict_seconds": seconds,
            "n_fitted": len(fitted.sample_indices_),
            "n_predicted": len(test),
            "epochs": n_epochs(fitted),
        },
    )


def _for_users(caught: list[warnings.WarningMessage]) -> tuple[str, ...]:
    """First line of each warning that is about the data, not about the code, once."""
    kinds = (UserWarning, RuntimeWarning)
    texts = [str(w.message).strip() for w in caught if issubclass(w.category, kinds)]
    return tuple(dict.fromkeys(text.splitlines()[0] for text in texts if text))


def _predict(fitted: Any, X: NDArray[Any]) -> NDArray[np.float32]:
    predicted = np.asarray(fitted.predict(X), dtype=np.float32)
    return predicted.reshape(len(X), -1)


def _scores(
    problem: Problem, rows: NDArray[np.intp], outputs: NDArray[Any], method: str, scope: str
) -> list[dict[str, Any]]:
    scores = score_rows(
        problem.Y.iloc[rows], outputs, method=method, against="reference", scope=scope
    )
    if problem.truth is not None:
        truth = problem.truth.iloc[rows]
        scores += score_rows(truth, outputs, method=method, against="truth", scope=scope)
    return scores
