"""`open_images`: pictures and other images that a scanner's program keeps beside the spectra."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import xarray as xr

from skxrf.utils.files import existing_file, printable_attrs

from ._bruker_images import bruker_images
from ._guard import own_errors
from .cubes.bruker_xml import step_positions


def open_images(path: str | os.PathLike[str]) -> dict[str, xr.DataArray]:
    """Open the images in a Bruker ``.bcf`` or ``.rtx``: video, mosaic, overviews, pixel times.

    Parameters
    ----------
    path : str or path-like
        The file.

    Returns
    -------
    dict of str to DataArray of dims (y, x, plane)
        By the file's names, in its order; an image without a name, which lies on the grid of the map,
        is called ``"map"``, and a second one of a name gets a number. Unsigned integers as stored.
        ``plane`` holds the descriptions of the planes, or their numbers; three of a picture are its
        colors. ``y`` and ``x`` are positions within the image [mm] where the file states the size of a
        pixel, else pixel indices. Where an image lies on the painting is not stated.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    FileFormatError
        If it is damaged, or of another kind.
    """
    file, _ = existing_file(path, "a Bruker file")
    with own_errors(file, "a Bruker file"):
        found = bruker_images(file)
    source = printable_attrs({"source": str(file)})
    images: dict[str, xr.DataArray] = {}
    for image in found:
        name = first = image.name.strip() or "map"
        number = 2
        while name in images:
            name, number = f"{first} {number}", number + 1
        stack = np.stack(list(image.planes.values()), axis=-1)
        coords: dict[str, Any] = {"plane": list(image.planes)}
        for dim, step, size in (
            ("y", image.step_y, stack.shape[0]),
            ("x", image.step_x, stack.shape[1]),
        ):
            at = step_positions(step, size)
            coords[dim] = np.arange(size) if at is None else (dim, at, {"units": "mm"})
        images[name] = xr.DataArray(
            stack, dims=("y", "x", "plane"), coords=coords, name=name, attrs=source
        )
    return images
