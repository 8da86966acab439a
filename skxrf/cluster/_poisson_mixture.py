"""Mixture of Poisson spectra: paints, found by the shapes of spectra of any dose."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClusterMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from skxrf.exceptions import CountsError
from skxrf.spectrum_fit._like_spectra import equal_count_bins, joined
from skxrf.spectrum_fit._nonnegative import solve_nonnegative
from skxrf.spectrum_fit._weight_classes import divided
from skxrf.utils._sklearn import Interval, StrOptions, _fit_context
from skxrf.utils.fitted import validate_spectra
from skxrf.utils.typing import Array


@dataclass(frozen=True)
class MixtureRule:
    """Numbers of the mixture."""

    bins: int = 128  # bins of about the same number of counts, into which channels are joined
    numbers: tuple[int, ...] = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)
    """Numbers of clusters that are tried."""
    significance: float = 2.0
    """Standard errors by which more clusters must predict held-out counts better."""
    failures: int = 2  # numbers in turn that do not, after which no larger one is tried
    least_members: float = 3.0  # weight [spectra] below which a cluster is given up
    spectra_of_a_cluster: int = 10  # fewest spectra for each cluster, on average
    batch: int = 4096  # spectra that are compared with all clusters at a time


class PoissonMixture(ClusterMixin, BaseEstimator):
    """Clusters of spectra of Poisson-distributed counts: the paints of a painting.

    Spectra of a cluster have the same shape, whatever their dose; their counts scatter about it as
    photons do, and by a share of the counts besides, as layers vary. The clusters are learned by
    expectation maximization. A spectrum of few counts is assigned with the doubt that it deserves
    (:meth:`predict_proba`), and one that is like no cluster is an outlier.

    Parameters
    ----------
    n_clusters : int or "auto"
        Number of clusters, of which those of hardly any spectra are given up. ``"auto"``: the
        counts of each spectrum are split at random into two halves; more clusters are taken as
        long as those of one half predict the other better.
    max_clusters : int
        Largest number that ``"auto"`` tries.
    outlying : float
        Robust standard deviations by which the logarithm of an outlier's misfit exceeds the median.
    max_samples : int
        Spectra, spread evenly over those given, from which the clusters are learned.
    max_iter : int
        Most steps of the expectation maximization.
    random_state : int, RandomState instance or None
        Split of the counts in halves; of no effect for a given number of clusters.

    Attributes
    ----------
    labels_ : ndarray of shape (n_samples,), int
        Cluster of each training spectrum, the largest first; -1 for outliers and for spectra
        without counts.
    cluster_centers_ : ndarray of shape (n_clusters_, n_channels)
        Mean spectrum of the members [counts].
    n_clusters_ : int
        Number of clusters.
    weights_ : ndarray of shape (n_clusters_,)
        Shares of the spectra.
    excess_ : float
        Squared relative spread of the counts of a bin about its cluster, beyond photon noise.
    n_iter_ : int
        Steps of the last expectation maximization.
    n_features_in_ : int
        Number of channels.

    See Also
    --------
    skxrf.inference.paint_maps : Paints of the pixels of a cube.

    Notes
    -----
    The likelihood of counts ``n`` with the total ``N`` is that of a multinomial distribution,
    divided by the dispersion ``1 + excess N`` (quasi-likelihood: McCullagh & Nelder 1989,
    Generalized Linear Models, ch. 9).

    Examples
    --------
    >>> import numpy as np
    >>> from skxrf.cluster import PoissonMixture
    >>> rng = np.random.default_rng(0)
    >>> shapes = np.array([[8.0, 1.0, 1.0], [1.0, 8.0, 1.0]])
    >>> X = rng.poisson(np.repeat(shapes * 30, 50, axis=0))
    >>> paints = PoissonMixture(random_state=0).fit(X)
    >>> paints.n_clusters_, np.bincount(paints.labels_).tolist()
    (2, [50, 50])
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "n_clusters": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        "max_clusters": [Interval(Integral, 1, None, closed="left")],
        "outlying": [Interval(Real, 0, None, closed="neither")],
        "max_samples": [Interval(Integral, 1, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        n_clusters: int | str = "auto",
        *,
        max_clusters: int = 16,
        outlying: float = 8.0,
        max_samples: int = 20_000,
        max_iter: int = 50,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.n_clusters = n_clusters
        self.max_clusters = max_clusters
        self.outlying = outlying
        self.max_samples = max_samples
        self.max_iter = max_iter
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: ArrayLike, y: Any = None) -> Self:
        """Learn the clusters.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_channels)
            Spectra [counts].
        y : None
            Ignored.

        Returns
        -------
        self : PoissonMixture

        Raises
        ------
        CountsError
            If there are no counts, or negative ones.
        """
        spectra: NDArray[Any] = validate_spectra(self, X)
        _require_counts(spectra)
        some = spectra[:: max(1, -(-len(spectra) // self.max_samples))]
        self._starts = equal_count_bins(some.sum(axis=0, dtype=np.float64), MixtureRule.bins)
        counts = np.concatenate([joined(part, self._starts) for part in _batches(some)])
        counts = counts[counts.sum(axis=1) > 0]
        n_clusters = self.n_clusters
        if isinstance(n_clusters, str):
            n_clusters = self._number(counts)
        self._shapes, self.weights_ = self._learned(counts, int(n_clusters), 0.0)
        # Once more, with the spread that the clusters have beyond photon noise.
        self.excess_ = _excess(counts, self._shapes, self.weights_)
        self._shapes, self.weights_ = self._maximized(
            counts, self._shapes, self.weights_, self.excess_
        )
        order = np.argsort(-self.weights_, kind="stable")
        self._shapes, self.weights_ = self._shapes[order], self.weights_[order]
        self.n_clusters_ = len(order)
        misfits = self._compared(counts)[1]
        self._misfit = float(np.median(misfits))
        spread = 1.4826 * float(np.median(np.abs(misfits - self._misfit)))
        self._spread = max(spread, float(np.sqrt(2 / max(counts.shape[1] - 1, 1))))
        self._describe(spectra)
        return self

    def predict(self, X: ArrayLike) -> NDArray[np.intp]:
        """Most probable cluster of each spectrum.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_channels)
            Spectra [counts].

        Returns
        -------
        ndarray of shape (n_samples,), int
            -1 for outliers, and for spectra without counts.
        """
        return np.concatenate([self._labels(part) for part in self._checked(X)])

    def predict_proba(self, X: ArrayLike) -> Array:
        """Probability that a spectrum is of each cluster.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_channels)
            Spectra [counts].

        Returns
        -------
        ndarray of shape (n_samples, n_clusters_)
            Each row sums to 1; for a spectrum without counts, ``weights_``.
        """
        return np.concatenate([self._compared(part)[0] for part in self._checked(X)])

    def unmix(self, X: ArrayLike) -> Array:
        """Fit each spectrum by a non-negative sum of the clusters' shapes.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_channels)
            Spectra [counts].

        Returns
        -------
        ndarray of shape (n_samples, n_clusters_)
            Counts that each cluster contributes: a pixel on an edge contains two paints.
        """
        parts = []
        for counts in self._checked(X):
            proba = self._compared(counts)[0]
            weights = 1 / np.maximum(proba @ self._shapes, 1e-12)
            matrices = np.einsum(
                "pc,jc,kc->pjk", weights, self._shapes, self._shapes, optimize=True
            )
            parts.append(solve_nonnegative(matrices, (counts * weights) @ self._shapes.T)[0])
        return np.concatenate(parts)

    def _number(self, counts: Array) -> int:
        """Number of clusters of one half of the counts that predict the other half best."""
        random = check_random_state(self.random_state)
        first = random.binomial(np.floor(counts).astype(np.int64), 0.5).astype(np.float64)
        second = counts - first
        kept = first.sum(axis=1) > 0
        first, second = first[kept], second[kept]
        most = min(self.max_clusters, len(first) // MixtureRule.spectra_of_a_cluster)
        best, likelihood, failures = 1, np.full(len(first), -np.inf), 0
        for number in [n for n in MixtureRule.numbers if n == 1 or n <= most]:
            if not len(first):
                break
            shapes, weights = self._learned(first, number, 0.0)
            expected = _probabilities(first, shapes, weights, 0.0) @ shapes
            found = np.einsum("ij,ij->i", second, np.log(expected))
            gain = found - likelihood
            if number == 1 or gain.mean() > MixtureRule.significance * gain.std() / np.sqrt(
                gain.size
            ):
                best, likelihood, failures = number, found, 0
            elif (failures := failures + 1) == MixtureRule.failures:
                break
        return best

    def _learned(self, counts: Array, number: int, excess: float) -> tuple[Array, Array]:
        dose = counts.sum(axis=1)
        members = divided(np.sqrt(counts / dose[:, None]), dose, min(number, len(counts)))
        probabilities = (members[:, None] == np.unique(members)).astype(np.float64)
        return self._maximized(counts, *_parameters(counts, probabilities), excess)

    def _maximized(
        self, counts: Array, shapes: Array, weights: Array, excess: float
    ) -> tuple[Array, Array]:
        for step in range(self.max_iter):
            self.n_iter_ = step + 1
            probabilities = _probabilities(counts, shapes, weights, excess)
            size = probabilities.sum(axis=0)
            kept = size >= min(MixtureRule.least_members, float(size.max()))
            before, (shapes, weights) = weights, _parameters(counts, probabilities[:, kept])
            if kept.all() and np.abs(weights - before).max() < 1e-4:
                break
        return shapes, weights

    def _compared(self, counts: Array) -> tuple[Array, Array]:
        """Probabilities of the clusters, and logarithm of the misfit to the most probable one."""
        probabilities = _probabilities(counts, self._shapes, self.weights_, self.excess_)
        return probabilities, np.log(
            _chi_square(counts, self._shapes[probabilities.argmax(axis=1)])
            / (1 + self.excess_ * counts.sum(axis=1))
        )

    def _labels(self, counts: Array) -> NDArray[np.intp]:
        probabilities, misfits = self._compared(counts)
        off = misfits - self._misfit > self.outlying * self._spread
        return np.where(off | (counts.sum(axis=1) <= 0), -1, probabilities.argmax(axis=1))

    def _describe(self, spectra: NDArray[Any]) -> None:
        """Label the training spectra, and average those of each cluster."""
        labels, sums = [], np.zeros((self.n_clusters_, spectra.shape[1]))
        for part in _batches(spectra):
            labels.append(self._labels(joined(part, self._starts)))
            sums += (labels[-1] == np.arange(self.n_clusters_)[:, None]).astype(np.float64) @ part
        self.labels_ = np.concatenate(labels)
        sizes = np.bincount(self.labels_[self.labels_ >= 0], minlength=self.n_clusters_)
        self.cluster_centers_ = sums / np.maximum(sizes, 1)[:, None]

    def _checked(self, X: ArrayLike) -> Iterator[Array]:
        check_is_fitted(self)
        spectra: NDArray[Any] = validate_spectra(self, X, reset=False)
        _require_counts(spectra, some=False)
        return (joined(part, self._starts) for part in _batches(spectra))

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn that counts are not negative."""
        tags = super().__sklearn_tags__()
        tags.input_tags.positive_only = True
        return tags


def _require_counts(spectra: NDArray[Any], *, some: bool = True) -> None:
    if spectra.min() < 0:
        raise CountsError(
            f"Negative values in data passed to PoissonMixture: the least is {spectra.min():g}, and "
            "counts are not negative. Pass the spectra as measured."
        )
    if some and not spectra.any():
        raise CountsError("the spectra hold no counts: there is nothing to cluster.")


def _batches(spectra: NDArray[Any]) -> Iterator[NDArray[Any]]:
    return (spectra[i : i + MixtureRule.batch] for i in range(0, len(spectra), MixtureRule.batch))


def _parameters(counts: Array, probabilities: Array) -> tuple[Array, Array]:
    """Shapes and shares of clusters of the largest likelihood for given probabilities."""
    sums = probabilities.T @ counts
    total = counts.sum(axis=0)
    # One count a bin, as in all spectra: what a cluster lacks may yet occur in it.
    shapes = sums + total * (total.size / total.sum()) + 1e-9 * total.mean()
    size = probabilities.sum(axis=0)
    return shapes / shapes.sum(axis=1, keepdims=True), size / size.sum()


def _probabilities(counts: Array, shapes: Array, weights: Array, excess: float) -> Array:
    likelihood = counts @ np.log(shapes).T
    likelihood /= 1 + excess * counts.sum(axis=1, keepdims=True)
    return np.asarray(softmax(likelihood + np.log(weights), axis=1))


def _chi_square(counts: Array, shapes: Array) -> Array:
    """Pearson's chi-square per degree of freedom; 1 for a spectrum without counts."""
    dose = counts.sum(axis=1, keepdims=True)
    expected = np.maximum(dose, 1e-12) * shapes
    found = np.square(counts - expected) / expected
    found = found.sum(axis=1) / max(counts.shape[1] - 1, 1)
    return np.where(dose[:, 0] > 0, np.maximum(found, 1e-12), 1.0)


def _excess(counts: Array, shapes: Array, weights: Array) -> float:
    """Median of what chi-square exceeds 1 by, per count."""
    nearest = shapes[_probabilities(counts, shapes, weights, 0.0).argmax(axis=1)]
    return max(float(np.median((_chi_square(counts, nearest) - 1) / counts.sum(axis=1))), 0.0)
