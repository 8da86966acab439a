"""`write_map_report`: element maps and their spectra in one HTML file that needs nothing else."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from skxrf.exceptions import SkxrfError
from skxrf.inference import bind
from skxrf.inference.protocol import BoundModel
from skxrf.reproduction.report._wording import label
from skxrf.utils.files import whole_file

from ._cube_spectra import CubeSpectra, SpectrumTile, fitting_size, read_spectra
from ._map_payload import components_of, element_entries, pixel_grid, spectra_entry, start_pixel
from ._map_planes import MapPlanes, map_arrays, pack_planes
from ._map_provenance import map_provenance
from ._map_statistics import Comparison, compare_maps, map_totals
from ._map_tables import SCORE_COLUMNS, element_rows, facts, mean_scores, score_rows, sigma_text
from ._packing import Packed, pack

__all__ = ["write_map_report"]

# Style, script, tables, and what else a page holds besides packed arrays [bytes].
_REST = 900_000
_LEAST_BYTES = 2_000_000
# Of what is left, maps may take this share where there are spectra as well.
_MAPS_SHARE = 0.5


def write_map_report(
    maps: xr.DataArray | xr.Dataset,
    path: str | os.PathLike[str],
    *,
    cube: xr.DataArray | None = None,
    reference: xr.DataArray | xr.Dataset | None = None,
    fit: Any = None,
    sigma: Any = None,
    detected: Sequence[str] | None = None,
    title: str | None = None,
    provenance: Mapping[str, object] | None = None,
    max_bytes: int = 50_000_000,
    progress: bool = False,
) -> Path:
    """Write element maps, and the spectra behind them, as one HTML file.

    The page loads nothing from elsewhere. It shows every map with its colour bar and scale bar,
    the sum and the maximum-pixel spectrum, and for the pixel that the reader points at, its
    spectrum, the fit, and the value and standard error of each element; it prints on A4.

    Parameters
    ----------
    maps : DataArray of dims (y, x, element), or Dataset
        Intensities [counts]; a Dataset holds ``intensity`` and perhaps ``uncertainty``, the
        standard errors.
    path : str or path-like
        The file; an existing one is replaced. It appears whole or not at all.
    cube : DataArray of dims (y, x, energy), optional
        The counts that the maps were made from; a lazy cube is read once, block by block.
    reference : DataArray of dims (y, x, element), or Dataset, optional
        Maps to compare with, of the same pixels: adds heat maps of abs(z), histograms and
        scores for the elements that both have.
    fit : TemplateFitRegressor or PretrainedRegressor, optional
        Fitted on the channels of the cube: adds the fitted spectrum of each pixel. Of the model of
        :func:`skxrf.pretrained.load_pretrained` it is the template fit that the model made of
        this cube; it is bound to the cube where it is not yet.
    sigma : {"poisson", "residual"}, float or DataArray, optional
        Standard deviation for z, as in :func:`skxrf.metrics.z_score`; by default
        ``sqrt(reference + 1)``.
    detected : sequence of str, optional
        Line groups that the maps show, such as ``detected_in`` of the shipped model gives. The
        others are on the page as well, but hidden until the reader asks for all. Default: all.
    title : str, optional
        Heading; by default the painting or the source file that the data name.
    provenance : mapping of str to object, optional
        More to say of where the maps come from, such as ``{"command": "skxrf map ..."}``.
    max_bytes : int
        The file stays below this size. Where it would not, spectra are summed over channels and
        squares of pixels, and the largest maps averaged; the page then says so.
    progress : bool
        Whether to show on standard error how far the cube is read.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    SkxrfError
        If these are no maps, or the arrays do not fit each other.
    EnergyAxisError
        If the fit was made on another energy axis.
    CountsError
        If the cube holds counts that are negative or not finite.
    LineGroupError
        If maps and reference have no element in common.
    OSError
        If the folder is missing or cannot be written to, or the disk is full.

    See Also
    --------
    skxrf.report.write_report : The report of the paper's experiment.

    Notes
    -----
    The spectra are stored exactly, as long as they fit. Maps keep four decimal digits.

    Examples
    --------
    >>> from skxrf.datasets import make_painting
    >>> from skxrf.report import write_map_report
    >>> cube, maps = make_painting((12, 16), random_state=0)
    >>> write_map_report(maps, "maps.html", cube=cube).name
    'maps.html'
    """
    if max_bytes < _LEAST_BYTES:
        raise SkxrfError(f"max_bytes must be at least {_LEAST_BYTES:,}, got {max_bytes:,}.")
    if fit is not None and cube is None:
        raise SkxrfError("fit= needs the spectra to draw beside: pass cube= as well.")
    arrays = map_arrays(maps, "maps")
    _require_same_pixels(arrays, cube)
    drawn = None if fit is None else _drawable(fit, cube)
    compared = None
    if reference is not None:
        against = map_arrays(reference, "the reference")["intensity"]
        compared = compare_maps(arrays["intensity"], against, sigma)
    with whole_file(path) as partial:
        page = _page(
            arrays,
            _values(arrays, compared),
            cube,
            drawn,
            compared,
            max_bytes - _REST,
            progress,
            detected=detected,
            title=title or _title(maps, cube),
            sigma=sigma_text(sigma),
            is_fit_of_model=drawn is not fit,
            provenance=map_provenance(maps, cube, reference, provenance),
        )
        content = page.encode("utf-8")
        if len(content) > max_bytes:
            raise SkxrfError(
                f"the report takes {len(content):,} bytes, more than max_bytes={max_bytes:,}: "
                "allow more."
            )
        partial.write_bytes(content)
    return Path(path)


Compared = tuple[dict[str, Comparison], xr.DataArray, xr.DataArray]


def _page(
    arrays: dict[str, xr.DataArray],
    values: dict[str, np.ndarray[Any, Any]],
    cube: xr.DataArray | None,
    fit: Any,
    compared: Compared | None,
    budget: int,
    progress: bool,
    *,
    detected: Sequence[str] | None,
    title: str,
    sigma: str,
    is_fit_of_model: bool,
    provenance: dict[str, Any],
) -> str:
    comparisons = compared[0] if compared else {}
    classes = compared[2].to_numpy() if compared else None
    planes = pack_planes(values, classes, int(budget * (_MAPS_SHARE if cube is not None else 1)))
    blocks = _plane_blocks(planes)
    spectra: CubeSpectra | None = None
    curves = None
    if cube is not None:
        read = read_spectra(cube, fit, progress=progress)
        spectra, tiles = fitting_size(read, budget - planes.size)
        blocks += _tile_blocks(tiles)
        if fit is not None:
            curves = components_of(fit, spectra)
            blocks.append(_block("components", pack(curves.spectra)))
    intensity = arrays["intensity"]
    totals = map_totals(arrays)
    grid = pixel_grid(intensity, planes)
    names = [str(name) for name in intensity["element"].to_numpy()]
    seen = _seen(names, detected)
    data = {
        "grid": grid,
        "elements": element_entries(arrays, values, comparisons, seen),
        "kinds": [kind for kind in ("intensity", "uncertainty") if kind in values],
        "sigma": sigma,
        "spectra": spectra_entry(spectra, curves) if spectra else None,
        "start": start_pixel(intensity),
    }
    environment = Environment(
        loader=PackageLoader("skxrf.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page: str = environment.get_template("map_report.html.j2").render(
        title=title,
        facts=facts(arrays, grid, spectra, comparisons),
        has_errors="uncertainty" in values,
        has_reference=bool(comparisons),
        has_spectra=spectra is not None,
        has_fit=curves is not None,
        is_fit_of_model=is_fit_of_model,
        planes=planes,
        spectra=spectra,
        bin_width=_bin_width(spectra),
        element_rows=element_rows(arrays, totals),
        not_seen=[label(name) for name in names if name not in seen],
        score_columns=SCORE_COLUMNS,
        score_rows=score_rows(comparisons),
        mean_scores=mean_scores(comparisons) if comparisons else [],
        sigma=sigma,
        provenance=provenance,
        data=Markup(_script_safe(json.dumps(data, allow_nan=False, separators=(",", ":")))),
        blocks=blocks,
    )
    return page


def _seen(names: Sequence[str], detected: Sequence[str] | None) -> set[str]:
    """Line groups shown at first: all, where none is detected or nobody said."""
    seen = set(names) & set(detected or ())
    return seen or set(names)


def _drawable(fit: Any, cube: Any) -> Any:
    """Return an object with `components_` and `decompose`: the fit itself, or that of a model."""
    bound = bind(fit, cube)
    return bound.spectrum_fit() if isinstance(bound, BoundModel) else fit


def _values(
    arrays: dict[str, xr.DataArray], compared: Compared | None
) -> dict[str, np.ndarray[Any, Any]]:
    """Planes by kind; a reference has one for each element compared."""
    values = {kind: array.to_numpy() for kind, array in arrays.items()}
    if compared:
        values["reference"] = compared[1].to_numpy()
    return values


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


def _block(name: str, packed: Packed) -> Markup:
    """Data in an element that a browser keeps as text."""
    start = f'<script type="application/octet-stream" id="{name}" data-kind="{packed.kind}">'
    return Markup(f"{start}{packed.text}</script>")


def _script_safe(text: str) -> str:
    """JSON that cannot end its script element, or open another, by what a name holds."""
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def _require_same_pixels(arrays: dict[str, xr.DataArray], cube: Any) -> None:
    maps = arrays["intensity"]
    names = [str(name) for name in maps["element"].to_numpy()]
    if len(set(names)) < len(names):
        raise SkxrfError(f"two maps have the same name: {', '.join(names)}.")
    errors = arrays.get("uncertainty", maps)
    if errors.shape != maps.shape:
        raise SkxrfError(f"intensities are {maps.shape}, uncertainties {errors.shape}.")
    if cube is None:
        return
    if not isinstance(cube, xr.DataArray) or set(cube.dims) != {"y", "x", "energy"}:
        dims = tuple(map(str, cube.dims)) if isinstance(cube, xr.DataArray) else type(cube).__name__
        raise SkxrfError(f"cube must be a DataArray of dims (y, x, energy), got {dims}.")
    for dim in ("y", "x"):
        if maps.sizes[dim] != cube.sizes[dim]:
            raise SkxrfError(
                f"the maps have {maps.sizes['y']} x {maps.sizes['x']} pixels and the cube "
                f"{cube.sizes['y']} x {cube.sizes['x']}: pass the cube that the maps were made from."
            )


def _bin_width(spectra: CubeSpectra | None) -> float:
    """Width of a bin [eV]."""
    if spectra is None or spectra.energy.size < 2:
        return 0.0
    step = (spectra.energy[-1] - spectra.energy[0]) / (spectra.energy.size - 1)
    return float(1000 * spectra.joined * step)


def _title(maps: xr.DataArray | xr.Dataset, cube: xr.DataArray | None) -> str:
    places = [maps.attrs, {} if cube is None else cube.attrs]
    if isinstance(maps, xr.Dataset):
        places.insert(0, maps["intensity"].attrs)
    for name in ("title", "painting", "source"):
        for attributes in places:
            if attributes.get(name):
                found = str(attributes[name])
                is_file = name == "source" and re.search(r"\.\w{1,6}$", found)
                return Path(found).stem if is_file else found
    return "Element maps"
