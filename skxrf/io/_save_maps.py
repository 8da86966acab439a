"""`save_maps`: element maps to a file, whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import xarray as xr

from skxrf.exceptions import FileFormatError, SkxrfError

from ._netcdf import write_netcdf
from ._paths import whole_file
from ._tables import table_text

__all__ = ["WRITERS", "as_dataset", "save_maps"]


def save_maps(maps: xr.DataArray | xr.Dataset, path: str | os.PathLike[str]) -> None:
    """Write element maps; the file appears whole or not at all.

    Parameters
    ----------
    maps : DataArray or Dataset
        Maps of dims (y, x, element), in any order; or a Dataset of ``intensity`` and perhaps
        ``uncertainty``. Lazy maps are computed first.
    path : str or path-like
        The file; its suffix chooses the format. ``.nc`` and ``.h5`` (netCDF4) keep everything:
        bits, dtype, coordinates and attributes. ``.dat`` (PyMca's table, two blanks between the
        columns) and ``.csv`` (``;`` between them) hold ``row  column  Fe_K  ...  s(Fe_K)  ...``
        with as many digits as are needed to read each value back exactly (as float64, or after
        ``astype`` as the type it had); positions in mm and attributes are lost. An existing file
        is replaced.

    Raises
    ------
    FileFormatError
        If the suffix is unknown, or the format cannot hold the maps.
    SkxrfError
        If these are no maps, or empty ones.
    OSError
        If the folder is missing or cannot be written to, or the disk is full. An existing file is
        then as before.

    Examples
    --------
    >>> import pathlib, tempfile, xarray as xr
    >>> from skxrf.io import open_maps, save_maps
    >>> maps = xr.DataArray([[[1.5, 2.0]]], dims=("y", "x", "element"),
    ...                     coords={"element": ["Fe_K", "Pb_L"]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_maps(maps, pathlib.Path(folder, "maps.nc"))
    ...     print(open_maps(pathlib.Path(folder, "maps.nc")).values)
    [[[1.5 2. ]]]
    """
    write = WRITERS.get(Path(path).suffix.lower())
    if write is None:
        raise FileFormatError(
            f"cannot save maps as {os.fspath(path)!r}: known suffixes are {', '.join(WRITERS)}."
        )
    dataset = as_dataset(maps)
    # The file is opened first, so that a long computation does not end at a missing folder.
    with whole_file(path) as partial:
        write(dataset.compute(), partial)


def as_dataset(maps: object) -> xr.Dataset:
    """Maps as a Dataset of dims (y, x, element)."""
    if isinstance(maps, xr.DataArray):
        dataset = maps.rename("intensity").to_dataset()
    elif isinstance(maps, xr.Dataset) and "intensity" in maps:
        dataset = maps
    else:
        found = (
            f"a Dataset of {list(maps)}" if isinstance(maps, xr.Dataset) else type(maps).__name__
        )
        raise SkxrfError(
            f"got {found}: expected maps as a DataArray, or a Dataset with 'intensity'."
        )
    for name in ("intensity", "uncertainty"):
        if name not in dataset:
            continue
        dims = dataset[name].dims
        if set(dims) != {"y", "x", "element"}:
            raise SkxrfError(f"{name} has the dims {dims}: expected maps of (y, x, element).")
        if dataset[name].size == 0:
            raise SkxrfError(
                f"{name} is empty, of shape {dict(dataset[name].sizes)}: there is nothing to save."
            )
        if dataset[name].dtype.kind not in "uif":
            raise SkxrfError(f"{name} holds {dataset[name].dtype} values: expected numbers.")
    if "element" not in dataset.coords:
        raise SkxrfError(
            "the maps have no coordinate 'element': name the line groups, such as "
            "maps.assign_coords(element=['Fe_K', 'Pb_L'])."
        )
    names = [str(name) for name in dataset["element"].to_numpy()]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise SkxrfError(f"two maps are called {twice!r}: each line group may appear once.")
    missing = {dim: range(dataset.sizes[dim]) for dim in ("y", "x") if dim not in dataset.coords}
    return dataset.assign_coords(missing).transpose("y", "x", "element", ...)


def _write_dat(maps: xr.Dataset, path: Path) -> None:
    path.write_text(_table(maps, "  "), encoding="utf-8", newline="\n")


def _write_csv(maps: xr.Dataset, path: Path) -> None:
    path.write_text(_table(maps, ";"), encoding="utf-8", newline="\n")


def _table(maps: xr.Dataset, separator: str) -> str:
    others = sorted(map(str, set(maps.data_vars) - {"intensity", "uncertainty"}))
    if others:
        raise FileFormatError(
            f"a text table cannot hold {', '.join(others)}: drop these variables, or save as .nc."
        )
    return table_text(maps, separator)


WRITERS: dict[str, Callable[[xr.Dataset, Path], None]] = {
    ".nc": write_netcdf,
    ".h5": write_netcdf,
    ".dat": _write_dat,
    ".csv": _write_csv,
}
