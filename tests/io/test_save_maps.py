import subprocess
import sys
import tempfile
from pathlib import Path

import dask.array as da
import h5py
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from skxrf.exceptions import FileFormatError, SkxrfError
from skxrf.io import open_maps, save_maps

SUFFIXES = [".nc", ".h5", ".nxs", ".tif", ".dat", ".csv"]
TABLES = [".dat", ".csv"]


def make_maps(values, **attrs):
    values = np.asarray(values)
    return xr.DataArray(
        values,
        dims=("y", "x", "element"),
        coords={
            "y": np.arange(values.shape[0]),
            "x": np.arange(values.shape[1]),
            "element": ["Fe_K", "Pb_L", "S_K"][: values.shape[2]],
        },
        name="intensity",
        attrs={"units": "counts", **attrs},
    )


@pytest.fixture
def maps():
    values = np.random.default_rng(0).normal(100, 50, (4, 6, 3)).astype(np.float32)
    return make_maps(values, history="fitted\nsaved", model="ridge", threshold=0.5)


def bits(values):
    return np.ascontiguousarray(values).view(np.uint8)


@pytest.mark.parametrize("suffix", [".nc", ".h5"])
def test_netcdf_keeps_everything(tmp_path, maps, suffix):
    maps = maps.assign_coords(
        y=("y", 0.5 * np.arange(4), {"units": "mm"}),
        live_time=(("y", "x"), np.ones((4, 6)), {"units": "s"}),
    )
    maps[0, 0] = np.array([np.nan, -0.0, np.inf])

    save_maps(maps, tmp_path / f"maps{suffix}")
    again = open_maps(tmp_path / f"maps{suffix}")

    xr.testing.assert_identical(again, maps)
    assert again.dtype == np.float32
    np.testing.assert_array_equal(bits(again.values), bits(maps.values))


@pytest.mark.parametrize("dtype", ["f4", "f8", "u2", "i8"])
def test_netcdf_keeps_the_type(tmp_path, maps, dtype):
    maps = maps.astype(dtype)

    save_maps(maps, tmp_path / "maps.nc")

    xr.testing.assert_identical(open_maps(tmp_path / "maps.nc"), maps)
    assert open_maps(tmp_path / "maps.nc").dtype == np.dtype(dtype)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_uncertainties_travel_along(tmp_path, maps, suffix):
    both = xr.Dataset({"intensity": maps, "uncertainty": np.sqrt(abs(maps) + 1)})

    save_maps(both, tmp_path / f"maps{suffix}")
    again = open_maps(tmp_path / f"maps{suffix}")

    assert isinstance(again, xr.Dataset)
    for name in ("intensity", "uncertainty"):
        np.testing.assert_array_equal(again[name].astype(np.float32), both[name])
    if suffix == ".nc":
        xr.testing.assert_identical(again, both)


def test_a_dataset_of_intensities_alone_comes_back_as_an_array(tmp_path, maps):
    save_maps(maps.to_dataset().assign_attrs(painting="icon"), tmp_path / "maps.nc")

    again = open_maps(tmp_path / "maps.nc")

    assert again.attrs == {"painting": "icon", **maps.attrs}


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("kind", [object, "T", pd.StringDtype()])
def test_names_of_any_string_type(tmp_path, maps, suffix, kind):
    names = np.asarray(["Fe_K", "Pb_L", "S_K"])
    if isinstance(kind, pd.StringDtype):
        maps = maps.assign_coords(element=pd.Index(names, dtype=kind))
    else:
        maps = maps.assign_coords(element=names.astype(kind))

    save_maps(maps, tmp_path / f"maps{suffix}")

    assert list(open_maps(tmp_path / f"maps{suffix}")["element"].to_numpy()) == names.tolist()


def test_attributes_that_netcdf_has_no_type_for_come_back(tmp_path, maps):
    maps.attrs = {"ok": True, "none": None, "plan": {"k": [1]}, "gains": [1.5, 2.5], "empty": ""}
    maps.attrs["attribute_of"] = "mine"

    save_maps(maps, tmp_path / "maps.nc")
    attrs = open_maps(tmp_path / "maps.nc").attrs

    assert (attrs["ok"], attrs["none"], attrs["plan"]) == (True, None, {"k": [1]})
    assert attrs["attribute_of"] == "mine"
    np.testing.assert_array_equal(attrs["gains"], [1.5, 2.5])
    assert attrs["empty"] == ""


@pytest.mark.parametrize("suffix", [".nc", *TABLES])
@settings(deadline=None, max_examples=50)
@given(
    values=arrays(
        np.float32,
        st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(1, 3)),
        elements=st.floats(width=32),
    )
)
def test_float32_round_trip_is_exact(suffix, values):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"maps{suffix}")
        save_maps(make_maps(values), path)
        again = open_maps(path).to_numpy().astype(np.float32)

    np.testing.assert_array_equal(again, values)
    if suffix not in TABLES:
        np.testing.assert_array_equal(bits(again), bits(values))


@pytest.mark.parametrize("suffix", TABLES)
@settings(deadline=None, max_examples=50)
@given(values=arrays(np.float64, (2, 2, 2), elements=st.floats()))
def test_float64_round_trip_of_tables_is_exact(suffix, values):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"maps{suffix}")
        save_maps(make_maps(values), path)
        again = open_maps(path)

    np.testing.assert_array_equal(again, values)


@settings(deadline=None)
@given(first=st.integers(0, 2**32 - 1))
def test_digits_of_float32_survive_parsing_in_double_precision(first):
    pattern = (np.arange(1000, dtype=np.uint64) * 4_294_967 + first).astype(np.uint32)
    values = pattern.view(np.float32)
    values = values[np.isfinite(values)][:, None, None]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "maps.dat")
        save_maps(make_maps(values), path)
        again = open_maps(path).to_numpy().astype(np.float32)

    np.testing.assert_array_equal(again, values)


def test_tables_are_laid_out_as_pymca_does(tmp_path):
    both = make_maps(np.array([[[0.1, 2.0]], [[np.nan, 1e-7]]], np.float32)).to_dataset()
    both["uncertainty"] = both["intensity"] * 0 + np.float32(1)

    save_maps(both, tmp_path / "maps.dat")
    save_maps(both["intensity"], tmp_path / "maps.csv")

    assert (tmp_path / "maps.dat").read_text().splitlines() == [
        "row  column  Fe_K  Pb_L  s(Fe_K)  s(Pb_L)",
        "0  0  0.1  2.0  1.0  1.0",
        "1  0  nan  1e-07  nan  1.0",
    ]
    assert (tmp_path / "maps.csv").read_text().splitlines() == [
        "row;column;Fe_K;Pb_L",
        "0;0;0.1;2.0",
        "1;0;nan;1e-07",
    ]


def test_tables_keep_integer_positions(tmp_path, maps):
    part = maps[1:3, 2:]

    save_maps(part, tmp_path / "part.csv")
    again = open_maps(tmp_path / "part.csv")

    np.testing.assert_array_equal(again.y, [1, 2])
    np.testing.assert_array_equal(again.x, [2, 3, 4, 5])


@pytest.mark.parametrize("y", [[0.5, 1.0, 1.5, 2.0], [0, 2, 4, 6], [3, 2, 1, 0], [-1, 0, 1, 2]])
def test_other_positions_are_counted_in_tables(tmp_path, maps, y):
    with pytest.warns(UserWarning, match=r"'csv' has no place for these coordinates: y\."):
        save_maps(maps.assign_coords(y=y), tmp_path / "maps.csv")

    np.testing.assert_array_equal(open_maps(tmp_path / "maps.csv").y, [0, 1, 2, 3])


@pytest.mark.parametrize("suffix", [".csv", ".dat", ".dms"])
def test_units_that_a_format_has_no_place_for_are_said(tmp_path, maps, suffix):
    rates = maps.assign_attrs(units="counts/s").reset_coords(drop=True)
    with pytest.warns(UserWarning, match="no place for the unit 'counts/s'"):
        save_maps(rates, tmp_path / f"maps{suffix}")
    save_maps(rates, tmp_path / "maps.nxs")
    assert open_maps(tmp_path / "maps.nxs").attrs["units"] == "counts/s"


def test_any_order_of_dims_and_no_coordinates(tmp_path):
    maps = xr.DataArray(
        np.arange(6.0).reshape(2, 1, 3), dims=("element", "y", "x"), coords={"element": ["a", "b"]}
    )

    save_maps(maps, tmp_path / "maps.nc")

    again = open_maps(tmp_path / "maps.nc")
    np.testing.assert_array_equal(again, maps.transpose("y", "x", "element"))
    np.testing.assert_array_equal(again.x, [0, 1, 2])


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_lazy_maps_are_computed_once(tmp_path, maps, suffix):
    runs = []
    blocks = da.from_array(maps.values, chunks=(2, 6, 3)).map_blocks(
        lambda block: runs.append(1) or block, meta=np.empty((0, 0, 0), np.float32)
    )
    lazy = maps.copy(data=blocks)

    save_maps(xr.Dataset({"intensity": lazy, "uncertainty": lazy + 1}), tmp_path / f"maps{suffix}")

    assert len(runs) == 2, "two blocks, for both variables together"
    again = open_maps(tmp_path / f"maps{suffix}")
    np.testing.assert_array_equal(again["uncertainty"].astype(np.float32), maps + 1)


def _fails(block, block_info=None):
    if block_info[0]["chunk-location"][0]:
        raise SkxrfError("no prediction for the second block")
    return block


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_computation_that_fails_midway_leaves_nothing(tmp_path, maps, suffix):
    lazy = maps.copy(
        data=da.from_array(maps.values, chunks=(2, 6, 3)).map_blocks(
            _fails, meta=np.empty((0, 0, 0), np.float32)
        )
    )

    with pytest.raises(SkxrfError, match="second block"):
        save_maps(lazy, tmp_path / f"maps{suffix}")

    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_after_an_error_the_old_file_is_as_before(tmp_path, maps, suffix, monkeypatch):
    path = tmp_path / f"maps{suffix}"
    save_maps(maps, path)
    before = path.read_bytes()
    monkeypatch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(OSError(5, "I/O error")))

    with pytest.raises(OSError, match=r"cannot write .*I/O error"):
        save_maps(maps + 1, path)

    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_existing_file_is_replaced(tmp_path, maps, suffix):
    path = tmp_path / f"maps{suffix}"
    path.write_text("old")

    save_maps(maps, path)

    np.testing.assert_array_equal(open_maps(path).astype(np.float32), maps)
    assert list(tmp_path.iterdir()) == [path]


FULL_DISK = """
import resource, signal, sys
import numpy as np, xarray as xr
from skxrf.io import save_maps
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))
maps = xr.DataArray(np.random.default_rng(0).normal(size=(100, 100, 3)), dims=("y", "x", "element"),
                    coords={"element": ["Fe_K", "Pb_L", "S_K"]})
try:
    save_maps(maps, sys.argv[1])
except OSError as error:
    print("OSError:", error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on file sizes")
@pytest.mark.parametrize(
    "name", ["maps.nc", "maps.nxs", "maps.tif", "maps.dms", "maps.dat", "maps/"]
)
def test_a_disk_that_fills_up(tmp_path, name):
    path = tmp_path / name

    run = subprocess.run(
        [sys.executable, "-c", FULL_DISK, f"{tmp_path}/{name}"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert run.stdout.startswith(f"OSError: cannot write {path}: ")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["maps.jpeg", "maps", "maps.nc.bak"])
def test_unknown_suffixes_list_the_known_ones(tmp_path, maps, name):
    with pytest.raises(FileFormatError, match=r"known suffixes are \.nc, \.h5, \.nxs.* format="):
        save_maps(maps, tmp_path / name)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda m: m.values, "got ndarray"),
        (lambda m: m.rename("other").to_dataset(), r"got a Dataset of \['other'\]"),
        (lambda m: m.rename(element="energy"), r"has the dims \('y', 'x', 'energy'\)"),
        (lambda m: m[..., 0], r"has the dims \('y', 'x'\)"),
        (lambda m: m[:0], "is empty, of shape .*'y': 0"),
        (lambda m: m[..., :0], "is empty, of shape .*'element': 0"),
        (lambda m: m.drop_vars("element"), "no coordinate 'element'"),
        (lambda m: m.assign_coords(element=["Fe_K", "S_K", "Fe_K"]), "two maps are called 'Fe_K'"),
        (lambda m: m.astype(complex), "contains complex128 values"),
    ],
)
def test_what_is_no_map_is_refused(tmp_path, maps, wrong, words):
    with pytest.raises(SkxrfError, match=words):
        save_maps(wrong(maps), tmp_path / "maps.nc")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["Fe K", "Fe;K", 'Fe"K', "s(Fe_K)", ""])
def test_names_that_would_break_a_table_are_refused(tmp_path, maps, name):
    with pytest.raises(FileFormatError, match="which a text table cannot hold"):
        save_maps(maps.assign_coords(element=[name, "Pb_L", "S_K"]), tmp_path / "maps.dat")
    assert not list(tmp_path.iterdir())


def test_other_variables_need_netcdf(tmp_path, maps):
    more = xr.Dataset({"intensity": maps, "chisq": maps[..., 0]})

    with pytest.raises(FileFormatError, match="a text table cannot hold chisq"):
        save_maps(more, tmp_path / "maps.csv")
    save_maps(more, tmp_path / "maps.nc")
    xr.testing.assert_identical(open_maps(tmp_path / "maps.nc"), more)


@pytest.mark.parametrize("name", ["maps.h5", "maps", "maps.nxs"])
def test_the_format_may_be_named(tmp_path, maps, name):
    save_maps(maps, tmp_path / name, format="nexus")

    assert open_maps(tmp_path / name).attrs == maps.attrs
    with h5py.File(tmp_path / name) as file:
        assert file.attrs["NX_class"] == "NXroot"
    with pytest.raises(FileFormatError, match=r"format must be one of netcdf, nexus.*got 'NeXus'"):
        save_maps(maps, tmp_path / "other", format="NeXus")


def test_a_folder_by_its_slash_its_existence_or_its_format(tmp_path, maps):
    (tmp_path / "there").mkdir()

    save_maps(maps, f"{tmp_path}/slash/")
    save_maps(maps, tmp_path / "there")
    save_maps(maps, tmp_path / "format", format="tiff")
    save_maps(maps, tmp_path / "stack.tif", format="tiff")

    assert (tmp_path / "stack.tif").is_file()
    for name in ("slash", "there", "format"):
        assert (tmp_path / name / "Fe_K.tif").is_file()
        np.testing.assert_array_equal(open_maps(tmp_path / name), maps)
    with pytest.raises(IsADirectoryError, match="it is a folder"):
        save_maps(maps, tmp_path / "there", format="netcdf")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("scale_factor", 2.0),
        ("add_offset", 5.0),
        ("_FillValue", 5.0),
        ("missing_value", 5.0),
        ("dtype", "bool"),
        ("coordinates", "y x"),
    ],
)
def test_attributes_that_netcdf_acts_upon_are_only_attributes(tmp_path, name, value):
    maps = xr.DataArray(
        np.arange(24.0).reshape(3, 4, 2),
        dims=("y", "x", "element"),
        coords={"element": ["Fe_K", "Pb_L"]},
        attrs={name: value},
    )
    save_maps(maps, tmp_path / "maps.nc")

    back = open_maps(tmp_path / "maps.nc")
    np.testing.assert_array_equal(back, maps)
    assert back.attrs[name] == value


def test_references_that_do_not_fit_are_refused_before_they_are_followed(tmp_path):
    maps = xr.DataArray(
        np.ones((2, 2, 1)), dims=("y", "x", "element"), coords={"element": ["Fe_K"]}
    )
    save_maps(maps, tmp_path / "maps.nc")
    with h5py.File(tmp_path / "maps.nc", "r+") as file:
        references = file["intensity"].attrs["DIMENSION_LIST"]
        del file["intensity"]
        file["intensity"] = np.zeros(2)
        file["intensity"].attrs["DIMENSION_LIST"] = references

    with pytest.raises(FileFormatError, match="DIMENSION_LIST is no list for its 1 axes"):
        open_maps(tmp_path / "maps.nc")


@pytest.mark.parametrize("suffix", [".nc", ".nxs"])
def test_texts_of_coordinates_in_any_alphabet(tmp_path, maps, suffix):
    maps = maps.assign_coords(place=("y", [f"höhe {i}" for i in range(maps.sizes["y"])]))
    save_maps(maps, tmp_path / f"maps{suffix}")

    assert list(open_maps(tmp_path / f"maps{suffix}")["place"].values) == list(maps["place"].values)


def test_times_and_names_with_blanks_in_netcdf(tmp_path, maps):
    when = np.datetime64("2026-11-30T01:02:03.123456789") + np.arange(maps.sizes["y"])
    when[1] = np.datetime64("NaT")
    maps = maps.assign_coords(
        {
            "when": ("y", when),
            "dwell": ("x", np.arange(maps.sizes["x"]).astype("m8[ms]")),
            "started": ((), np.datetime64("2026-11-30", "s")),
            "tube current": ((), 0.5, {"units": "mA"}),
        }
    )
    save_maps(maps, tmp_path / "maps.nc")

    opened = open_maps(tmp_path / "maps.nc")
    xr.testing.assert_identical(opened.coords.to_dataset(), maps.coords.to_dataset())
    assert opened.dtype == maps.dtype
    with xr.open_dataset(tmp_path / "maps.nc", engine="h5netcdf") as others:
        np.testing.assert_array_equal(others["when"], when)
