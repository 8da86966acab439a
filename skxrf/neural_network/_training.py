"""What skorch needs to train on spectra: whole batches, and a fit with its callbacks."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from skorch import NeuralNetRegressor
from skorch.helper import predefined_split
from torch import Tensor, nn
from torch.utils.data import Dataset

from skxrf.neural_network._callbacks import (
    BestWeights,
    LearningCurve,
    OneCycle,
    Progress,
    StoppedBy,
    StopTraining,
    TimeLimit,
)

Augmented = Callable[
    [NDArray[Any], NDArray[Any], np.random.Generator], tuple[NDArray[Any], NDArray[Any]]
]


class SpectrumDataset(Dataset[tuple[Tensor, Tensor]]):
    """Spectra and labels that are indexed by whole batches.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Spectra as they are stored; a batch of integers becomes float when it is drawn.
    y : ndarray of shape (n_samples, ...), optional
        Labels; None where there are none, as in prediction.
    dtype : dtype
        Of the batches of spectra.
    rows : ndarray of int, optional
        The rows of X and y that the dataset consists of, all by default; not copied.
    augmented : callable, optional
        Takes batches of X and y and a generator, gives the batches to train on instead.
    """

    def __init__(
        self,
        X: NDArray[Any],
        y: NDArray[Any] | None = None,
        dtype: Any = np.float32,
        rows: NDArray[np.intp] | None = None,
        augmented: Augmented | None = None,
    ) -> None:
        self.X = np.asarray(X)
        self.y = y
        self.dtype = np.dtype(dtype)
        self.rows = rows
        self.augmented = augmented

    def __len__(self) -> int:
        return len(self.X) if self.rows is None else len(self.rows)

    def __getitem__(self, rows: slice | NDArray[np.intp]) -> tuple[Tensor, Tensor]:
        if self.rows is not None:
            rows = self.rows[rows]
        if isinstance(rows, slice):
            # torch warns of memory that it may not write to, and joblib shares such memory.
            block = self.X[rows]
            copy = not block.flags.writeable or not block.flags.c_contiguous
            X = block.astype(self.dtype, order="C", copy=copy)
        else:
            X = self.X.take(rows, axis=0).astype(self.dtype, copy=False)
        y = np.zeros(len(X), self.dtype) if self.y is None else self.y[rows].copy()
        return torch.from_numpy(X), torch.from_numpy(y)

    def drawn(
        self, rows: slice | NDArray[np.intp], rng: np.random.Generator
    ) -> tuple[Tensor, Tensor]:
        """Return a batch to train on: drawn anew where spectra are augmented."""
        if self.augmented is None or self.y is None:
            return self[rows]
        chosen = np.arange(len(self.X))[rows] if self.rows is None else self.rows[rows]
        X, y = self.augmented(self.X.take(chosen, axis=0), self.y[chosen], rng)
        return (
            torch.from_numpy(X.astype(self.dtype, copy=False)),
            torch.from_numpy(y.astype(self.y.dtype, copy=False)),
        )


class BatchIterator:
    """Draws batches from a :class:`SpectrumDataset`, without workers or row-wise collation.

    Parameters
    ----------
    dataset : SpectrumDataset
        Where from.
    batch_size : int
        Rows in a batch; the last one of an epoch may be smaller.
    shuffle : bool
        Whether every epoch has an order of its own.
    seed : int, optional
        Seed of the orders.
    deadline : float, optional
        Time of ``time.monotonic`` [s] after which the epoch ends with the present batch.
    """

    def __init__(
        self,
        dataset: SpectrumDataset,
        batch_size: int,
        shuffle: bool = False,
        seed: int | None = None,
        deadline: float | None = None,
    ) -> None:
        self.dataset = dataset
        self.batch_size = batch_size if batch_size > 0 else len(dataset)
        self.deadline = math.inf if deadline is None else deadline
        # Generators of their own: torch's global one is shared by the threads of a search.
        self.rng = np.random.default_rng(seed) if shuffle else None
        self.rng_augmented = np.random.default_rng(None if seed is None else [seed, 1])

    def __len__(self) -> int:
        return math.ceil(len(self.dataset) / self.batch_size)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        n = len(self.dataset)
        order = None if self.rng is None else self.rng.permutation(n)
        for start in range(0, n, self.batch_size):
            rows = slice(start, start + self.batch_size)
            if order is None:
                yield self.dataset[rows]
            else:
                yield self.dataset.drawn(order[rows], self.rng_augmented)
            if time.monotonic() >= self.deadline:
                return


def rows_per_batch(n_features: int, device: str) -> int:
    """Rows to predict at a time: what stays in the processor's cache, more on a GPU."""
    values = 2**19 if device == "cpu" else 2**24
    return min(max(values // n_features, 64), 8192)


class Training(NamedTuple):
    """Loss of every epoch, and why the fit ended."""

    curve: list[float]
    validation_curve: list[float]
    stopped_by: StoppedBy


def train_network(
    net: NeuralNetRegressor,
    train: SpectrumDataset,
    valid: SpectrumDataset | None,
    *,
    epochs: int,
    batch_size: int,
    learning_rate: float,
    one_cycle: bool,
    patience: tuple[int, float] | None,
    deadline: float | None,
    seed: int,
    verbose: bool,
) -> Training:
    """Run skorch's fit loop on an initialized net.

    Parameters
    ----------
    net : NeuralNetRegressor
        Initialized; trained in place.
    train, valid : SpectrumDataset
        Rows to train on and to validate on.
    epochs, batch_size : int
        Passes over the training rows, rows per batch.
    learning_rate : float
        The rate, or its peak.
    one_cycle : bool
        Whether the rate rises and falls; else it is constant.
    patience : tuple of int and float, optional
        ``n_iter_no_change`` and ``tol`` of early stopping; None for none.
    deadline : float, optional
        Time of ``time.monotonic`` [s] to stop at.
    seed : int
        Seed of the order of the rows.
    verbose : bool
        Whether to tell the progress.

    Returns
    -------
    Training
    """
    curve = LearningCurve()
    callbacks: list[tuple[str, Any]] = [("curve", curve)]
    if one_cycle:
        n_batches = epochs * math.ceil(len(train) / batch_size)
        callbacks.append(("rate", OneCycle(learning_rate, n_batches, deadline)))
    if verbose:
        callbacks.append(("progress", Progress(curve, epochs)))
    if patience is not None:
        callbacks.append(("best", BestWeights(curve, *patience)))
    if deadline is not None:
        callbacks.append(("time", TimeLimit(deadline)))
    for group in net.optimizer_.param_groups:
        group["lr"] = learning_rate
    # Assigned, as net.set_params refuses the iterators' arguments once a net is initialized.
    net.batch_size = batch_size
    net.iterator_train__seed = seed
    net.iterator_train__deadline = deadline
    net.train_split = None if valid is None else predefined_split(valid)
    net.callbacks_ = callbacks
    net.history.clear()
    stopped_by: StoppedBy = "max_epochs"
    try:
        net.notify("on_train_begin", X=train, y=None)
        try:
            net.fit_loop(train, epochs=epochs)
        except StopTraining as stop:
            stopped_by = stop.stopped_by
        net.notify("on_train_end", X=train, y=None)
    finally:
        # A pickle must hold neither the training data nor every batch's record.
        net.callbacks_ = []
        net.history.clear()
        net.train_split = None
    return Training(curve.train, curve.valid, stopped_by)


def collect(
    module: nn.Module, X: NDArray[Any], function: Callable[[Tensor], Tensor] | None = None
) -> NDArray[Any]:
    """Apply a module to spectra in batches, without gradients, where and as it computes.

    Parameters
    ----------
    module : Module
        Gives the device and the dtype.
    X : ndarray of shape (n_samples, n_features)
        Spectra.
    function : callable, optional
        What to apply instead of the module itself: from a tensor of shape (n_rows, n_features)
        to one of shape (n_rows, n_outputs).

    Returns
    -------
    ndarray of shape (n_samples, n_outputs), in the module's dtype
    """
    weights = next(module.parameters())
    spectra = SpectrumDataset(X, dtype=numpy_dtype(weights.dtype))
    n_rows = rows_per_batch(X.shape[1], weights.device.type)
    result: NDArray[Any] | None = None
    with torch.inference_mode():
        for start in range(0, len(X), n_rows):
            rows = slice(start, start + n_rows)
            batch = spectra[rows][0].to(weights.device)
            part = (function or module)(batch).cpu().numpy()
            if result is None:
                result = np.empty((len(X), part.shape[1]), part.dtype)
            result[rows] = part
    assert result is not None
    return result


def numpy_dtype(dtype: torch.dtype) -> np.dtype[Any]:
    """Return numpy's dtype of a torch one."""
    return np.dtype(str(dtype).removeprefix("torch."))
