"""Cross-fit of a network: predictions of groups of spectra unlike those that it was trained on."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.model_selection import GroupKFold

from skxrf.neural_network._statistics import HeldOut
from skxrf.utils.typing import Rows


@dataclass(frozen=True)
class CrossFit:
    """Settings of the networks whose errors choose the weight of the correction."""

    n_folds: int = 2  # number of networks, each trained without the groups of one fold
    n_folds_of_stated: int = 3
    """The same where the user states the groups, which may be as few as paintings."""
    n_groups: int = 60  # largest number of groups of similar spectra
    least_rows: int = 10  # smallest mean number of spectra of a group
    most_passes: int = 60_000
    """Largest number of spectra, counted anew in each epoch, that one of the networks is trained
    on; fewer epochs than those of the network itself if need be."""
    most_rows: int = 12_000
    """Largest number of spectra that one of the networks is trained on, and that it predicts."""
    n_bands: int = 128  # bands of channels whose counts are compared
    n_components: int = 16
    """Principal components of the square roots of these counts that are compared."""
    most_compared: int = 8192  # largest number of spectra that the groups are found from


CROSS_FIT = CrossFit()


def spectral_groups(X: NDArray[Any], rows: Rows, seed: int) -> NDArray[np.intp]:
    """Groups of similar spectra, which stand for paintings of other palettes.

    A network that is validated on spectra drawn at random sees their likes in training, and
    relations between elements that hold for the paints of these paintings alone. Held-out
    groups show what it makes of other paints (leave-one-cluster-out cross-validation: Meredig et
    al. 2018, Mol. Syst. Des. Eng. 3, 819).

    `X` (n_samples, n_features): spectra. `seed`: seed of the search. Returns (n_rows,), int: group
    of each row.
    """
    width = -(-X.shape[1] // CROSS_FIT.n_bands)
    starts = np.arange(0, X.shape[1], width)
    bands = np.empty((len(rows), len(starts)))
    for start in range(0, len(rows), CROSS_FIT.most_compared):
        part = slice(start, start + CROSS_FIT.most_compared)
        sums = np.add.reduceat(X[rows[part]], starts, axis=1, dtype=np.float64)
        bands[part] = np.sign(sums) * np.sqrt(np.abs(sums))
    some = bands[:: -(-len(rows) // CROSS_FIT.most_compared)]
    n_different = len(np.unique(some, axis=0))
    if n_different == 1:
        return np.zeros(len(rows), dtype=np.intp)
    n_components = min(CROSS_FIT.n_components, *some.shape)
    components = PCA(n_components, svd_solver="covariance_eigh").fit(some)
    n_groups = int(np.clip(len(rows) // CROSS_FIT.least_rows, 1, CROSS_FIT.n_groups))
    means = KMeans(min(n_groups, n_different), n_init=1, random_state=seed).fit(
        components.transform(some)
    )
    return np.asarray(means.predict(components.transform(bands)), dtype=np.intp)


def folds_of_groups(
    X: NDArray[Any], rows: Rows, groups: NDArray[Any] | None, seed: int
) -> tuple[list[Rows], Rows | None]:
    """Divide rows into folds of whole groups, of similar sizes.

    `X` (n_samples, n_features): spectra. `groups` (n_samples,): groups that the user states, such
    as paintings; None: groups of similar spectra. `seed`: seed of the search for similar spectra.
    Returns `folds`: rows of each fold; empty where all rows are alike; `together` (n_samples,):
    groups of rows that err together: similar spectra of one stated group.
    """
    similar = spectral_groups(X, rows, seed)
    held = similar if groups is None else groups[rows]
    n_folds = CROSS_FIT.n_folds if groups is None else CROSS_FIT.n_folds_of_stated
    n_folds = min(n_folds, len(np.unique(held)))
    if n_folds < 2:
        return [], None
    _, number = np.unique(held, return_inverse=True)
    together = np.zeros(len(X), dtype=np.intp)
    together[rows] = number.ravel() * (similar.max() + 1) + similar
    return [rows[fold] for _, fold in GroupKFold(n_folds).split(rows, groups=held)], together


def cross_fit(
    fit: Callable[[int, Rows, int, float | None], Callable[[Rows], HeldOut]],
    rows: Rows,
    folds: list[Rows],
    epochs: int,
    deadline: float | None,
    rng: np.random.Generator,
) -> tuple[HeldOut, Rows]:
    """Train one network without each fold, and predict the fold by it.

    `fit`: takes the number of the fold, the rows to train on, the number of epochs and the time of
    ``time.monotonic`` [s] to stop at; returns the function that predicts rows. `rows`: rows of all
    folds. `folds`: rows of each fold. `epochs`: epochs of the network whose correction is weighed.
    `deadline`: time at which that network has to be ready; these get a part of the time until then.
    Returns predictions; their rows.
    """
    started = time.monotonic()
    found, predicted = [], []
    sizes = [min(len(rows) - len(fold), CROSS_FIT.most_rows) for fold in folds]
    n_epochs = [min(epochs, math.ceil(CROSS_FIT.most_passes / size)) for size in sizes]
    work = np.cumsum([*np.multiply(sizes, n_epochs), len(rows) * epochs])
    for k, fold in enumerate(folds):
        until = deadline
        if deadline is not None:
            until = started + work[k] / work[-1] * (deadline - started)
        others = np.setdiff1d(rows, fold, assume_unique=True)
        predict = fit(k, _some(others, rng), n_epochs[k], until)
        predicted.append(_some(fold, rng))
        found.append(predict(predicted[-1]))
    return HeldOut(*map(np.concatenate, zip(*found, strict=True))), np.concatenate(predicted)


def _some(rows: Rows, rng: np.random.Generator) -> Rows:
    """At most so many rows as the networks are trained on, in their order."""
    if len(rows) <= CROSS_FIT.most_rows:
        return rows
    return np.sort(rng.choice(rows, CROSS_FIT.most_rows, replace=False))
