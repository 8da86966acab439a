"""Formats of maps that `open_maps` knows. A new one is a module and a line here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import xarray as xr

from .._edf_file import is_edf
from .._hdf5_access import is_hdf5
from . import dms, edf, hdf5, rtx, tables, tiff
from .source import MapsRequest


class MapsFormat(NamedTuple):
    """One file format for maps, recognized by content. A new one is a module and a line below."""

    name: str
    recognizes: Callable[[Path, bytes], bool]
    """From the file's path and its first bytes; cheap, and never an error."""
    open: Callable[[Path, MapsRequest], xr.Dataset]
    """Read the maps that were asked for: a Dataset of ``intensity`` and perhaps ``uncertainty``, in the
    type that the file has."""
    folder: bool = False  # True for a folder of files
    unpacks: bool = False  # True where it reads files packed by gzip or bzip2


MAPS_FORMATS = (
    MapsFormat("HDF5 (netCDF, NeXus, PyMca, ...)", is_hdf5, hdf5.read_hdf5_maps),
    MapsFormat("TIFF", tiff.recognizes, tiff.read_tiff),
    MapsFormat("folders of TIFF", tiff.folder_recognizes, tiff.read_tiff_folder, folder=True),
    MapsFormat("Datamuncher (.dms, .ims)", dms.recognizes, dms.read_dms),
    MapsFormat("Bruker .rtx", rtx.recognizes, rtx.read_rtx),
    MapsFormat("EDF images", is_edf, edf.read_edf, unpacks=True),
    MapsFormat("folders of EDF images", edf.folder_recognizes, edf.read_edf_folder, folder=True),
    # Any text is taken for a table, so it comes last.
    MapsFormat("text tables (.dat, .csv)", tables.recognizes, tables.read_table, unpacks=True),
)
