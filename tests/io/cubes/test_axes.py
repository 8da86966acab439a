"""Counts with axes of points, detectors and scans in HDF5."""

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skxrf.exceptions import CountsError, EnergyAxisError, FileFormatError
from skxrf.io import open_cube
from skxrf.io.cubes.arrange import ArrangedReader, ArrayReader
from skxrf.io.cubes.stated_axis import stated_axis

ENERGY = (0.0, 0.02)


@pytest.fixture
def table(tmp_path):
    """A function that writes one dataset and gives the path and its values."""

    def write(*shape, **attrs):
        values = np.random.default_rng(2).poisson(5, shape).astype(np.uint16)
        path = tmp_path / "scan.h5"
        with h5py.File(path, "w") as file:
            file["1.1/measurement/mca"] = values
            file["1.1/measurement/mca"].attrs.update(attrs)
        return path, values

    return write


def test_a_table_of_spectra_is_folded(table):
    path, values = table(24, 16)

    with pytest.raises(
        FileFormatError, match=r"no three-dimensional dataset.*'/1\.1/measurement/mca'"
    ):
        open_cube(path, energy=ENERGY)
    cube = open_cube(
        path, dataset="1.1/measurement/mca", shape=(4, 6), energy=ENERGY, chunks=(1, 2)
    )
    np.testing.assert_array_equal(cube, values.reshape(4, 6, 16))
    np.testing.assert_array_equal(cube[1:3, 4, ::2], values.reshape(4, 6, 16)[1:3, 4, ::2])


def test_points_of_a_stopped_scan(table):
    path, values = table(22, 16)
    more = {"dataset": "1.1/measurement/mca", "axes": ("point", "energy"), "energy": ENERGY}

    with pytest.raises(FileFormatError, match=r"22 spectra and does not say how they lie"):
        open_cube(path, **more)
    with pytest.warns(UserWarning, match="2 of 24 pixels are missing"):
        cube = open_cube(path, shape=(4, 6), **more)
    np.testing.assert_array_equal(cube.to_numpy().reshape(24, 16)[:22], values)
    np.testing.assert_array_equal(cube.measured.to_numpy().ravel(), np.arange(24) < 22)


def test_points_and_detectors_are_not_taken_for_pixels(table):
    path, values = table(20, 4, 64)
    energy = 0.02 * np.arange(64)

    with pytest.raises(FileFormatError, match="rows and columns or points and detectors"):
        open_cube(path, energy=energy)
    cube = open_cube(path, energy=energy, shape=(4, 5), detector=2)
    np.testing.assert_array_equal(cube, values[:, 2].reshape(4, 5, 64))
    cube = open_cube(path, energy=energy, shape=(4, 5), detector="sum")
    np.testing.assert_array_equal(cube, values.sum(1).reshape(4, 5, 64))
    as_pixels = open_cube(path, energy=energy, axes=("y", "x", "energy"))
    np.testing.assert_array_equal(as_pixels, values)


def test_an_axis_of_detectors(table):
    path, values = table(4, 6, 3, 32)
    more = {"dataset": "1.1/measurement/mca", "energy": ENERGY}

    with pytest.raises(FileFormatError, match=r"\(4, 6, 3, 32\).*axes="):
        open_cube(path, **more)
    axes = ("y", "x", "detector", "energy")
    with pytest.warns(UserWarning, match="its 3 detectors are added"):
        cube = open_cube(path, axes=axes, **more)
    np.testing.assert_array_equal(cube, values.sum(2))
    np.testing.assert_array_equal(open_cube(path, axes=axes, detector=1, **more), values[:, :, 1])
    with pytest.raises(FileFormatError, match="no detector 3, but 0, 1, 2"):
        open_cube(path, axes=axes, detector=3, **more)


@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_blocks_are_those_of_the_whole(data):
    """Whatever the order of the axes, a block is the same part of the array that is arranged whole."""
    pixels = data.draw(st.sampled_from([("y", "x"), ("point",), ("x",), ()]))
    others = data.draw(st.lists(st.sampled_from(["detector", "scan"]), unique=True))
    axes = tuple(data.draw(st.permutations([*pixels, *others, "energy"])))
    sizes = {"y": 3, "x": 4, "point": 11, "detector": 2, "scan": 2, "energy": 5}
    stored = np.random.default_rng(0).integers(0, 100, [sizes[name] for name in axes])
    detector = data.draw(st.sampled_from([0, 1, "sum"])) if "detector" in axes else None
    reader = ArrangedReader(
        ArrayReader(stored),
        axes,
        detector,
        1 if "scan" in axes else None,
        (3, 4) if "point" in axes else None,
    )
    names, whole = list(axes), stored
    if "detector" in names:
        at = names.index("detector")
        whole = whole.sum(at) if detector == "sum" else whole.take(detector, at)
        names.remove("detector")
    if "scan" in names:
        whole = whole.take(1, names.index("scan"))
        names.remove("scan")
    if "point" in names:
        whole = np.moveaxis(whole, names.index("point"), 0)
        whole = np.pad(whole, ((0, 1), (0, 0))).reshape(3, 4, 5)
        names = ["y", "x", "energy"]
    for name in ("x", "y"):
        if name not in names:
            whole, names = whole[None], [name, *names]
    expected = whole.transpose([names.index(name) for name in reader.order])
    key = tuple(
        slice(
            data.draw(st.integers(0, n)), data.draw(st.integers(0, n)), data.draw(st.integers(1, 2))
        )
        for n in reader.shape
    )

    assert reader.shape == expected.shape
    np.testing.assert_array_equal(reader.read(key), expected[key])


@pytest.mark.parametrize(
    ("attrs", "expected"),
    [
        ({"scale_factor": 2.0, "add_offset": 5.0}, lambda counts: 2 * counts + 5),
        ({"scale_factor": 0.5}, lambda counts: 0.5 * counts),
        ({"scaling_factor": np.array([3])}, lambda counts: 3 * counts),
    ],
)
def test_a_stated_scale_of_counts_is_obeyed(table, attrs, expected):
    path, values = table(4, 6, 32, **attrs)

    cube = open_cube(path, energy=ENERGY, axes=("y", "x", "energy"))
    np.testing.assert_array_equal(cube, expected(values.astype(np.int64)))


@pytest.mark.parametrize(
    ("attrs", "words"),
    [
        ({"scale_factor": "two"}, "'two'.* as the scale"),
        ({"scale_factor": np.nan}, "nan.* as the scale"),
        ({"units": "counts/s"}, "in 'counts/s': expected counts"),
        ({"_FillValue": 5.0}, "the value 5 that its attributes name as missing"),
    ],
)
def test_what_is_stated_of_counts_and_cannot_be_used_is_refused(table, attrs, words):
    path, _ = table(4, 6, 32, **attrs)

    with pytest.raises((CountsError, FileFormatError), match=words):
        open_cube(path, energy=ENERGY, axes=("y", "x", "energy")).compute()


def test_negative_counts_are_clipped_where_asked(tmp_path):
    path = tmp_path / "export.h5"
    values = np.array([[[3, -1, 2, 0]]], np.int16)
    with h5py.File(path, "w") as file:
        file["mca"] = values
    more = {"energy": ENERGY, "axes": ("y", "x", "energy")}

    with pytest.raises(CountsError, match="clip_negative=True"):
        open_cube(path, **more).compute()
    cube = open_cube(path, clip_negative=True, **more)
    np.testing.assert_array_equal(cube[0, 0], [3, 0, 2, 0])
    assert cube.dtype == np.int16
    assert "negative counts set to zero" in cube.attrs["history"]


@pytest.mark.parametrize("factor", [1.0, 1000.0])
def test_the_axis_is_that_of_the_stored_channels(factor):
    units = {1.0: "keV", 1000.0: "eV"}[factor]
    line = stated_axis(
        coefficients=[factor * 0.5, factor * 0.01], units=units, first=100, source="a file"
    )

    np.testing.assert_allclose(line(np.arange(5)), 1.5 + 0.01 * np.arange(5))
    values = stated_axis(values=factor * np.array([1.0, 1.5, 1.7]), units=units, source="a file")
    np.testing.assert_allclose(values, [1.0, 1.5, 1.7])
    assert stated_axis(coefficients=[0.0, 1.0], source="a file") is None
    assert stated_axis(values=np.arange(9), source="a file") is None
    with pytest.raises(EnergyAxisError, match="2 channels were added"):
        stated_axis(coefficients=[0.0, 0.01], step=2, source="a file")


def test_labelled_times_are_put_on_their_axes(tmp_path):
    times = np.arange(1.0, 17).reshape(4, 4)
    path = tmp_path / "scan.h5"
    with h5py.File(path, "w") as file:
        file["counts"] = np.ones((4, 4, 8), np.uint16)
        file["counts"].attrs["dims"] = ["y", "x", "energy"]
        file["energy_keV"] = 0.1 * np.arange(8)
        file["live_time_s"] = times.T
        file["live_time_s"].attrs["dims"] = ["x", "y"]
        file["real_time_s"] = 1000 * times
        file["real_time_s"].attrs["units"] = "ms"

    cube = open_cube(path)
    np.testing.assert_array_equal(cube.live_time, times)
    np.testing.assert_allclose(cube.real_time, times)


@pytest.mark.parametrize("shape", [(4, 6, 1, 32), (1, 4, 6, 32), (4, 1, 6, 1, 32)])
def test_axes_of_one_value_tell_nothing(table, shape):
    path, values = table(*shape)
    cube = open_cube(path, energy=0.02 * np.arange(32))
    np.testing.assert_array_equal(cube, values.reshape(4, 6, 32))
