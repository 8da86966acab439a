"""EDF images as maps: one file with an image a map, or a folder with a file a map, as PyMca writes them.

The name of a map is ``Title`` of its header, else the end of the file's name (``IMAGES_Fe_K.edf``).
``s(Fe_K)`` is the standard deviation of ``Fe_K``. Files without any name are no maps.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import xarray as xr
from numpy.typing import NDArray

from skxrf.exceptions import FileFormatError

from .._edf_file import EdfImage, edf_images
from .._packed import plain_name
from ..cubes.numbered import files_in
from .columns import name_at_end
from .source import MapsRequest, MapsSource, build_maps, by_name, split_errors


def folder_recognizes(path: Path, head: bytes) -> bool:
    """Recognize a folder of EDF files."""
    return bool(files_in(path, ".edf"))


def read_edf(path: Path, request: MapsRequest) -> xr.Dataset:
    """Read the images of one file as maps."""
    return _built(path, [(path, image) for image in edf_images(path)], request)


def read_edf_folder(path: Path, request: MapsRequest) -> xr.Dataset:
    """Read the files of a folder as maps."""
    images = [(file, image) for file in files_in(path, ".edf") for image in edf_images(file)]
    return _built(path, images, request)


def _built(path: Path, images: list[tuple[Path, EdfImage]], request: MapsRequest) -> xr.Dataset:
    found: list[tuple[str, NDArray[Any]]] = []
    for file, image in images:
        name = _name(file, image)
        if len(image.shape) != 2 or not name or any(key.startswith("mca ") for key in image.header):
            raise FileFormatError(
                f"{file} holds {'x'.join(map(str, image.shape))} values called {name or 'nothing'!r}: expected "
                "maps, images with a Title or a file name such as Fe_K. Rows of spectra are opened with "
                "open_cube."
            )
        found.append((name, image.read()))
    maps, errors = split_errors(by_name(found, str(path)))
    source = MapsSource(path=path, layout="EDF images", images=maps, errors=errors)
    return build_maps(source, request.elements)


def _name(file: Path, image: EdfImage) -> str:
    """Title of an image, else what ends the name of its file and is the name of a map."""
    title = image.header.get("title", "").strip()
    if title and re.fullmatch(r"Array_\d+", title) is None:
        return title
    return name_at_end(plain_name(file).stem)
