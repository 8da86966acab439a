"""Write cubes in the library's own plain layout, whole or not at all, block by block."""

from __future__ import annotations

import os
from collections.abc import Hashable, Iterable, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skxrf.exceptions import EnergyAxisError, FileFormatError, SkxrfError
from skxrf.utils.energy import resolve_energy
from skxrf.utils.files import check_writable, whole_file
from skxrf.utils.validation import as_cube, input_files, name_of, require_counts

from ._cube_coordinates import json_text, write_coordinates
from .cubes.counts import ATTRIBUTES

# Spectra of neighboring pixels in one chunk: about 128 kB of 16-bit counts in 1024 channels.
_CHUNK_PIXELS = (8, 8)
_SUFFIXES = (".h5", ".hdf5")


def save_cube(cube: xr.DataArray, path: str | os.PathLike[str]) -> Path:
    """Write a cube to a chunked, compressed HDF5 file.

    Parameters
    ----------
    cube : DataArray of dims (y, x, energy)
        Counts; a lazy cube is computed a block of rows at a time.
    path : str or path-like
        The file, ``.h5`` or ``.hdf5``; it appears only when it is complete.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    FileFormatError
        If the suffix is another.
    SkxrfError
        If the array is no cube, or a coordinate has values or a name that the file has no place for.
    EnergyAxisError
        If it has no energy axis, one that does not increase, or one in another unit than keV or eV.
    CountsError
        If counts are negative or not finite.
    OSError
        If the file cannot be written.
    FileFormatError
        If it is one that the cube is read from.
    """
    ordered = as_cube(cube)
    check_writable(path, input_files(ordered))
    name = name_of(ordered)
    if "energy" not in ordered.coords:
        raise EnergyAxisError(
            f"{name} has {ordered.sizes['energy']} channels and no energy axis: give it one [keV], "
            "such as cube.assign_coords(energy=offset + gain * np.arange(n_channels))."
        )
    n_channels, axis = ordered.sizes["energy"], ordered["energy"].to_numpy()
    resolve_energy(axis, n_channels, source=f"the energy axis of {name}")
    if "counts" in ordered.coords:
        raise SkxrfError(
            f"a coordinate of {name} is called 'counts', as the counts are: rename it, "
            "cube.rename({'counts': ...})."
        )
    positions = {dim: _positions(ordered, dim) for dim in ("y", "x")}
    step = ordered.chunksizes["y"][0] if ordered.chunksizes else 64
    rows = range(0, ordered.sizes["y"], step)
    blocks = ((slice(i, i + step), _counts(ordered, i, i + step, name)) for i in rows)
    times = [
        name
        for name in ("live_time", "real_time")
        if name in ordered.coords and set(ordered[name].dims) == {"y", "x"}
    ]
    placed = ["energy", *times, *(dim for dim in positions if positions[dim] is not None)]
    return write_blocks(
        path,
        blocks,
        shape=ordered.shape,
        dtype=ordered.dtype,
        energy=axis,
        times={name: ordered[name].transpose("y", "x").to_numpy() for name in times},
        positions={dim: values for dim, values in positions.items() if values is not None},
        attrs=ordered.attrs,
        coords={name: ordered[name] for name in ordered.coords if name not in placed},
        coord_attrs={name: ordered[name].attrs for name in placed},
    )


def _positions(cube: xr.DataArray, dim: str) -> NDArray[Any] | None:
    """Positions [mm]; None where they are pixel numbers, or something else."""
    if dim not in cube.coords:
        return None
    unit = str(cube[dim].attrs.get("units", "mm" if cube[dim].dtype.kind == "f" else "px"))
    return np.asarray(cube[dim].to_numpy()) if unit == "mm" else None


def _counts(cube: xr.DataArray, start: int, stop: int, name: str) -> NDArray[Any]:
    """Counts of some rows, which open_cube would not refuse."""
    block = np.asarray(cube[start:stop].to_numpy())
    places = [range(start, start + len(block)), *map(range, block.shape[1:])]
    require_counts(block, name, places)
    return block


def write_blocks(
    path: str | os.PathLike[str],
    blocks: Iterable[tuple[slice, NDArray[Any]]],
    *,
    shape: tuple[int, ...],
    dtype: Any,
    energy: NDArray[np.float64],
    positions: Mapping[str, NDArray[Any]] | None = None,
    times: Mapping[str, NDArray[Any]] | None = None,
    attrs: Mapping[Any, Any] | None = None,
    coords: Mapping[Hashable, xr.DataArray] | None = None,
    coord_attrs: Mapping[str, Mapping[Any, Any]] | None = None,
) -> Path:
    """Write blocks of rows as they come; memory is bounded by the block.

    Parameters
    ----------
    path : str or path-like
        The file, ``.h5`` or ``.hdf5``; it appears only when all blocks are written.
    blocks : iterable of (slice, ndarray)
        Rows and their counts, (n_rows, n_columns, n_channels).
    shape : tuple of int
        Rows, columns and channels of the whole cube.
    dtype : dtype
        Of the counts.
    energy : ndarray of shape (n_channels,)
        Bin centers [keV].
    positions : mapping of {"y", "x"} to ndarray, optional
        Positions of rows and columns [mm].
    times : mapping of {"live_time", "real_time"} to ndarray, optional
        Times of the pixels (n_rows, n_columns) [s].
    attrs : mapping, optional
        What describes the scan; values that JSON cannot hold are written as text.
    coords : mapping of str to DataArray, optional
        Other coordinates.
    coord_attrs : mapping of str to mapping, optional
        Attributes of energy, positions and times beside their units.

    Returns
    -------
    Path
        The file.
    """
    target = Path(path)
    if target.suffix.lower() not in _SUFFIXES:
        raise FileFormatError(f"cannot write a cube as {target}: name it {' or '.join(_SUFFIXES)}.")
    chunks = (min(_CHUNK_PIXELS[0], shape[0]), min(_CHUNK_PIXELS[1], shape[1]), shape[2])
    with whole_file(target) as temporary, h5py.File(temporary, "w") as file:
        counts = file.create_dataset(
            "counts", shape, dtype, chunks=chunks, compression="gzip", compression_opts=4,
            shuffle=True,
        )  # fmt: skip
        counts.attrs["dims"] = ["y", "x", "energy"]
        # As one text: several names mean something to those who read HDF5 and netCDF.
        counts.attrs[ATTRIBUTES] = json_text(attrs or {})
        file["energy_keV"] = np.asarray(energy, dtype=np.float64)
        for name, values in (positions or {}).items():
            file[f"{name}_mm"] = np.asarray(values, dtype=np.float64)
        for name, seconds in (times or {}).items():
            file[f"{name}_s"] = seconds
            file[f"{name}_s"].attrs["dims"] = ["y", "x"]
            file[f"{name}_s"].attrs["units"] = "s"
        for name, about in (coord_attrs or {}).items():
            item = next(one for key in ("_keV", "_mm", "_s") if (one := file.get(f"{name}{key}")))
            item.attrs["attrs"] = json_text(about)
        write_coordinates(file, coords or {})
        for rows, block in blocks:
            counts[rows] = block
    return target
