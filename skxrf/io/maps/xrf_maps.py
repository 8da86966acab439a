"""Fits of XRF-Maps: ``/MAPS/XRF_Analyzed/<fit>/Counts_Per_Sec`` of (names, rows, columns).

K lines are called by the element alone, the others ``Pb_L`` and ``Pb_M``; they are in counts per second.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from skxrf.utils.line_group_names import line_group_name

from .._hdf5_values import text
from .source import MapsSource, images_of_stack


def find(file: Any) -> list[str]:
    """Names of the fits in the file."""
    names = [f"/MAPS/XRF_Analyzed/{fit}" for fit in ("Fitted", "NNLS", "ROI")]
    return [name for name in names if f"{name}/Counts_Per_Sec" in file]


def read(file: Any, name: str) -> MapsSource:
    """Describe one fit."""
    group = file[name]
    stack = images_of_stack(group, "Counts_Per_Sec", "Channel_Names")
    units = group.get("Channel_Units")
    unit = "" if units is None or not units.size else text(np.ravel(units[()])[0])
    # The fit's scatter, residuals and sums are no line groups.
    images = {
        group_name: image
        for one, image in stack.items()
        if (group_name := line_group_name(one) or line_group_name(f"{one}_K")) is not None
    }
    return MapsSource(
        path=Path(file.filename),
        layout="XRF-Maps",
        images=images,
        group=name,
        units=unit or "cts/s",
    )
