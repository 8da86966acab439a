import matplotlib as mpl
import numpy as np
import pytest
import xarray as xr

from skxrf.plotting._axes import map_extent
from skxrf.plotting._color_table import color_table


@pytest.mark.parametrize("name", ["inferno", "cividis"])
def test_colors_are_those_of_matplotlib(name):
    table = color_table(name)
    assert (table.shape, table.dtype) == ((256, 3), np.uint8)
    np.testing.assert_array_equal(table, mpl.colormaps[name](np.arange(256), bytes=True)[:, :3])
    ends = color_table(name, 2)
    np.testing.assert_array_equal(ends, table[[0, -1]])


@pytest.mark.parametrize(
    ("step", "unit", "length"), [(0.5, "mm", 5.0), (0.04, "mm", 0.5), (None, "px", 10.0)]
)
def test_scale_bar_is_round_and_at_most_a_quarter(step, unit, length):
    coords = {} if step is None else {"x": step * np.arange(50), "y": step * np.arange(20)}
    maps = xr.DataArray(np.ones((20, 50, 1)), dims=("y", "x", "element"), coords=coords)
    extent = map_extent(maps)
    assert (extent.unit, extent.bar_length) == (unit, length)
    assert extent.bar_length <= extent.width / 4
