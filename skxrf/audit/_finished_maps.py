"""Limits of the errors of finished maps, whose method cannot be run on thinned counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from skxrf.audit._reference import LinearReference
from skxrf.exceptions import LineGroupError, SkxrfError
from skxrf.utils.typing import Array
from skxrf.utils.validation import as_map_dataset


@dataclass(frozen=True)
class PaintComparison:
    """Thresholds of the comparison of two maps by paint."""

    least_correlation: float = 0.5
    """Correlation by paint below which maps are taken for those of another scan."""
    least_paints: int = 4  # number of paints that such a correlation needs
    most_noise: float = 0.2  # noise of the means of paints, relative to their spread


def finished_map_errors(
    name: str,
    maps: xr.Dataset,
    reference: LinearReference,
    intensities: Array,
    variances: Array,
) -> pd.DataFrame:
    """Limits of the root mean square errors of maps of the same counts as the reference.

    `name`: name of the maps in error messages. `maps` (y, x, element): the maps of the audited
    pixels. `reference`: reference of the same pixels. `intensities`, `variances`
    (n_pixels, n_groups): its intensities and their variances. Returns a row for each line group of
    both: ``mean`` of the reference, ``rmse_low``, ``rmse_high`` and ``bound`` [counts].

    Notes
    -----
    In ``E (g - theta)^2 = E (g - r)^2 - v + 2 cov(g, r)`` the covariance is unknown without
    running the method again. It is v for any unbiased estimator of single pixels (the reference is
    the best of them), which gives the upper limit; and about 0 for maps that use next to
    nothing of a pixel's own counts, such as strongly smoothed ones, which gives the lower one.
    """
    held = [str(one) for one in maps["element"].to_numpy()]
    groups = [one for one in reference.line_groups if one in held]
    if not groups:
        raise LineGroupError(
            f"the maps {name} contain {', '.join(held)}, the scan shows "
            f"{', '.join(reference.line_groups)}: they have no line group in common."
        )
    values = maps["intensity"].sel(element=groups).to_numpy().astype(np.float64)
    values = values.reshape(len(intensities), -1)
    if np.isnan(values).any():
        raise SkxrfError(f"the maps {name} contain NaN: fill or leave out incomplete line groups.")
    rows = {}
    alike = []
    for k, group in enumerate(groups):
        place = reference.line_groups.index(group)
        estimate, variance = intensities[:, place], variances[:, place]
        distance = float(((values[:, k] - estimate) ** 2).mean())
        noise = float(variance.mean())
        rows[group] = {
            "mean": float(estimate.mean()),
            "rmse_low": np.sqrt(max(distance - noise, 0.0)),
            "rmse_high": np.sqrt(max(distance + noise, 0.0)),
            "bound": np.sqrt(max(noise, 0.0)),
        }
        if (found := _likeness(values[:, k], estimate, variance, reference.paints)) is not None:
            alike.append(found)
    if alike and max(alike) < PaintComparison.least_correlation:
        raise SkxrfError(
            f"the maps {name} do not resemble the scan (correlation {max(alike):.2f} at best): they "
            "are of another scan, or turned or mirrored."
        )
    return pd.DataFrame.from_dict(rows, orient="index")


def _likeness(
    values: Array, estimate: Array, variance: Array, paints: NDArray[np.intp]
) -> float | None:
    """Correlation of means of paints; None where noise or a lack of contrast leaves it open."""
    sizes = np.bincount(paints)
    if len(sizes) < PaintComparison.least_paints:
        return None
    one, two = (np.bincount(paints, of) / sizes for of in (values, estimate))
    noise = np.sqrt((np.bincount(paints, variance) / sizes**2).mean())
    if two.std() * PaintComparison.most_noise < noise:
        return None
    # Paints that differ no more in the maps than parts drawn by chance are not told apart by them.
    within = np.maximum(np.bincount(paints, values**2) / sizes - one**2, 0)
    if one.std() * PaintComparison.most_noise <= np.sqrt((within / sizes).mean()):
        return 0.0
    return float(np.corrcoef(one, two)[0, 1])


def maps_of_scan(maps: Any, name: str, cube: xr.DataArray) -> xr.Dataset:
    """Check that finished maps have the pixels of the scan.

    `maps` (y, x, element): the maps. `name`: name in the error message. `cube` (y, x, energy): the
    scan. Returns their ``intensity`` and perhaps ``uncertainty``.
    """
    checked = as_map_dataset(maps, f"the maps {name}")
    for dim in ("y", "x"):
        if checked.sizes[dim] != cube.sizes[dim]:
            raise SkxrfError(
                f"the maps {name} have {checked.sizes['y']} x {checked.sizes['x']} pixels, the "
                f"scan {cube.sizes['y']} x {cube.sizes['x']}: they are of another scan."
            )
    return checked[[one for one in ("intensity", "uncertainty") if one in checked]]
