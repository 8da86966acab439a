"""Physical limit of unbiased estimators that use one pixel at a time."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skxrf.exceptions import CountsError, SkxrfError
from skxrf.spectrum_fit._pixel_fit import ComponentPairs, standard_errors


def cramer_rao_bound(
    expected: ArrayLike,
    templates: ArrayLike,
    *,
    nuisances: ArrayLike | None = None,
    batch_size: int = 2048,
) -> NDArray[np.float64]:
    """Smallest standard error of each line group that photon noise allows, pixel by pixel.

    Parameters
    ----------
    expected : array-like of shape (n_pixels, n_channels)
        Expected counts (no noise), such as those of the forward model.
    templates : array-like of shape (n_groups, n_channels)
        Spectrum of one net count of each line group.
    nuisances : array-like of shape (n_nuisances, n_channels), optional
        Shapes whose amplitudes are unknown too: other line groups, scatter, background.
    batch_size : int
        Pixels computed together.

    Returns
    -------
    ndarray of shape (n_pixels, n_groups)
        Standard errors [counts]: for counts ``n_c ~ Poisson(mu_c)`` that are linear in the
        amplitudes, the square roots of the diagonal of the inverse of
        ``I_jk = sum_c T_jc T_kc / mu_c`` (Cramer 1946, Mathematical Methods of Statistics,
        ch. 32).

    Raises
    ------
    SkxrfError
        If the shapes do not match.
    CountsError
        If expected counts are negative or not finite.

    Notes
    -----
    The bound applies to unbiased estimators of single pixels that know the templates. Estimators
    with a prior on the paints, or that use neighboring pixels, can be better.

    Examples
    --------
    >>> import numpy as np
    >>> from skxrf.simulation import cramer_rao_bound
    >>> bound = cramer_rao_bound(np.full((1, 4), 25.0), np.full((1, 4), 0.25))
    >>> bound.round(3)  # a lone peak of 100 counts: their square root
    array([[10.]])
    """
    mean = np.atleast_2d(np.asarray(expected, dtype=np.float64))
    lines = np.atleast_2d(np.asarray(templates, dtype=np.float64))
    others = np.zeros((0, lines.shape[1]))
    if nuisances is not None:
        others = np.atleast_2d(np.asarray(nuisances, dtype=np.float64))
    channels = {mean.shape[1], lines.shape[1], others.shape[1]}
    if len(channels) > 1:
        raise SkxrfError(
            f"expected has {mean.shape[1]} channels, templates {lines.shape[1]} and nuisances "
            f"{others.shape[1]}: all must have the same."
        )
    if not np.all(np.isfinite(mean)) or np.any(mean < 0):
        raise CountsError("expected counts must be finite and not negative.")
    pairs = ComponentPairs(np.vstack([lines, others]))
    errors = np.empty((len(mean), len(lines)))
    for start in range(0, len(mean), batch_size):
        part = mean[start : start + batch_size]
        # A channel without any expected count can contain no signal either.
        weights = np.divide(1.0, part, out=np.zeros_like(part), where=part > 0)
        information = pairs.information(weights.astype(np.float32))
        errors[start : start + batch_size] = standard_errors(information)[:, : len(lines)]
    return errors
