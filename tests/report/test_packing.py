import base64
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from skxrf.report._packing import pack, smallest_counts, trim_mantissa

ITEMS = {"u1": np.uint8, "u2": np.uint16, "u4": np.uint32, "f4": np.float32}


def unpacked(packed):
    """Unpack as the script of a page does."""
    planes = np.frombuffer(zlib.decompress(base64.b64decode(packed.text)), np.uint8)
    width = np.dtype(ITEMS[packed.kind]).itemsize
    return planes.reshape(width, -1).T.copy().view(ITEMS[packed.kind]).reshape(-1)


@given(
    st.sampled_from(list(ITEMS.values())).flatmap(
        lambda dtype: hnp.arrays(dtype, hnp.array_shapes(max_dims=3, max_side=9))
    )
)
def test_arrays_come_back_bit_by_bit(values):
    packed = pack(values)
    assert unpacked(packed).tobytes() == values.astype(values.dtype.newbyteorder("<")).tobytes()
    assert packed.size == len(packed.text)


def test_values_in_another_byte_or_memory_order_are_packed_as_they_read():
    values = np.arange(12, dtype=">u2").reshape(3, 4) * 300
    np.testing.assert_array_equal(unpacked(pack(values.T)), values.T.ravel())


@pytest.mark.parametrize(
    ("top", "dtype"), [(255, "u1"), (256, "u2"), (65535, "u2"), (65536, "u4"), (2**32, "f4")]
)
@pytest.mark.parametrize("given_as", [np.uint64, np.float64])
def test_counts_take_the_smallest_type(top, dtype, given_as):
    counts = smallest_counts(np.array([0, top], given_as))
    assert counts.dtype == dtype
    assert counts[1] == top


def test_counts_that_are_no_integers_stay_what_they_are():
    for values in ([0.5, 3.0], [-1.0, 2.0], [np.nan, 1.0]):
        np.testing.assert_array_equal(smallest_counts(np.array(values)), np.float32(values))


@given(
    hnp.arrays(np.float32, 20, elements=st.floats(-(2.0**90), 2.0**90, width=32)),
    st.integers(5, 23),
)
def test_trimmed_values_are_near_and_have_few_digits(values, bits):
    values = np.where(np.abs(values) < 1e-30, 0, values).astype(np.float32)
    trimmed = trim_mantissa(values, bits)
    assert np.all(np.abs(trimmed - values) <= 0.5**bits * np.abs(values) * 0.501)
    assert not np.any(trimmed.view(np.uint32) & np.uint32((1 << (23 - bits)) - 1))


def test_what_is_not_finite_stays_when_trimmed():
    values = np.array([np.nan, np.inf, -np.inf, 0.0, 1.0])
    np.testing.assert_array_equal(trim_mantissa(values, 8), values)
