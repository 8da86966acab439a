"""Weight of the layers' correction to the linear path, as a function of the intensity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skxrf.utils.typing import Array


@dataclass(frozen=True)
class Evidence:
    """Evidence that the correction helps, and its end at bright elements."""

    n_levels: int = 5  # number of levels of the signal that have a weight
    least_rows: int = 20  # smallest number of held-out rows for a weight above zero
    doubt: float = 2.0
    """Minimum significance of the error reduction on rows like those of the training [standard
    errors]."""
    doubt_of_groups: float = 3.0
    """The same where groups of rows unlike the others were held out; between them, gains vary more
    than a normal distribution would."""
    bright: float = 0.97  # quantile of the held-out signals above which the weight fades to zero
    fading: float = 1.0
    """Width of that fading in the signal; 1 is a factor e in the intensity of bright elements."""


EVIDENCE = Evidence()


class ResidualWeight(NamedTuple):
    """Weights at some levels of the signal."""

    levels: Array  # (n_levels, n_outputs): signals of the weights, in increasing order
    weight: Array
    """(n_levels, n_outputs): shares of the correction that are applied there, from 0 to 1."""


def fit_residual_weight(
    y: NDArray[Any],
    linear: NDArray[Any],
    full: NDArray[Any],
    error: NDArray[Any] | float,
    signal: NDArray[Any],
    n_levels: int,
    sample_weight: NDArray[Any] | None = None,
    groups: NDArray[Any] | None = None,
) -> ResidualWeight:
    """Choose the share of the correction to apply, for each output and level of its signal.

    The layers are best for faint elements: an absent element has the intensity zero, whatever
    overlaps its lines. The linear path is best for bright elements, up to photon noise; there the
    layers add noise, and are wrong on palettes that differ from the training set. So the weight
    is a function of the signal, linear between levels: the middles of equal parts of the held-out
    signals, their 97 % quantile, and one more, a unit above it, where the weight is 0, as no
    held-out row lies beyond.

    At each other level, the weight is the best share by least squares, between 0 and 1, over the
    rows around it, weighted by their nearness (the hat function of linear interpolation). With
    the mean g by which their squared error falls and the standard error s of that mean, weighted
    alike, it is shrunk by 1 - (2 s / g)^2, or to 0 where g is below 2 s: the positive part of
    James and Stein's estimator (1961, Proc. 4th Berkeley Symp. 1, 361), with a threshold of two
    standard errors.

    With groups, the rows of a group err together. The standard error is then that of clustered
    samples (Liang and Zeger 1986, Biometrika 73, 13), from the sums over the groups, and the
    threshold is three of them.

    `y`, `linear`, `full` (n_samples, n_outputs): labels, linear path and whole network of rows that
    neither was fitted to. `error`: expected errors of the labels, the unit of the squared errors.
    `signal` (n_samples, n_outputs): asinh of the linear estimates in units of their error.
    `n_levels`: number of levels; 1: the same weight for all signals. `sample_weight`
    (n_samples, n_outputs): weights of the labels; 0 for labels that are missing. `groups`
    (n_samples,): groups that were held out together.
    """
    if sample_weight is None:
        return _fit_outputs(y, linear, full, error, signal, n_levels, None, groups)
    error = np.broadcast_to(error, y.shape)
    parts = []
    for j, weight in enumerate(sample_weight.T):
        rows = weight > 0
        label, alone, whole, unit, at = (
            array[rows, j][:, None] for array in (y, linear, full, error, signal)
        )
        of_rows = None if groups is None else groups[rows]
        parts.append(_fit_outputs(label, alone, whole, unit, at, n_levels, weight[rows], of_rows))
    return ResidualWeight(*(np.concatenate(found, axis=1) for found in zip(*parts, strict=True)))


def _fit_outputs(
    y: NDArray[Any],
    linear: NDArray[Any],
    full: NDArray[Any],
    error: NDArray[Any] | float,
    signal: NDArray[Any],
    n_levels: int,
    row_weight: NDArray[Any] | None,
    groups: NDArray[Any] | None,
) -> ResidualWeight:
    n_samples, n_outputs = y.shape
    shape = n_levels, n_outputs
    if n_samples < EVIDENCE.least_rows:
        return ResidualWeight(np.zeros(shape), np.zeros(shape))
    levels = _levels(signal, n_levels)
    needed, added = (y - linear) / error, (full - linear) / error
    n_chosen = max(n_levels - 1, 1)  # the last one's weight is 0
    threshold = EVIDENCE.doubt if groups is None else EVIDENCE.doubt_of_groups
    weight = np.zeros(shape)
    for j in range(n_outputs):
        near = _nearness(signal[:, j], levels[:, j])[:, :n_chosen]
        if row_weight is not None:
            near = near * row_weight[:, None]
        total = np.maximum(near.sum(axis=0), 1e-12)
        power = added[:, j] ** 2 @ near
        share = (needed[:, j] * added[:, j]) @ near / np.where(power > 0, power, 1.0)
        share = np.clip(share, 0.0, 1.0)
        left = needed[:, [j]] - share * added[:, [j]]
        gained = needed[:, [j]] ** 2 - left**2
        gain = (near * gained).sum(axis=0) / total
        apart = near * (gained - gain)
        if groups is not None:
            apart = _sums(apart, groups)
        doubt = threshold * np.sqrt(np.square(apart).sum(axis=0)) / total
        helps = gain > doubt
        shrinkage = 1.0 - (doubt / np.where(helps, gain, 1.0)) ** 2
        weight[:n_chosen, j] = np.where(helps, share * shrinkage, 0.0)
    return ResidualWeight(levels, weight)


def _sums(values: Array, groups: NDArray[Any]) -> Array:
    """Sums over the rows of each group, of shape (n_groups, n_levels)."""
    _, number = np.unique(groups, return_inverse=True)
    return np.stack([np.bincount(number.ravel(), column) for column in values.T], axis=1)


def intensity_at(
    signal: NDArray[Any], floor: NDArray[Any] | float, slope: NDArray[Any] | float
) -> Array:
    """Linear estimates that have the given signals.

    Solves ``sinh(signal) = t / sqrt(floor + slope * max(t, 0))`` for t.

    `signal` (..., n_outputs): asinh of linear estimates in units of their error. `floor`, `slope`
    (n_outputs,): of the squared error. Returns ndarray of the shape of `signal`.
    """
    ratio = np.sinh(signal.astype(np.float64))
    half = 0.5 * slope * np.maximum(ratio, 0.0) ** 2
    return np.asarray(half + np.sign(ratio) * np.sqrt(half**2 + floor * ratio**2))


def _levels(signal: NDArray[Any], n_levels: int) -> Array:
    """Levels of the signals, of shape (n_levels, n_outputs); 1: the median."""
    signal = signal.astype(np.float64)
    if n_levels == 1:
        return np.asarray(np.median(signal, axis=0, keepdims=True))
    n_parts = n_levels - 2
    shares = (np.arange(n_parts) + 0.5) / max(n_parts, 1)
    levels = np.quantile(signal, [*shares, EVIDENCE.bright], axis=0)
    # Levels keep their order even with so many parts that the last is beyond.
    levels = np.sort(levels, axis=0)
    return np.concatenate([levels, levels[-1:] + EVIDENCE.fading])


def _nearness(signal: NDArray[Any], levels: Array) -> Array:
    """Hat functions of the levels, of shape (n_samples, n_levels): each row sums to one."""
    # Levels of a signal that is always the same coincide.
    apart = np.maximum.accumulate(levels + 1e-6 * np.arange(len(levels)))
    return np.stack([np.interp(signal, apart, unit) for unit in np.eye(len(levels))], axis=1)
