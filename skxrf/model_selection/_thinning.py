"""Folds of counts: every count of a scan goes to one of several independent parts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_random_state

from skxrf.exceptions import Argument, CountsError, SkxrfError
from skxrf.utils.validation import as_cube, require_counts


def thin_counts(
    cube: xr.DataArray, fraction: float, *, random_state: int = 0
) -> tuple[xr.DataArray, xr.DataArray]:
    """Split the counts of a cube at random into two cubes that are independent of each other.

    Each count goes to the second cube with probability `fraction`. Of Poisson counts of
    expectation mu, the two parts are independent Poisson counts of expectations
    ``(1 - fraction) mu`` and ``fraction mu`` (Neufeld et al. 2024, Journal of Machine Learning
    Research 25, 57).

    Parameters
    ----------
    cube : DataArray of dims (y, x, energy)
        Counts as measured: whole numbers. A lazy cube gives lazy parts.
    fraction : float
        Share of the counts that the second part gets, between 0 and 1.
    random_state : int
        Seed. The same seed, and for a lazy cube the same chunks, give the same parts.

    Returns
    -------
    rest, part : DataArray of dims (y, x, energy)
        In the dtype of the cube; their sum is the cube. A ``live_time`` is divided likewise.

    Raises
    ------
    CountsError
        If the counts are no whole numbers; of a lazy cube when they are computed.
    SkxrfError
        If this is no cube, or `fraction` is not between 0 and 1.

    See Also
    --------
    CountThinning : Folds of counts for ``cross_validate`` and ``GridSearchCV``.

    Examples
    --------
    >>> from skxrf.datasets import make_painting
    >>> from skxrf.model_selection import thin_counts
    >>> cube, _ = make_painting((12, 12), random_state=0)
    >>> rest, part = thin_counts(cube, 0.1)
    >>> bool((rest + part == cube).all())
    True
    """
    cube = as_cube(cube)
    if not 0 < fraction < 1:
        raise SkxrfError(
            "the share of counts must be between 0 and 1: pass such as ",
            Argument("fraction", 0.1),
            f", got {fraction!r}.",
        )
    if cube.chunks is None:
        drawn: Any = _thinned_block(cube.to_numpy(), fraction, random_state, (0, 0, 0))
    else:
        drawn = cube.data.map_blocks(
            _thinned_chunk, fraction=fraction, seed=random_state, dtype=cube.dtype, meta=np.empty(0)
        )
    part = cube.copy(data=drawn)
    rest = cube.copy(data=cube.data - drawn)
    if "live_time" in cube.coords:
        time = cube["live_time"]
        part = part.assign_coords(live_time=time * fraction)
        rest = rest.assign_coords(live_time=time * (1 - fraction))
    return rest, part


def _thinned_chunk(
    block: NDArray[Any], fraction: float, seed: int, block_id: tuple[int, ...]
) -> NDArray[Any]:
    return _thinned_block(block, fraction, seed, block_id)


def _thinned_block(
    block: NDArray[Any], fraction: float, seed: int, place: tuple[int, ...]
) -> NDArray[Any]:
    if not block.size:
        return block
    rng = np.random.default_rng([seed, *place])
    return next(_drawn_parts(block, [fraction], rng))


def count_folds(counts: NDArray[Any], n_splits: int, rng: np.random.Generator) -> Iterator[Any]:
    """Yield the parts of counts that are dealt at random to equal folds, one after the other.

    `counts`: whole numbers; not changed. `n_splits`: number of folds; the parts sum to the counts.
    Yields parts in the shape and dtype of the counts.
    """
    shares = [1 / (n_splits - k) for k in range(n_splits)]
    return _drawn_parts(counts, shares, rng)


def _drawn_parts(
    counts: NDArray[Any], shares: list[float], rng: np.random.Generator
) -> Iterator[NDArray[Any]]:
    """Draw parts one after the other, each a share of what the ones before have left."""
    whole = whole_counts(counts)
    # Most channels of most pixels are empty, and need no random number.
    places = np.flatnonzero(whole)
    left = whole.ravel()[places].astype(np.int64)
    for share in shares:
        drawn = left.copy() if share >= 1 else rng.binomial(left, share)
        left -= drawn
        part = np.zeros(counts.size, counts.dtype)
        part[places] = drawn
        yield part.reshape(counts.shape)


def whole_counts(counts: NDArray[Any]) -> NDArray[Any]:
    """Counts as integers.

    `counts`: integers, or floats without fractions. Returns the array itself where it is of
    integers.
    """
    require_counts(np.atleast_3d(counts), "the counts")
    if counts.dtype.kind in "ui":
        return counts
    whole = counts.astype(np.int64)
    n_broken = int(np.count_nonzero(whole != counts))
    if n_broken:
        raise CountsError(
            f"{n_broken / counts.size:.1%} of the values are no whole numbers, such as "
            f"{counts[whole != counts].flat[0]:g}: thinning needs counts as measured, not rates, "
            "dead-time corrected, averaged or smoothed values. Open the raw counts, or multiply "
            "rates by the live time."
        )
    return whole


class ThinnedCounts:
    """Spectra in folds of counts, drawn when they are asked for; made by :class:`CountThinning`.

    Rows of the training part of a fold are spectra without the fold's counts. Rows of its test
    part contain both parts beside each other, first the training part, so twice the channels.
    As an array (``numpy.asarray``) it is the spectra themselves, to which a search fits its best
    estimator in the end.

    Parameters
    ----------
    counts : ndarray of shape (n_samples, n_channels)
        Spectra.
    n_splits : int
        Number of folds.
    seed : int
        Seed of the split.
    """

    def __init__(self, counts: NDArray[Any], n_splits: int, seed: int) -> None:
        self.counts, self.n_splits, self.seed = counts, n_splits, seed
        self.shape = (2 * n_splits * len(counts), counts.shape[1])
        self.ndim, self.dtype = 2, counts.dtype

    def __len__(self) -> int:
        """Return the number of rows of all parts of all folds."""
        return self.shape[0]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Return the spectra themselves."""
        found = np.asarray(self.counts, dtype=dtype)
        return found.copy() if copy and found is self.counts else found

    def __getitem__(self, key: Any) -> NDArray[Any]:
        """Draw rows; those of one call must be of one part of one fold."""
        rows = np.atleast_1d(np.asarray(key[0] if isinstance(key, tuple) else key))
        parts = np.unique(rows // len(self.counts))
        if parts.size != 1:
            raise SkxrfError(
                "the rows are of several folds of counts: pass the CountThinning that made them as "
                "cv=, not another splitter."
            )
        fold, is_test = divmod(int(parts[0]), 2)
        samples = rows % len(self.counts)
        chosen = self.counts[samples]
        # Drawn for all samples, so that a fold does not depend on which rows are asked for.
        folds = count_folds(self.counts, self.n_splits, np.random.default_rng(self.seed))
        held_out = next(part for k, part in enumerate(folds) if k == fold)[samples]
        kept = chosen - held_out
        return np.hstack([kept, held_out]) if is_test else kept


class CountThinning:
    """Splitter that holds out counts instead of pixels, so that no labels are needed.

    All counts of a scan are dealt at random to `n_splits` folds. A model is fitted to the counts
    of all folds but one, and judged by how well the spectra that it expects predict the counts of
    that one, with :data:`skxrf.metrics.poisson_deviance_scorer`. Of Poisson counts the two are
    independent, in every pixel.

    Parameters
    ----------
    n_splits : int
        Number of folds; a tenth of the counts each by default.
    random_state : int, RandomState or None
        Seed of the split.

    See Also
    --------
    thin_counts : The same of a cube, in two parts.
    skxrf.metrics.poisson_deviance_scorer : Scorer of the held-out counts.

    Notes
    -----
    Pass ``thinning.counts(X)`` as X and the splitter itself as ``cv``. Folds are drawn when they
    are needed, so memory holds one at a time; ``GridSearchCV`` fits its best estimator to all
    counts.

    References
    ----------
    .. [1] Neufeld, Dharamshi, Gao & Witten (2024), Data thinning for convolution-closed
           distributions, Journal of Machine Learning Research 25, 57.

    Examples
    --------
    Number of components of a non-negative factorization, on a scan without labels:

    >>> from sklearn.decomposition import NMF
    >>> from sklearn.model_selection import GridSearchCV
    >>> from skxrf.datasets import make_painting
    >>> from skxrf.metrics import poisson_deviance_scorer
    >>> from skxrf.model_selection import CountThinning
    >>> from skxrf.samples import to_samples
    >>> cube, _ = make_painting((12, 12), random_state=0)
    >>> thinning = CountThinning(2, random_state=0)
    >>> search = GridSearchCV(
    ...     NMF(init="nndsvda", max_iter=30, tol=0), {"n_components": [1, 4]},
    ...     cv=thinning, scoring=poisson_deviance_scorer,
    ... )
    >>> search.fit(thinning.counts(to_samples(cube).values)).best_params_
    {'n_components': 4}
    """

    def __init__(self, n_splits: int = 10, *, random_state: Any = None) -> None:
        self.n_splits = n_splits
        self.random_state = random_state

    def __repr__(self) -> str:
        """Return the splitter as it is made."""
        return f"CountThinning({self.n_splits!r}, random_state={self.random_state!r})"

    def counts(self, X: ArrayLike) -> ThinnedCounts:
        """Spectra in folds of counts.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_channels)
            Spectra [counts], whole numbers.

        Returns
        -------
        ThinnedCounts

        Raises
        ------
        CountsError
            If the counts are negative or no whole numbers.
        """
        spectra: NDArray[Any] = np.asarray(X)
        if spectra.ndim != 2:
            raise SkxrfError(
                f"spectra must have the shape (n_samples, n_channels), got {spectra.shape}: pass "
                "to_samples(cube).values."
            )
        whole_counts(spectra)
        seed = int(check_random_state(self.random_state).randint(2**31))
        return ThinnedCounts(spectra, self.get_n_splits(), seed)

    def split(
        self, X: ThinnedCounts, y: Any = None, groups: Any = None
    ) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
        """Yield the rows of the training and the test part of each fold.

        Parameters
        ----------
        X : ThinnedCounts
            Result of :meth:`counts`.
        y, groups : None
            Labels would have to be split like the counts they were made of.

        Yields
        ------
        train, test : ndarray of int
            Rows of `X`.
        """
        if not isinstance(X, ThinnedCounts):
            raise SkxrfError(
                f"CountThinning splits counts, not rows of {type(X).__name__}: pass "
                "thinning.counts(X) in place of X."
            )
        if y is not None:
            raise SkxrfError(
                "CountThinning takes no labels, which were made of all counts: leave out y, and "
                "score with poisson_deviance_scorer."
            )
        n = len(X.counts)
        for fold in range(X.n_splits):
            train = np.arange(2 * fold * n, (2 * fold + 1) * n)
            yield train, train + n

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Return the number of folds.

        Parameters
        ----------
        X, y, groups : object
            Ignored.

        Returns
        -------
        int
        """
        n_splits: object = self.n_splits
        if not isinstance(n_splits, int | np.integer) or n_splits < 2:
            raise SkxrfError(
                "the number of folds must be a whole number from 2 up: pass such as ",
                Argument("n_splits", 10),
                f", got {self.n_splits!r}.",
            )
        return int(self.n_splits)
