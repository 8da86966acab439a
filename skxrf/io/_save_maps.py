"""`save_maps`: element maps to a file, whole or not at all."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

import xarray as xr

from skxrf.exceptions import FileFormatError
from skxrf.utils.files import whole_file, whole_folder
from skxrf.utils.units import is_counts
from skxrf.utils.validation import as_map_dataset

from .maps.writers import FOLDER_WRITERS, KEPT_COORDINATES, SUFFIXES, WRITERS


def save_maps(
    maps: xr.DataArray | xr.Dataset,
    path: str | os.PathLike[str],
    *,
    format: str | None = None,
) -> None:
    """Write element maps; the file or folder appears whole or not at all.

    Parameters
    ----------
    maps : DataArray or Dataset
        Maps of dims (y, x, element), in any order; or a Dataset of ``intensity`` and perhaps
        ``uncertainty``. Lazy maps are computed first.
    path : str or path-like
        The file; its suffix chooses the format. Or a folder, by a ``/`` at the end: one file a
        map, TIFF unless `format` says ``"png"``. An existing file is replaced; an existing
        folder, only where it holds nothing but files of the names that are written.
    format : str, optional
        One of those below, whatever the suffix.

        ==========  ================  =============================================================
        format      suffix            what it keeps
        ==========  ================  =============================================================
        ``netcdf``  ``.nc``, ``.h5``  everything: bits, dtype, coordinates and attributes
        ``nexus``   ``.nxs``          everything that is over (y, x, element); opens in PyMca, silx
        ``tiff``    ``.tif``, ``/``   values as float32, positions, attributes; ``s(Fe_K)`` for the
                                      uncertainties; opens in ImageJ
        ``dms``     ``.dms``          values as float32; for XRF Explorer; no uncertainties
        ``dat``     ``.dat``          PyMca's table, ``row  column  Fe_K  s(Fe_K)``: all digits,
                                      integer rows and columns
        ``csv``     ``.csv``          the same with ``;``
        ``png``     ``.png``, ``/``   nothing: pictures of the intensities, 16-bit gray, with the
                                      scale in their text
        ==========  ================  =============================================================

    Warns
    -----
    UserWarning
        If the format has no place for positions or other coordinates of the maps.

    Raises
    ------
    FileFormatError
        If the suffix or format is unknown, or the format cannot hold the maps.
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
    name, folder = _chosen(path, format)
    dataset = as_dataset(maps)
    _warn_of_losses(dataset, name)
    # The file is opened first, so that a long computation does not end at a missing folder.
    if folder:
        write, suffix = FOLDER_WRITERS[name]
        with whole_folder(path, suffix) as partial:
            write(dataset.compute(), partial)
    else:
        with whole_file(path) as partial:
            WRITERS[name](dataset.compute(), partial)


def _chosen(path: str | os.PathLike[str], name: str | None) -> tuple[str, bool]:
    """Name of the format, and whether it is to be a folder."""
    target = Path(path).expanduser()
    folder = os.fspath(path).endswith(("/", os.sep)) or target.is_dir()
    suffix = target.suffix.lower()
    if name is None:
        name = "tiff" if folder else SUFFIXES.get(suffix)
    if name is None:
        raise FileFormatError(
            f"cannot save maps as {os.fspath(path)!r}: known suffixes are {', '.join(SUFFIXES)}; a / "
            "at the end makes a folder; or pass format=."
        )
    if name not in WRITERS:
        raise FileFormatError(f"format must be one of {', '.join(WRITERS)}, got {name!r}.")
    return name, name in FOLDER_WRITERS and (folder or not suffix)


def _warn_of_losses(maps: xr.Dataset, name: str) -> None:
    """Warn of coordinates, or a unit, that a format has no place for."""
    kept = KEPT_COORDINATES.get(name, tuple(maps.coords))
    lost = [str(one) for one in maps.coords if one not in ("element", *kept, *_pixel_numbers(maps))]
    if lost:
        warnings.warn(
            f"the format {name!r} has no place for these coordinates: {', '.join(lost)}. They are left "
            "out. Save as .nc or .nxs to keep them.",
            UserWarning,
            stacklevel=3,
        )
    units = str(maps["intensity"].attrs.get("units", ""))
    if not kept and not is_counts(units):
        warnings.warn(
            f"the format {name!r} has no place for the unit {units!r}: readers take the values for counts. "
            "Save as .nc or .nxs to keep it.",
            UserWarning,
            stacklevel=3,
        )


def _pixel_numbers(maps: xr.Dataset) -> list[str]:
    """Coordinates among y and x that only count pixels."""
    return [
        dim
        for dim in ("y", "x")
        if maps[dim].dtype.kind in "ui" and maps[dim][0] >= 0 and (maps[dim].diff(dim) == 1).all()
    ]


def as_dataset(maps: object) -> xr.Dataset:
    """Check maps for saving: a Dataset of dims (y, x, element) with positions."""
    dataset = as_map_dataset(maps)
    missing = {dim: range(dataset.sizes[dim]) for dim in ("y", "x") if dim not in dataset.coords}
    return dataset.assign_coords(missing).transpose("y", "x", "element", ...)
