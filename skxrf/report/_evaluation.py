"""One HTML file that compares maps with reference maps."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from typing import Any

import pandas as pd
import xarray as xr
from jinja2 import Environment, PackageLoader, StrictUndefined

from skxrf.io import whole_file

from ._figures import comparison_picture, histogram_picture
from ._wording import label

__all__ = ["write_evaluation"]

_COLUMNS = {
    "ssim": ("SSIM", "{:.3f}"),
    "within_1": ("|z| ≤ 1", "{:.1%}"),
    "within_2": ("|z| ≤ 2", "{:.1%}"),
    "within_3": ("|z| ≤ 3", "{:.1%}"),
    "rmse": ("RMSE", "{:,.1f}"),
    "bias": ("bias", "{:+,.1f}"),
    "slope": ("slope", "{:.3f}"),
    "correlation": ("correlation", "{:.4f}"),
    "mean": ("mean of the reference", "{:,.1f}"),
}
# Rows of three maps in one picture: more would be too tall to look at.
_PER_PICTURE = 8


def write_evaluation(
    scores: pd.DataFrame,
    maps: xr.DataArray,
    reference: xr.DataArray,
    path: str | os.PathLike[str],
    *,
    titles: tuple[str, str] = ("reference", "maps"),
    provenance: Mapping[str, str] | None = None,
) -> None:
    """Write a page with scores, maps side by side and histograms; whole or not at all.

    Parameters
    ----------
    scores : DataFrame
        From :func:`skxrf.metrics.score_table`.
    maps, reference : DataArray of dims (y, x, element)
        What was scored, and against what [counts].
    path : str or path-like
        The HTML file. Its pictures and style are inside; it loads nothing from elsewhere.
    titles : pair of str
        What reference and maps are called.
    provenance : mapping of str to str, optional
        What else stands at its end, by heading.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    groups = list(scores.index)
    reference = reference.sel(element=groups).transpose("y", "x", "element")
    maps = maps.sel(element=groups).transpose("y", "x", "element")
    environment = Environment(
        loader=PackageLoader("skxrf.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = environment.get_template("evaluation.html.j2").render(
        titles=titles,
        n_pixels=maps.sizes["y"] * maps.sizes["x"],
        shape=(maps.sizes["y"], maps.sizes["x"]),
        n_groups=len(groups),
        columns=[heading for heading, _ in _COLUMNS.values()],
        rows=[(label(name), _cells(scores.loc[name])) for name in groups],
        mean_ssim=_text(scores["ssim"].mean(), "{:.3f}"),
        comparisons=[
            comparison_picture(reference, maps, groups[k : k + _PER_PICTURE], titles)
            for k in range(0, len(groups), _PER_PICTURE)
        ],
        histogram=histogram_picture(reference, {titles[1]: maps}, groups, titles[0]),
        provenance=dict(provenance or {}),
    )
    with whole_file(path) as partial:
        partial.write_text(page, encoding="utf-8")


def _cells(row: Any) -> list[str]:
    return [_text(row[name], form) for name, (_, form) in _COLUMNS.items()]


def _text(value: float, form: str) -> str:
    return form.format(value) if math.isfinite(value) else "–"
