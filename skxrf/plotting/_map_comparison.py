"""MapComparisonDisplay: reference, prediction and |z| of each line group in a row."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from numpy.typing import NDArray

from skxrf.metrics import z_score

from ._axes import (
    AxesArray,
    draw_scale_bar,
    grid_axes,
    line_group_label,
    map_extent,
    plane,
    select_elements,
)
from ._element_map import color_range, colorbar_label, draw_colorbar, draw_map
from ._zscore_map import draw_z_key, draw_z_map, z_class_shares


class MapComparisonDisplay:
    """Reference map, predicted map and |z| heat map side by side, one row a line group.

    Both maps of a row share one range of colors. The |z| map is white, yellow, red and black
    as in :class:`ZScoreMapDisplay` (figure 5 of Gerodimos et al.). Make it with
    :meth:`from_maps`.

    Parameters
    ----------
    reference, prediction, z : DataArray of dims (y, x, element)
        Intensities [counts], and the z-scores between them.

    Attributes
    ----------
    figure_ : Figure or SubFigure
        Figure of the axes.
    axes_ : ndarray of Axes of shape (n_elements, 3)
        Reference, prediction and |z| of each line group.
    shares_ : ndarray of shape (n_elements, 4)
        Share of the pixels in each class of |z|.

    Examples
    --------
    >>> import matplotlib.pyplot as plt, numpy as np, xarray as xr
    >>> from skxrf.plotting import MapComparisonDisplay
    >>> maps = xr.DataArray(np.random.default_rng(0).poisson(50.0, (8, 12, 2)).astype(float),
    ...                     dims=("y", "x", "element"), coords={"element": ["Au_L", "Hg_L"]})
    >>> display = MapComparisonDisplay.from_maps(maps, maps + 1, titles=("fit", "CNN"))
    >>> display.axes_.shape
    (2, 3)
    >>> plt.close(display.figure_)
    """

    figure_: Figure | SubFigure
    axes_: AxesArray
    shares_: NDArray[np.float64]

    def __init__(self, reference: xr.DataArray, prediction: xr.DataArray, z: xr.DataArray) -> None:
        self.reference = reference
        self.prediction = prediction
        self.z = z

    @classmethod
    def from_maps(
        cls,
        reference: xr.DataArray,
        prediction: xr.DataArray,
        *,
        sigma: Any = None,
        elements: list[str] | None = None,
        **kwargs: Any,
    ) -> Self:
        """Compare predicted maps with reference maps.

        Parameters
        ----------
        reference, prediction : DataArray of dims (y, x, element)
            Intensities [counts].
        sigma : {"poisson", "residual"}, float or DataArray, optional
            Standard deviation, see :func:`skxrf.metrics.z_score`; by default
            ``sqrt(reference + 1)``.
        elements : list of str, optional
            The line groups to draw; by default all of the reference.
        **kwargs : dict
            Passed to :meth:`plot`.

        Returns
        -------
        MapComparisonDisplay
        """
        reference = select_elements(reference, elements)
        prediction = select_elements(prediction, [str(e) for e in reference["element"].to_numpy()])
        z = z_score(reference, prediction, sigma=sigma)
        return cls(reference, prediction, z).plot(**kwargs)

    def plot(
        self,
        *,
        ax: Axes | AxesArray | None = None,
        titles: tuple[str, str] = ("reference", "prediction"),
        percentiles: tuple[float, float] | None = None,
        cmap: str = "inferno",
    ) -> Self:
        """Draw the comparison.

        Parameters
        ----------
        ax : Axes or array of Axes, optional
            Where to draw: one Axes is divided into a grid, an array has three for each line
            group. By default a new pyplot figure, which the caller closes.
        titles : (str, str)
            Titles of the reference and the prediction.
        percentiles : (float, float), optional
            The colors span these percentiles of the reference, such as ``(1, 99)``; by
            default from its least to its largest value.
        cmap : str
            Name of a matplotlib color map; the default is perceptually uniform.

        Returns
        -------
        self : MapComparisonDisplay
        """
        extent = map_extent(self.reference)
        n = self.reference.sizes["element"]
        height = float(np.clip(2.6 * extent.aspect, 0.8, 5.0)) + 0.3
        self.figure_, flat = grid_axes(ax, (n, 3), 3 * n, cell=(3.1, height))
        self.axes_ = flat.reshape(n, 3)
        self.shares_ = np.array([z_class_shares(plane(self.z, k)) for k in range(n)])
        for k, (left, middle, right) in enumerate(self.axes_):
            values = plane(self.reference, k)
            limits = color_range(values, percentiles)
            image = draw_map(left, values, extent, cmap=cmap, limits=limits)
            draw_map(middle, plane(self.prediction, k), extent, cmap=cmap, limits=limits)
            draw_z_map(right, plane(self.z, k), extent)
            draw_colorbar(image, middle, plane(self.prediction, k), colorbar_label(percentiles))
            name = line_group_label(self.reference["element"].to_numpy()[k])
            left.set_ylabel(name, fontsize="large", fontweight="bold")
            draw_z_key(right, self.shares_[k], extent)
            for axes in (left, middle, right):
                axes.set_xticks([])
                axes.set_yticks([])
        for axes, title in zip(self.axes_[0], (*titles, "|z|"), strict=True):
            axes.set_title(title)
        draw_scale_bar(self.axes_[0, 0], extent)
        return self
