"""ZScoreMapDisplay: where a prediction is off by more than its noise."""

from __future__ import annotations

from typing import Any, Self, cast

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import Figure, SubFigure
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from skxrf.exceptions import SkxrfError
from skxrf.metrics import z_score
from skxrf.samples import to_maps

from ._axes import (
    AxesArray,
    MapExtent,
    grid_axes,
    is_array,
    label_outer,
    line_group_label,
    map_extent,
    plane,
    select_elements,
)

# The classes and colors of Gerodimos et al., figure 5: white, yellow, red, black.
Z_LIMITS = (1.0, 2.0, 3.0)
Z_COLORS = ("#ffffff", "#f9d423", "#d7261e", "#000000")


class ZScoreMapDisplay:
    """Heat maps of |z| in four colors, with the share of pixels in each class.

    White is |z| <= 1, yellow <= 2, red <= 3, black more, as in figure 5 of Gerodimos et al.;
    pixels without a value are gray. Make it with :meth:`from_maps`, :meth:`from_predictions`
    or :meth:`from_estimator`.

    Parameters
    ----------
    z : DataArray of dims (y, x, element)
        Distances in standard deviations; a sign is left out.

    Attributes
    ----------
    figure_ : Figure or SubFigure
        Figure of the axes.
    axes_ : ndarray of Axes of shape (n_elements,)
        One for each map.
    images_ : list of AxesImage
        The maps drawn, of class numbers 0 to 3.
    shares_ : ndarray of shape (n_elements, 4)
        Share of the pixels in each class, of those that have a value; each row adds up to 1.

    See Also
    --------
    skxrf.metrics.z_score : Defines z and its sigma.

    Examples
    --------
    >>> import matplotlib.pyplot as plt, numpy as np, xarray as xr
    >>> from skxrf.plotting import ZScoreMapDisplay
    >>> z = xr.DataArray([[[0.5], [-1.5]], [[2.5], [0.0]]], dims=("y", "x", "element"),
    ...                  coords={"element": ["Fe_K"]})
    >>> display = ZScoreMapDisplay(z).plot()
    >>> display.shares_[0]
    array([0.5 , 0.25, 0.25, 0.  ])
    >>> plt.close(display.figure_)
    """

    figure_: Figure | SubFigure
    axes_: AxesArray
    images_: list[AxesImage]
    shares_: NDArray[np.float64]

    def __init__(self, z: xr.DataArray) -> None:
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
        """Draw the |z| of predicted maps against reference maps.

        Parameters
        ----------
        reference, prediction : DataArray of dims (y, x, element)
            Intensities [counts].
        sigma : {"poisson", "residual"}, float or DataArray, optional
            Standard deviation, see :func:`skxrf.metrics.z_score`; by default
            ``sqrt(reference + 1)``.
        elements : list of str, optional
            The line groups to draw; by default all.
        **kwargs : dict
            Passed to :meth:`plot`.

        Returns
        -------
        ZScoreMapDisplay
        """
        reference = select_elements(reference, elements)
        prediction = select_elements(prediction, [str(e) for e in reference["element"].to_numpy()])
        return cls(z_score(reference, prediction, sigma=sigma)).plot(**kwargs)

    @classmethod
    def from_predictions(
        cls,
        y_true: Any,
        y_pred: Any,
        *,
        sigma: Any = None,
        elements: list[str] | None = None,
        **kwargs: Any,
    ) -> Self:
        """Draw the |z| of a table of predictions of one painting.

        Parameters
        ----------
        y_true : DataFrame of shape (n_pixels, n_elements)
            Reference intensities [counts], with the ``(painting, y, x)`` index.
        y_pred : DataFrame or array of shape (n_pixels, n_elements)
            Predicted intensities [counts].
        sigma : {"poisson", "residual"}, float or DataArray, optional
            Standard deviation, see :func:`skxrf.metrics.z_score`; by default
            ``sqrt(reference + 1)``.
        elements : list of str, optional
            The line groups to draw; by default all.
        **kwargs : dict
            Passed to :meth:`plot`.

        Returns
        -------
        ZScoreMapDisplay
        """
        reference, prediction = to_maps(y_true), to_maps(y_pred, like=y_true)
        if isinstance(reference, dict) or isinstance(prediction, dict):
            raise SkxrfError("the tables contain several paintings: draw them one by one.")
        return cls.from_maps(reference, prediction, sigma=sigma, elements=elements, **kwargs)

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        cube: xr.DataArray,
        reference: xr.DataArray,
        *,
        sigma: Any = None,
        elements: list[str] | None = None,
        **kwargs: Any,
    ) -> Self:
        """Predict the maps of a cube and draw their |z| against reference maps.

        Parameters
        ----------
        estimator : fitted regressor
            Anything that :func:`skxrf.inference.predict_maps` takes.
        cube : DataArray of dims (y, x, energy)
            Counts.
        reference : DataArray of dims (y, x, element)
            Intensities [counts]; its line groups name the estimator's outputs.
        sigma : {"poisson", "residual"}, float or DataArray, optional
            Standard deviation, see :func:`skxrf.metrics.z_score`; by default
            ``sqrt(reference + 1)``.
        elements : list of str, optional
            The line groups to draw; by default all of the reference.
        **kwargs : dict
            Passed to :meth:`plot`.

        Returns
        -------
        ZScoreMapDisplay
        """
        from skxrf.inference import predict_maps

        names = [str(e) for e in reference["element"].to_numpy()]
        prediction = cast(xr.DataArray, predict_maps(estimator, cube, elements=names))
        return cls.from_maps(reference, prediction, sigma=sigma, elements=elements, **kwargs)

    def plot(
        self,
        *,
        ax: Axes | AxesArray | None = None,
        n_columns: int = 4,
        key: bool = True,
        **im_kw: Any,
    ) -> Self:
        """Draw the heat maps.

        Parameters
        ----------
        ax : Axes or array of Axes, optional
            Where to draw: one Axes is divided into a grid, an array has one for each map.
            By default a new pyplot figure, which the caller closes.
        n_columns : int
            Maps in a row.
        key : bool
            Whether each map has a legend of the colors with the shares of pixels.
        **im_kw : dict
            Passed to ``Axes.imshow``.

        Returns
        -------
        self : ZScoreMapDisplay
        """
        z = select_elements(self.z, None)
        extent = map_extent(z)
        n = z.sizes["element"]
        columns = min(n_columns, n)
        height = float(np.clip(2.5 * extent.aspect, 0.9, 6.0)) + 0.5
        shape = (-(-n // columns), columns)
        self.figure_, self.axes_ = grid_axes(ax, shape, n, cell=(3.2, height))
        self.images_ = []
        self.shares_ = np.array([z_class_shares(plane(z, k)) for k in range(n)])
        names = z["element"].to_numpy()
        for k, axes in enumerate(self.axes_):
            self.images_.append(draw_z_map(axes, plane(z, k), extent, **im_kw))
            axes.set_title(line_group_label(names[k]))
            label_outer(axes, k, n, None if is_array(ax) else columns, extent.unit)
            if key:
                draw_z_key(axes, self.shares_[k], extent)
        return self


def z_class_shares(z: NDArray[Any]) -> NDArray[np.float64]:
    """Share of the pixels with |z| in each of the four classes, of those that have a value."""
    finite = np.abs(z[np.isfinite(z)])
    if finite.size == 0:
        return np.full(len(Z_COLORS), np.nan)
    counts = np.bincount(_classes(finite).astype(np.int64), minlength=len(Z_COLORS))
    return np.asarray(counts / finite.size, dtype=np.float64)


def draw_z_map(axes: Axes, z: NDArray[Any], extent: MapExtent, **im_kw: Any) -> AxesImage:
    """Draw the class of each pixel, 0 to 3, in its color."""
    classes = np.where(np.isfinite(z), _classes(np.abs(z)), np.nan)
    axes.set_facecolor("#cfd4da")
    options: dict[str, Any] = {
        "interpolation": "nearest",
        "cmap": ListedColormap(list(Z_COLORS)),
        "norm": BoundaryNorm(np.arange(-0.5, len(Z_COLORS)), len(Z_COLORS)),
    } | im_kw
    return axes.imshow(classes, extent=extent.edges, aspect="equal", **options)


def draw_z_key(axes: Axes, shares: NDArray[np.float64], extent: MapExtent) -> None:
    """Draw a box for each class beside a map, in its color, with the share of its pixels."""
    # The boxes of a wide, low map have no room for two lines of text.
    low = extent.aspect < 0.45
    key = axes.inset_axes((1.03, 0, 0.4 if low else 0.24, 1))
    for k, (color, label, share) in enumerate(
        zip(Z_COLORS, ("|z| ≤ 1", "1 – 2", "2 – 3", "> 3"), shares, strict=True)
    ):
        key.add_patch(Rectangle((0, 3 - k), 1, 1, facecolor=color, edgecolor="0.35", linewidth=0.8))
        key.text(
            0.5,
            3.5 - k,
            f"{label}{': ' if low else chr(10)}{percent(share)}",
            ha="center",
            va="center",
            fontsize="x-small",
            color="black" if k < 2 else "white",
        )
    key.set_xlim(0, 1)
    key.set_ylim(0, 4)
    key.set_axis_off()


def percent(share: float) -> str:
    """``0.683`` as ``68 %``; small ones with a digit more, so that few is not none."""
    if not np.isfinite(share):
        return "–"
    return f"{100 * share:.1f} %" if 0 < share < 0.1 else f"{100 * share:.0f} %"


def _classes(z: NDArray[Any]) -> NDArray[Any]:
    # A value on a limit belongs to the lower class: |z| <= 1 is white.
    return np.searchsorted(Z_LIMITS, z, side="left").astype(np.float64)
