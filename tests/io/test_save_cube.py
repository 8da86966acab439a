import math
import tempfile
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from skxrf.datasets import make_painting
from skxrf.exceptions import CountsError, EnergyAxisError, FileFormatError, SkxrfError
from skxrf.io import open_cube, save_cube
from skxrf.io._save_cube import write_blocks


@pytest.fixture(scope="module")
def cube():
    return make_painting((9, 11), n_channels=128, energy=(0.0, 0.2), random_state=0)[0]


@pytest.mark.parametrize("lazy", [False, True])
def test_round_trip(cube, tmp_path, lazy):
    path = save_cube(cube.chunk({"y": 4}) if lazy else cube, tmp_path / "cube.h5")
    back = open_cube(path)
    np.testing.assert_array_equal(back.to_numpy(), cube.to_numpy())
    np.testing.assert_allclose(back["energy"], cube["energy"])
    np.testing.assert_allclose(back["y"], cube["y"])
    assert back.dtype == np.uint16
    assert back.attrs["instrument"] == cube.attrs["instrument"]


def test_times_and_attributes_come_back(cube, tmp_path):
    times = {
        name: (("y", "x"), np.arange(1.0, 100).reshape(9, 11) * factor, {"units": "s"})
        for name, factor in (("live_time", 0.9), ("real_time", 1.0))
    }
    reserved = {"scale_factor": 2.0, "add_offset": 5, "dims": "none", "units": "counts"}
    saved = cube.assign_coords(times).assign_attrs(reserved)

    back = open_cube(save_cube(saved, tmp_path / "cube.h5"))

    np.testing.assert_array_equal(back.to_numpy(), cube.to_numpy())
    for name in times:
        np.testing.assert_array_equal(back[name], saved[name])
    assert {name: back.attrs[name] for name in reserved} == reserved


def _coordinates():
    """Coordinates that a cube of 4 x 5 x 6 may have."""
    kinds = {
        "i8": st.integers(-(2**62), 2**62),
        "f8": st.floats(allow_nan=False, width=64),
        "?": st.booleans(),
        "U8": st.text(st.characters(blacklist_characters="\0", codec="utf-8"), max_size=8),
        "M8[s]": st.integers(0, 2**33),
    }
    sizes = {"y": 4, "x": 5, "energy": 6}

    @st.composite
    def one(draw):
        dims = tuple(draw(st.lists(st.sampled_from(sorted(sizes)), unique=True, max_size=3)))
        kind = draw(st.sampled_from(sorted(kinds)))
        n = math.prod(sizes[dim] for dim in dims)
        values = [draw(kinds[kind])] * n
        units = draw(st.sampled_from([{}, {"units": "m/s"}, {"scale_factor": 2, "dims": "none"}]))
        return dims, np.array(values).astype(kind).reshape([sizes[dim] for dim in dims]), units

    names = st.sampled_from(["measured", "painting", "temperature", "a/b", "shift y", "name"])
    return st.dictionaries(names, one(), max_size=4)


@settings(max_examples=30, deadline=None)
@given(
    coords=_coordinates(), numbers=st.booleans(), dtype=st.sampled_from(["u1", "u2", "u4", "f4"])
)
def test_every_coordinate_comes_back(coords, numbers, dtype):
    y = [7, 9, 10, 11] if numbers else [0.5, 0.75, 1.0, 2.0]
    cube = xr.DataArray(
        np.arange(120, dtype=dtype).reshape(4, 5, 6),
        dims=("y", "x", "energy"),
        coords={"y": y, "energy": 0.1 * np.arange(6), **coords},
        name="counts",
    )
    with tempfile.TemporaryDirectory() as folder:
        back = open_cube(save_cube(cube, Path(folder, "cube.h5"))).load()

    assert back.dtype == cube.dtype
    for name in ("y", *coords):
        found = back[name].transpose(*cube[name].dims)
        xr.testing.assert_equal(found.variable, cube[name].variable)
        assert back[name].dtype == cube[name].dtype or cube[name].dtype.kind == "U"
    for name, (_, _, units) in coords.items():
        assert back[name].attrs == units


def test_nothing_half_written_is_left(cube, tmp_path):
    def blocks():
        yield slice(0, 4), cube.to_numpy()[:4]
        raise RuntimeError("the simulation stops here")

    with pytest.raises(RuntimeError, match="stops here"):
        write_blocks(
            tmp_path / "cube.h5",
            blocks(),
            shape=cube.shape,
            dtype=cube.dtype,
            energy=cube["energy"].to_numpy(),
        )
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_cube_is_refused(cube, tmp_path):
    with pytest.raises(FileFormatError, match=r"name it \.h5 or \.hdf5"):
        save_cube(cube, tmp_path / "cube.raw")
    with pytest.raises(SkxrfError, match="must be a DataArray of dims"):
        save_cube(cube.isel(x=0), tmp_path / "cube.h5")


def test_units_that_the_cube_states_are_obeyed(cube, tmp_path):
    stated = cube.assign_coords(
        energy=("energy", 1000 * cube["energy"].to_numpy(), {"units": "eV"}),
        y=("y", 100.0 * np.arange(cube.sizes["y"]), {"units": "um"}),
        x=("x", np.arange(cube.sizes["x"]), {"units": "mm"}),
    )

    opened = open_cube(save_cube(stated, tmp_path / "cube.h5"))

    np.testing.assert_allclose(opened["energy"], cube["energy"])
    np.testing.assert_allclose(opened["y"], 0.1 * np.arange(cube.sizes["y"]))
    np.testing.assert_allclose(opened["x"], np.arange(cube.sizes["x"]))


@pytest.mark.parametrize("value", [-1, np.nan])
def test_what_could_not_be_opened_again_is_not_saved(cube, tmp_path, value):
    wrong = cube.astype(np.float32)
    wrong[1, 2, 3] = value
    with pytest.raises(CountsError, match=r"pixel \(y=1, x=2\)"):
        save_cube(wrong, tmp_path / "cube.h5")
    with pytest.raises(EnergyAxisError, match="no energy axis"):
        save_cube(cube.drop_vars("energy"), tmp_path / "cube.h5")
    with pytest.raises(SkxrfError, match=r"a coordinate .* is called 'counts'"):
        save_cube(cube.assign_coords(counts=("y", np.arange(cube.sizes["y"]))), tmp_path / "c.h5")
    with pytest.raises(SkxrfError, match="'note' holds values of type <U3"):
        save_cube(cube.assign_coords(note=((), "a\0b")), tmp_path / "cube.h5")
    assert not list(tmp_path.iterdir())


def test_an_axis_that_does_not_increase_is_refused(tmp_path):
    cube = xr.DataArray(
        np.ones((2, 3, 4), np.uint16),
        dims=("y", "x", "energy"),
        coords={"energy": [0.4, 0.3, 0.2, 0.1]},
    )
    with pytest.raises(
        EnergyAxisError, match=r"must increase.*Reverse it together with the counts"
    ):
        save_cube(cube, tmp_path / "cube.h5")
    assert not list(tmp_path.iterdir())

    save_cube(cube[..., ::-1], tmp_path / "cube.h5")
    np.testing.assert_array_equal(open_cube(tmp_path / "cube.h5").energy, [0.1, 0.2, 0.3, 0.4])


def test_attributes_of_all_coordinates_and_the_history_are_kept(cube, tmp_path):
    n_y, n_x = cube.shape[:2]
    cube = cube.assign_coords(
        y=("y", 0.5 * np.arange(n_y), {"units": "mm", "long_name": "height"}),
        x=("x", 0.5 * np.arange(n_x), {"units": "deg"}),
        live_time=(("y", "x"), np.full((n_y, n_x), 20.0), {"units": "ms"}),
        real_time=(("y", "x"), np.full((n_y, n_x), 0.5), {"units": "min", "source": "clock"}),
        label=("y", np.array(["a", None, *"b" * (n_y - 2)], object), {"kind": "note"}),
    )
    cube["energy"].attrs["calibration"] = {"lines": ["Fe_K"]}
    cube.attrs["history"] = "measured"

    opened = open_cube(save_cube(cube, tmp_path / "cube.h5"))

    assert opened.y.attrs == {"units": "mm", "long_name": "height"}
    assert opened.x.attrs == {"units": "deg"}
    assert opened.energy.attrs["calibration"] == {"lines": ["Fe_K"]}
    assert opened.real_time.attrs == {"units": "s", "source": "clock"}
    assert (opened.real_time == 30).all()
    assert (opened.live_time == 0.02).all()
    assert list(opened.label.isnull()) == [False, True, *[False] * (n_y - 2)]
    assert opened.attrs["history"].startswith("measured\nskxrf")
