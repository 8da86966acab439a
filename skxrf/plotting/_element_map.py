"""ElementMapDisplay: a grid of element maps."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.image import AxesImage
from numpy.typing import NDArray

from skxrf.exceptions import SkxrfError
from skxrf.samples import to_maps

from ._axes import (
    AxesArray,
    MapExtent,
    draw_scale_bar,
    grid_axes,
    is_array,
    label_outer,
    line_group_label,
    map_extent,
    plane,
    select_elements,
)


class ElementMapDisplay:
    """Element maps side by side, each with its own color bar in counts.

    Make it with :meth:`from_maps`, :meth:`from_predictions` or :meth:`from_estimator`; all
    arguments are stored as attributes.

    Parameters
    ----------
    maps : DataArray of dims (y, x, element)
        Intensities [counts]. Float coordinates ``y``, ``x`` are millimeters, others pixels.

    Attributes
    ----------
    figure_ : Figure or SubFigure
        Figure of the axes.
    axes_ : ndarray of Axes of shape (n_elements,)
        One for each map.
    images_ : list of AxesImage
        The maps drawn, in the order of the axes.
    colorbars_ : list of Colorbar
        Their color bars; empty where none was asked for.

    See Also
    --------
    MapComparisonDisplay : Reference, prediction and |z| side by side.

    Examples
    --------
    >>> import matplotlib.pyplot as plt, numpy as np, xarray as xr
    >>> from skxrf.plotting import ElementMapDisplay
    >>> maps = xr.DataArray(np.random.default_rng(0).poisson(9.0, (8, 12, 2)),
    ...                     dims=("y", "x", "element"), coords={"element": ["Fe_K", "Pb_L"]})
    >>> display = ElementMapDisplay.from_maps(maps)
    >>> [ax.get_title() for ax in display.axes_]
    ['Fe K', 'Pb L']
    >>> plt.close(display.figure_)
    """

    figure_: Figure | SubFigure
    axes_: AxesArray
    images_: list[AxesImage]
    colorbars_: list[Any]

    def __init__(self, maps: xr.DataArray) -> None:
        self.maps = maps

    @classmethod
    def from_maps(
        cls, maps: xr.DataArray | xr.Dataset, *, elements: list[str] | None = None, **kwargs: Any
    ) -> Self:
        """Draw maps.

        Parameters
        ----------
        maps : DataArray of dims (y, x, element), or Dataset with such an ``intensity``
            Intensities [counts].
        elements : list of str, optional
            The line groups to draw, in this order; by default all.
        **kwargs : dict
            Passed to :meth:`plot`.

        Returns
        -------
        ElementMapDisplay
        """
        return cls(select_elements(maps, elements)).plot(**kwargs)

    @classmethod
    def from_predictions(
        cls,
        y_pred: object,
        *,
        like: object = None,
        elements: list[str] | None = None,
        **kwargs: Any,
    ) -> Self:
        """Draw a table of predictions of one painting.

        Parameters
        ----------
        y_pred : DataFrame or array of shape (n_pixels, n_elements)
            Intensities [counts]; a table carries the ``(painting, y, x)`` index itself.
        like : DataFrame, optional
            The table whose index and columns a bare array has.
        elements : list of str, optional
            The line groups to draw; by default all.
        **kwargs : dict
            Passed to :meth:`plot`.

        Returns
        -------
        ElementMapDisplay
        """
        maps = to_maps(y_pred, like=like)
        if isinstance(maps, dict):
            raise SkxrfError(
                f"the table contains {len(maps)} paintings ({', '.join(maps)}): draw them one by one."
            )
        return cls.from_maps(maps, elements=elements, **kwargs)

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        cube: xr.DataArray,
        *,
        elements: list[str] | None = None,
        **kwargs: Any,
    ) -> Self:
        """Predict the maps of a cube and draw them.

        Parameters
        ----------
        estimator : fitted regressor
            Anything that :func:`skxrf.inference.predict_maps` takes.
        cube : DataArray of dims (y, x, energy)
            Counts.
        elements : list of str, optional
            Names of the estimator's outputs, where it has none itself.
        **kwargs : dict
            Passed to :meth:`plot`.

        Returns
        -------
        ElementMapDisplay
        """
        from skxrf.inference import predict_maps

        return cls.from_maps(predict_maps(estimator, cube, elements=elements), **kwargs)

    def plot(
        self,
        *,
        ax: Axes | AxesArray | None = None,
        n_columns: int = 4,
        percentiles: tuple[float, float] | None = None,
        cmap: str = "inferno",
        colorbar: bool = True,
        scale_bar: bool = True,
        **im_kw: Any,
    ) -> Self:
        """Draw the maps.

        Parameters
        ----------
        ax : Axes or array of Axes, optional
            Where to draw: one Axes is divided into a grid, an array has one for each map.
            By default a new pyplot figure, which the caller closes.
        n_columns : int
            Maps in a row.
        percentiles : (float, float), optional
            The colors span these percentiles of each map, such as ``(1, 99)``, and the label
            of the color bars shows it; by default from the least to the largest value.
        cmap : str
            Name of a matplotlib color map; the default is perceptually uniform.
        colorbar : bool
            Whether each map gets a color bar; the last of a row is labeled.
        scale_bar : bool
            Whether the first map gets a scale bar.
        **im_kw : dict
            Passed to ``Axes.imshow``; ``vmin`` and ``vmax`` set one color range for all maps.

        Returns
        -------
        self : ElementMapDisplay
        """
        maps = select_elements(self.maps, None)
        extent = map_extent(maps)
        n = maps.sizes["element"]
        columns = min(n_columns, n)
        shape = (-(-n // columns), columns)
        # One map alone is larger than those of a grid.
        size = 1.5 if n == 1 else 1.0
        cell = (3.2 * size, float(np.clip(2.3 * size * extent.aspect, 0.9, 6.0)) + 0.5)
        self.figure_, self.axes_ = grid_axes(ax, shape, n, cell=cell)
        self.images_, self.colorbars_ = [], []
        names = maps["element"].to_numpy()
        unit = str(maps.attrs.get("units", "counts"))
        for k, axes in enumerate(self.axes_):
            values = plane(maps, k)
            limits = color_range(values, percentiles)
            image = draw_map(axes, values, extent, cmap=cmap, limits=limits, **im_kw)
            axes.set_title(line_group_label(names[k]))
            label_outer(axes, k, n, None if is_array(ax) else columns, extent.unit)
            self.images_.append(image)
            if colorbar:
                last = is_array(ax) or k == n - 1 or k % columns == columns - 1
                label = colorbar_label(percentiles, unit) if last else ""
                self.colorbars_.append(draw_colorbar(image, axes, values, label))
        if scale_bar:
            draw_scale_bar(self.axes_[0], extent)
        return self


def color_range(
    values: NDArray[Any], percentiles: tuple[float, float] | None
) -> tuple[float, float]:
    """Least and largest finite value, or the given percentiles; (0, 1) where none is finite."""
    finite = values[np.isfinite(values)]
    if finite.size == 0:
        return 0.0, 1.0
    low, high = (
        (finite.min(), finite.max()) if percentiles is None else np.percentile(finite, percentiles)
    )
    return float(low), float(high) if high > low else float(low) + 1.0


def draw_map(
    axes: Axes,
    values: NDArray[Any],
    extent: MapExtent,
    *,
    cmap: str,
    limits: tuple[float, float],
    **im_kw: Any,
) -> AxesImage:
    """Draw one map; pixels without a value are gray."""
    options: dict[str, Any] = {
        "vmin": limits[0],
        "vmax": limits[1],
        "interpolation": "nearest",
        "cmap": cmap,
    } | im_kw
    axes.set_facecolor("0.85")
    # Equal steps in x and y; imshow draws the first row on top.
    return axes.imshow(values, extent=extent.edges, aspect="equal", **options)


def draw_colorbar(image: AxesImage, axes: Axes, values: NDArray[Any], label: str) -> Any:
    """Draw a color bar as high as the map; it has arrows where `values` go beyond it."""
    finite = values[np.isfinite(values)]
    low, high = image.get_clim()
    below = bool(finite.size) and bool(finite.min() < low)
    above = bool(finite.size) and bool(finite.max() > high)
    extend = {(0, 0): "neither", (1, 0): "min", (0, 1): "max", (1, 1): "both"}[below, above]
    bar = axes.figure.colorbar(image, cax=axes.inset_axes((1.03, 0, 0.05, 1)), extend=extend)
    bar.set_label(label, fontsize="x-small")
    bar.ax.tick_params(labelsize="small")
    return bar


def colorbar_label(percentiles: tuple[float, float] | None, unit: str = "counts") -> str:
    """Name the unit and, where the range is robust, its percentiles."""
    span = [] if percentiles is None else [f"{percentiles[0]:g}–{percentiles[1]:g} %"]
    return "\n".join([*([unit] if unit else []), *span])
