"""SpectrumDisplay: the sum and the maximum-pixel spectrum of a cube, with line labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.text import Text
from numpy.typing import ArrayLike, NDArray
from sklearn.isotonic import isotonic_regression

from skxrf.exceptions import SkxrfError
from skxrf.physics import LineGroup, line_group
from skxrf.spectra import max_spectrum, sum_spectrum
from skxrf.utils.energy import resolve_energy
from skxrf.utils.validation import as_cube

from ._axes import AxesArray, grid_axes, line_group_label
from ._style import LINE_COLORS

_LABEL_SIZE = 8.0  # points


class SpectrumDisplay:
    """Spectra on an axis in keV, with the line groups labeled where their strongest line is.

    The maximum-pixel spectrum contains, for each channel, the counts of the pixel that has most
    of them: it shows the pigments that are too rare to show in the sum. Make it with
    :meth:`from_cube`.

    Parameters
    ----------
    energy : array-like of shape (n_channels,)
        Bin centers [keV].
    spectra : dict of str to array-like of shape (n_channels,)
        Counts per channel, by the name that the legend gives them.
    elements : sequence of str
        Line groups to label, such as ``["Fe_K", "Pb_L"]``.

    Attributes
    ----------
    figure_ : Figure or SubFigure
        Figure of the axes.
    axes_ : ndarray of Axes of shape (1,)
        The one Axes, in an array as in the other Displays.
    labels_ : list of Text
        The line labels, by energy.

    Examples
    --------
    >>> import matplotlib.pyplot as plt, numpy as np
    >>> from skxrf.plotting import SpectrumDisplay
    >>> energy = np.linspace(0, 10, 200)
    >>> counts = 5 + 100 * np.exp(-((energy - 6.4) ** 2) / 0.01)
    >>> display = SpectrumDisplay(energy, {"sum": counts}, ["Fe_K"]).plot()
    >>> [label.get_text() for label in display.labels_]
    ['Fe K']
    >>> plt.close(display.figure_)
    """

    figure_: Figure | SubFigure
    axes_: AxesArray
    labels_: list[Text]

    def __init__(
        self,
        energy: ArrayLike,
        spectra: dict[str, Any],
        elements: Sequence[str] = (),
    ) -> None:
        self.energy = energy
        self.spectra = spectra
        self.elements = elements

    @classmethod
    def from_cube(cls, cube: xr.DataArray, *, elements: Sequence[str] = (), **kwargs: Any) -> Self:
        """Draw the sum and the maximum-pixel spectrum of a cube.

        Parameters
        ----------
        cube : DataArray of dims (y, x, energy)
            Counts; a lazy cube is read once, block by block.
        elements : sequence of str
            Line groups to label.
        **kwargs : dict
            Passed to :meth:`plot`.

        Returns
        -------
        SpectrumDisplay
        """
        cube = as_cube(cube)
        both = xr.Dataset({"sum": sum_spectrum(cube), "maximum": max_spectrum(cube)}).compute()
        spectra = {
            "sum of all pixels": both["sum"].to_numpy(),
            "maximum pixel": both["maximum"].to_numpy(),
        }
        energy = cube["energy"].to_numpy() if "energy" in cube.coords else (0.0, 1.0)
        return cls(energy, spectra, elements).plot(**kwargs)

    def plot(
        self,
        *,
        ax: Axes | None = None,
        energy_range: tuple[float, float] | None = None,
        log: bool = True,
        **line_kw: Any,
    ) -> Self:
        """Draw the spectra.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw; by default a new pyplot figure, which the caller closes.
        energy_range : (float, float), optional
            The energies to show [keV]; by default all above 0.
        log : bool
            Whether counts stand on a logarithmic axis.
        **line_kw : dict
            Passed to ``Axes.plot``.

        Returns
        -------
        self : SpectrumDisplay
        """
        if not self.spectra:
            raise SkxrfError("no spectrum to draw: pass spectra={'sum': counts}.")
        curves = {name: np.asarray(s, dtype=np.float64) for name, s in self.spectra.items()}
        n_channels = {curve.size for curve in curves.values()}
        if len(n_channels) > 1:
            raise SkxrfError(f"the spectra have different numbers of channels: {n_channels}.")
        energy = resolve_energy(self.energy, n_channels.pop())
        low, high = energy_range or (max(float(energy[0]), 0.0), float(energy[-1]))
        shown = (energy >= low) & (energy <= high)
        if not shown.any():
            raise SkxrfError(
                f"no channel between {low:g} and {high:g} keV: the axis goes from "
                f"{energy[0]:.3f} to {energy[-1]:.3f} keV."
            )
        self.figure_, self.axes_ = grid_axes(ax, (1, 1), 1, cell=(9.5, 4.2))
        axes = self.axes_[0]
        for k, (name, curve) in enumerate(curves.items()):
            options = {
                "color": LINE_COLORS[k % len(LINE_COLORS)],
                "linewidth": 1.0,
                "label": name,
            } | line_kw
            # Empty channels have no place on a logarithmic axis: a gap marks them.
            positive = np.where(curve > 0, curve, np.nan) if log else curve
            axes.plot(energy[shown], positive[shown], **options)
        highest = np.max([curve[shown] for curve in curves.values()], axis=0)
        axes.set_xlim(low, high)
        _set_count_limits(axes, [c[shown] for c in curves.values()], log)
        axes.set_xlabel("energy [keV]")
        axes.set_ylabel("counts per channel")
        axes.legend(frameon=False, loc="upper right")
        groups = _visible_groups(self.elements, low, high)
        self.labels_ = _draw_labels(axes, groups, energy[shown], highest)
        return self


def _set_count_limits(axes: Axes, curves: list[NDArray[np.float64]], log: bool) -> None:
    top = max(float(c.max()) for c in curves)
    if not log:
        axes.set_ylim(0, 1.1 * max(top, 1.0))
        return
    positive = [float(c[c > 0].min()) for c in curves if (c > 0).any()]
    axes.set_yscale("log")
    axes.set_ylim(0.6 * min(positive, default=1.0), 2 * max(top, 1.0))


def _visible_groups(elements: Sequence[str], low: float, high: float) -> list[LineGroup]:
    groups = [line_group(name) for name in elements]
    visible = [g for g in groups if low <= g.main_energy <= high]
    return sorted(visible, key=lambda g: g.main_energy)


def _draw_labels(
    axes: Axes,
    groups: list[LineGroup],
    energy: NDArray[np.float64],
    highest: NDArray[np.float64],
) -> list[Text]:
    if not groups:
        return []
    low, high = axes.get_xlim()
    top = axes.get_ylim()[1]
    targets = np.array([g.main_energy for g in groups])
    width = axes.get_window_extent().width * 72 / axes.figure.dpi
    spacing = 1.3 * _LABEL_SIZE / width * (high - low)
    labels = []
    for group, x in zip(groups, spread(targets, spacing, low, high), strict=True):
        at = group.main_energy
        channel = int(np.argmin(np.abs(energy - at)))
        near = highest[max(channel - 2, 0) : channel + 3].max()
        style: dict[str, Any] = {"color": "0.6", "linewidth": 0.6, "zorder": 0.5}
        if 0 < near < top:
            axes.plot([at, at], [1.25 * near, top], **style)
        # From the top of the frame to the label, which may stand a little aside.
        axes.plot(
            [at, x], [1.0, 1.05], transform=axes.get_xaxis_transform(), clip_on=False, **style
        )
        labels.append(
            axes.text(
                x,
                1.06,
                line_group_label(group.name),
                transform=axes.get_xaxis_transform(),
                rotation=90,
                ha="center",
                va="bottom",
                fontsize=_LABEL_SIZE,
            )
        )
    return labels


def spread(
    targets: NDArray[np.float64], spacing: float, low: float, high: float
) -> NDArray[np.float64]:
    """Places nearest to increasing `targets` (least squares), `spacing` apart, within bounds.

    Subtracting ``k * spacing`` from the k-th place turns the distance into an order: this is
    isotonic regression. Where the bounds leave no room for the spacing, it shrinks.
    """
    n = len(targets)
    spacing = min(spacing, (high - low) / max(n - 1, 1))
    steps = spacing * np.arange(n)
    places = isotonic_regression(targets - steps, y_min=low, y_max=max(high - steps[-1], low))
    return np.asarray(places + steps, dtype=np.float64)
