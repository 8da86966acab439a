"""Data for the script of a map report: pixels, elements with their lines, spectra."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skxrf.exceptions import LineGroupError
from skxrf.physics import line_group
from skxrf.plotting._axes import map_extent
from skxrf.plotting._color_table import color_table
from skxrf.utils.html import label

from ._cube_spectra import TILE, CubeSpectra
from ._limits import LIMITS
from ._map_planes import MapPlanes, color_limits
from ._map_statistics import Comparison


@dataclass(frozen=True)
class FitCurves:
    """Components of a fit on the page's energy bins."""

    names: list[str]  # line groups; the last, empty name stands for all the rest
    spectra: NDArray[np.float32]  # (n_components, n_bins), float32: spectra of one count
    bins: tuple[int, int]  # first bin of the fitted range, and the one after its last


def pixel_grid(maps: xr.DataArray, planes: MapPlanes) -> dict[str, Any]:
    """Describe the pixels: sizes, positions, unit, scale bar."""
    extent = map_extent(maps)
    n_y, n_x = maps.sizes["y"], maps.sizes["x"]
    left, right, bottom, top, unit = extent
    step_x, step_y = (right - left) / n_x, (bottom - top) / n_y
    return {
        "rows": n_y,
        "columns": n_x,
        "planeRows": planes.shape[0],
        "planeColumns": planes.shape[1],
        "side": planes.side,
        # Rows and columns where there are no millimeters; the first row is on top.
        "unit": unit,
        "x0": _rounded(left + step_x / 2),
        "y0": _rounded(top + step_y / 2),
        "stepX": _rounded(step_x),
        "stepY": _rounded(step_y),
        "aspect": _rounded(1 / extent.aspect) if extent.aspect > 0 else 1.0,
        "barShare": _rounded(extent.bar_length / extent.width),
        "barLabel": f"{extent.bar_length:g} {unit}",
        "colors": {
            name: color_table(name).ravel().tolist()
            for name in ("inferno", "viridis", "cividis", "gray")
        },
    }


def element_entries(
    arrays: Mapping[str, xr.DataArray],
    values: Mapping[str, NDArray[Any]],
    comparisons: Mapping[str, Comparison],
    seen: Collection[str],
) -> list[dict[str, Any]]:
    """Describe each element: name, lines, color ranges, place of its reference, visibility."""
    names = [str(name) for name in arrays["intensity"]["element"].to_numpy()]
    compared = list(comparisons)
    entries = []
    for k, name in enumerate(names):
        limits = {kind: color_limits(values[kind][..., k]) for kind in arrays}
        entry: dict[str, Any] = {
            "name": name,
            "label": label(name),
            "seen": name in seen,
            "lines": [],
            "limits": limits,
            "compared": compared.index(name) if name in comparisons else None,
        } | _lines(name)
        if name in comparisons:
            comparison = comparisons[name]
            both = np.concatenate(
                [
                    values["intensity"][..., k].ravel(),
                    values["reference"][..., entry["compared"]].ravel(),
                ]
            )
            limits["reference"] = color_limits(both)
            entry["zShares"] = [_finite(share) for share in comparison.z_shares]
            entry["ssim"] = _finite(comparison.ssim)
        entries.append(entry)
    return entries


def components_of(fit: Any, spectra: CubeSpectra) -> FitCurves:
    """Bring the components of a fit onto the page's energy bins."""
    channels = fit.fitted_channels_
    components = np.zeros((len(fit.components_), spectra.energy.size), np.float32)
    components[:, channels] = fit.components_
    # Bins that are only in part within the fitted range would show half of a fit.
    first = -(-channels.start // spectra.joined)
    last = channels.stop // spectra.joined
    n_rest = len(components) - len(fit.fitted_groups_)
    names = [*map(str, fit.fitted_groups_), *[""] * n_rest]
    return FitCurves(names, np.ascontiguousarray(spectra.over_bins(components)), (first, last))


def spectra_entry(spectra: CubeSpectra, curves: FitCurves | None) -> dict[str, Any]:
    """Describe the spectra: energies, the two of the whole cube, how the rest is stored."""
    entry: dict[str, Any] = {
        "energy": [_rounded(e) for e in spectra.energy],
        "binEnergy": [_rounded(e) for e in spectra.binned_energy],
        "sum": spectra.total.tolist(),
        "maximum": spectra.maximum.tolist(),
        "pixels": spectra.n_pixels,
        "side": spectra.side,
        "joined": spectra.joined,
        "rows": spectra.counts.shape[0],
        "columns": spectra.counts.shape[1],
        "tile": TILE,
        "fit": None,
    }
    if curves is not None:
        entry["fit"] = {"names": curves.names, "first": curves.bins[0], "last": curves.bins[1]}
    return entry


def start_pixel(maps: xr.DataArray) -> list[int]:
    """Row, column and element that a page starts with.

    The pixel that is richest for its elements, away from the edges, where scans have their
    artefacts; the element that is brightest there.
    """
    values = np.nan_to_num(maps.to_numpy().astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    top = np.percentile(values, 99, axis=(0, 1))
    shares = np.clip(values / np.where(top > 0, top, np.inf), 0, 1).sum(axis=2)
    margin_y, margin_x = (n // 8 for n in shares.shape)
    inner = shares[margin_y : shares.shape[0] - margin_y, margin_x : shares.shape[1] - margin_x]
    row, column = np.unravel_index(int(inner.argmax()), inner.shape)
    row, column = int(row) + margin_y, int(column) + margin_x
    return [row, column, int(values[row, column].argmax())]


def _lines(name: str) -> dict[str, Any]:
    """Atomic number and lines of a line group; nothing for a map of another name."""
    for tube_voltage in (50.0, 150.0):
        try:
            group = line_group(name, tube_voltage=tube_voltage)
        except LineGroupError:
            continue
        shown = group.intensities >= LIMITS.line_share
        lines = zip(group.energies[shown], group.intensities[shown], strict=True)
        return {
            "number": group.atomic_number,
            "energy": _rounded(group.main_energy),
            "lines": [[_rounded(energy), _rounded(share)] for energy, share in lines],
        }
    return {"number": None, "energy": None}


def _rounded(value: float) -> float:
    return float(f"{value:.7g}")


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
