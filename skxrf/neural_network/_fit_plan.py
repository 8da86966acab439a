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

Rows = NDArray[np.intp]


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
    """Data of one fit.

    Attributes
    ----------
    X : ndarray of shape (n_samples, n_features)
        Spectra.
    y : ndarray of shape (n_samples, n_outputs)
        Labels, float64; 0 where they are missing.
    weight : ndarray of shape (n_samples, n_outputs) or None
        Weights of the labels, 1 on average and 0 where they are missing; None: all the same.
    train, valid : ndarray of int
        Rows to train and to validate on.
    validated : bool
        Whether the user chose `valid`, by ``X_val`` or ``train_split``.
    refit : bool
        Whether the validation rows join the final fit of the linear path.
    folds : list of ndarray of int
        Parts of `train` that the weight of the correction is chosen on; empty: none.
    groups : ndarray of shape (n_samples,) or None
        Groups of rows that err together; 0 outside the folds.
    X_drawn, y_drawn : ndarray
        One augmented draw of all rows for the statistics and the validation; else X and y.
    redrawing : Redrawing or None
        Augmentation of the batches.
    seeds : Seeds
        Seeds of the random numbers.
    """

    X: NDArray[Any]
    y: NDArray[np.float64]
    weight: NDArray[np.float64] | None
    train: Rows
    valid: Rows
    validated: bool
    refit: bool
    folds: list[Rows]
    groups: Rows | None
    X_drawn: NDArray[Any]
    y_drawn: NDArray[np.float64]
    redrawing: Redrawing | None
    seeds: Seeds


def label_weights(
    y: NDArray[np.float64], sample_weight: NDArray[np.float64] | None
) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
    """Replace missing labels by zeros of weight zero.

    Parameters
    ----------
    y : ndarray of shape (n_samples, n_outputs)
        Labels; NaN where they are missing.
    sample_weight : ndarray of shape (n_samples,) or None
        Weights of the samples, positive.

    Returns
    -------
    y : ndarray of shape (n_samples, n_outputs)
        Labels without NaN.
    weight : ndarray of shape (n_samples, n_outputs) or None
        Weights, 1 on average; None if they are all the same.

    Raises
    ------
    SkxrfError
        If an output has no label at all.
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

    Parameters
    ----------
    n_samples : int
        Number of rows.
    fraction : float
        Share of the rows, or of the groups, to validate on.
    seed : int
        Seed of the draw.
    groups : array of shape (n_samples,) or None
        Groups that are not divided, such as blocks of pixels or paintings.

    Returns
    -------
    train, valid : ndarray of int
        Sorted rows.

    Raises
    ------
    SkxrfError
        If there is one group only.
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

    Parameters
    ----------
    train_split : callable
        Takes a dataset, labels and groups; returns two subsets of the dataset.
    X, y : ndarray
        Spectra and labels.
    groups : ndarray or None
        Groups of the rows.

    Returns
    -------
    train, valid : ndarray of int
        Rows.
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
