"""The bank of photons: made from its seed, stored whole."""

import errno
import os

import numpy as np
import pytest

from skxrf.pretrained._axis import LINE_GROUPS
from skxrf.pretrained.training._bank import (
    WIDE_ENERGY,
    chunk_path,
    fill_bank,
    make_chunk,
    stored_chunk,
)


@pytest.fixture(scope="module")
def chunk(small):
    return make_chunk(small, 0)


def test_a_chunk_is_stored_as_it_was_made(chunk, bank, small):
    stored = stored_chunk(bank, small, 0)
    for name, array in vars(chunk).items():
        np.testing.assert_array_equal(getattr(stored, name), array)


def test_the_photons_are_those_that_the_shipped_model_was_trained_on(chunk):
    assert chunk.lines.astype(float).sum() == pytest.approx(241_499.66, rel=1e-4)
    assert chunk.scatter.astype(float).sum() == pytest.approx(76_783.12, rel=1e-4)
    assert chunk.gas.sum() == pytest.approx(0.00115911, rel=1e-4)


def test_shares_and_templates_are_normalized(chunk):
    shares = chunk.lines.astype(float) @ chunk.line_templates.sum(axis=1)
    shares += chunk.scatter.astype(float) @ chunk.scatter_templates.sum(axis=1)
    np.testing.assert_allclose(1e-4 * shares + chunk.gas.sum(), 1, atol=0.01)
    inside = (chunk.energies > 1.2) & (chunk.energies < 28)
    np.testing.assert_allclose(chunk.line_templates.sum(axis=1)[inside], 1, atol=0.2)
    assert chunk.line_templates.shape[1] == WIDE_ENERGY.size
    assert set(chunk.groups) <= {-1, *range(len(LINE_GROUPS))}


def test_a_filled_bank_is_left_as_it_is(bank, small):
    before = {path: path.stat().st_mtime_ns for path in bank.iterdir()}
    fill_bank(bank, small)
    assert {path: path.stat().st_mtime_ns for path in bank.iterdir()} == before


def test_a_full_disk_leaves_no_part_of_a_chunk(tmp_path, small, monkeypatch):
    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        stored_chunk(tmp_path, small, 1)
    assert not chunk_path(tmp_path, small, 1).exists()
    assert list(tmp_path.iterdir()) == []
