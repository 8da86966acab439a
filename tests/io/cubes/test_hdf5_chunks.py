"""Blocks of chunked HDF5 datasets: those that HDF5 itself reads, whatever packed them."""

import zlib
from itertools import product

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skxrf.exceptions import FileFormatError
from skxrf.io.cubes.hdf5_chunks import read_block
from skxrf.io.cubes.hdf5_reader import HDF5Reader

PACKINGS = [
    {"compression": "gzip"},
    {"compression": "gzip", "shuffle": True},
    {"compression": "gzip", "fletcher32": True},
    {"compression": "lzf"},
    {},
]


@st.composite
def blocks(draw):
    """Sizes, sizes of chunks, and a block that begins and steps anywhere."""
    shape = draw(st.tuples(*[st.integers(1, 9)] * 3))
    chunks = tuple(draw(st.integers(1, n)) for n in shape)
    key = tuple(
        slice(draw(st.integers(0, n)), draw(st.integers(0, n)), draw(st.integers(1, 4)))
        for n in shape
    )
    return shape, chunks, key


@settings(deadline=None)
@given(
    block=blocks(),
    packing=st.sampled_from(PACKINGS),
    dtype=st.sampled_from(["u1", "<u2", ">u4", "<f4"]),
    seed=st.integers(0, 9),
)
def test_blocks_are_those_of_hdf5(block, packing, dtype, seed):
    shape, chunks, key = block
    # The second half of the rows is never written, and has no chunks.
    rows = max(1, shape[0] // 2)
    counts = np.random.default_rng(seed).integers(0, 200, (rows, *shape[1:]))
    with h5py.File("in memory", "w", driver="core", backing_store=False) as file:
        dataset = file.create_dataset("counts", shape, dtype, chunks=chunks, fillvalue=7, **packing)
        dataset[:rows] = counts
        found = read_block(dataset, key)
        np.testing.assert_array_equal(found, dataset[key])
        assert found.dtype == dataset.dtype


@pytest.fixture
def packed(tmp_path):
    path = tmp_path / "scan.h5"
    counts = np.arange(60, dtype=np.uint16).reshape(3, 4, 5)
    with h5py.File(path, "w") as file:
        file.create_dataset("counts", data=counts, chunks=(1, 4, 5), compression="gzip")
    return path, counts


WHOLE = (slice(0, 3), slice(0, 4), slice(0, 5))


def test_a_chunk_that_a_program_left_unpacked_is_read(packed):
    path, counts = packed
    with h5py.File(path, "r+") as file:
        file["counts"].id.write_direct_chunk((1, 0, 0), counts[1].tobytes(), filter_mask=1)
    with h5py.File(path) as file:
        np.testing.assert_array_equal(read_block(file["counts"], WHOLE), counts)


@pytest.mark.parametrize("fault", ["cut", "flipped"])
def test_a_damaged_chunk_is_refused_by_name_of_the_file(packed, fault):
    path, counts = packed
    chunk = bytearray(zlib.compress(counts[1].tobytes()))
    if fault == "cut":
        chunk = chunk[: len(chunk) // 2]
    else:
        chunk[len(chunk) // 2] ^= 255
    with h5py.File(path, "r+") as file:
        file["counts"].id.write_direct_chunk((1, 0, 0), bytes(chunk))
    with h5py.File(path) as file:
        reader = HDF5Reader.of(file["counts"])
    with pytest.raises(FileFormatError, match=r"scan\.h5"):
        reader.read(WHOLE)
    np.testing.assert_array_equal(reader.read((slice(2, 3), *WHOLE[1:])), counts[2:])


@pytest.mark.parametrize("size", [41, 400_000])
def test_chunks_that_are_too_long_give_what_hdf5_makes_of_them(packed, size):
    path, _ = packed
    with h5py.File(path, "r+") as file:
        file["counts"].id.write_direct_chunk((0, 0, 0), zlib.compress(b"\1" * size))
    with h5py.File(path) as file:
        dataset = file["counts"]
        for key in product([slice(0, 1), slice(0, 3)], [slice(0, 4)], [slice(0, 5, 2)]):
            outcomes = []
            for read in (read_block, lambda dataset, key: dataset[key]):
                try:
                    outcomes.append(read(dataset, key).tobytes())
                except OSError as error:
                    outcomes.append(str(error))
            assert outcomes[0] == outcomes[1]
