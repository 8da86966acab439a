"""`open_maps`: element maps from any known file."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import xarray as xr

from skxrf.exceptions import FileFormatError

from . import _netcdf, _tables
from ._columns import Elements
from ._paths import existing_file

__all__ = ["MAPS_FORMATS", "MapsFormat", "open_maps"]


class MapsFormat(NamedTuple):
    """One file format for maps, recognised by content. A new one is a module and a line below."""

    name: str
    recognises: Callable[[Path, bytes], bool]
    """From the file's path and its first bytes; cheap, and never an error."""
    open: Callable[[Path, Elements], xr.Dataset]
    """Read the maps that were asked for."""


MAPS_FORMATS = (
    MapsFormat("netCDF/HDF5 of save_maps", _netcdf.recognises, _netcdf.read_netcdf),
    # Any text is taken for a table, so it comes last.
    MapsFormat("text tables (.dat, .csv)", _tables.recognises, _tables.read_table),
)


def open_maps(
    path: str | os.PathLike[str], *, elements: Elements = None
) -> xr.DataArray | xr.Dataset:
    r"""Open element maps, with their uncertainties where the file has them.

    The format is recognised by content: netCDF as :func:`save_maps` writes it, or a text table of
    one line a pixel with the columns ``row`` and ``column`` (PyMca's ``.dat`` and ``.csv``).

    Parameters
    ----------
    path : str or path-like
        The file.
    elements : sequence of str or mapping of str to str, optional
        The maps to read, in this order; or a mapping from the file's names to line groups, such
        as ``{"Fe": "Fe_K"}``. By default all: in a table every column must then be a line group
        (``Fe_K``, ``Fe-K``, ``Fe K`` and ``FeK`` are the same) or one of PyMca's other columns,
        which are left out (mass fractions, scatter, background, figures of merit).

    Returns
    -------
    DataArray or Dataset
        The maps, of dims (y, x, element), named ``intensity`` [counts]; or, where the file has
        uncertainties, a Dataset of ``intensity`` and ``uncertainty`` [counts, one standard
        deviation; NaN for a map that has none]. They are in memory; netCDF keeps its dtype,
        tables are float64. In tables, missing values are those that the table calls ``nan``.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    FileFormatError
        If the file is of no known format, truncated or empty, or its pixels are not a full grid.
    LineGroupError
        If a wanted map is missing, or it is not clear which line group a column means.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from skxrf.io import open_maps
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "maps.csv")
    ...     _ = path.write_text("row;column;Fe-K;Pb-L\n0;0;1.5;2\n0;1;3;4\n")
    ...     maps = open_maps(path)
    >>> maps.sel(element="Fe_K").values
    array([[1.5, 3. ]])
    """
    file, head = existing_file(path, "element maps")
    for one in MAPS_FORMATS:
        if one.recognises(file, head):
            maps = one.open(file, elements)
            break
    else:
        raise FileFormatError(
            f"{file} is of no known format for maps, it starts with {head[:16]!r}. Known are: "
            f"{', '.join(one.name for one in MAPS_FORMATS)}."
        )
    if 0 in maps["intensity"].shape:
        raise FileFormatError(
            f"{file} holds maps of shape {maps['intensity'].shape}: expected at least one pixel "
            "and one line group."
        )
    if set(maps.data_vars) != {"intensity"}:
        return maps
    intensity = maps["intensity"]
    return intensity.assign_attrs({**maps.attrs, **intensity.attrs})
