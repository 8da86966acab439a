"""Keep the channels of an energy range."""

from __future__ import annotations

from numbers import Real
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.feature_selection import SelectorMixin
from sklearn.utils.validation import check_is_fitted

from skxrf.exceptions import Argument, EnergyAxisError, SkxrfError
from skxrf.utils._sklearn import Interval, _fit_context
from skxrf.utils.energy import describe_axis, resolve_energy
from skxrf.utils.fitted import validate_spectra


class EnergyRangeSelector(SelectorMixin, BaseEstimator):
    """Keep the channels whose centers lie in an energy range.

    Parameters
    ----------
    low : float or None, default=None
        Lower end of the range [keV], itself in it. None: no lower end.
    high : float or None, default=None
        Upper end of the range [keV], itself in it. None: no upper end.
    energy : array-like of shape (n_channels,) or pair of float
        Bin centers of the input [keV], or offset [keV] and gain [keV per channel]. Spectra are
        bare arrays, so this is needed to fit.

    Attributes
    ----------
    energy_ : ndarray of shape (n_features_in_,)
        Bin centers of the input [keV].
    output_energy_ : ndarray of shape (n_kept,)
        Bin centers of the output [keV].
    n_features_in_ : int
        Number of channels seen in ``fit``.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the channels. Defined only when `X` has names that are all strings.

    See Also
    --------
    ChannelBinner : Sum neighboring channels.

    Examples
    --------
    >>> import numpy as np
    >>> from skxrf.preprocessing import EnergyRangeSelector
    >>> counts = np.array([[9, 1, 2, 3, 0]], dtype=np.uint16)
    >>> selector = EnergyRangeSelector(1.0, 3.0, energy=(0.0, 1.0)).fit(counts)
    >>> selector.transform(counts)
    array([[1., 2., 3.]], dtype=float32)
    >>> selector.output_energy_
    array([1., 2., 3.])
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "low": [Interval(Real, None, None, closed="neither"), None],
        "high": [Interval(Real, None, None, closed="neither"), None],
        "energy": ["array-like", None],
    }

    def __init__(
        self, low: float | None = None, high: float | None = None, *, energy: Any = None
    ) -> None:
        self.low = low
        self.high = high
        self.energy = energy

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: ArrayLike, y: Any = None) -> EnergyRangeSelector:
        """Find the channels of the range.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_channels)
            Spectra [counts].
        y : None
            Ignored.

        Returns
        -------
        EnergyRangeSelector
            This transformer.

        Raises
        ------
        EnergyAxisError
            If there is no energy axis, it does not fit the spectra, or no channel is in the
            range.
        SkxrfError
            If `low` is above `high`.
        """
        spectra: NDArray[Any] = validate_spectra(self, X, dtype=(np.float32, np.float64))
        if self.energy is None:
            raise EnergyAxisError(
                "EnergyRangeSelector needs the energy axis of the spectra: pass ",
                Argument("energy"),
                ", bin centers in keV such as cube.energy, or ",
                Argument("energy", placeholder="offset, gain"),
                ".",
            )
        low = -np.inf if self.low is None else self.low
        high = np.inf if self.high is None else self.high
        if low > high:
            raise SkxrfError(
                f"low is {low} keV and high is {high} keV: low must not be above high."
            )
        energy = resolve_energy(self.energy, spectra.shape[1])
        # The axis increases, so that the channels of a range are neighbors.
        first, last = np.searchsorted(energy, low, "left"), np.searchsorted(energy, high, "right")
        if first == last:
            raise EnergyAxisError(
                f"no channel has its center from {low} to {high} keV: the axis has "
                f"{describe_axis(energy)}."
            )
        self._kept = slice(int(first), int(last))
        self.energy_ = energy
        self.output_energy_ = energy[self._kept]
        return self

    def transform(self, X: ArrayLike) -> NDArray[Any]:
        """Keep the channels of the range.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_channels)
            Spectra [counts].

        Returns
        -------
        ndarray of shape (n_samples, n_kept)
            Spectra [counts]: float64 for float64, else float32. A view where `X` is a float
            array already.
        """
        check_is_fitted(self)
        spectra: NDArray[Any] = validate_spectra(
            self, X, dtype=(np.float32, np.float64), reset=False
        )
        return spectra[:, self._kept]

    def _get_support_mask(self) -> NDArray[np.bool_]:
        check_is_fitted(self)
        mask = np.zeros(self.n_features_in_, dtype=bool)
        mask[self._kept] = True
        return mask

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
