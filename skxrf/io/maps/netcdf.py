"""Maps as netCDF4, which is HDF5: exact, with all coordinates and attributes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import xarray as xr

from skxrf.exceptions import FileFormatError

from .._hdf5_access import cubes_in, listed, open_file
from .._limits import refuse_absurd_size
from .columns import Elements, chosen_columns

__all__ = ["read_netcdf", "storable", "write_netcdf"]


def read_netcdf(path: Path, elements: Elements) -> xr.Dataset:
    """Read the maps that `write_netcdf` wrote.

    Parameters
    ----------
    path : Path
        The file.
    elements : sequence of str, mapping, or None
        The maps to read; see `open_maps`.

    Returns
    -------
    Dataset
        With ``intensity`` of dims (y, x, element), loaded.
    """
    with open_file(path) as file:
        if "intensity" not in file:
            raise FileFormatError(
                f"{path} is HDF5, but holds no maps: expected a variable 'intensity' over (y, x, "
                f"element), as save_maps writes it. Three-dimensional datasets: "
                f"{listed(cubes_in(file))}."
            )
        # HDF5 may hang on the references between damaged variables: each must open by itself.
        for name in file:
            file[name]
        stored = file["intensity"]
        if isinstance(stored, h5py.Dataset):
            where = f"{path}, variable 'intensity'"
            refuse_absurd_size(stored.nbytes, stored.id.get_storage_size(), where)
    try:
        with xr.open_dataset(
            path, engine="h5netcdf", decode_times=False, decode_timedelta=False
        ) as opened:
            maps = opened.load()
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise FileFormatError(
            f"{path} cannot be read as netCDF: {error}. Expected a file that save_maps wrote."
        ) from error
    if set(maps["intensity"].dims) != {"y", "x", "element"} or "element" not in maps.coords:
        raise FileFormatError(
            f"{path} has 'intensity' over {maps['intensity'].dims}: expected (y, x, element) with "
            "the names of the line groups."
        )
    maps = maps.drop_encoding().assign_coords(element=_names(maps))
    if elements is None:
        return maps
    names = [str(name) for name in maps["element"].to_numpy()]
    chosen = chosen_columns(names, elements, where=str(path))
    return maps.sel(element=list(chosen)).assign_coords(element=list(chosen.values()))


def write_netcdf(maps: xr.Dataset, path: Path) -> None:
    """Write computed maps.

    Parameters
    ----------
    maps : Dataset
        ``intensity`` of dims (y, x, element), and what else there is.
    path : Path
        The file, which is overwritten.
    """
    stored = maps.drop_encoding().assign_coords(element=_names(maps))
    stored.attrs = storable(maps.attrs)
    for variable in stored.variables.values():
        variable.attrs = storable(variable.attrs)
    # No fill value: NaN is a value like any other, and integers stay integers.
    encoding = {name: {"_FillValue": None} for name in stored.variables if name != "element"}
    try:
        # In memory first: HDF5 takes the whole process down where a disk is full.
        content = stored.to_netcdf(engine="h5netcdf", encoding=encoding)
    except (TypeError, ValueError, NotImplementedError) as error:
        raise FileFormatError(
            f"netCDF cannot hold these maps: {error}. Drop the coordinate or variable that it means."
        ) from error
    path.write_bytes(content)


def _names(maps: xr.Dataset) -> xr.DataArray:
    """Names of the line groups as plain text, whatever string type they came in."""
    element = maps["element"]
    return element.copy(data=np.array([str(name) for name in element.to_numpy()]))


def storable(attrs: dict[Any, Any]) -> dict[str, Any]:
    """Attributes in types that netCDF has: text, numbers, arrays of them; others become JSON."""
    stored: dict[str, Any] = {}
    for name, value in attrs.items():
        array = np.asarray(value) if isinstance(value, list | tuple | np.ndarray) else None
        if isinstance(value, str | np.number) or (
            isinstance(value, int | float) and not isinstance(value, bool)
        ):
            stored[str(name)] = value
        elif array is not None and array.ndim == 1 and array.size and array.dtype.kind in "iuf":
            stored[str(name)] = array
        else:
            stored[str(name)] = json.dumps(value, default=str)
    return stored
