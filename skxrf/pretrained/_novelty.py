"""By how much spectra depart from what the first fit explains, photon noise taken off."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d

from skxrf.preprocessing import EnergyCalibrator

from ._axis import ENERGY

__all__ = ["FitResiduals"]

Array = NDArray[np.float32]

# Channels of a bin: half a peak.
_BIN = 4
_N_BINS = ENERGY.size // _BIN
# Errors of the model that are granted: a share of the largest count within a bin of 80 eV to both
# sides, since line ratios, widths and places are off by some per cent; and a share of the largest
# within 1 keV, since tails and escape peaks of bright lines are.
_NEAR, _NEAR_SHARE = 1, 0.04
_AROUND, _AROUND_SHARE = 12, 0.003
# Spectra that are worked on at a time: bounds the memory.
_BATCH = 4096


class FitResiduals:
    """What a painting's first fit leaves of spectra, against what photon noise makes of it.

    Parameters
    ----------
    calibrator : EnergyCalibrator
        From the painting's channels to the model's axis.
    matrix : ndarray of shape (n_components, n_channels), float32
        The first fit.
    components : ndarray of shape (n_components, n_channels), float32
        Spectra of one net count of each component.

    Notes
    -----
    The residual of a bin is a linear function of the counts of the measured channels, which are
    Poisson-distributed. With the coefficients ``r``, its square exceeds that of its expectation
    by the sum of ``r**2`` times the expected counts on average, and of the counts themselves as
    well, whatever they are. So the excess of the squares over that sum is zero on average
    where the fit explains the spectrum, at any dose: neither the degrees of freedom that the
    fit uses up nor the rebinning, which correlates channels, have to be guessed. The counts are
    taken on the model's axis, a channel's width away from where they were measured.
    """

    def __init__(self, calibrator: EnergyCalibrator, matrix: Array, components: Array) -> None:
        bins = np.zeros((ENERGY.size, _N_BINS), np.float32)
        kept = np.arange(_N_BINS * _BIN)
        bins[kept, kept // _BIN] = 1
        self._explained = matrix.T @ (components @ bins)
        self._bins = bins
        # How a measured channel's counts spread over the model's, and where those came from.
        shares = calibrator.transform(np.eye(calibrator.calibrated_energy_.size, dtype=np.float32))
        origins = shares / np.maximum(shares.sum(axis=0), 1e-9)
        self._noise = origins.T @ np.square(shares @ (bins - self._explained))

    def novelty(self, X: Array) -> Array:
        """Pearson's chi-square over what is expected, in its standard deviations.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_channels), float32
            Spectra on the model's axis [counts].

        Returns
        -------
        ndarray of shape (n_samples,), float32
            About 0, give or take 1, where the first fit explains the spectra.
        """
        parts = [self._of_batch(X[start : start + _BATCH]) for start in range(0, len(X), _BATCH)]
        return np.concatenate(parts) if parts else np.zeros(0, np.float32)

    def _of_batch(self, X: Array) -> Array:
        expected = X @ self._explained
        residuals = X @ self._bins - expected
        noise = X @ self._noise
        np.maximum(expected, 0.0, out=expected)
        model_error = np.maximum(
            _NEAR_SHARE * maximum_filter1d(expected, 2 * _NEAR + 1, axis=1),
            _AROUND_SHARE * maximum_filter1d(expected, 2 * _AROUND + 1, axis=1),
        )
        # At least one count: what is expected to be empty would weigh without bound.
        variance = np.maximum(expected, 1.0) + np.square(model_error)
        excess = ((np.square(residuals) - noise) / variance).sum(axis=1)
        # The variance of (n - m)**2 - n is 2 m**2 for a Poisson variable n of mean m, of which
        # counts and fit are two estimates.
        spread = (2 * noise * expected / np.square(variance)).sum(axis=1)
        return np.asarray(excess / np.sqrt(np.maximum(spread, 1.0)), dtype=np.float32)
