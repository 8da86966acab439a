"""Names and 32-bit values, common to the formats of bare images."""

from __future__ import annotations

import re

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skxrf.exceptions import FileFormatError


def only_maps(maps: xr.Dataset, what: str, *, uncertainty: bool) -> None:
    """Refuse variables that a format of images has no place for."""
    known = {"intensity", "uncertainty"} if uncertainty else {"intensity"}
    others = sorted(map(str, set(maps.data_vars) - known))
    if others:
        raise FileFormatError(
            f"{what} cannot hold {', '.join(others)}: drop these variables, save "
            "maps['intensity'] alone, or save as .nc or .nxs."
        )


def float32_images(
    maps: xr.Dataset, what: str, *, uncertainty: bool = True
) -> dict[str, NDArray[np.float32]]:
    """Each map as float32 (y, x) by its name, the standard deviations as ``s(Fe_K)``.

    Values of other types are rounded to the nearest float32. `what` is the format, which may have no place
    for uncertainties.
    """
    only_maps(maps, what, uncertainty=uncertainty)
    names = [str(name) for name in maps["element"].to_numpy()]
    images = {}
    for variable, label in (("intensity", "{}"), ("uncertainty", "s({})")):
        if variable not in maps:
            continue
        values = maps[variable].to_numpy()
        with np.errstate(over="ignore"):
            rounded = values.astype(np.float32)
        if values.dtype.kind == "f" and not np.array_equal(np.isinf(values), np.isinf(rounded)):
            raise FileFormatError(
                f"{what} holds 32-bit numbers, but {variable} reaches "
                f"{np.abs(values[np.isfinite(values)]).max():g}: save as .nc or .nxs."
            )
        for k, name in enumerate(names):
            images[label.format(name)] = np.ascontiguousarray(rounded[..., k])
    return images


def safe_name(name: str) -> str:
    """A map's name where it can name a file on every system."""
    wrong = (
        not name.strip(" .")
        or re.search(r"""[\\/:*?"<>|\0-\x1f]""", name)
        or name != name.strip(" .")
    )
    refuse_name(name, wrong, "cannot name a file")
    return name


def refuse_name(name: str, wrong: object, why: str) -> None:
    """Refuse the name of a map where it is wrong for a format."""
    if wrong:
        raise FileFormatError(
            f"a map is called {name!r}, which {why}: use names such as Fe_K, or save as .nc."
        )
