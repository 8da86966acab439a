"""HDF5 cubes: which dataset, in which layout."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import h5py

from skxrf.exceptions import Argument, EnergyAxisError, FileFormatError
from skxrf.utils.units import to_kev

from .._hdf5_access import cubes_in, listed, open_file, units_of
from . import (
    bcf_converter,
    counts,
    crono,
    generic,
    hyperspy,
    larch,
    nexus,
    pyxrf,
    xismus,
    xrdxrfutils,
    xrf_maps,
)
from .source import CubeRequest, CubeSource

__all__ = ["LAYOUTS", "HDF5Layout", "open_hdf5"]


class HDF5Layout(NamedTuple):
    """One way to keep a cube in HDF5."""

    name: str
    find: Callable[[Any, list[Any]], list[Any]]
    """From the open file and its 3-D datasets, those that are cubes of this layout (or a table)."""
    read: Callable[[Any], CubeSource]
    """Describe one of them."""


# The first that recognises a dataset reads it; the last one takes any.
LAYOUTS = (
    HDF5Layout("HyperSpy", hyperspy.find, hyperspy.read),
    HDF5Layout("counts and energy_keV", counts.find, counts.read),
    HDF5Layout("CRONO (XGLab)", crono.find, crono.read),
    HDF5Layout("XRF-Maps", xrf_maps.find, xrf_maps.read),
    # Older maps of larch have PyXRF's names, and more.
    HDF5Layout("larch map", larch.find, larch.read),
    HDF5Layout("PyXRF", pyxrf.find, pyxrf.read),
    HDF5Layout("XISMuS", xismus.find, xismus.read),
    HDF5Layout("XRDXRFUtils", xrdxrfutils.find, xrdxrfutils.read),
    HDF5Layout("BCF Converter", bcf_converter.find, bcf_converter.read),
    HDF5Layout("NeXus (PyMca stack)", nexus.find, nexus.read),
    HDF5Layout("any, by dataset and energy", generic.find, generic.read),
)


def open_hdf5(path: Path, request: CubeRequest) -> tuple[CubeSource, CubeRequest]:
    """Find the cube in an HDF5 file.

    Parameters
    ----------
    path : Path
        The file.
    request : CubeRequest
        ``dataset`` picks one of several cubes; ``energy`` may name a dataset.

    Returns
    -------
    source : CubeSource
        The cube and what the file says about it.
    request : CubeRequest
        The request with the energy axis read where a dataset was named.

    Raises
    ------
    FileFormatError
        If the file cannot be read, or holds no such cube, or several.
    EnergyAxisError
        If there is no such energy dataset.
    """
    with open_file(path) as file:
        cubes = cubes_in(file)
        named = None if request.dataset is None else _named(file, request.dataset, cubes)
        layout, cube = _recognised(file, cubes, named)
        source = layout.read(cube)
        if isinstance(request.energy, str):
            energy = _energy_dataset(file, cube, request.energy)
            request = dataclasses.replace(request, energy=energy)
    return source, request


def _named(file: Any, name: str, cubes: list[Any]) -> Any:
    dataset = file.get(name)
    path = file.filename
    if not isinstance(dataset, h5py.Dataset):
        what = "holds no dataset" if dataset is None else "holds a group, not a dataset,"
        raise FileFormatError(
            f"{path} {what} {name!r}. Its three-dimensional datasets: {listed(cubes)}."
        )
    # Spectra may stand in a table that a layout knows how to grid.
    if any(dataset == one for layout in LAYOUTS for one in layout.find(file, [])):
        return dataset
    if dataset.ndim != 3 or dataset.dtype.kind not in "uif":
        raise FileFormatError(
            f"{path}, dataset {name!r} has the shape {dataset.shape} and type {dataset.dtype}: "
            f"expected numbers over three axes. Three-dimensional datasets: {listed(cubes)}."
        )
    # The same dataset under its own name, not a link's: what describes it stands beside it there.
    return next((cube for cube in cubes if cube == dataset), dataset)


def _recognised(file: Any, cubes: list[Any], named: Any) -> tuple[HDF5Layout, Any]:
    for layout in LAYOUTS:
        found = layout.find(file, cubes if named is None else [named])
        found = [one for one in found if named is None or one == named]
        if len(found) > 1:
            raise FileFormatError(
                f"{file.filename} holds {len(found)} cubes: {listed(found)}. Pass ",
                Argument("dataset"),
                " with the name of one.",
            )
        if found:
            return layout, found[0]
    raise FileFormatError(
        f"{file.filename} is HDF5, but holds no three-dimensional dataset of numbers: expected "
        f"counts over (y, x, energy). Known layouts: {'; '.join(one.name for one in LAYOUTS)}."
    )


def _energy_dataset(file: Any, cube: Any, name: str) -> Any:
    """Values [keV] of the dataset called `name`, in the file or beside the cube."""
    for group in (file, cube.parent):
        item = group.get(name)
        if isinstance(item, h5py.Dataset):
            source = f"{item.name!r} in {file.filename}"
            if item.ndim != 1 or item.dtype.kind not in "uif":
                raise EnergyAxisError(
                    f"{source} has the shape {item.shape} and type {item.dtype}: expected one "
                    "energy in keV for each channel."
                )
            return to_kev(item[()], units_of(item), source=source)
    vectors: list[str] = []

    def visit(_: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset) and item.ndim == 1 and item.size in cube.shape:
            vectors.append(f"{item.name!r} ({item.size})")

    file.visititems(visit)
    raise EnergyAxisError(
        f"{file.filename} holds no dataset {name!r} for the energy axis. Datasets of a fitting "
        f"length: {', '.join(vectors[:10]) or 'none'}."
    )
