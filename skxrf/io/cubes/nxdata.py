"""NXdata groups of NeXus: a signal whose axes are datasets with units.

``signal`` names the counts and ``axes`` the datasets along them, one for each axis and "." for none; in
older files both are attributes of the datasets (``signal=1``, ``axes="y:x:energy"``). An axis in keV or eV
is the energy, axes of lengths are positions; one value more than there are channels are the edges of bins. https://manual.nexusformat.org/classes/base_classes/NXdata.html
"""

from __future__ import annotations

from typing import Any

import h5py

from skxrf.utils.units import to_mm

from .._hdf5_values import numbers, positions, scalar_attrs, text, texts, units_of
from .axes import axis_name, axis_or_reason, dims_from_labels, pixels_around_energy
from .beside import times_beside
from .hdf5_reader import hdf5_source
from .nexus import about, stated_beside
from .source import CubeSource
from .stated_axis import axis_facts


def find(file: Any, cubes: list[Any]) -> list[Any]:
    """Signals of groups that name an axis of energies; that of the default group alone, if any."""
    found = [cube for cube in cubes if _is_signal(cube) and _energy_at(cube) is not None]
    shown = _default(file)
    default = [cube for cube in found if shown is not None and cube.parent == shown]
    return default or found


def read(cube: Any) -> CubeSource:
    """Describe one cube of this layout."""
    group = cube.parent
    at = _energy_at(cube)
    names = _axis_names(cube)
    items = [_axis_item(group, name) for name in names]
    dims = _dims(names, items, cube.shape, at)
    found: dict[str, Any] = {}
    if at is not None:
        source = f"{items[at].name!r} in {cube.file.filename}"
        values = numbers(items[at])
        if values is not None and values.size == cube.shape[at] + 1:
            # Edges of the bins.
            values = (values[1:] + values[:-1]) / 2
        found = axis_facts(source, values=values, units=units_of(items[at]))
    if found.get("energy") is None:
        found["energy"], reason = axis_or_reason(lambda: stated_beside(group))
        found["energy_hint"] = found.get("energy_hint") or reason
    for dim, item, size in zip(dims or (), items, cube.shape, strict=False):
        if dim in ("y", "x") and item is not None:
            found[dim] = positions(item, size)
        if dim == "detector" and item is not None and h5py.check_string_dtype(item.dtype):
            found["detectors"] = tuple(texts(item[:size]))
    return hdf5_source(
        cube,
        "NeXus (NXdata with axes)",
        dims=dims,
        dims_from="the axes of its NXdata group",
        any_axes=True,
        **times_beside(cube),
        attrs=about(group),
        **found,
    )


def _is_signal(cube: Any) -> bool:
    name = cube.name.rpartition("/")[2]
    return name in texts(cube.parent.attrs.get("signal")) or (
        scalar_attrs(cube, ("signal",)).get("signal") in (1.0, "1")
    )


def _axis_names(cube: Any) -> list[str]:
    """Names of the datasets along each axis, empty where there is none."""
    for holder in (cube.parent, cube):
        names = texts(holder.attrs.get("axes"))
        if len(names) == cube.ndim:
            return ["" if name == "." else name for name in names]
    return [""] * cube.ndim


def _axis_item(group: Any, name: str) -> Any:
    item = group.get(name) if name else None
    return item if isinstance(item, h5py.Dataset) and item.ndim == 1 else None


def _energy_at(cube: Any) -> int | None:
    """Position of the one axis that is in keV or eV, or else is called the energy or the channel."""
    items = [_axis_item(cube.parent, name) for name in _axis_names(cube)]
    fitting = [
        i
        for i, (item, size) in enumerate(zip(items, cube.shape, strict=True))
        if item is not None and item.size in (size, size + 1)
    ]
    names = {i: items[i].name.rpartition("/")[2].lower() for i in fitting}
    for marked in (
        [i for i in fitting if units_of(items[i]).lower() in ("kev", "ev")],
        [i for i in fitting if names[i] in ("energy", "energies")],
        [i for i in fitting if axis_name(names[i]) == "energy"],
    ):
        if len(marked) == 1:
            return marked[0]
    return None


def _dims(
    names: list[str], items: list[Any], shape: tuple[int, ...], energy: int | None
) -> tuple[str, ...] | None:
    """Axis names from those of the datasets; else rows before columns where both are lengths."""
    labels = ["energy" if i == energy else name for i, name in enumerate(names)]
    named = dims_from_labels(labels)
    if named is not None or energy is None or len(shape) not in (2, 3):
        return named
    if len(shape) == 2:
        # A line along a motor such as samx.
        end = names[1 - energy].lower()[-1:]
        line = [end, "energy"] if energy else ["energy", end]
        return tuple(line) if end in ("x", "y") and _is_length(items[1 - energy]) else None
    lengths = [_is_length(item) for i, item in enumerate(items) if i != energy]
    words = [name.lower() for i, name in enumerate(names) if i != energy]
    # Motors such as samy and samx, sample_y and sample_x.
    ends = [word[-1:] for word in words]
    if ends in (["y", "x"], ["x", "y"], ["z", "x"], ["z", "y"]):
        order = ["y", "x"] if ends != ["x", "y"] else ["x", "y"]
        order.insert(energy, "energy")
        return tuple(order)
    return pixels_around_energy(energy) if all(lengths) else None


def _is_length(item: Any) -> bool:
    return item is not None and to_mm(0.0, units_of(item)) is not None


def _default(file: Any) -> Any:
    """Group that the file's attributes ``default`` lead to, or None."""
    group = file
    for _ in range(10):
        name = text(group.attrs.get("default"))
        item = group.get(name) if name else None
        if not isinstance(item, h5py.Group):
            break
        group = item
    return None if group == file else group
