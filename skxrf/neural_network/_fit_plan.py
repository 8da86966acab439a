"""Plan of a fit: validated data, rows to train and to validate on, seeds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import GroupShuffleSplit

from skxrf.exceptions import SkxrfError
from skxrf.neural_network._batches import SpectrumDataset
from skxrf.neural_network._redrawing import Redrawing
from skxrf.utils.typing import Rows


class Seeds(NamedTuple):
    """Seeds of the initial weights, of the order of the rows, and of the augmentation."""

    weights: int
    order: int
    augmentation: int

    @classmethod
    def spawned(cls, seed: int, n_done: int) -> Seeds:
        """Return the seeds of a fit after `n_done` epochs of earlier ones, which had others."""
        state = np.random.SeedSequence([seed, n_done]).generate_state(3)
        return cls(*(int(s) for s in state))


@dataclass(frozen=True)
class FitPlan:
    """Data of one fit."""

    X: NDArray[Any]  # (n_samples, n_features): spectra
    y: NDArray[np.float64]  # (n_samples, n_outputs): labels, float64; 0 where they are missing
    weight: NDArray[np.float64] | None
    """(n_samples, n_outputs): weights of the labels, 1 on average and 0 where they are missing;
    None: all the same."""
    # train, valid: rows to train and to validate on
    train: Rows
    valid: Rows
    validated: bool  # whether the user chose `valid`, by ``X_val`` or ``train_split``
    refit: bool  # whether the validation rows join the final fit of the linear path
    folds: list[Rows]
    """Parts of `train` that the weight of the correction is chosen on; empty: none."""
    groups: Rows | None  # (n_samples,): groups of rows that err together; 0 outside the folds
    # X_drawn, y_drawn: one augmented draw of all rows for the statistics and the validation; else X
    # and y.
    X_drawn: NDArray[Any]
    y_drawn: NDArray[np.float64]
    redrawing: Redrawing | None  # augmentation of the batches
    seeds: Seeds  # seeds of the random numbers


def label_weights(
    y: NDArray[np.float64], sample_weight: NDArray[np.float64] | None
) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
    """Replace missing labels by zeros of weight zero.

    `y` (n_samples, n_outputs): labels; NaN where they are missing. `sample_weight` (n_samples,):
    weights of the samples, positive. Returns `y` (n_samples, n_outputs): labels without NaN;
    `weight` (n_samples, n_outputs): weights, 1 on average; None if they are all the same.
    """
    missing = np.isnan(y)
    same = sample_weight is None or bool(np.all(sample_weight == sample_weight[0]))
    if same and not missing.any():
        return y, None
    empty = np.flatnonzero(missing.all(axis=0))
    if empty.size:
        raise SkxrfError(
            f"column {empty[0]} of y is NaN in all {len(y)} rows: leave it out, or pass spectra "
            "with labels of it."
        )
    samples = np.ones(len(y)) if sample_weight is None else sample_weight
    weight = np.where(missing, 0.0, samples[:, None])
    return np.where(missing, 0.0, y), weight / weight.mean()


def split_rows(
    n_samples: int, fraction: float, seed: int, groups: NDArray[Any] | None
) -> tuple[Rows, Rows]:
    """Draw the rows to train and to validate on.

    `fraction`: share of the rows, or of the groups, to validate on. `seed`: seed of the draw.
    `groups` (n_samples,): groups that are not divided, such as blocks of pixels or paintings.
    Returns `train`, `valid`: sorted rows.
    """
    if groups is not None and fraction > 0:
        n_groups = len(np.unique(groups))
        if n_groups < 2:
            raise SkxrfError(
                f"groups holds {n_groups} group: pass at least 2, one of which is held out, or "
                "groups=None."
            )
        n_valid = min(max(round(fraction * n_groups), 1), n_groups - 1)
        splitter = GroupShuffleSplit(1, test_size=n_valid, random_state=seed)
        train, valid = next(splitter.split(np.empty((n_samples, 0)), groups=groups))
        return np.sort(train), np.sort(valid)
    n_valid = min(round(fraction * n_samples), n_samples - 1)
    order = np.random.default_rng(seed).permutation(n_samples)
    return np.sort(order[n_valid:]), np.sort(order[:n_valid])


def rows_of_train_split(
    train_split: Any, X: NDArray[Any], y: NDArray[Any], groups: NDArray[Any] | None
) -> tuple[Rows, Rows]:
    """Rows that a ``train_split`` of skorch's, such as ``ValidSplit``, chooses.

    `train_split`: takes a dataset, labels and groups; returns two subsets of the dataset. `groups`:
    groups of the rows. Returns `train`, `valid`: rows.
    """
    dataset = SpectrumDataset(X, y)
    given = {} if groups is None else {"groups": groups}
    parts = train_split(dataset, y, **given)
    if not all(hasattr(part, "indices") for part in parts):
        raise SkxrfError(
            "train_split must return two subsets of the dataset that it is given, with their "
            f"indices, as skorch.dataset.ValidSplit does; got {type(parts[1]).__name__}. Pass "
            "X_val and y_val to fit for other spectra."
        )
    train, valid = (np.asarray(part.indices, dtype=np.intp) for part in parts)
    return train, valid
