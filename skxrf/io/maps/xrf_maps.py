"""Fits of XRF-Maps: ``/MAPS/XRF_Analyzed/<fit>/Counts_Per_Sec`` of (names, rows, columns).

K lines are called by the element alone, the others ``Pb_L`` and ``Pb_M``; they are in counts per second.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from skxrf.exceptions import FileFormatError
from skxrf.physics._names import line_group_name

from .._hdf5_values import text, texts
from .._limits import refuse_absurd_size
from .source import MapsSource

__all__ = ["find", "read"]

_FITS = ("Fitted", "NNLS", "ROI")


def find(file: Any) -> list[str]:
    """Names of the fits in the file."""
    names = [f"/MAPS/XRF_Analyzed/{fit}" for fit in _FITS]
    return [name for name in names if f"{name}/Counts_Per_Sec" in file]


def read(file: Any, name: str) -> MapsSource:
    """Describe one fit."""
    group = file[name]
    stack = group["Counts_Per_Sec"]
    where = f"{file.filename}, dataset {stack.name!r}"
    stored = group.get("Channel_Names")
    names = [] if stored is None else [one.strip() for one in texts(stored[()])]
    if stack.ndim != 3 or stack.dtype.kind not in "uif" or stack.shape[0] != len(names):
        raise FileFormatError(
            f"{where} has the shape {stack.shape} and type {stack.dtype} beside {len(names)} "
            "Channel_Names: expected one image for each of them."
        )
    refuse_absurd_size(stack.nbytes, stack.id.get_storage_size(), where)
    values = stack[()]
    units = group.get("Channel_Units")
    unit = "" if units is None or not units.size else text(np.ravel(units[()])[0])
    # The fit's scatter, residuals and sums are no line groups.
    images = {
        group_name: image
        for one, image in zip(names, values, strict=True)
        if (group_name := line_group_name(one) or line_group_name(f"{one}_K")) is not None
    }
    return MapsSource(
        path=Path(file.filename),
        layout="XRF-Maps",
        images=images,
        group=name,
        units=unit or "cts/s",
    )
