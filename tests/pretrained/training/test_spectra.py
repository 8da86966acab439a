"""Spectra drawn from the bank: from their seed, Poisson, with the truth and a fit of them."""

from dataclasses import replace

import numpy as np
import pytest

from skxrf.pretrained._axis import COMPONENT_GROUPS, ENERGY, LINE_GROUPS, N_BACKGROUND
from skxrf.pretrained.training._bank import stored_chunk
from skxrf.pretrained.training._rounds import round_of_spectra, validation_spectra
from skxrf.pretrained.training._spectra import draw_spectra, joined


@pytest.fixture(scope="module")
def chunk(bank, small):
    return stored_chunk(bank, small, 0)


def drawn(chunk, settings, seed=4, n=200):
    return draw_spectra(chunk, settings, np.random.default_rng(seed), n)


def test_spectra_follow_from_the_seed(chunk, small):
    one, two, other = (drawn(chunk, small, seed) for seed in (4, 4, 5))
    for first, second in zip(one, two, strict=True):
        np.testing.assert_array_equal(first, second)
    assert not np.array_equal(one.counts, other.counts)
    assert one.counts.shape == (200, ENERGY.size)
    assert one.fits.shape == (200, len(COMPONENT_GROUPS) + N_BACKGROUND)
    assert one.intensities.shape == one.variances.shape == (200, len(LINE_GROUPS))


def test_they_are_those_that_the_shipped_model_was_trained_on(chunk, small):
    spectra = drawn(chunk, small)
    # Templates are rendered in half precision: a processor may round single counts otherwise.
    assert int(spectra.counts.sum()) == pytest.approx(3_299_428, rel=1e-3)
    assert spectra.intensities.sum() == pytest.approx(1_920_663.5, rel=1e-3)
    assert np.median(spectra.variances) == pytest.approx(24.444, rel=1e-2)
    assert spectra.fits.sum() == pytest.approx(3_261_420.5, rel=1e-3)


def test_the_truth_is_in_the_spectra(chunk, small):
    spectra = drawn(chunk, small)
    total = spectra.counts.sum(axis=1)
    assert np.all(spectra.intensities.sum(axis=1) < 1.2 * total + 200)
    assert np.all(spectra.variances > 0)
    bright = int(spectra.intensities.mean(axis=0).argmax())
    pair = spectra.fits[:, bright], spectra.intensities[:, bright]
    assert np.corrcoef(*pair)[0, 1] > 0.95


def test_counts_span_the_range_of_the_recipe(chunk, small):
    total = drawn(chunk, replace(small, counts=(1000.0, 1100.0))).counts.sum(axis=1)
    assert 900 < total.mean() < 1110
    assert total.max() < 1300


def test_rounds_differ_and_validation_is_none_of_them(bank, small):
    first, again, second = (round_of_spectra(bank, small, i) for i in (0, 0, 1))
    apart = validation_spectra(bank, small, 0)
    np.testing.assert_array_equal(first.counts, again.counts)
    assert len(first.counts) == small.spectra_per_round
    for other in (second, apart):
        assert not np.array_equal(first.counts, other.counts)


def test_joined_spectra_keep_their_order(chunk, small):
    parts = [drawn(chunk, small, seed, n=20) for seed in (1, 2)]
    both = joined(parts)
    np.testing.assert_array_equal(both.counts[20:], parts[1].counts)
    np.testing.assert_array_equal(both.fits[:20], parts[0].fits)
