import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from skxrf.exceptions import EnergyAxisError
from skxrf.utils.energy import axes_agree, bin_edges, describe_axis, resolve_energy

uneven_axes = st.lists(st.floats(0.01, 1), min_size=1, max_size=20).map(
    lambda widths: np.cumsum(widths) - 0.5
)


def test_axis_from_an_array_of_any_kind():
    energy = np.array([0.5, 1.0, 2.0], dtype=np.float32)
    for given_energy in (energy, energy.tolist(), tuple(energy), xr.DataArray(energy)):
        axis = resolve_energy(given_energy, 3)
        assert axis.dtype == np.float64
        np.testing.assert_array_equal(axis, energy)


def test_axis_from_offset_and_gain():
    np.testing.assert_allclose(resolve_energy((-0.96, 0.01), 4), [-0.96, -0.95, -0.94, -0.93])
    # Two values for two channels are their centers.
    np.testing.assert_allclose(resolve_energy((1.0, 3.0), 2), [1.0, 3.0])


@pytest.mark.parametrize(
    ("energy", "message"),
    [
        ([1.0, 2.0, 3.0], r"cube has 3 values, but the spectra have 4 channels"),
        ([1.0, 2.0, np.nan, 3.0], "not finite"),
        ([1.0, 2.0, 2.0, 3.0], r"must increase .* 4 channels"),
        ((0.0, 0.0), "must increase"),
        ((0.0, -0.01), "must increase"),
        (5.0, "pair, got 5.0"),
        ("entry/energy", "pair, got 'entry/energy'"),
        (np.ones((4, 1)), "pair"),
    ],
)
def test_bad_axis(energy, message):
    with pytest.raises(EnergyAxisError, match=message):
        resolve_energy(energy, 4, source="cube")


@given(uneven_axes)
def test_edges_lie_around_the_centers(energy):
    edges = bin_edges(energy)
    assert edges.shape == (energy.size + 1,)
    assert (edges[:-1] < energy).all()
    assert (energy < edges[1:]).all()


def test_edges_of_even_channels_are_half_a_channel_away():
    energy = 0.3 + 0.01 * np.arange(5)
    np.testing.assert_allclose(bin_edges(energy), 0.295 + 0.01 * np.arange(6))
    np.testing.assert_allclose(bin_edges(np.array([2.0])), [1.5, 2.5])


def test_axes_agree_within_a_part_of_a_channel():
    energy = 0.01 * np.arange(100)
    assert axes_agree(energy, energy + 0.0004)
    assert not axes_agree(energy, energy + 0.0006)
    assert not axes_agree(energy, 1.01 * energy)
    assert not axes_agree(energy, energy[:-1])
    assert axes_agree(energy, energy + 0.004, tolerance=0.5)
    assert axes_agree(energy[:1], energy[:1])


def test_axis_in_words():
    assert describe_axis(0.1 + 0.01 * np.arange(1024)) == (
        "1024 channels, 0.100 to 10.330 keV, 10.00 eV each"
    )
    assert describe_axis(np.array([])) == "no channels"
