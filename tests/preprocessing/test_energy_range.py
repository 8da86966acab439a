import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

from skxrf.exceptions import EnergyAxisError, SkxrfError
from skxrf.preprocessing import ChannelBinner, EnergyRangeSelector
from skxrf.utils.fitted import fitted_energy

ENERGY = 0.5 + np.arange(10.0)


@given(
    st.one_of(st.none(), st.floats(-2, 11)),
    st.one_of(st.none(), st.floats(-2, 11)),
    st.lists(st.floats(0, 10, allow_subnormal=False), min_size=1, max_size=12, unique=True),
)
def test_keeps_the_channels_whose_centers_are_in_the_range(low, high, centers):
    energy = np.sort(centers)
    X = np.tile(np.arange(len(energy), dtype=np.float64), (3, 1))
    kept = (energy >= (-np.inf if low is None else low)) & (
        energy <= (np.inf if high is None else high)
    )
    selector = EnergyRangeSelector(low, high, energy=energy)
    if not kept.any():
        with pytest.raises(SkxrfError, match=r"no channel has its center|must not be above"):
            selector.fit(X)
        return
    np.testing.assert_array_equal(selector.fit_transform(X), X[:, kept])
    np.testing.assert_array_equal(selector.get_support(), kept)
    np.testing.assert_array_equal(selector.output_energy_, energy[kept])
    np.testing.assert_array_equal(selector.energy_, energy)


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [(np.uint16, np.float32), (np.float32, np.float32), (np.float64, np.float64)],
)
def test_dtype(dtype, expected):
    X = np.ones((2, 10), dtype)
    kept = EnergyRangeSelector(2, 5, energy=ENERGY).fit_transform(X)
    assert kept.dtype == expected
    assert kept.shape == (2, 3)
    assert np.shares_memory(kept, X) == (dtype == expected)


def test_offset_and_gain():
    selector = EnergyRangeSelector(2.0, 5.0, energy=(0.5, 1.0)).fit(np.ones((2, 10)))
    np.testing.assert_allclose(selector.output_energy_, [2.5, 3.5, 4.5])


def test_axis_chains_with_a_binner():
    X = np.random.default_rng(0).poisson(9, (6, 10))
    selector = EnergyRangeSelector(2, 8, energy=ENERGY).fit(X)
    model = make_pipeline(
        clone(selector), ChannelBinner(2, energy=selector.output_energy_), Ridge()
    )
    model.fit(X, X[:, 0])
    np.testing.assert_allclose(fitted_energy(model), ENERGY)
    np.testing.assert_allclose(model[1].output_energy_, [3.0, 5.0, 7.0])


def test_names_and_inverse():
    frame = pd.DataFrame(np.ones((2, 10)), columns=[f"{e} keV" for e in ENERGY])
    selector = EnergyRangeSelector(high=3, energy=ENERGY).set_output(transform="pandas")
    kept = selector.fit_transform(frame)
    assert kept.columns.tolist() == ["0.5 keV", "1.5 keV", "2.5 keV"]
    np.testing.assert_array_equal(
        selector.inverse_transform(kept.to_numpy()), np.tile(ENERGY < 3, (2, 1))
    )


def test_errors_say_what_is_needed():
    X = np.ones((2, 10))
    with pytest.raises(EnergyAxisError, match="needs the energy axis"):
        EnergyRangeSelector(1, 2).fit(X)
    with pytest.raises(EnergyAxisError, match="9 values"):
        EnergyRangeSelector(1, 2, energy=ENERGY[:9]).fit(X)
    with pytest.raises(EnergyAxisError, match=r"from 20 to inf keV: the axis has 10 channels"):
        EnergyRangeSelector(20, energy=ENERGY).fit(X)
    with pytest.raises(SkxrfError, match="low is 5 keV and high is 2 keV"):
        EnergyRangeSelector(5, 2, energy=ENERGY).fit(X)
    with pytest.raises(ValueError, match="'low' parameter"):
        EnergyRangeSelector("a", energy=ENERGY).fit(X)
