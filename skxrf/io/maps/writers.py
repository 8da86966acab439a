"""Formats that `save_maps` writes. A new one is a function and its lines in the tables."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import xarray as xr

from .dms import write_dms
from .netcdf import write_netcdf
from .nexus import write_nexus
from .png import write_png, write_png_folder
from .tables import write_table
from .tiff import write_tiff, write_tiff_folder

# Of computed maps, ``intensity`` of dims (y, x, element) and what else there is, to a file that is
# overwritten or a folder that exists.
WRITERS: dict[str, Callable[[xr.Dataset, Path], None]] = {
    "netcdf": write_netcdf,
    "nexus": write_nexus,
    "tiff": write_tiff,
    "dms": write_dms,
    "dat": partial(write_table, separator="  "),
    "csv": partial(write_table, separator=";"),
    "png": write_png,
}
# And the suffix of the files in the folder.
FOLDER_WRITERS: dict[str, tuple[Callable[[xr.Dataset, Path], None], str]] = {
    "tiff": (write_tiff_folder, ".tif"),
    "png": (write_png_folder, ".png"),
}
SUFFIXES = {
    ".nc": "netcdf",
    ".h5": "netcdf",
    ".nxs": "nexus",
    ".tif": "tiff",
    ".tiff": "tiff",
    ".dms": "dms",
    ".dat": "dat",
    ".csv": "csv",
    ".png": "png",
}
# Coordinates that a format keeps beside the names of the maps, where not all; pixels need none.
KEPT_COORDINATES: dict[str, tuple[str, ...]] = {
    "tiff": ("y", "x"),
    "dms": (),
    "dat": (),
    "csv": (),
}
