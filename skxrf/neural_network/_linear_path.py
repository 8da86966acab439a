"""Linear path of a network: ridge regression on raw spectra, and its expected errors."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cho_factor, cho_solve, eigh
from scipy.optimize import nnls

from skxrf.utils.typing import Array


@dataclass(frozen=True)
class RidgeSearch:
    """Search for the strength of the ridge regression."""

    strengths: tuple[float, ...] = tuple(np.logspace(-6, 1, 15).tolist())
    """Strengths that are tried, in rising order and in units of the mean variance of a channel."""
    most_parameters: float = 0.98
    """Largest number of effective parameters of the chosen fit, as a share of the spectra."""
    tolerance: float = 0.005
    """Relative difference of scores up to which the strongest fit is chosen: it generalizes better
    to spectra unlike those of the training set."""
    most_left_out: int = 4096
    """About the largest number of spectra that are left out, one at a time. Of more, a quarter of
    it are those with the largest labels of each output, which decide for seldom elements, the
    others are evenly spaced."""
    block: int = 4096  # rows that are converted to float64 at a time


@dataclass(frozen=True)
class ErrorModel:
    """Settings of the fit of squared errors as a function of the intensity."""

    n_bins: int = 20  # largest number of intensity bins
    least_floor: float = 0.25  # smallest floor, as a share of the smallest mean square of a bin


RIDGE = RidgeSearch()


class LinearFit(NamedTuple):
    """Coefficients of shape (n_features, n_outputs) and intercept of shape (n_outputs,)."""

    coef: Array
    intercept: Array

    def predict(self, X: NDArray[Any]) -> Array:
        """Predict in blocks of rows, in float64."""
        blocks = [X[rows] @ self.coef for rows in _blocks(len(X))]
        return np.concatenate(blocks) + self.intercept


class LinearPath(NamedTuple):
    """Result of :func:`choose_linear_path`."""

    selection: LinearFit
    """Fit to the training rows alone; its errors on the validation rows are unbiased."""
    final: LinearFit  # fit to all rows with the same strengths
    strength: Array
    """(n_outputs,): chosen ridge strengths, in units of the mean variance of a channel."""
    of_folds: list[LinearFit]
    """Fits to the training rows without each fold, with the same strengths."""


def choose_linear_path(
    X: NDArray[Any],
    y: NDArray[Any],
    train: NDArray[np.intp],
    valid: NDArray[np.intp],
    weight: NDArray[Any] | None = None,
    *,
    refit: bool = True,
    folds: Sequence[NDArray[np.intp]] = (),
) -> LinearPath:
    """Fit a ridge regression, its strength chosen per output.

    The chosen strength has the least squared error when each row, `valid` included, is left out in
    turn (in closed form: Allen 1974, Technometrics 16, 125), or is the strongest that is hardly
    worse. This needs no held-out rows, which would be few. Generalized cross-validation would be
    cheaper, but assumes the same leverage for all rows, and bright spectra have more.

    `X` (n_samples, n_features): spectra, of any real type; converted to float64 in blocks. `y`
    (n_samples, n_outputs): labels. `train`, `valid`: rows of the first fit, and the other rows,
    which join them for the final one. `weight` (n_samples, n_outputs): weights of the labels; 0 for
    labels that are missing. `refit`: whether the final fit is to all rows, else to those of
    `train`. `folds`: parts of `train`, each of which one more fit leaves out; together all of it.
    """
    design = _Design(X)
    if weight is None:
        return _fit_outputs(design, y, train, valid, None, refit, folds)
    shape = X.shape[1], y.shape[1]
    fits = [LinearFit(np.zeros(shape), np.zeros(shape[1])) for _ in range(2 + len(folds))]
    path = LinearPath(fits[0], fits[1], np.zeros(shape[1]), fits[2:])
    # Outputs with the same weights are fitted together.
    patterns, pattern = np.unique(weight, axis=1, return_inverse=True)
    for i, weights in enumerate(patterns.T):
        outputs = np.flatnonzero(pattern.ravel() == i)
        own, held, *parts = (part[weights[part] > 0] for part in (train, valid, *folds))
        found = _fit_outputs(design, y[:, outputs], own, held, weights, refit, parts)
        of_all = (found.selection, found.final, *found.of_folds)
        for fit, of_outputs in zip(fits, of_all, strict=True):
            fit.coef[:, outputs] = of_outputs.coef
            fit.intercept[outputs] = of_outputs.intercept
        path.strength[outputs] = found.strength
    return path


def _fit_outputs(
    design: _Design,
    y: NDArray[Any],
    train: NDArray[np.intp],
    valid: NDArray[np.intp],
    weight: Array | None,
    refit: bool,
    folds: Sequence[NDArray[np.intp]],
) -> LinearPath:
    """Fit outputs whose labels have the same weights, one a row."""
    if weight is None:
        y_shift = y.mean(axis=0, dtype=np.float64)
    else:
        rows = np.union1d(train, valid)
        y_shift = np.average(y[rows], axis=0, weights=weight[rows])
    target = y - y_shift
    parts = [_Moments.of(design, target, rows, weight) for rows in folds or (train,)]
    selection = functools.reduce(_Moments.plus, parts)
    without = [
        functools.reduce(_Moments.plus, [*parts[:k], *parts[k + 1 :]]) for k in range(len(folds))
    ]
    final, everything = selection, train
    if refit:
        final = selection.plus(_Moments.of(design, target, valid, weight))
        everything = np.union1d(train, valid)
    scores, coef = _leave_one_out(
        design, target, everything, final, np.array(RIDGE.strengths), weight
    )
    chosen = _strongest(scores)
    # The coefficients to all rows are known from the scores.
    by_strength = {i: coef(i) for i in np.unique(chosen).tolist()}
    of_all = final.fit(
        np.stack([by_strength[i][:, j] for j, i in enumerate(chosen.tolist())], axis=1)
    )
    fits = [
        selection.solve_each(chosen),
        of_all,
        *(moments.solve_each(chosen) for moments in without),
    ]
    fits = [design.uncentered(fit._replace(intercept=fit.intercept + y_shift)) for fit in fits]
    return LinearPath(fits[0], fits[1], np.array(RIDGE.strengths)[chosen], fits[2:])


def fit_error_model(
    intensity: Array, residual: Array, spread: Array, known: NDArray[np.bool_] | None = None
) -> tuple[Array, Array]:
    """Fit ``residual^2 = floor + slope * max(intensity, 0)`` for each output.

    The form is that of counting: a constant part (background, overlapping lines) and Poisson's,
    which grows with the intensity. Least squares over the mean squares of residuals in bins
    of equal numbers of samples, weighted by the inverse of the expected value, which reproduces
    the mean of the squares whatever their true form is; neither part is negative.

    `intensity`, `residual` (n_samples, n_outputs): estimated intensities and their errors, on
    samples that were not fitted. `spread` (n_outputs,): standard deviations of the labels, which
    bound the floor from below. `known`: labels that are there; all by default. Returns `floor`,
    `slope` (n_outputs,): floor above zero, slope not negative.
    """
    n_outputs = intensity.shape[1]
    # A label that is an exact linear function would have a floor of zero.
    least = np.where(spread > 0, 1e-4 * spread, 1.0) ** 2
    floor, slope = np.empty(n_outputs), np.zeros(n_outputs)
    for j in range(n_outputs):
        rows = slice(None) if known is None else known[:, j]
        squares = residual[rows, j] ** 2
        level = squares.mean() if len(squares) else spread[j] ** 2
        floor[j] = level
        n_bins = min(ErrorModel.n_bins, len(squares) // 10)
        if n_bins >= 3 and level > least[j]:
            x = np.maximum(intensity[rows, j], 0.0)
            bins = np.array_split(np.argsort(x), n_bins)
            x_mean = np.array([x[members].mean() for members in bins])
            observed = np.array([squares[members].mean() for members in bins])
            floor[j], slope[j] = _variance_line(x_mean, observed, level)
            # With few bins the fitted floor can be zero, and inputs divided by it would be huge.
            # Bound it by a quarter of the smallest bin.
            floor[j] = max(floor[j], ErrorModel.least_floor * observed.min())
    return np.maximum(floor, least), slope


def _variance_line(x: Array, observed: Array, level: float) -> tuple[float, float]:
    expected = np.full_like(x, level)
    coefficients = np.array([level, 0.0])
    for _ in range(8):
        root = np.sqrt(expected)
        design = np.column_stack([np.ones_like(x), x]) / root[:, None]
        coefficients, _ = nnls(design, observed / root)
        expected = np.maximum(coefficients[0] + coefficients[1] * x, 1e-3 * level)
    return float(coefficients[0]), float(coefficients[1])


class _Design:
    """Centered spectra, the input of the ridge regression.

    With fewer spectra than channels, they are also rotated into their own span, which contains
    all ridge coefficients: the problem then has as many unknowns as spectra.
    """

    def __init__(self, X: NDArray[Any]) -> None:
        self.X = X
        total = np.zeros(X.shape[1])
        for rows in _blocks(len(X)):
            total += X[rows].sum(axis=0, dtype=np.float64)
        self.shift = total / len(X)
        self.rotation: Array | None = None
        self.rotated: Array | None = None
        if len(X) < X.shape[1]:
            Z = X - self.shift
            values, vectors = eigh(Z @ Z.T)
            kept = values > max(values[-1], 0.0) * len(X) * np.finfo(np.float64).eps
            root = np.sqrt(values[kept])
            self.rotation = (Z.T @ vectors[:, kept]) / root
            self.rotated = vectors[:, kept] * root

    def centered(self, rows: NDArray[np.intp]) -> Array:
        """Return rows of the spectra, in float64."""
        if self.rotated is not None:
            return np.asarray(self.rotated[rows])
        return np.asarray(self.X[rows] - self.shift, dtype=np.float64)

    def uncentered(self, fit: LinearFit) -> LinearFit:
        """Convert a fit to centered spectra to one to raw spectra."""
        coef = fit.coef if self.rotation is None else self.rotation @ fit.coef
        return LinearFit(coef, fit.intercept - self.shift @ coef)


class _Moments(NamedTuple):
    """Weighted sums over samples that determine a ridge regression."""

    n: float
    sums: Array
    gram: Array
    y_sums: Array
    cross: Array
    y_squares: Array

    @classmethod
    def of(
        cls, design: _Design, y: Array, rows: NDArray[np.intp], weight: Array | None
    ) -> _Moments:
        n_features = design.centered(rows[:0]).shape[1]
        total = cls(
            0,
            np.zeros(n_features),
            np.zeros((n_features, n_features)),
            np.zeros(y.shape[1]),
            np.zeros((n_features, y.shape[1])),
            np.zeros(y.shape[1]),
        )
        for block in _blocks(len(rows)):
            Z, target = design.centered(rows[block]), y[rows[block]]
            n: float = len(Z)
            heavy, heavy_target = Z, target
            if weight is not None:
                w = weight[rows[block], None]
                n, heavy, heavy_target = float(w.sum()), Z * w, target * w
            total = total.plus(
                cls(
                    n,
                    heavy.sum(axis=0),
                    Z.T @ heavy,
                    heavy_target.sum(axis=0),
                    Z.T @ heavy_target,
                    (np.square(target) if weight is None else heavy_target * target).sum(axis=0),
                )
            )
        return total

    def plus(self, other: _Moments) -> _Moments:
        return _Moments(
            self.n + other.n,
            self.sums + other.sums,
            self.gram + other.gram,
            self.y_sums + other.y_sums,
            self.cross + other.cross,
            self.y_squares + other.y_squares,
        )

    def centered(self) -> tuple[Array, Array, Array]:
        """Gram matrix, products with y, and squares of y, about their means."""
        mean, y_mean = self.sums / self.n, self.y_sums / self.n
        gram = self.gram - np.outer(mean, self.sums)
        squares = np.maximum(self.y_squares - y_mean * self.y_sums, 0.0)
        return gram, self.cross - np.outer(mean, self.y_sums), squares

    def fit(self, coef: Array) -> LinearFit:
        """Complete coefficients by the intercept."""
        return LinearFit(coef, self.y_sums / self.n - self.sums / self.n @ coef)

    def solve_each(self, chosen: NDArray[np.intp]) -> LinearFit:
        """Fit each output with the strength of its number."""
        gram, cross, _ = self.centered()
        unit = np.trace(gram) / max(len(gram), 1)
        diagonal = np.diag_indices_from(gram)
        plain = gram[diagonal]
        coef = np.zeros_like(cross)
        for i in np.unique(chosen).tolist() if unit > 0 else []:
            outputs = np.flatnonzero(chosen == i)
            gram[diagonal] = plain + RIDGE.strengths[i] * unit
            # Rounding may make the matrix indefinite: too weak a strength for these data.
            with contextlib.suppress(LinAlgError):
                factor = cho_factor(gram, check_finite=False)
                coef[:, outputs] = cho_solve(factor, cross[:, outputs])
        return self.fit(coef)


def _leave_one_out(
    design: _Design,
    y: Array,
    rows: NDArray[np.intp],
    moments: _Moments,
    strengths: Array,
    weight: Array | None,
) -> tuple[Array, Callable[[int], Array]]:
    """Mean squared errors of rows that the fit to the others predicts.

    Of shape (n_strengths, n_outputs); infinite where a fit has hardly fewer parameters than rows.
    Second, the function from the number of a strength to its coefficients.
    """
    gram, cross, squares = moments.centered()
    values, vectors = eigh(gram, overwrite_a=True, check_finite=False)
    values = np.maximum(values, 0.0)
    unit = values.sum() / max(len(values), 1)
    if unit == 0:
        return np.ones((len(strengths), cross.shape[1])), lambda _: np.zeros_like(cross)
    inverse = 1.0 / (values + strengths[:, None] * unit)
    # Coefficients along the eigenvectors, of shape (n_strengths, n_features, n_outputs).
    coef = inverse[:, :, None] * (vectors.T @ cross)
    mean, y_mean = moments.sums / moments.n, moments.y_sums / moments.n
    some, share = _left_out(y, rows)
    scores = np.zeros((len(strengths), cross.shape[1]))
    for block in _blocks(len(some)):
        Z = (design.centered(some[block]) - mean) @ vectors
        target = y[some[block]] - y_mean
        leverage = 1 / moments.n + np.square(Z) @ inverse.T
        w = share[block, None]
        if weight is not None:
            leverage = leverage * weight[some[block], None]
            w = w * weight[some[block], None]
        for i in range(len(strengths)):
            kept = np.maximum(1 - leverage[:, [i]], 1e-9)
            errors = np.square((target - Z @ coef[i]) / kept)
            scores[i] += (errors * w).sum(axis=0)
    # For exact labels, the rest is rounding: all such strengths are equal.
    total = share.sum() if weight is None else share @ weight[some]
    scores = np.maximum(scores / total, 1e-13 * squares / moments.n)
    n_parameters = 1 + (values * inverse).sum(axis=1)
    scores[n_parameters > RIDGE.most_parameters * len(rows)] = np.inf
    # With hardly more than one spectrum, the strongest.
    scores[-1] = np.where(np.isinf(scores).all(axis=0), 1.0, scores[-1])
    return scores, lambda i: vectors @ coef[i]


def _left_out(y: Array, rows: NDArray[np.intp]) -> tuple[NDArray[np.intp], Array]:
    """Rows that are left out, and the number of rows that each stands for."""
    most = RIDGE.most_left_out
    if len(rows) <= most:
        return rows, np.ones(len(rows))
    n_each = max(most // (4 * y.shape[1]), 1)
    largest = np.argpartition(np.abs(y[rows]), len(rows) - n_each, axis=0)[-n_each:]
    certain = np.zeros(len(rows), dtype=bool)
    certain[largest] = True
    others = rows[~certain]
    spaced = others[:: -(-len(others) // (most - most // 4))]
    share = np.full(certain.sum() + len(spaced), len(others) / max(len(spaced), 1))
    share[: certain.sum()] = 1.0
    return np.concatenate([rows[certain], spaced]), share


def _strongest(scores: Array) -> NDArray[np.intp]:
    """Index of the last score in each column that is hardly above the least."""
    near = scores <= (1 + RIDGE.tolerance) * scores.min(axis=0)
    return np.asarray(len(scores) - 1 - np.argmax(near[::-1], axis=0))


def _blocks(n_rows: int) -> list[slice]:
    return [slice(start, start + RIDGE.block) for start in range(0, n_rows, RIDGE.block)]
