"""LossCurveDisplay: how the loss of networks fell while they were trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from skxrf.exceptions import SkxrfError
from skxrf.utils.training import find_network, loss_curves

from ._axes import AxesArray, grid_axes
from ._style import LINE_COLORS


class LossCurveDisplay:
    """Training and validation loss per epoch, one panel a network.

    Each panel has its own scale, since networks with different losses cannot be compared by
    them. Make it with :meth:`from_estimator` or :meth:`from_curves`.

    Parameters
    ----------
    curves : mapping of str to mapping of str to sequence of float
        For each network its curves, such as ``{"CNN": {"training": [...], "validation":
        [...]}}``.

    Attributes
    ----------
    figure_ : Figure or SubFigure
        Figure of the axes.
    axes_ : ndarray of Axes of shape (n_networks,)
        One for each network.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from skxrf.plotting import LossCurveDisplay
    >>> display = LossCurveDisplay.from_curves({"CNN": {"training": [3.0, 2.0, 1.5]}})
    >>> display.axes_[0].get_title()
    'CNN'
    >>> plt.close(display.figure_)
    """

    figure_: Figure | SubFigure
    axes_: AxesArray

    def __init__(self, curves: Mapping[str, Mapping[str, Sequence[float]]]) -> None:
        self.curves = curves

    @classmethod
    def from_curves(
        cls, curves: Mapping[str, Mapping[str, Sequence[float]]], **kwargs: Any
    ) -> Self:
        """Draw given curves.

        Parameters
        ----------
        curves : mapping of str to mapping of str to sequence of float
            For each network its curves, as in the class.
        **kwargs : dict
            Passed to :meth:`plot`.

        Returns
        -------
        LossCurveDisplay
        """
        return cls(curves).plot(**kwargs)

    @classmethod
    def from_estimator(cls, estimator: Any, *, name: str | None = None, **kwargs: Any) -> Self:
        """Draw the curves of a fitted network.

        Parameters
        ----------
        estimator : fitted regressor
            A network, or a Pipeline or meta-estimator with a network inside.
        name : str, optional
            Title of the panel; by default the class of the network.
        **kwargs : dict
            Passed to :meth:`plot`.

        Returns
        -------
        LossCurveDisplay
        """
        network = find_network(estimator)
        if network is None:
            raise SkxrfError(
                f"{type(estimator).__name__} contains no network with a loss_curve_: fit it first, "
                "or pass the curves to from_curves."
            )
        return cls({name or type(network).__name__: loss_curves(estimator)}).plot(**kwargs)

    def plot(
        self, *, ax: Axes | AxesArray | None = None, n_columns: int = 3, **line_kw: Any
    ) -> Self:
        """Draw the curves.

        Parameters
        ----------
        ax : Axes or array of Axes, optional
            Where to draw: one Axes is divided into a grid, an array has one for each network.
            By default a new pyplot figure, which the caller closes.
        n_columns : int
            Panels in a row.
        **line_kw : dict
            Passed to ``Axes.plot``.

        Returns
        -------
        self : LossCurveDisplay
        """
        if not self.curves:
            raise SkxrfError("no loss curve to draw.")
        n = len(self.curves)
        columns = min(n_columns, n)
        shape = (-(-n // columns), columns)
        self.figure_, self.axes_ = grid_axes(ax, shape, n, cell=(3.4, 2.5))
        for k, (axes, (name, curves)) in enumerate(
            zip(self.axes_, self.curves.items(), strict=True)
        ):
            for i, (what, losses) in enumerate(curves.items()):
                epochs = np.arange(1, len(losses) + 1)
                # A single epoch makes no line: show its point.
                options = {
                    "color": LINE_COLORS[i % len(LINE_COLORS)],
                    "linewidth": 1.3,
                    "marker": "o" if len(losses) < 12 else "",
                    "markersize": 3,
                    "label": what,
                } | line_kw
                axes.plot(epochs, losses, **options)
            values = np.concatenate([np.asarray(c, dtype=float) for c in curves.values()])
            finite = values[np.isfinite(values)]
            if finite.size and finite.min() > 0 and finite.max() > 5 * finite.min():
                axes.set_yscale("log")
                axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
                axes.yaxis.set_major_formatter("{x:g}")
                axes.yaxis.set_minor_formatter(NullFormatter())
            axes.set_title(name)
            axes.tick_params(labelsize="small")
            longest = max(len(losses) for losses in curves.values())
            axes.set_xlim(0.5, longest + 0.5)
            axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1, nbins=6))
            if len(curves) > 1:
                axes.legend(fontsize="small", frameon=False)
            if k // columns == (n - 1) // columns:
                axes.set_xlabel("epoch")
            if k % columns == 0:
                axes.set_ylabel("loss")
        return self
