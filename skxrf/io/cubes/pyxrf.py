"""PyXRF: ``xrfmap/detsum/counts`` of (rows, columns, channels).

``detsum`` is the sum over the detectors ``det1``, ``det2``, ... The files hold no energy axis: PyXRF
takes 10 eV a channel from 0 by default, and keeps what was refined in a separate parameter file.
"""

from __future__ import annotations

import re
from typing import Any

from skxrf.exceptions import Argument

from .hdf5_reader import hdf5_source
from .source import CubeSource


def find(file: Any, cubes: list[Any]) -> list[Any]:
    """The summed cube, or those of single detectors where there is no sum."""
    found = [
        cube
        for cube in cubes
        if cube.name.endswith("/counts")
        and re.fullmatch(r"/xrfmap/(detsum|det\d+)", cube.parent.name)
    ]
    summed = [cube for cube in found if cube.parent.name == "/xrfmap/detsum"]
    return summed or found


def read(cube: Any) -> CubeSource:
    """Describe one cube."""
    return hdf5_source(
        cube,
        "PyXRF",
        dims=("y", "x", "energy"),
        dims_from="PyXRF's layout",
        energy_hint=(
            "PyXRF's own default is ",
            Argument("energy", placeholder="0, 0.010"),
            "; the refined calibration is in its parameter file.",
        ),
    )
