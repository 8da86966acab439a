"""Poisson deviance of counts from the spectra that an estimator expects."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skxrf.exceptions import SkxrfError


def expected_spectra(estimator: Any, X: NDArray[Any]) -> tuple[NDArray[np.floating[Any]], slice]:
    """Spectra that a fitted estimator expects where it is given spectra, without their noise.

    `estimator`: a fit by components (``decompose``, ``components_`` and ``fitted_channels_``, such
    as :class:`skxrf.linear_model.TemplateFitRegressor`), or a transformer with
    ``inverse_transform``, such as NMF or a Pipeline of one. `X` (n_samples, n_channels): spectra
    [counts]. Returns `expected` (n_samples, n_expected_channels): expected counts; `channels`: the
    channels of the spectra that these are.
    """
    if hasattr(estimator, "decompose"):
        return estimator.decompose(X) @ estimator.components_, estimator.fitted_channels_
    if hasattr(estimator, "inverse_transform") and hasattr(estimator, "transform"):
        return np.asarray(estimator.inverse_transform(estimator.transform(X))), slice(None)
    raise SkxrfError(
        f"{type(estimator).__name__} gives no expected spectra: the Poisson deviance of held-out "
        "counts needs decompose and components_, as TemplateFitRegressor has, or transform and "
        "inverse_transform. Audit its maps instead (skxrf.audit)."
    )


def poisson_deviance_scorer(estimator: Any, X: Any, y: None = None) -> float:
    """Score a fitted estimator by held-out counts: their mean Poisson deviance, negative.

    For ``scoring=`` with :class:`skxrf.model_selection.CountThinning`, whose folds contain the
    counts that the estimator may see beside those held out.

    Parameters
    ----------
    estimator : object
        Fitted; gives expected spectra (see Notes).
    X : ndarray of shape (n_samples, 2 * n_channels)
        Test part of a fold.
    y : None
        Not used.

    Returns
    -------
    float
        Minus the mean over spectra and channels of ``2 (n log(n / m) - n + m)``, with n the
        held-out counts and m those expected. Higher is better; of right expectations it is about
        that of Poisson counts, not 0.

    Raises
    ------
    SkxrfError
        If the estimator gives no expected spectra, or X is no test part of such a fold.

    Notes
    -----
    Expected spectra come from ``decompose(X) @ components_`` or from
    ``inverse_transform(transform(X))``, and are scaled to the number of held-out counts. What is
    expected is taken as at least a thousandth of a count of the mean channel: no model can be
    sure of none.
    """
    if X.shape[1] % 2:
        raise SkxrfError(
            f"the scorer got spectra of {X.shape[1]} channels, expected pairs of halves: use it "
            "with cv=CountThinning(...)."
        )
    seen, held_out = np.split(np.asarray(X), 2, axis=1)
    expected, channels = expected_spectra(estimator, seen)
    held_out = held_out[:, channels].astype(np.float64)
    share = held_out.sum() / max(float(seen[:, channels].sum(dtype=np.float64)), 1.0)
    mean = np.maximum(expected * share, 1e-3 * max(float(held_out.mean()), 1e-12))
    with np.errstate(divide="ignore", invalid="ignore"):
        logarithm = np.where(held_out > 0, held_out * np.log(held_out / mean), 0.0)
    return -float(2 * np.mean(logarithm - held_out + mean))
