"""Bring spectra whose energy axis is not known exactly onto the axis of a model."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from skxrf.exceptions import Argument, EnergyAxisError
from skxrf.preprocessing._rebinning import BinShares
from skxrf.spectrum_fit._axis_fit import AxisFit, fit_energy_axis
from skxrf.spectrum_fit._axis_search import guess_energy_axis
from skxrf.spectrum_fit._drift import LineAxis
from skxrf.utils._sklearn import _fit_context
from skxrf.utils.energy import describe_axis, resolve_energy
from skxrf.utils.fitted import validate_spectra


@dataclass(frozen=True)
class CalibrationRule:
    """Thresholds of a calibration."""

    worst_error: float = 0.02
    """Standard error at 6.4 keV from which on a calibration is no better than the nominal one
    [keV]."""
    worst_misfit: float = 0.55
    """Misfit left by lines on a guessed axis, as a share of that of a background alone."""
    clearly_better: float = 1.2  # ratio to it that the misfit of any other axis has at least


_NOTHING_FOUND = "the sum of the spectra shows no pattern of lines that gives an energy axis"
_PASS_AN_AXIS = (
    ": pass ",
    Argument("energy", placeholder="offset, gain"),
    " in keV from the instrument's file or software, or fit on more pixels.",
)


class EnergyCalibrator(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Find gain, zero and resolution of a measurement from its own lines; rebin to a model's axis.

    ``fit`` sums the spectra and finds which lines the sum holds: those of the object, of argon
    in air and of the scattered tube radiation. No element list is needed. ``transform`` moves
    the counts from the true bins to those of `target`; no count is lost but beyond its ends.

    Parameters
    ----------
    energy : array-like of shape (n_channels,) or pair of float
        Nominal bin centers of the input [keV], or offset [keV] and gain [keV per channel]. It
        may be wrong by 3 % in gain and 150 eV in zero. None: searched, from 4 to 45 eV per
        channel and -1.2 to 0.5 keV in channel 0.
    target : array-like of shape (n_bins,) or (offset, gain, n_bins), default=None
        Bin centers of the output [keV], increasing, such as the ``energy_`` of a model; or
        offset, gain and number of bins. None: those of `energy`, or without it the true ones.

    Attributes
    ----------
    energy_ : ndarray of shape (n_features_in_,)
        Nominal bin centers of the input [keV]: what a cube's own axis is compared with. Defined
        only when `energy` is given.
    output_energy_ : ndarray of shape (n_bins,)
        Bin centers of the output [keV].
    calibrated_energy_ : ndarray of shape (n_features_in_,)
        True bin centers of the input [keV].
    offset_, gain_ : float
        Straight line through `calibrated_energy_` from 2 to 15 keV: energy of channel 0 [keV],
        keV per channel.
    fwhm_ : float
        Full width at half maximum of a line at 5.9 keV (Mn K-alpha) [keV]; NaN where the
        calibration was not found.
    noise_, fano_ : float
        Electronic noise (full width at half maximum) [keV] and Fano factor that make it.
    errors_ : dict of str to float
        Standard errors [keV] of the axis at 2, 6.4 and 15 keV and of ``fwhm_``.
    lines_ : list of str
        Line groups that the calibration rests on, the brightest first; empty where none was
        found and the nominal axis is kept.
    anode_ : str or None
        Element of the tube's anode, where its scattered lines were found.
    axis_fit_ : AxisFit or None
        The fitted sum spectrum: bins, counts, model, background.
    n_features_in_ : int
        Number of channels seen in ``fit``.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the channels. Defined only when `X` has names that are all strings.

    See Also
    --------
    skxrf.preprocessing.rebin_counts : The rebinning alone, between two known axes.

    Examples
    --------
    >>> from skxrf.datasets import make_spectra
    >>> from skxrf.preprocessing import EnergyCalibrator
    >>> X, _ = make_spectra(200, random_state=0)  # in truth 25 eV per channel, from 0
    >>> calibrator = EnergyCalibrator(energy=(0.06, 0.0248)).fit(X)
    >>> abs(calibrator.gain_ - 0.025) < 1e-4
    True
    >>> calibrator.transform(X).shape
    (200, 1024)
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "energy": ["array-like", None],
        "target": ["array-like", None],
    }

    def __init__(self, energy: Any = None, target: Any = None) -> None:
        self.energy = energy
        self.target = target

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: ArrayLike, y: Any = None) -> EnergyCalibrator:
        """Find the true axis from the sum of the spectra.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_channels)
            Spectra [counts].
        y : None
            Ignored.

        Returns
        -------
        EnergyCalibrator
            This transformer.

        Raises
        ------
        EnergyAxisError
            If `energy` or `target` is no axis, or without `energy` the spectra do not show one
            beyond doubt.

        Warns
        -----
        UserWarning
            If the sum holds no lines to calibrate on; the nominal axis is then kept.
        """
        spectra: NDArray[Any] = validate_spectra(self, X)
        n_channels = spectra.shape[1]
        self.__dict__.pop("energy_", None)
        spectrum = spectra.sum(axis=0, dtype=np.float64)
        if self.energy is None:
            nominal = _guessed(spectrum)
        else:
            nominal = self.energy_ = resolve_energy(self.energy, n_channels)
        target = self._target()
        fit = fit_energy_axis(spectrum, nominal)
        if fit is not None and (
            len(fit.groups) < 2 or not fit.errors["6.4 keV"] < CalibrationRule.worst_error
        ):
            fit = None
        if fit is None and self.energy is None:
            raise EnergyAxisError(_NOTHING_FOUND, *_PASS_AN_AXIS)
        if fit is None:
            warnings.warn(
                "EnergyCalibrator found no lines to calibrate on in the sum of "
                f"{len(spectra)} spectra ({describe_axis(nominal)}), and keeps the nominal "
                "axis: fit it on more pixels, or check that X holds counts and that the energy "
                "axis is right to within 3 %.",
                UserWarning,
                stacklevel=3,  # of the call of fit, outside scikit-learn's wrapper
            )
        self._learn(nominal, target, fit)
        return self

    def _target(self) -> NDArray[np.float64] | None:
        if self.target is None:
            return None
        values = np.asarray(self.target, dtype=np.float64)
        if values.shape == (3,) and values[2] >= 4 and values[2] == int(values[2]):
            offset, gain, n_bins = values
            return resolve_energy((offset, gain), int(n_bins), source="target")
        return resolve_energy(self.target, values.size, source="target")

    def _learn(
        self,
        nominal: NDArray[np.float64],
        target: NDArray[np.float64] | None,
        fit: AxisFit | None,
    ) -> None:
        self.axis_fit_ = fit
        self.calibrated_energy_ = nominal if fit is None else fit.energy
        if target is not None:
            self.output_energy_ = target
        elif self.energy is not None:
            self.output_energy_ = nominal
        else:
            self.output_energy_ = self.calibrated_energy_
        self._n_features_out = self.output_energy_.size
        if nominal.size > 1:
            # The line through the range that lines were found in.
            middle = (self.calibrated_energy_ > 2.0) & (self.calibrated_energy_ < 15.0)
            used = np.flatnonzero(middle) if middle.sum() > 1 else np.arange(nominal.size)
            gain, offset = np.polyfit(used, self.calibrated_energy_[used], 1)
        else:
            gain, offset = np.nan, self.calibrated_energy_[0]
        self.offset_, self.gain_ = float(offset), float(gain)
        self.fwhm_ = np.nan if fit is None else float(fit.resolution.fwhm(5.895))
        self.noise_ = np.nan if fit is None else fit.resolution.noise
        self.fano_ = np.nan if fit is None else fit.resolution.fano
        self.errors_ = {} if fit is None else dict(fit.errors)
        self.lines_ = [] if fit is None else list(fit.groups)
        self.anode_ = None if fit is None or fit.scatter is None else fit.scatter[:-2]
        self._shares = BinShares(self.calibrated_energy_, self.output_energy_)

    @property
    def line_axis_(self) -> LineAxis | None:
        """Axis and resolution found, and the lines by which a drift can be seen."""
        check_is_fitted(self)
        found = self.axis_fit_
        if found is None:
            return None
        return LineAxis(found.energy, found.groups, found.resolution, self.anode_)

    def transform(self, X: ArrayLike) -> NDArray[Any]:
        """Move the counts to the bins of `target`.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_channels)
            Spectra [counts].

        Returns
        -------
        ndarray of shape (n_samples, n_bins)
            Spectra [counts]: float64 for float64, else float32.
        """
        check_is_fitted(self)
        return self.rebin(validate_spectra(self, X, dtype=(np.float32, np.float64), reset=False))

    def rebin(self, spectra: NDArray[Any]) -> NDArray[Any]:
        """Move the counts to the bins of `target`, as ``transform``, without checks.

        Parameters
        ----------
        spectra : ndarray of shape (n_samples, n_channels), float32 or float64
            Finite spectra [counts].

        Returns
        -------
        ndarray of shape (n_samples, n_bins)
            Spectra [counts], of the same dtype.
        """
        return self._shares.apply(spectra)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _guessed(spectrum: NDArray[np.float64]) -> NDArray[np.float64]:
    """An axis from the pattern of peaks; an error where there is none or more than one."""
    guess = guess_energy_axis(spectrum)
    if guess is None or guess.misfit > CalibrationRule.worst_misfit:
        raise EnergyAxisError(_NOTHING_FOUND, *_PASS_AN_AXIS)
    if guess.next_misfit < CalibrationRule.clearly_better * guess.misfit:
        raise EnergyAxisError(
            "the pattern of peaks fits more than one energy axis, the best of which is "
            f"{guess.offset:.3f} keV + {1000 * guess.gain:.2f} eV per channel",
            *_PASS_AN_AXIS,
        )
    return np.asarray(guess.offset + guess.gain * np.arange(spectrum.size))
