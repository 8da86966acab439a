"""HDF5 maps: which group, in which layout."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import xarray as xr

from skxrf.exceptions import Argument, FileFormatError

from .._hdf5_access import cubes_in, datasets_in, listed, open_file, refuse_foreign_sources
from .._hdf5_heaps import refuse_damaged_heaps
from . import netcdf, nexus, pyxrf, xrf_maps
from .source import MapsRequest, MapsSource, build_maps


class HDF5MapsLayout(NamedTuple):
    """One way to keep maps in HDF5."""

    name: str
    find: Callable[[Any], list[str]]
    """From the open file, the names of the groups that are results of this layout."""
    read: Callable[[Any, str], MapsSource]
    """Describe one of them; its images are read while the file is open."""


MAPS_LAYOUTS = (
    HDF5MapsLayout("NeXus (parameters, uncertainties)", nexus.find, nexus.read),
    HDF5MapsLayout("XRF-Maps", xrf_maps.find, xrf_maps.read),
    HDF5MapsLayout("PyXRF", pyxrf.find, pyxrf.read),
)


def read_hdf5_maps(path: Path, request: MapsRequest) -> xr.Dataset:
    """Read maps from an HDF5 file of any known layout."""
    refuse_damaged_heaps(path)
    with open_file(path) as file:
        refuse_foreign_sources(file, follow=None)
        if "intensity" in file and request.dataset is None:
            return netcdf.read_netcdf(path, request.elements)
        layout, name = _chosen(file, request.dataset)
        source = layout.read(file, name)
        maps = build_maps(source, request.elements)
        return nexus.restored(file, source, maps, request.elements)


def _chosen(file: Any, dataset: str | None) -> tuple[HDF5MapsLayout, str]:
    found = [(layout, name) for layout in MAPS_LAYOUTS for name in layout.find(file)]
    names = [name for _, name in found]
    if dataset is None:
        if len(found) == 1:
            return found[0]
        if found:
            raise FileFormatError(
                f"{file.filename} holds {len(found)} groups of maps: {', '.join(names)}. Pass ",
                Argument("dataset"),
                " with the name of one.",
            )
        groups = sorted({str(one.parent.name) for one in datasets_in(file) if one.ndim == 2})[:10]
        raise FileFormatError(
            f"{file.filename} is HDF5, but holds no maps: expected a variable 'intensity' over (y, "
            "x, element), as save_maps writes it, or one of the layouts "
            f"{', '.join(one.name for one in MAPS_LAYOUTS)}; or name a group of images with ",
            Argument("dataset"),
            f", of which there are: {', '.join(map(repr, groups)) or 'none'}. Three-dimensional datasets: {listed(cubes_in(file))}.",
        )
    wanted = "/" + dataset.strip("/")
    for layout, name in found:
        if wanted in (name, f"{name}/results", f"{name}/results/parameters"):
            return layout, name
    group = file.get(wanted)
    if isinstance(group, h5py.Group) and nexus.images_in(group):
        return MAPS_LAYOUTS[0], wanted
    what = "no group" if group is None else "no maps in"
    raise FileFormatError(
        f"{file.filename} holds {what} {dataset!r}: expected the name of a group of maps. Groups of "
        f"maps in it: {', '.join(names) or 'none'}."
    )
