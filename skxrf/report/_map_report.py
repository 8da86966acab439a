"""`write_map_report`: element maps and their spectra in one HTML file that needs nothing else."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from skxrf.exceptions import SkxrfError
from skxrf.inference import bind
from skxrf.inference.protocol import BoundModel
from skxrf.utils.files import whole_file
from skxrf.utils.html import label
from skxrf.utils.validation import as_cube

from ._limits import LIMITS
from ._map_planes import map_arrays
from ._map_provenance import map_provenance
from ._map_statistics import compare_maps
from ._map_tables import sigma_text
from ._page import PageContents, render_page
from ._paints import paints_of


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
    warnings: Sequence[str] = (),
    provenance: Mapping[str, object] | None = None,
    max_bytes: int = 50_000_000,
    progress: bool = False,
) -> Path:
    """Write element maps, and the spectra behind them, as one HTML file.

    The page loads nothing from elsewhere. It shows every map with its color bar and scale bar,
    the sum and the maximum-pixel spectrum, and for the pixel that the reader points at, its
    spectrum, the fit, and the value and standard error of each element. Regions that the reader
    draws, brushes in a scatter plot or sets a threshold for get their mean spectra and values,
    which can be saved as CSV, and as masks that :func:`skxrf.io.open_maps` reads. Single maps and
    composites of three can be enlarged and saved. The page prints on A4.

    Parameters
    ----------
    maps : DataArray of dims (y, x, element), or Dataset
        Intensities [counts]; a Dataset contains ``intensity`` and perhaps ``uncertainty``, the
        standard errors; ``paint`` (y, x), the paint of each pixel, -1 for none; and
        ``paint_spectrum`` and ``paint_fit`` (paint, energy), their mean spectra.
        ``attrs["evidence"]``, JSON of a list with ``line_group``, ``answer`` and ``reason``, is
        shown with the element.
    path : str or path-like
        The file; an existing one is replaced. It appears whole or not at all.
    cube : DataArray of dims (y, x, energy), optional
        The counts that the maps were made from; a lazy cube is read once, block by block.
    reference : DataArray of dims (y, x, element), or Dataset, optional
        Maps to compare with, of the same pixels: adds heat maps of abs(z), histograms and
        scores for the elements that both have.
    fit : TemplateFitRegressor or SimulationTrainedRegressor, optional
        Fitted on the channels of the cube: adds the fitted spectrum of each pixel. Of the model of
        :func:`skxrf.pretrained.load_pretrained` it is the template fit that the model made of
        this cube; it is calibrated to the cube where it is not yet.
    sigma : {"poisson", "residual"}, float or DataArray, optional
        Standard deviation for z, as in :func:`skxrf.metrics.z_score`; by default
        ``sqrt(reference + 1)``.
    detected : sequence of str, optional
        Line groups that the maps show, such as those of ``detected_in`` of the shipped model. The
        others are on the page as well, but hidden until the reader asks for all. Default: all.
    title : str, optional
        Heading; by default the painting or the source file that the data name.
    warnings : sequence of str
        Sentences that stand above the maps, besides those that the model itself has.
    provenance : mapping of str to object, optional
        Further facts about the origin of the maps, such as ``{"command": "skxrf map ..."}``.
    max_bytes : int
        The file stays below this size. Where it would not, spectra are summed over channels and
        squares of pixels, and the largest maps averaged; the page then states so.
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
        If the cube contains counts that are negative or not finite.
    LineGroupError
        If maps and reference have no element in common.
    OSError
        If the folder is missing or cannot be written to, or the disk is full.

    See Also
    --------
    skxrf.reproduction.write_report : The report of the paper's experiment.

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
    if max_bytes < LIMITS.least_bytes:
        raise SkxrfError(f"max_bytes must be at least {LIMITS.least_bytes:,}, got {max_bytes:,}.")
    if fit is not None and cube is None:
        raise SkxrfError("fit= needs the spectra to draw beside: pass cube= as well.")
    arrays = map_arrays(maps, "maps")
    _require_same_pixels(arrays["intensity"], cube)
    bound = None if cube is None or fit is None else bind(fit, cube)
    model = bound if isinstance(bound, BoundModel) else None
    evidence = _evidence(maps)
    compared = None
    if reference is not None:
        against = map_arrays(reference, "the reference")["intensity"]
        compared = compare_maps(arrays["intensity"], against, sigma)
    contents = PageContents(
        arrays,
        compared,
        cube,
        fit if model is None else model.spectrum_fit(),
        is_fit_of_model=model is not None,
        detected=detected,
        title=title or _title(maps, cube),
        sigma=sigma_text(sigma),
        provenance=map_provenance(maps, cube, reference, provenance),
        warnings=[
            *warnings,
            *(model.unfamiliar_ if model else ()),
            *_of_other_origin(evidence, arrays["intensity"]["element"].to_numpy()),
            *_missing(arrays["intensity"]),
        ],
        evidence=evidence,
        paints=paints_of(maps),
    )
    with whole_file(path) as partial:
        page = render_page(contents, max_bytes - LIMITS.other_bytes, progress=progress)
        content = page.encode("utf-8")
        if len(content) > max_bytes:
            raise SkxrfError(
                f"the report takes {len(content):,} bytes, more than max_bytes={max_bytes:,}: "
                "allow more."
            )
        partial.write_bytes(content)
    return Path(path)


def _missing(maps: xr.DataArray) -> list[str]:
    """Say how many pixels have no value."""
    n = int((~np.isfinite(maps.to_numpy())).any(axis=2).sum())
    share = f"{n:,} of {maps.sizes['y'] * maps.sizes['x']:,} pixels"
    return [f"{share} have no value in at least one map: they are gray."] if n else []


def _of_other_origin(evidence: Mapping[str, Mapping[str, Any]], names: Iterable[Any]) -> list[str]:
    """Name the maps whose signal is not of the object."""
    answers = {str(name): evidence.get(name, {}).get("answer", "present") for name in names}
    found = [
        f"{label(name)} ({answer})"
        for name, answer in answers.items()
        if answer not in ("present", "not seen")
    ]
    return [f"Signals that are not of the object: {', '.join(found)}."] if found else []


def _evidence(maps: xr.DataArray | xr.Dataset) -> dict[str, dict[str, Any]]:
    """Evidence for line groups that maps carry, by line group."""
    stated = maps.attrs.get("evidence")
    if stated is None and isinstance(maps, xr.Dataset):
        stated = maps["intensity"].attrs.get("evidence")
    try:
        entries = json.loads(stated) if isinstance(stated, str) else []
        return {str(entry["line_group"]): entry for entry in entries}
    except (ValueError, TypeError, KeyError) as error:
        raise SkxrfError(
            f"attrs['evidence'] of the maps is not JSON of a list of line groups ({error}): remove "
            "it from attrs."
        ) from error


def _require_same_pixels(maps: xr.DataArray, cube: Any) -> None:
    if cube is None:
        return
    cube = as_cube(cube)
    for dim in ("y", "x"):
        if maps.sizes[dim] != cube.sizes[dim]:
            raise SkxrfError(
                f"the maps have {maps.sizes['y']} x {maps.sizes['x']} pixels and the cube "
                f"{cube.sizes['y']} x {cube.sizes['x']}: pass the cube that the maps were made from."
            )


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
