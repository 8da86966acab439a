"""Fits of PyXRF: ``xrfmap/<detector>/xrf_fit`` of (names, rows, columns) with ``xrf_fit_name``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import h5py

from skxrf.exceptions import FileFormatError
from skxrf.physics._names import line_group_name

from .._hdf5_values import texts
from .._limits import refuse_absurd_size
from .source import MapsSource

__all__ = ["find", "read"]

_DETECTOR = re.compile(r"/xrfmap/(detsum|det\d+)")


def find(file: Any) -> list[str]:
    """Names of the detectors that have a fit; the sum alone, where it has one."""
    group = file.get("xrfmap")
    names = [] if not isinstance(group, h5py.Group) else sorted(group)
    found = [
        f"/xrfmap/{name}"
        for name in names
        if _DETECTOR.fullmatch(f"/xrfmap/{name}") and f"{name}/xrf_fit" in group
    ]
    return ["/xrfmap/detsum"] if "/xrfmap/detsum" in found else found


def read(file: Any, name: str) -> MapsSource:
    """Describe the fit of one detector."""
    group = file[name]
    stack = group["xrf_fit"]
    where = f"{file.filename}, dataset {stack.name!r}"
    stored = group.get("xrf_fit_name")
    names = [] if stored is None else texts(stored[()])
    if stack.ndim != 3 or stack.dtype.kind not in "uif" or stack.shape[0] != len(names):
        raise FileFormatError(
            f"{where} has the shape {stack.shape} and type {stack.dtype} beside {len(names)} names "
            "in xrf_fit_name: expected one image for each of them."
        )
    refuse_absurd_size(stack.nbytes, stack.id.get_storage_size(), where)
    # Scatter, background and figures of merit stand among the line groups.
    images = {
        one: image
        for one, image in zip(names, stack[()], strict=True)
        if line_group_name(one) is not None
    }
    return MapsSource(path=Path(file.filename), layout="PyXRF", images=images, group=name)
