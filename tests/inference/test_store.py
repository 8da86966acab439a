"""The store of unfinished maps: what is damaged in it is noticed, whatever it is."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from skxrf.exceptions import FileFormatError, SkxrfError
from skxrf.inference._store import PartialMaps
from skxrf.io import open_maps

BLOCKS = ((2, 2, 1), (3, 1))
MAPS = xr.Dataset(
    {
        name: (("y", "x", "element"), np.zeros((5, 4, 2), np.float32))
        for name in ("intensity", "uncertainty")
    },
    {"element": ["Fe_K", "Pb_L"], "y": np.arange(5), "x": np.arange(4)},
    {"history": "made"},
)
VALUES = np.random.default_rng(0).normal(size=(5, 4, 2, 2)).astype(np.float32)
PLACES = [(i, j) for i in range(3) for j in range(2)]


def block(i, j):
    (y, x) = (sum(sizes[:k]) for sizes, k in zip(BLOCKS, (i, j), strict=True))
    return VALUES[y : y + BLOCKS[0][i], x : x + BLOCKS[1][j]]


def written(target, places=PLACES[:4]):
    store = PartialMaps.create(target, MAPS, BLOCKS, {"cube": "a cube"})
    for place in places:
        store.write(*place, block(*place))
    store.close()
    return store.path


def finish(target):
    store = PartialMaps.resume(target)
    for place in PLACES:
        if not store.finished[place]:
            store.write(*place, block(*place))
    store.complete()
    store.close()
    return open_maps(target)


def require_right(maps):
    np.testing.assert_array_equal(maps["intensity"], VALUES[..., 0])
    np.testing.assert_array_equal(maps["uncertainty"], VALUES[..., 1])


def test_blocks_are_kept_and_the_file_becomes_the_maps(tmp_path):
    target = tmp_path / "maps.nc"
    written(target)
    store = PartialMaps.resume(target)
    assert [tuple(place) for place in np.argwhere(store.finished)] == PLACES[:4]
    assert (store.n_pixels, store.n_rows) == (16, 4)
    assert store.identity == {"cube": "a cube"}
    store.close()
    require_right(finish(target))
    assert list(tmp_path.iterdir()) == [target]


def test_no_store_is_no_error(tmp_path):
    assert PartialMaps.resume(tmp_path / "maps.nc") is None


@settings(max_examples=60, deadline=None)
@given(at=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_a_flipped_bit_is_refused_or_mended(at, bit, tmp_path_factory):
    target = tmp_path_factory.mktemp("store") / "maps.nc"
    path = written(target)
    content = bytearray(path.read_bytes())
    content[int(at * len(content))] ^= 1 << bit
    path.write_bytes(content)
    try:
        maps = finish(target)
    except (SkxrfError, OSError):
        assert not target.exists()
    else:
        require_right(maps)


def test_a_block_that_is_marked_but_damaged_is_made_again(tmp_path):
    target = tmp_path / "maps.nc"
    path = written(target)
    content = bytearray(path.read_bytes())
    at = content.find(block(0, 0)[0, :, :, 0].tobytes())
    content[at + 3] ^= 0x40
    path.write_bytes(content)
    store = PartialMaps.resume(target)
    assert not store.finished[0, 0]
    assert store.finished.sum() == 3
    store.close()
    require_right(finish(target))


@pytest.mark.parametrize("length", [0, 10, 500, -1, -30])
def test_a_file_that_was_cut_is_refused(length, tmp_path):
    target = tmp_path / "maps.nc"
    path = written(target)
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(FileFormatError, match="no unfinished maps"):
        PartialMaps.resume(target)


def test_two_writers_are_refused(tmp_path):
    store = PartialMaps.create(tmp_path / "maps.nc", MAPS, BLOCKS, {})
    with pytest.raises(SkxrfError, match="written by another process"):
        PartialMaps.resume(tmp_path / "maps.nc")
    store.close()


def test_blocks_of_another_shape_and_early_ends_are_refused(tmp_path):
    store = PartialMaps.create(tmp_path / "maps.nc", MAPS, BLOCKS, {})
    with pytest.raises(SkxrfError, match="has the shape"):
        store.write(0, 0, block(0, 1))
    with pytest.raises(SkxrfError, match="not finished"):
        store.complete()
    store.discard()
    assert list(tmp_path.iterdir()) == []


def test_a_partial_file_that_leads_elsewhere_is_refused(tmp_path):
    (tmp_path / "precious").write_bytes(b"mine")
    (tmp_path / "maps.nc.partial").symlink_to(tmp_path / "precious")
    with pytest.raises(OSError, match="is a link"):
        written(tmp_path / "maps.nc")
    with pytest.raises(OSError, match="is a link"):
        PartialMaps.resume(tmp_path / "maps.nc")
    assert (tmp_path / "precious").read_bytes() == b"mine"
