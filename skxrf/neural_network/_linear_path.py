"""The linear path of a network: ridge regression on raw spectra, and the error it makes."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cho_factor, cho_solve, eigh
from scipy.optimize import nnls

Array = NDArray[np.float64]

# Strengths that are tried, in units of the mean variance of a scaled channel.
STRENGTHS = np.logspace(-6, 1, 8)
_BLOCK = 4096  # rows that are in float64 at a time
_BINS = 20  # intensity bins of the error model


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
        Chosen ridge strengths, in units of the mean variance of a scaled channel.
    """

    selection: LinearFit
    final: LinearFit
    strength: Array


def fit_linear_path(
    X: NDArray[Any], y: NDArray[Any], train: NDArray[np.intp], valid: NDArray[np.intp]
) -> LinearPath:
    """Fit a Poisson-weighted ridge regression, its strength per output chosen on `valid`.

    Minimises ``sum_i (y_i - x_i w - b)^2 + strength * sum_c m_c w_c^2`` with ``m_c`` the mean
    count of channel c. As the variance of a Poisson count is its mean, the second sum is the
    variance that counting noise gives to the estimate ``x w`` of a mean spectrum: the penalty
    buys less noise for some bias, whatever the dose.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Spectra, of any real type; taken to float64 in blocks.
    y : ndarray of shape (n_samples, n_outputs)
        Labels.
    train, valid : ndarray of int
        Rows to fit, and rows to choose the strengths by; `valid` may be empty, then the
        middle strength is taken.

    Returns
    -------
    LinearPath
    """
    design = _Design(X)
    y_shift = y.mean(axis=0, dtype=np.float64)
    target = y - y_shift
    moments = _Moments.of(design, target, train)
    fits = moments.solve(STRENGTHS)
    if len(valid):
        spectra = design.scaled(valid)
        errors = [((target[valid] - fit.predict(spectra)) ** 2).mean(axis=0) for fit in fits]
        chosen = np.argmin(errors, axis=0)
        moments_all = moments.plus(_Moments.of(design, target, valid))
        used = np.unique(chosen).tolist()
        refits = dict(zip(used, moments_all.solve(STRENGTHS[used]), strict=True))
    else:
        chosen = np.full(y.shape[1], len(STRENGTHS) // 2)
        refits = dict(enumerate(fits))
    selection = design.unscaled(_picked(dict(enumerate(fits)), chosen))
    final = design.unscaled(_picked(refits, chosen))
    return LinearPath(
        selection._replace(intercept=selection.intercept + y_shift),
        final._replace(intercept=final.intercept + y_shift),
        STRENGTHS[chosen],
    )


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


def residual_weight(y: Array, linear: Array, full: Array, error: Array | float) -> Array:
    """How much of what the layers add to the linear path to keep, for each output.

    The share that is best on held-out rows by weighted least squares, between 0 and 1; and 0
    where it does not lessen the mean squared error, in units of the expected error, by more
    than two standard errors of that mean.

    Parameters
    ----------
    y, linear, full : ndarray of shape (n_samples, n_outputs)
        Labels, linear path and whole network of rows that neither was fitted to.
    error : float or ndarray that broadcasts to that shape
        Expected errors of the labels.

    Returns
    -------
    ndarray of shape (n_outputs,)
    """
    needed, added = (y - linear) / error, (full - linear) / error
    power = np.square(added).sum(axis=0)
    share = (needed * added).sum(axis=0) / np.where(power > 0, power, 1.0)
    share = np.clip(share, 0.0, 1.0)
    gained = np.square(needed) - np.square(needed - share * added)
    doubt = gained.std(axis=0, ddof=1) / np.sqrt(len(y))
    return np.where(gained.mean(axis=0) > 2 * doubt, share, 0.0)


class _Design:
    """Spectra as the ridge regression sees them: centred, channels over their root mean count.

    With fewer spectra than channels, they are also rotated into their own span, where all ridge
    coefficients lie: the problem then has as many unknowns as spectra.
    """

    def __init__(self, X: NDArray[Any]) -> None:
        self.X = X
        total, size = np.zeros(X.shape[1]), np.zeros(X.shape[1])
        for rows in _blocks(len(X)):
            total += X[rows].sum(axis=0, dtype=np.float64)
            size += np.abs(X[rows]).sum(axis=0, dtype=np.float64)
        size /= len(X)
        # Channels that are (nearly) always empty: no division by zero, no giant weights.
        least = 1e-3 * size.mean()
        self.shift = total / len(X)
        self.scale = 1.0 / np.sqrt(np.maximum(size, least if least > 0 else 1.0))
        self.rotation: Array | None = None
        self.rotated: Array | None = None
        if len(X) < X.shape[1]:
            Z = (X - self.shift) * self.scale
            values, vectors = eigh(Z @ Z.T)
            kept = values > max(values[-1], 0.0) * len(X) * np.finfo(np.float64).eps
            root = np.sqrt(values[kept])
            self.rotation = (Z.T @ vectors[:, kept]) / root
            self.rotated = vectors[:, kept] * root

    def scaled(self, rows: NDArray[np.intp]) -> Array:
        """Return rows of the spectra, in float64."""
        if self.rotated is not None:
            return np.asarray(self.rotated[rows])
        return np.asarray((self.X[rows] - self.shift) * self.scale, dtype=np.float64)

    def unscaled(self, fit: LinearFit) -> LinearFit:
        """Return the fit to raw spectra that a fit to scaled ones means."""
        coef = fit.coef if self.rotation is None else self.rotation @ fit.coef
        coef = self.scale[:, None] * coef
        return LinearFit(coef, fit.intercept - self.shift @ coef)


class _Moments(NamedTuple):
    """Sums over samples from which a ridge regression is solved."""

    n: int
    sums: Array
    gram: Array
    y_sums: Array
    cross: Array

    @classmethod
    def of(cls, design: _Design, y: Array, rows: NDArray[np.intp]) -> _Moments:
        total: _Moments | None = None
        for block in _blocks(len(rows)):
            Z, target = design.scaled(rows[block]), y[rows[block]]
            part = cls(len(Z), Z.sum(axis=0), Z.T @ Z, target.sum(axis=0), Z.T @ target)
            total = part if total is None else total.plus(part)
        assert total is not None
        return total

    def plus(self, other: _Moments) -> _Moments:
        return _Moments(
            self.n + other.n,
            self.sums + other.sums,
            self.gram + other.gram,
            self.y_sums + other.y_sums,
            self.cross + other.cross,
        )

    def solve(self, strengths: Iterable[float]) -> list[LinearFit]:
        mean, y_mean = self.sums / self.n, self.y_sums / self.n
        gram = self.gram - np.outer(mean, self.sums)
        cross = self.cross - np.outer(mean, self.y_sums)
        diagonal = gram.diagonal().copy()
        unit = diagonal.sum() / max(len(gram), 1)
        fits = []
        for strength in strengths:
            coef = np.zeros_like(cross)
            if unit > 0:
                np.fill_diagonal(gram, diagonal + strength * unit)
                # Rounding may make the matrix indefinite: too weak a strength for these data.
                with contextlib.suppress(LinAlgError):
                    coef = cho_solve(cho_factor(gram, check_finite=False), cross)
            fits.append(LinearFit(coef, y_mean - mean @ coef))
        return fits


def _picked(fits: dict[int, LinearFit], chosen: NDArray[np.intp]) -> LinearFit:
    coef = [fits[i].coef[:, j] for j, i in enumerate(chosen.tolist())]
    intercept = [fits[i].intercept[j] for j, i in enumerate(chosen.tolist())]
    return LinearFit(np.stack(coef, axis=1), np.array(intercept))


def _blocks(n_rows: int) -> list[slice]:
    return [slice(start, start + _BLOCK) for start in range(0, n_rows, _BLOCK)]
