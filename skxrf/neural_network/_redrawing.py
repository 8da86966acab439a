"""Random changes of counts for augmentation: dose, energy axis, injected and rescaled lines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skxrf.neural_network._losses import Loss, inverse_errors
from skxrf.utils.typing import AnyArray

# Draws spectra, labels and inverse errors anew, from these three and a generator.
Redraw = Callable[
    [AnyArray, AnyArray, AnyArray, np.random.Generator], tuple[AnyArray, AnyArray, AnyArray]
]


@dataclass(frozen=True)
class LineChanges:
    """Limits of injected and rescaled lines."""

    least_injection: float = 5e-4  # smallest share of a spectrum's counts in an injected line
    most_injected: int = 3  # largest number of lines that are injected into one spectrum
    removed: float = 0.125  # probability that rescaling removes an element altogether
    smoothing: int = 9
    """Channels of the running mean that estimates the expected counts that no template explains."""
    block: int = 4096  # rows that are drawn at a time


class Redrawing:
    """Random changes of counts after which they still are Poisson counts.

    `share`: probability of each change, independently for each spectrum. `templates`
    (n_templates, n_features): templates of unit area; the first n_outputs belong to the outputs.
    Zeros: the output has no template.
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
        self, X: AnyArray, y: AnyArray, rng: np.random.Generator
    ) -> tuple[NDArray[np.int64], AnyArray, AnyArray, AnyArray]:
        """Draw changed spectra.

        `X` (n_samples, n_features): counts. `y` (n_samples, n_outputs): labels, expected net
        counts. Returns `X` (n_samples, n_features), int64: changed counts; `y`
        (n_samples, n_outputs), float64: their labels; `share` (n_samples, 1): share of the counts
        that thinning left; `added` (n_samples, n_outputs): intensity that injection and rescaling
        added, before thinning.
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
        self, X: AnyArray, y: AnyArray, rng: np.random.Generator
    ) -> tuple[AnyArray, NDArray[np.float64]]:
        """Draw all rows once, in float if X is, else in int32."""
        dtype = X.dtype if X.dtype.kind == "f" else np.dtype(np.int32)
        spectra = np.empty(X.shape, dtype)
        labels = np.empty(y.shape, np.float64)
        for start in range(0, len(X), LineChanges.block):
            rows = slice(start, start + LineChanges.block)
            spectra[rows], labels[rows], _, _ = self.draw(X[rows], y[rows], rng)
        return spectra, labels

    def of_batches(self, loss: Loss, slope: NDArray[np.float64] | None) -> Redraw:
        """Return the function that draws spectra, labels and inverse errors of batches anew.

        `loss`: name of the loss. `slope` (n_outputs,): growth of the squared expected error with
        the intensity; used by ``"poisson"`` alone. Returns a function of spectra, labels, inverse
        errors and a generator, which returns the first three.
        """

        def drawn(
            X: AnyArray, y: AnyArray, inverse_error: AnyArray, rng: np.random.Generator
        ) -> tuple[AnyArray, AnyArray, AnyArray]:
            counts, labels, share, added = self.draw(X, y, rng)
            if loss == "poisson" and slope is not None:
                variance = inverse_error**-2.0
                # An element that is removed leaves the error of the counts below its lines.
                changed = np.maximum(variance + slope * added, 0.1 * variance)
                # The variance of a linear function of counts is proportional to their dose.
                inverse_error = 1.0 / np.sqrt(changed * share)
            elif loss == "scaled_absolute_error":
                inverse_error = inverse_errors(labels, loss, 1.0)
            return counts, labels, inverse_error

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
        """Change the amounts of elements by thinning the counts of their lines or adding some.

        Of n counts in a channel, the number that belong to a line is binomial with the line's
        share of the channel's expected counts (a sum of Poisson variables, given its value), so
        thinning them gives exactly the Poisson counts of a weaker line, as far as the
        expected counts are known: the templates times the labels, plus the remaining counts
        averaged over neighboring channels.
        """
        assert self.templates is not None
        templates = self.templates[: self.n_outputs]
        known = templates.any(axis=1)
        shape = (len(rows), self.n_outputs)
        factor = np.exp(rng.normal(0.0, self.rescaling, size=shape))
        factor = np.where(rng.random(shape) < LineChanges.removed, 0.0, factor)
        # One of two keeps its amount, so that the others change beside unchanged elements.
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
        """Add lines of random templates as Poisson counts, and their intensities to the labels."""
        assert self.templates is not None
        usable = np.flatnonzero(self.templates.any(axis=1))
        amount = np.zeros((len(rows), len(self.templates)))
        total = counts[rows].sum(axis=1)
        low, high = np.log(min(LineChanges.least_injection, self.injection)), np.log(self.injection)
        n_injected = rng.integers(1, LineChanges.most_injected + 1, size=len(rows))
        for i in range(LineChanges.most_injected):
            which = rng.choice(usable, size=len(rows))
            part = total * np.exp(rng.uniform(low, high, size=len(rows))) * (i < n_injected)
            np.add.at(amount, (np.arange(len(rows)), which), part)
        counts[rows] += _poisson(amount @ self.templates, rng)
        labels[rows] += amount[:, : self.n_outputs]

    def _move(
        self, counts: NDArray[np.int64], rows: NDArray[np.intp], rng: np.random.Generator
    ) -> None:
        """Move counts to an axis of another gain and zero; the end channels take those beyond.

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


def _binomial(
    counts: NDArray[np.int64], chance: AnyArray, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Draw the number of counts that are kept, only for channels with counts to save time."""
    kept = np.zeros(counts.size, np.int64)
    filled = np.flatnonzero(counts)
    chances = np.broadcast_to(chance, counts.shape).reshape(-1)[filled]
    kept[filled] = rng.binomial(counts.reshape(-1)[filled], chances)
    return kept.reshape(counts.shape)


def _poisson(expected: AnyArray, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw counts, only where more than a millionth of a count is expected."""
    drawn = np.zeros(expected.size, np.int64)
    filled = np.flatnonzero(expected.reshape(-1) > 1e-6)
    drawn[filled] = rng.poisson(expected.reshape(-1)[filled])
    return drawn.reshape(expected.shape)


def _smooth(spectra: AnyArray) -> AnyArray:
    """Running mean over the channels of the smoothing, fewer at the ends."""
    half = min(LineChanges.smoothing // 2, spectra.shape[1] - 1)
    sums = np.cumsum(np.pad(spectra, ((0, 0), (1, 0))), axis=1)
    last = np.minimum(np.arange(spectra.shape[1]) + half + 1, spectra.shape[1])
    first = np.maximum(np.arange(spectra.shape[1]) - half, 0)
    return np.asarray((sums[:, last] - sums[:, first]) / (last - first))
