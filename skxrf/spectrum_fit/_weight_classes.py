"""Classes of like spectra that share the weights of channels, and the fit with shared weights."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skxrf.utils.typing import Array

from ._nonnegative import clamp_to_nonnegative, covariances


@dataclass(frozen=True)
class ClassRule:
    """Numbers of the classes."""

    most: int = 48  # largest number of classes: half of it costs 0.1 to 0.4 % of RMSE
    least_spectra: int = 50
    """Fewest spectra for each class, on average over all classes that are tried."""
    least_members: int = 10  # spectra below which a class is given up
    sample: int = 6000  # spectra that the classes are found in
    most_steps: int = 20  # most steps of the assignment
    most_unlike: float = 0.1
    """Squared relative distance from its class at which a spectrum gets weights of its own."""
    noise_of_unlike: float = 3.0  # factor on the part of that distance that is due to photon noise
    least_expected: float = 0.05
    """Share of the counts of like spectra, or of the painting's mean, below which the expected
    counts of a channel are not taken: without any, it would get an infinite weight."""
    ridge: float = 1e-8  # relative ridge of the normal matrix: components may coincide


RULE = ClassRule()


def doses(counts: NDArray[np.floating]) -> Array:
    """Total counts of each spectrum, at least one."""
    return np.asarray(np.maximum(counts.sum(axis=1), 1.0), dtype=np.float64)


class SharedFit:
    """Fit of all spectra of a class with the weights of one expected spectrum.

    `components` (n_components, n_channels), or (n_classes, ...): spectra of one count of each
    component, the same for all classes or each class's own. `shapes` (n_classes, n_channels):
    expected share of each channel.
    """

    def __init__(self, components: NDArray[Any], shapes: NDArray[Any]) -> None:
        own = np.broadcast_to(components, (len(shapes), *components.shape[-2:]))
        parts = (_shared(*pair) for pair in zip(own, shapes, strict=True))
        stacked = map(np.stack, zip(*parts, strict=True))
        self.projection, self.information, self.error, self.correlation, self.noise = stacked
        self.least_noise = RULE.least_expected * np.square(self.error)

    def __call__(
        self, counts: NDArray[np.float32], dose: Array, classes: NDArray[np.intp]
    ) -> tuple[Array, Array, NDArray[np.bool_]]:
        """Amplitudes, their standard errors, and whether a spectrum needs other weights."""
        order = np.argsort(classes, kind="stable")
        classes, dose = classes[order], dose[order, None]
        bounds = np.searchsorted(classes, np.arange(len(self.error) + 1))
        groups = [(k, slice(*pair)) for k, pair in enumerate(pairwise(bounds)) if np.diff(pair)]
        projected = np.empty((len(order), self.error.shape[1]), np.float32)
        for number, rows in groups:
            np.matmul(counts[order[rows]], self.projection[number], out=projected[rows])
        scale = np.sqrt(dose)
        amplitudes = np.divide(projected, scale, dtype=np.float64)
        cut_off = clamp_to_nonnegative(amplitudes, self.correlation, classes)
        amplitudes *= self.error[classes]
        amplitudes *= scale
        variances, expected = np.empty((2, *amplitudes.shape))
        for number, rows in groups:
            np.matmul(amplitudes[rows], self.noise[number], out=variances[rows])
            np.matmul(amplitudes[rows], self.information[number], out=expected[rows])
        variances *= 1 - RULE.least_expected
        variances += dose * self.least_noise[classes]
        # Mean of the squared ratio of expected counts to those of the class, less one.
        distance = np.einsum("pi,pi->p", expected, amplitudes) / dose[:, 0] ** 2 - 1
        noise = RULE.noise_of_unlike * self.error.shape[1] / dose[:, 0]
        unlike = cut_off | (distance > RULE.most_unlike + noise)
        back = np.argsort(order)
        return amplitudes[back], np.sqrt(variances)[back], unlike[back]


def _shared(components: NDArray[Any], shape: NDArray[Any]) -> tuple[NDArray[Any], ...]:
    """Projection of a class, its information, errors, correlations and noise.

    The noise is the variance of each amplitude per count of each component: exact for these
    weights, whatever the components' shares are.
    """
    components = np.asarray(components, dtype=np.float64)
    weighted = components / np.asarray(shape, dtype=np.float64)
    information = weighted @ components.T
    (error,), (correlation,) = covariances(information[None], RULE.ridge)
    projection = correlation @ (error[:, None] * weighted)
    noise = components @ np.square(projection).T * np.square(error)
    return projection.T.astype(np.float32, order="C"), information, error, correlation, noise


class WeightClasses:
    """Classes of spectra whose channels get the same weights.

    One matrix product and one matrix of normal equations then serve all spectra of a class. Each
    spectrum is assigned by its own counts alone: by the likelihood of Poisson counts, to which
    the classes' shares are prior. So faint spectra, which tell little, choose the common classes.

    `components` (n_components, n_channels): spectra of one count of each component, the same for
    all classes or each class's own. `shapes` (n_classes, n_channels): expected share of each
    channel in the counts of a spectrum, positive. `shares` (n_classes,): share of the spectra in
    each class, positive.
    """

    def __init__(self, components: NDArray[Any], shapes: Array, shares: Array) -> None:
        self.shapes, self.shares = shapes, shares
        self.components = np.asarray(components, dtype=np.float64)
        self._prepare()

    def _prepare(self) -> None:
        self._fit = SharedFit(self.components, self.shapes)
        self._logarithms = _logarithms(self.shapes)

    def assign(self, counts: NDArray[np.float32]) -> NDArray[np.intp]:
        """Most probable class of each spectrum.

        `counts` (n_pixels, n_channels), float32: the spectra. Returns (n_pixels,), int.
        """
        return _most_probable(counts, self._logarithms, self.shares)

    def sums(self, spectra: NDArray[Any], weights: Array | None = None) -> Array:
        """Sum the spectra of each class.

        `spectra` (n_spectra, n_channels): spectra [counts]. `weights` (n_spectra,): number of
        spectra that each one stands for. Returns (n_classes, n_channels).
        """
        found = np.zeros(self.shapes.shape)
        numbers = np.arange(len(self.shapes))[:, None]
        for start in range(0, len(spectra), 4096):
            rows = slice(start, start + 4096)
            counts = np.asarray(spectra[rows], dtype=np.float32)
            belongs = (self.assign(counts) == numbers).astype(np.float64)
            found += (belongs if weights is None else belongs * weights[rows]) @ counts
        return found

    def fit(
        self, counts: NDArray[np.float32], classes: NDArray[np.intp] | None = None
    ) -> tuple[Array, Array, NDArray[np.bool_]]:
        """Fit spectra with the weights of their classes.

        `counts` (n_pixels, n_channels), float32: the spectra. `classes` (n_pixels,), int: class of
        each spectrum; default the most probable one. Returns `amplitudes` (n_pixels, n_components):
        non-negative amplitudes [counts]; `errors` (n_pixels, n_components): their standard errors
        with these weights, all components unknown [counts]; `unlike` (n_pixels,), bool: spectra so
        different from their class that weights of their own are better.
        """
        if classes is None:
            classes = self.assign(counts)
        return self._fit(counts, doses(counts), classes)

    def __getstate__(self) -> dict[str, Any]:
        """State without what follows from it."""
        return {name: vars(self)[name] for name in ("components", "shapes", "shares")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore a saved state."""
        vars(self).update(state)
        self._prepare()


def weight_classes(
    components: NDArray[np.floating],
    mean: NDArray[np.floating],
    spectra: NDArray[Any],
    weights: Array | None = None,
) -> WeightClasses | None:
    """Find the classes of a painting's spectra.

    A mixture of multinomial distributions with hard assignment, whose members' fits, rather than
    their counts, make the expected spectrum of a class.

    `components` (n_components, n_channels): spectra of one count of each component. `mean`
    (n_channels,): expected share of each channel in the mean spectrum. `spectra`
    (n_spectra, n_channels): spectra spread over the painting [counts]. `weights` (n_spectra,):
    number of spectra that each one stands for. Returns None where there are too few spectra.
    """
    weights = np.ones(len(spectra)) if weights is None else weights
    rows = np.flatnonzero(weights > 0)
    rows = rows[:: max(1, -(-len(rows) // RULE.sample))]
    n_classes = min(RULE.most, int(weights.sum()) // RULE.least_spectra)
    if n_classes < 2:
        return None
    weights = weights[rows]
    components = np.asarray(components, dtype=np.float64)
    counts = np.maximum(spectra[rows], 0).astype(np.float32)
    dose = doses(counts)
    mean = np.asarray(mean, dtype=np.float64) / np.sum(mean, dtype=np.float64)
    amplitudes = SharedFit(components, mean[None])(counts, dose, np.zeros(len(counts), np.intp))[0]
    # Square roots of counts err alike; of a fit's amplitudes they are near enough to begin with.
    members = divided(np.sqrt(amplitudes / dose[:, None]), weights, n_classes)
    for _ in range(RULE.most_steps):
        belongs = (members == np.arange(n_classes)[:, None]) * weights
        sums, sizes = belongs @ amplitudes, belongs.sum(axis=1)
        kept = (sizes >= RULE.least_members) & (sums.sum(axis=1) > 0)
        if not kept.any():
            return None
        shapes = sums[kept] @ components
        shapes /= shapes.sum(axis=1, keepdims=True)
        shapes = (1 - RULE.least_expected) * shapes + RULE.least_expected * mean
        shares = sizes[kept] / sizes[kept].sum()
        before, members = members, _most_probable(counts, _logarithms(shapes), shares)
        n_classes = len(shapes)
        if np.array_equal(before, members):
            break
    return WeightClasses(components, shapes, shares)


def divided(points: Array, weights: Array, n_classes: int) -> NDArray[np.intp]:
    """Divide points again and again at the mean of the class that is widest along its main axis."""
    members = np.zeros(len(points), dtype=np.intp)
    scores = np.empty(len(points))
    widths = np.zeros(n_classes)
    for new in range(n_classes):
        if new:
            members[(members == np.argmax(widths)) & (scores > 0)] = new
        for number in {new, int(np.argmax(widths))}:
            rows = members == number
            if not rows.any():
                widths[number] = 0.0
                continue
            away = points[rows] - np.average(points[rows], axis=0, weights=weights[rows])
            values, axes = np.linalg.eigh((away * weights[rows, None]).T @ away)
            widths[number], scores[rows] = values[-1], away @ axes[:, -1]
    return members


def _logarithms(shapes: Array) -> NDArray[np.float32]:
    return np.ascontiguousarray(np.log(shapes).T, dtype=np.float32)


def _most_probable(
    counts: NDArray[np.float32], logarithms: NDArray[np.float32], shares: Array
) -> NDArray[np.intp]:
    return np.asarray(np.argmax(counts @ logarithms + np.log(shares), axis=1))
