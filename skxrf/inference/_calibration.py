"""Estimators that calibrate themselves to a cube, by a sample of its spectra."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skxrf.utils.threads import single_threaded_blas

__all__ = ["calibrated_to", "sample_spectra"]

# Their sum calibrates as well as that of all pixels.
_SAMPLE_PIXELS = 50_000
# More channels, fewer pixels: a sample is held in memory beside everything else.
_SAMPLE_BYTES = 256 * 2**20


def sample_spectra(cube: xr.DataArray) -> NDArray[Any]:
    """Take spectra that are spread evenly over a cube, about 50,000 and at most 256 MiB of them.

    Parameters
    ----------
    cube : DataArray of dims (y, x, energy)
        Counts; a lazy one is read here and there only.

    Returns
    -------
    ndarray of shape (n_spectra, n_channels)
        In the cube's dtype.
    """
    cube = cube.transpose("y", "x", "energy")
    n_y, n_x, n_channels = cube.shape
    most = min(_SAMPLE_PIXELS, _SAMPLE_BYTES // max(n_channels * cube.dtype.itemsize, 1))
    step = max(1, int(np.ceil((n_y * n_x / max(most, 1)) ** 0.5)))
    spectra = cube[::step, ::step].to_numpy()
    return np.asarray(spectra.reshape(-1, n_channels))


def calibrated_to(estimator: Any, cube: xr.DataArray) -> Any:
    """Bind an estimator to a cube, where it has a method ``calibrated`` for this.

    Parameters
    ----------
    estimator : object
        ``estimator.calibrated(X, energy)`` is asked for an estimator for spectra on the axis
        `energy` [keV], or None where the cube has none, of which `X` is a sample.
    cube : DataArray of dims (y, x, energy)
        The cube that will be predicted.

    Returns
    -------
    object
        What ``calibrated`` returned, the same for the same cube; the estimator itself if it has
        no such method, or is bound to a painting already.
    """
    if not callable(getattr(estimator, "calibrated", None)) or getattr(
        estimator, "calibrated_", False
    ):
        return estimator
    energy = cube["energy"].to_numpy() if "energy" in cube.coords else None
    with single_threaded_blas():
        return estimator.calibrated(sample_spectra(cube), energy)
