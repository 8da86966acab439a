"""Maps as netCDF4, which is HDF5: exact, with all coordinates and attributes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import dask.config
import h5py
import numpy as np
import xarray as xr

from skxrf.exceptions import FileFormatError

from .._hdf5_access import open_file
from .._limits import refuse_absurd_size
from .columns import Elements, chosen_columns

# Names that readers of netCDF and HDF5 act upon: as attributes of maps they mean something else.
_RESERVED = frozenset(
    {
        "CLASS",
        "DIMENSION_LABELS",
        "DIMENSION_LIST",
        "NAME",
        "REFERENCE_LIST",
        "_FillValue",
        "_NCProperties",
        "_Netcdf4Coordinates",
        "_Netcdf4Dimid",
        "_Unsigned",
        "add_offset",
        "bounds",
        "calendar",
        "coordinates",
        "dtype",
        "grid_mapping",
        "missing_value",
        "scale_factor",
    }
)
_PREFIX = "attribute_"
# Attributes that tell the type of times, and coordinates that netCDF has no list for.
_KIND = "skxrf_kind"
_COORDINATES = "skxrf_coordinates"
_CF_UNITS = {
    "D": "days",
    "h": "hours",
    "m": "minutes",
    "s": "seconds",
    "ms": "milliseconds",
    "us": "microseconds",
    "ns": "nanoseconds",
}


def read_netcdf(path: Path, elements: Elements) -> xr.Dataset:
    """Read the maps that `write_netcdf` wrote, those that `elements` chooses as in `open_maps`."""
    with open_file(path) as file:
        _require_sound(file)
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
    for name, one in maps.data_vars.items():
        if set(one.dims) == {"y", "x", "element"}:
            maps[name] = one.transpose("y", "x", "element")
    maps.attrs = _restored(maps.attrs)
    for name, variable in maps.variables.items():
        variable.attrs = _restored(variable.attrs)
        kind = str(variable.attrs.pop(_KIND, ""))
        if kind.startswith(("datetime64[", "timedelta64[")) and variable.dtype == np.int64:
            variable.attrs.pop("units", None)
            values = variable.to_numpy().astype(kind)
            maps[name] = xr.Variable(variable.dims, values, variable.attrs)
    maps = maps.set_coords([name for name in maps.attrs.pop(_COORDINATES, ()) if name in maps])
    if elements is None:
        return maps
    names = [str(name) for name in maps["element"].to_numpy()]
    chosen = chosen_columns(names, elements, where=str(path))
    return maps.sel(element=list(chosen)).assign_coords(element=list(chosen.values()))


def _require_sound(file: Any) -> None:
    """Refuse variables on whose references HDF5 would hang or crash, or which it would make up."""
    nbytes = stored = 0
    # Each must open by itself.
    for item in (file[name] for name in file):
        if not isinstance(item, h5py.Dataset):
            continue
        where = f"{file.filename}, variable {item.name.strip('/')!r}"
        kept = item.id.get_storage_size()
        refuse_absurd_size(item.nbytes, kept, where)
        nbytes, stored = nbytes + item.nbytes, stored + kept
        if item.external or item.is_virtual:
            raise FileFormatError(f"{where} keeps its values in another file, which is not read.")
        for name, kind in (("DIMENSION_LIST", h5py.Reference), ("DIMENSION_LABELS", str)):
            if name in item.attrs and not _is_list(item.attrs.get_id(name), kind, item.ndim):
                raise FileFormatError(
                    f"{where} is damaged: its attribute {name} is no list for its {item.ndim} axes."
                )
    refuse_absurd_size(nbytes, stored, f"{file.filename}, all variables together")


def _is_list(attribute: Any, kind: type, n_axes: int) -> bool:
    """True where an attribute has a text, or a list of references, for each axis."""
    if attribute.shape != (n_axes,):
        return False
    if kind is str:
        return h5py.check_string_dtype(attribute.dtype) is not None and attribute.dtype.kind == "O"
    base = h5py.check_vlen_dtype(attribute.dtype)
    return base is not None and h5py.check_ref_dtype(base) is kind


def write_netcdf(maps: xr.Dataset, path: Path) -> None:
    """Write computed maps."""
    stored = maps.drop_encoding().assign_coords(element=_names(maps))
    stored.attrs = storable(maps.attrs)
    # xarray lists the names of coordinates in a text, with blanks between them.
    apart = [str(name) for name in stored.coords if " " in str(name)]
    if apart:
        stored = stored.reset_coords(apart)
        stored.attrs |= storable({_COORDINATES: apart})
    for name, variable in stored.variables.items():
        variable.attrs = storable(variable.attrs)
        if variable.dtype.kind in "mM":
            stored[name] = _as_numbers(variable)
    # No fill value: NaN is a value like any other, and integers stay integers.
    encoding = {name: {"_FillValue": None} for name in stored.variables if name != "element"}
    try:
        # In memory first: HDF5 takes the whole process down where a disk is full. On a cluster
        # xarray would lock the name of this file, which only this process has, for all workers.
        with dask.config.set(scheduler="synchronous"):
            content = stored.to_netcdf(engine="h5netcdf", encoding=encoding)
    except (TypeError, ValueError, NotImplementedError) as error:
        raise FileFormatError(
            f"netCDF cannot hold these maps: {error}. Drop the coordinate or variable that it means."
        ) from error
    path.write_bytes(content)


def _as_numbers(times: xr.Variable) -> xr.Variable:
    """Times as whole numbers with the unit that CF gives them; xarray would round some."""
    kind = str(times.dtype)
    word = _CF_UNITS.get(np.datetime_data(times.dtype)[0], "")
    since = " since 1970-01-01" if times.dtype.kind == "M" else ""
    attrs = {**times.attrs, _KIND: kind, **({"units": word + since} if word else {})}
    return xr.Variable(times.dims, times.to_numpy().astype(np.int64), attrs)


def _names(maps: xr.Dataset) -> xr.DataArray:
    """Names of the line groups as plain text, whatever string type they came in."""
    element = maps["element"]
    return element.copy(data=np.array([str(name) for name in element.to_numpy()]))


def _restored(attrs: dict[Any, Any]) -> dict[Any, Any]:
    """Attributes under their own names, and those back in their types that were written as JSON."""
    found = {}
    for name, value in attrs.items():
        own = str(name).removeprefix(_PREFIX)
        try:
            found[own] = value if own == name else json.loads(value)
        except (TypeError, ValueError):
            found[own if own in _RESERVED else name] = value
    return found


def storable(attrs: dict[Any, Any]) -> dict[str, Any]:
    """Attributes in types that netCDF has: text, numbers, arrays of them; others become JSON."""
    stored: dict[str, Any] = {}
    for name, value in attrs.items():
        array = np.asarray(value) if isinstance(value, list | tuple | np.ndarray) else None
        is_plain = isinstance(value, str | np.number) or (
            isinstance(value, int | float) and not isinstance(value, bool)
        )
        if name in _RESERVED or str(name).startswith(_PREFIX):
            is_plain, array = False, None
        if is_plain:
            stored[str(name)] = value
        elif array is not None and array.ndim == 1 and array.size and array.dtype.kind in "iuf":
            stored[str(name)] = array
        else:
            plain = value.tolist() if isinstance(value, np.generic | np.ndarray) else value
            stored[f"{_PREFIX}{name}"] = json.dumps(plain, default=str)
    return stored


def reserve_netcdf(maps: xr.Dataset, path: Path) -> dict[str, int]:
    """Write maps without their values, with room for these; return the offset in the file of each [bytes]."""
    write_netcdf(maps.drop_vars([str(name) for name in maps.data_vars]), path)
    with h5py.File(path, "r+", locking=False) as file:
        for name, variable in maps.data_vars.items():
            layout = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
            layout.set_layout(h5py.h5d.CONTIGUOUS)
            layout.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
            layout.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
            layout.set_obj_track_times(False)
            kind = h5py.h5t.py_create(variable.dtype)
            space = h5py.h5s.create_simple(variable.shape)
            identifier = h5py.h5d.create(file.id, str(name).encode(), kind, space, layout)
            dataset = h5py.Dataset(identifier)
            for axis, dim in enumerate(variable.dims):
                dataset.dims[axis].attach_scale(file[str(dim)])
            dataset.attrs.update(storable(variable.attrs))
        return {str(name): int(file[str(name)].id.get_offset()) for name in maps.data_vars}
