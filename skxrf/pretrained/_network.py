"""Forward pass of the shipped network, in numpy: training alone needs torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

__all__ = ["NetworkScales", "network_outputs"]

Array = NDArray[np.float32]


@dataclass(frozen=True)
class NetworkScales:
    """Fixed numbers of the network's formula; trained weights are valid for these alone.

    Parameters
    ----------
    reference_counts : float
        Total counts that the square roots of a spectrum are scaled to; their noise is then that of
        a usual pixel.
    least_counts : float
        Least total of a spectrum, so that an empty one gives zeros and not NaN.
    log_errors : pair of float
        Logarithms of the least and greatest standard error, in units of photon noise.
    """

    reference_counts: float = 5000.0
    least_counts: float = 1.0
    log_errors: tuple[float, float] = (-1.0, 3.0)


_SCALES = NetworkScales()
# Spectra that pass the network together: their activations fit in a processor's cache.
_BATCH = 1024


def network_outputs(
    arrays: Mapping[str, Array], spectra: Array, fits: Array
) -> tuple[Array, Array]:
    """Predict net intensities and their standard errors.

    Parameters
    ----------
    arrays : mapping of str to ndarray
        Weights and scales by the names that
        ``skxrf.pretrained.training._network.AdaptiveFilterNetwork`` gives them.
    spectra : ndarray of shape (n_samples, n_channels), float32
        Counts >= 0 on the model's axis.
    fits : ndarray of shape (n_samples, n_components), float32
        Linear filter fits of the spectra [counts].

    Returns
    -------
    intensities, errors : ndarray of shape (n_samples, n_groups), float32
        Net counts and their standard errors [counts].

    Notes
    -----
    The same formula as the torch module that is trained; the two agree within 1e-6 of the largest
    intensity (``tests/pretrained/training/test_network.py``).
    """
    # The learned filters see channels in units of their photon noise, less the mean shape.
    filters = arrays["filters.0.weight"] * arrays["channel_scale"]
    mean = filters @ arrays["mean_shape"]
    values = np.empty((len(spectra), arrays["unit"].size), np.float32)
    errors = np.empty_like(values)
    for start in range(0, len(spectra), _BATCH):
        rows = slice(start, start + _BATCH)
        total = np.maximum(spectra[rows].sum(axis=1, keepdims=True), _SCALES.least_counts)
        dose = np.sqrt(total)
        standard_fits = fits[rows] / (arrays["fit_unit"] * dose)
        hidden = _hidden(arrays, spectra[rows], standard_fits, total)
        learned = (spectra[rows] @ filters.T - total * mean) / dose
        features = np.concatenate([standard_fits, learned], axis=1)
        values[rows], errors[rows] = _read_out(arrays, features, hidden, arrays["unit"] * dose)
    return values, errors


def _hidden(
    arrays: Mapping[str, Array], spectra: Array, standard_fits: Array, total: Array
) -> Array:
    """Activations of the trunk: two dense layers on the square roots of the scaled counts."""
    roots = np.sqrt(spectra * (_SCALES.reference_counts / total))
    roots *= arrays["gain"]
    roots += arrays["shift"]
    hidden = roots @ arrays["first.weight"].T + arrays["first.bias"]
    hidden += np.arcsinh(standard_fits) @ arrays["of_fits.weight"].T
    hidden += np.log(total / _SCALES.reference_counts) @ arrays["of_dose.weight"].T
    hidden *= expit(hidden)
    second = hidden @ arrays["second.weight"].T + arrays["second.bias"]
    second *= expit(second)
    return np.asarray(second + hidden, dtype=np.float32)


def _read_out(
    arrays: Mapping[str, Array], features: Array, hidden: Array, unit: Array
) -> tuple[Array, Array]:
    """Intensities and standard errors from linear features and the trunk's activations."""
    gates, residual, spread = (
        hidden @ arrays[f"{name}.weight"].T + arrays[f"{name}.bias"]
        for name in ("gates", "residual", "spread")
    )
    several = (features @ arrays["estimators.weight"].T).reshape(*gates.shape, -1)
    standard = features @ arrays["read_out.weight"].T + np.matmul(gates[:, None], several)[:, 0]
    values = unit * (standard + residual)
    variance = np.square(unit) + np.maximum(values, 0)
    return values, np.sqrt(variance) * np.exp(np.clip(spread, *_SCALES.log_errors))
