"""The store of unfinished maps: what is damaged in it is noticed, whatever it is."""

from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from skxrf.exceptions import FileFormatError, SkxrfError
from skxrf.inference._store import PartialMaps
from skxrf.io import open_maps
from skxrf.io.maps.writers import SUFFIXES

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


def test_what_refusals_say(tmp_path, monkeypatch):
    target = tmp_path / "maps.nc"
    path = tmp_path / "maps.nc.partial"

    def said(error, call, *arguments):
        with pytest.raises(error) as caught:
            call(*arguments)
        return str(caught.value)

    suffixes = ", ".join(SUFFIXES)
    assert said(FileFormatError, PartialMaps(tmp_path / "maps.xyz").check) == (
        f"cannot write maps as {tmp_path / 'maps.xyz'}: known suffixes are {suffixes}."
    )
    path.write_bytes(b"something else, of some length or other")
    assert said(FileFormatError, PartialMaps.resume, target) == (
        f"{path} contains no unfinished maps that could be resumed (it does not end like one): "
        "remove it, or start over with restart=True."
    )
    store = PartialMaps.create(target, MAPS, BLOCKS, {})
    assert said(SkxrfError, PartialMaps.resume, target) == (
        f"{path} is being written by another process: wait for it, or name another output."
    )
    assert said(SkxrfError, store.write, 0, 0, block(0, 1)) == (
        "block 0, 0 has the shape (2, 1, 2, 2)."
    )
    assert said(SkxrfError, store.complete) == f"{path}: there are blocks that are not finished."
    store.close()
    assert said(SkxrfError, store.write, 0, 0, block(0, 0)) == f"{path} was closed."
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=3 * 2**20))
    large = xr.Dataset(
        {"intensity": (("y", "x", "element"), np.zeros((1000, 1000, 1)))}, {"element": ["Fe_K"]}
    )
    assert said(OSError, PartialMaps.create, target, large, ((1000,), (1000,)), {}) == (
        f"cannot write {target}: the maps take 8 MiB, and 3 MiB are free on that disk."
    )


@pytest.mark.parametrize(("at", "reason"), [(0.0, "its head is damaged"), (-60, "its header is")])
def test_which_part_is_damaged(at, reason, tmp_path):
    path = written(tmp_path / "maps.nc")
    content = bytearray(path.read_bytes())
    place = content.rfind(b'"identity"') if at else 10
    content[place + 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(FileFormatError, match=rf"resumed \({reason}.*\): remove it"):
        PartialMaps.resume(tmp_path / "maps.nc")


def test_a_new_store_replaces_an_old_one_and_is_empty(tmp_path):
    target = tmp_path / "maps.nc"
    written(target, PLACES)
    store = PartialMaps.create(target, MAPS, BLOCKS, {"cube": "another"})
    assert not store.finished.any()
    assert (store.n_pixels, store.n_rows, store.finished.shape) == (0, 0, (3, 2))
    store.write(0, 1, block(0, 1))
    assert (store.n_pixels, store.n_rows) == (2, 0)
    store.write(0, 0, block(0, 0))
    assert (store.n_pixels, store.n_rows) == (8, 2)
    store.close()
    again = PartialMaps.resume(target)
    assert again.identity == {"cube": "another"}
    assert again.n_pixels == 8
    again.close()


def test_the_finished_file_keeps_the_mode_of_the_one_it_replaces(tmp_path):
    target = tmp_path / "maps.nc"
    target.write_bytes(b"former maps")
    target.chmod(0o640)
    written(target)
    require_right(finish(target))
    assert target.stat().st_mode & 0o777 == 0o640


def test_whole_rows_are_one_piece_of_the_file(tmp_path):
    store = PartialMaps.create(tmp_path / "maps.nc", MAPS, ((2, 3), (4,)), {})
    pieces = list(store._pieces(1, 0))
    assert [size for _, size in pieces] == [3 * 4 * 2 * 4] * 2
    assert pieces[0][0] == store._header["variables"]["intensity"] + 2 * 4 * 2 * 4
    store.discard()
    store = PartialMaps.create(tmp_path / "maps.nc", MAPS, BLOCKS, {})
    assert [size for _, size in store._pieces(1, 1)] == [1 * 2 * 4] * 4
    store.discard()
