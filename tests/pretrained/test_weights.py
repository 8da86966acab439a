"""The file of weights: small, whole, and nothing in it runs."""

import errno
import os
from importlib import resources

import numpy as np
import pytest

from skxrf.exceptions import FileFormatError
from skxrf.pretrained import load_pretrained
from skxrf.pretrained._weights import Weights, read_weights, write_weights

SHIPPED = resources.files("skxrf.pretrained").joinpath("data", "pixels.safetensors")


def test_the_file_is_small():
    assert len(SHIPPED.read_bytes()) < 5e6


def test_the_recipe_travels_along():
    with resources.as_file(SHIPPED) as path:
        weights = read_weights(path)
    assert weights.description["recipe"]["n_stacks"] >= 500_000


def test_a_round_trip_keeps_half_precision(tmp_path):
    weights = load_pretrained().load_weights()
    write_weights(tmp_path / "a.safetensors", weights)
    again = read_weights(tmp_path / "a.safetensors")
    assert again.description == weights.description
    np.testing.assert_array_equal(again.error_scale, weights.error_scale)
    for name, array in weights.arrays.items():
        np.testing.assert_array_equal(again.arrays[name], array)
    assert not list(tmp_path.glob("*.partial"))


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty"])
def test_a_damaged_file_is_an_error(tmp_path, damage):
    content = bytearray(SHIPPED.read_bytes())
    if damage == "cut":
        content = content[: len(content) // 2]
    elif damage == "flipped":
        content[3] ^= 0xFF
    else:
        content = bytearray()
    path = tmp_path / "damaged.safetensors"
    path.write_bytes(content)
    with pytest.raises(FileFormatError, match="no readable file of weights"):
        read_weights(path)


def test_a_later_format_is_refused(tmp_path, monkeypatch):
    weights = load_pretrained().load_weights()
    monkeypatch.setattr("skxrf.pretrained._weights._FORMAT", 2)
    write_weights(tmp_path / "later.safetensors", weights)
    monkeypatch.undo()
    with pytest.raises(FileFormatError, match="update skxrf"):
        read_weights(tmp_path / "later.safetensors")


def test_a_full_disk_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "weights.safetensors"
    path.write_bytes(b"old")
    flushed = []

    def full(descriptor):
        flushed.append(descriptor)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_weights(path, load_pretrained().load_weights())
    assert flushed
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_state_saved_before_the_redesign_is_understood():
    weights = load_pretrained().load_weights()
    state = vars(weights) | {"calibration": 2 * weights.error_scale, "architecture": {}}
    del state["error_scale"]
    made = Weights.__new__(Weights)
    made.__setstate__(state)
    np.testing.assert_array_equal(made.error_scale, 2 * weights.error_scale)
    assert set(vars(made)) == set(vars(weights))
