"""CompositeMapDisplay: up to three element maps in one picture, in red, green and blue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.image import AxesImage
from numpy.typing import NDArray

from skxrf.exceptions import SkxrfError

from ._axes import (
    AxesArray,
    draw_scale_bar,
    grid_axes,
    line_group_label,
    map_extent,
    plane,
    select_elements,
)
from ._element_map import color_range


class CompositeMapDisplay:
    """False-color pictures: up to three element maps as red, green and blue light.

    Where elements lie together their colors add up, so that mixtures and layers show. Several
    maps of one object, such as a reference and a prediction, are drawn side by side with the
    same range of counts. Make it with :meth:`from_maps`.

    Parameters
    ----------
    images : dict of str to ndarray of shape (y, x, 3)
        Red, green and blue from 0 to 1, by the title that each picture gets.
    elements : sequence of str
        Line groups shown in red, green and blue.
    maps : DataArray of dims (y, x, element)
        Maps whose coordinates the pictures have.

    Attributes
    ----------
    figure_ : Figure or SubFigure
        Figure of the axes.
    axes_ : ndarray of Axes of shape (n_pictures,)
        One for each picture.
    images_ : list of AxesImage
        The pictures drawn.

    Examples
    --------
    >>> import matplotlib.pyplot as plt, numpy as np, xarray as xr
    >>> from skxrf.plotting import CompositeMapDisplay
    >>> maps = xr.DataArray(np.random.default_rng(0).poisson(50.0, (8, 12, 2)).astype(float),
    ...                     dims=("y", "x", "element"), coords={"element": ["Fe_K", "Hg_L"]})
    >>> display = CompositeMapDisplay.from_maps({"fit": maps, "CNN": maps}, elements=["Hg_L"])
    >>> [ax.get_title() for ax in display.axes_]
    ['fit', 'CNN']
    >>> plt.close(display.figure_)
    """

    figure_: Figure | SubFigure
    axes_: AxesArray
    images_: list[AxesImage]

    def __init__(
        self, images: Mapping[str, NDArray[Any]], elements: Sequence[str], maps: xr.DataArray
    ) -> None:
        self.images = images
        self.elements = elements
        self.maps = maps

    @classmethod
    def from_maps(
        cls,
        maps: xr.DataArray | Mapping[str, xr.DataArray],
        *,
        elements: Sequence[str] | None = None,
        percentiles: tuple[float, float] = (1.0, 99.5),
        gamma: float = 0.7,
        **kwargs: Any,
    ) -> Self:
        """Mix the colors and draw the pictures.

        Parameters
        ----------
        maps : DataArray of dims (y, x, element), or mapping of str to DataArray
            Intensities [counts]; several of them by title. The first sets the ranges.
        elements : sequence of str, optional
            One to three line groups, in the order red, green, blue; by default the first three.
        percentiles : (float, float)
            Percentiles of the first maps that become black and full color.
        gamma : float
            Exponent of the brightness; below 1 it lifts what is dim.
        **kwargs : dict
            Passed to :meth:`plot`.

        Returns
        -------
        CompositeMapDisplay
        """
        several = maps if isinstance(maps, Mapping) else {"": maps}
        first = select_elements(next(iter(several.values())), None)
        names = list(elements or [str(e) for e in first["element"].to_numpy()[:3]])
        if not 1 <= len(names) <= 3:
            raise SkxrfError(
                f"a picture has three colors, got {len(names)} line groups: pass one to three."
            )
        chosen = {title: select_elements(m, names) for title, m in several.items()}
        names = [str(name) for name in select_elements(first, names)["element"].to_numpy()]
        limits = [
            color_range(plane(select_elements(first, names), k), percentiles)
            for k in range(len(names))
        ]
        images = {}
        for title, m in chosen.items():
            image = np.zeros((*m.shape[:2], 3))
            for k, (low, high) in enumerate(limits):
                image[..., k] = np.clip((plane(m, k) - low) / (high - low), 0, 1) ** gamma
            images[title] = np.nan_to_num(image, nan=0.0)
        return cls(images, names, first).plot(**kwargs)

    def plot(
        self,
        *,
        ax: Axes | AxesArray | None = None,
        n_columns: int = 3,
        scale_bar: bool = True,
        key: bool = True,
    ) -> Self:
        """Draw the pictures.

        Parameters
        ----------
        ax : Axes or array of Axes, optional
            Where to draw: one Axes is divided into a grid, an array has one for each picture.
            By default a new pyplot figure, which the caller closes.
        n_columns : int
            Pictures in a row.
        scale_bar : bool
            Whether the first picture gets a scale bar.
        key : bool
            Whether the first picture names its colors.

        Returns
        -------
        self : CompositeMapDisplay
        """
        extent = map_extent(self.maps)
        n = len(self.images)
        columns = min(n_columns, n)
        cell = (4.6, float(np.clip(4.4 * extent.aspect, 1.0, 8.0)) + 0.4)
        self.figure_, self.axes_ = grid_axes(ax, (-(-n // columns), columns), n, cell=cell)
        self.images_ = []
        for axes, (title, image) in zip(self.axes_, self.images.items(), strict=True):
            drawn = axes.imshow(image, extent=extent.edges, aspect="equal", interpolation="nearest")
            self.images_.append(drawn)
            axes.set_title(title)
            axes.set_xticks([])
            axes.set_yticks([])
        if scale_bar:
            draw_scale_bar(self.axes_[0], extent)
        if key:
            for k, (name, color) in enumerate(
                zip(self.elements, ("red", "green", "blue"), strict=False)
            ):
                self.axes_[0].annotate(
                    line_group_label(name),
                    (1, 1),
                    xycoords="axes fraction",
                    xytext=(-6, -6 - 15 * k),
                    textcoords="offset points",
                    ha="right",
                    va="top",
                    color="white",
                    fontsize="small",
                    bbox={"boxstyle": "square,pad=0.25", "facecolor": color, "edgecolor": "none"},
                )
        return self
