"""Coordinates of a cube that the plain layout has no dataset of its own for, in a group beside it.

Each is a dataset ``0``, ``1``, ... of the group ``skxrf_coordinates``, with the attributes ``name``, ``dims``
and ``attrs`` (JSON), and ``kind`` where its values are times, or texts of which some are missing.
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable, Mapping
from typing import Any

import h5py
import numpy as np
import xarray as xr

from skxrf.exceptions import SkxrfError

from ._hdf5_values import text
from ._limits import LIMITS

_GROUP = "skxrf_coordinates"


def json_text(attrs: Mapping[Any, Any]) -> str:
    """Attributes as one text; values that JSON cannot hold are written as text."""
    return json.dumps({str(name): value for name, value in attrs.items()}, default=_jsonable)


def _jsonable(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else str(value)


def write_coordinates(file: h5py.File, coords: Mapping[Hashable, xr.DataArray]) -> None:
    """Write coordinates beside the counts: numbers, texts, truth values or times, over some dims of the cube."""
    group = file.create_group(_GROUP) if coords else None
    for i, (name, coord) in enumerate(coords.items()):
        values, kind = coord.to_numpy(), ""
        if values.dtype.kind in "mM":
            values, kind = values.astype(np.int64), str(values.dtype)
        elif values.dtype.kind in "UO" and all(map(_is_text, values.ravel())):
            flat = values.ravel()
            missing = [i for i, one in enumerate(flat) if not isinstance(one, str)]
            kind = f"missing {json.dumps(missing)}" if missing else ""
            texts = np.array([one if isinstance(one, str) else "" for one in flat], object)
            values = texts.reshape(values.shape).astype(h5py.string_dtype())
        elif values.dtype.kind not in "biufc":
            raise SkxrfError(
                f"the coordinate {name!r} holds values of type {values.dtype}, which the file has no place "
                f"for: drop it with cube.drop_vars({name!r})."
            )
        assert group is not None
        item = group.create_dataset(str(i), data=values)
        item.attrs["name"] = str(name)
        item.attrs["dims"] = json.dumps([str(dim) for dim in coord.dims])
        item.attrs["attrs"] = json_text(coord.attrs)
        item.attrs["kind"] = kind


def _is_text(one: Any) -> bool:
    """True for what the file can hold among texts: texts without NUL, None and NaN."""
    if isinstance(one, str):
        return "\0" not in one
    return one is None or (isinstance(one, float) and np.isnan(one))


def read_coordinates(
    file: Any, sizes: Mapping[str, int]
) -> dict[str, tuple[tuple[str, ...], Any, dict[str, Any]]]:
    """Read coordinates as xarray takes them; those that do not fit the sizes of the cube are left alone."""
    group = file.get(_GROUP)
    found: dict[str, tuple[tuple[str, ...], Any, dict[str, Any]]] = {}
    left = LIMITS.coordinate_bytes
    for key in _first(group) if isinstance(group, h5py.Group) else ():
        item = group.get(key)
        if not isinstance(item, h5py.Dataset) or item.size is None or item.nbytes > left:
            continue
        dims = tuple(str(dim) for dim in _parsed(item, "dims", list))
        if not set(dims) <= set(sizes) or item.shape != tuple(sizes[dim] for dim in dims):
            continue
        left -= item.nbytes
        name, kind = text(item.attrs.get("name")), text(item.attrs.get("kind"))
        if h5py.check_string_dtype(item.dtype) is not None:
            stored = np.atleast_1d(item[()]).ravel()
            values = np.array([text(one) for one in stored], dtype=np.str_)
            if kind.startswith("missing "):
                values = values.astype(object)
                values[json.loads(kind.removeprefix("missing "))] = None
            values = values.reshape(item.shape)
        elif item.dtype.kind not in "biufc":
            continue
        else:
            values = np.asarray(item[()])
            if kind.startswith(("datetime64[", "timedelta64[")) and values.dtype == np.int64:
                values = values.astype(kind)
        if name:
            found[name] = dims, values, coordinate_attrs(item)
    return found


def coordinate_attrs(item: Any) -> dict[str, Any]:
    """Attributes of a coordinate, as they were before it was written."""
    return dict(_parsed(item, "attrs", dict))


def _first(group: Any) -> Iterable[str]:
    return list(group)[: LIMITS.names]


def _parsed(item: Any, name: str, kind: type) -> Any:
    try:
        value = json.loads(text(item.attrs.get(name)))
    except ValueError:
        return kind()
    return value if isinstance(value, kind) else kind()
