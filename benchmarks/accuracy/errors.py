"""Errors of maps whose truth and Cramer-Rao bound are known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from benchmarks.accuracy.paintings import ELEMENTS, TestPainting
from skxrf.metrics import score_table

# Pixels needed to state a share of them.
_ENOUGH_PIXELS = 50


def map_errors(
    maps: xr.Dataset, painting: TestPainting, counts: float, names: Sequence[str] = ELEMENTS
) -> list[dict[str, object]]:
    """Errors of each of some line groups that the painting contains.

    `maps` (y, x, element): intensities, and perhaps their standard errors [counts]. `counts`: mean
    counts of a pixel. `names`: line groups, by default the paper's eleven. Returns one row a line
    group: mean, bound, root mean square error, its ratio to the bound, bias; with standard errors
    the shares of pixels within one and two of them, among the pixels whose truth is above two.
    """
    bound = painting.bound(counts)
    rows = []
    for name in names:
        if name not in painting.groups:
            continue
        place = painting.groups.index(name)
        found = name in maps["element"].to_numpy()
        truth = _plane(painting.truth[..., place] * counts, name)
        # A line group that was not found has an empty map.
        values = maps["intensity"].sel(element=[name]).to_numpy() if found else 0 * truth.to_numpy()
        score = score_table(truth, _plane(values, name)).loc[name]
        limit = float(np.sqrt(np.square(bound[..., place]).mean()))
        row: dict[str, object] = {
            "element": name,
            "mean_counts": round(score["mean"], 3),
            "bound": round(limit, 4),
            "rmse": round(score["rmse"], 4),
            "ratio": round(score["rmse"] / limit, 4),
            "bias": round(score["bias"], 4),
        }
        if "uncertainty" in maps and found:
            sigma = _plane(maps["uncertainty"].sel(element=[name]).to_numpy(), name)
            present = truth > 2 * sigma
            row["pixels_above_two_errors"] = n = int(present.sum())
            if n >= _ENOUGH_PIXELS:
                within = score_table(truth.where(present), _plane(values, name), sigma=sigma)
                row["within_one"] = round(within.loc[name, "within_1"], 4)
                row["within_two"] = round(within.loc[name, "within_2"], 4)
        rows.append(row)
    return rows


def _plane(values: np.ndarray, name: str) -> xr.DataArray:
    return xr.DataArray(
        values.reshape(*values.shape[:2], 1),
        dims=("y", "x", "element"),
        coords={"element": [name]},
    )
