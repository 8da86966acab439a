"""HTML page of a map report: its parts packed into the size that is allowed, and rendered."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import xarray as xr
from markupsafe import Markup
from numpy.typing import NDArray

from skxrf.utils.html import label, page_environment

from ._cube_spectra import CubeSpectra, SpectrumTile, fitting_size, read_spectra
from ._limits import LIMITS
from ._map_payload import components_of, element_entries, pixel_grid, spectra_entry, start_pixel
from ._map_planes import MapPlanes, pack_planes
from ._map_statistics import MapComparison, map_totals
from ._map_tables import SCORE_COLUMNS, element_rows, facts, mean_scores, score_rows
from ._other_peaks import anode_of, other_peaks
from ._packing import Packed, pack, smallest_counts
from ._paints import Paints


@dataclass(frozen=True)
class PageContents:
    """Contents of a page."""

    arrays: dict[str, xr.DataArray]
    """(y, x, element): ``intensity`` and perhaps ``uncertainty`` [counts]."""
    compared: MapComparison | None  # the maps beside their reference
    cube: xr.DataArray | None  # (y, x, energy): the counts
    fit: Any  # fit with components to draw, on the channels of the cube
    is_fit_of_model: bool  # whether the fit is the one that the shipped model made of the cube
    detected: Sequence[str] | None  # line groups shown at first
    title: str  # heading
    sigma: str  # unit of z, in words
    provenance: dict[str, Any]  # sections of the last chapter
    warnings: Sequence[str]  # what a reader has to know before the maps
    evidence: dict[str, dict[str, Any]]  # what speaks for and against a line group
    paints: Paints | None  # clusters of pixels with alike spectra

    @property
    def values(self) -> dict[str, NDArray[Any]]:
        """Planes by kind; a reference has one for each element compared."""
        found = {kind: array.to_numpy() for kind, array in self.arrays.items()}
        if self.compared:
            found["reference"] = self.compared.reference.to_numpy()
        return found

    @property
    def names(self) -> list[str]:
        """Names of the line groups."""
        return [str(name) for name in self.arrays["intensity"]["element"].to_numpy()]

    @property
    def seen(self) -> set[str]:
        """Line groups shown at first: those detected, or all where that is none."""
        return set(self.names) & set(self.detected or ()) or set(self.names)


def render_page(contents: PageContents, budget: int, *, progress: bool = False) -> str:
    """Render the page.

    `contents`: what the page shows. `budget`: size that packed arrays may take [bytes]. `progress`:
    whether to show on standard error how far the cube is read.
    """
    arrays, values, compared = contents.arrays, contents.values, contents.compared
    cube, fit = contents.cube, contents.fit
    comparisons = compared.by_element if compared else {}
    classes = compared.classes.to_numpy() if compared else None
    share = LIMITS.maps_share if cube is not None else 1.0
    totals = map_totals(arrays)
    paints = contents.paints
    planes = pack_planes(
        values, classes, int(budget * share), None if paints is None else paints.plane
    )
    blocks = _plane_blocks(planes)
    marks: list[dict[str, Any]] = []
    spectra: CubeSpectra | None = None
    curves = None
    if cube is not None:
        read = read_spectra(cube, fit, progress=progress)
        spectra, tiles = fitting_size(read, budget - planes.size)
        blocks += _tile_blocks(tiles)
        if fit is not None:
            curves = components_of(fit, spectra)
            blocks.append(_block("components", pack(curves.spectra)))
        blocks += _sum_blocks(spectra)
        bright = {name: of.total for name, of in zip(contents.names, totals, strict=True)}
        marks = other_peaks(spectra, bright, anode_of(fit, cube.attrs, arrays["intensity"].attrs))
    intensity = arrays["intensity"]
    grid = pixel_grid(intensity, planes)
    seen = contents.seen
    entries = element_entries(arrays, values, comparisons, seen)
    data = {
        "title": contents.title,
        "grid": grid,
        "elements": [
            {**entry, "evidence": contents.evidence.get(entry["name"])} for entry in entries
        ],
        "kinds": [kind for kind in ("intensity", "uncertainty") if kind in values],
        "sigma": contents.sigma,
        "spectra": spectra_entry(spectra, curves) if spectra else None,
        "marks": marks,
        "paints": None if paints is None else paints.entry(),
        "start": start_pixel(intensity),
    }
    page: str = (
        page_environment("skxrf.report")
        .get_template("map_report.html.j2")
        .render(
            title=contents.title,
            facts=facts(arrays, grid, spectra, comparisons),
            has_errors="uncertainty" in values,
            has_reference=bool(comparisons),
            has_spectra=spectra is not None,
            has_fit=curves is not None,
            is_fit_of_model=contents.is_fit_of_model,
            planes=planes,
            spectra=spectra,
            bin_width=_bin_width(spectra),
            element_rows=element_rows(arrays, totals),
            not_seen=[label(name) for name in contents.names if name not in seen],
            score_columns=SCORE_COLUMNS,
            score_rows=score_rows(comparisons),
            mean_scores=mean_scores(comparisons) if comparisons else [],
            sigma=contents.sigma,
            provenance=contents.provenance,
            warnings=contents.warnings,
            has_marks=bool(marks),
            paints=None if paints is None else paints.rows(),
            data=Markup(_script_safe(json.dumps(data, allow_nan=False, separators=(",", ":")))),
            blocks=blocks,
        )
    )
    return page


def _plane_blocks(planes: MapPlanes) -> list[Markup]:
    return [
        _block(f"{kind}-{k}", plane)
        for kind, packed in planes.planes.items()
        for k, plane in enumerate(packed)
    ]


def _tile_blocks(tiles: list[SpectrumTile]) -> list[Markup]:
    blocks = []
    for k, tile in enumerate(tiles):
        blocks.append(_block(f"counts-{k}", tile.counts))
        if tile.amplitudes is not None:
            blocks.append(_block(f"amplitudes-{k}", tile.amplitudes))
    return blocks


def _sum_blocks(spectra: CubeSpectra) -> list[Markup]:
    """Sums over whole tiles: a region then unpacks only those at its edge."""
    blocks = [_block("counts-sums", pack(smallest_counts(spectra.over_tiles(spectra.counts))))]
    if spectra.amplitudes is not None:
        blocks.append(_block("amplitudes-sums", pack(spectra.over_tiles(spectra.amplitudes))))
    return blocks


def _block(name: str, packed: Packed) -> Markup:
    """Data in an element that a browser keeps as text."""
    start = f'<script type="application/octet-stream" id="{name}" data-kind="{packed.kind}">'
    return Markup(f"{start}{packed.text}</script>")


def _script_safe(text: str) -> str:
    """JSON that cannot end its script element, or open another, by what a name contains."""
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def _bin_width(spectra: CubeSpectra | None) -> float:
    """Width of a bin [eV]."""
    if spectra is None or spectra.energy.size < 2:
        return 0.0
    step = (spectra.energy[-1] - spectra.energy[0]) / (spectra.energy.size - 1)
    return float(1000 * spectra.joined * step)
