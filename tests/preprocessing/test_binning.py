import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from skxrf.exceptions import EnergyAxisError
from skxrf.preprocessing import ChannelBinner
from skxrf.utils.fitted import fitted_energy

INTEGERS = [np.uint8, np.int16, np.uint16, np.int32, np.uint32]


@given(st.data(), st.sampled_from(INTEGERS), st.integers(1, 25))
def test_bins_are_sums_and_no_count_is_lost(data, dtype, factor):
    shape = array_shapes(min_dims=2, max_dims=2, max_side=20)
    counts = data.draw(arrays(dtype, shape))
    binned = ChannelBinner(factor).fit_transform(counts)
    assert binned.dtype.kind == np.dtype(dtype).kind
    starts = range(0, counts.shape[1], factor)
    expected = [counts[:, i : i + factor].sum(axis=1, dtype=np.int64) for i in starts]
    np.testing.assert_array_equal(binned, np.column_stack(expected))


@pytest.mark.parametrize(
    ("dtype", "summed"),
    [
        (bool, np.uint16),
        (np.uint16, np.uint32),
        (np.uint32, np.uint64),
        (np.int64, np.int64),
        (np.float16, np.float32),
        (np.float32, np.float32),
        (np.float64, np.float64),
    ],
)
def test_dtype_of_the_sums(dtype, summed):
    counts = np.ones((2, 7), dtype)
    binned = ChannelBinner(2).fit_transform(counts)
    assert binned.dtype == summed
    np.testing.assert_array_equal(binned, [[2, 2, 2, 1]] * 2)


def test_counts_above_what_float32_holds():
    counts = np.array([[2**24 + 1, 2**24 + 2]], np.uint32)
    np.testing.assert_array_equal(ChannelBinner(2).fit_transform(counts), [[2**25 + 3]])


def test_input_is_left_alone():
    counts = np.arange(12, dtype=np.float32).reshape(2, 6)
    ChannelBinner(1).fit_transform(counts)[:] = 0
    ChannelBinner(3).fit_transform(counts)
    np.testing.assert_array_equal(counts, np.arange(12).reshape(2, 6))


@pytest.mark.parametrize(
    ("n_channels", "expected"), [(6, [0.25, 0.75, 1.25]), (5, [0.25, 0.75, 1.125])]
)
def test_axes_of_input_and_output(n_channels, expected):
    energy = 0.125 + 0.25 * np.arange(n_channels)
    for given_energy in (energy, energy.tolist(), (0.125, 0.25)):
        binner = ChannelBinner(2, energy=given_energy).fit(np.ones((3, n_channels)))
        np.testing.assert_allclose(binner.energy_, energy)
        np.testing.assert_allclose(binner.output_energy_, expected)


def test_output_axis_of_channels_of_unequal_width():
    binner = ChannelBinner(2, energy=[1.0, 2.0, 4.0, 8.0]).fit(np.ones((1, 4)))
    # The edges are 0.5, 1.5, 3, 6 and 10.
    np.testing.assert_allclose(binner.output_energy_, [(0.5 + 3) / 2, (3 + 10) / 2])


def test_axis_is_found_in_a_pipeline_and_forgotten_by_the_next_fit():
    X, y = np.random.default_rng(0).poisson(5, (20, 8)), np.arange(20)
    model = make_pipeline(ChannelBinner(2, energy=(0.1, 0.2)), Ridge()).fit(X, y)
    np.testing.assert_allclose(fitted_energy(model), 0.1 + 0.2 * np.arange(8))
    model.set_params(channelbinner__energy=None).fit(X, y)
    assert fitted_energy(model) is None
    assert not hasattr(model[0], "output_energy_")


def test_wrong_axis_is_refused():
    with pytest.raises(EnergyAxisError, match=r"7 values.*8 channels"):
        ChannelBinner(energy=np.arange(7)).fit(np.ones((2, 8)))
    with pytest.raises(EnergyAxisError, match="increase"):
        ChannelBinner(energy=(0.0, -0.01)).fit(np.ones((2, 8)))
    for factor in (0, 1.5):
        with pytest.raises(ValueError, match="'factor' parameter"):
            ChannelBinner(factor).fit(np.ones((2, 8)))


def test_names_of_the_bins():
    frame = pd.DataFrame(np.ones((2, 5)), columns=list("abcde"))
    binner = ChannelBinner(2).set_output(transform="pandas")
    binned = binner.fit_transform(frame)
    assert binned.columns.tolist() == ["channelbinner0", "channelbinner1", "channelbinner2"]
    assert binner.get_feature_names_out().tolist() == binned.columns.tolist()


def test_factor_can_be_searched(tiny_samples):
    X, Y = tiny_samples
    search = GridSearchCV(
        make_pipeline(ChannelBinner(), Ridge()),
        {"channelbinner__factor": [1, 2, 16]},
        cv=2,
        error_score="raise",
    ).fit(X, Y)
    assert search.best_params_["channelbinner__factor"] < 16
