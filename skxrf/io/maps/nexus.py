"""Results of a fit in NeXus: ``<entry>/<process>/results/parameters/Fe_K``.

PyMca, ewoksfluo and this library write it. ``parameters`` and ``uncertainties`` are NXdata groups of
images of one name; their attributes ``signal``, ``auxiliary_signals`` and ``axes`` give the order and
the axes. Mass fractions, scatter, background and diagnostics stand beside them.

What is written: an NXroot whose chain of ``default`` attributes ends at the first map, so that a
viewer shows it; an NXentry ``maps`` with the NXprocess ``skxrf`` (program, version, date); and as JSON
in its NXnote ``configuration`` all attributes, from which they come back as they were.
"""

from __future__ import annotations

import datetime
import io
import json
import re
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import xarray as xr
from numpy.typing import NDArray

import skxrf
from skxrf.exceptions import FileFormatError
from skxrf.utils.units import to_mm

from .._hdf5_values import numbers, text, texts, units_of
from .._limits import refuse_absurd_size
from .columns import Elements, chosen_columns
from .plain import refuse_name
from .source import MapsSource

_PROGRAM = "skxrf"


def find(file: Any) -> list[str]:
    """Names of the processes that have ``results/parameters``."""
    found: list[str] = []

    def visit(_: str, item: Any) -> None:
        if isinstance(item, h5py.Group) and isinstance(item.name, str):
            match = re.fullmatch(r"(.*)/results/parameters", item.name)
            if match:
                found.append(match[1] or "/")

    file.visititems(visit)
    return sorted(found)


def read(file: Any, name: str) -> MapsSource:
    """Describe the results of one process, or one group of images."""
    process = file[name]
    group = process.get("results/parameters", process)
    images = images_in(group)
    if not images:
        flat = [n for n, one in group.items() if getattr(one, "ndim", 0) == 1]
        beside = f", but {len(flat)} lists: spectra in a row are no map" if flat else ""
        raise FileFormatError(
            f"{file.filename}, group {group.name!r} holds no images of numbers over rows and "
            f"columns{beside}."
        )
    uncertainties = group.parent.get("uncertainties")
    errors = {}
    if group != process and isinstance(uncertainties, h5py.Group):
        errors = images_in(uncertainties)
    shape = next(iter(images.values())).shape
    y, x = _positions(group, shape)
    return MapsSource(
        path=Path(file.filename),
        layout="NeXus (parameters, uncertainties)",
        images=images,
        errors=errors,
        group=str(name),
        units=units_of(next(iter(images.values()))) or "counts",
        y=y,
        x=x,
        exact_names=_is_own(process),
        attrs=_provenance(process),
    )


def images_in(group: Any) -> dict[str, Any]:
    """The two-dimensional datasets of a group: its signals in their order, else all by name."""
    signals = [
        *texts(np.atleast_1d(group.attrs.get("signal", ""))),
        *texts(np.atleast_1d(group.attrs.get("auxiliary_signals", ""))),
    ]
    names = [name for name in signals if name] or sorted(group)
    images = {}
    for name in names:
        item = group.get(name)
        if isinstance(item, h5py.Dataset) and item.ndim == 2 and item.dtype.kind in "uif":
            where = f"{group.file.filename}, dataset {item.name!r}"
            refuse_absurd_size(item.nbytes, item.id.get_storage_size(), where)
            images[name] = item
    return images


def _positions(group: Any, shape: tuple[int, ...]) -> list[NDArray[Any] | None]:
    """Positions along y and x, from the axes that the group names."""
    names = texts(group.attrs.get("axes", ""))
    found: list[NDArray[Any] | None] = []
    for i, size in enumerate(shape):
        item = group.get(names[i]) if len(names) == 2 else None
        values = None
        if isinstance(item, h5py.Dataset) and item.shape == (size,) and item.dtype.kind in "uif":
            stored = numbers(item)
            # Without a unit of length, only whole numbers mean something: pixels.
            values = stored if stored is not None and stored.dtype.kind in "ui" else None
            if units_of(item) and stored is not None:
                values = to_mm(stored, units_of(item))
        found.append(values)
    return found


def _is_own(process: Any) -> bool:
    program = process.get("program")
    return isinstance(program, h5py.Dataset) and text(program[()]) == _PROGRAM


def _provenance(process: Any) -> dict[str, str]:
    """Program, version and date of the fit."""
    found = {}
    for name in ("program", "version", "date"):
        item = process.get(name)
        if isinstance(item, h5py.Dataset) and item.ndim == 0 and text(item[()]):
            found[f"fit_{name}"] = text(item[()])
    return found


def restored(file: Any, source: MapsSource, maps: xr.Dataset, elements: Elements) -> xr.Dataset:
    """Give maps that this library wrote their attributes and further variables back."""
    process = file[source.group] if source.group else file
    note = process.get("configuration/data")
    if not (source.exact_names and isinstance(note, h5py.Dataset)):
        return maps
    names = list(source.images)
    chosen = names if elements is None else chosen_columns(names, elements, where=source.where)
    order = [names.index(name) for name in chosen]
    try:
        return _with_all_variables(process, json.loads(text(note[()])), maps, order)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise FileFormatError(
            f"{source.where}: its configuration is damaged ({error}): save the maps again."
        ) from error


def _with_all_variables(
    process: Any, about: dict[str, Any], maps: xr.Dataset, order: list[int]
) -> xr.Dataset:
    for name, said in about["variables"].items():
        dims, attrs = said["dims"], said["attrs"]
        if name == "element" or name in maps.data_vars:
            maps[name].attrs = attrs
            continue
        values = process[said["place"]][()]
        if said["text"]:
            flat = [text(one) for one in np.atleast_1d(values).ravel()]
            values = np.array(flat, np.str_).reshape(np.shape(values))
        if "element" in dims:
            values = np.take(values, order, axis=dims.index("element"))
        variable = xr.Variable(dims, values, attrs)
        if said["coordinate"]:
            maps = maps.assign_coords({name: variable})
        else:
            maps = maps.assign({name: variable})
    maps.attrs = about["attrs"]
    return maps


def write_nexus(maps: xr.Dataset, path: Path) -> None:
    """Write computed maps."""
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    # In memory first: HDF5 takes the whole process down where a disk is full.
    content = io.BytesIO()
    with h5py.File(content, "w", track_order=True) as file:
        _set(file, NX_class="NXroot", default="maps", creator=_PROGRAM, file_time=now)
        entry = _group(file, "maps", "NXentry", default="skxrf")
        entry["title"] = str(maps.attrs.get("painting", "element maps"))
        entry["end_time"] = now
        process = _group(entry, "skxrf", "NXprocess", default="results")
        process["program"] = _PROGRAM
        process["version"] = skxrf.__version__
        process["date"] = now
        results = _group(process, "results", "NXcollection", default="parameters")
        places = {
            str(name): f"results/{group}"
            for name, group in {"intensity": "parameters", "uncertainty": "uncertainties"}.items()
            if _write_images(results, group, maps, name)
        }
        for name, variable in maps.variables.items():
            if str(name) in {"y", "x", "element"}:
                places[str(name)] = f"results/parameters/{name}"
            elif str(name) not in places:
                kind = "coordinates" if name in maps.coords else "diagnostics"
                places[str(name)] = f"results/{kind}/{name}"
                _write_other(results, kind, str(name), variable)
        note = _group(process, "configuration", "NXnote")
        note["type"] = "application/json"
        note["data"] = _about(maps, places)
    path.write_bytes(content.getvalue())


def _about(maps: xr.Dataset, places: dict[str, str]) -> str:
    variables = {
        str(name): {
            "dims": list(map(str, variable.dims)),
            "place": places[str(name)],
            "coordinate": name in maps.coords,
            "text": variable.dtype.kind not in "uifb",
            "attrs": _plain(variable.attrs),
        }
        for name, variable in maps.variables.items()
    }
    return json.dumps({"attrs": _plain(maps.attrs), "variables": variables}, default=str)


def _plain(attrs: Any) -> dict[str, Any]:
    """Attributes in the types of JSON."""
    return {
        str(name): value.tolist() if isinstance(value, np.ndarray | np.generic) else value
        for name, value in attrs.items()
    }


def _write_images(results: Any, group_name: str, maps: xr.Dataset, variable: str) -> bool:
    """Write one NXdata group of images, if there is such a variable."""
    if variable not in maps:
        return False
    names = [str(name) for name in maps["element"].to_numpy()]
    for name in names:
        wrong = name in ("", ".", "y", "x") or re.search(r"[/\0]", name)
        refuse_name(name, wrong, "NeXus cannot hold")
    group = _group(results, group_name, "NXdata", signal=names[0], axes=["y", "x"])
    if len(names) > 1:
        _set(group, auxiliary_signals=names[1:])
    for dim in ("y", "x"):
        positions = maps[dim].to_numpy()
        if positions.dtype.kind not in "uif":
            raise FileFormatError(
                f"the coordinate {dim!r} holds {positions.dtype} values, which NeXus has no axis "
                "for: use positions in mm or pixel indices, or save as .nc."
            )
        group[dim] = positions
        units = str(maps[dim].attrs.get("units", ""))
        _set(group[dim], long_name=f"{dim} [{units}]" if units else f"{dim} [pixels]")
        if units:
            _set(group[dim], units=units)
    units = str(maps[variable].attrs.get("units", "counts"))
    for name, image in zip(names, np.moveaxis(maps[variable].to_numpy(), -1, 0), strict=True):
        group.create_dataset(name, data=np.ascontiguousarray(image))
        _set(group[name], units=units, interpretation="image", long_name=f"{name} [{units}]")
    return True


def _write_other(results: Any, kind: str, name: str, variable: xr.Variable) -> None:
    """Write one further coordinate or variable over the dims of maps."""
    values = variable.to_numpy()
    if not set(variable.dims) <= {"y", "x", "element"} or values.dtype.kind not in "uifbOSU":
        raise FileFormatError(
            f"NeXus cannot hold {name!r} ({values.dtype} over {tuple(variable.dims)}): drop it, or "
            "save as .nc."
        )
    group = results[kind] if kind in results else _group(results, kind, "NXcollection")
    if values.dtype.kind in "OSU":
        group.create_dataset(
            name, data=values.astype(str).astype(object), dtype=h5py.string_dtype()
        )
    else:
        group[name] = values
    if "units" in variable.attrs:
        _set(group[name], units=str(variable.attrs["units"]))


def _group(parent: Any, name: str, nexus_class: str, **attrs: str | list[str]) -> Any:
    group = parent.create_group(name, track_order=True)
    _set(group, NX_class=nexus_class, **attrs)
    return group


def _set(item: Any, **attrs: str | list[str]) -> None:
    """Set attributes, lists of names as variable-length UTF-8, which every reader knows."""
    for name, value in attrs.items():
        if isinstance(value, list):
            item.attrs.create(name, np.array(value, dtype=object), dtype=h5py.string_dtype())
        else:
            item.attrs[name] = value
