"""Maps into a file: the same as in memory, whatever happens on the way."""

import contextlib
import errno
import os

import dask
import dask.array as da
import h5py
import numpy as np
import pytest
import xarray as xr
from sklearn.linear_model import Ridge

import skxrf.io
from skxrf.exceptions import CountsError, EnergyAxisError, FileFormatError, SkxrfError
from skxrf.inference import predict_maps, predict_maps_to_file
from skxrf.io import open_cube, open_maps, save_cube

ENERGY = 0.1 + 0.2 * np.arange(32)
GROUPS = ["Ca_K", "Fe_K", "Pb_L"]


class WithErrors(Ridge):
    """A regressor that knows names, axis and standard errors, and can be told to stop."""

    def fit(self, X, y):
        super().fit(X, y)
        self.line_groups_, self.energy_ = GROUPS, ENERGY
        self.calls_ = 0
        return self

    def predict(self, X, return_std=False):
        values = super().predict(X)
        return (values, np.abs(values) + 1) if return_std else values


class Stopping:
    """Predicts until it has been asked so many times, then raises."""

    def __init__(self, model, after, error):
        self.model, self.after, self.error = model, after, error
        self.line_groups_, self.energy_ = model.line_groups_, model.energy_

    def __repr__(self):
        return "Stopping"

    # The same to the fingerprint, whenever it stops.
    def __reduce__(self):
        return Stopping, (self.model, 0, None)

    def predict(self, X):
        self.after -= 1
        if self.after < 0:
            raise self.error
        return self.model.predict(X)


@pytest.fixture(scope="module")
def counts():
    return np.random.default_rng(3).poisson(6, (13, 7, 32)).astype(np.uint16)


@pytest.fixture(scope="module")
def model(counts):
    X = counts.reshape(-1, 32).astype(np.float32)
    return WithErrors().fit(X, X[:, [3, 9, 20]])


def cube_of(counts, chunks=None):
    coords = {
        "energy": ENERGY,
        "y": 0.5 * np.arange(len(counts)),
        "x": 0.5 * np.arange(counts.shape[1]),
        "live_time": (("y", "x"), np.full(counts.shape[:2], 0.1)),
    }
    data = counts if chunks is None else da.from_array(counts, chunks=chunks)
    attrs = {"painting": "icon", "history": "made"}
    return xr.DataArray(data, coords, ("y", "x", "energy"), name="counts", attrs=attrs)


@pytest.mark.parametrize("chunks", [None, (4, 7, 32), (5, 3, 32), (2, 4, 16)])
@pytest.mark.parametrize("return_std", [False, True])
def test_the_file_holds_what_predict_maps_gives(chunks, return_std, counts, model, tmp_path):
    cube = cube_of(counts, chunks)
    run = predict_maps_to_file(
        model, cube, tmp_path / "maps.nc", return_std=return_std, batch_size=20
    )
    expected = predict_maps(model, cube, return_std=return_std, batch_size=20)
    found = open_maps(tmp_path / "maps.nc")
    assert type(found) is type(expected)
    if not return_std:
        found, expected = found.to_dataset(), expected.to_dataset()
    xr.testing.assert_identical(
        found["intensity"].drop_attrs(), expected["intensity"].compute().drop_attrs()
    )
    assert set(found.data_vars) == set(expected.data_vars)
    assert found["intensity"].attrs == expected["intensity"].attrs
    if return_std:
        np.testing.assert_array_equal(found["uncertainty"], expected["uncertainty"])
    assert [path.name for path in tmp_path.iterdir()] == ["maps.nc"]
    assert (run.path, run.shape, run.n_resumed) == (tmp_path / "maps.nc", (13, 7), 0)
    assert run.line_groups == tuple(GROUPS)


@pytest.mark.filterwarnings("ignore:the format .* has no place:UserWarning")
@pytest.mark.parametrize("suffix", [".h5", ".dat", ".csv"])
def test_other_formats(suffix, counts, model, tmp_path):
    path = tmp_path / f"maps{suffix}"
    predict_maps_to_file(model, cube_of(counts), path, return_std=True)
    expected = predict_maps(model, cube_of(counts), return_std=True)
    for name in ("intensity", "uncertainty"):
        found = open_maps(path)[name].astype(np.float32)
        np.testing.assert_array_equal(found, expected[name])
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("chunks", [None, (3, 4, 32)])
@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(143), OSError("gone")])
def test_an_interrupted_run_goes_on_where_it_was(chunks, error, counts, model, tmp_path):
    cube = cube_of(counts, chunks)
    options = {"batch_size": 14}
    predict_maps_to_file(Stopping(model, 99, None), cube, tmp_path / "whole.nc", **options)
    with pytest.raises(type(error)):
        predict_maps_to_file(Stopping(model, 4, error), cube, tmp_path / "maps.nc", **options)
    assert not (tmp_path / "maps.nc").exists()
    assert (tmp_path / "maps.nc.partial").exists()
    going_on = Stopping(model, 99, None)
    run = predict_maps_to_file(going_on, cube, tmp_path / "maps.nc", **options)
    assert 0 < run.n_resumed < 13 * 7
    n_blocks = 7 if chunks is None else 10
    assert 99 - going_on.after < n_blocks
    assert (tmp_path / "maps.nc").read_bytes() == (tmp_path / "whole.nc").read_bytes()
    assert not (tmp_path / "maps.nc.partial").exists()


def test_ctrl_c_says_how_much_is_kept(counts, model, tmp_path):
    with pytest.raises(KeyboardInterrupt, match=r"of 13 rows are finished.*maps\.nc\.partial"):
        predict_maps_to_file(
            Stopping(model, 3, KeyboardInterrupt()),
            cube_of(counts),
            tmp_path / "maps.nc",
            batch_size=14,
        )


@pytest.fixture
def interrupted(counts, model, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        predict_maps_to_file(
            Stopping(model, 2, KeyboardInterrupt()),
            cube_of(counts),
            tmp_path / "maps.nc",
            batch_size=14,
        )
    return tmp_path / "maps.nc"


def test_what_differs_is_said(interrupted, counts, model):
    other_counts = counts.copy()
    other_counts[0, 0, 5] += 1
    other_model = WithErrors(alpha=3.0).fit(counts.reshape(-1, 32), counts[..., :3].reshape(-1, 3))
    same = Stopping(model, 99, None)
    shifted = cube_of(counts).assign_coords(energy=ENERGY + 1e-4)
    for estimator, cube, options, part in [
        (same, cube_of(other_counts), {}, "the cube "),
        (same, cube_of(counts)[:-1], {}, "12 x 7 pixels"),
        (same, shifted, {}, "the energy axis"),
        (Stopping(other_model, 99, None), cube_of(counts), {}, "the model"),
        (same, cube_of(counts), {"elements": ["Fe_K"]}, "the line groups"),
        (same, cube_of(counts), {"batch_size": 7}, "the options"),
        (same, cube_of(counts, (5, 7, 32)), {}, "the blocks"),
    ]:
        with pytest.raises(SkxrfError, match=part) as refusal:
            predict_maps_to_file(estimator, cube, interrupted, **{"batch_size": 14, **options})
        assert "restart=True" in str(refusal.value)
    # Nothing was lost by it.
    run = predict_maps_to_file(same, cube_of(counts), interrupted, batch_size=14)
    assert run.n_resumed > 0


def test_a_full_disk_keeps_what_is_finished(counts, model, tmp_path, monkeypatch):
    cube = cube_of(counts)
    flushed = []
    real = os.fsync

    def fsync(descriptor):
        flushed.append(descriptor)
        if len(flushed) == 4:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(OSError, match=r"No space left on device.*goes on from there"):
        predict_maps_to_file(model, cube, tmp_path / "maps.nc", batch_size=14)
    monkeypatch.undo()
    run = predict_maps_to_file(model, cube, tmp_path / "maps.nc", batch_size=14)
    assert run.n_resumed == 28
    expected = predict_maps(model, cube, batch_size=14)
    np.testing.assert_array_equal(open_maps(tmp_path / "maps.nc"), expected)


def test_restart_begins_anew(interrupted, counts, model):
    run = predict_maps_to_file(model, cube_of(counts), interrupted, restart=True)
    assert run.n_resumed == 0
    np.testing.assert_array_equal(open_maps(interrupted), predict_maps(model, cube_of(counts)))


def test_a_changed_file_is_noticed(counts, model, tmp_path):
    save_cube(cube_of(counts), tmp_path / "scan.h5")
    stopping = Stopping(model, 2, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        predict_maps_to_file(
            stopping, open_cube(tmp_path / "scan.h5"), tmp_path / "m.nc", batch_size=20
        )
    os.utime(tmp_path / "scan.h5", ns=(0, 0))
    with pytest.raises(SkxrfError, match=r"the cube's file \(scan\.h5, \d+ bytes, changed"):
        predict_maps_to_file(
            Stopping(model, 9, None),
            open_cube(tmp_path / "scan.h5"),
            tmp_path / "m.nc",
            batch_size=20,
        )


def test_two_processes_do_not_write_the_same_file(counts, model, tmp_path):
    pytest.importorskip("fcntl")

    class Nested(Stopping):
        def predict(self, X):
            predict_maps_to_file(model, cube_of(counts), tmp_path / "maps.nc", restart=True)
            return self.model.predict(X)

    with pytest.raises(SkxrfError, match="written by another process"):
        predict_maps_to_file(Nested(model, 0, None), cube_of(counts), tmp_path / "maps.nc")


@pytest.mark.parametrize("error", [FileFormatError("the disk was gone"), SkxrfError("something")])
def test_one_failed_block_does_not_cost_the_finished_ones(error, counts, model, tmp_path):
    options = {"batch_size": 14}
    with pytest.raises(type(error)):
        predict_maps_to_file(
            Stopping(model, 4, error), cube_of(counts), tmp_path / "maps.nc", **options
        )
    run = predict_maps_to_file(
        Stopping(model, 99, None), cube_of(counts), tmp_path / "maps.nc", **options
    )
    assert run.n_resumed > 0
    expected = predict_maps(model, cube_of(counts), **options)
    np.testing.assert_array_equal(open_maps(tmp_path / "maps.nc"), expected)


def test_a_failure_of_the_first_block_leaves_nothing(counts, model, tmp_path):
    with pytest.raises(SkxrfError):
        predict_maps_to_file(
            Stopping(model, 0, SkxrfError("no")), cube_of(counts), tmp_path / "maps.nc"
        )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("chunks", [None, (4, 7, 32)])
def test_a_cube_of_which_any_count_differs_is_another_one(chunks, counts, model, tmp_path):
    other = counts.copy()
    other[1, 2, 3] += 1
    with pytest.raises(KeyboardInterrupt):
        predict_maps_to_file(
            Stopping(model, 2, KeyboardInterrupt()),
            cube_of(counts, chunks),
            tmp_path / "maps.nc",
            batch_size=14,
        )
    with pytest.raises(SkxrfError, match="the cube "):
        predict_maps_to_file(
            Stopping(model, 9, None), cube_of(other, chunks), tmp_path / "maps.nc", batch_size=14
        )


RIPPLE = """key\tvalue
width\t8
height\t20
depth\t32
offset\t0
data-length\t2
data-type\tunsigned
byte-order\tlittle-endian
record-by\tvector
"""


@pytest.mark.parametrize("kind", ["h5", "rpl"])
def test_files_that_change_during_a_run_or_before_it_resumes_are_refused(kind, model, tmp_path):
    counts = np.random.default_rng(3).poisson(6, (20, 8, 32)).astype("<u2")
    path = tmp_path / f"scan.{kind}"

    def write(values):
        if kind == "h5":
            with h5py.File(tmp_path / "new.h5", "w") as file:
                file.create_dataset("counts", data=values, chunks=(2, 8, 32))
                file["counts"].attrs["dims"] = ["y", "x", "energy"]
            (tmp_path / "new.h5").replace(path)
        else:
            path.write_text(RIPPLE)
            path.with_suffix(".raw").write_bytes(values.tobytes())

    class Replacing(Stopping):
        def predict(self, X):
            self.after -= 1
            if self.after == 0:
                write(counts + np.uint16(1))
            return self.model.predict(X)

    def opened():
        return open_cube(path, energy=ENERGY, chunks=(2, 8))

    write(counts)
    with (
        dask.config.set(num_workers=1),
        pytest.raises(FileFormatError, match="has changed since it was opened"),
    ):
        predict_maps_to_file(Replacing(model, 3, None), opened(), tmp_path / "maps.nc")
    assert (tmp_path / "maps.nc.partial").exists()
    with pytest.raises(SkxrfError, match="cannot go on"):
        predict_maps_to_file(Replacing(model, 99, None), opened(), tmp_path / "maps.nc")


def test_blocks_before_wrong_counts_are_kept(counts, model, tmp_path):
    wrong = counts.astype(np.float32)
    wrong[12, 3, 4] = -1
    with pytest.raises(CountsError, match="y=12, x=3"):
        predict_maps_to_file(model, cube_of(wrong), tmp_path / "maps.nc", batch_size=14)
    with pytest.warns(FutureWarning, match="no longer part"):
        store = skxrf.io.PartialMaps
    with contextlib.closing(store.resume(tmp_path / "maps.nc")) as partial:
        assert partial.n_pixels > 0


def test_faults_of_the_cube_before_the_first_block_leave_nothing(counts, model, tmp_path):
    with pytest.raises(CountsError):
        predict_maps_to_file(model, cube_of(counts * -1.0 - 1.0), tmp_path / "maps.nc")
    with pytest.raises(EnergyAxisError):
        predict_maps_to_file(
            model, cube_of(counts).assign_coords(energy=ENERGY + 9), tmp_path / "maps.nc"
        )
    assert list(tmp_path.iterdir()) == []


def test_places_that_cannot_be_written_to(counts, model, tmp_path, monkeypatch):
    cube = cube_of(counts)
    (tmp_path / "folder.nc").mkdir()
    for path, error, part in [
        (tmp_path / "no" / "maps.nc", FileNotFoundError, "no folder"),
        (tmp_path / "maps.xyz", FileFormatError, "known suffixes"),
        (tmp_path / "folder.nc", IsADirectoryError, "is a folder"),
    ]:
        with pytest.raises(error, match=part):
            predict_maps_to_file(model, cube, path)
    (tmp_path / "maps.nc.partial").write_text("something else")
    with pytest.raises(FileFormatError, match="no unfinished maps"):
        predict_maps_to_file(model, cube, tmp_path / "maps.nc")
    predict_maps_to_file(model, cube, tmp_path / "maps.nc", restart=True)
    (tmp_path / "maps.nc").unlink()

    def full(descriptor, offset, length):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full, raising=False)
    with pytest.raises(OSError, match=r"cannot write .*maps\.nc\.partial: No space left"):
        predict_maps_to_file(model, cube, tmp_path / "maps.nc")
    assert [path.name for path in tmp_path.iterdir()] == ["folder.nc"]


def test_what_a_format_cannot_hold_is_said_before_the_work(counts, model, tmp_path):
    model = Stopping(model, 0, AssertionError("nothing is predicted"))

    with pytest.raises(FileFormatError, match="one picture holds one map"):
        predict_maps_to_file(model, cube_of(counts), tmp_path / "maps.png")
    assert not any(tmp_path.iterdir())


@pytest.mark.filterwarnings("ignore:the format 'csv' has no place")
def test_maps_that_cannot_be_converted_are_kept(counts, model, tmp_path, monkeypatch):
    def refuse(*_):
        raise FileFormatError("no place for them")

    partial = tmp_path / "maps.csv.partial"
    with monkeypatch.context() as patch:
        patch.setattr("skxrf.inference._store.PartialMaps.complete", refuse)
        with pytest.raises(FileFormatError, match="no place for them"):
            predict_maps_to_file(model, cube_of(counts), tmp_path / "maps.csv")
    assert partial.exists()

    run = predict_maps_to_file(model, cube_of(counts), tmp_path / "maps.csv")
    assert run.n_resumed == counts.shape[0] * counts.shape[1]
    assert not partial.exists()


@pytest.mark.filterwarnings("ignore:the format 'csv' has no place")
def test_a_full_disk_at_the_end_says_where_the_maps_are(counts, model, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        # The corner that is written before the work is not of this file.
        patch.setattr("skxrf.inference._store.PartialMaps._rehearse", lambda *_: None)
        patch.setattr("skxrf.inference._store.save_maps", full)
        with pytest.raises(OSError, match=r"No space left.* are kept in .*maps\.csv\.partial"):
            predict_maps_to_file(model, cube_of(counts), tmp_path / "maps.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["maps.csv.partial"]
    assert predict_maps_to_file(model, cube_of(counts), tmp_path / "maps.csv").n_resumed == 91


@pytest.mark.filterwarnings("ignore:the format .* has no place:UserWarning")
@pytest.mark.parametrize("suffix", [".nc", ".csv"])
def test_the_finishing_step_comes_before_the_file(suffix, counts, model, tmp_path):
    def interrupt(_):
        raise KeyboardInterrupt

    path, cube = tmp_path / f"maps{suffix}", cube_of(counts)
    with pytest.raises(KeyboardInterrupt, match=r"13 of 13 rows are finished and kept"):
        predict_maps_to_file(model, cube, path, finish=interrupt)
    assert [one.name for one in tmp_path.iterdir()] == [f"{path.name}.partial"]
    run = predict_maps_to_file(model, cube, path, finish=lambda maps: 2 * maps)
    assert run.n_resumed == 91
    assert list(tmp_path.iterdir()) == [path]
    found = open_maps(path).astype(np.float32)
    np.testing.assert_array_equal(found, 2 * predict_maps(model, cube).to_numpy())


def test_maps_that_the_finishing_step_only_looks_at_stay(counts, model, tmp_path):
    seen = []
    predict_maps_to_file(model, cube_of(counts), tmp_path / "plain.nc")
    predict_maps_to_file(
        model, cube_of(counts), tmp_path / "maps.nc", finish=lambda maps: seen.append(maps) or maps
    )
    assert (tmp_path / "maps.nc").read_bytes() == (tmp_path / "plain.nc").read_bytes()
    xr.testing.assert_identical(seen[0], open_maps(tmp_path / "maps.nc"))


def test_no_other_run_resumes_while_maps_are_finished(counts, model, tmp_path):
    def finish(maps):
        with pytest.raises(SkxrfError, match="being written by another process"):
            predict_maps_to_file(model, cube_of(counts), tmp_path / "maps.nc")
        return maps

    predict_maps_to_file(model, cube_of(counts), tmp_path / "maps.nc", finish=finish)
