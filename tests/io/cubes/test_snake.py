"""Scans to and fro, of which every second row is turned."""

import pickle

import dask.array as da
import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from skxrf.io import open_cube
from skxrf.io._xarray_engine import CubeBackend
from skxrf.io.cubes.snake import turn_odd_rows


def to_and_fro(values):
    """As such a scan measures them."""
    found = values.copy()
    found[1::2] = found[1::2, ::-1]
    return found


@pytest.mark.parametrize("chunks", ["auto", (1, 2), (2, 7)])
def test_rows_are_as_on_the_painting(counts_file, small_counts, chunks):
    times = np.arange(35.0).reshape(5, 7) + 1
    path = counts_file(
        to_and_fro(small_counts), live_time_s=to_and_fro(times), x_mm=0.5 * np.arange(7)
    )

    cube = open_cube(path, snake=True, chunks=chunks)

    assert isinstance(cube.data, da.Array)
    assert cube.dtype == small_counts.dtype
    np.testing.assert_array_equal(cube, small_counts)
    np.testing.assert_array_equal(cube[3, 2:5, ::4], small_counts[3, 2:5, ::4])
    np.testing.assert_array_equal(cube.live_time, times)
    assert cube.live_time.attrs["units"] == "s"
    # Positions stay where they are.
    np.testing.assert_array_equal(cube.x, 0.5 * np.arange(7))
    assert "every second row turned" in cube.attrs["history"]
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(cube)), small_counts)
    np.testing.assert_array_equal(open_cube(path), to_and_fro(small_counts))


def test_the_engine_of_xarray_takes_it(counts_file, small_counts):
    path = counts_file(to_and_fro(small_counts))

    opened = xr.open_dataset(path, engine=CubeBackend, snake=True)

    np.testing.assert_array_equal(opened["counts"], small_counts)


@given(
    rows=st.integers(1, 5),
    columns=st.integers(1, 6),
    height=st.integers(1, 5),
    width=st.integers(1, 6),
)
def test_turning_twice_changes_nothing(rows, columns, height, width):
    values = np.arange(rows * columns * 3, dtype=np.uint16).reshape(rows, columns, 3)
    cube = xr.DataArray(
        da.from_array(values, chunks=(height, width, 3)),
        dims=("y", "x", "energy"),
        attrs={"history": "made"},
    )

    turned = turn_odd_rows(cube)

    np.testing.assert_array_equal(turned, to_and_fro(values))
    np.testing.assert_array_equal(turn_odd_rows(turned), values)
