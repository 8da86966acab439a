"""The file of weights: small, whole, and nothing in it runs."""

from importlib import resources

import numpy as np
import pytest

from skxrf.exceptions import FileFormatError
from skxrf.pretrained import load_pretrained
from skxrf.pretrained._weights import Weights, read_weights, write_weights

FILES = ("pixels", "neighborhood")


def shipped(name):
    return resources.files("skxrf.pretrained").joinpath("data", f"{name}.safetensors")


def test_all_weights_together_are_below_ten_megabytes():
    assert sum(len(shipped(name).read_bytes()) for name in FILES) < 10e6


@pytest.mark.parametrize("name", FILES)
def test_the_recipe_travels_along(name):
    with resources.as_file(shipped(name)) as path:
        weights = read_weights(path)
    assert weights.description["recipe"]["n_stacks"] >= 500_000
    assert weights.architecture["n_spectra"] == 1 + (name == "neighborhood")


def test_a_round_trip_keeps_half_precision(tmp_path):
    weights = load_pretrained().load_weights()
    write_weights(tmp_path / "a.safetensors", weights)
    again = read_weights(tmp_path / "a.safetensors")
    assert again.architecture == weights.architecture
    for name, array in weights.arrays.items():
        np.testing.assert_array_equal(again.arrays[name], array)
    assert not list(tmp_path.glob("*.partial"))


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty"])
def test_a_damaged_file_is_an_error(tmp_path, damage):
    content = bytearray(shipped("pixels").read_bytes())
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


def test_the_network_is_not_part_of_the_state():
    weights = load_pretrained().load_weights()
    assert weights.network is weights.network
    assert "_network" not in weights.__getstate__()
    assert isinstance(weights, Weights)
