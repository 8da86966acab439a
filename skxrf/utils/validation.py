"""Cubes, maps and counts: one check of each, and the units that an array states."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skxrf.exceptions import Argument, CountsError, SkxrfError
from skxrf.utils.units import is_counts, refuse_absurd_energies, seconds_per, to_kev, to_mm

CUBE_DIMS = ("y", "x", "energy")
MAPS_DIMS = ("y", "x", "element")
_Array = TypeVar("_Array", xr.DataArray, xr.Dataset)


def name_of(cube: xr.DataArray) -> str:
    """Name of a cube in error messages: by its file, or its painting, where stated."""
    source = cube.attrs.get("source", cube.attrs.get("painting"))
    return "the cube" if source is None else f"the cube of {source}"


def input_files(cube: xr.DataArray) -> list[str]:
    """Files that a cube says it is read from."""
    stated = cube.attrs.get("sources", cube.attrs.get("source"))
    return [] if stated is None else str(stated).split("\n")


def as_cube(cube: Any, name: str | None = None) -> xr.DataArray:
    """Check that an array is a cube, and bring it into order and into keV, mm and s.

    Every function that takes a cube calls this first. Counts are neither copied nor computed.

    `cube` (y, x, energy): counts, in any order of the dims. `name`: what error messages call it; by
    default :func:`name_of`. Returns (y, x, energy): in this order. ``energy``, ``y``, ``x``,
    ``live_time`` and ``real_time`` whose ``units`` are others are converted to keV, mm and s.
    """
    if not isinstance(cube, xr.DataArray) or set(cube.dims) != set(CUBE_DIMS):
        raise SkxrfError(
            f"{name or 'cube'} must be a DataArray of dims (y, x, energy), got {_kind(cube)}: open "
            "a file with skxrf.io.open_cube."
        )
    name = name or name_of(cube)
    if 0 in cube.shape:
        raise CountsError(f"{name} is empty, of shape {dict(cube.sizes)}: there is no spectrum.")
    if cube.dtype.kind not in "uif":
        raise CountsError(f"{name} contains {cube.dtype} values: counts are integers or floats.")
    if not is_counts(_unit(cube)):
        raise CountsError(
            f"{name} states the unit {_unit(cube)!r}: expected counts as measured. Multiply rates "
            "by the live time; where they are counts, set cube.attrs['units'] = 'counts'."
        )
    return _in_standard_units(cube.transpose(*CUBE_DIMS), name)


def as_map_dataset(maps: Any, name: str = "maps", *, named: bool = True) -> xr.Dataset:
    """Check maps and bring them into one form: a Dataset of dims (y, x, element).

    `maps` (y, x, element): intensities; or ``intensity`` and ``uncertainty`` and what else there
    is. The dims may be in any order. `name`: what error messages call them. `named`: whether the
    line groups must have names, each its own. Returns ``intensity`` and ``uncertainty`` of dims (y,
    x, element) in this order, and the other variables of a Dataset as they are. ``y`` and ``x`` in
    another unit of length are converted to mm.
    """
    if isinstance(maps, xr.DataArray):
        dataset = maps.rename("intensity").to_dataset()
    elif isinstance(maps, xr.Dataset) and "intensity" in maps:
        dataset = maps
    else:
        raise SkxrfError(
            f"{name} must be a DataArray of dims (y, x, element), or a Dataset with such an "
            f"'intensity', got {_kind(maps)}."
        )
    both = [kind for kind in ("intensity", "uncertainty") if kind in dataset]
    for kind in both:
        array = dataset[kind]
        if set(array.dims) != set(MAPS_DIMS):
            raise SkxrfError(
                f"the {kind} of {name} has the dims {_kind(array)}: expected (y, x, element)."
            )
        if 0 in array.shape:
            raise SkxrfError(f"the {kind} of {name} is empty, of shape {dict(array.sizes)}.")
        if array.dtype.kind not in "uif":
            raise SkxrfError(
                f"the {kind} of {name} contains {array.dtype} values: expected numbers."
            )
    if named:
        _require_names(dataset, name)
    ordered = dataset.assign({kind: dataset[kind].transpose(*MAPS_DIMS) for kind in both})
    return _in_standard_units(ordered, name)


def require_counts(
    block: NDArray[Any],
    where: str,
    at: Sequence[range] | None = None,
    advice: str | tuple[str | Argument, ...] = (),
) -> None:
    """Raise unless all values of a block of a cube are finite and not negative.

    `block` (n_rows, n_columns, n_channels): counts. `where`: what error messages call the cube.
    `at`: rows, columns and channels of the cube that the block contains; by default those from 0.
    `advice`: what to do, a sentence.
    """
    if block.dtype.kind == "u" or not block.size:
        return
    with np.errstate(invalid="ignore"):
        # Two passes without a temporary; NaN passes through both and fails the comparison.
        if block.min() >= 0 and block.max() < np.inf:
            return
        wrong = ~((block >= 0) & (block < np.inf))
    first = np.unravel_index(np.argmax(wrong), block.shape)
    places = [range(size) for size in block.shape] if at is None else at
    y, x, channel = (place[int(i)] for place, i in zip(places, first, strict=True))
    sentences = (advice,) if isinstance(advice, str) else advice
    raise CountsError(
        f"{where}: pixel (y={y}, x={x}) holds {block[first]} in channel {channel}; counts must be "
        f"finite and not negative ({np.count_nonzero(wrong)} such values in the block "
        "that was read)." + (" " if sentences else ""),
        *sentences,
    )


def _kind(found: Any) -> str:
    if isinstance(found, xr.DataArray):
        return str(tuple(map(str, found.dims)))
    if isinstance(found, xr.Dataset):
        return f"a Dataset of {list(found)}"
    return type(found).__name__


def _require_names(maps: xr.Dataset, name: str) -> None:
    if "element" not in maps.coords:
        raise SkxrfError(
            f"{name} have no coordinate 'element': name the line groups, such as "
            "maps.assign_coords(element=['Fe_K', 'Pb_L'])."
        )
    names = [str(one) for one in maps["element"].to_numpy()]
    twice = next((one for one in names if names.count(one) > 1), None)
    if twice is not None:
        raise SkxrfError(f"two {name} are called {twice!r}: each line group may appear once.")


def _unit(array: xr.DataArray) -> str:
    return str(array.attrs.get("units", ""))


def _in_standard_units(array: _Array, name: str) -> _Array:
    """Convert the coordinates whose units are not keV, mm and s."""
    coords = {}
    if "energy" in array.coords:
        axis = array["energy"]
        source = f"the energy axis of {name}"
        values = to_kev(axis.to_numpy(), _unit(axis), source=source)
        refuse_absurd_energies(values, source=source)
        coords["energy"] = _converted(axis, values, "keV")
    for dim in ("y", "x"):
        if dim in array.coords and _unit(array[dim]):
            # Pixels, degrees and the like are positions as well.
            positions = to_mm(array[dim].to_numpy(), _unit(array[dim]))
            if positions is not None:
                coords[dim] = _converted(array[dim], positions, "mm")
    for kind in ("live_time", "real_time"):
        if kind not in array.coords:
            continue
        times = array[kind]
        factor = seconds_per(_unit(times))
        if factor is None:
            raise SkxrfError(f"the {kind} of {name} is in {_unit(times)!r}: expected s, ms or us.")
        coords[kind] = _converted(times, times.data * factor, "s")
    changed = {key: value for key, value in coords.items() if value is not None}
    return array.assign_coords(changed) if changed else array


def _converted(coordinate: xr.DataArray, values: Any, unit: str) -> xr.Variable | None:
    """Coordinate in another unit; None where it already has the unit or states none."""
    if _unit(coordinate) in ("", unit):
        return None
    return xr.Variable(coordinate.dims, values, {**coordinate.attrs, "units": unit})
