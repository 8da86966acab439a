"""Fingerprint of a run's inputs, and the number of its threads."""

import os

import dask
import dask.array as da
import numpy as np
import pytest
import xarray as xr
from sklearn.linear_model import Ridge

from skxrf import __version__
from skxrf.inference._blocks import make_plan
from skxrf.inference._predict_maps import checked_params
from skxrf.inference._to_file import _Blocks, _n_threads, differences, identity_of
from skxrf.preprocessing._axis_drift import AxisDrift

ENERGY = 0.1 + 0.2 * np.arange(32)
COUNTS = np.random.default_rng(3).poisson(6, (20, 9, 32)).astype(np.uint16)
MODEL = Ridge().fit(COUNTS.reshape(-1, 32), COUNTS.reshape(-1, 32)[:, :2])
DRIFT = AxisDrift(np.array([0, 10]), np.array([[0.0, 0.01], [0.0, -0.01]]), ENERGY)


def cube_of(counts=COUNTS, energy=ENERGY, chunks=None):
    data = counts if chunks is None else da.from_array(counts, chunks, name="counts-1")
    return xr.DataArray(data, {"energy": energy}, ("y", "x", "energy"), name="counts")


def identity(model=MODEL, cube=None, elements=("S_K", "Ca_K"), times=None, std=False, drift=None):
    cube = cube_of() if cube is None else cube
    plan = make_plan(model, cube, elements, std, 14, drift)
    params = None if times is None else {"live_time": xr.DataArray(times, dims=("y", "x"))}
    return identity_of(plan, cube, checked_params(params, cube))


def test_inputs_are_stated_by_name():
    found = identity()
    counts = found.pop("cube")
    assert counts.startswith("20 x 9 pixels, 32 channels, uint16, counts ")
    assert found.pop("model").startswith("Ridge ")
    assert len(found.pop("energy axis")) == 16
    options, _, settings = found.pop("options").partition(", settings of scikit-learn: [(")
    assert options == "standard errors: False, batch size: 14, dtype: float32"
    assert "('enable_metadata_routing', False)" in settings
    assert found == {
        "cube's file": "none",
        "drift of the axis": "none",
        "line groups": "S_K, Ca_K",
        "values per pixel": "",
        "version of skxrf": __version__,
    }
    assert identity(drift=DRIFT)["drift of the axis"] == DRIFT.describe()


def changed(**options):
    return {name for name, value in identity(**options).items() if value != identity()[name]}


def test_each_input_has_its_own_line():
    assert changed() == set()
    other = COUNTS.copy()
    other[19, 8, 31] += 1
    assert changed(cube=cube_of(other)) == {"cube"}
    assert changed(cube=cube_of(energy=ENERGY + 1e-3)) == {"energy axis"}
    assert changed(cube=cube_of().drop_vars("energy")) == {"energy axis"}
    assert changed(model=Ridge(alpha=2).fit(COUNTS[0], COUNTS[0, :, :2])) == {"model"}
    assert changed(elements=("Ca_K", "S_K")) == {"line groups"}
    assert changed(drift=DRIFT) == {"drift of the axis"}
    times = np.arange(180.0).reshape(20, 9) + 1
    assert changed(times=times) == {"values per pixel"}
    assert identity(times=times) != identity(times=times[::-1])
    assert identity(times=times)["values per pixel"].startswith("live_time ")


def test_a_file_is_known_by_its_size_and_time(tmp_path):
    path = tmp_path / "scan.h5"
    path.write_bytes(b"12345")
    os.utime(path, ns=(0, 1_500_000_000))
    cube = cube_of().assign_attrs(source=str(path))
    expected = "scan.h5, 5 bytes, changed 1970-01-01T00:00:01.500000+00:00"
    assert identity(cube=cube)["cube's file"] == expected
    gone = cube_of().assign_attrs(source=str(tmp_path / "gone.h5"))
    assert identity(cube=gone)["cube's file"] == "none"


def test_of_a_lazy_cube_eight_rows_and_columns_are_read_from_end_to_end():
    found = identity(cube=cube_of(chunks=(5, 9, 32)))["cube"]
    assert found.endswith(", counts-1")
    rows, columns = np.linspace(0, 19, 8).astype(int), np.linspace(0, 8, 8).astype(int)
    read = np.zeros((20, 9), bool)
    read[np.ix_(rows, columns)] = True
    for at in [(0, 0), (19, 8), (1, 1), (rows[3], columns[5]), (rows[3], 0), (7, 8)]:
        other = COUNTS.copy()
        other[at] += 1
        same = identity(cube=cube_of(other, chunks=(5, 9, 32)))["cube"] == found
        assert same != read[at]


def test_a_model_that_cannot_be_pickled_is_like_no_other():
    class Strange:
        predict = staticmethod(lambda X: X)

        def __reduce__(self):
            raise TypeError("not to be pickled")

    assert identity(model=Strange())["model"] != identity(model=Strange())["model"]


def test_differences_are_parts_of_a_sentence():
    assert differences({"a": 1, "b": "x"}, {"a": "1", "b": "x"}) == []
    assert differences({"a": "1", "b": "x"}, {"a": "2", "c": "y"}) == [
        "the a (1 then, 2 now)",
        "the b (x then, unknown now)",
        "the c (unknown then, y now)",
    ]


@pytest.mark.parametrize(
    ("chunks", "expected"),
    [
        (((5, 5, 5, 5), (9,)), "4 of 5 x 1 of 9"),
        (((5, 5, 5, 5), (4, 4, 1)), "4 of 5 x 3 of 4"),
        (((8, 7, 5), (9,)), "(8, 7, 5) x 1 of 9"),
    ],
)
def test_sizes_of_blocks_in_words(chunks, expected):
    cube = cube_of(chunks=(*chunks, (32,)))
    plan = make_plan(MODEL, cube, ["S_K", "Ca_K"], False, 14)
    assert _Blocks(plan, cube, {}).described == expected


@pytest.mark.parametrize(("available", "expected"), [(1, 1), (2, 2), (8, 8), (20, 8)])
def test_threads_are_as_many_as_processors_up_to_eight(available, expected, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(available), raising=False)
    assert _n_threads() == expected
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: available)
    assert _n_threads() == expected
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert _n_threads() == 1
    for wanted, threads in ((3, 3), (12, 12), (0, 1)):
        with dask.config.set(num_workers=wanted):
            assert _n_threads() == threads
