"""Training spectra drawn anew for every batch: other doses, other axes, other chemistry."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_array

from skxrf.exceptions import CountsError, SkxrfError
from skxrf.neural_network._losses import Loss, inverse_errors

__all__ = ["Augmentation", "make_augmentation"]

Array = NDArray[Any]

_CHANGES = ("thinning", "gain_jitter", "zero_jitter", "injection", "rescaling")
# Least share of a spectrum's counts that an injected line has; the greatest is a parameter.
_LEAST_INJECTION = 5e-4
# Lines that are injected into a spectrum, at most.
_MOST_INJECTED = 3
# Chance that rescaling removes an element altogether.
_REMOVED = 0.125
# Channels over which what no template explains is averaged, to tell its expected counts.
_SMOOTHING = 9
_BLOCK = 4096  # rows that are checked, or drawn for the statistics, at a time


class Augmentation:
    """Random changes of counts that leave them what they are: Poisson counts.

    Parameters
    ----------
    thinning, gain_jitter, zero_jitter, injection, rescaling : float
        See :class:`SpectrumCNNRegressor`.
    share : float
        Chance of each change, independently for each spectrum.
    templates : ndarray of shape (n_templates, n_features) or None
        Of unit area; the first n_outputs are those of the outputs. An output whose template
        is zero has none.
    n_outputs : int
        Number of outputs.
    """

    def __init__(
        self,
        *,
        thinning: float,
        gain_jitter: float,
        zero_jitter: float,
        injection: float,
        rescaling: float,
        share: float,
        templates: NDArray[np.float64] | None,
        n_outputs: int,
    ) -> None:
        self.thinning = thinning
        self.gain_jitter = gain_jitter
        self.zero_jitter = zero_jitter
        self.injection = injection if templates is not None else 0.0
        self.rescaling = rescaling if templates is not None else 0.0
        self.share = share
        self.templates = templates
        self.n_outputs = n_outputs

    def draw(
        self, X: Array, y: Array, rng: np.random.Generator
    ) -> tuple[NDArray[np.int64], Array, Array, Array]:
        """Draw changed spectra.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_features)
            Counts.
        y : ndarray of shape (n_samples, n_outputs)
            Labels, expected net counts.
        rng : Generator
            Source of chance.

        Returns
        -------
        X : ndarray of shape (n_samples, n_features), int64
            Changed counts.
        y : ndarray of shape (n_samples, n_outputs), float64
            Their labels.
        share : ndarray of shape (n_samples, 1)
            Share of the counts that thinning left.
        added : ndarray of shape (n_samples, n_outputs)
            What injection and rescaling added to the labels, before thinning.
        """
        counts = X.astype(np.int64)
        before = np.asarray(y, dtype=np.float64)
        labels = before.copy()
        if self.rescaling:
            self._rescale(counts, labels, self._chosen(len(counts), rng), rng)
        if self.injection:
            self._inject(counts, labels, self._chosen(len(counts), rng), rng)
        added = labels - before
        if self.gain_jitter or self.zero_jitter:
            self._move(counts, self._chosen(len(counts), rng), rng)
        share = np.ones((len(counts), 1))
        if self.thinning:
            rows = self._chosen(len(counts), rng)
            least = np.log1p(-self.thinning)
            share[rows] = np.exp(rng.uniform(least, 0.0, size=(len(rows), 1)))
            counts[rows] = _binomial(counts[rows], share[rows], rng)
        return counts, labels * share, share, added

    def draw_whole(
        self, X: Array, y: Array, rng: np.random.Generator
    ) -> tuple[Array, NDArray[np.float64]]:
        """One draw of all rows, of the dtype of X where the counts fit: for the statistics."""
        dtype = X.dtype if X.dtype.kind == "f" else np.dtype(np.int32)
        spectra = np.empty(X.shape, dtype)
        labels = np.empty(y.shape, np.float64)
        for start in range(0, len(X), _BLOCK):
            rows = slice(start, start + _BLOCK)
            spectra[rows], labels[rows], _, _ = self.draw(X[rows], y[rows], rng)
        return spectra, labels

    def of_targets(
        self, loss: Loss, slope: NDArray[np.float64] | None
    ) -> Callable[[Array, Array, np.random.Generator], tuple[Array, Array]]:
        """Return what draws batches of spectra and of what the loss compares them with.

        Parameters
        ----------
        loss : str
            Name of the loss.
        slope : ndarray of shape (n_outputs,) or None
            Growth of the squared expected error with the intensity; used by ``"poisson"`` alone.

        Returns
        -------
        callable
            Takes spectra, targets of :func:`weighted_targets` and a generator; gives both anew.
        """

        def drawn(X: Array, targets: Array, rng: np.random.Generator) -> tuple[Array, Array]:
            y, weight = targets[:, 0], targets[:, 1]
            counts, labels, share, added = self.draw(X, y, rng)
            if loss == "poisson" and slope is not None:
                variance = weight**-2.0
                # What is taken from an element leaves the error of what lies below its lines.
                changed = np.maximum(variance + slope * added, 0.1 * variance)
                # The variance of a linear function of counts is proportional to their dose.
                weight = 1.0 / np.sqrt(changed * share)
            elif loss == "scaled_absolute_error":
                weight = inverse_errors(labels, loss, 1.0)
            return counts, np.stack([labels, weight], axis=1)

        return drawn

    def _chosen(self, n_samples: int, rng: np.random.Generator) -> NDArray[np.intp]:
        return np.flatnonzero(rng.random(n_samples) < self.share)

    def _rescale(
        self,
        counts: NDArray[np.int64],
        labels: NDArray[np.float64],
        rows: NDArray[np.intp],
        rng: np.random.Generator,
    ) -> None:
        """Give elements other amounts: counts of their lines are thinned, or some are added.

        Of n counts in a channel, the number that belong to a line is binomial with the line's
        share of the channel's expected counts (a sum of Poisson variables, given its value), so
        thinning them gives exactly the Poisson counts of a weaker line, as far as the
        expected counts are known: the templates times the labels, and what they leave, averaged
        over neighbouring channels.
        """
        assert self.templates is not None
        templates = self.templates[: self.n_outputs]
        known = templates.any(axis=1)
        shape = (len(rows), self.n_outputs)
        factor = np.exp(rng.normal(0.0, self.rescaling, size=shape))
        factor = np.where(rng.random(shape) < _REMOVED, 0.0, factor)
        # One of two keeps its amount: the others are then seen beside what they were with.
        factor = np.where(known & (rng.random(shape) < 0.5), factor, 1.0)
        amount = np.maximum(labels[rows], 0.0)
        old = counts[rows]
        explained = amount @ templates
        rest = np.maximum(_smooth(old - explained), 0.0)
        expected = np.maximum(explained + rest, 1e-12)
        taken = (amount * np.maximum(1.0 - factor, 0.0)) @ templates
        given = (amount * np.maximum(factor - 1.0, 0.0)) @ templates
        kept = _binomial(old, np.clip(1.0 - taken / expected, 0.0, 1.0), rng)
        counts[rows] = kept + _poisson(given, rng)
        labels[rows] += amount * (factor - 1.0)

    def _inject(
        self,
        counts: NDArray[np.int64],
        labels: NDArray[np.float64],
        rows: NDArray[np.intp],
        rng: np.random.Generator,
    ) -> None:
        """Add lines of random templates as Poisson counts, and to the labels what they are."""
        assert self.templates is not None
        usable = np.flatnonzero(self.templates.any(axis=1))
        amount = np.zeros((len(rows), len(self.templates)))
        total = counts[rows].sum(axis=1)
        low, high = np.log(min(_LEAST_INJECTION, self.injection)), np.log(self.injection)
        n_injected = rng.integers(1, _MOST_INJECTED + 1, size=len(rows))
        for i in range(_MOST_INJECTED):
            which = rng.choice(usable, size=len(rows))
            part = total * np.exp(rng.uniform(low, high, size=len(rows))) * (i < n_injected)
            np.add.at(amount, (np.arange(len(rows)), which), part)
        counts[rows] += _poisson(amount @ self.templates, rng)
        labels[rows] += amount[:, : self.n_outputs]

    def _move(
        self, counts: NDArray[np.int64], rows: NDArray[np.intp], rng: np.random.Generator
    ) -> None:
        """Put counts on an axis of another gain and zero; beyond the ends, into the end channels.

        A count in a channel that moves by 2.3 channels goes 2 on, or 3 with the chance of 0.3:
        splitting Poisson counts at random gives independent Poisson counts.
        """
        n_channels = counts.shape[1]
        gain = rng.normal(0.0, self.gain_jitter, size=(len(rows), 1)) if self.gain_jitter else 0.0
        zero = rng.normal(0.0, self.zero_jitter, size=(len(rows), 1)) if self.zero_jitter else 0.0
        shift = np.broadcast_to(
            gain * (np.arange(n_channels) + 0.5) + zero, (len(rows), n_channels)
        )
        whole = np.floor(shift)
        old = counts[rows]
        onward = _binomial(old, shift - whole, rng)
        target = whole.astype(np.int64) + np.arange(n_channels)
        offset = np.arange(len(rows))[:, None] * n_channels
        moved = np.zeros(old.size, np.int64)
        for part, step in ((old - onward, 0), (onward, 1)):
            place = offset + np.clip(target + step, 0, n_channels - 1)
            filled = np.flatnonzero(part)
            # Sums of whole numbers below 2**53: exact in the float64 of bincount.
            weights = part.ravel()[filled]
            moved += np.bincount(place.ravel()[filled], weights, old.size).astype(np.int64)
        counts[rows] = moved.reshape(old.shape)


def make_augmentation(X: Array, n_outputs: int, parameters: Any) -> Augmentation | None:
    """Make the augmentation that an estimator's parameters ask for.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Spectra, which must be counts if anything is asked for.
    n_outputs : int
        Number of outputs.
    parameters : object
        Has the parameters as attributes.

    Returns
    -------
    Augmentation or None
        None if all is switched off.

    Raises
    ------
    CountsError
        If the spectra are no counts.
    SkxrfError
        If the templates are missing, or not of the spectra's width.
    """
    changes = {name: float(getattr(parameters, name)) for name in _CHANGES}
    share = float(parameters.augmented_share)
    if not any(changes.values()) or share == 0:
        return None
    check_counts(X)
    templates = None
    if changes["injection"] > 0 or changes["rescaling"] > 0:
        templates = checked_line_templates(parameters.line_templates, X.shape[1], n_outputs)
    return Augmentation(**changes, share=share, templates=templates, n_outputs=n_outputs)


def check_counts(X: Array) -> None:
    """Raise unless all values are counts: whole and not negative."""
    for start in range(0, len(X), _BLOCK):
        block = X[start : start + _BLOCK]
        if block.size and block.min() < 0:
            raise CountsError(
                f"augmentation draws counts, but the least value of X is {block.min():g}: pass the "
                "counts as measured, or set thinning, gain_jitter, zero_jitter, injection and "
                "rescaling to 0."
            )
        if block.dtype.kind == "f" and np.any(block != np.floor(block)):
            found = block[block != np.floor(block)][0]
            raise CountsError(
                f"augmentation draws whole counts, but X holds {found:g}: pass the counts as "
                "measured, neither transformed nor rebinned, or set thinning, gain_jitter, "
                "zero_jitter, injection and rescaling to 0."
            )


def checked_line_templates(
    templates: ArrayLike | None, n_features: int, n_outputs: int
) -> NDArray[np.float64]:
    """Return templates of unit area, zero for outputs without any."""
    if templates is None:
        raise SkxrfError(
            "injection and rescaling need line_templates, got None: pass the spectra of the "
            f"{n_outputs} outputs, shape ({n_outputs}, {n_features}), or set both to 0."
        )
    array = check_array(templates, dtype=np.float64, input_name="line_templates")
    if array.shape[1] != n_features or len(array) < n_outputs:
        raise SkxrfError(
            f"line_templates have the shape {array.shape}, but there are {n_outputs} outputs and "
            f"{n_features} channels: pass ({n_outputs}, {n_features}), or more rows for lines "
            "without a label."
        )
    area = array.sum(axis=1, keepdims=True)
    if array.min() < 0 or not area.any():
        raise SkxrfError(
            f"line_templates must not be negative, and not all zero; the least value is "
            f"{array.min():g}, the greatest {array.max():g}."
        )
    return np.asarray(array / np.where(area > 0, area, 1.0))


def _binomial(
    counts: NDArray[np.int64], chance: Array, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Draw how many of the counts are kept; only where there are any, which saves most of it."""
    kept = np.zeros(counts.size, np.int64)
    filled = np.flatnonzero(counts)
    chances = np.broadcast_to(chance, counts.shape).reshape(-1)[filled]
    kept[filled] = rng.binomial(counts.reshape(-1)[filled], chances)
    return kept.reshape(counts.shape)


def _poisson(expected: Array, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw counts; one call for each that is not zero to within a millionth of a count."""
    drawn = np.zeros(expected.size, np.int64)
    filled = np.flatnonzero(expected.reshape(-1) > 1e-6)
    drawn[filled] = rng.poisson(expected.reshape(-1)[filled])
    return drawn.reshape(expected.shape)


def _smooth(spectra: Array) -> Array:
    """Running mean over ``_SMOOTHING`` channels, fewer at the ends."""
    half = min(_SMOOTHING // 2, spectra.shape[1] - 1)
    sums = np.cumsum(np.pad(spectra, ((0, 0), (1, 0))), axis=1)
    last = np.minimum(np.arange(spectra.shape[1]) + half + 1, spectra.shape[1])
    first = np.maximum(np.arange(spectra.shape[1]) - half, 0)
    return np.asarray((sums[:, last] - sums[:, first]) / (last - first))
