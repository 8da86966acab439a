"""Totals of each map; scores and histograms against a reference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skxrf.metrics import score_table, z_score
from skxrf.metrics._alignment import without_millimeters

# Columns of the score table that a comparison shows.
_SCORES = (
    *("ssim", "within_1", "within_2", "within_3", "rmse", "bias", "slope", "correlation", "mean"),
)


@dataclass(frozen=True)
class MapTotals:
    """Sum, largest and mean value of a map [counts]; share of pixels above 3 standard errors."""

    total: float
    maximum: float
    mean: float
    detected: float | None


@dataclass(frozen=True)
class Histogram:
    """Pixels per interval of counts, in the reference and in the map."""

    edges: NDArray[np.float64]
    reference: NDArray[np.int64]
    maps: NDArray[np.int64]


@dataclass(frozen=True)
class Comparison:
    """Scores of one map against its reference, see :func:`skxrf.metrics.score_table`."""

    # ssim, within_1, within_2, within_3, rmse, bias, slope, correlation, mean: row of the score
    # table.
    ssim: float
    within_1: float
    within_2: float
    within_3: float
    rmse: float
    bias: float
    slope: float
    correlation: float
    mean: float
    histogram: Histogram  # pixels per interval of counts, over the pixels that both have

    @property
    def within(self) -> tuple[float, float, float]:
        """Shares of pixels with |z| of at most 1, 2 and 3."""
        return self.within_1, self.within_2, self.within_3

    @property
    def z_shares(self) -> tuple[float, ...]:
        """Shares of pixels with |z| <= 1, in (1, 2], in (2, 3] and above."""
        return tuple(np.diff([0.0, *self.within, 1.0]).tolist())


class MapComparison(NamedTuple):
    """Maps beside their reference."""

    by_element: dict[str, Comparison]  # scores, in the order of the maps
    reference: xr.DataArray  # (y, x, element): reference of these elements, on the maps' pixels
    classes: xr.DataArray
    """(y, x, element): class of |z| of each pixel, 0 to 3, NaN where a value is missing."""


def map_totals(maps: dict[str, xr.DataArray]) -> list[MapTotals]:
    """Totals of each element's map, over the pixels that have a value."""
    values = maps["intensity"].to_numpy()
    errors = maps["uncertainty"].to_numpy() if "uncertainty" in maps else None
    totals = []
    for k in range(values.shape[2]):
        plane = values[..., k].astype(np.float64)
        known = np.isfinite(plane)
        if not known.any():
            totals.append(MapTotals(np.nan, np.nan, np.nan, None))
            continue
        detected = None
        if errors is not None:
            measured = known & np.isfinite(errors[..., k])
            if measured.any():
                # Detected: above 3 standard errors.
                above = plane[measured] > 3.0 * errors[..., k][measured]
                detected = float(above.mean())
        totals.append(
            MapTotals(
                float(plane[known].sum()),
                float(plane[known].max()),
                float(plane[known].mean()),
                detected,
            )
        )
    return totals


def compare_maps(maps: xr.DataArray, reference: xr.DataArray, sigma: Any = None) -> MapComparison:
    """Score each element that maps and reference have in common.

    `maps`, `reference` (y, x, element): intensities [counts] of the same pixels.
    """
    maps, reference, sigma = map(without_millimeters, (maps, reference, sigma))
    known = {str(name) for name in reference["element"].to_numpy()}
    common = [name for name in map(str, maps["element"].to_numpy()) if name in known]
    if isinstance(sigma, xr.DataArray):
        sigma = sigma.sel(element=common)
    scores = score_table(reference.sel(element=common) if common else reference, maps, sigma=sigma)
    maps, reference = maps.sel(element=common), reference.sel(element=common)
    z = z_score(reference, maps, sigma=sigma)
    classes = z.copy(
        data=np.searchsorted((1.0, 2.0, 3.0), z.to_numpy(), side="left").astype(np.float32)
    )
    comparisons = {
        name: Comparison(
            **{column: float(scores[column][name]) for column in _SCORES},
            histogram=_histogram(reference.isel(element=k), maps.isel(element=k)),
        )
        for k, name in enumerate(common)
    }
    return MapComparison(comparisons, reference, classes.where(z.notnull()))


def _histogram(reference: xr.DataArray, maps: xr.DataArray) -> Histogram:
    """Histogram of both over the pixels that both have, on intervals of their common range."""
    x, y = reference.to_numpy().astype(np.float64), maps.to_numpy().astype(np.float64)
    both = np.isfinite(x) & np.isfinite(y)
    if not both.any():
        return Histogram(np.array([0.0, 1.0]), np.zeros(1, np.int64), np.zeros(1, np.int64))
    x, y = x[both], y[both]
    edges = np.histogram_bin_edges(np.concatenate([x, y]), 40)
    return Histogram(edges, np.histogram(x, edges)[0], np.histogram(y, edges)[0])
