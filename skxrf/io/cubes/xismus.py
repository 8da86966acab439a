"""XISMuS: ``dataset_1`` of (rows, columns, channels), with ``calibration`` at the root.

The root's attribute ``calibration`` lists anchors (channel, keV), through which a straight line is laid;
``datatypes`` is 1 for infrared spectra, which are none of this library's.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from skxrf.exceptions import FileFormatError

from .hdf5_reader import hdf5_source
from .source import CubeSource
from .stated_axis import axis_facts


def find(file: Any, cubes: list[Any]) -> list[Any]:
    """Cubes at the root of a file that says what XISMuS says."""
    if not {"datatypes", "calibration"} <= set(file.attrs):
        return []
    return [cube for cube in cubes if cube.parent == file]


def read(cube: Any) -> CubeSource:
    """Describe the cube."""
    file = cube.file
    if np.any(np.asarray(file.attrs["datatypes"]) == 1):
        raise FileFormatError(
            f"{file.filename} holds infrared spectra, by its attribute datatypes=1: expected X-ray "
            "fluorescence."
        )
    points = np.asarray(file.attrs["calibration"])
    return hdf5_source(
        cube,
        "XISMuS",
        dims=("y", "x", "energy"),
        dims_from="XISMuS' layout",
        **axis_facts(
            f"the attribute calibration of {file.filename}",
            points=points if points.dtype.kind in "uif" else [],
        ),
    )
