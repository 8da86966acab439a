"""`write_audit_report`: the findings of an audit as one HTML page that needs nothing else."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from skxrf import __version__
from skxrf.audit import Audit, MapErrors
from skxrf.audit._tables import coverage_table, difference_rows, dwell_lines, error_table
from skxrf.utils.files import whole_file
from skxrf.utils.html import label, page_environment


@dataclass(frozen=True)
class _MapStyle:
    """Look of the maps of errors."""

    most: int = 12  # line groups that are drawn: those of the largest mean over noise
    least_ratio: float = 0.5
    greatest_ratio: float = 2.0  # ratios of error to photon noise at the ends of the color scale
    side: int = 10  # side of a tile in the picture


def write_audit_report(
    audit: Audit,
    path: str | os.PathLike[str],
    *,
    title: str = "",
    provenance: Mapping[str, object] | None = None,
) -> Path:
    """Write the findings of an audit as one HTML page.

    Parameters
    ----------
    audit : Audit
        Result of :func:`skxrf.audit.audit_scan`.
    path : str or path-like
        The file; an existing one is replaced. It appears whole or not at all.
    title : str
        Name of the scan, for the heading.
    provenance : mapping of str to object, optional
        Further facts, such as ``{"command": "skxrf audit ..."}``.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> from skxrf.audit import audit_scan
    >>> from skxrf.datasets import make_painting
    >>> from skxrf.linear_model import TemplateFitRegressor
    >>> from skxrf.report import write_audit_report
    >>> from skxrf.samples import to_samples
    >>> cube, _ = make_painting((24, 24), random_state=0)
    >>> fit = TemplateFitRegressor(["Fe_K", "Pb_L"], energy=cube["energy"].values, nuisance=[])
    >>> fit = fit.fit(to_samples(cube).values)
    >>> found = audit_scan(cube, {"fit": fit}, fit=fit, n_runs=1)
    >>> write_audit_report(found, "audit.html").name
    'audit.html'
    """
    n_rows, n_columns = audit.shape
    looked_at = audit.tiles.shape[0] * audit.tiles.shape[1]
    facts = {
        "pixels of the scan": f"{n_rows * n_columns:,}",
        "pixels looked at": f"{looked_at:,}",
        "counts a pixel": f"{audit.counts_per_pixel:,.0f}",
        "variance over mean": f"{audit.dispersion.ratio:.3f}",
    }
    page = (
        page_environment("skxrf.report")
        .get_template("audit.html.j2")
        .render(
            title=f"Audit of {title}" if title else "Audit of element maps",
            facts=facts,
            findings=_findings(audit),
            refused=audit.refused,
            failures=audit.failures,
            errors=error_table(audit) if audit.refused is None else [],
            maps=[_method_maps(name, found) for name, found in audit.errors.items()],
            coverage=coverage_table(audit),
            dwell=dwell_lines(audit),
            precision=f"{100 * audit.precision:g} %",
            comparisons=[
                (one, two, difference_rows(table))
                for (one, two), table in audit.comparisons.items()
            ],
            not_seen=audit.not_seen,
            provenance={**(provenance or {}), "skxrf": __version__},
        )
    )
    with whole_file(path) as partial:
        partial.write_text(page, encoding="utf-8")
    return Path(path)


def _findings(audit: Audit) -> list[str]:
    """Sentences about what is sure and what is not, of the first method."""
    if not audit.errors:
        return []
    name = next(iter(audit.errors))
    all_groups = audit.relative_errors(name)
    relative = all_groups.dropna().sort_values()
    kinds = {
        "sure (error of a pixel that contains it below 10 %)": relative[relative < 0.1],
        "rough (10 to 50 %)": relative[(relative >= 0.1) & (relative < 0.5)],
        "unsure (above 50 %): read means over areas, not pixels": relative[relative >= 0.5],
    }
    sentences = [
        f"{name}, {kind}: " + ", ".join(f"{label(g)} {100 * r:.0f} %" for g, r in some.items())
        for kind, some in kinds.items()
        if len(some)
    ]
    if rest := [label(g) for g in all_groups.index if g not in relative.index]:
        sentences.append(f"In no paint by itself, so without a relative error: {', '.join(rest)}.")
    return sentences


def _method_maps(name: str, found: MapErrors) -> dict[str, object]:
    """Pictures of where the errors of a method are, as SVG paths by color."""
    size = int(np.sqrt(np.bincount(found.blocks).max()))
    intensity = found.maps["intensity"]
    noise = intensity.astype(float).copy(
        data=found.variances.reshape(intensity.sizes["y"], intensity.sizes["x"], -1)
    )
    bound = np.sqrt(noise.coarsen(y=size, x=size, boundary="pad").mean().clip(min=1e-12))
    ratio: xr.DataArray = found.error_map(size) / bound
    table = found.table
    shown = (table["mean"] / table["bound"]).sort_values(ascending=False).index[: _MapStyle.most]
    side = _MapStyle.side
    pictures = [
        {"name": label(group), "cells": _cells(ratio.sel(element=group).to_numpy(), side)}
        for group in shown
    ]
    n_y, n_x = ratio.shape[:2]
    return {"name": name, "pictures": pictures, "width": n_x * side, "height": n_y * side}


def _cells(ratio: np.ndarray, side: int) -> list[dict[str, object]]:
    low, high = np.log(_MapStyle.least_ratio), np.log(_MapStyle.greatest_ratio)
    with np.errstate(divide="ignore"):
        places = (np.log(ratio) - low) / (high - low)
    return [
        {
            "x": x * side,
            "y": y * side,
            "color": _color(float(np.clip(places[y, x], 0, 1))),
            "text": f"{ratio[y, x]:.2f}",
        }
        for y, x in np.ndindex(*ratio.shape)
    ]


def _color(place: float) -> str:
    """Color from green (less than photon noise) over white to brown (more)."""
    ends = np.array([[15, 107, 99], [247, 247, 245], [164, 68, 28]])
    rgb = [np.interp(place, [0, 0.5, 1], ends[:, k]) for k in range(3)]
    return "#" + "".join(f"{round(value):02x}" for value in rgb)
