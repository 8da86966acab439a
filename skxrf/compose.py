"""Meta-estimators: estimators that are made of another one."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
import sklearn
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone
from sklearn.utils import Bunch, check_random_state, get_tags, indexable
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing
from sklearn.utils.random import sample_without_replacement
from sklearn.utils.validation import check_is_fitted

from skxrf.utils._sklearn import (
    HasMethods,
    Interval,
    _check_method_params,
    _fit_context,
    _num_samples,
    _safe_indexing,
)
from skxrf.utils.outputs import NamedOutputsMixin

__all__ = ["SubsampledRegressor"]


class SubsampledRegressor(MetaEstimatorMixin, NamedOutputsMixin, BaseEstimator):
    """Fit a regressor on some of the pixels, drawn at random; predict all.

    A painting has some hundred thousand pixels, most of them much alike; a tenth of them
    teaches a regressor nearly the same in a tenth of the time. Put it around a whole Pipeline,
    so that the scalers see the same pixels as the regressor.

    Parameters
    ----------
    regressor : estimator
        Any regressor or Pipeline; it is cloned, not changed.
    max_samples : int or float, default=50_000
        Number of pixels to draw, all if there are fewer; or, as a float from 0 to 1, the share.
    random_state : int, RandomState instance or None, default=None
        Seed of the drawing. An int draws the same pixels in every ``fit`` of as many.

    Attributes
    ----------
    regressor_ : estimator
        The fitted regressor.
    sample_indices_ : ndarray of shape (n_drawn,)
        Rows that were drawn, in increasing order.
    n_features_in_ : int
        Number of channels seen in ``fit``, as `regressor_` has it.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the channels, if `regressor_` has them.
    energy_ : ndarray of shape (n_features_in_,)
        Bin centers [keV], if `regressor_` has them.
    line_groups_ : list of str
        Names of the outputs, if `regressor_` has them.

    See Also
    --------
    skxrf.preprocessing.ChannelBinner : Fewer channels instead of fewer pixels.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import Ridge
    >>> from skxrf.compose import SubsampledRegressor
    >>> X = np.random.default_rng(0).poisson(9, (1000, 16))
    >>> model = SubsampledRegressor(Ridge(), max_samples=100, random_state=0).fit(X, X[:, :2])
    >>> model.sample_indices_.size
    100
    >>> model.predict(X).shape
    (1000, 2)
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "regressor": [HasMethods(["fit", "predict"])],
        "max_samples": [
            Interval(Integral, 1, None, closed="left"),
            Interval(Real, 0, 1, closed="right"),
        ],
        "random_state": ["random_state"],
    }

    def __init__(
        self, regressor: Any, *, max_samples: float = 50_000, random_state: Any = None
    ) -> None:
        self.regressor = regressor
        self.max_samples = max_samples
        self.random_state = random_state

    # The regressor validates itself.
    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Any, y: Any, **fit_params: Any) -> SubsampledRegressor:
        """Draw the pixels and fit a clone of the regressor on them.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_channels)
            Spectra. What is not drawn is not read, where `X` is lazy.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets; a table keeps its columns and the index of the drawn rows.
        **fit_params : dict
            Passed to the regressor's ``fit``; those with a value for each sample are cut to
            the drawn ones. With scikit-learn's metadata routing, those that it requests.

        Returns
        -------
        SubsampledRegressor
            This regressor.
        """
        if y is None:
            raise ValueError(
                "SubsampledRegressor requires y to be passed, but the target y is None."
            )
        X, y = indexable(X, y)
        params = self._routed("fit", fit_params)
        rows = self._draw(_num_samples(X))
        if rows.size < _num_samples(X):
            params = _check_method_params(X, params, indices=rows)
            X, y = _safe_indexing(X, rows), _safe_indexing(y, rows)
        self.regressor_ = clone(self.regressor).fit(X, y, **params)
        self.sample_indices_ = rows
        return self

    def predict(self, X: Any, **predict_params: Any) -> Any:
        """Predict every sample.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_channels)
            Spectra.
        **predict_params : dict
            Passed to the regressor's ``predict``, such as ``return_std=True`` where it takes
            it. With scikit-learn's metadata routing, those that it requests.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            What the regressor predicts.
        """
        check_is_fitted(self)
        return self.regressor_.predict(X, **self._routed("predict", predict_params))

    def get_metadata_routing(self) -> MetadataRouter:
        """State which metadata go to the regressor, for scikit-learn's metadata routing.

        Returns
        -------
        MetadataRouter
            Those of ``fit`` and of ``predict``, each to the method of the same name.
        """
        methods = MethodMapping().add(caller="fit", callee="fit")
        methods = methods.add(caller="predict", callee="predict")
        return MetadataRouter(owner=self).add(regressor=self.regressor, method_mapping=methods)

    @property
    def n_features_in_(self) -> int:
        """Number of channels seen in ``fit``."""
        return int(self._of_regressor("n_features_in_"))

    @property
    def feature_names_in_(self) -> NDArray[Any]:
        """Names of the channels, if the regressor has them."""
        return np.asarray(self._of_regressor("feature_names_in_"))

    @property
    def energy_(self) -> NDArray[np.float64]:
        """Bin centers [keV], if the regressor has them."""
        return np.asarray(self._of_regressor("energy_"))

    @property
    def line_groups_(self) -> list[str]:
        """Names of the outputs, if the regressor has them."""
        return list(self._of_regressor("line_groups_"))

    def _of_regressor(self, name: str) -> Any:
        # AttributeError in all cases, so that hasattr tells whether there is one.
        if "regressor_" not in vars(self):
            raise AttributeError(f"SubsampledRegressor has no {name!r} before it is fitted.")
        return getattr(self.regressor_, name)

    def _draw(self, n_samples: int) -> NDArray[np.intp]:
        wanted: Any = self.max_samples
        n_drawn = int(wanted) if isinstance(wanted, Integral) else max(1, round(n_samples * wanted))
        if n_drawn >= n_samples:
            return np.arange(n_samples)
        rows = sample_without_replacement(
            n_samples, n_drawn, random_state=check_random_state(self.random_state)
        )
        return np.sort(rows).astype(np.intp, copy=False)

    def _routed(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        if not sklearn.get_config()["enable_metadata_routing"]:
            return params
        routed: Bunch = process_routing(self, method, **params)
        return dict(routed["regressor"][method])

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn what the regressor accepts."""
        tags = super().__sklearn_tags__()
        inner = get_tags(self.regressor)
        tags.input_tags = inner.input_tags
        tags.target_tags = inner.target_tags
        tags.regressor_tags = inner.regressor_tags
        tags.non_deterministic = inner.non_deterministic
        return tags
