import warnings

import numpy as np
import pytest
import torch

from skxrf.neural_network._batches import (
    BatchIterator,
    SpectrumDataset,
    collect,
    rows_per_batch,
)


@pytest.mark.parametrize("dtype", [np.uint16, np.int64, np.float32, np.float64, bool])
@pytest.mark.parametrize("rows", [slice(2, 5), np.array([4, 0, 4])])
def test_batches_are_of_the_dtype_and_writable(dtype, rows):
    X = np.arange(24).reshape(6, 4).astype(dtype)
    X.flags.writeable = False
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        spectra, y = SpectrumDataset(X, np.arange(6.0))[rows]
    assert spectra.dtype == torch.float32
    np.testing.assert_array_equal(spectra.numpy(), X[rows].astype(np.float32))
    np.testing.assert_array_equal(y.numpy(), np.arange(6.0)[rows])
    spectra += 1
    y += 1


def test_batches_of_a_selection_of_rows():
    X, y = np.arange(12.0).reshape(6, 2), np.arange(6.0)
    dataset = SpectrumDataset(X, y, dtype=np.float64, rows=np.array([5, 1, 3]))
    assert len(dataset) == 3
    np.testing.assert_array_equal(dataset[slice(1, 3)][1].numpy(), [1, 3])
    np.testing.assert_array_equal(dataset[np.array([0])][0].numpy(), [[10, 11]])


def test_an_epoch_draws_every_row_once_in_a_new_order():
    dataset = SpectrumDataset(np.zeros((10, 1)), np.arange(10.0))
    iterator = BatchIterator(dataset, 4, shuffle=True, seed=3)
    assert len(iterator) == 3
    epochs = [np.concatenate([y.numpy() for _, y in iterator]) for _ in range(2)]
    for drawn in epochs:
        np.testing.assert_array_equal(np.sort(drawn), np.arange(10))
    assert not np.array_equal(*epochs)
    again = BatchIterator(dataset, 4, shuffle=True, seed=3)
    np.testing.assert_array_equal(np.concatenate([y.numpy() for _, y in again]), epochs[0])
    ordered = np.concatenate([y.numpy() for _, y in BatchIterator(dataset, 4)])
    np.testing.assert_array_equal(ordered, np.arange(10))


def test_an_epoch_ends_at_the_deadline_but_not_before_one_batch():
    dataset = SpectrumDataset(np.zeros((10, 1)))
    assert len(list(BatchIterator(dataset, 4, deadline=0.0))) == 1


def test_rows_per_batch_bound_the_memory():
    for n_features in (1, 64, 1024, 4096, 10**6):
        n_rows = rows_per_batch(n_features, "cpu")
        assert 64 <= n_rows <= 8192
        assert n_rows == 64 or n_rows * n_features <= 2**19


def test_collect_applies_a_function_in_batches(monkeypatch):
    monkeypatch.setattr("skxrf.neural_network._batches.rows_per_batch", lambda *_: 3)
    X = np.arange(14, dtype=np.uint16).reshape(7, 2)
    sizes = []

    def double(batch):
        sizes.append(len(batch))
        assert not torch.is_grad_enabled()
        return 2 * batch

    module = torch.nn.Linear(2, 1, dtype=torch.float64)
    result = collect(module, X, double)
    np.testing.assert_array_equal(result, 2.0 * X)
    assert result.dtype == np.float64
    assert sizes == [3, 3, 1]
    np.testing.assert_allclose(collect(module, X), module(torch.tensor(X * 1.0)).detach())
