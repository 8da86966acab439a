"""How much of what the layers add to the linear path is kept, intensity by intensity."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["ResidualWeight", "fit_residual_weight", "intensity_at"]

Array = NDArray[np.float64]

# Fewer held-out rows than this are no evidence that the layers help.
_LEAST_EVIDENCE = 20
# What the squared error must fall by to count, in standard errors of that fall.
_DOUBT = 2.0
# Share of the held-out rows below the last level that they speak for.
_BRIGHT = 0.97
# From there on the weight falls to zero over this much of the signal: a factor e of what is
# bright.
_FADING = 1.0


class ResidualWeight(NamedTuple):
    """Weights at some levels of the signal.

    Attributes
    ----------
    levels : ndarray of shape (n_levels, n_outputs)
        Signals that the weights are for, never falling down a column.
    weight : ndarray of shape (n_levels, n_outputs)
        Shares, from 0 to 1, of what the layers add that are kept there.
    """

    levels: Array
    weight: Array


def fit_residual_weight(
    y: NDArray[Any],
    linear: NDArray[Any],
    full: NDArray[Any],
    error: NDArray[Any] | float,
    signal: NDArray[Any],
    n_levels: int,
) -> ResidualWeight:
    """Choose how much of what the layers add to keep, for each output and level of its signal.

    The layers know best what is dim: where an element is absent, its intensity is zero, whatever
    overlaps its lines. The linear path knows best what is bright, up to photon noise, and there
    the layers add noise, and are wrong on other palettes than those trained on. So the weight is
    a function of the signal, linear between levels. These are middles of equal parts of the
    held-out signals, the 97 % quantile, and one more, a unit above it, where the weight is 0:
    nothing speaks for the layers beyond.

    At each other level, the weight is the best share by least squares, between 0 and 1, over
    the rows around it, that count by their nearness to it (the hat function of linear
    interpolation). With the mean g by which their squared error falls and the standard error s of
    that mean, both weighted alike, it is shrunk by 1 - (2 s / g)^2, or to 0 where g is below 2 s:
    the positive part of James and Stein's estimator (1961, Proc. 4th Berkeley Symp. 1, 361), with
    a threshold of two standard errors.

    Parameters
    ----------
    y, linear, full : ndarray of shape (n_samples, n_outputs)
        Labels, linear path and whole network of rows that neither was fitted to.
    error : float or ndarray that broadcasts to that shape
        Expected errors of the labels, that squared errors are in units of.
    signal : ndarray of shape (n_samples, n_outputs)
        asinh of the linear estimates in units of their error.
    n_levels : int
        Number of levels; 1: the same weight for all signals.

    Returns
    -------
    ResidualWeight
    """
    n_samples, n_outputs = y.shape
    shape = n_levels, n_outputs
    if n_samples < _LEAST_EVIDENCE:
        return ResidualWeight(np.zeros(shape), np.zeros(shape))
    levels = _levels(signal, n_levels)
    needed, added = (y - linear) / error, (full - linear) / error
    n_chosen = max(n_levels - 1, 1)  # the last one's weight is 0
    weight = np.zeros(shape)
    for j in range(n_outputs):
        near = _nearness(signal[:, j], levels[:, j])[:, :n_chosen]
        total = np.maximum(near.sum(axis=0), 1e-12)
        power = added[:, j] ** 2 @ near
        share = (needed[:, j] * added[:, j]) @ near / np.where(power > 0, power, 1.0)
        share = np.clip(share, 0.0, 1.0)
        left = needed[:, [j]] - share * added[:, [j]]
        gained = needed[:, [j]] ** 2 - left**2
        gain = (near * gained).sum(axis=0) / total
        doubt = _DOUBT * np.sqrt(np.square(near * (gained - gain)).sum(axis=0)) / total
        helps = gain > doubt
        shrinkage = 1.0 - (doubt / np.where(helps, gain, 1.0)) ** 2
        weight[:n_chosen, j] = np.where(helps, share * shrinkage, 0.0)
    return ResidualWeight(levels, weight)


def intensity_at(
    signal: NDArray[Any], floor: NDArray[Any] | float, slope: NDArray[Any] | float
) -> Array:
    """Linear estimates that have the given signals.

    Solves ``sinh(signal) = t / sqrt(floor + slope * max(t, 0))`` for t.

    Parameters
    ----------
    signal : ndarray of shape (..., n_outputs)
        asinh of linear estimates in units of their error.
    floor, slope : ndarray of shape (n_outputs,)
        Of the squared error.

    Returns
    -------
    ndarray of the shape of `signal`
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
    levels = np.quantile(signal, [*shares, _BRIGHT], axis=0)
    # Levels keep their order even with so many parts that the last is beyond.
    levels = np.sort(levels, axis=0)
    return np.concatenate([levels, levels[-1:] + _FADING])


def _nearness(signal: NDArray[Any], levels: Array) -> Array:
    """Hat functions of the levels, of shape (n_samples, n_levels): each row sums to one."""
    # Levels of a signal that is always the same coincide.
    apart = np.maximum.accumulate(levels + 1e-6 * np.arange(len(levels)))
    return np.stack([np.interp(signal, apart, unit) for unit in np.eye(len(levels))], axis=1)
