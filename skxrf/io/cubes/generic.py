"""Any other HDF5 cube: the caller names the dataset and gives the energy axis.

Labels of the axes are used where the file has them: the attribute ``dims`` or ``axes``, or HDF5's own
dimension labels and scales (as netCDF and xarray write them), whose units may calibrate the axis.
"""

from __future__ import annotations

from typing import Any

from .._hdf5_values import axis_labels, numbers, positions, scales, units_of
from .axes import dims_from_labels
from .beside import times_beside
from .hdf5_reader import hdf5_source
from .source import CubeSource
from .stated_axis import axis_facts


def find(file: Any, cubes: list[Any]) -> list[Any]:
    """Every cube."""
    return cubes


def read(cube: Any) -> CubeSource:
    """Describe one cube by what HDF5 itself can say about it."""
    dims = dims_from_labels(axis_labels(cube))
    found: dict[str, Any] = {}
    for dim, scale, size in zip(dims or (), scales(cube), cube.shape, strict=False):
        units = "" if scale is None else units_of(scale)
        if dim == "energy" and units:
            source = f"{scale.name!r} in {cube.file.filename}"
            found |= axis_facts(source, values=numbers(scale, at_most=size), units=units)
        elif units and dim in ("y", "x"):
            found[dim] = positions(scale, size)
    return hdf5_source(
        cube,
        "HDF5",
        dims=dims,
        dims_from="the labels of its axes",
        any_axes=True,
        columns_first="MATLAB_class" in cube.attrs,
        **times_beside(cube),
        **found,
    )
