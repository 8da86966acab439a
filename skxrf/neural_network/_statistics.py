"""Statistics of the training data in a network: scales, expected errors, linear path."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from skxrf.neural_network._batches import (
    SpectrumDataset,
    collect,
    numpy_dtype,
    rows_per_batch,
)
from skxrf.neural_network._layers import InputTransform
from skxrf.neural_network._linear_path import (
    LinearPath,
    choose_linear_path,
    fit_error_model,
)
from skxrf.neural_network._losses import Loss
from skxrf.neural_network._modules import ResidualNetwork, fill_buffers
from skxrf.neural_network._residual_weight import (
    ResidualWeight,
    fit_residual_weight,
    intensity_at,
)
from skxrf.utils.typing import Array, Rows


class Statistics(NamedTuple):
    """Scales of the labels' errors."""

    unit: Array
    """(n_outputs,): unit of the errors in all losses but ``"poisson"``: the labels' standard
    deviation, or one."""
    # floor, slope (n_outputs,): ``error^2 = floor + slope * intensity``, for ``"poisson"``
    floor: Array | None
    slope: Array | None


def fit_statistics(
    module: ResidualNetwork,
    X: NDArray[Any],
    y: Array,
    train: Rows,
    valid: Rows,
    *,
    scale_outputs: bool,
    loss: Loss,
    weight: NDArray[Any] | None = None,
    refit: bool = True,
    folds: Sequence[Rows] = (),
) -> tuple[Statistics, LinearPath | None]:
    """Fill the module's buffers; its linear path is fitted to the training rows alone.

    - `module`: its buffers are set.
    - `X` (n_samples, n_features): spectra.
    - `y` (n_samples, n_outputs): labels.
    - `train`, `valid`: training and held-out rows.
    - `scale_outputs`: without a linear path: whether outputs are in units of the labels' standard
      deviation.
    - `loss`: ``"poisson"`` needs the error model, even without a linear path.
    - `weight` (n_samples, n_outputs): weights of the labels; 0 for labels that are missing, whose
      value is then any number.
    - `refit`: whether the final linear path is fitted to all rows, else to those of `train`.
    - `folds`: parts of `train`, each of which one more linear path leaves out.
    - Returns `statistics`; `path`: None without a linear path.
    """
    if module.transform.kind is not None:
        dtype = numpy_dtype(module.transform.get_buffer("gain").dtype)
        shift, gain = standardization(module.transform, SpectrumDataset(X, dtype=dtype))
        fill_buffers(module.transform, shift=shift, gain=gain)
    mean, spread = _mean_and_spread(y, weight)
    unit = np.where(spread > 0, spread, 1.0)
    if not module.linear_path:
        if scale_outputs:
            fill_buffers(module, shift=mean, gain=unit)
        else:
            unit = np.ones_like(unit)
        if loss != "poisson":
            return Statistics(unit, None, None), None
    path = choose_linear_path(X, y, train, valid, weight, refit=refit, folds=folds)
    # Unbiased where rows were held out.
    honest = valid if len(valid) else train
    estimate = path.selection.predict(X[honest])
    known = None if weight is None else weight[honest] > 0
    floor, slope = fit_error_model(estimate, y[honest] - estimate, spread, known)
    if not module.linear_path:
        return Statistics(unit, floor, slope), None
    fill_buffers(module, floor=floor, slope=slope, **path.selection._asdict())
    return Statistics(unit, floor, slope), path


def expected_errors(statistics: Statistics, intensity: NDArray[Any], loss: Loss) -> Array:
    """Return the errors that the loss expects of labels at these intensities."""
    if loss != "poisson" or statistics.floor is None or statistics.slope is None:
        return np.broadcast_to(statistics.unit, intensity.shape)
    variance = statistics.floor + statistics.slope * np.maximum(intensity, 0)
    return np.asarray(np.sqrt(variance))


class HeldOut(NamedTuple):
    """Predictions of rows that a network was not trained on, each (n_rows, n_outputs)."""

    # y, linear, full, signal: labels, linear path, whole network with the weight one, and signal of
    # the linear path.
    y: Array
    linear: NDArray[Any]
    full: NDArray[Any]
    signal: NDArray[Any]
    error: Array  # expected errors of the labels


def predict_held_out(
    module: ResidualNetwork, X: NDArray[Any], y: Array, error: Array, rows: Rows
) -> HeldOut:
    """Predict rows that a network was not trained on, with the weight one for the correction."""
    fill_buffers(module, residual_weight=np.ones(y.shape[1]))

    def predict(batch: Tensor) -> Tensor:
        linear = module.linear(batch)
        signal = module.signal(linear, module.expected_error(linear))
        return torch.cat([linear, module(batch), signal], dim=1)

    linear, full, signal = np.split(collect(module, X[rows], predict), 3, axis=1)
    return HeldOut(y[rows], linear, full, signal, error[rows])


def weigh_residual(
    module: ResidualNetwork,
    held_out: HeldOut | None,
    weight: NDArray[Any] | None = None,
    groups: NDArray[Any] | None = None,
) -> ResidualWeight:
    """Apply the correction only as far as held-out rows show that it helps.

    Sets the module's weight of the correction, 0 where nothing was held out, and returns it with
    the intensities of its levels, in the unit of y, instead of their signals.
    """
    shape = tuple(module.get_buffer("residual_levels").shape)
    found = ResidualWeight(np.zeros(shape), np.zeros(shape))
    if held_out is not None:
        y, linear, full, signal, error = held_out
        found = fit_residual_weight(y, linear, full, error, signal, shape[0], weight, groups)
    fill_buffers(module, residual_levels=found.levels, residual_weight=found.weight)
    floor, slope = (module.get_buffer(name).cpu().numpy() for name in ("floor", "slope"))
    return ResidualWeight(intensity_at(found.levels, floor, slope), found.weight)


def _mean_and_spread(y: Array, weight: NDArray[Any] | None) -> tuple[Array, Array]:
    """Means and standard deviations of the labels."""
    if weight is None:
        return y.mean(axis=0), y.std(axis=0)
    total = weight.sum(axis=0)
    mean = (y * weight).sum(axis=0) / total
    return mean, np.sqrt((np.square(y - mean) * weight).sum(axis=0) / total)


def standardization(
    transform: InputTransform, dataset: SpectrumDataset
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Shift and gain that give every channel of the transformed spectra mean 0, variance 1.

    The standard deviation of a channel counts as at least a tenth of the root mean square over
    all channels, so that one count in a channel that was empty in training does not become a huge
    input.
    """
    n_rows = rows_per_batch(dataset.X.shape[1], "cpu")
    total = squares = torch.zeros(transform.n_features_out, dtype=torch.float64)
    origin: Tensor | None = None
    for start in range(0, len(dataset), n_rows):
        batch = dataset[start : start + n_rows][0]
        assert isinstance(batch, Tensor)
        root = transform.root(batch)
        # Around the first mean, so that large values of little spread do not cancel.
        origin = root.mean(dim=0) if origin is None else origin
        centered = root - origin
        total = total + centered.sum(dim=0, dtype=torch.float64)
        squares = squares + centered.square().sum(dim=0, dtype=torch.float64)
    assert origin is not None
    mean = (total / len(dataset)).numpy()
    variance = np.maximum((squares / len(dataset)).numpy() - mean**2, 0.0)
    least = 0.1 * np.sqrt(variance.mean())
    gain = 1.0 / np.maximum(np.sqrt(variance), least if least > 0 else 1.0)
    return -(mean + origin.numpy()) * gain, gain
