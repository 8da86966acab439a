"""The report's pictures, as data URIs: maps as PNG, curves as SVG."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from matplotlib import rc_context
from matplotlib.figure import Figure
from numpy.typing import NDArray

from skxrf.plotting import (
    CompositeMapDisplay,
    CountHistogramDisplay,
    ElementMapDisplay,
    LossCurveDisplay,
    MapComparisonDisplay,
    SpectrumDisplay,
)

__all__ = [
    "Picture",
    "comparison_picture",
    "composite_picture",
    "histogram_picture",
    "loss_picture",
    "map_picture",
    "spectrum_picture",
]

_WIDTH = 10.0  # inch; the report's column, at about 100 CSS pixels an inch
_DPI = 150
# Curves as outlines: the report looks the same where a font is missing, and the same run gives
# the same file.
_STYLE: dict[Any, Any] = {"svg.fonttype": "path", "svg.hashsalt": "skxrf", "font.size": 10.0}


@dataclass(frozen=True)
class Picture:
    """A picture for the page: its data URI and what it shows, for those who cannot see it."""

    uri: str
    alt: str


def composite_picture(maps: Mapping[str, xr.DataArray], elements: Sequence[str]) -> Picture:
    """Draw false-colour pictures side by side."""
    aspect = _aspect(next(iter(maps.values())))
    height = float(np.clip(_WIDTH / len(maps) * aspect, 1.2, 7)) + 0.35
    with rc_context(_STYLE):
        figure = _figure(height)
        CompositeMapDisplay.from_maps(maps, elements=elements, ax=figure.subplots())
        names = ", ".join(elements)
        return _png(figure, f"False-colour pictures of {names}: {', '.join(maps)}.")


def spectrum_picture(
    energy: NDArray[Any], spectra: Mapping[str, NDArray[Any]], elements: Sequence[str]
) -> Picture:
    """Draw spectra with labelled lines."""
    with rc_context(_STYLE):
        figure = _figure(4.2)
        SpectrumDisplay(energy, dict(spectra), elements).plot(ax=figure.subplots())
        return _svg(
            figure, f"Spectra ({', '.join(spectra)}) with the lines of {len(elements)} groups."
        )


def map_picture(maps: xr.DataArray) -> Picture:
    """Draw all element maps."""
    n = maps.sizes["element"]
    with rc_context(_STYLE):
        figure = _figure(_rows(n, 4) * (_cell(maps, 4, 0.66) + 0.4) + 0.3)
        ElementMapDisplay.from_maps(maps, percentiles=(0.5, 99.5), ax=figure.subplots())
        return _png(figure, f"{n} element maps.")


def comparison_picture(
    reference: xr.DataArray,
    prediction: xr.DataArray,
    elements: Sequence[str],
    titles: tuple[str, str],
) -> Picture:
    """Draw reference, prediction and |z| of some line groups."""
    with rc_context(_STYLE):
        figure = _figure(len(elements) * (_cell(reference, 3, 0.84) + 0.12) + 0.35)
        display = MapComparisonDisplay.from_maps(
            reference,
            prediction,
            elements=list(elements),
            titles=titles,
            percentiles=(0.5, 99.5),
            ax=figure.subplots(),
        )
        shares = ", ".join(
            f"{name} {100 * share:.0f} %"
            for name, share in zip(elements, display.shares_[:, 0], strict=True)
        )
        return _png(figure, f"{titles[0]}, {titles[1]} and |z|; pixels with |z| up to 1: {shares}.")


def histogram_picture(
    reference: xr.DataArray,
    predictions: Mapping[str, xr.DataArray],
    elements: Sequence[str],
    reference_name: str,
) -> Picture:
    """Draw the numbers of pixels per interval of counts."""
    n = len(elements)
    with rc_context(_STYLE):
        figure = _figure(2.4 * _rows(n, 4) + 0.5)
        display = CountHistogramDisplay.from_maps(
            reference,
            predictions,
            elements=list(elements),
            reference_name=reference_name,
            legend=False,
            ax=figure.subplots(),
        )
        handles = display.legend_handles_
        figure.legend(handles=handles, loc="outside upper center", ncols=6, frameon=False)
        return _svg(figure, f"Pixels per interval of counts for {', '.join(elements)}.")


def loss_picture(curves: Mapping[str, Mapping[str, Sequence[float]]]) -> Picture:
    """Draw the learning curves."""
    with rc_context(_STYLE):
        figure = _figure(2.4 * _rows(len(curves), 3) + 0.2)
        LossCurveDisplay.from_curves(curves, ax=figure.subplots())
        return _svg(figure, f"Learning curves of {', '.join(curves)}.")


def _figure(height: float) -> Figure:
    return Figure(figsize=(_WIDTH, height), layout="constrained")


def _rows(n: int, columns: int) -> int:
    return -(-n // columns)


def _aspect(maps: xr.DataArray) -> float:
    return maps.sizes["y"] / maps.sizes["x"]


def _cell(maps: xr.DataArray, columns: int, share: float) -> float:
    """Height of a map [inch] that takes a share of its column's width."""
    return float(np.clip(_WIDTH / columns * share * _aspect(maps), 0.7, 5.0))


def _png(figure: Figure, alt: str) -> Picture:
    return _picture(figure, "png", "image/png", alt)


def _svg(figure: Figure, alt: str) -> Picture:
    return _picture(figure, "svg", "image/svg+xml", alt)


def _picture(figure: Figure, kind: str, mime: str, alt: str) -> Picture:
    buffer = io.BytesIO()
    # No date: the same result gives the same file.
    metadata = {"Date": None} if kind == "svg" else None
    figure.savefig(buffer, format=kind, dpi=_DPI, metadata=metadata)
    return Picture(f"data:{mime};base64,{base64.b64encode(buffer.getvalue()).decode()}", alt)
