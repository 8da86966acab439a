"""Bring spectra of different brightness, or channels of different noise, to a common scale."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin

from skxrf.exceptions import SkxrfError
from skxrf.utils._sklearn import StrOptions, _fit_context
from skxrf.utils.fitted import validate_spectra


class SpectrumNormalizer(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Normalize each spectrum by itself; nothing is learned from the others.

    Parameters
    ----------
    method : str, default="total_counts"
        Transform of the counts c of a spectrum:

        - ``"total_counts"``: c / sum(abs(c)), which sums to 1. An empty spectrum stays empty.
        - ``"live_time"``: c / live_time [counts per second]; ``transform`` takes `live_time`.
        - ``"sqrt"``: sqrt(c), whose Poisson noise is nearly the same for all c.
        - ``"anscombe"``: 2 sqrt(c + 3/8), of standard deviation 1 for all but few counts [1]_.
        - ``"log1p"``: log(1 + c).
        - ``"standard_score"``: (c - mean(c)) / std(c) over the channels of the spectrum (known
          as standard normal variate). A constant spectrum becomes 0.

    Attributes
    ----------
    n_features_in_ : int
        Number of channels seen in ``fit``.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the channels. Defined only when `X` has names that are all strings.

    Notes
    -----
    Counts are not negative, but the output of an earlier step may be. The roots and the
    logarithm are then continued as odd functions, so that they stay defined, increasing and
    invertible, and nothing is clipped: -sqrt(-c) and -log(1 - c) for c < 0, and
    -2 sqrt(-(c + 3/8)) for c < -3/8.

    The live time is no hidden state: it is handed to ``transform`` (or ``fit_transform``) with
    the spectra. In a Pipeline it gets there by metadata routing, with
    ``SpectrumNormalizer("live_time").set_transform_request(live_time=True)`` and
    ``pipeline.fit(X, y, live_time=t)``, ``pipeline.predict(X, live_time=t)``. scikit-learn's
    scorers do not hand metadata on to ``predict``; since nothing is learned here, normalize
    before ``cross_validate``.

    References
    ----------
    .. [1] F. J. Anscombe, "The transformation of Poisson, binomial and negative-binomial data",
       Biometrika 35, 246-254 (1948), doi:10.1093/biomet/35.3-4.246.

    Examples
    --------
    >>> import numpy as np
    >>> from skxrf.preprocessing import SpectrumNormalizer
    >>> counts = np.array([[1, 9, 0], [4, 16, 0]], dtype=np.uint16)
    >>> SpectrumNormalizer("sqrt").fit_transform(counts)
    array([[1., 3., 0.],
           [2., 4., 0.]], dtype=float32)
    >>> SpectrumNormalizer("live_time").fit_transform(counts, live_time=[0.5, 2.0])
    array([[ 2., 18.,  0.],
           [ 2.,  8.,  0.]], dtype=float32)
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "method": [
            StrOptions({"total_counts", "live_time", "sqrt", "anscombe", "log1p", "standard_score"})
        ]
    }

    def __init__(self, method: str = "total_counts") -> None:
        self.method = method

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: ArrayLike, y: Any = None) -> SpectrumNormalizer:
        """Check the spectra; there is nothing to learn.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_channels)
            Spectra [counts].
        y : None
            Ignored.

        Returns
        -------
        SpectrumNormalizer
            This transformer.
        """
        validate_spectra(self, X, dtype=(np.float32, np.float64))
        return self

    def transform(self, X: ArrayLike, live_time: ArrayLike | None = None) -> NDArray[Any]:
        """Normalize the spectra.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_channels)
            Spectra [counts].
        live_time : float or array-like of shape (n_samples,), default=None
            Live time of each spectrum [s], for ``method="live_time"``; the other methods do
            not look at it.

        Returns
        -------
        ndarray of shape (n_samples, n_channels)
            Float64 for float64, else float32.

        Raises
        ------
        SkxrfError
            If the live time is needed and missing, has another length, or is not positive.
        """
        spectra: NDArray[Any] = validate_spectra(
            self, X, dtype=(np.float32, np.float64), reset=False
        )
        if self.method == "live_time":
            return _per_second(spectra, live_time)
        return _METHODS[self.method](spectra)

    def fit_transform(
        self, X: ArrayLike, y: Any = None, live_time: ArrayLike | None = None
    ) -> NDArray[Any]:
        """Check the spectra and normalize them.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_channels)
            Spectra [counts].
        y : None
            Ignored.
        live_time : float or array-like of shape (n_samples,), default=None
            Live time of each spectrum [s], as for ``transform``.

        Returns
        -------
        ndarray of shape (n_samples, n_channels)
            Float64 for float64, else float32.
        """
        normalized: NDArray[Any] = self.fit(X).transform(X, live_time=live_time)
        return normalized

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _per_second(X: NDArray[Any], live_time: ArrayLike | None) -> NDArray[Any]:
    if live_time is None:
        raise SkxrfError(
            "method='live_time' needs the live time of each spectrum: transform(X, live_time=t); "
            "in a Pipeline, request it with set_transform_request(live_time=True). scikit-learn's "
            "scorers hand nothing on to predict: to cross-validate, normalize the spectra before."
        )
    seconds = np.asarray(live_time, dtype=np.float64)
    if seconds.shape not in ((), (len(X),)):
        raise SkxrfError(
            f"live_time has the shape {seconds.shape} for {len(X)} spectra: pass one value for "
            "each, or one for all."
        )
    bad = np.flatnonzero(~(np.isfinite(seconds) & (seconds > 0)))
    if bad.size:
        raise SkxrfError(
            f"live_time must be positive, {bad.size} of {seconds.size} values are not: the first "
            f"is {seconds.flat[bad[0]]} s, of spectrum {bad[0]}."
        )
    return np.asarray(X / seconds.astype(X.dtype).reshape(-1, 1))


def _by_total(X: NDArray[Any]) -> NDArray[Any]:
    out: NDArray[Any] = np.abs(X)
    total = out.sum(axis=1, keepdims=True, dtype=np.float64).astype(X.dtype)
    np.divide(X, np.where(total > 0, total, 1), out=out)
    return out


def _signed_sqrt(X: NDArray[Any]) -> NDArray[Any]:
    out: NDArray[Any] = np.abs(X)
    np.copysign(np.sqrt(out, out=out), X, out=out)
    return out


def _anscombe(X: NDArray[Any]) -> NDArray[Any]:
    out = _signed_sqrt(X + X.dtype.type(0.375))
    out *= 2
    return out


def _signed_log1p(X: NDArray[Any]) -> NDArray[Any]:
    out: NDArray[Any] = np.abs(X)
    np.copysign(np.log1p(out, out=out), X, out=out)
    return out


def _standard_score(X: NDArray[Any]) -> NDArray[Any]:
    mean = X.mean(axis=1, keepdims=True, dtype=np.float64)
    out: NDArray[Any] = X - mean.astype(X.dtype)
    deviation = np.sqrt(np.square(out).mean(axis=1, keepdims=True, dtype=np.float64))
    # The rounding error of a constant spectrum is not a deviation.
    rounding = 4 * np.finfo(X.dtype).eps * np.abs(mean)
    constant = deviation <= rounding
    out /= np.where(constant, 1, deviation).astype(X.dtype)
    out[constant[:, 0]] = 0
    return out


_METHODS = {
    "total_counts": _by_total,
    "sqrt": _signed_sqrt,
    "anscombe": _anscombe,
    "log1p": _signed_log1p,
    "standard_score": _standard_score,
}
