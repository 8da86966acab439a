"""Regressor that fits line templates to spectra: Poisson-weighted, non-negative."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, MultiOutputMixin
from sklearn.utils.validation import check_is_fitted

from skxrf.physics import DetectorResponse
from skxrf.spectrum_fit._drift import LineAxis
from skxrf.spectrum_fit._like_spectra import sums_of_like_spectra
from skxrf.spectrum_fit._pixel_fit import PoissonFit, fit_pixels
from skxrf.spectrum_fit._template_model import Setup, TemplateModel, template_model
from skxrf.utils._sklearn import Interval, StrOptions, _check_sample_weight, _fit_context
from skxrf.utils.energy import resolve_energy
from skxrf.utils.fitted import validate_spectra
from skxrf.utils.outputs import NamedOutputsMixin
from skxrf.utils.typing import Array

from ._area_outputs import AreaOutputs, fit_ridge
from ._paints import learned_paints
from ._pymca_config import PymcaExchange
from ._requests import (
    column_names,
    refuse_without_axis,
    require_axis,
    wanted_groups,
    warn_nothing_found,
    warn_unexplained,
)


class TemplateFitRegressor(PymcaExchange, MultiOutputMixin, NamedOutputsMixin, BaseEstimator):
    """Net intensities of line groups from a fit of physical templates to each spectrum.

    The spectrum of a pixel is modeled as a non-negative sum of line groups (relative
    intensities from xraylib, response of a silicon detector with tail and escape peaks), scattered
    tube lines, pile-up, and a continuum of the shape found in the sum spectrum, bent by smooth
    functions. Calibration, resolution, tail, and the ratios of K-alpha to K-beta and of the
    L and M families are refined once, on the sum spectrum of the training spectra. Each pixel is
    then a Poisson-weighted linear fit, solved for many pixels at once.

    ``fit(X)`` needs no labels, so that the estimator also makes reference maps. With labels, the
    columns of `y` that are named like its line groups are predicted by the fitted areas
    themselves; other columns are regressed on the areas (ridge regression).

    Parameters
    ----------
    line_groups : sequence of str, optional
        Line groups to fit, such as ``["Ca_K", "Fe_K", "Pb_L"]``. Default: the columns of `y`
        where they are line groups; without, those found in the sum spectrum.
    energy : array-like of shape (n_channels,) or pair of float, optional
        Bin centers [keV] of the spectra, or ``(offset, gain)`` of the channels. Without an
        axis there are no line groups: labels are then regressed on the channels, which is
        ridge regression, and labels named like line groups are refused.
    nuisance : {"auto", "none"} or sequence of str
        Line groups fitted besides, not predicted: those found in the sum spectrum (argon,
        the instrument's own metals, ...), none, or the ones given.
    energy_range : pair of float, optional
        The fitted range [keV]. Default: from 1.3 keV to 1 keV above the highest line of the
        groups asked for, or of those found where none are, at least 17 keV, within the axis.
    anode : str, optional
        Tube anode, such as ``"Rh"``: adds its scattered lines to the model.
    tube_voltage : float
        Voltage of the tube [kV]: what it cannot excite is not fitted.
    refine : bool
        Whether to refine calibration and resolution on the sum spectrum; line ratios always are.
    detector : DetectorResponse, optional
        Resolution, tail and thickness of the detector: where the refinement starts, or what
        holds if `refine` is false. Default: those of a usual silicon drift detector.
    background_spacing : float
        Distance [keV] of the smooth functions that bend the continuum from pixel to pixel.
    line_ratios : {"paint", "painting"}
        Ratios of the lines within a group. With ``"paint"`` they are learned from the summed
        spectra of the classes of like spectra that also share weights: those that all paints have
        in common, and from them each paint's own, as far as its counts tell. With
        ``"painting"``, after training on fewer than 100 spectra and with ``weights="own"``, those
        of the sum spectrum are used for all.
    weights : {"shared", "own"}
        Weights of the channels in the fit of a spectrum. With ``"shared"``, the training spectra
        are divided into up to 48 classes of like ones; a spectrum gets the weights of its most
        probable class, or its own if it is like none. With ``"own"``, and after training on
        fewer than 100 spectra, each spectrum gets its own, which takes about ten times as long.
    n_reweights : int
        Reweighted steps where a spectrum gets its own weights; a second one changes little.
    batch_size : int
        Spectra that are solved together: bounds the memory.
    n_jobs : int, optional
        Threads that work on batches side by side.

    Attributes
    ----------
    line_groups_ : list of str
        Names of the predicted columns, where they have names.
    fitted_groups_ : list of str
        All line groups in the model, nuisances included.
    energy_ : ndarray of shape (n_channels,)
        Bin centers [keV] that the spectra must have.
    evidence_ : list of dict
        Evidence for every line group that the tube can excite, where they were looked for:
        ``line_group``, ``answer`` (``present``; ``air``, ``instrument``, ``tube``, ``sum peak``,
        ``escape peak`` or ``diffraction`` for a signal of that origin; ``not seen``),
        ``significance``, ``reason``, ``competitor``, ``counts``, ``error``, and the limits of
        detection ``limit_counts`` in the sum and ``limit_per_pixel``.
    sum_spectrum_fit_ : SumSpectrumFit
        Refined calibration, detector, areas of the sum spectrum.
    components_ : ndarray of shape (n_components, n_fitted_channels)
        Spectra of one count of each component: those of ``fitted_groups_`` first, then
        scattered tube lines, pile-up and the functions that make up the continuum. Their ratios of
        lines are those that the paints have in common.
    n_paints_ : int
        Number of classes of spectra that have their own ratios of lines.
    fitted_channels_ : slice
        The channels of the spectra that are fitted.
    n_features_in_ : int
        Number of channels.

    See Also
    --------
    skxrf.inference.predict_maps : Apply the fit to a whole cube.

    Notes
    -----
    A net intensity is the expected number of counts in the full-energy peaks of all lines of
    the group (what a PyMca fit area is); tails and escape peaks come on top.

    The standard errors are those of the Poisson likelihood at the fitted intensities, all
    other components unknown; they do not hold errors of the model itself.

    Examples
    --------
    >>> from skxrf.datasets import make_painting
    >>> from skxrf.samples import to_samples
    >>> from skxrf.linear_model import TemplateFitRegressor
    >>> cube, maps = make_painting((12, 12), random_state=0)
    >>> X, Y = to_samples(cube).values, to_samples(maps)
    >>> fit = TemplateFitRegressor(list(Y.columns), energy=cube["energy"].values).fit(X)
    >>> areas, errors = fit.predict(X, return_std=True)
    >>> areas.shape == errors.shape == Y.shape
    True
    """

    evidence_: list[dict[str, Any]]

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "line_groups": ["array-like", None],
        "energy": ["array-like", None],
        "nuisance": [StrOptions({"auto", "none"}), "array-like"],
        "energy_range": ["array-like", None],
        "anode": [str, None],
        "tube_voltage": [Interval(Real, 1, None, closed="left")],
        "refine": ["boolean"],
        "detector": [DetectorResponse, None],
        "background_spacing": [Interval(Real, 0.5, None, closed="left")],
        "line_ratios": [StrOptions({"paint", "painting"})],
        "weights": [StrOptions({"shared", "own"})],
        "n_reweights": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "n_jobs": [Integral, None],
    }

    def __init__(
        self,
        line_groups: Sequence[str] | None = None,
        *,
        energy: ArrayLike | None = None,
        nuisance: str | Sequence[str] = "auto",
        energy_range: tuple[float, float] | None = None,
        anode: str | None = None,
        tube_voltage: float = 50.0,
        refine: bool = True,
        detector: DetectorResponse | None = None,
        background_spacing: float = 3.0,
        line_ratios: str = "paint",
        weights: str = "shared",
        n_reweights: int = 1,
        batch_size: int = 2048,
        n_jobs: int | None = None,
    ) -> None:
        self.line_groups = line_groups
        self.energy = energy
        self.nuisance = nuisance
        self.energy_range = energy_range
        self.anode = anode
        self.tube_voltage = tube_voltage
        self.refine = refine
        self.detector = detector
        self.background_spacing = background_spacing
        self.line_ratios = line_ratios
        self.weights = weights
        self.n_reweights = n_reweights
        self.batch_size = batch_size
        self.n_jobs = n_jobs

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Refine the model on the sum of the spectra; learn the labels that are not areas.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_channels)
            Spectra [counts].
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), optional
            Labels. Columns of a DataFrame that are named like line groups are not learnt
            from: they are what the fit measures.
        sample_weight : array-like of shape (n_samples,), optional
            Weights of the spectra in their sum and in the regression of labels. A weight of two
            is the same spectrum twice: counts of the sum are weighted counts, so give weights
            of about one rather than shares of one.

        Returns
        -------
        self : TemplateFitRegressor
            The fitted estimator.

        Raises
        ------
        EnergyAxisError
            If the axis is missing where it is needed, or does not match the spectra.
        LineGroupError
            If a line group is unknown or lies outside the fitted range.
        CountsError
            If the spectra hold no counts in the fitted range.

        Warns
        -----
        UserWarning
            If the fit of the sum leaves a fifth of the counts unexplained, as on an axis that is
            wrong by more than about 2 % in gain or 150 eV in zero; or if no line group stands out
            and none is asked for.
        """
        names = column_names(y)
        counts: NDArray[Any]
        targets: NDArray[Any] | None = None
        if y is None:
            counts = validate_spectra(self, X)
        else:
            counts, targets = validate_spectra(self, X, y, multi_output=True, y_numeric=True)
        self._y_ndim = 2 if targets is None else targets.ndim
        weights: Array | None = None
        if sample_weight is not None:
            weights = _check_sample_weight(
                sample_weight, counts, dtype=np.float64, ensure_non_negative=True
            )
        if self.energy is None:
            refuse_without_axis(self.line_groups, names, targets is None)
            self._fit_channels(counts, targets, weights)
            return self
        self.energy_ = resolve_energy(self.energy, counts.shape[1])
        wanted = wanted_groups(self.line_groups, self.tube_voltage, names)
        self._fit_templates(counts, wanted, weights)
        if names is not None and targets is not None:
            self.line_groups_ = names
        elif targets is None:
            self.line_groups_ = wanted or list(self.fitted_groups_)
        elif hasattr(self, "line_groups_"):
            del self.line_groups_  # labels without names, after a fit with names
        self._learn_outputs(counts, names, targets, weights)
        return self

    def add_line_groups(self, names: Sequence[str], X: ArrayLike, reason: str) -> Self:
        """Fit again with line groups that the sum spectrum does not show.

        Parameters
        ----------
        names : sequence of str
            Line groups.
        X : array-like of shape (n_samples, n_channels)
            The spectra that ``fit`` was given [counts].
        reason : str
            Evidence for them, in words.

        Returns
        -------
        self : TemplateFitRegressor
        """
        seen = {one["line_group"]: one for one in self.evidence_}
        added = {name: {**seen.get(name, {"line_group": name})} for name in names}
        for one in added.values():
            one.update(answer="present", reason=reason)
        nuisance = self.nuisance
        self.set_params(line_groups=[*self.fitted_groups_, *names], nuisance="none").fit(X)
        self.set_params(nuisance=nuisance)
        self.evidence_ = list((seen | added).values())
        return self

    def predict(
        self, X: ArrayLike, return_std: bool = False
    ) -> NDArray[Any] | tuple[NDArray[Any], NDArray[Any]]:
        """Net intensities of the line groups, or the learnt labels.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_channels)
            Spectra [counts].
        return_std : bool
            Whether to return standard errors as well.

        Returns
        -------
        intensities : ndarray of shape (n_samples, n_outputs) or (n_samples,)
            Net counts; float64 for float64 spectra, else float32.
        errors : ndarray of the same shape
            Their standard errors [counts]; only if `return_std`.
        """
        check_is_fitted(self)
        counts: NDArray[Any] = validate_spectra(self, X, reset=False)
        dtype = np.float64 if counts.dtype == np.float64 else np.float32
        if not hasattr(self, "energy_"):
            if return_std:
                require_axis(
                    self, "standard errors come from the template fit, which needs the energy axis"
                )
            labels = self._channel_model.predict(counts.astype(dtype, copy=False))
            return self._shaped(labels, dtype)
        areas, errors = self._amplitudes(counts, return_std, len(self.fitted_groups_))
        values, spread = self._outputs(areas, errors)
        shaped = self._shaped(values, dtype)
        return (shaped, self._shaped(spread, dtype)) if return_std else shaped

    @property
    def fitted_channels_(self) -> slice:
        """Fitted channels of the spectra."""
        check_is_fitted(self, "energy_")
        return self._channels

    @property
    def line_axis_(self) -> LineAxis | None:
        """Axis and resolution found, and the lines by which a drift of the axis can be seen."""
        check_is_fitted(self)
        if not hasattr(self, "energy_") or not self.fitted_groups_:
            return None
        found = self.sum_spectrum_fit_
        axis = found.correction(self.energy_)
        return LineAxis(axis, self.fitted_groups_, found.detector, self.anode)

    def decompose(self, X: ArrayLike) -> NDArray[np.float32]:
        """Counts of every component of the model in each spectrum.

        The fitted spectrum is ``decompose(X) @ components_``, in the channels
        ``fitted_channels_``; each paint's own ratios of lines make a difference of some per cent
        of a line.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_channels)
            Spectra [counts].

        Returns
        -------
        ndarray of shape (n_samples, n_components), float32
            Counts of each of ``components_``; those of line groups are net intensities.

        Raises
        ------
        EnergyAxisError
            If the estimator was fitted without an energy axis, and so without templates.
        """
        check_is_fitted(self)
        require_axis(self, "there are no components without an energy axis")
        counts: NDArray[Any] = validate_spectra(self, X, reset=False)
        return self._amplitudes(counts, False, None)[0].astype(np.float32)

    def fit_paints(self, X: ArrayLike) -> Self:
        """Find anew which spectra are alike, and share weights and ratios of lines.

        ``fit`` does this with its own spectra. After a fit to a sum of spectra it is of use.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_channels)
            Spectra [counts], spread over the painting.

        Returns
        -------
        self : TemplateFitRegressor
        """
        check_is_fitted(self, "energy_")
        self._learn_paints(validate_spectra(self, X, reset=False), None)
        return self

    def _fit_channels(self, X: NDArray[Any], y: NDArray[Any] | None, weights: Array | None) -> None:
        former = (
            "energy_ line_groups_ components_ evidence_ fitted_groups_ n_paints_ sum_spectrum_fit_"
        )
        for name in vars(self).keys() & former.split():
            delattr(self, name)
        dtype = np.float64 if X.dtype == np.float64 else np.float32
        self._channel_model = fit_ridge(X.astype(dtype, copy=False), y, weights)

    def _fit_templates(self, X: NDArray[Any], wanted: list[str], weights: Array | None) -> None:
        nuisance: list[str] | None = None  # those found in the spectrum
        if not isinstance(self.nuisance, str):
            nuisance = [str(name) for name in self.nuisance]
        elif self.nuisance == "none" and wanted:
            nuisance = []
        spectrum = X.sum(axis=0, dtype=np.float64) if weights is None else weights @ X
        n_spectra = float(len(X) if weights is None else weights.sum())
        model = template_model(
            spectrum,
            self._measurement(),
            wanted,
            nuisance,
            self.background_spacing,
            sums_of_like_spectra(X, weights) if nuisance is None else None,
        )
        self._channels = model.channels
        self.fitted_groups_ = model.groups
        self.evidence_ = [one.stated(n_spectra) for one in model.evidence]
        self.sum_spectrum_fit_ = model.fit
        self.components_ = model.components
        self._poisson_fit = PoissonFit(
            model.components, model.fit.model / max(n_spectra, 1e-12), self.n_reweights
        )
        self._learn_paints(X, weights)
        if self.refine and nuisance is None:
            warn_unexplained(model.unexplained, self.energy_)
        if not model.groups:
            warn_nothing_found(len(X), float(spectrum.sum()))

    def _measurement(self) -> Setup:
        return Setup(
            self.energy_,
            self.energy_range,
            self.anode,
            self.tube_voltage,
            self.refine,
            self.detector,
        )

    def _learn_paints(self, X: NDArray[Any], weights: Array | None) -> None:
        """Find the classes of like spectra, and the ratios of lines in each."""
        self.n_paints_ = 1
        if self.weights == "own":
            return
        model = TemplateModel(
            self.fitted_groups_, self._channels, self.sum_spectrum_fit_, self.components_
        )
        learned = learned_paints(
            self._poisson_fit,
            model,
            self._measurement() if self.line_ratios == "paint" else None,
            X[:, self._channels],
            weights,
        )
        self._poisson_fit, self.n_paints_ = learned.fit, learned.n_paints
        self.sum_spectrum_fit_, self.components_ = learned.model.fit, learned.model.components

    def _learn_outputs(
        self,
        X: NDArray[Any],
        names: list[str] | None,
        y: NDArray[Any] | None,
        weights: Array | None,
    ) -> None:
        """Map output columns to areas; what is not an area is regressed on the areas."""
        if y is None:
            self._outputs = AreaOutputs(
                self.line_groups_, self.fitted_groups_, len(self.line_groups_)
            )
            return
        columns = y.reshape(len(y), -1)
        self._outputs = AreaOutputs(names or [], self.fitted_groups_, columns.shape[1])
        if self._outputs.learnt:
            areas, _ = self._amplitudes(X, False, len(self.fitted_groups_))
            self._outputs.learn(areas, columns, weights)

    # -- predicting

    def _amplitudes(
        self, X: NDArray[Any], return_std: bool, n_kept: int | None
    ) -> tuple[Array, Array | None]:
        return fit_pixels(
            self._poisson_fit,
            X,
            self._channels,
            return_std=return_std,
            batch_size=self.batch_size,
            n_jobs=self.n_jobs,
            n_kept=n_kept,
        )

    def _shaped(self, values: ArrayLike, dtype: Any) -> NDArray[Any]:
        array = np.asarray(values, dtype=dtype)
        return array.reshape(-1) if self._y_ndim == 1 else array.reshape(len(array), -1)

    def __sklearn_tags__(self) -> Any:
        """Tags: labels are optional."""
        tags = super().__sklearn_tags__()
        tags.target_tags.required = False
        return tags
