"""Estimator around the shipped network: binds itself to a painting, gives standard errors."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from contextlib import nullcontext
from numbers import Real
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, MultiOutputMixin
from sklearn.exceptions import NotFittedError

from skxrf.exceptions import Argument, EnergyAxisError, SkxrfError
from skxrf.physics.constants import AIR_LINE_GROUP
from skxrf.spectrum_fit._drift import LineAxis
from skxrf.utils._sklearn import Interval, StrOptions, _fit_context
from skxrf.utils.energy import resolve_energy
from skxrf.utils.fitted import validate_spectra
from skxrf.utils.outputs import NamedOutputsMixin
from skxrf.utils.threads import single_threaded_blas

from ._axis import ENERGY, LINE_GROUPS
from ._bfloat16 import single_threaded_openmp
from ._diagnostics import detected_line_groups
from ._fit_average import average_with_fit, default_shares
from ._painting import SpectrumFit, fit_painting
from ._weights import BATCH, Weights, shipped_weights

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["PretrainedRegressor"]

# Spectra that a thread works on at a time: no fewer than a block of a map contains, so that blocks
# which are predicted side by side start no further threads.
_CHUNK = 2048


class PretrainedRegressor(MultiOutputMixin, NamedOutputsMixin, BaseEstimator):
    """Net intensities of line groups by a network trained on simulated spectra alone.

    It needs no labels, no element list and no exact calibration: ``bind`` (which
    :func:`skxrf.inference.predict_maps` calls) or ``fit`` finds axis and resolution of a
    painting in the painting's own sum spectrum and makes a linear filter fit of its lines, which
    the network corrects pixel by pixel. It implements
    :class:`skxrf.inference.protocol.BindsToPainting` and, once bound,
    :class:`~skxrf.inference.protocol.BoundModel`.

    Parameters
    ----------
    energy : array-like of shape (n_channels,) or pair of float, optional
        Nominal bin centers [keV] of the spectra that ``fit`` is given, or offset [keV] and gain
        [keV per channel]. Default: the model's own axis, which is then still refined.
    nonnegative : bool
        Whether intensities below zero are set to zero.
    template_fit : bool
        Whether to average the network's intensities with those of the painting's template fit.
        The two err differently: the weight of the fit rises from 0.7 for intensities below one
        standard error to 1 above four (from 0.4 to 0.9 for paintings of fewer than 100 spectra;
        after fine-tuning, as chosen on the labels), and it moves
        an intensity by at most three standard errors. Without it, predicting is 1.4 times
        faster.
    weights : Weights, optional
        Weights to use instead of the shipped ones, such as fine-tuned ones.
    anode : str, optional
        Anode of the tube, such as ``"Rh"``, or ``"none"``. Default: the one whose scattered lines
        are found in the spectra.
    tube_voltage : float, optional
        Voltage of the tube [kV]; default 50.
    precision : {"float32", "bfloat16"}
        Arithmetic of the network's corrections. In bfloat16, for which torch is loaded, intensities
        move by less than a tenth of their standard errors; on processors with a unit for it (AMX)
        predicting takes about a tenth less time, which pays from some 300,000 spectra on.

    Attributes
    ----------
    line_groups_ : list of str
        Names of the outputs: those of the network, and those that the painting's template fit finds
        besides and measures alone.
    energy_ : ndarray of shape (n_channels,)
        Nominal bin centers [keV] of the spectra that ``predict`` takes.
    painting_ : PaintingFit
        Axis, resolution and fits of the painting; only where the model is bound.
    bound_ : bool
        True where the model is bound to a painting.
    n_features_in_ : int
        Number of channels that ``predict`` takes.

    See Also
    --------
    skxrf.pretrained.load_pretrained : Makes one.
    skxrf.linear_model.TemplateFitRegressor : Measures by physics alone.

    Examples
    --------
    >>> from skxrf.datasets import make_painting
    >>> from skxrf.inference import predict_maps
    >>> from skxrf.pretrained import load_pretrained
    >>> cube, _ = make_painting((12, 10), random_state=0)
    >>> maps = predict_maps(load_pretrained(), cube, elements=["Fe_K", "Pb_L"], return_std=True)
    >>> maps["intensity"].shape
    (12, 10, 2)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "energy": ["array-like", None],
        "nonnegative": ["boolean"],
        "template_fit": ["boolean"],
        "weights": [Weights, None],
        "anode": [str, None],
        "tube_voltage": [Interval(Real, 1, None, closed="left"), None],
        "precision": [StrOptions({"float32", "bfloat16"})],
    }

    def __init__(
        self,
        *,
        energy: ArrayLike | None = None,
        nonnegative: bool = True,
        template_fit: bool = True,
        weights: Weights | None = None,
        anode: str | None = None,
        tube_voltage: float | None = None,
        precision: Literal["float32", "bfloat16"] = "float32",
    ) -> None:
        self.energy = energy
        self.nonnegative = nonnegative
        self.template_fit = template_fit
        self.weights = weights
        self.anode = anode
        self.tube_voltage = tube_voltage
        self.precision = precision

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: ArrayLike, y: Any = None) -> Self:
        """Bind the model to the spectra of a painting; nothing is learned from labels.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_channels)
            Spectra [counts], spread over the painting.
        y : None
            Ignored.

        Returns
        -------
        self
        """
        spectra: NDArray[Any] = validate_spectra(self, X)
        self.energy_ = resolve_energy(
            ENERGY if self.energy is None else self.energy, spectra.shape[1]
        )
        self.painting_ = fit_painting(spectra, self.energy_, self.anode, self.tube_voltage)
        self.bound_ = True
        self.line_groups_ = [*LINE_GROUPS, *self._further_groups()]
        return self

    def bind(self, X: ArrayLike, energy: ArrayLike | None) -> Self:
        """Return a copy that is bound to one painting.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_channels)
            Some of its spectra [counts], spread over the painting.
        energy : array-like of shape (n_channels,) or pair of float
            Its nominal bin centers [keV], or offset and gain.

        Returns
        -------
        PretrainedRegressor
            Predicts spectra on that axis.

        Raises
        ------
        EnergyAxisError
            If `energy` is None, or does not fit the number of channels.
        CountsError
            If the spectra contain no counts on the model's axis.
        """
        if energy is None:
            raise EnergyAxisError(
                "the spectra have no energy axis, of which the model needs to know the first "
                "guess: pass bin centers in keV, such as cube['energy'].values, an (offset, gain) "
                "pair, or open the file with ",
                Argument("energy", function="open_cube"),
                ".",
            )
        one = copy.copy(self)
        one.set_params(energy=energy)
        one.fit(X)
        return one

    def calibrated(self, X: ArrayLike, energy: ArrayLike | None) -> Self:
        """Return a copy that is bound to one painting: former name of ``bind``.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_channels)
            Spectra [counts].
        energy : array-like
            Nominal bin centers [keV], or offset and gain.

        Returns
        -------
        PretrainedRegressor
        """
        return self.bind(X, energy)

    def predict(
        self, X: ArrayLike, return_std: bool = False
    ) -> NDArray[Any] | tuple[NDArray[Any], NDArray[Any]]:
        """Predict net intensities, and their standard errors if asked for.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_channels)
            Spectra [counts].
        return_std : bool
            Whether to return standard errors as well.

        Returns
        -------
        intensities : ndarray of shape (n_samples, n_line_groups), float32
            Net counts; float64 for float64 spectra.
        errors : ndarray of the same shape
            Their standard errors [counts]; only if `return_std`.
        """
        spectra = self._checked(X)
        dtype = np.float64 if spectra.dtype == np.float64 else np.float32
        n = len(spectra)
        values = np.empty((n, len(self.line_groups_)), dtype)
        errors = np.empty_like(values)

        def predict_chunk(start: int) -> None:
            rows = slice(start, start + _CHUNK)
            values[rows], errors[rows] = self._outputs(spectra[rows])

        # Each thread has its chunks: BLAS' own would get in their way.
        with single_threaded_blas():
            run = Parallel(n_jobs=-1 if n > _CHUNK else 1, prefer="threads", require="sharedmem")
            run(delayed(predict_chunk)(start) for start in range(0, n, _CHUNK))
        if self.nonnegative:
            np.maximum(values, 0, out=values)
        return (values, errors) if return_std else values

    def detected(
        self, intensities: ArrayLike, errors: ArrayLike, false_alarms: float = 0.01
    ) -> list[str]:
        """Return the line groups that predictions of a painting's pixels show.

        Parameters
        ----------
        intensities, errors : array-like of shape (n_pixels, n_line_groups)
            Result of ``predict(X, return_std=True)``.
        false_alarms : float
            Accepted chance to report a line group that is in no pixel.

        Returns
        -------
        list of str
            Line groups, in the order of ``line_groups_``.
        """
        return detected_line_groups(
            self.line_groups_, np.asarray(intensities), np.asarray(errors), false_alarms
        )

    def detected_in(self, maps: xr.Dataset, false_alarms: float = 0.01) -> list[str]:
        """Return the line groups of the object, by finished maps and the sum spectrum.

        Parameters
        ----------
        maps : Dataset of dims (y, x, element)
            ``intensity`` and ``uncertainty``, as
            :func:`skxrf.inference.predict_maps` gives them with ``return_std=True``. Its attribute
            ``evidence`` is that of the sum spectrum; without it, the model must be bound.
        false_alarms : float
            Accepted chance to report a line group that is in no pixel.

        Returns
        -------
        list of str
            Line groups of the object, in the order of the maps; those of air, instrument and tube
            are left out.
        """
        names = [str(name) for name in maps["element"].to_numpy()]
        intensities, errors = (
            maps[kind].transpose("y", "x", "element").to_numpy().reshape(-1, len(names))
            for kind in ("intensity", "uncertainty")
        )
        shown = {*detected_line_groups(names, intensities, errors, false_alarms)} - {AIR_LINE_GROUP}
        stated = maps.attrs.get("evidence")
        evidence = self.evidence_ if stated is None else json.loads(stated)
        answers = {one["line_group"]: one["answer"] for one in evidence}
        return [
            name
            for name in names
            if answers.get(name) == "present"
            or (name in shown and answers.get(name, "not seen") == "not seen")
        ]

    def novelty(self, X: ArrayLike) -> NDArray[np.float32]:
        """Measure the misfit of spectra that the model cannot explain.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_channels)
            Spectra [counts].

        Returns
        -------
        ndarray of shape (n_samples,), float32
            Standard deviations by which the spectra depart from the sum of their fitted
            components, photon noise taken off: about 0 for known spectra, above 5 for lines that
            the model lacks.
        """
        return self.painting_.novelty(self.painting_.on_model_axis(self._checked(X)))

    def spectrum_fit(self) -> SpectrumFit:
        """Return the painting's template fit, in the channels of the spectra that ``predict`` takes.

        Returns
        -------
        SpectrumFit
            Has ``components_`` and ``decompose`` as a
            :class:`skxrf.linear_model.TemplateFitRegressor`;
            :func:`skxrf.report.write_map_report` draws it beside the spectrum of a pixel.

        Raises
        ------
        NotFittedError
            If the model is not bound to a painting.
        """
        self._require_bound()
        return SpectrumFit(self.painting_)

    def load_weights(self) -> Weights:
        """Read the network's weights, once in a process.

        Returns
        -------
        Weights
            Arrays of the network, factors of its standard errors, recipe.

        Raises
        ------
        FileFormatError
            If the file is damaged.
        """
        return shipped_weights() if self.weights is None else self.weights

    @property
    def evidence_(self) -> list[dict[str, Any]]:
        """Evidence for each line group in the sum spectrum of the painting."""
        self._require_bound()
        return getattr(self.painting_.template_fit, "evidence_", [])

    @property
    def line_axis_(self) -> LineAxis | None:
        """Axis and resolution of the painting, and the lines by which a drift can be seen."""
        self._require_bound()
        return self.painting_.calibrator.line_axis_

    def _further_groups(self) -> list[str]:
        """Line groups of elements of the object that the network does not map: by the template fit."""
        if not self.template_fit:
            return []
        fitted = {*self.painting_.template_fit.line_groups_}
        mapped = {name.split("_")[0] for name in LINE_GROUPS}
        present = [one["line_group"] for one in self.evidence_ if one["answer"] == "present"]
        return [name for name in present if name in fitted and name.split("_")[0] not in mapped]

    @property
    def unfamiliar_(self) -> list[str]:
        """Reasons, in words, why the model may do worse on this painting than in training."""
        self._require_bound()
        return self.painting_.unfamiliar

    @property
    def calibrated_(self) -> bool:
        """True where the model is bound to a painting: former name of ``bound_``."""
        return "bound_" in vars(self)

    def _checked(self, X: ArrayLike) -> NDArray[Any]:
        self._require_bound()
        return np.asarray(validate_spectra(self, X, reset=False))

    def _require_bound(self) -> None:
        if "bound_" not in vars(self):
            raise NotFittedError(
                "the model is not bound to a painting: use predict_maps(model, cube), or "
                "model.bind(X, energy).predict(X)."
            )

    def _outputs(self, spectra: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        rounded = self.precision == "bfloat16"
        with single_threaded_openmp() if rounded else nullcontext():
            values, errors = self.load_weights().predict_batches(
                self._network_inputs(spectra), rounded=rounded
            )
        if self.template_fit:
            values, errors = self._average_with_fit(values, errors, spectra)
        # Share of an intensity that line ratios, which differ from pixel to pixel, leave uncertain.
        return values, np.hypot(errors, 0.007 * values)

    def _network_inputs(self, spectra: NDArray[Any]) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
        """Counts on the model's axis and their linear filter fits, in batches that fit the cache."""
        for start in range(0, len(spectra), BATCH):
            counts = self.painting_.on_model_axis(spectra[start : start + BATCH])
            yield counts, counts @ self.painting_.matrix.T

    def _average_with_fit(
        self,
        values: NDArray[np.float32],
        errors: NDArray[np.float32],
        spectra: NDArray[Any],
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Move intensities towards those of the template fit, the more the brighter they are.

        Those of further line groups are the template fit's.
        """
        fit = self.painting_.template_fit
        areas, area_errors = self.painting_.areas(spectra)
        by_paint = self.weights is None and getattr(fit, "n_paints_", 1) > 1
        shares = default_shares(by_paint=True) if by_paint else self.load_weights().fit_shares
        columns = [k for k, name in enumerate(LINE_GROUPS) if name in fit.line_groups_]
        places = [fit.line_groups_.index(LINE_GROUPS[k]) for k in columns]
        values[:, columns], errors[:, columns] = average_with_fit(
            values[:, columns],
            errors[:, columns],
            areas[:, places],
            area_errors[:, places],
            shares[:, columns],
            rare=np.isin([LINE_GROUPS[k] for k in columns], self.painting_.rare_groups),
            by_paint=by_paint,
        )
        further = [fit.line_groups_.index(name) for name in self.line_groups_[len(LINE_GROUPS) :]]
        return (
            np.hstack([values, areas[:, further]]),
            np.hstack([errors, area_errors[:, further]]),
        )

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore a saved state; models saved before the redesign contain former names."""
        state = dict(state)
        if state.pop("neighborhood", False):
            raise SkxrfError(
                "the model was saved with neighborhood=True, whose network this version no longer "
                "has: use load_pretrained(), and skxrf.postprocessing.denoise_maps for neighbors."
            )
        if state.get("precision") not in ("float32", "bfloat16"):
            state["precision"] = "float32"
        state = {"anode": None, "tube_voltage": None} | state
        if state.pop("calibrated_", False):
            state["bound_"] = True
        super().__setstate__(state)

    def __sklearn_is_fitted__(self) -> bool:
        """Report the network as trained; it may still have to be bound to a painting."""
        return True

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn that no labels are needed and that counts are not negative."""
        tags = super().__sklearn_tags__()
        tags.target_tags.required = False
        tags.input_tags.positive_only = True
        tags.regressor_tags.poor_score = True
        return tags
