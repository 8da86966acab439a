"""Fits of PyXRF: ``xrfmap/<detector>/xrf_fit`` of (names, rows, columns) with ``xrf_fit_name``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import h5py

from skxrf.utils.line_group_names import line_group_name

from .source import MapsSource, images_of_stack


def find(file: Any) -> list[str]:
    """Names of the detectors that have a fit; the sum alone, where it has one."""
    group = file.get("xrfmap")
    names = [] if not isinstance(group, h5py.Group) else sorted(group)
    found = [
        f"/xrfmap/{name}"
        for name in names
        if re.fullmatch(r"detsum|det\d+", name) and f"{name}/xrf_fit" in group
    ]
    return ["/xrfmap/detsum"] if "/xrfmap/detsum" in found else found


def read(file: Any, name: str) -> MapsSource:
    """Describe the fit of one detector."""
    group = file[name]
    # Scatter, background and figures of merit stand among the line groups.
    stack = images_of_stack(group, "xrf_fit", "xrf_fit_name")
    images = {one: image for one, image in stack.items() if line_group_name(one) is not None}
    return MapsSource(path=Path(file.filename), layout="PyXRF", images=images, group=name)
