"""Fit of models to a cube: bound by a sample of its spectra, compared with its energy axis."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skxrf.exceptions import Argument, EnergyAxisError
from skxrf.inference._drift import axis_drift, stated_drift, states_drift
from skxrf.inference.protocol import BindsToPainting, BoundModel, FormerlyCalibrated, KnowsLines
from skxrf.preprocessing._axis_drift import AxisDrift
from skxrf.utils.energy import axes_agree, bin_edges, describe_axis, resolve_energy
from skxrf.utils.fitted import fitted_channels, fitted_energy
from skxrf.utils.threads import single_threaded_blas
from skxrf.utils.validation import name_of

__all__ = ["axes_to_rebin", "bind", "bind_with_drift", "read_once", "sample_rows", "sample_spectra"]


def sample_spectra(cube: xr.DataArray) -> NDArray[Any]:
    """Take spectra that are spread evenly over a cube, about 50,000 and at most 256 MiB of them.

    `cube` (y, x, energy): counts; a lazy one is read here and there only. Returns
    (n_spectra, n_channels): in the cube's dtype; without those of dead pixels.
    """
    return sample_rows(cube)[0]


def sample_rows(cube: xr.DataArray) -> tuple[NDArray[Any], NDArray[np.intp]]:
    """Take spectra as ``sample_spectra`` does, and the row of each."""
    cube = cube.transpose("y", "x", "energy")
    step_y, step_x = _sample_steps(cube)
    sample = cube[::step_y, ::step_x].to_numpy()
    rows = np.repeat(step_y * np.arange(len(sample)), sample.shape[1])
    spectra = np.asarray(sample.reshape(-1, sample.shape[2]))
    alive = spectra.any(axis=1)
    return (spectra, rows) if alive.all() or not alive.any() else (spectra[alive], rows[alive])


def _sample_steps(cube: xr.DataArray) -> tuple[int, int]:
    """Steps down and across between the spectra of a sample."""
    n_y, n_x, n_channels = cube.shape
    # The sum of 50,000 spectra serves as well as that of all; at most 256 MiB of them are read.
    most = max(1, min(50_000, 256 * 2**20 // max(n_channels * cube.dtype.itemsize, 1)))
    # Files store whole rows packed together: few of them are unpacked, yet enough for a drift and
    # for details of some rows.
    step_y = max(min(-(-n_y * n_x // most), 10, n_y // 64), -(-n_y // most), 1)
    return step_y, -(-n_x // max(1, most // -(-n_y // step_y)))


def read_once(estimator: Any, cube: xr.DataArray) -> xr.DataArray:
    """Read a lazy cube into memory where the sample that the estimator needs is all of it."""
    whole = _sample_steps(cube) == (1, 1) and _needs_sample(estimator, cube)
    return cube.compute() if whole else cube


def _needs_sample(estimator: Any, cube: xr.DataArray) -> bool:
    return not isinstance(estimator, type) and (
        _adapts(estimator) or (isinstance(estimator, KnowsLines) and not states_drift(cube))
    )


def _adapts(estimator: Any) -> bool:
    return not isinstance(estimator, BoundModel) and isinstance(
        estimator, BindsToPainting | FormerlyCalibrated
    )


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
    return bind_with_drift(estimator, cube)[0]


def bind_with_drift(estimator: Any, cube: xr.DataArray) -> tuple[Any, AxisDrift | None]:
    """Bind an estimator as ``bind`` does, and look for a drift of the cube's energy axis.

    `cube` (y, x, energy): the cube that will be predicted. Returns `estimator`: bound to
    straightened spectra where there is a drift; `drift`: the drift, which the spectra to predict
    are still to be straightened by.
    """
    if not _needs_sample(estimator, cube):
        stated = isinstance(estimator, KnowsLines) and not isinstance(estimator, type)
        return estimator, stated_drift(cube) if stated and states_drift(cube) else None
    adapts = _adapts(estimator)
    energy = cube["energy"].to_numpy() if "energy" in cube.coords else None
    spectra, rows = sample_rows(cube)
    with single_threaded_blas():
        bound = _bound(estimator, spectra, energy) if adapts else estimator
        drift = axis_drift(
            lambda: bound.line_axis_ if isinstance(bound, KnowsLines) else None,
            cube,
            spectra,
            rows,
            None if adapts else fitted_energy(bound),
        )
        if adapts and drift is not None:
            bound = _bound(estimator, drift.straighten(spectra, rows), energy)
    return bound, drift


def _bound(estimator: Any, spectra: NDArray[Any], energy: NDArray[Any] | None) -> Any:
    if isinstance(estimator, BindsToPainting):
        return estimator.bind(spectra, energy)
    return estimator.calibrated(spectra, energy)


def axes_to_rebin(
    estimator: Any, cube: xr.DataArray
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Axes of the cube and of the model, where they differ and the former covers the latter."""
    name, n_cube, n_model = name_of(cube), cube.sizes["energy"], fitted_channels(estimator)
    model_energy = fitted_energy(estimator)
    cube_energy = None
    if "energy" in cube.coords:
        cube_energy = resolve_energy(
            cube["energy"].to_numpy(), n_cube, source=f"the energy axis of {name}"
        )
    if model_energy is not None and cube_energy is None:
        raise EnergyAxisError(
            f"{name} has {n_cube} channels and no energy axis, but the model was fitted on "
            f"{describe_axis(model_energy)}: give the cube its axis, such as "
            "cube.assign_coords(energy=...) or ",
            Argument("energy", function="open_cube"),
            ".",
        )
    if model_energy is None or cube_energy is None or n_model not in (None, model_energy.size):
        if n_model is not None and n_model != n_cube:
            found = f"{n_cube} channels" if cube_energy is None else describe_axis(cube_energy)
            raise EnergyAxisError(
                f"{name} has {found}, but the model was fitted on {n_model} channels and has "
                "no energy axis to rebin to: bring the cube onto the model's axis, as "
                "skxrf.preprocessing.rebin_counts does."
            )
        if model_energy is not None and cube_energy is not None:
            _require_whole_channels(cube_energy, model_energy, name)
        return None
    if axes_agree(cube_energy, model_energy):
        return None
    _require_covered(cube_energy, model_energy, name)
    return cube_energy, model_energy


def _require_covered(cube: NDArray[np.float64], model: NDArray[np.float64], name: str) -> None:
    """Raise if the cube lacks more than the ends of the model's axis, warn if it lacks those."""
    have, need = bin_edges(cube), bin_edges(model)
    lacking = max(have[0] - need[0], 0.0) + max(need[-1] - have[-1], 0.0)
    both = f"{name} has {describe_axis(cube)}, the model was fitted on {describe_axis(model)}"
    # Share of the model's energy range that a cube may lack: the ends of two detectors' axes seldom
    # agree, and no lines are measured in the last per cent of them.
    if lacking > 0.01 * (need[-1] - need[0]):
        raise EnergyAxisError(
            f"{both}: the cube does not cover the model's range. Use a model made for this axis, "
            "or check the cube's energy calibration."
        )
    if lacking > need[1] - need[0]:
        warnings.warn(
            f"{both}: the {1000 * lacking:.0f} eV of the model's range that the cube lacks are "
            "taken as empty.",
            UserWarning,
            stacklevel=5,
        )


def _require_whole_channels(
    cube: NDArray[np.float64], inner: NDArray[np.float64], name: str
) -> None:
    """Raise unless the axis of a later step can be made of whole channels of the cube.

    The axis of the raw spectra is then not known, but what the steps before made of it is:
    each of its bins is a sum of channels, which a cube on another axis does not fit.
    """
    have, need = bin_edges(cube), bin_edges(inner)
    nearest = have[np.clip(np.searchsorted(have, need), 1, have.size - 1)]
    below = have[np.clip(np.searchsorted(have, need), 1, have.size - 1) - 1]
    away = np.minimum(np.abs(nearest - need), np.abs(below - need))
    if np.any(away > 0.05 * np.min(np.diff(have))):
        raise EnergyAxisError(
            f"{name} has {describe_axis(cube)}, but a step of the model was fitted on "
            f"{describe_axis(inner)}, which are not whole channels of the cube: bring the cube "
            "onto the axis that the model was fitted on."
        )
