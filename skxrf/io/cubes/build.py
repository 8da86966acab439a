"""Lazy cube of the description that a format's module gives."""

from __future__ import annotations

import math
import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import xarray as xr
from numpy.polynomial import Polynomial
from numpy.typing import NDArray

import skxrf
from skxrf.exceptions import Argument, CountsError, EnergyAxisError, FileFormatError
from skxrf.utils.energy import resolve_energy
from skxrf.utils.files import printable_attrs
from skxrf.utils.validation import CUBE_DIMS

from .._limits import LIMITS
from .arrange import ArrangedReader, arranged, arranged_times
from .axes import axis_order
from .beside import grid_positions, told_shape
from .blank import without_blanks
from .lazy import CheckedCounts, lazy_counts
from .source import Chunks, CubeRequest, CubeSource, Times

# Begins the name of the axis in error messages, where the caller gave one.
_GIVEN = "the axis given"


def build_cube(source: CubeSource, request: CubeRequest) -> xr.DataArray:
    """Make the lazy cube of `source`; axis and order of `request` win over those of the file."""
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
    try:
        axes = axis_order(
            reader.shape,
            axes=request.axes,
            recorded=source.dims,
            recorded_from=source.dims_from,
            energy_length=_length(given),
            where=source.where,
            grid=request.shape,
            any_axes=source.any_axes,
            columns_first=source.columns_first,
        )
        stored, blank = without_blanks(reader, axes.index("energy"))
        source = replace(source, reader=stored)
        three = arranged(source, request, axes)
    except FileFormatError as error:
        told = None if request.shape else told_shape(source.motors)
        if told is None:
            raise
        hint = " By the positions of its points the scan has ", Argument("shape", told), "."
        raise FileFormatError(*error.args, *hint) from None
    sizes = dict(zip(three.order, three.shape, strict=True))
    n_channels = sizes["energy"]
    if isinstance(given, Polynomial):
        given = given(np.arange(n_channels))
    energy = resolve_energy(given, n_channels, source=given_from)
    counts = CheckedCounts(
        stored if set(axes) == set(CUBE_DIMS) else three,
        three.order,
        source.where,
        clip=request.clip_negative,
    )
    coords: dict[str, Any] = {
        "y": _positions("y", sizes["y"], source.y, source.where),
        "x": _positions("x", sizes["x"], source.x, source.where),
        "energy": ("energy", energy, {"units": "keV", "long_name": "energy"}),
    }
    placed = grid_positions(source.motors, three, source.where, snake=request.snake)
    # Where the positions of whole rows and columns are known, they have a unit.
    coords |= {name: coord for name, coord in placed.items() if len(coords.get(name, ())) < 3}
    coords |= _times(source, three)
    missing = _missing(source, three, blank)
    if missing is not None:
        coords["measured"] = (("y", "x"), ~missing)
    earlier = f"{source.attrs['history']}\n" if source.attrs.get("history") else ""
    coords |= {
        name: coord
        for name, coord in source.coords.items()
        if name not in ("energy", "counts")
        and np.shape(coord[1]) == tuple(sizes[d] for d in coord[0])
    }
    for name, about in source.coord_attrs.items():
        # Attributes of the file, but the unit of the values as they are here.
        if name in coords and name not in source.coords and len(coords[name]) > 2:
            coords[name] = (*coords[name][:2], {**about, "units": coords[name][2]["units"]})
    return xr.DataArray(
        lazy_counts(counts, _checked_chunks(request.chunks)),
        dims=("y", "x", "energy"),
        coords=coords,
        name="counts",
        attrs=printable_attrs(
            {
                "units": "counts",
                **source.attrs,
                "source": str(source.path),
                "dataset": source.dataset,
                "reader": source.layout,
                "history": earlier
                + f"skxrf {skxrf.__version__}: opened {source.where} as {source.layout}, "
                f"energy axis from {_short(given_from)}{_steps(source, request, three)}",
            }
        ),
    )


def _times(source: CubeSource, reader: ArrangedReader) -> dict[str, Any]:
    """Coordinates of live and real times."""
    coords = {}
    for name in ("live_time", "real_time"):
        times = _per_pixel(name, getattr(source, name), reader, source.where)
        if times is not None:
            coords[name] = (("y", "x"), times, {"units": "s"})
    if len(coords) == 2:
        ratio = coords["live_time"][1] / coords["real_time"][1]
        if np.any(ratio > 1.001):
            warnings.warn(
                f"{source.where} states live times above real times, up to {np.nanmax(ratio):.3g} times: "
                "one of both is wrong.",
                UserWarning,
                stacklevel=2,
            )
    return coords


def _steps(source: CubeSource, request: CubeRequest, reader: ArrangedReader) -> str:
    """Choices that the history of the cube names."""
    steps = [source.steps] if source.steps else []
    if reader.detector == "sum":
        steps.append("all detectors added")
    elif reader.detector is not None:
        at = int(reader.detector)
        steps.append(f"detector {source.detectors[at] if source.detectors else at}")
    if reader.scan is not None:
        steps.append(f"scan {reader.scan}")
    if request.clip_negative:
        steps.append("negative counts set to zero")
    return "".join(f", {step}" for step in steps)


def _missing(
    source: CubeSource, reader: ArrangedReader, blank: NDArray[np.bool_] | None
) -> NDArray[np.bool_] | None:
    """Pixels of (y, x) that the scan did not reach, with a warning; None where there are none."""
    missing = source.missing
    if missing is None and reader.grid is not None:
        n_points = dict(zip(reader.axes, reader.inner.shape, strict=True))["point"]
        missing = (np.arange(math.prod(reader.grid)) >= n_points).reshape(reader.grid)
    if blank is not None:
        names = tuple(name for name in reader.axes if name != "energy")
        at = reader.axes.index("energy")
        stopped = arranged_times(blank.squeeze(at).astype(np.float64), names, reader)
        if stopped is not None:
            missing = ~(stopped < 1) | (False if missing is None else missing)
    if missing is None or not missing.any():
        return None
    if missing.all():
        raise CountsError(f"{source.where} holds no spectrum of any pixel: its scan has not begun.")
    warnings.warn(
        f"{source.where}: {np.count_nonzero(missing)} of {missing.size} pixels are missing, the scan was "
        "stopped; they have no counts, and the coordinate 'measured' is False there.",
        UserWarning,
        stacklevel=2,
    )
    return missing


def _refuse_absurd_sizes(shape: tuple[int, ...], where: str) -> None:
    """Refuse what only a damaged header claims, before an axis of that length is made."""
    if max(shape) > LIMITS.axis_length or math.prod(shape) > LIMITS.cube_values:
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
            " or bin centers, in keV.",
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
            ", the bin centers in keV, or the name of a dataset in the file that holds them.",
            *hint,
        )
    return source.energy, source.energy_from


def _short(energy_from: str) -> str:
    return "the caller" if energy_from.startswith(_GIVEN) else energy_from


def _length(energy: Any) -> int | None:
    """Number of channels of an axis, or None for a pair or polynomial, which fit any number."""
    if isinstance(energy, Polynomial):
        return None
    size = int(np.size(energy))
    return None if size == 2 else size


def _positions(dim: str, size: int, millimeters: NDArray[np.float64] | None, where: str) -> Any:
    if millimeters is None or millimeters.shape != (size,):
        return (dim, np.arange(size))
    steps = np.diff(millimeters)
    sound = np.isfinite(millimeters).all() and np.abs(millimeters).max() < LIMITS.position_mm
    if not sound or not (np.all(steps > 0) or np.all(steps < 0)):
        warnings.warn(
            f"{where}: the positions along {dim} are not finite or do not go one way, from "
            f"{millimeters[0]:g} to {millimeters[-1]:g} mm; pixels are counted instead.",
            UserWarning,
            stacklevel=2,
        )
        return (dim, np.arange(size))
    return (dim, millimeters, {"units": "mm"})


def _per_pixel(name: str, stored: Times, reader: ArrangedReader, where: str) -> NDArray[Any] | None:
    """Times [s] on (y, x); left out with a warning where they do not fit or cannot be times."""
    if stored is None:
        return None
    values, labels = stored if isinstance(stored, tuple) else (stored, None)
    times = arranged_times(values, labels, reader)
    sizes = dict(zip(reader.order, reader.shape, strict=True))
    if times is None:
        why = (
            f"has the shape {values.shape}, expected one value for each of the {sizes['y']} x "
            f"{sizes['x']} pixels"
        )
    elif not (times > 0).any() or (times < 0).any() or np.isinf(times).any():
        why = f"holds {times.min():g} to {times.max():g} s, which cannot be times"
    else:
        return times
    warnings.warn(f"{where}: {name} {why}; it is left out.", UserWarning, stacklevel=2)
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
