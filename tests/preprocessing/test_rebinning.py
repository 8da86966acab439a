import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from skxrf.exceptions import EnergyAxisError
from skxrf.preprocessing import rebin_counts
from skxrf.utils.energy import bin_edges

uneven_widths = st.lists(st.floats(0.01, 1.0), min_size=2, max_size=40)


def uneven_axis(widths, start=0.0):
    """Bin centers that increase by the given widths."""
    return start + np.cumsum(np.asarray(widths))


def test_same_axis_returns_the_counts_unchanged():
    rng = np.random.default_rng(0)
    spectra = rng.poisson(20, (3, 4, 50)).astype(np.uint16)
    energy = 0.1 + 0.02 * np.arange(50)
    rebinned = rebin_counts(spectra, energy, energy)
    assert rebinned.dtype == np.float32
    np.testing.assert_array_equal(rebinned, spectra)


def test_whole_bins_are_summed_and_halves_are_split():
    np.testing.assert_allclose(rebin_counts([8.0, 4.0, 2.0, 6.0], (1.0, 1.0), [1.5, 3.5]), [12, 8])
    halves = rebin_counts([8.0, 4.0], [1.0, 2.0], [0.75, 1.25, 1.75, 2.25])
    np.testing.assert_allclose(halves, [4, 4, 2, 2])


def test_shift_by_a_quarter_bin_moves_a_quarter_of_the_counts():
    rebinned = rebin_counts([0.0, 0.0, 100.0, 0.0, 0.0], (0.0, 1.0), 0.25 + np.arange(5))
    np.testing.assert_allclose(rebinned, [0, 25, 75, 0, 0])


def test_heights_are_not_interpolated():
    # A flat spectrum on bins half as wide holds half the counts in each, not the same height.
    rebinned = rebin_counts(np.full(100, 10.0), 0.02 * np.arange(100), 0.01 * np.arange(10, 190))
    np.testing.assert_allclose(rebinned, 5.0)


@given(widths=uneven_widths, n_new=st.integers(2, 60), seed=st.integers(0, 99))
def test_total_counts_are_conserved_where_the_new_axis_covers_the_old(widths, n_new, seed):
    source = uneven_axis(widths)
    edges = bin_edges(source)
    step = (edges[-1] - edges[0]) / n_new
    target = edges[0] - step / 2 + step * np.arange(n_new + 2)
    spectra = np.random.default_rng(seed).poisson(1000, (2, source.size)).astype(np.float64)
    rebinned = rebin_counts(spectra, source, target)
    assert rebinned.min() >= 0
    np.testing.assert_allclose(rebinned.sum(axis=1), spectra.sum(axis=1), rtol=1e-12)


@given(widths=uneven_widths, low=st.floats(0.1, 0.4), high=st.floats(0.6, 0.9))
def test_counts_in_a_covered_range_are_those_of_an_even_spread(widths, low, high):
    source = uneven_axis(widths)
    edges = bin_edges(source)
    density = np.random.default_rng(1).uniform(0, 50, source.size)
    counts = density * np.diff(edges)
    cumulative = np.concatenate([[0.0], np.cumsum(counts)])
    span = edges[-1] - edges[0]
    target = np.linspace(edges[0] + low * span, edges[0] + high * span, 7)
    expected = np.diff(np.interp(bin_edges(target), edges, cumulative))
    np.testing.assert_allclose(rebin_counts(counts, source, target), expected, atol=1e-9)


@given(counts=arrays(np.uint16, (3, 16)), gain=st.floats(0.5, 2.0), offset=st.floats(-0.3, 0.3))
def test_rebinning_is_linear_in_the_counts(counts, gain, offset):
    source, target = np.arange(16.0), offset + gain * np.arange(16.0)
    wide = counts.astype(np.float64)
    together = rebin_counts(wide.sum(axis=0), source, target)
    np.testing.assert_allclose(
        together, rebin_counts(wide, source, target).sum(axis=0), rtol=1e-12, atol=1e-9
    )


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [("uint8", "float32"), ("uint32", "float32"), ("float32", "float32"), ("float64", "float64")],
)
def test_dtype_and_shape(dtype, expected):
    rebinned = rebin_counts(np.ones((2, 3, 8), dtype), (0.0, 1.0), 0.1 + np.arange(5.0))
    assert rebinned.shape == (2, 3, 5)
    assert rebinned.dtype == expected
    assert rebinned.flags.c_contiguous


def test_bins_beyond_the_old_axis_are_empty():
    rebinned = rebin_counts([1.0, 1.0], [0.0, 1.0], np.arange(-2.0, 5.0))
    np.testing.assert_array_equal(rebinned, [0, 0, 1, 1, 0, 0, 0])


def test_many_bins_and_spectra_are_worked_on_in_blocks():
    """Runs of bins without any counts before, between and behind, and more spectra than a batch."""
    spectra = np.random.default_rng(0).uniform(size=(300, 70))
    source = 10 + 0.1 * np.arange(70)
    target = np.linspace(0.0, 30.0, 301)
    edges, cumulative = bin_edges(source), np.cumsum(np.pad(spectra, ((0, 0), (1, 0))), axis=1)
    expected = [np.diff(np.interp(bin_edges(target), edges, one)) for one in cumulative]
    np.testing.assert_allclose(rebin_counts(spectra, source, target), expected, atol=1e-9)


def test_axes_apart_are_refused_naming_both():
    with pytest.raises(EnergyAxisError, match=r"0\.000 to 3\.000 keV.*100\.000 to 300\.000 keV"):
        rebin_counts(np.ones(4), np.arange(4.0), [100.0, 200.0, 300.0])


def test_axis_of_another_length_is_refused():
    with pytest.raises(EnergyAxisError, match=r"from_energy has 5 values.*4 channels"):
        rebin_counts(np.ones(4), np.arange(5.0), np.arange(4.0))


def test_a_number_is_refused():
    with pytest.raises(EnergyAxisError, match=r"^rebin_counts takes .*channels\), got a number\.$"):
        rebin_counts(3.0, np.arange(5.0), np.arange(4.0))


def test_axes_are_named_in_messages():
    with pytest.raises(EnergyAxisError, match=r"^to_energy must increase"):
        rebin_counts(np.ones(4), np.arange(4.0), [3.0, 1.0, 2.0, 4.0])
    with pytest.raises(EnergyAxisError, match=r"^from_energy must increase"):
        rebin_counts(np.ones(4), [3.0, 1.0, 2.0, 4.0], np.arange(4.0))
    with pytest.raises(EnergyAxisError, match=r"eV each\. Check that both are in keV\.$"):
        rebin_counts(np.ones(4), np.arange(4.0), [100.0, 200.0, 300.0])
