"""Augmentation of training spectra: the estimator's parameter."""

from __future__ import annotations

from numbers import Real
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import check_array

from skxrf.exceptions import CountsError, SkxrfError
from skxrf.neural_network._redrawing import Redrawing
from skxrf.utils._sklearn import Interval

_BLOCK = 4096  # rows that are checked at a time


class SpectrumAugmentation(BaseEstimator):
    """Random changes of training spectra and their labels, drawn anew for every batch.

    It is the parameter `augmentation` of :class:`SpectrumCNNRegressor` and the other networks.
    Spectra to predict are never changed. In a search, its parameters have names such as
    ``augmentation__gain_jitter``.

    Parameters
    ----------
    thinning : float, default=0.0
        Largest share of its counts that a spectrum loses; the share that is left is log-uniform
        between 1 - thinning and 1.
    gain_jitter : float, default=0.0
        Relative standard deviation of the gain of the energy axis; 0.005 is 0.5 %.
    zero_jitter : float, default=0.0
        Standard deviation of the zero of the axis [channels].
    injection : float, default=0.0
        Largest share of a spectrum's counts in an injected line; log-uniform from 0.0005. One
        to three of `line_templates` are injected.
    rescaling : float, default=0.0
        Standard deviation of the logarithm of the factor on the intensity of an output. It is
        applied to one output of two, and one of eight of those is removed altogether.
    line_templates : array-like of shape (n_templates, n_channels), default=None
        Spectra of the lines of each output, in the order of y's columns, for `injection` and
        `rescaling`; zeros for an output without lines. Further rows are injected without a
        label: lines that are absent from the training spectra, such as As beside Pb. Any unit;
        labels must be net counts.
    share : float, default=0.5
        Probability of each of these changes, independently for each spectrum.

    See Also
    --------
    SpectrumCNNRegressor, SpectrumMLPRegressor : Networks that it is a parameter of.

    Notes
    -----
    Augmented counts still are Poisson counts. Thinning keeps each count with the same
    probability. Jitter moves every count on its own by the shift of its channel, up or down to a
    whole channel at random, and none is lost. Injection adds Poisson counts of the template, and
    their expected number to the label. Rescaling thins the counts of each channel by the share
    of them that is expected to belong to the element, or adds Poisson counts: the expected
    counts of a channel are labels times templates, plus the remaining counts, averaged over 9
    channels. The linear path, the standardization, the expected errors and the held-out rows see
    one such draw of all spectra, so that `residual_weight_` is valid for changed spectra too.

    Examples
    --------
    >>> import numpy as np
    >>> from skxrf.neural_network import SpectrumAugmentation, SpectrumMLPRegressor
    >>> rng = np.random.default_rng(0)
    >>> y = rng.uniform(0, 500, size=(400, 2))
    >>> X = rng.poisson(y @ rng.dirichlet(np.ones(64), size=2))
    >>> augmentation = SpectrumAugmentation(thinning=0.8, gain_jitter=0.002)
    >>> model = SpectrumMLPRegressor(augmentation=augmentation, max_epochs=5, random_state=0)
    >>> model.fit(X, y).get_params()["augmentation__thinning"]
    0.8
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "thinning": [Interval(Real, 0, 1, closed="left")],
        "gain_jitter": [Interval(Real, 0, 0.2, closed="both")],
        "zero_jitter": [Interval(Real, 0, None, closed="left")],
        "injection": [Interval(Real, 0, 1, closed="both")],
        "rescaling": [Interval(Real, 0, 3, closed="both")],
        "line_templates": ["array-like", None],
        "share": [Interval(Real, 0, 1, closed="both")],
    }

    def __init__(
        self,
        *,
        thinning: float = 0.0,
        gain_jitter: float = 0.0,
        zero_jitter: float = 0.0,
        injection: float = 0.0,
        rescaling: float = 0.0,
        line_templates: ArrayLike | None = None,
        share: float = 0.5,
    ) -> None:
        self.thinning = thinning
        self.gain_jitter = gain_jitter
        self.zero_jitter = zero_jitter
        self.injection = injection
        self.rescaling = rescaling
        self.line_templates = line_templates
        self.share = share

    def _redrawing(self, X: NDArray[Any], n_outputs: int) -> Redrawing | None:
        """Check the parameters and make the drawing; None if nothing is switched on."""
        self._validate_params()
        changes = {
            name: float(getattr(self, name))
            for name in ("thinning", "gain_jitter", "zero_jitter", "injection", "rescaling")
        }
        if not any(changes.values()) or self.share == 0:
            return None
        _check_counts(X)
        templates = None
        if changes["injection"] > 0 or changes["rescaling"] > 0:
            templates = _checked_templates(self.line_templates, X.shape[1], n_outputs)
        return Redrawing(
            **changes, share=float(self.share), templates=templates, n_outputs=n_outputs
        )


def _check_counts(X: NDArray[Any]) -> None:
    """Raise unless all values are counts: whole and not negative."""
    for start in range(0, len(X), _BLOCK):
        block = X[start : start + _BLOCK]
        if block.size and block.min() < 0:
            raise CountsError(
                f"augmentation draws counts, but the least value of X is {block.min():g}: pass the "
                "counts as measured, or set augmentation=None."
            )
        if block.dtype.kind == "f" and np.any(block != np.floor(block)):
            found = block[block != np.floor(block)][0]
            raise CountsError(
                f"augmentation draws whole counts, but X holds {found:g}: pass the counts as "
                "measured, neither transformed nor rebinned, or set augmentation=None."
            )


def _checked_templates(
    templates: ArrayLike | None, n_features: int, n_outputs: int
) -> NDArray[np.float64]:
    """Return templates of unit area, zero for outputs without any."""
    if templates is None:
        raise SkxrfError(
            "injection and rescaling need line_templates, got None: pass the spectra of the "
            f"{n_outputs} outputs, shape ({n_outputs}, {n_features}), or set both to 0."
        )
    array = check_array(templates, dtype=np.float64, input_name="line_templates")
    if array.shape[1] != n_features or len(array) < n_outputs:
        raise SkxrfError(
            f"line_templates have the shape {array.shape}, but there are {n_outputs} outputs and "
            f"{n_features} channels: pass ({n_outputs}, {n_features}), or more rows for lines "
            "without a label."
        )
    area = array.sum(axis=1, keepdims=True)
    if array.min() < 0 or not area.any():
        raise SkxrfError(
            f"line_templates must not be negative, and not all zero; the least value is "
            f"{array.min():g}, the greatest {array.max():g}."
        )
    return np.asarray(array / np.where(area > 0, area, 1.0))
