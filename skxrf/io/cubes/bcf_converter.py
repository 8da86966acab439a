"""BCF Converter: ``/data`` of (rows, columns, channels), its size and energy axis in attributes.

``width``, ``height`` and ``channels`` repeat the shape; ``energy_offset``, ``energy_scale`` and
``energy_units`` are those of HyperSpy's axis.
"""

from __future__ import annotations

from typing import Any

from skxrf.exceptions import FileFormatError

from .._hdf5_values import scalar_attrs, text
from .hdf5_reader import hdf5_source
from .source import CubeSource
from .stated_axis import axis_facts

_SIZES = ("height", "width", "channels")
_LINE = ("energy_offset", "energy_scale")


def find(file: Any, cubes: list[Any]) -> list[Any]:
    """The cube ``/data``, where it says its size."""
    return [cube for cube in cubes if cube.name == "/data" and set(_SIZES) <= set(cube.attrs)]


def read(cube: Any) -> CubeSource:
    """Describe the cube."""
    where = f"{cube.file.filename}, dataset {cube.name!r}"
    sizes = tuple(scalar_attrs(cube, _SIZES).get(name) for name in _SIZES)
    if sizes != cube.shape:
        raise FileFormatError(
            f"{where} has the shape {cube.shape}, but its attributes {', '.join(_SIZES)} say {sizes}: "
            "the file contradicts itself."
        )
    line = scalar_attrs(cube, _LINE)
    return hdf5_source(
        cube,
        "BCF Converter",
        dims=("y", "x", "energy"),
        dims_from="its attributes height, width and channels",
        **axis_facts(
            f"the attributes {' and '.join(_LINE)} of {where}",
            coefficients=[line[name] for name in _LINE] if len(line) == len(_LINE) else None,
            units=text(cube.attrs.get("energy_units")),
        ),
    )
