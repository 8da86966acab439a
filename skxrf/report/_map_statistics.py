"""Numbers of a map report: totals of each map, scores and histograms against a reference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skxrf.exceptions import LineGroupError, SkxrfError
from skxrf.metrics import ssim_score, z_score

__all__ = ["Comparison", "Histogram", "MapTotals", "compare_maps", "map_totals"]

_Z_LIMITS = (1.0, 2.0, 3.0)
_N_INTERVALS = 40
_DETECTED = 3.0  # standard errors


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
    """How one map stands to its reference.

    Parameters
    ----------
    ssim : float
        Structural similarity; NaN where it is not defined.
    z_shares : tuple of float
        Shares of pixels with |z| <= 1, in (1, 2], in (2, 3] and above.
    rmse, bias : float
        Root-mean-square and mean difference [counts].
    slope : float
        Of the least-squares line through the map as a function of the reference.
    correlation : float
        Pearson's.
    mean : float
        Of the reference [counts], over the pixels that both have.
    histogram : Histogram
        Of both.
    """

    ssim: float
    z_shares: tuple[float, ...]
    rmse: float
    bias: float
    slope: float
    correlation: float
    mean: float
    histogram: Histogram


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
                above = plane[measured] > _DETECTED * errors[..., k][measured]
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


def compare_maps(
    maps: xr.DataArray, reference: xr.DataArray, sigma: Any = None
) -> tuple[dict[str, Comparison], xr.DataArray, xr.DataArray]:
    """Score each element that both have.

    Parameters
    ----------
    maps, reference : DataArray of dims (y, x, element)
        Intensities [counts] of the same pixels.
    sigma : optional
        As in :func:`skxrf.metrics.z_score`.

    Returns
    -------
    comparisons : dict of str to Comparison
        By element, in the order of the maps.
    reference : DataArray of dims (y, x, element)
        The reference of these elements, on the maps' pixels.
    classes : DataArray of dims (y, x, element)
        Class of |z| of each pixel, 0 to 3, NaN where a value is missing.

    Raises
    ------
    SkxrfError
        If the sizes differ.
    LineGroupError
        If no element is in both.
    """
    for dim in ("y", "x"):
        if maps.sizes[dim] != reference.sizes[dim]:
            raise SkxrfError(
                f"the maps have {maps.sizes['y']} x {maps.sizes['x']} pixels and the reference "
                f"{reference.sizes['y']} x {reference.sizes['x']}: they must be of the same scan."
            )
    known = [str(name) for name in reference["element"].to_numpy()]
    names = [str(name) for name in maps["element"].to_numpy()]
    common = [name for name in names if name in known]
    if not common:
        raise LineGroupError(
            f"no line group is in both: the maps hold {', '.join(names)}, the reference "
            f"{', '.join(known)}."
        )
    # The same pixels by number: two programs seldom write the same millimetres.
    maps = maps.sel(element=common).drop_vars(("y", "x"), errors="ignore")
    reference = reference.sel(element=common).drop_vars(("y", "x"), errors="ignore")
    if isinstance(sigma, xr.DataArray):
        sigma = sigma.sel(element=common).drop_vars(("y", "x"), errors="ignore")
    z = z_score(reference, maps, sigma=sigma)
    classes = z.copy(data=np.searchsorted(_Z_LIMITS, z.to_numpy(), side="left").astype(np.float32))
    classes = classes.where(np.isfinite(z) | np.isposinf(z))
    comparisons = {
        name: _compared(
            reference.isel(element=k), maps.isel(element=k), classes.isel(element=k).to_numpy()
        )
        for k, name in enumerate(common)
    }
    return comparisons, reference, classes


def _compared(reference: xr.DataArray, maps: xr.DataArray, classes: NDArray[Any]) -> Comparison:
    expected = reference.to_numpy().astype(np.float64)
    found = maps.to_numpy().astype(np.float64)
    both = np.isfinite(expected) & np.isfinite(found)
    x, y = expected[both], found[both]
    if not x.size:
        nothing = Histogram(np.array([0.0, 1.0]), np.zeros(1, np.int64), np.zeros(1, np.int64))
        return Comparison(np.nan, (np.nan,) * 4, *(np.nan,) * 5, nothing)
    deviation_x, deviation_y = x - x.mean(), y - y.mean()
    variance, covariance = float(np.mean(deviation_x**2)), float(np.mean(deviation_x * deviation_y))
    scatter = float(np.mean(deviation_y**2))
    edges = np.histogram_bin_edges(np.concatenate([x, y]), _N_INTERVALS)
    seen = classes[np.isfinite(classes)].astype(int)
    return Comparison(
        ssim=_ssim(reference, maps),
        z_shares=tuple((np.bincount(seen, minlength=4) / max(seen.size, 1)).tolist()),
        rmse=float(np.sqrt(np.mean((y - x) ** 2))),
        bias=float(y.mean() - x.mean()),
        slope=covariance / variance if variance > 0 else np.nan,
        correlation=covariance / np.sqrt(variance * scatter) if variance * scatter > 0 else np.nan,
        mean=float(x.mean()),
        histogram=Histogram(edges, np.histogram(x, edges)[0], np.histogram(y, edges)[0]),
    )


def _ssim(reference: xr.DataArray, maps: xr.DataArray) -> float:
    """SSIM, or NaN for a map that is constant or smaller than its window."""
    try:
        return float(ssim_score(reference, maps))
    except SkxrfError:
        return float("nan")
