"""Sums of like spectra."""

import numpy as np
import pytest

from skxrf.spectrum_fit._like_spectra import equal_count_bins, joined, sums_of_like_spectra

RNG = np.random.default_rng(0)
SHAPES = np.array([np.r_[np.full(50, 4.0), np.full(50, 1.0)], np.r_[np.ones(50), np.full(50, 4.0)]])
KIND = np.repeat([0, 1], [270, 30])
SPECTRA = RNG.poisson(SHAPES[KIND] * RNG.uniform(0.5, 2, KIND.size)[:, None])


def test_every_count_is_in_one_part():
    sums = sums_of_like_spectra(SPECTRA)
    assert sums.shape == (12, 100)
    np.testing.assert_array_equal(sums.sum(axis=0), SPECTRA.sum(axis=0))


def test_a_part_is_of_one_kind_whatever_the_dose():
    sums = sums_of_like_spectra(SPECTRA)
    left = sums[:, :50].sum(axis=1) / sums.sum(axis=1)
    of_first, of_second = np.abs(left - 0.8) < 0.1, np.abs(left - 0.2) < 0.1
    assert (of_first | of_second).all()
    assert sums[of_second].sum() == SPECTRA[KIND == 1].sum()


def test_a_weight_is_a_number_of_spectra():
    weights = RNG.integers(0, 3, KIND.size).astype(float)
    sums = sums_of_like_spectra(SPECTRA, weights)
    np.testing.assert_allclose(sums.sum(axis=0), weights @ SPECTRA)


@pytest.mark.parametrize("spectra", [SPECTRA[:39], np.zeros((300, 100))])
def test_few_spectra_or_no_counts_have_no_parts(spectra):
    assert sums_of_like_spectra(spectra) is None


def test_bins_hold_about_the_same_number_of_counts_and_all_of_them():
    total = SPECTRA.sum(axis=0)
    counts = joined(total[None], equal_count_bins(total, 10))[0]
    assert counts.sum() == total.sum()
    np.testing.assert_allclose(counts, total.sum() / 10, atol=2 * total.max())
