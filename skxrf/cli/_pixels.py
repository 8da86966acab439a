"""Pixels of a scan that a command takes: a box of rows and columns, a mask, their size."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ._options import FILE, ReadOptions, names, together

if TYPE_CHECKING:
    import numpy as np
    import xarray as xr
    from numpy.typing import NDArray

_Pixels = TypeVar("_Pixels", "xr.DataArray", "xr.Dataset")


pixel_options = together(
    click.option(
        "--crop",
        metavar="ROWS,COLUMNS",
        help="Part of the scan, counted from 0: 10:60,0:80 takes 50 rows and 80 columns.",
    ),
    click.option(
        "--mask",
        type=FILE,
        help="Picture or map of the scan's size: pixels of value 0 are left out.",
    ),
    click.option(
        "--pixel-size",
        metavar="MM",
        help="Step of the scan [mm], or the steps in y and in x: 0.5,0.25.",
    ),
)


def taken(cube: xr.DataArray, options: ReadOptions) -> xr.DataArray:
    """Cube with the pixels that the options of :func:`pixel_options` take."""
    cube = sized(cube, options.get("pixel_size"))
    if options.get("mask") is not None:
        cube = masked(cube, read_mask(options["mask"], (cube.sizes["y"], cube.sizes["x"])))
    return boxed(cube, options.get("crop"))


def sized(pixels: _Pixels, text: str | None) -> _Pixels:
    """Cube or maps with positions [mm] in the steps that the user states."""
    words = names(text)
    if words is None:
        return pixels
    import numpy as np

    try:
        steps = [float(word) for word in words]
    except ValueError:
        steps = []
    if len(steps) not in (1, 2) or not all(0 < step < np.inf for step in steps):
        raise click.UsageError(
            f"--pixel-size takes a step in mm above 0, or two for y and x, such as 0.5,0.25, got "
            f"{text!r}."
        )
    attrs = {"units": "mm"}
    return pixels.assign_coords(
        {
            dim: (dim, step * np.arange(pixels.sizes[dim]), attrs)
            for dim, step in zip(("y", "x"), (steps[0], steps[-1]), strict=True)
        }
    )


def boxed(pixels: _Pixels, text: str | None, option: str = "--crop") -> _Pixels:
    """Rows and columns of a cube or of maps, as ``10:60,0:80``."""
    words = None if text is None else text.split(",")
    if words is None:
        return pixels
    n_y, n_x = pixels.sizes["y"], pixels.sizes["x"]
    if len(words) != 2:
        raise click.UsageError(f"{option} takes ROWS,COLUMNS, such as 10:60,0:80, got {text!r}.")
    rows = _range(words[0], n_y, "rows", option)
    columns = _range(words[1], n_x, "columns", option)
    return pixels.isel(y=rows, x=columns)


def _range(word: str, size: int, kind: str, option: str) -> slice:
    from skxrf.exceptions import SkxrfError

    first, colon, last = (part.strip() for part in word.partition(":"))
    try:
        start = int(first) if first else 0
        stop = int(last) if last else size if colon else start + 1
    except ValueError:
        start = stop = -1
    if not 0 <= start < stop <= size:
        raise SkxrfError(
            f"{option} {word.strip()!r}: not within the {size} {kind}, 0 to {size - 1}, or empty. Expected "
            f"FIRST:END, such as 0:{size}, END not included, or a single number."
        )
    return slice(start, stop)


def masked(cube: xr.DataArray, mask: NDArray[np.bool_]) -> xr.DataArray:
    """Cube without counts outside a mask, where pixels are then as dead ones: missing in maps."""
    import xarray as xr

    return cube.where(xr.DataArray(mask, dims=("y", "x")), cube.dtype.type(0))


def read_mask(path: Path, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Read a mask: a picture of one channel, or a file of one map; True where it is not 0.

    `shape`: rows and columns that it must have.
    """
    import numpy as np

    from skxrf.exceptions import FileFormatError
    from skxrf.utils.files import existing_file

    file, _ = existing_file(path, "a mask")
    values = _plane(file)
    if values.shape != shape:
        raise FileFormatError(
            f"the mask {path} is of {values.shape[0]} x {values.shape[1]} pixels, the scan of "
            f"{shape[0]} x {shape[1]}: make a mask of the scan's rows and columns."
        )
    mask = np.nan_to_num(values) != 0
    if not mask.any():
        raise FileFormatError(f"the mask {path} takes no pixel: it is 0 everywhere.")
    return np.asarray(mask)


def _plane(file: Path) -> NDArray[Any]:
    import numpy as np
    import xarray as xr
    from PIL import Image, UnidentifiedImageError

    from skxrf.exceptions import FileFormatError
    from skxrf.io import open_maps

    try:
        with Image.open(file, formats=("PNG", "TIFF", "BMP", "GIF", "JPEG")) as image:
            n_pages = getattr(image, "n_frames", 1)
            values = np.asarray(image.convert("L") if image.mode in ("RGB", "P") else image)
    except UnidentifiedImageError:
        maps = open_maps(file)
        intensity = maps["intensity"] if isinstance(maps, xr.Dataset) else maps
        n_pages, values = intensity.sizes["element"], intensity.to_numpy()[..., 0]
    if n_pages != 1 or values.ndim != 2:
        raise FileFormatError(
            f"{file} is no mask: expected one map, or a picture in one color, got {n_pages} of shape "
            f"{values.shape}."
        )
    return np.asarray(values)
