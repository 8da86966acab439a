import dask.array as da
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from skxrf.exceptions import SkxrfError
from skxrf.samples import LEVELS, draw_pixels, sample_index, to_maps, to_samples

ELEMENTS = ["Fe_K", "Cu_K", "Pb_L"]


def element_maps(n_y=3, n_x=4, *, elements=ELEMENTS, dtype=np.float64, offset=0, **coords):
    size = n_y * n_x * len(elements)
    values = (offset + np.arange(size)).reshape(n_y, n_x, len(elements)).astype(dtype)
    return xr.DataArray(
        values, dims=("y", "x", "element"), coords={"element": elements, **coords}, name="intensity"
    )


def cube_of(n_y=3, n_x=4, n_channels=5, *, gain=0.01, dtype=np.uint16):
    counts = np.arange(n_y * n_x * n_channels).reshape(n_y, n_x, n_channels).astype(dtype)
    return xr.DataArray(
        counts,
        dims=("y", "x", "energy"),
        coords={"energy": gain * np.arange(n_channels)},
        name="counts",
    )


@given(
    st.dictionaries(
        st.text(min_size=1, max_size=5),
        arrays(
            st.sampled_from([np.float32, np.float64, np.int32]),
            array_shapes(min_dims=2, max_dims=2, max_side=6).map(lambda shape: (*shape, 3)),
            elements=st.integers(-1000, 1000),
        ),
        min_size=1,
        max_size=3,
    ),
    st.randoms(use_true_random=False),
)
def test_maps_survive_the_way_there_and_back_in_any_row_order(values, random):
    paintings = {
        name: xr.DataArray(v, dims=("y", "x", "element"), coords={"element": ELEMENTS})
        for name, v in values.items()
    }
    table = to_samples(paintings)
    order = list(range(len(table)))
    random.shuffle(order)
    back = to_maps(table.iloc[order], squeeze=False)
    assert set(back) == set(paintings)
    for name, maps in paintings.items():
        xr.testing.assert_equal(back[name].drop_vars(("y", "x")), maps)
        assert list(back[name].y) == list(range(maps.sizes["y"]))


@given(st.data())
def test_part_of_the_pixels_comes_back_to_its_place(data):
    maps = element_maps(5, 6)
    table = to_samples(maps)
    chosen = data.draw(st.sets(st.integers(0, len(table) - 1), min_size=1))
    part = to_maps(table.iloc[sorted(chosen)])
    present = np.isfinite(part).all("element")
    assert int(present.sum()) == len(chosen)
    xr.testing.assert_equal(
        part.where(present),
        maps.assign_coords(y=range(5), x=range(6)).sel(y=part.y, x=part.x).where(present),
    )


def test_spectra_keep_dtype_axis_and_live_time():
    cube = cube_of().assign_coords(live_time=(("y", "x"), np.arange(12.0).reshape(3, 4)))
    samples = to_samples({"icon": cube})
    assert samples.dims == ("sample", "energy")
    assert samples.dtype == np.uint16
    assert samples.name == "counts"
    np.testing.assert_array_equal(samples.energy, cube.energy)
    np.testing.assert_array_equal(samples.live_time, np.arange(12.0))
    np.testing.assert_array_equal(
        samples.sel(sample=("icon", 2, 1)).to_numpy().ravel(), cube[2, 1].to_numpy()
    )
    back = to_maps(samples)
    xr.testing.assert_equal(back.drop_vars(("y", "x")), cube)
    assert back.dtype == np.uint16


def test_no_energy_axis_is_invented():
    samples = to_samples(cube_of().drop_vars("energy"))
    assert "energy" not in samples.coords


def test_lazy_cube_stays_lazy_and_in_row_order():
    cube = cube_of(4, 6)
    lazy = cube.chunk({"y": 3, "x": 2, "energy": 5})
    samples = to_samples({"a": lazy, "b": cube})
    assert isinstance(samples.data, da.Array)
    np.testing.assert_array_equal(samples.to_numpy(), to_samples({"a": cube, "b": cube}).to_numpy())


def test_dims_in_another_order():
    maps = element_maps()
    pd.testing.assert_frame_equal(to_samples(maps.transpose("element", "x", "y")), to_samples(maps))


def test_painting_is_named_by_the_mapping_the_attribute_or_zero():
    maps = element_maps()
    assert sample_index(to_samples(maps)).unique("painting").tolist() == ["0"]
    named = maps.assign_attrs(painting="icon")
    assert sample_index(to_samples(named)).unique("painting").tolist() == ["icon"]
    assert sample_index(to_samples({"saint": named})).unique("painting").tolist() == ["saint"]


def test_consecutive_integer_coordinates_are_rows_of_a_larger_map():
    table = to_samples(element_maps(y=[5, 6, 7]))
    assert table.index.unique("y").tolist() == [5, 6, 7]
    assert to_maps(table).y.to_numpy().tolist() == [5, 6, 7]


@pytest.mark.parametrize("y", [[0, 2, 4], [0.5, 1.0, 1.5], [5.0, 6.0, 7.0], [7, 6, 5], [3, 3, 3]])
def test_other_coordinates_are_no_rows(y):
    table = to_samples(element_maps(y=y))
    assert table.index.unique("y").tolist() == [0, 1, 2]
    assert not to_maps(table).isnull().any()


def test_integers_become_float_only_where_pixels_are_missing():
    table = to_samples(element_maps(dtype=np.int32))
    assert to_maps(table).dtype == np.int32
    assert to_maps(table.drop(index=("0", 1, 1))).dtype == np.float64
    assert to_maps(table.astype(np.float32).drop(index=("0", 1, 1))).dtype == np.float32


def test_bare_prediction_takes_index_and_columns():
    table = to_samples({"a": element_maps(), "b": element_maps(2, 2)}).sample(
        frac=1, random_state=1
    )
    maps = to_maps(table.to_numpy(), like=table)
    assert list(maps) == list(dict.fromkeys(table.index.get_level_values("painting")))
    xr.testing.assert_equal(maps["b"].drop_vars(("y", "x")), element_maps(2, 2))


def test_bare_one_column_prediction_of_a_series():
    table = to_samples(element_maps())["Cu_K"]
    maps = to_maps(table.to_numpy(), like=table)
    assert maps.shape == (3, 4, 1)
    assert maps.element.item() == "Cu_K"


def test_indexed_prediction_keeps_its_own_rows_and_columns():
    table = to_samples(element_maps())
    prediction = table[ELEMENTS[::-1]].sample(frac=1, random_state=0)
    maps = to_maps(prediction, like=table)
    for element in ELEMENTS:
        xr.testing.assert_equal(maps.sel(element=element), to_maps(table).sel(element=element))


def test_rows_and_columns_alone_are_pixels_of_their_own():
    table = to_samples(element_maps())
    prediction = table.droplevel("painting").iloc[::-1]
    xr.testing.assert_equal(to_maps(prediction, like=table), to_maps(table))


def test_prediction_without_pixels_is_put_under_its_own_columns():
    table = to_samples(element_maps())
    prediction = table[ELEMENTS[::-1]].reset_index(drop=True)
    xr.testing.assert_equal(to_maps(prediction, like=table), to_maps(table))


def test_two_dimensional_sample_array_in_either_order():
    samples = to_samples(cube_of())
    xr.testing.assert_identical(to_maps(samples.transpose()), to_maps(samples))


def test_index_without_painting_and_with_further_levels():
    table = to_samples(element_maps())
    bare = table.droplevel("painting")
    assert sample_index(bare).names == list(LEVELS)
    xr.testing.assert_equal(to_maps(bare), to_maps(table))
    more = table.set_index(pd.Index(range(len(table)), name="block"), append=True)
    more = more.reorder_levels(["block", "x", "painting", "y"])
    pd.testing.assert_index_equal(sample_index(more), table.index)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: to_samples({}), "no painting"),
        (lambda: to_samples(xr.Dataset({"intensity": element_maps()})), "Dataset"),
        (lambda: to_samples(element_maps().rename(element="channel")), "channel"),
        (lambda: to_samples(element_maps()[:0]), "painting '0' is empty"),
        (lambda: to_samples({"a": element_maps(), "b": cube_of()}), "mixed"),
        (
            lambda: to_samples({"a": element_maps(), "b": element_maps(elements=["S_K"])}),
            "Fe_K, Cu_K, Pb_L.*S_K",
        ),
        (lambda: to_samples({"a": cube_of(), "b": cube_of(gain=0.02)}), "energy coordinates"),
        (lambda: to_maps(np.zeros((3, 2))), "no pixel coordinates in a ndarray"),
        (lambda: to_maps(to_samples(element_maps()).reset_index(drop=True)), "DataFrame"),
        (lambda: to_maps(to_samples(element_maps())[:0]), "without rows"),
        (lambda: to_maps(np.zeros((12, 2)), like=to_samples(element_maps())), "2 columns.*3 names"),
        (lambda: to_maps(np.zeros((9, 3)), like=to_samples(element_maps())), "9 rows.*12 pixels"),
        (
            lambda: sample_index(pd.concat([to_samples(element_maps())] * 2)),
            r"\(y=0, x=0\) of painting '0' stands twice",
        ),
        (
            lambda: to_maps(
                pd.Series(
                    [1.0, 2.0],
                    index=pd.MultiIndex.from_tuples([(0.5, 0), (1.5, 0)], names=["y", "x"]),
                )
            ),
            "'y' holds float64",
        ),
    ],
)
def test_errors_say_what_was_found(call, message):
    with pytest.raises(SkxrfError, match=message):
        call()


@pytest.mark.parametrize("chunks", [None, {"y": 2, "x": 2}])
def test_drawn_pixels_are_those_of_the_mask_in_their_order(chunks, monkeypatch):
    monkeypatch.setattr("skxrf.samples._READ_BYTES", 100)  # a few rows at a time
    cube = cube_of(7, 5)
    allowed = np.random.default_rng(0).random((7, 5)) < 0.6

    spectra, chosen = draw_pixels(
        cube.chunk(chunks or {}) if chunks else cube.transpose("energy", "y", "x"),
        9,
        np.random.default_rng(1),
        among=allowed,
    )

    assert chosen.sum() == 9
    assert not (chosen & ~allowed).any()
    np.testing.assert_array_equal(spectra, cube.to_numpy()[chosen])
    assert spectra.dtype == cube.dtype


def test_all_pixels_are_drawn_where_there_are_fewer():
    spectra, chosen = draw_pixels(cube_of(), 100, np.random.default_rng(0))
    assert chosen.all()
    np.testing.assert_array_equal(spectra, cube_of().to_numpy().reshape(12, -1))


def messages():
    table = to_samples(element_maps())
    yield (
        lambda: to_samples([1]),
        ("to_samples takes a DataArray or a {name: DataArray} mapping, got a list."),
    )
    yield (
        lambda: to_samples({}),
        ("to_samples got no painting: pass a cube, maps, or a {name: cube} mapping."),
    )
    yield (
        lambda: to_samples(xr.Dataset({"intensity": element_maps()})),
        (
            "to_samples takes a DataArray, got a Dataset: pass one of its variables, such as "
            "maps['intensity']."
        ),
    )
    yield (
        lambda: to_samples({"a": element_maps(), "b": cube_of()}),
        ("to_samples got cubes and maps mixed: convert them in two calls."),
    )
    expected = "expected (y, x, energy) for a cube or (y, x, element) for maps."
    yield (
        lambda: to_samples(element_maps().rename(element="line")),
        (f"painting '0' has the dims ('y', 'x', 'line'): {expected}"),
    )
    yield lambda: to_samples({"a": 3}), f"painting 'a' has the dims a int: {expected}"
    yield (
        lambda: to_samples({"a": element_maps(), "b": element_maps(elements=["S_K"])}),
        (
            "paintings 'a' and 'b' have different element coordinates (Fe_K, Cu_K, Pb_L and S_K): "
            "bring them onto one first."
        ),
    )
    yield (
        lambda: to_samples({"a": cube_of(), "b": cube_of(), "c": cube_of(gain=0.02)}),
        (
            "paintings 'a' and 'c' have different energy coordinates (5 from 0.0 to 0.04 and 5 from 0.0 "
            "to 0.08): bring them onto one first."
        ),
    )
    yield (
        lambda: to_maps(np.zeros((3, 2))),
        (
            "no pixel coordinates in a ndarray: pass a table whose index has the levels (painting, y, "
            "x), as skxrf.samples.to_samples makes it."
        ),
    )
    yield lambda: to_maps(table[:0]), "to_maps got a table without rows: there is no map to make."
    yield (
        lambda: to_maps(np.zeros((12, 2)), like=table),
        ("2 columns of values for 3 names (Fe_K, Cu_K, Pb_L): they must match."),
    )
    yield (
        lambda: to_maps(np.zeros((9, 3)), like=table),
        ("9 rows of values for an index of 12 pixels: they must match."),
    )
    twice = pd.concat([table, table[5:7]])
    yield (
        lambda: sample_index(twice),
        ("pixel (y=1, x=1) of painting '0' stands twice in the index: each pixel may appear once."),
    )
    for level, places in (("y", [(0.5, 0), (1.5, 0)]), ("x", [(0, 0.5), (0, 1.5)])):
        index = pd.MultiIndex.from_tuples(places, names=["y", "x"])
        yield (
            lambda index=index: to_maps(pd.Series([1.0, 2.0], index)),
            (
                f"index level {level!r} holds float64 values: it must hold the integer row or column "
                "(millimeters stay coordinates of the cube)."
            ),
        )


@pytest.mark.parametrize(("call", "message"), list(messages()))
def test_messages_say_what_to_do(call, message):
    with pytest.raises(SkxrfError) as caught:
        call()
    assert str(caught.value) == message


def test_names_and_units_of_maps():
    table = to_samples(element_maps())
    maps = to_maps(table)
    assert (maps.name, maps.attrs) == ("intensity", {"units": "counts", "painting": "0"})
    assert to_maps(table, name="uncertainty").name == "uncertainty"
    assert to_maps(to_samples(cube_of())).name == "counts"
    assert to_samples(cube_of().rename("photons")).name == "photons"
    unnamed = pd.Series(np.arange(12.0), table.index)
    assert "element" not in to_maps(unnamed).coords


@pytest.mark.parametrize(("away", "same"), [(9e-7, True), (1.1e-6, False)])
def test_energies_are_the_same_to_a_thousandth_of_an_eV(away, same):
    """Whatever the energy is."""
    cube = cube_of().assign_coords(energy=10 + np.arange(5.0))
    both = {"a": cube, "b": cube.assign_coords(energy=cube["energy"] + away)}
    if same:
        assert to_samples(both).sizes["sample"] == 24
    else:
        with pytest.raises(SkxrfError, match="energy coordinates"):
            to_samples(both)


def test_live_time_comes_only_where_all_have_it():
    times = np.arange(12.0).reshape(4, 3)
    timed = cube_of().assign_coords(live_time=(("x", "y"), times))
    np.testing.assert_array_equal(to_samples(timed)["live_time"], times.T.ravel())
    both = to_samples({"a": timed, "b": timed})
    np.testing.assert_array_equal(both["live_time"], np.tile(times.T.ravel(), 2))
    assert "live_time" not in to_samples({"a": timed, "b": cube_of()}).coords
    part = to_maps(both.isel(sample=[0, 5, 11, 23]))
    assert part["a"]["live_time"].dims == ("y", "x")
    assert part["a"]["live_time"].to_numpy()[1, 1] == times.T[1, 1]
    assert np.isnan(part["a"]["live_time"].to_numpy()[0, 1])
