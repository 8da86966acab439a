"""Axes of Displays: grids, extents in millimeters or pixels, scale bars."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from skxrf.exceptions import SkxrfError
from skxrf.utils.line_group_names import find_line_groups, names_instead
from skxrf.utils.validation import as_map_dataset

# An array of Axes, of one or two dimensions; numpy has no type for its items.
AxesArray = NDArray[Any]


def grid_axes(
    ax: Axes | AxesArray | None,
    shape: tuple[int, int],
    n_used: int,
    *,
    cell: tuple[float, float],
) -> tuple[Figure | SubFigure, AxesArray]:
    """Make or take the axes of a grid of pictures.

    `ax`: None makes a new pyplot figure, as scikit-learn's Displays do. One Axes is replaced by a
    grid in its place. An array is taken as it is, and must have `n_used` Axes. `shape`: rows and
    columns of the grid. `n_used`: number of cells in use; the others are left out. `cell`: width
    and height of a cell in a new figure [inch]. Returns `figure`; `axes` (n_used,): row by row.
    """
    if ax is None:
        import matplotlib.pyplot as plt

        n_rows, n_columns = shape
        figure = plt.figure(figsize=(n_columns * cell[0], n_rows * cell[1]), layout="constrained")
        grid = figure.add_gridspec(n_rows, n_columns)
        cells = [(k // n_columns, k % n_columns) for k in range(n_used)]
        axes = [figure.add_subplot(grid[row, column]) for row, column in cells]
        return figure, np.array(axes, dtype=object)
    if isinstance(ax, Axes):
        if n_used == 1:
            return ax.figure, np.array([ax], dtype=object)
        spec = ax.get_subplotspec()
        if spec is None:
            raise SkxrfError(
                "ax was not made by subplots, so it cannot be divided into a grid: pass an Axes "
                f"of plt.subplots(), or an array of {n_used} Axes."
            )
        parent = ax.figure
        ax.set_axis_off()
        inner = spec.subgridspec(*shape)
        axes = [parent.add_subplot(inner[k // shape[1], k % shape[1]]) for k in range(n_used)]
        return parent, np.array(axes, dtype=object)
    given = np.asarray(ax, dtype=object).ravel()
    if given.size != n_used:
        raise SkxrfError(f"{given.size} Axes for {n_used} pictures: pass {n_used}, one, or None.")
    return given[0].figure, given


class MapExtent(NamedTuple):
    """Edges of a map for ``imshow``, and their unit, ``"mm"`` or ``"px"``."""

    # left, right, bottom, top: edges, half a pixel outside the outermost pixels; the first row is
    # at the top.
    left: float
    right: float
    bottom: float
    top: float
    unit: str  # unit of the edges

    @property
    def edges(self) -> tuple[float, float, float, float]:
        """Left, right, bottom, top."""
        return self[:4]

    @property
    def width(self) -> float:
        """Width in :attr:`unit`."""
        return abs(self.right - self.left)

    @property
    def aspect(self) -> float:
        """Height over width."""
        return abs(self.bottom - self.top) / self.width

    @property
    def bar_length(self) -> float:
        """Length of a scale bar in :attr:`unit`: round, at most a quarter of the width."""
        wanted = self.width / 4
        magnitude = 10.0 ** np.floor(np.log10(wanted))
        return float(max(s for s in (1, 2, 5, 10) if s * magnitude <= wanted * 1.001) * magnitude)


def map_extent(maps: xr.DataArray) -> MapExtent:
    """Find the edges of maps, half a pixel outside their outermost pixels.

    Coordinates of floating-point numbers are millimeters (or what their ``units`` attribute
    states), integer or missing ones are pixels.
    """
    (x, x_unit), (y, y_unit) = _positions(maps, "x"), _positions(maps, "y")
    steps = [(one[-1] - one[0]) / (one.size - 1) if one.size > 1 else None for one in (x, y)]
    # The pixels of a single row or column are taken for squares.
    across = steps[0] or abs(steps[1] or 1.0)
    down = steps[1] or abs(across)
    left, right = float(x[0] - across / 2), float(x[-1] + across / 2)
    top, bottom = float(y[0] - down / 2), float(y[-1] + down / 2)
    return MapExtent(left, right, bottom, top, x_unit if x_unit == y_unit else "px")


def _positions(maps: xr.DataArray, dim: str) -> tuple[NDArray[np.float64], str]:
    coordinate = maps.coords.get(dim)
    if coordinate is None or not np.issubdtype(coordinate.dtype, np.number):
        return np.arange(float(maps.sizes[dim])), "px"
    unit = "px" if np.issubdtype(coordinate.dtype, np.integer) else "mm"
    return coordinate.to_numpy().astype(np.float64), str(coordinate.attrs.get("units", unit))


def draw_scale_bar(axes: Axes, extent: MapExtent) -> None:
    """Draw a bar of a round length, about a quarter of the map wide, in its lower left corner."""
    length = extent.bar_length
    width, height = length / extent.width, 0.022 / max(extent.aspect, 0.3)
    axes.add_patch(
        Rectangle(
            (0.04, 0.05),
            width,
            height,
            transform=axes.transAxes,
            facecolor="white",
            edgecolor="black",
            linewidth=0.5,
        )
    )
    axes.annotate(
        f"{length:g} {extent.unit}",
        (0.04, 0.05 + height),
        xycoords="axes fraction",
        xytext=(0, 3),
        textcoords="offset points",
        ha="left",
        va="bottom",
        fontsize="small",
        color="white",
        # Readable on any map.
        bbox={"boxstyle": "square,pad=0.15", "facecolor": "black", "alpha": 0.6, "linewidth": 0},
    )


def label_outer(axes: Axes, k: int, n: int, columns: int | None, unit: str) -> None:
    """Label the axes of the `k`-th of `n` maps, in a grid only where no map stands beside it.

    With `columns` of None the axes are the caller's own, each labeled.
    """
    axes.tick_params(labelsize="small")
    if columns is not None and k % columns:
        axes.tick_params(labelleft=False)
    else:
        axes.set_ylabel(f"y [{unit}]")
    if columns is not None and k + columns < n:
        axes.tick_params(labelbottom=False)
    elif columns is None or k // columns == (n - 1) // columns:
        axes.set_xlabel(f"x [{unit}]")


def is_array(ax: Axes | AxesArray | None) -> bool:
    """Tell whether the caller passed an Axes for each picture."""
    return ax is not None and not isinstance(ax, Axes)


def select_elements(maps: xr.DataArray | xr.Dataset, elements: list[str] | None) -> xr.DataArray:
    """Check the dims of maps and take some of their line groups."""
    maps = as_map_dataset(maps, named=False)["intensity"]
    if "element" not in maps.coords:
        maps = maps.assign_coords(element=[str(k) for k in range(maps.sizes["element"])])
    if elements is None:
        return maps
    present = [str(e) for e in maps["element"].to_numpy()]
    elements = find_line_groups(elements, present)
    missing = [e for e in elements if e not in present]
    if missing:
        raise SkxrfError(
            f"no map of {', '.join(missing)}: the maps contain {', '.join(present)}."
            f"{names_instead(missing, present)}"
        )
    return maps.sel(element=elements)


def plane(maps: xr.DataArray, k: int) -> NDArray[Any]:
    """Values of the `k`-th line group, as an array of shape (y, x)."""
    return np.asarray(maps.isel(element=k).to_numpy())


def line_group_label(name: object) -> str:
    """Name of a line group for readers: ``Fe_K`` becomes ``Fe K``."""
    return str(name).replace("_", " ")
