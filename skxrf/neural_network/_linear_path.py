"""The linear path of a network: ridge regression on raw spectra, and the error it makes."""

from __future__ import annotations

import contextlib
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cho_factor, cho_solve, eigh
from scipy.optimize import nnls

Array = NDArray[np.float64]

# Strengths that are tried, in units of the mean variance of a channel.
STRENGTHS = np.logspace(-6, 1, 15)
# Effective parameters of a fit that is chosen, as a share of the spectra, at most.
_MOST_PARAMETERS = 0.98
# Of strengths whose scores differ by no more than this, the strongest is taken: it holds better
# on spectra unlike those of the training set.
_TOLERANCE = 0.005
# Spectra that are left out, one at a time, at most: evenly drawn from more.
_MOST_LEFT_OUT = 8192
_BLOCK = 4096  # rows that are in float64 at a time
_BINS = 20  # intensity bins of the error model
_LEAST_FLOOR = 0.25  # least error at zero, as a share of the least mean square of a bin


class LinearFit(NamedTuple):
    """Coefficients of shape (n_features, n_outputs) and intercept of shape (n_outputs,)."""

    coef: Array
    intercept: Array

    def predict(self, X: NDArray[Any]) -> Array:
        """Predict in blocks of rows, in float64."""
        blocks = [X[rows] @ self.coef for rows in _blocks(len(X))]
        return np.concatenate(blocks) + self.intercept


class LinearPath(NamedTuple):
    """What :func:`fit_linear_path` finds.

    Attributes
    ----------
    selection : LinearFit
        Fit to the training rows alone: its errors on the validation rows are honest.
    final : LinearFit
        Fit to all rows with the same strengths.
    strength : ndarray of shape (n_outputs,)
        Chosen ridge strengths, in units of the mean variance of a channel.
    """

    selection: LinearFit
    final: LinearFit
    strength: Array


def fit_linear_path(
    X: NDArray[Any], y: NDArray[Any], train: NDArray[np.intp], valid: NDArray[np.intp]
) -> LinearPath:
    """Fit a ridge regression, its strength chosen per output.

    The strength is the one of least squared error when each row, `valid` included, is left out in
    turn (in closed form: Allen 1974, Technometrics 16, 125), or the strongest that is hardly
    worse. That needs no held-out rows, of which few would choose by chance. Generalised
    cross-validation would be cheaper, but it takes all rows to weigh alike, and bright spectra
    weigh more.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Spectra, of any real type; taken to float64 in blocks.
    y : ndarray of shape (n_samples, n_outputs)
        Labels.
    train, valid : ndarray of int
        Rows of the first fit, and the other rows, which join them for the final one.

    Returns
    -------
    LinearPath
    """
    y_shift = y.mean(axis=0, dtype=np.float64)
    target = y - y_shift
    design = _Design(X)
    selection = _Moments.of(design, target, train)
    final = selection.plus(_Moments.of(design, target, valid))
    everything = np.union1d(train, valid)
    chosen = _strongest(_leave_one_out(design, target, everything, final, STRENGTHS))
    fits = []
    for moments in (selection, final):
        coef, intercept = np.empty((X.shape[1], y.shape[1])), np.empty(y.shape[1])
        for i in np.unique(chosen).tolist():
            outputs = np.flatnonzero(chosen == i)
            found = design.uncentred(moments.of_outputs(outputs).solve(STRENGTHS[i]))
            coef[:, outputs] = found.coef
            intercept[outputs] = found.intercept + y_shift[outputs]
        fits.append(LinearFit(coef, intercept))
    return LinearPath(fits[0], fits[1], STRENGTHS[chosen])


def fit_error_model(intensity: Array, residual: Array, spread: Array) -> tuple[Array, Array]:
    """Fit ``residual^2 = floor + slope * max(intensity, 0)`` for each output.

    The form is that of counting: a constant part (background, overlapping lines) and Poisson's,
    which grows with the intensity. Least squares over the mean squares of residuals in bins
    of equal numbers of samples, weighted by the inverse of the expected value, with which the
    mean of the squares is met whatever their true form is; neither part negative.

    Parameters
    ----------
    intensity, residual : ndarray of shape (n_samples, n_outputs)
        Estimated intensities and their errors, on samples that were not fitted.
    spread : ndarray of shape (n_outputs,)
        Standard deviations of the labels, which bound the floor from below.

    Returns
    -------
    floor, slope : ndarray of shape (n_outputs,)
        Floor above zero, slope not negative.
    """
    n_samples, n_outputs = intensity.shape
    # A label that is an exact linear function would have a floor of zero.
    least = np.where(spread > 0, 1e-4 * spread, 1.0) ** 2
    floor, slope = np.empty(n_outputs), np.zeros(n_outputs)
    n_bins = min(_BINS, n_samples // 10)
    for j in range(n_outputs):
        squares = residual[:, j] ** 2
        level = squares.mean() if n_samples else spread[j] ** 2
        floor[j] = level
        if n_bins >= 3 and level > least[j]:
            x = np.maximum(intensity[:, j], 0.0)
            bins = np.array_split(np.argsort(x), n_bins)
            x_mean = np.array([x[rows].mean() for rows in bins])
            observed = np.array([squares[rows].mean() for rows in bins])
            floor[j], slope[j] = _variance_line(x_mean, observed, level)
            # A line through few bins may leave nothing at zero, where the layers would then
            # see giants: no intensity is known much better than the best known ones are.
            floor[j] = max(floor[j], _LEAST_FLOOR * observed.min())
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
    """Spectra as the ridge regression sees them: centred.

    With fewer spectra than channels, they are also rotated into their own span, where all ridge
    coefficients lie: the problem then has as many unknowns as spectra.
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

    def centred(self, rows: NDArray[np.intp]) -> Array:
        """Return rows of the spectra, in float64."""
        if self.rotated is not None:
            return np.asarray(self.rotated[rows])
        return np.asarray(self.X[rows] - self.shift, dtype=np.float64)

    def uncentred(self, fit: LinearFit) -> LinearFit:
        """Return the fit to raw spectra that a fit to centred ones means."""
        coef = fit.coef if self.rotation is None else self.rotation @ fit.coef
        return LinearFit(coef, fit.intercept - self.shift @ coef)


class _Moments(NamedTuple):
    """Sums over samples from which a ridge regression is chosen and solved."""

    n: int
    sums: Array
    gram: Array
    y_sums: Array
    cross: Array
    y_squares: Array

    @classmethod
    def of(cls, design: _Design, y: Array, rows: NDArray[np.intp]) -> _Moments:
        n_features = design.centred(rows[:0]).shape[1]
        total = cls(
            0,
            np.zeros(n_features),
            np.zeros((n_features, n_features)),
            np.zeros(y.shape[1]),
            np.zeros((n_features, y.shape[1])),
            np.zeros(y.shape[1]),
        )
        for block in _blocks(len(rows)):
            Z, target = design.centred(rows[block]), y[rows[block]]
            squares = np.square(target).sum(axis=0)
            total = total.plus(
                cls(len(Z), Z.sum(axis=0), Z.T @ Z, target.sum(axis=0), Z.T @ target, squares)
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

    def of_outputs(self, outputs: NDArray[np.intp]) -> _Moments:
        return self._replace(
            y_sums=self.y_sums[outputs],
            cross=self.cross[:, outputs],
            y_squares=self.y_squares[outputs],
        )

    def centred(self) -> tuple[Array, Array, Array]:
        """Gram matrix, products with y, and squares of y, about their means."""
        mean, y_mean = self.sums / self.n, self.y_sums / self.n
        gram = self.gram - np.outer(mean, self.sums)
        squares = np.maximum(self.y_squares - y_mean * self.y_sums, 0.0)
        return gram, self.cross - np.outer(mean, self.y_sums), squares

    def solve(self, strength: float) -> LinearFit:
        gram, cross, _ = self.centred()
        mean, y_mean = self.sums / self.n, self.y_sums / self.n
        unit = np.trace(gram) / max(len(gram), 1)
        coef = np.zeros_like(cross)
        if unit > 0:
            gram[np.diag_indices_from(gram)] += strength * unit
            # Rounding may make the matrix indefinite: too weak a strength for these data.
            with contextlib.suppress(LinAlgError):
                coef = cho_solve(cho_factor(gram, check_finite=False), cross)
        return LinearFit(coef, y_mean - mean @ coef)


def _leave_one_out(
    design: _Design, y: Array, rows: NDArray[np.intp], moments: _Moments, strengths: Array
) -> Array:
    """Mean squared errors of rows that the fit to the others predicts.

    Of shape (n_strengths, n_outputs); infinite where a fit has hardly fewer parameters than rows.
    """
    gram, cross, squares = moments.centred()
    values, vectors = eigh(gram, overwrite_a=True, check_finite=False)
    values = np.maximum(values, 0.0)
    unit = values.sum() / max(len(values), 1)
    if unit == 0:
        return np.ones((len(strengths), cross.shape[1]))
    inverse = 1.0 / (values + strengths[:, None] * unit)
    # Coefficients along the eigenvectors, of shape (n_strengths, n_features, n_outputs).
    coef = inverse[:, :, None] * (vectors.T @ cross)
    mean, y_mean = moments.sums / moments.n, moments.y_sums / moments.n
    some = rows[:: -(-len(rows) // _MOST_LEFT_OUT)]
    scores = np.zeros((len(strengths), cross.shape[1]))
    for block in _blocks(len(some)):
        Z = (design.centred(some[block]) - mean) @ vectors
        target = y[some[block]] - y_mean
        leverage = 1 / moments.n + np.square(Z) @ inverse.T
        for i in range(len(strengths)):
            kept = np.maximum(1 - leverage[:, [i]], 1e-9)
            scores[i] += np.square((target - Z @ coef[i]) / kept).sum(axis=0)
    # Rounding hides what labels that are exact leave: all such strengths are alike.
    scores = np.maximum(scores / len(some), 1e-13 * squares / moments.n)
    n_parameters = 1 + (values * inverse).sum(axis=1)
    scores[n_parameters > _MOST_PARAMETERS * moments.n] = np.inf
    # With hardly more than one spectrum nothing can be chosen: the strongest.
    scores[-1] = np.where(np.isinf(scores).all(axis=0), 1.0, scores[-1])
    return scores


def _strongest(scores: Array) -> NDArray[np.intp]:
    """The last of the scores, in rows, that are hardly above the least of their column."""
    near = scores <= (1 + _TOLERANCE) * scores.min(axis=0)
    return np.asarray(len(scores) - 1 - np.argmax(near[::-1], axis=0))


def _blocks(n_rows: int) -> list[slice]:
    return [slice(start, start + _BLOCK) for start in range(0, n_rows, _BLOCK)]
