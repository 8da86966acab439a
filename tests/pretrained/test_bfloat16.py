"""Corrections of the network in bfloat16: the same maps, in the threads that were asked for."""

import copy
import threading
from pathlib import Path

import numpy as np
import pytest
import torch

from skxrf.pretrained import _bfloat16, _regressor
from skxrf.pretrained._bfloat16 import has_matrix_unit, multiplier, single_threaded_openmp
from skxrf.pretrained._regressor import PretrainedRegressor


def test_maps_are_those_of_single_precision(model, spectra):
    rounding = copy.copy(model)
    rounding.rounds_ = True
    values, errors = model.predict(spectra, return_std=True)
    rounded, rounded_errors = rounding.predict(spectra, return_std=True)
    assert np.abs(rounded - values).max() > 0
    assert (np.abs(rounded - values) / errors).max() < 0.1
    np.testing.assert_allclose(rounded_errors, errors, rtol=0.1)


def test_only_large_paintings_on_a_processor_with_the_unit(model, spectra, monkeypatch):
    monkeypatch.setattr(_regressor, "fit_painting", lambda *_: model.painting_)
    monkeypatch.setattr(_regressor, "_LEAST_ROUNDED", 100)
    for unit in (True, False):
        monkeypatch.setattr(_regressor, "has_matrix_unit", lambda unit=unit: unit)
        for precision, n, expected in [
            ("auto", 100, unit),
            ("auto", 99, False),
            ("float32", 100, False),
            ("bfloat16", 99, True),
        ]:
            bound = PretrainedRegressor(precision=precision).bind(spectra[:n], model.energy_)
            assert bound.rounds_ == expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("flags\t: fpu amx_bf16 vme\n", True),
        ("flags\t: fpu\nbugs\t: amx_bf16\n", False),
        (None, False),
    ],
)
def test_the_processor_is_known_by_its_flags(tmp_path, monkeypatch, content, expected):
    path = tmp_path / "cpuinfo"
    if content is not None:
        path.write_text(content)
    monkeypatch.setattr(_bfloat16, "Path", lambda _: Path(path))
    assert has_matrix_unit() is expected


def test_products_are_rounded_to_eight_bits():
    rng = np.random.default_rng(0)
    rows, weights = (rng.normal(size=(n, 64)).astype(np.float32) for n in (7, 5))
    exact, rounded = (multiplier(weights, rounded=how)(rows) for how in (False, True))
    np.testing.assert_array_equal(exact, rows @ weights.T)
    assert rounded.dtype == np.float32
    scale = np.abs(rows) @ np.abs(weights.T)
    assert 0 < (np.abs(rounded - exact) / scale).max() < 2.0**-8


def test_threads_of_others_are_left_as_they_are():
    found = {}

    def work():
        with single_threaded_openmp():
            found["inside"] = torch.get_num_threads()
        found["after"] = torch.get_num_threads()

    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        assert found == {"inside": 1, "after": 3}
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)
