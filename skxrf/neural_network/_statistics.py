"""What a network takes from its training data without training: scales, errors, linear path."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from skxrf.neural_network._linear_path import (
    LinearPath,
    fit_error_model,
    fit_linear_path,
)
from skxrf.neural_network._losses import Loss
from skxrf.neural_network._modules import InputTransform, SpectrumNetwork, fill_buffers
from skxrf.neural_network._residual_weight import (
    ResidualWeight,
    fit_residual_weight,
    intensity_at,
)
from skxrf.neural_network._training import (
    SpectrumDataset,
    collect,
    numpy_dtype,
    rows_per_batch,
)

Array = NDArray[np.float64]
Rows = NDArray[np.intp]


class Statistics(NamedTuple):
    """Scales of the labels' errors.

    Attributes
    ----------
    unit : ndarray of shape (n_outputs,)
        What the losses other than Poisson's measure errors in: the labels' standard
        deviation, or one.
    floor, slope : ndarray of shape (n_outputs,), or None
        ``error^2 = floor + slope * intensity``, for Poisson's.
    """

    unit: Array
    floor: Array | None
    slope: Array | None


def fit_statistics(
    module: SpectrumNetwork,
    X: NDArray[Any],
    y: Array,
    train: Rows,
    valid: Rows,
    *,
    scale_outputs: bool,
    loss: Loss,
) -> tuple[Statistics, LinearPath | None]:
    """Fill in the module's buffers, its linear path as fitted to the training rows alone.

    Parameters
    ----------
    module : SpectrumNetwork
        Its buffers are set.
    X : ndarray of shape (n_samples, n_features)
        Spectra.
    y : ndarray of shape (n_samples, n_outputs)
        Labels.
    train, valid : ndarray of int
        Training and held-out rows.
    scale_outputs : bool
        Without a linear path: whether outputs are in units of the labels' standard deviation.
    loss : str
        ``"poisson"`` needs the error model, even without a linear path.

    Returns
    -------
    statistics : Statistics
    path : LinearPath or None
        None without a linear path.
    """
    if module.transform.kind is not None:
        dtype = numpy_dtype(module.transform.get_buffer("gain").dtype)
        shift, gain = standardization(module.transform, SpectrumDataset(X, dtype=dtype))
        fill_buffers(module.transform, shift=shift, gain=gain)
    spread = y.std(axis=0)
    unit = np.where(spread > 0, spread, 1.0)
    if not module.linear_path:
        if scale_outputs:
            fill_buffers(module, shift=y.mean(axis=0), gain=unit)
        else:
            unit = np.ones_like(unit)
        if loss != "poisson":
            return Statistics(unit, None, None), None
    path = fit_linear_path(X, y, train, valid)
    honest = valid if len(valid) else train
    estimate = path.selection.predict(X[honest])
    floor, slope = fit_error_model(estimate, y[honest] - estimate, spread)
    if not module.linear_path:
        return Statistics(unit, floor, slope), None
    fill_buffers(module, floor=floor, slope=slope, **path.selection._asdict())
    return Statistics(unit, floor, slope), path


def expected_errors(
    module: SpectrumNetwork, statistics: Statistics, X: NDArray[Any], y: Array, loss: Loss
) -> Array:
    """Return what the loss takes for the errors of the labels, of the shape of y."""
    if loss != "poisson" or statistics.floor is None or statistics.slope is None:
        return np.broadcast_to(statistics.unit, y.shape)
    intensity = collect(module, X, module.linear) if module.linear_path else y
    variance = statistics.floor + statistics.slope * np.maximum(intensity, 0)
    return np.asarray(np.sqrt(variance))


def weigh_residual(
    module: SpectrumNetwork, X: NDArray[Any], y: Array, error: Array, valid: Rows, share: float
) -> ResidualWeight:
    """Keep what the layers add to the linear path only where held-out rows speak for it.

    Of what is best on them, `share` is kept. Sets the module's weight of the layers, and returns
    it with the intensities that it is for, in the unit of y, in the place of the signals.
    """
    n_levels = len(module.get_buffer("residual_levels"))
    fill_buffers(module, residual_weight=np.ones(y.shape[1]))
    if not len(valid):
        nothing = np.zeros((n_levels, y.shape[1]))
        fill_buffers(module, residual_levels=nothing, residual_weight=nothing)
        return ResidualWeight(nothing, nothing)
    linear = collect(module, X[valid], module.linear)

    def signal_of(batch: Tensor) -> Tensor:
        estimate = module.linear(batch)
        return module.signal(estimate, module.expected_error(estimate))

    found = fit_residual_weight(
        y[valid],
        linear,
        collect(module, X[valid]),
        error[valid],
        collect(module, X[valid], signal_of),
        n_levels,
    )
    weight = share * found.weight
    fill_buffers(module, residual_levels=found.levels, residual_weight=weight)
    floor, slope = (module.get_buffer(name).cpu().numpy() for name in ("floor", "slope"))
    return ResidualWeight(intensity_at(found.levels, floor, slope), weight)


def standardization(
    transform: InputTransform, dataset: SpectrumDataset
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Shift and gain that give every channel of the transformed spectra mean 0, variance 1.

    Channels that vary by less than a tenth of what channels do (root mean square) are scaled
    like one that varies by that: a channel that was empty in training must not shout when a
    count appears in it.
    """
    n_rows = rows_per_batch(dataset.X.shape[1], "cpu")
    total = squares = torch.zeros(dataset.X.shape[1], dtype=torch.float64)
    origin: Tensor | None = None
    for start in range(0, len(dataset), n_rows):
        root = transform.root(dataset[start : start + n_rows][0])
        # Around the first mean, lest large values of little spread cancel.
        origin = root.mean(dim=0) if origin is None else origin
        centred = root - origin
        total = total + centred.sum(dim=0, dtype=torch.float64)
        squares = squares + centred.square().sum(dim=0, dtype=torch.float64)
    assert origin is not None
    mean = (total / len(dataset)).numpy()
    variance = np.maximum((squares / len(dataset)).numpy() - mean**2, 0.0)
    least = 0.1 * np.sqrt(variance.mean())
    gain = 1.0 / np.maximum(np.sqrt(variance), least if least > 0 else 1.0)
    return -(mean + origin.numpy()) * gain, gain
