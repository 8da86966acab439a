import os

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skxrf.exceptions import FileFormatError
from skxrf.io import open_cube
from skxrf.io._limits import READ
from skxrf.io.cubes.hdf5_reader import HDF5Reader
from skxrf.io.cubes.lazy import block_shape

sizes = st.integers(1, 5000)


@settings(deadline=None)
@given(
    shape=st.tuples(sizes, sizes, sizes),
    file_chunks=st.none() | st.tuples(sizes, sizes, sizes),
    itemsize=st.sampled_from([1, 2, 4, 8]),
    chunks=st.just("auto") | st.tuples(sizes, sizes),
)
def test_blocks_are_whole_multiples_of_the_files_chunks(shape, file_chunks, itemsize, chunks):
    block = block_shape(shape, file_chunks, itemsize, chunks)

    unit = (1, 1) if file_chunks is None else file_chunks
    for n, size, one in zip(block, shape, unit, strict=False):
        assert 1 <= n <= size
        whole = min(unit[0], shape[0]) * min(unit[1], shape[1]) * shape[2] * itemsize
        # Chunks of whole rows of images are rather read several times than fill the memory.
        assert n % one == 0 or n == size or whole > READ.largest_block_bytes
    if chunks == "auto":
        assert block[0] * block[1] * shape[2] * itemsize <= READ.largest_block_bytes
    if chunks == "auto" and (block[0] > unit[0] or block[1] > unit[1]):
        assert block[0] * block[1] * shape[2] * itemsize <= READ.block_bytes
    if chunks != "auto":
        assert all(
            n >= min(wish, size) for n, wish, size in zip(block, chunks, shape, strict=False)
        )


@pytest.mark.parametrize(
    "order", [("y", "x", "energy"), ("energy", "x", "y"), ("x", "energy", "y")]
)
def test_lazy_chunks_follow_those_of_the_file_whatever_its_order(tmp_path, order):
    sizes, stored = {"y": 30, "x": 50, "energy": 64}, {"y": 4, "x": 6, "energy": 16}
    path = tmp_path / "scan.h5"
    with h5py.File(path, "w") as file:
        data = file.create_dataset(
            "counts", [sizes[d] for d in order], np.uint16, chunks=tuple(stored[d] for d in order)
        )
        data.attrs["dims"] = list(order)
        file["energy_keV"] = np.arange(64.0)

    cube = open_cube(path, chunks=(5, 13))

    assert cube.chunks == ((8, 8, 8, 6), (18, 18, 14), (64,))


@pytest.mark.parametrize("chunks", ["large", (0, 3), (3,), 7, None])
def test_other_chunks_are_refused(counts_file, chunks):
    with pytest.raises(FileFormatError, match="chunks must be"):
        open_cube(counts_file(), chunks=chunks)


def test_a_huge_cube_opens_unread_and_a_pixel_reads_one_block(tmp_path, monkeypatch):
    path = tmp_path / "huge.h5"
    with h5py.File(path, "w") as file:
        # 6.9e9 values, of which one chunk exists: HDF5 stores the others as nothing.
        data = file.create_dataset("counts", (1692, 1000, 4096), np.float32, chunks=(8, 8, 4096))
        data[800:808, 400:408] = 1
        data.attrs["dims"] = ["y", "x", "channel"]
        file["energy_keV"] = 0.01 * np.arange(4096)
    blocks = []
    read = HDF5Reader.read
    monkeypatch.setattr(HDF5Reader, "read", lambda self, key: blocks.append(key) or read(self, key))

    cube = open_cube(path)
    assert not blocks, "opening must read no counts"
    spectrum = cube[803, 404].compute(scheduler="synchronous")

    assert spectrum.sum() == 4096
    assert len(blocks) == 1
    n_values = np.prod([one.stop - one.start for one in blocks[0]])
    assert n_values * 4 <= READ.block_bytes


def test_slices_read_no_other_rows(counts_file, small_counts, monkeypatch):
    keys = []
    read = HDF5Reader.read
    monkeypatch.setattr(HDF5Reader, "read", lambda self, key: keys.append(key) or read(self, key))
    cube = open_cube(counts_file())

    np.testing.assert_array_equal(cube[1:4:2, 2:5], small_counts[1:4:2, 2:5])
    np.testing.assert_array_equal(cube[3][[0, 5]], small_counts[3][[0, 5]])
    np.testing.assert_array_equal(cube[::-2, :, 3:1:-1], small_counts[::-2, :, 3:1:-1])

    rows = [list(range(5)[key[0]]) for key in keys]
    assert rows[:2] == [[1, 3], [3]]


def test_two_openings_of_one_file_share_their_keys(counts_file, small_counts):
    path = counts_file()
    first, second = open_cube(path), open_cube(path)
    assert first.data.name == second.data.name

    counts_file(small_counts + np.uint16(1))
    # The clock of a file system may be too coarse to tell the two apart in a test.
    os.utime(path, ns=(0, 10**18))

    assert open_cube(path).data.name != first.data.name
