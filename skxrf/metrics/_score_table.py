"""Table of all scores of maps against a reference."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from skxrf.exceptions import LineGroupError, SkxrfError
from skxrf.metrics._alignment import aligned, without_millimeters
from skxrf.metrics._ssim import ssim_score
from skxrf.metrics._z_score import z_score


def score_table(
    reference: xr.DataArray | pd.DataFrame, maps: xr.DataArray | pd.DataFrame, *, sigma: Any = None
) -> pd.DataFrame:
    """Score maps against reference maps, line group by line group.

    Parameters
    ----------
    reference : DataArray of dims (y, x, element) or DataFrame
        Reference intensities [counts]; NaN where they are not known. A DataFrame has a row for
        each pixel over the index ``(painting, y, x)``, such as those of a cross-validation fold.
    maps : DataArray of dims (y, x, element) or DataFrame
        Intensities [counts] of the same pixels, in the same layout. Line groups that only one of
        the two has are left out. Positions in mm may have another origin; integer ones are rows
        and columns, and must be the same.
    sigma : {"poisson", "residual"}, float or DataArray, default=None
        Standard deviation for z, as for :func:`z_score`.

    Returns
    -------
    DataFrame
        A row for each line group of `reference` that `maps` has too, with the columns

        - ``ssim``: structural similarity, see :func:`ssim_score`;
        - ``within_1``, ``within_2``, ``within_3``: share of pixels with abs(z) of at most that;
        - ``rmse``, ``bias``: root mean square and mean of maps - reference [counts];
        - ``slope``: of the least-squares line of `maps` over `reference`;
        - ``correlation``: Pearson's;
        - ``mean``: of the reference [counts]; ``n_pixels``: pixels known in both.

        NaN where a score is not defined, such as the slope over a constant reference, or the SSIM
        of a map smaller than its window.

    Raises
    ------
    LineGroupError
        If the two have no line group in common.
    SkxrfError
        If they have different pixels.

    Examples
    --------
    >>> from skxrf.datasets import make_painting
    >>> from skxrf.metrics import score_table
    >>> _, maps = make_painting((12, 12), random_state=0)
    >>> table = score_table(maps, 1.1 * maps)
    >>> bool((table["slope"].round(3) == 1.1).all())
    True
    """
    reference, maps, sigma = map(without_millimeters, (reference, maps, sigma))
    groups = _common(reference, maps)
    truth, found = _of_groups(reference, groups), _of_groups(maps, groups)
    if truth.ndim == found.ndim == 3 and truth.shape != found.shape:
        raise SkxrfError(
            f"the maps have {found.shape[0]} x {found.shape[1]} pixels, the reference "
            f"{truth.shape[0]} x {truth.shape[1]}: they are not of the same scan."
        )
    z = np.asarray(z_score(truth, found, sigma=sigma)).reshape(-1, len(groups))
    table = {"ssim": _ssim(truth, found, len(groups))}
    known = ~np.isnan(z)
    n = known.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        table |= {f"within_{k}": (z <= k).sum(axis=0) / n for k in (1, 2, 3)}
        table |= _moments(
            np.asarray(truth).reshape(-1, len(groups)),
            aligned(truth, found, "maps").reshape(-1, len(groups)),
            known,
        )
    return pd.DataFrame({**table, "n_pixels": n}, index=pd.Index(groups, name="element"))


def _of_groups(maps: Any, groups: list[str]) -> Any:
    if isinstance(maps, pd.DataFrame):
        return maps[groups]
    return maps.sel(element=groups).transpose("y", "x", "element")


def _ssim(truth: Any, found: Any, n_groups: int) -> NDArray[np.float64]:
    """SSIM of each line group; NaN where no window or no range is left to compare."""
    try:
        return np.asarray(ssim_score(truth, found, multioutput="raw_values"))
    except SkxrfError:
        return np.full(n_groups, np.nan)


def _common(reference: Any, maps: Any) -> list[str]:
    wanted, known = (
        [
            str(name)
            for name in (
                one.columns if isinstance(one, pd.DataFrame) else one["element"].to_numpy()
            )
        ]
        for one in (reference, maps)
    )
    groups = [name for name in wanted if name in known]
    if not groups:
        raise LineGroupError(
            f"the maps hold {', '.join(known)}, the reference {', '.join(wanted)}: there is no "
            "line group in common to score."
        )
    return groups


def _moments(
    truth: NDArray[Any], found: NDArray[Any], known: NDArray[np.bool_]
) -> dict[str, NDArray[np.float64]]:
    """Scores that are moments of the two, over the known pixels of each column."""
    n = known.sum(axis=0)
    x, y = (np.where(known, one, 0).astype(np.float64) for one in (truth, found))
    mean_x, mean_y = x.sum(axis=0) / n, y.sum(axis=0) / n
    dx, dy = np.where(known, x - mean_x, 0), np.where(known, y - mean_y, 0)
    xx, yy, xy = (dx**2).sum(axis=0), (dy**2).sum(axis=0), (dx * dy).sum(axis=0)
    return {
        "rmse": np.sqrt(((y - x) ** 2).sum(axis=0) / n),
        "bias": mean_y - mean_x,
        "slope": xy / xx,
        "correlation": xy / np.sqrt(xx * yy),
        "mean": mean_x,
    }
