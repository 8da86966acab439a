"""PNG pictures of maps, to look at: 16-bit gray, with the scale in the file's text.

Black is zero counts (or the lowest value, where that is negative), white the 99.9th percentile, so that
one hot pixel does not make the rest black. Both are in the text chunks, by which a picture can be
compared with another; the intensities themselves cannot be had back.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

import skxrf
from skxrf.exceptions import FileFormatError

from .plain import only_maps, safe_name

_WHITE_PERCENTILE = 99.9


def write_png(maps: xr.Dataset, path: Path) -> None:
    """Write a single map as a picture."""
    names = _names(maps)
    if len(names) != 1:
        raise FileFormatError(
            f"one picture holds one map, got {len(names)}: save maps.sel(element=[{names[0]!r}]), or "
            'all into a folder, save_maps(maps, "pictures/", format="png").'
        )
    _write(path, names[0], maps["intensity"][..., 0])


def write_png_folder(maps: xr.Dataset, folder: Path) -> None:
    """Write each map as a picture, such as ``Fe_K.png``."""
    for k, name in enumerate(_names(maps)):
        _write(folder / f"{safe_name(name)}.png", name, maps["intensity"][..., k])


def _names(maps: xr.Dataset) -> list[str]:
    # Pictures of the uncertainties would look like those of the maps.
    only_maps(maps, "a picture", uncertainty=True)
    return [str(name) for name in maps["element"].to_numpy()]


def _write(path: Path, name: str, image: xr.DataArray) -> None:
    from PIL import Image, PngImagePlugin

    values = image.to_numpy().astype(np.float64)
    black, white = _scale(values)
    units = str(image.attrs.get("units", "counts"))
    text = PngImagePlugin.PngInfo()
    for key, said in {
        "Title": name,
        "Description": f"{name}: black is {black:.9g} {units}, white {white:.9g} {units} or more, "
        "linear between; pixels without a value are black",
        "Software": f"skxrf {skxrf.__version__}",
        "black": repr(black),
        "white": repr(white),
        "units": units,
    }.items():
        text.add_itxt(key, said)
    with path.open("wb") as stream:
        Image.fromarray(_gray(values, black, white)).save(stream, format="PNG", pnginfo=text)


def _scale(values: NDArray[np.float64]) -> tuple[float, float]:
    """Values that become black and white."""
    finite = values[np.isfinite(values)]
    if finite.size == 0:
        return 0.0, 1.0
    black = min(0.0, float(finite.min()))
    white = float(np.percentile(finite, _WHITE_PERCENTILE))
    # Fewer bright pixels than the percentile leaves out are still the map.
    white = white if white > black else float(finite.max())
    return black, white if white > black else black + 1.0


def _gray(values: NDArray[np.float64], black: float, white: float) -> NDArray[np.uint16]:
    share = np.nan_to_num((values - black) / (white - black), nan=0.0, posinf=1.0, neginf=0.0)
    return np.asarray(np.rint(np.clip(share, 0.0, 1.0) * np.iinfo(np.uint16).max), dtype=np.uint16)
