"""Corrections of the network in bfloat16: the same maps, in the threads that were asked for."""

import copy
import threading

import numpy as np
import torch

from skxrf.pretrained._bfloat16 import multiplier, single_threaded_openmp


def test_maps_are_those_of_single_precision(model, spectra):
    rounding = copy.copy(model).set_params(precision="bfloat16")
    values, errors = model.predict(spectra, return_std=True)
    rounded, rounded_errors = rounding.predict(spectra, return_std=True)
    assert np.abs(rounded - values).max() > 0
    assert (np.abs(rounded - values) / errors).max() < 0.1
    np.testing.assert_allclose(rounded_errors, errors, rtol=0.1)


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
