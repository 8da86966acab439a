"""Batches of spectra for training and prediction, cut from whole arrays."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from skorch.dataset import Dataset
from torch import Tensor, nn

from skxrf.neural_network._layers import InputTransform
from skxrf.neural_network._redrawing import Redraw
from skxrf.utils.typing import AnyArray

# Spectra or, in training, spectra beside what belongs to them, by name; and labels.
Batch = tuple[Tensor | dict[str, Tensor], Tensor]


class SpectrumDataset(Dataset):
    """Spectra and labels that are indexed by whole batches.

    - `X` (n_samples, n_features): spectra as they are stored; integers become float batch by batch.
    - `y` (n_samples, n_outputs): labels; None in prediction.
    - `dtype`: data type of the batches of spectra.
    - `rows`: rows of the arrays that belong to the dataset, all by default; not copied.
    - `inverse_error` (n_samples, n_outputs): inverse of the expected errors of the labels.
    - `weight` (n_samples, n_outputs): weights of the labels in the loss.
    - `redraw`: augmentation of the batches to train on.
    - `roots`, `linear` (n_samples, n_channels) and (n_samples, n_outputs): results of
      :func:`roots_of`, and linear estimates: batches hold them instead of spectra.
    """

    def __init__(
        self,
        X: AnyArray,
        y: AnyArray | None = None,
        dtype: Any = np.float32,
        rows: NDArray[np.intp] | None = None,
        *,
        inverse_error: AnyArray | None = None,
        weight: AnyArray | None = None,
        redraw: Redraw | None = None,
        roots: AnyArray | None = None,
        linear: AnyArray | None = None,
    ) -> None:
        self.spectra = np.asarray(X)
        self.labels = None if y is None else np.asarray(y)
        self.dtype = np.dtype(dtype)
        self.rows = rows
        self.inverse_error = inverse_error
        self.weight = weight
        self.redraw = redraw
        self.roots, self.linear = roots, linear

    @property
    def X(self) -> AnyArray:
        """Spectra of the dataset's rows, where callbacks of skorch look for them."""
        return self.spectra if self.rows is None else self.spectra[self.rows]

    @property
    def y(self) -> AnyArray | None:
        """Labels of the dataset's rows."""
        if self.labels is None or self.rows is None:
            return self.labels
        return np.asarray(self.labels[self.rows])

    def __len__(self) -> int:
        return len(self.spectra) if self.rows is None else len(self.rows)

    def __getitem__(self, rows: slice | NDArray[np.intp]) -> Batch:
        if self.rows is not None:
            rows = self.rows[rows]
        spectra = self.spectra if self.roots is None else self.roots
        if isinstance(rows, slice):
            # torch warns of memory that it may not write to, and joblib shares such memory.
            block = spectra[rows]
            copy = not block.flags.writeable or not block.flags.c_contiguous
            X = block.astype(self.dtype, order="C", copy=copy)
        else:
            X = spectra.take(rows, axis=0).astype(self.dtype, copy=False)
        y = np.zeros(len(X), self.dtype) if self.labels is None else self.labels[rows].copy()
        inverse_error = None if self.inverse_error is None else self.inverse_error[rows]
        return self._batch(X, y, inverse_error, rows)

    def drawn(self, rows: slice | NDArray[np.intp], rng: np.random.Generator) -> Batch:
        """Return a batch to train on, augmented if the dataset is."""
        if self.redraw is None or self.labels is None or self.inverse_error is None:
            return self[rows]
        chosen = np.arange(len(self.spectra))[rows] if self.rows is None else self.rows[rows]
        X, y, inverse_error = self.redraw(
            self.spectra.take(chosen, axis=0), self.labels[chosen], self.inverse_error[chosen], rng
        )
        return self._batch(
            X.astype(self.dtype, copy=False),
            y.astype(self.labels.dtype, copy=False),
            inverse_error.astype(self.inverse_error.dtype, copy=False),
            chosen,
        )

    def _batch(
        self,
        X: AnyArray,
        y: AnyArray,
        inverse_error: AnyArray | None,
        rows: slice | NDArray[np.intp],
    ) -> Batch:
        spectra, labels = torch.from_numpy(X), torch.from_numpy(y)
        if inverse_error is None:
            return spectra, labels
        parts = {"spectra": spectra, "inverse_error": torch.from_numpy(np.array(inverse_error))}
        for name, array in (("weight", self.weight), ("linear", self.linear)):
            if array is not None:
                parts[name] = torch.from_numpy(np.array(array[rows]))
        return parts, labels


class BatchIterator:
    """Batches of a :class:`SpectrumDataset`, without workers or row-wise collation.

    `dataset`: source of the rows. `batch_size`: rows in a batch; the last one of an epoch may be
    smaller. `shuffle`: whether each epoch has its own random order. `seed`: seed of the orders.
    `deadline`: time of ``time.monotonic`` [s] after which the epoch ends with the present batch.
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
        # Own generators: torch's global one is shared by the threads of a search.
        self.rng = np.random.default_rng(seed) if shuffle else None
        self.rng_augmented = np.random.default_rng(None if seed is None else [seed, 1])

    def __len__(self) -> int:
        return math.ceil(len(self.dataset) / self.batch_size)

    def __iter__(self) -> Iterator[Batch]:
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
    """Rows to predict at a time: limited by the processor's cache, more on a GPU."""
    values = 2**19 if device == "cpu" else 2**24
    return min(max(values // n_features, 64), 8192)


def collect(
    module: nn.Module, X: AnyArray, function: Callable[[Tensor], Tensor] | None = None
) -> AnyArray:
    """Apply a module to spectra in batches: no gradients, no dropout, no automatic casts.

    `module`: its device and dtype are used; it is put into evaluation mode. `X`
    (n_samples, n_features): spectra. `function`: applied instead of the module itself: from a
    tensor of shape (n_rows, n_features) to one of shape (n_rows, n_outputs). Returns
    (n_samples, n_outputs), in the module's dtype.
    """
    module.eval()
    weights = next(itertools.chain(module.parameters(), module.buffers()))
    spectra = SpectrumDataset(X, dtype=numpy_dtype(weights.dtype))
    n_rows = rows_per_batch(X.shape[1], weights.device.type)
    result: AnyArray | None = None
    with torch.inference_mode(), torch.autocast(weights.device.type, enabled=False):
        for start in range(0, len(X), n_rows):
            rows = slice(start, start + n_rows)
            batch = spectra[rows][0]
            assert isinstance(batch, Tensor)
            part = (function or module)(batch.to(weights.device)).cpu().numpy()
            if result is None:
                result = np.empty((len(X), part.shape[1]), part.dtype)
            result[rows] = part
    assert result is not None
    return result


def roots_of(transform: InputTransform, X: AnyArray, most: int = 2**29) -> AnyArray | None:
    """Spectra before standardization, which are the same in every epoch.

    `transform`: its dtype is used. `X` (n_samples, n_features): spectra. `most`: largest memory of
    the result [bytes]. Returns (n_samples, n_features_out): None where it would be too large, or
    would be the spectra themselves.
    """
    if transform.kind is None:
        return None
    size = len(X) * transform.n_features_out * transform.get_buffer("gain").element_size()
    return None if size > most else collect(transform, X, transform.root)


def numpy_dtype(dtype: torch.dtype) -> np.dtype[Any]:
    """Return numpy's dtype of a torch one."""
    return np.dtype(str(dtype).removeprefix("torch."))
