"""From what a format's module found in a file to the library's cube."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.polynomial import Polynomial
from numpy.typing import NDArray

import skxrf
from skxrf.exceptions import Argument, CountsError, EnergyAxisError, FileFormatError
from skxrf.utils.energy import resolve_energy

from .axes import axis_order
from .lazy import CheckedCounts, lazy_counts
from .source import Chunks, CubeRequest, CubeSource

__all__ = ["build_cube"]

# A hundred metres in steps of 10 µm; and some hundred times the largest scans known.
_LONGEST_AXIS = 10**7
_MOST_VALUES = 10**13
# Begins the name of the axis in error messages, where the caller gave one.
_GIVEN = "the axis given"


def build_cube(source: CubeSource, request: CubeRequest) -> xr.DataArray:
    """Make the lazy cube of dims (y, x, energy) that `source` describes.

    Parameters
    ----------
    source : CubeSource
        What the format's module found.
    request : CubeRequest
        What the caller asked for; its energy axis and axis order win over the file's.

    Returns
    -------
    DataArray of dims (y, x, energy)
        Named ``counts``, dtype as stored.

    Raises
    ------
    CountsError
        If the cube is empty.
    EnergyAxisError, FileFormatError
        If the axes are missing or do not fit.
    """
    reader = source.reader
    if reader.dtype.kind not in "uif":
        raise FileFormatError(
            f"{source.where} holds values of type {reader.dtype}: expected counts, as integers or "
            "floating-point numbers."
        )
    if 0 in reader.shape:
        raise CountsError(
            f"{source.where} is empty, of shape {reader.shape}: expected at least one pixel and "
            "one channel."
        )
    _refuse_absurd_sizes(reader.shape, source.where)
    given, given_from = _chosen_energy(source, request)
    order = axis_order(
        reader.shape,
        axes=request.axes,
        recorded=source.dims,
        recorded_from=source.dims_from,
        energy_length=_length(given),
        where=source.where,
    )
    sizes = dict(zip(order, reader.shape, strict=True))
    if request.shape is not None and request.shape != (sizes["y"], sizes["x"]):
        raise FileFormatError(
            f"{source.where} holds {sizes['y']} rows and {sizes['x']} columns, not those of ",
            Argument("shape", tuple(request.shape)),
            ": leave it out, or pass ",
            Argument("axes"),
            " where it is their order.",
        )
    n_channels = sizes["energy"]
    if isinstance(given, Polynomial):
        given = given(np.arange(n_channels))
    energy = resolve_energy(given, n_channels, source=given_from)
    counts = CheckedCounts(reader, order, source.where)
    coords: dict[str, Any] = {
        "y": _positions("y", sizes["y"], source.y),
        "x": _positions("x", sizes["x"], source.x),
        "energy": ("energy", energy, {"units": "keV", "long_name": "energy"}),
    }
    pixels = tuple(dim for dim in order if dim != "energy")
    for name in ("live_time", "real_time"):
        times = _per_pixel(name, getattr(source, name), pixels, sizes, source.where)
        if times is not None:
            coords[name] = (("y", "x"), times, {"units": "s"})
    return xr.DataArray(
        lazy_counts(counts, _checked_chunks(request.chunks)),
        dims=("y", "x", "energy"),
        coords=coords,
        name="counts",
        attrs={
            "units": "counts",
            **source.attrs,
            "source": str(source.path),
            "dataset": source.dataset,
            "reader": source.layout,
            "history": f"skxrf {skxrf.__version__}: opened {source.where} as {source.layout}, "
            f"energy axis from {_short(given_from)}",
        },
    )


def _refuse_absurd_sizes(shape: tuple[int, ...], where: str) -> None:
    """Refuse what only a damaged header claims, before an axis of that length is made."""
    if max(shape) > _LONGEST_AXIS or math.prod(shape) > _MOST_VALUES:
        raise FileFormatError(
            f"{where} claims the shape {shape}, which no scan has: its header is damaged or wrong."
        )


def _chosen_energy(source: CubeSource, request: CubeRequest) -> tuple[Any, str]:
    if isinstance(request.energy, str):
        raise EnergyAxisError(
            f"{source.path} holds no dataset for ",
            Argument("energy", request.energy),
            ": pass ",
            Argument("energy", placeholder="offset, gain"),
            " or bin centres, in keV.",
        )
    if request.energy is not None:
        return request.energy, f"{_GIVEN} for {source.where}"
    if source.energy is None:
        hint = (" ", *source.energy_hint) if source.energy_hint else ()
        raise EnergyAxisError(
            f"{source.where} holds no energy calibration: pass ",
            Argument("energy", placeholder="offset, gain"),
            " in keV, such as ",
            Argument("energy", (-0.955, 0.01)),
            ", the bin centres in keV, or the name of a dataset in the file that holds them.",
            *hint,
        )
    return source.energy, source.energy_from


def _short(energy_from: str) -> str:
    return "the caller" if energy_from.startswith(_GIVEN) else energy_from


def _length(energy: Any) -> int | None:
    """How many channels an axis has, or None for a pair or polynomial, which fit any number."""
    if isinstance(energy, Polynomial):
        return None
    size = int(np.size(energy))
    return None if size == 2 else size


def _positions(dim: str, size: int, millimetres: NDArray[np.float64] | None) -> Any:
    if millimetres is None or millimetres.shape != (size,):
        return (dim, np.arange(size))
    return (dim, millimetres, {"units": "mm"})


def _per_pixel(
    name: str,
    times: NDArray[Any] | None,
    pixels: Sequence[str],
    sizes: dict[str, int],
    where: str,
) -> NDArray[Any] | None:
    """Times [s] on (y, x), from the stored order of pixels, flat or not."""
    if times is None:
        return None
    stored = tuple(sizes[dim] for dim in pixels)
    if times.shape in (stored, (stored[0] * stored[1],)):
        grid = times.reshape(stored)
        return grid if tuple(pixels) == ("y", "x") else grid.T
    if times.shape == (sizes["y"], sizes["x"]):
        return times
    warnings.warn(
        f"{where}: {name} has the shape {times.shape}, expected one value for each of the "
        f"{sizes['y']} x {sizes['x']} pixels; it is left out.",
        UserWarning,
        stacklevel=2,
    )
    return None


def _checked_chunks(chunks: Chunks) -> Chunks:
    if isinstance(chunks, str) and chunks == "auto":
        return chunks
    try:
        n_y, n_x = (int(n) for n in chunks)
    except (TypeError, ValueError):
        n_y = n_x = 0
    if min(n_y, n_x) < 1:
        raise FileFormatError(
            f'chunks must be "auto" or a pair (rows, columns) of at least 1, got {chunks!r}.'
        )
    return n_y, n_x
