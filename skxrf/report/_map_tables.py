"""Tables and facts of a map report, as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skxrf.utils.html import label

from ._cube_spectra import CubeSpectra
from ._map_statistics import Comparison, Histogram, MapTotals

SCORE_COLUMNS = [
    *("SSIM", "|z| ≤ 1", "|z| ≤ 2", "|z| ≤ 3", "RMSE [counts]", "bias [counts]"),
    *("slope", "correlation", "mean"),
]

_WIDTH, _HEIGHT = 100.0, 40.0  # of a histogram, in its own units


@dataclass(frozen=True)
class Figure:
    """One number: as it is read, and as it is sorted by (empty: last)."""

    text: str
    value: str


@dataclass(frozen=True)
class TableRow:
    """One element of a table, by its place among the maps."""

    name: str
    place: int
    figures: list[Figure]


@dataclass(frozen=True)
class ScoreRow(TableRow):
    """Scores of an element, its histogram, and the shares of its pixels in the classes of |z|."""

    histogram: dict[str, str]
    z_shares: list[str]


def facts(
    arrays: Mapping[str, xr.DataArray],
    grid: Mapping[str, Any],
    spectra: CubeSpectra | None,
    comparisons: Mapping[str, Comparison],
) -> list[str]:
    """Short descriptions of the maps: size, elements, channels, counts, scores."""
    n = arrays["intensity"].sizes["element"]
    found = [
        f"{grid['rows']:,} × {grid['columns']:,} pixels",
        f"{n} element map{'s' if n > 1 else ''}",
    ]
    # Of a single pixel the size is not known.
    if grid["unit"] != "px" and grid["rows"] * grid["columns"] > 1:
        width, height = abs(grid["stepX"]) * grid["columns"], abs(grid["stepY"]) * grid["rows"]
        found.insert(1, f"{height:.3g} × {width:.3g} {grid['unit']}")
    if spectra is not None:
        per_pixel = float(np.sum(spectra.total, dtype=np.float64)) / spectra.n_pixels
        low, high = spectra.energy[0], spectra.energy[-1]
        found.append(f"{spectra.energy.size:,} channels, {_minus(low)} to {high:.1f} keV")
        found.append(f"{per_pixel:,.0f} counts a pixel")
    if comparisons:
        ssim, within = mean_scores(comparisons)[:2]
        found.append(f"mean SSIM {ssim}, |z| ≤ 1 in {within} of the pixels")
    return found


def element_rows(arrays: Mapping[str, xr.DataArray], totals: Sequence[MapTotals]) -> list[TableRow]:
    """Total, maximum, mean and, with standard errors, the share of pixels above three."""
    names = [str(name) for name in arrays["intensity"]["element"].to_numpy()]
    rows = []
    for place, (name, of) in enumerate(zip(names, totals, strict=True)):
        figures = [_figure(of.total), _figure(of.maximum), _figure(of.mean)]
        if "uncertainty" in arrays:
            share = np.nan if of.detected is None else of.detected
            figures.append(Figure(percent(share), _sortable(share)))
        rows.append(TableRow(label(name), place, figures))
    return rows


def score_rows(comparisons: Mapping[str, Comparison]) -> list[ScoreRow]:
    """The scores of each element compared, in the order of ``SCORE_COLUMNS``."""
    rows = []
    for place, (name, of) in enumerate(comparisons.items()):
        figures = [
            Figure(_fixed(of.ssim, 3), _sortable(of.ssim)),
            *(Figure(percent(share), _sortable(share)) for share in of.within),
            _figure(of.rmse),
            Figure(_signed(of.bias), _sortable(of.bias)),
            Figure(_fixed(of.slope, 3), _sortable(of.slope)),
            Figure(_fixed(of.correlation, 4), _sortable(of.correlation)),
            _figure(of.mean),
        ]
        shares = [percent(share) for share in of.z_shares]
        rows.append(ScoreRow(label(name), place, figures, _histogram(of.histogram), shares))
    return rows


def mean_scores(comparisons: Mapping[str, Comparison]) -> list[str]:
    """Means over the elements of what can be averaged: SSIM and the shares within |z|."""
    ssim = _known_mean([of.ssim for of in comparisons.values()])
    within = np.array([of.within for of in comparisons.values()])
    return [_fixed(ssim, 3), *(percent(_known_mean(within[:, k])) for k in range(3))]


def sigma_text(sigma: Any) -> str:
    """Unit of z, in words."""
    if sigma is None or (isinstance(sigma, str) and sigma == "poisson"):
        return "√(reference + 1), about the photon noise of the reference's own counts"
    if isinstance(sigma, str):
        return "the standard deviation of the differences over the map"
    if np.ndim(sigma) == 0:
        return f"{number(float(sigma))} counts everywhere"
    return "the standard error given for each pixel"


def number(value: float) -> str:
    """Counts for readers: whole from 100 up, else with three digits."""
    if not np.isfinite(value):
        return "–"
    text = f"{value:,.0f}" if abs(value) >= 99.95 else f"{value:.3g}"
    if "e" in text:
        text = f"{value:.4f}".rstrip("0").rstrip(".") if abs(value) >= 1e-4 else "0"
    return text.replace("-", "−")


def percent(share: float) -> str:
    """``0.683`` as ``68 %``; with a digit more near 0 and 1, so that few is not none."""
    if not np.isfinite(share):
        return "–"
    close = 0 < share < 0.1 or 0.99 < share < 1
    return f"{100 * share:.1f} %" if close else f"{100 * share:.0f} %"


def _known_mean(values: Any) -> float:
    known = np.asarray(values, dtype=np.float64)
    known = known[np.isfinite(known)]
    return float(known.mean()) if known.size else float("nan")


def _signed(value: float) -> str:
    text = number(value)
    return f"+{text}" if value > 0 and text != "0" else text


def _histogram(of: Histogram) -> dict[str, str]:
    """Outlines on a logarithmic axis, as paths of SVG, and what the axes span."""
    top = max(int(of.reference.max()), int(of.maps.max()), 1)
    return {
        "reference": _outline(of.reference, top),
        "maps": _outline(of.maps, top),
        "low": number(float(of.edges[0])),
        "high": number(float(of.edges[-1])),
        "top": f"{top:,}",
    }


def _outline(n_pixels: NDArray[np.int64], top: int) -> str:
    # One pixel stands a little above the axis, none on it.
    scale = _HEIGHT / np.log10(2.2 * top)
    heights = np.where(n_pixels > 0, np.log10(2.0 * np.maximum(n_pixels, 1)) * scale, 0.0)
    step = _WIDTH / n_pixels.size
    corners = [f"M0 {_HEIGHT:g}"]
    for k, height in enumerate(heights):
        corners.append(f"V{_HEIGHT - height:.2f}H{(k + 1) * step:.2f}")
    return "".join([*corners, f"V{_HEIGHT:g}"])


def _figure(value: float) -> Figure:
    return Figure(number(value), _sortable(value))


def _fixed(value: float, decimals: int) -> str:
    return f"{value:.{decimals}f}".replace("-", "−") if np.isfinite(value) else "–"


def _sortable(value: float) -> str:
    return f"{value:.9g}" if np.isfinite(value) else ""


def _minus(value: float) -> str:
    return f"{round(value, 1) + 0.0:.1f}".replace("-", "−")
