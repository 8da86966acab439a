"""CountHistogramDisplay: number of pixels per interval of counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from skxrf.exceptions import SkxrfError

from ._axes import AxesArray, grid_axes, line_group_label, plane, select_elements
from ._style import LINE_COLORS


class CountHistogramDisplay:
    """Number of pixels per interval of counts, in the reference and in predictions.

    A prediction with the right maps but a bent scale, or without its brightest pixels, shows
    here (figure 6 of Gerodimos et al.). Make it with :meth:`from_maps`.

    Parameters
    ----------
    edges : list of ndarray of shape (n_intervals + 1,)
        Edges of the intervals [counts], for each line group.
    n_pixels : dict of str to list of ndarray of shape (n_intervals,)
        Pixels per interval for each line group, by the name of the maps; the first is the
        reference, drawn filled.
    elements : list of str
        The line groups.

    Attributes
    ----------
    figure_ : Figure or SubFigure
        Figure of the axes.
    axes_ : ndarray of Axes of shape (n_elements,)
        One for each line group.
    legend_handles_ : list of Patch and Line2D
        Handles for a legend elsewhere.

    Examples
    --------
    >>> import matplotlib.pyplot as plt, numpy as np, xarray as xr
    >>> from skxrf.plotting import CountHistogramDisplay
    >>> maps = xr.DataArray(np.arange(12.0).reshape(3, 4, 1), dims=("y", "x", "element"),
    ...                     coords={"element": ["Fe_K"]})
    >>> display = CountHistogramDisplay.from_maps(maps, {"twice": 2 * maps}, bins=4)
    >>> display.n_pixels["twice"][0]
    array([3, 3, 3, 3])
    >>> plt.close(display.figure_)
    """

    figure_: Figure | SubFigure
    axes_: AxesArray
    legend_handles_: list[Patch | Line2D]

    def __init__(
        self,
        edges: list[NDArray[np.float64]],
        n_pixels: dict[str, list[NDArray[np.int64]]],
        elements: list[str],
    ) -> None:
        self.edges = edges
        self.n_pixels = n_pixels
        self.elements = elements

    @classmethod
    def from_maps(
        cls,
        reference: xr.DataArray,
        predictions: Mapping[str, xr.DataArray],
        *,
        elements: list[str] | None = None,
        bins: int = 30,
        reference_name: str = "reference",
        **kwargs: Any,
    ) -> Self:
        """Count the pixels and draw their numbers.

        Parameters
        ----------
        reference : DataArray of dims (y, x, element)
            Intensities [counts].
        predictions : mapping of str to DataArray
            Predicted maps by the name that the legend gives them. Pixels without a value are
            not counted, in each of the maps.
        elements : list of str, optional
            The line groups to draw; by default all of the reference.
        bins : int
            Number of intervals, of equal width from the least to the largest value.
        reference_name : str
            Name of the reference in the legend.
        **kwargs : dict
            Passed to :meth:`plot`.

        Returns
        -------
        CountHistogramDisplay
        """
        if bins < 1:
            raise SkxrfError(f"bins must be at least 1, got {bins}.")
        reference = select_elements(reference, elements)
        names = [str(e) for e in reference["element"].to_numpy()]
        maps = {reference_name: reference} | {
            name: select_elements(prediction, names) for name, prediction in predictions.items()
        }
        edges, n_pixels = [], {name: [] for name in maps}  # type: ignore[var-annotated]
        for k in range(len(names)):
            values = {name: _finite(plane(m, k)) for name, m in maps.items()}
            edges.append(np.histogram_bin_edges(np.concatenate(list(values.values())), bins))
            for name, finite in values.items():
                n_pixels[name].append(np.histogram(finite, edges[-1])[0])
        return cls(edges, n_pixels, names).plot(**kwargs)

    def plot(
        self,
        *,
        ax: Axes | AxesArray | None = None,
        n_columns: int = 4,
        log: bool = True,
        legend: bool = True,
        **line_kw: Any,
    ) -> Self:
        """Draw the histograms.

        Parameters
        ----------
        ax : Axes or array of Axes, optional
            Where to draw: one Axes is divided into a grid, an array has one for each line
            group. By default a new pyplot figure, which the caller closes.
        n_columns : int
            Histograms in a row.
        log : bool
            Whether the numbers of pixels stand on a logarithmic axis.
        legend : bool
            Whether to name the colors: above the histograms of a new figure, else in the first.
        **line_kw : dict
            Passed to ``Axes.stairs`` for the predictions.

        Returns
        -------
        self : CountHistogramDisplay
        """
        n = len(self.elements)
        columns = min(n_columns, n)
        shape = (-(-n // columns), columns)
        self.figure_, self.axes_ = grid_axes(ax, shape, n, cell=(3.2, 2.6))
        handles: list[Patch | Line2D] = []
        for i, name in enumerate(self.n_pixels):
            color = LINE_COLORS[(i - 1) % len(LINE_COLORS)] if i else "0.8"
            style: dict[str, Any] = {"linewidth": 1.3} | line_kw if i else {"fill": True}
            for k, axes in enumerate(self.axes_):
                axes.stairs(self.n_pixels[name][k], self.edges[k], color=color, **style)
            handles.append(
                Line2D([], [], color=color, label=name) if i else Patch(color=color, label=name)
            )
        for k, axes in enumerate(self.axes_):
            if log:
                axes.set_yscale("log")
                axes.set_ylim(bottom=0.7)
            axes.set_title(line_group_label(self.elements[k]))
            axes.tick_params(labelsize="small")
            if k // columns == (n - 1) // columns:
                axes.set_xlabel("counts")
            if k % columns == 0:
                axes.set_ylabel("pixels")
        self.legend_handles_ = handles
        if legend and ax is None:
            self.figure_.legend(handles=handles, loc="outside upper center", ncols=6, frameon=False)
        elif legend:
            self.axes_[0].legend(handles=handles, fontsize="small", frameon=False)
        return self


def _finite(values: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(values[np.isfinite(values)])
