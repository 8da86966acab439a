"""The report's pictures, as data URIs: maps as PNG, curves as SVG."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skxrf.plotting import (
    CompositeMapDisplay,
    CountHistogramDisplay,
    ElementMapDisplay,
    LossCurveDisplay,
    MapComparisonDisplay,
    SpectrumDisplay,
)
from skxrf.plotting._embedding import picture_bytes

_WIDTH = 10.0  # inch; the report's column, at about 100 CSS pixels an inch


@dataclass(frozen=True)
class Picture:
    """A picture for the page: its data URI and its description in words."""

    uri: str
    alt: str


def composite_picture(maps: Mapping[str, xr.DataArray], elements: Sequence[str]) -> Picture:
    """Draw false-color pictures side by side."""
    aspect = _aspect(next(iter(maps.values())))
    height = float(np.clip(_WIDTH / len(maps) * aspect, 1.2, 7)) + 0.35
    return _png(
        lambda ax: CompositeMapDisplay.from_maps(maps, elements=elements, ax=ax),
        height,
        f"False-color pictures of {', '.join(elements)}: {', '.join(maps)}.",
    )


def spectrum_picture(
    energy: NDArray[Any], spectra: Mapping[str, NDArray[Any]], elements: Sequence[str]
) -> Picture:
    """Draw spectra with labeled lines."""
    display = SpectrumDisplay(energy, dict(spectra), elements)
    return _svg(
        lambda ax: display.plot(ax=ax),
        4.2,
        f"Spectra ({', '.join(spectra)}) with the lines of {len(elements)} groups.",
    )


def map_picture(maps: xr.DataArray) -> Picture:
    """Draw all element maps."""
    n = maps.sizes["element"]
    return _png(
        lambda ax: ElementMapDisplay.from_maps(maps, percentiles=(0.5, 99.5), ax=ax),
        _rows(n, 4) * (_cell(maps, 4, 0.66) + 0.4) + 0.3,
        f"{n} element maps.",
    )


def comparison_picture(
    reference: xr.DataArray,
    prediction: xr.DataArray,
    elements: Sequence[str],
    titles: tuple[str, str],
) -> Picture:
    """Draw reference, prediction and |z| of some line groups."""
    return _png(
        lambda ax: MapComparisonDisplay.from_maps(
            reference,
            prediction,
            elements=list(elements),
            titles=titles,
            percentiles=(0.5, 99.5),
            ax=ax,
        ),
        len(elements) * (_cell(reference, 3, 0.84) + 0.12) + 0.35,
        f"{titles[0]}, {titles[1]} and |z| of {', '.join(elements)}.",
    )


def histogram_picture(
    reference: xr.DataArray,
    predictions: Mapping[str, xr.DataArray],
    elements: Sequence[str],
    reference_name: str,
) -> Picture:
    """Draw the numbers of pixels per interval of counts."""

    def draw(ax: Any) -> None:
        display = CountHistogramDisplay.from_maps(
            reference,
            predictions,
            elements=list(elements),
            reference_name=reference_name,
            legend=False,
            ax=ax,
        )
        handles = display.legend_handles_
        ax.figure.legend(handles=handles, loc="outside upper center", ncols=6, frameon=False)

    height = 2.4 * _rows(len(elements), 4) + 0.5
    return _svg(draw, height, f"Pixels per interval of counts for {', '.join(elements)}.")


def loss_picture(curves: Mapping[str, Mapping[str, Sequence[float]]]) -> Picture:
    """Draw the learning curves."""
    return _svg(
        lambda ax: LossCurveDisplay.from_curves(curves, ax=ax),
        2.4 * _rows(len(curves), 3) + 0.2,
        f"Learning curves of {', '.join(curves)}.",
    )


def _rows(n: int, columns: int) -> int:
    return -(-n // columns)


def _aspect(maps: xr.DataArray) -> float:
    return maps.sizes["y"] / maps.sizes["x"]


def _cell(maps: xr.DataArray, columns: int, share: float) -> float:
    """Height of a map [inch] that takes a share of its column's width."""
    return float(np.clip(_WIDTH / columns * share * _aspect(maps), 0.7, 5.0))


def _png(draw: Callable[[Any], object], height: float, alt: str) -> Picture:
    return Picture(_uri("image/png", picture_bytes(draw, _WIDTH, height)), alt)


def _svg(draw: Callable[[Any], object], height: float, alt: str) -> Picture:
    return Picture(_uri("image/svg+xml", picture_bytes(draw, _WIDTH, height, kind="svg")), alt)


def _uri(mime: str, content: bytes) -> str:
    return f"data:{mime};base64,{base64.b64encode(content).decode()}"
