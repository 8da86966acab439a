"""Bind estimators to a cube by a sample of its spectra."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skxrf.inference.protocol import BindsToPainting, BoundModel, FormerlyCalibrated
from skxrf.utils.threads import single_threaded_blas

__all__ = ["bind", "sample_spectra"]


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
    # The sum of 50,000 spectra serves as well as that of all; at most 256 MiB of them are read.
    most = min(50_000, 256 * 2**20 // max(n_channels * cube.dtype.itemsize, 1))
    step = max(1, int(np.ceil((n_y * n_x / max(most, 1)) ** 0.5)))
    spectra = cube[::step, ::step].to_numpy()
    return np.asarray(spectra.reshape(-1, n_channels))


def bind(estimator: Any, cube: xr.DataArray) -> Any:
    """Bind an estimator to a cube, where it adapts itself to a painting.

    Parameters
    ----------
    estimator : object
        One that implements :class:`~skxrf.inference.protocol.BindsToPainting` is given a sample of
        the cube's spectra and the energy axis.
    cube : DataArray of dims (y, x, energy)
        The cube that will be predicted.

    Returns
    -------
    object
        The bound estimator, the same for the same cube; the estimator itself if it does not adapt
        to paintings, or is bound to one already.

    Raises
    ------
    EnergyAxisError
        From the estimator, if the cube has no energy axis and it needs one.

    Examples
    --------
    >>> from skxrf.datasets import make_painting
    >>> from skxrf.inference import bind
    >>> from skxrf.pretrained import load_pretrained
    >>> cube, _ = make_painting((12, 10), random_state=0)
    >>> bind(load_pretrained(), cube).unfamiliar_
    []
    """
    if isinstance(estimator, type | BoundModel):
        return estimator
    energy = cube["energy"].to_numpy() if "energy" in cube.coords else None
    with single_threaded_blas():
        if isinstance(estimator, BindsToPainting):
            return estimator.bind(sample_spectra(cube), energy)
        if isinstance(estimator, FormerlyCalibrated):
            return estimator.calibrated(sample_spectra(cube), energy)
    return estimator
