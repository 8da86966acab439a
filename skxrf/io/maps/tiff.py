"""TIFF of 32-bit floating-point numbers: one file with a page a map, or a folder with a file a map.

Files are written as ImageJ writes them, so that ImageJ shows the names of the maps and the pixel size;
every other reader sees plain uncompressed pages. Names are read from ImageJ's labels, from the channels of
OME-TIFF, from PyMca's ``Title=Fe_K``, from the tag PageName, or from the file's name; the pixel size from
ImageJ's or OME's metadata. ``s(Fe_K)`` is the standard deviation of ``Fe_K``, as in PyMca. ImageJ's Info
holds positions and attributes as JSON.
"""

from __future__ import annotations

import html
import json
import re
import struct
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

import skxrf
from skxrf.exceptions import FileFormatError
from skxrf.utils.units import decimal, to_mm

from .._cube_coordinates import json_text
from .._limits import refuse_absurd_size
from ..cubes.numbered import files_in
from .columns import name_at_end
from .plain import float32_images, safe_name
from .source import MapsRequest, MapsSource, build_maps, by_name, split_errors

_SUFFIXES = (".tif", ".tiff")


def recognizes(path: Path, head: bytes) -> bool:
    """Recognize a TIFF file by its signature."""
    # Little and big endian, classic and BigTIFF.
    return head.startswith((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"))


def folder_recognizes(path: Path, head: bytes) -> bool:
    """Recognize a folder of TIFF files."""
    return bool(files_in(path, *_SUFFIXES, packed=False))


def read_tiff(path: Path, request: MapsRequest) -> xr.Dataset:
    """Read the pages of one file as maps."""
    pages, about, steps = _pages(path)
    return _built(path, pages, about, request, steps)


def read_tiff_folder(path: Path, request: MapsRequest) -> xr.Dataset:
    """Read the files of a folder as maps, in the order of what wrote them, else by name."""
    pages: list[tuple[str, NDArray[Any]]] = []
    about: dict[str, Any] = {}
    ranks = []
    steps: dict[str, float] = {}
    for file in files_in(path, *_SUFFIXES, packed=False):
        found, said, its_steps = _pages(file)
        steps = steps or its_steps
        pages += found
        ranks += [said.get("rank", 0)] * len(found)
        about = about or said
    order = sorted(range(len(pages)), key=lambda i: ranks[i])
    return _built(path, [pages[i] for i in order], about, request, steps)


def write_tiff(maps: xr.Dataset, path: Path) -> None:
    """Write computed maps as the pages of one file."""
    images = float32_images(maps, "TIFF")
    _write(path, list(images), np.stack(list(images.values())), maps, 0)


def write_tiff_folder(maps: xr.Dataset, folder: Path) -> None:
    """Write computed maps as one file each, such as ``Fe_K.tif`` and ``s(Fe_K).tif``."""
    for rank, (name, image) in enumerate(float32_images(maps, "TIFF").items()):
        _write(folder / f"{safe_name(name)}.tif", [name], image[None], maps, rank)


def _pages(
    path: Path,
) -> tuple[list[tuple[str, NDArray[Any]]], dict[str, Any], dict[str, float]]:
    """Names and images of a file, what this library said about them, and steps along y and x [mm]."""
    import tifffile

    with tifffile.TiffFile(path) as file:
        pages = list(file.pages)
        _require_all_pages(file, pages)
        labels, about = _said(file.imagej_metadata or {}, len(pages))
        ome = file.ome_metadata or ""
        named = re.findall(r'<(?:\w+:)?Channel\b[^>]*?\bName="([^"]*)"', ome)
        channels = [html.unescape(name) for name in named]
        labels = labels or (channels if len(channels) == len(pages) and all(channels) else [])
        steps = _ome_steps(ome) or _imagej_steps(file.imagej_metadata or {}, pages[0])
        _refuse_shared_strips(pages, path)
        images = [_image(page, path) for page in pages]
        names = labels or [_name_of(page) for page in pages]
    if not any(names):
        stem = path.stem
        names = (
            [name_at_end(stem) or stem]
            if len(images) == 1
            else [f"{stem}_{i}" for i in range(len(images))]
        )
    return list(zip(names, images, strict=True)), about, steps


def _ome_steps(ome: str) -> dict[str, float]:
    """Steps along y and x [mm] of the metadata of an OME-TIFF, empty where it states none."""
    found = {}
    for dim in ("y", "x"):
        size, unit = (
            re.search(rf'\bPhysicalSize{dim.upper()}{suffix}="([^"]*)"', ome)
            for suffix in ("", "Unit")
        )
        step = to_mm(
            decimal(size[1] if size else "") or np.nan, html.unescape(unit[1]) if unit else "µm"
        )
        if step is not None and step > 0:
            found[dim] = float(step)
    return found if len(found) == 2 else {}


def _imagej_steps(imagej: dict[str, Any], page: Any) -> dict[str, float]:
    """Steps along y and x [mm] of ImageJ's unit and pixels per unit, empty where it is none of length."""
    unit = to_mm(1.0, str(imagej.get("unit", "")).replace("\\u00B5", "µ"))
    found = {}
    for dim, tag in (("y", "YResolution"), ("x", "XResolution")):
        pixels, units = page.tags[tag].value if tag in page.tags else (0, 0)
        if unit is not None and pixels and units:
            found[dim] = float(unit) * units / pixels
    return found if len(found) == 2 else {}


def _require_all_pages(file: Any, pages: list[Any]) -> None:
    """Refuse a file that was cut off between its pages, of which the parser takes the first."""
    said = (file.imagej_metadata or {}).get("images", len(pages))
    layout, handle = file.tiff, file.filehandle
    following = 0
    if pages:
        start = pages[-1].offset
        handle.seek(start)
        (n_tags,) = struct.unpack(layout.tagnoformat, handle.read(layout.tagnosize))
        handle.seek(start + layout.tagnosize + n_tags * layout.tagsize)
        (following,) = struct.unpack(layout.offsetformat, handle.read(layout.offsetsize))
    if not pages or following != 0 or said != len(pages):
        more = said if said != len(pages) else "more"
        raise FileFormatError(
            f"{file.filehandle.path} holds {len(pages)} images, but by its header {more}: it is cut "
            "off or damaged. Copy it again."
        )


def _said(imagej: dict[str, Any], n_pages: int) -> tuple[list[str], dict[str, Any]]:
    """ImageJ's labels, one a page, and this library's JSON."""
    labels = imagej.get("Labels") or []
    labels = [str(one).strip() for one in np.atleast_1d(labels)]
    try:
        about = json.loads(str(imagej.get("Info", "")))
    except ValueError:
        about = {}
    ours = isinstance(about, dict) and about.get("program") == "skxrf"
    return (labels if len(labels) == n_pages and all(labels) else []), (about if ours else {})


def _image(page: Any, path: Path) -> NDArray[Any]:
    if page.samplesperpixel != 1 or page.dtype is None or page.dtype.kind not in "uif":
        raise FileFormatError(
            f"{path}, page {page.index} has the shape {page.shape} and type {page.dtype}: expected "
            "a map, one number a pixel. Colored pictures hold no intensities."
        )
    where = f"{path}, page {page.index}"
    shape = (page.imagelength, page.imagewidth)
    nbytes = shape[0] * shape[1] * page.dtype.itemsize
    available = path.stat().st_size
    if page.compression == 1 and nbytes > available:
        raise FileFormatError(
            f"{where} of shape {shape} needs {nbytes} bytes, but the whole file has {available}: it "
            "is cut off or damaged."
        )
    refuse_absurd_size(nbytes, available, where)
    return np.asarray(page.asarray()).reshape(shape)


def _refuse_shared_strips(pages: list[Any], path: Path) -> None:
    """Refuse pages that together claim more values than the file can hold."""
    plain = packed = 0
    for page in pages:
        nbytes = page.imagelength * page.imagewidth * (page.dtype.itemsize if page.dtype else 1)
        if page.compression == 1:
            plain += nbytes
        else:
            packed += nbytes
    available = path.stat().st_size
    if plain > available:
        raise FileFormatError(
            f"{path}: its {len(pages)} pages need {plain} bytes, but the whole file has {available}: it "
            "is cut off or damaged."
        )
    refuse_absurd_size(packed, available, f"{path}, all pages together,")


def _name_of(page: Any) -> str:
    title = re.search(r"(?m)^Title=(.*)$", str(page.description))
    if title is not None:
        return title[1].strip()
    tag = page.tags.get(285)  # PageName
    return "" if tag is None else str(tag.value).strip("\0 ")


def _built(
    path: Path,
    pages: list[tuple[str, NDArray[Any]]],
    about: dict[str, Any],
    request: MapsRequest,
    steps: dict[str, float],
) -> xr.Dataset:
    images, errors = split_errors(by_name(pages, str(path)))
    shape = dict(zip(("y", "x"), pages[0][1].shape, strict=True))
    # Files of this library state positions in their description.
    places = {dim: step * np.arange(shape[dim]) for dim, step in steps.items() if not about}
    maps = build_maps(
        MapsSource(
            path=path,
            layout="TIFF",
            images=images,
            errors=errors,
            exact_names=bool(about),
            y=places.get("y"),
            x=places.get("x"),
        ),
        request.elements,
    )
    return _restored(maps, about)


def _restored(maps: xr.Dataset, about: dict[str, Any]) -> xr.Dataset:
    """Give maps that this library wrote their positions and attributes back."""
    for dim in ("y", "x"):
        said = about.get(dim)
        if isinstance(said, dict) and len(said.get("values", ())) == maps.sizes[dim]:
            values = np.array(said["values"], dtype=said.get("dtype", "f8"))
            maps = maps.assign_coords({dim: (dim, values, said.get("attrs", {}))})
    for name, variable in maps.data_vars.items():
        attrs = about.get("attrs", {})
        if isinstance(attrs, dict) and isinstance(attrs.get(name), dict):
            variable.attrs = attrs[str(name)]
    common = about.get("common_attrs")
    return maps.assign_attrs(common) if isinstance(common, dict) else maps


def _write(path: Path, names: list[str], pages: NDArray[Any], maps: xr.Dataset, rank: int) -> None:
    import tifffile

    about = {
        "program": "skxrf",
        "version": skxrf.__version__,
        "rank": rank,
        **{dim: _said_of(maps[dim]) for dim in ("y", "x")},
        "attrs": {str(name): dict(one.attrs) for name, one in maps.data_vars.items()},
        "common_attrs": dict(maps.attrs),
    }
    info = json_text(about)
    resolution, unit = _resolution(maps)
    try:
        tifffile.imwrite(
            path,
            # All six axes of ImageJ: fewer are squeezed where one has the size 1.
            pages[None, :, None, :, :, None],
            imagej=True,
            photometric="minisblack",
            resolution=resolution,
            metadata={"axes": "TZCYXS", "Labels": names, "Info": info, "unit": unit},
        )
    except (ValueError, TypeError) as error:
        raise FileFormatError(f"TIFF cannot hold these maps: {error}. Save as .nc.") from error


def _said_of(coordinate: xr.DataArray) -> dict[str, Any]:
    values = coordinate.to_numpy()
    if values.dtype.kind not in "uif":
        return {}
    return {
        "values": values.tolist(),
        "dtype": values.dtype.newbyteorder("=").str,
        "attrs": dict(coordinate.attrs),
    }


def _resolution(maps: xr.Dataset) -> tuple[tuple[float, float], str]:
    """Pixels per mm along x and y, or 1 where there are no even positions in mm."""
    steps = []
    for dim in ("x", "y"):
        positions = maps[dim].to_numpy()
        step = abs(np.diff(positions)) if positions.size > 1 else np.zeros(1)
        even = np.allclose(step, step[0], rtol=1e-3, atol=0) and step[0] > 0
        if maps[dim].attrs.get("units") != "mm" or not even:
            return (1.0, 1.0), "pixel"
        steps.append(1.0 / float(step[0]))
    return (steps[0], steps[1]), "mm"
