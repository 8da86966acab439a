"""The estimator around the shipped networks: calibrates itself, gives standard errors."""

from __future__ import annotations

import copy
from typing import Any, ClassVar, Literal, Self

import numpy as np
import torch
import xarray as xr
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, MultiOutputMixin, RegressorMixin
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import validate_data

from skxrf.exceptions import Argument, EnergyAxisError
from skxrf.utils._sklearn import StrOptions, _fit_context
from skxrf.utils.energy import resolve_energy
from skxrf.utils.threads import single_threaded_blas

from ._axis import ENERGY, LINE_GROUPS
from ._detection import detected_line_groups
from ._fit_average import average_with_fit
from ._painting import fit_painting
from ._spectrum_fit import SpectrumFit
from ._weights import Weights, shipped_weights

__all__ = ["SimulationTrainedRegressor"]

# Spectra that pass the network together: their activations fit in a processor's cache.
_BATCH = 1024
# Spectra that are on the model's axis at a time; the fit's threads share them.
_CHUNK = 8 * _BATCH
# Share of an intensity that line ratios, which differ from pixel to pixel, leave uncertain.
_MODEL_ERROR = 0.007


class SimulationTrainedRegressor(MultiOutputMixin, RegressorMixin, BaseEstimator):
    """Net intensities of line groups by a network that saw simulated spectra alone.

    It needs no labels, no element list and no exact calibration: ``calibrated`` (which
    :func:`skxrf.inference.predict_maps` calls) or ``fit`` finds axis and resolution of a
    painting in the painting's own sum spectrum, and makes a first fit of its lines, which the
    network corrects pixel by pixel.

    Parameters
    ----------
    neighborhood : bool
        Whether to use the network that sees the mean spectrum of the eight neighbours of a pixel
        as well. Its spectra hold both, one after the other, see
        :func:`skxrf.inference.with_neighborhood`.
    energy : array-like of shape (n_channels,) or pair of float, optional
        Nominal bin centres [keV] of the spectra that ``fit`` is given, or offset [keV] and gain
        [keV per channel]. Default: the model's own axis, which is then still refined.
    nonnegative : bool
        Whether intensities below zero are set to zero.
    precision : {"auto", "float32", "bfloat16"}
        Arithmetic of the network's dense layers; "auto" takes bfloat16 where the processor has
        instructions for it.
    template_fit : bool
        Whether to average the network's intensities with those of the painting's template fit.
        The two err differently: the weight of the fit rises from 0.4 for what is below one
        standard error to 0.9 above four (after fine-tuning, as the labels say), and it moves an
        intensity by at most three standard errors. Without the fit, predicting is several times faster.
    weights : Weights, optional
        Weights to use instead of the shipped ones, such as fine-tuned ones.

    Attributes
    ----------
    line_groups_ : list of str
        Names of the outputs.
    energy_ : ndarray of shape (n_channels,)
        Nominal bin centres [keV] of the spectra that ``predict`` takes; not with `neighborhood`.
    painting_ : PaintingFit
        Axis, resolution and first fit of the painting; only where it is calibrated.
    calibrated_ : bool
        True where it is.
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
        "neighborhood": ["boolean"],
        "energy": ["array-like", None],
        "nonnegative": ["boolean"],
        "template_fit": ["boolean"],
        "weights": [Weights, None],
        "precision": [StrOptions({"auto", "float32", "bfloat16"})],
    }

    def __init__(
        self,
        *,
        neighborhood: bool = False,
        energy: ArrayLike | None = None,
        nonnegative: bool = True,
        precision: Literal["auto", "float32", "bfloat16"] = "auto",
        template_fit: bool = True,
        weights: Weights | None = None,
    ) -> None:
        self.neighborhood = neighborhood
        self.energy = energy
        self.nonnegative = nonnegative
        self.precision = precision
        self.template_fit = template_fit
        self.weights = weights

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: ArrayLike, y: Any = None) -> Self:
        """Calibrate on the spectra of a painting; labels are not learnt from.

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
        spectra: NDArray[Any] = validate_data(self, X)
        axis = resolve_energy(ENERGY if self.energy is None else self.energy, spectra.shape[1])
        self.line_groups_ = list(LINE_GROUPS)
        self.painting_ = fit_painting(spectra, axis)
        self.calibrated_ = True
        if self.neighborhood:
            # What predict takes is no spectrum on one axis.
            self.n_features_in_ = 2 * spectra.shape[1]
        else:
            self.energy_ = axis
        return self

    def calibrated(self, X: ArrayLike, energy: ArrayLike) -> Self:
        """A copy for one painting.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_channels)
            Some of its spectra [counts], spread over the painting.
        energy : array-like of shape (n_channels,) or pair of float
            Its nominal bin centres [keV], or offset and gain.

        Returns
        -------
        SimulationTrainedRegressor
            Predicts spectra on that axis.
        """
        if energy is None:
            raise EnergyAxisError(
                "the spectra have no energy axis, of which the model needs to know the first "
                "guess: pass bin centres in keV, such as cube['energy'].values, an (offset, gain) "
                "pair, or open the file with ",
                Argument("energy", function="open_cube"),
                ".",
            )
        one = copy.copy(self)
        one.set_params(energy=energy)
        one.fit(X)
        return one

    def predict(
        self, X: ArrayLike, return_std: bool = False
    ) -> NDArray[Any] | tuple[NDArray[Any], NDArray[Any]]:
        """Net intensities, and their standard errors.

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
        values = np.empty((n, len(LINE_GROUPS)), dtype)
        errors = np.empty_like(values)
        for start in range(0, n, _CHUNK):
            rows = slice(start, start + _CHUNK)
            values[rows], errors[rows] = self._outputs(spectra[rows])
        if self.nonnegative:
            np.maximum(values, 0, out=values)
        return (values, errors) if return_std else values

    def detected(
        self, intensities: ArrayLike, errors: ArrayLike, false_alarms: float = 0.01
    ) -> list[str]:
        """Which line groups a painting holds.

        Parameters
        ----------
        intensities, errors : array-like of shape (n_pixels, n_line_groups)
            What ``predict(X, return_std=True)`` gave for its pixels.
        false_alarms : float
            Accepted chance to report a line group that is in no pixel.

        Returns
        -------
        list of str
            Line groups, in the order of ``line_groups_``.
        """
        return detected_line_groups(
            LINE_GROUPS, np.asarray(intensities), np.asarray(errors), false_alarms
        )

    def detected_in(self, maps: xr.Dataset, false_alarms: float = 0.01) -> list[str]:
        """Which line groups finished maps show.

        Parameters
        ----------
        maps : Dataset of dims (y, x, element)
            ``intensity`` and ``uncertainty``, as
            :func:`skxrf.inference.predict_maps` gives them with ``return_std=True``.
        false_alarms : float
            Accepted chance to report a line group that is in no pixel.

        Returns
        -------
        list of str
            Line groups, in the order of the maps.
        """
        names = [str(name) for name in maps["element"].to_numpy()]
        intensities, errors = (
            maps[kind].transpose("y", "x", "element").to_numpy().reshape(-1, len(names))
            for kind in ("intensity", "uncertainty")
        )
        return detected_line_groups(names, intensities, errors, false_alarms)

    def novelty(self, X: ArrayLike) -> NDArray[np.float32]:
        """How little the spectra look like any that the model can explain.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_channels)
            Spectra [counts].

        Returns
        -------
        ndarray of shape (n_samples,), float32
            Standard deviations by which the spectra depart from the sum of their fitted
            components, photon noise taken off: about 0 for what the model knows, above 5 for
            lines that it does not.
        """
        spectra = self._checked(X)
        return self.painting_.novelty(self._on_model_axis(self._own(spectra)))

    def spectrum_fit(self) -> SpectrumFit:
        """The painting's template fit, in the channels of the spectra that ``predict`` takes.

        Returns
        -------
        SpectrumFit
            Has ``components_`` and ``decompose`` as a
            :class:`skxrf.linear_model.TemplateFitRegressor`:
            what :func:`skxrf.report.write_map_report` draws beside the spectrum of a pixel.

        Raises
        ------
        NotFittedError
            If the model is not calibrated to a painting.
        """
        self._require_calibrated()
        return SpectrumFit(self.painting_)

    def load_weights(self) -> Weights:
        """Read the network's weights, once in a process.

        Returns
        -------
        Weights
            Network, factors of its standard errors, recipe.

        Raises
        ------
        FileFormatError
            If the file is damaged.
        """
        if self.weights is not None:
            return self.weights
        return shipped_weights("neighborhood" if self.neighborhood else "pixels")

    def _checked(self, X: ArrayLike) -> NDArray[Any]:
        self._require_calibrated()
        return np.asarray(validate_data(self, X, reset=False))

    def _require_calibrated(self) -> None:
        if not getattr(self, "calibrated_", False):
            raise NotFittedError(
                "the model is not calibrated to a painting: use predict_maps(model, cube), or "
                "model.calibrated(X, energy).predict(X)."
            )

    def _own(self, spectra: NDArray[Any]) -> NDArray[Any]:
        """The pixels' own spectra, without those of their neighbourhoods."""
        if not self.neighborhood:
            return spectra
        return spectra[:, : spectra.shape[1] // 2]

    def _on_model_axis(self, spectra: NDArray[Any]) -> NDArray[np.float32]:
        rebinned = self.painting_.calibrator.transform(spectra.astype(np.float32, copy=False))
        return np.asarray(np.maximum(rebinned, 0, out=rebinned), dtype=np.float32)

    def _outputs(self, spectra: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        weights = self.load_weights()
        own = self._own(spectra)
        parts = [own] if not self.neighborhood else [own, spectra[:, own.shape[1] :]]
        counts = torch.from_numpy(np.stack([self._on_model_axis(part) for part in parts], axis=1))
        matrix = torch.from_numpy(self.painting_.matrix).T
        fast = self.precision == "bfloat16" or (self.precision == "auto" and _has_bfloat16())
        values = np.empty((len(counts), len(LINE_GROUPS)), np.float32)
        errors = np.empty_like(values)
        with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16, enabled=fast):
            for start in range(0, len(counts), _BATCH):
                batch = counts[start : start + _BATCH]
                with torch.autocast("cpu", enabled=False):
                    fits = batch @ matrix
                intensity, error = weights.network(batch, fits)
                rows = slice(start, start + len(batch))
                values[rows], errors[rows] = intensity.numpy(), error.numpy()
        errors *= weights.calibration
        if self.template_fit:
            self._average_with_fit(values, errors, counts[:, 0].numpy())
        return values, np.hypot(errors, _MODEL_ERROR * values)

    def _average_with_fit(
        self, values: NDArray[np.float32], errors: NDArray[np.float32], counts: NDArray[np.float32]
    ) -> None:
        """Move intensities towards those of the template fit, the more the brighter they are."""
        fit = self.painting_.template_fit
        # Threads work on batches of spectra: BLAS' own would get in their way.
        with single_threaded_blas():
            areas, area_errors = (np.asarray(part) for part in fit.predict(counts, return_std=True))
        shares = self.load_weights().fit_shares
        for column, name in enumerate(LINE_GROUPS):
            if name not in fit.line_groups_:
                continue
            place = fit.line_groups_.index(name)
            values[:, column], errors[:, column] = average_with_fit(
                values[:, column],
                errors[:, column],
                areas[:, place],
                area_errors[:, place],
                shares[:, column],
                rare=name in self.painting_.rare_groups,
            )

    def __sklearn_is_fitted__(self) -> bool:
        """Its network is trained; what may be missing is a painting's calibration."""
        return True

    def __sklearn_tags__(self) -> Any:
        """Tags: no labels are needed, and counts are not negative."""
        tags = super().__sklearn_tags__()
        tags.target_tags.required = False
        tags.input_tags.positive_only = True
        tags.regressor_tags.poor_score = True
        return tags


def _has_bfloat16() -> bool:
    return bool(torch.cpu.get_capabilities().get("avx512_bf16", False))
