"""Element maps of a Bruker project ``.rtx``: planes such as ``Ca-KA`` of one of its images."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import xarray as xr

from skxrf.exceptions import Argument, FileFormatError
from skxrf.utils.line_group_names import line_group_name

from .._bruker_images import bruker_images, is_project
from ..cubes.bruker_xml import step_positions
from .source import MapsRequest, MapsSource, build_maps


def recognizes(path: Path, head: bytes) -> bool:
    """Recognize a project by its start."""
    return is_project(head)


def read_rtx(path: Path, request: MapsRequest) -> xr.Dataset:
    """Read the element maps of a project; how Bruker's program made them is not stated."""
    found = [(one, _maps_of(one.planes)) for one in bruker_images(path)]
    found = [(one, maps) for one, maps in found if maps]
    if request.dataset is not None:
        found = [(one, maps) for one, maps in found if one.name == request.dataset]
    names = ", ".join(repr(one.name) for one, _ in found)
    if not found:
        raise FileFormatError(f"{path} holds no element maps, planes of an image such as 'Ca-KA'.")
    if len(found) > 1:
        raise FileFormatError(
            f"{path} holds element maps of {len(found)} images, {names}: pass ",
            Argument("dataset"),
            " with the name of one.",
        )
    image, maps = found[0]
    height, width = next(iter(maps.values())).shape
    source = MapsSource(
        path=path,
        layout="Bruker .rtx",
        images=maps,
        group=image.name,
        y=step_positions(image.step_y, height),
        x=step_positions(image.step_x, width),
        attrs={"title": image.name},
    )
    return build_maps(source, request.elements)


def _maps_of(planes: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Planes of line groups; Bruker calls the K group of iron ``Fe-KA``, that of silicon ``Si-K``."""
    maps = {}
    for name, values in planes.items():
        match = re.fullmatch(r"([A-Z][a-z]?)-([KLM])A?", name.strip())
        group = line_group_name(f"{match[1]}-{match[2]}") if match else None
        if group is not None and group not in maps:
            maps[group] = values
    return maps
