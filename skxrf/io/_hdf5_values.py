"""Values of HDF5 files that are not counts: texts, numbers and labels of axes, none read unchecked."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from skxrf.exceptions import FileFormatError
from skxrf.utils.units import is_pixels, to_mm, to_seconds

from ._limits import LIMITS
from .cubes.axes import axis_name


def text(value: Any) -> str:
    """One string from an attribute or scalar, whatever HDF5 stored; empty where there is none."""
    if isinstance(value, np.ndarray):
        value = value.ravel()[0] if value.size == 1 else ""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value if isinstance(value, str) else ""


def texts(value: Any) -> list[str]:
    """Several strings from an attribute: an array of them, or one with commas, colons or blanks."""
    if isinstance(value, np.ndarray) and value.ndim:
        return [text(one) for one in value]
    return text(value).strip("[] ").replace(",", " ").replace(":", " ").split()


def units_of(dataset: Any) -> str:
    """Unit that a dataset carries, under whichever spelling of ``units``, or an empty string."""
    for name in ("units", "unit", "Units", "Unit", "UNITS", "UNIT"):
        if found := text(dataset.attrs.get(name)).strip(" \t\n[]"):
            return found
    return ""


@dataclass(frozen=True)
class Scale:
    """Relation of stored numbers to values, as netCDF and NeXus state it."""

    factor: float = 1.0
    offset: float = 0.0
    fills: tuple[float, ...] = ()  # stored numbers that mean a missing value

    @classmethod
    def of(cls, dataset: Any, *, beside: bool = False) -> Scale:
        """Scale from the attributes of a dataset.

        `dataset`: what holds the numbers. `beside`: whether NeXus' datasets beside it count too:
        ``<name>_scaling_factor``, or of the signal of a group ``scaling_factor``, and ``offset``.
        """
        said = {name: dataset.attrs[name] for name in _SCALES if name in dataset.attrs}
        parent, name = dataset.parent, dataset.name.rpartition("/")[2]
        prefixes = [f"{name}_"] * beside
        if beside and name in texts(parent.attrs.get("signal")):
            prefixes.append("")
        for prefix in prefixes:
            factor, offset = (parent.get(f"{prefix}{one}") for one in ("scaling_factor", "offset"))
            if getattr(factor, "size", 0) == 1:
                said.setdefault("scale_factor", factor[()])
            if getattr(offset, "size", 0) == 1 and (prefix or said):
                said.setdefault("add_offset", offset[()])
        found = {one: _number(value) for one, value in said.items()}
        factor = found.get("scale_factor", found.get("scaling_factor", 1.0))
        offset = found.get("add_offset", 0.0)
        if not factor or offset is None:
            raise FileFormatError(
                f"{dataset.file.filename}, dataset {dataset.name!r} states {said!s:.80} as the scale or "
                "offset of its values: expected numbers. Remove the attribute where it is wrong."
            )
        fills = [_number(dataset.attrs[one]) for one in _FILLS if one in dataset.attrs]
        return cls(factor, offset, tuple({one for one in fills if one is not None}))

    @property
    def is_plain(self) -> bool:
        """True where the stored numbers are the values."""
        return (self.factor, self.offset) == (1.0, 0.0)

    def missing(self, stored: NDArray[Any]) -> NDArray[np.bool_]:
        """True where a stored number means a missing value."""
        found = np.zeros(stored.shape, bool)
        for fill in self.fills:
            found |= stored == fill
        return found

    def dtype(self, stored: np.dtype[Any]) -> np.dtype[Any]:
        """Type that holds the values: whole numbers stay so where they can."""
        if self.is_plain:
            return stored
        whole = stored.kind in "ui" and self.factor.is_integer() and self.offset.is_integer()
        return np.dtype(np.int64 if whole else np.float64)

    def values(self, stored: NDArray[Any]) -> NDArray[Any]:
        """Values of stored numbers; the same array where they are these."""
        if self.is_plain:
            return stored
        dtype = self.dtype(stored.dtype)
        return np.asarray(stored.astype(dtype) * dtype.type(self.factor) + dtype.type(self.offset))


_SCALES = ("scale_factor", "scaling_factor", "add_offset")
_FILLS = ("_FillValue", "missing_value")


def _number(value: Any) -> float | None:
    """Finite number of an attribute, as a number or text; None where it is none."""
    array = np.asarray(value)
    try:
        found = float(text(value) or array.ravel()[0]) if array.size == 1 else np.nan
    except (TypeError, ValueError):
        return None
    return found if np.isfinite(found) else None


def scalar_attrs(item: Any, names: Iterable[str]) -> dict[str, str | float]:
    """Named attributes that are a text or a number."""
    found: dict[str, str | float] = {}
    for name in names:
        value = item.attrs.get(name)
        if isinstance(value, np.ndarray) and value.size == 1:
            value = value.ravel()[0]
        if text(value):
            found[name] = text(value)
        elif np.ndim(value) == 0 and isinstance(value, int | float | np.number):
            found[name] = float(value)
    return found


def numbers(item: Any, *, at_most: int = LIMITS.values) -> NDArray[Any] | None:
    """Numbers of a dataset beside the counts, read only after a look at its size.

    `item`: what stands under a name in the file. `at_most`: the largest number of values that makes
    sense. Returns after their scale and offset, NaN for what the dataset names as missing; None
    where it is no dataset of numbers.
    """
    if not isinstance(item, h5py.Dataset) or item.dtype.kind not in "uif" or item.shape is None:
        return None
    if item.size > at_most:
        raise FileFormatError(
            f"{item.file.filename}, dataset {item.name!r} has the shape {item.shape}: expected at most "
            f"{at_most:,} values there. The file is damaged, or of another layout."
        )
    if item.external:
        raise FileFormatError(
            f"{item.file.filename}, dataset {item.name!r} keeps its values in another file, "
            f"{item.external[0][0]!r}, which is not read."
        )
    scale, stored = Scale.of(item), np.asarray(item[()])
    missing = scale.missing(stored)
    return (
        np.where(missing, np.nan, scale.values(stored)) if missing.any() else scale.values(stored)
    )


def positions(item: Any, size: int, *, units: str = "") -> NDArray[np.float64] | None:
    """Positions [mm] of `size` rows or columns, or None where a dataset holds none.

    `item`: what stands under their name in the file. `size`: number of rows or columns; a dataset
    of another length is left out, with a warning. `units`: unit where the dataset carries none.
    """
    if not isinstance(item, h5py.Dataset) or item.dtype.kind not in "uif":
        return None
    stated = units_of(item) or units
    if item.shape in ((size,), (size + 1,)):
        values = numbers(item, at_most=size + 1)
        if values is not None and values.size > size:
            # Edges of the pixels.
            values = (values[1:] + values[:-1]) / 2
        found = None if values is None else to_mm(values, stated)
        if found is not None or is_pixels(stated):
            return found
        why = f"are in {stated!r}, expected a unit of length"
    elif is_pixels(stated):
        return None
    else:
        why = f"have the shape {item.shape}, expected ({size},)"
    warnings.warn(
        f"{item.file.filename}: the positions {item.name!r} {why}; pixels are counted instead.",
        UserWarning,
        stacklevel=2,
    )
    return None


def pixel_times(
    item: Any, shape: tuple[int, ...], *, seconds: float = 1.0
) -> tuple[NDArray[Any], tuple[str, ...] | None] | None:
    """Times [s] of pixels, and the names of their axes where the dataset carries them.

    `item`: what stands under their name in the file. `seconds`: seconds of one where the dataset
    carries no unit. Returns None where there are none: a single time says nothing about a pixel. A
    dataset of another size is not read, its values are NaN.
    """
    if not isinstance(item, h5py.Dataset) or item.dtype.kind not in "uif" or not item.shape:
        return None
    products = {
        math.prod(size for i, size in enumerate(shape) if mask >> i & 1)
        for mask in range(2 ** len(shape) - 1)
    }
    if item.size == 1 and math.prod(shape) != max(shape):
        return None
    if item.size not in products:
        # Not read; whoever puts times on pixels says that they do not fit.
        return np.broadcast_to(np.nan, item.shape), None
    values = numbers(item, at_most=item.size)
    times = None if values is None else to_seconds(values, units_of(item), otherwise=seconds)
    if times is None:
        warnings.warn(
            f"{item.file.filename}: {item.name!r} is in {units_of(item)!r}, expected a unit of time; it "
            "is left out.",
            UserWarning,
            stacklevel=2,
        )
        return None
    names = tuple(axis_name(label) for label in axis_labels(item))
    return times, names if len(names) == times.ndim and all(names) else None


def axis_labels(dataset: Any) -> list[str]:
    """Labels of a dataset's axes, empty where there are none.

    From its attribute ``dims`` or ``axes``, from HDF5's own dimension labels, or from the names of its
    dimension scales. HDF5's functions for them trust the types of foreign attributes and may end
    the process, so that the attributes are read as what they are.
    """
    for name in ("dims", "axes", "DIMENSION_LABELS"):
        if name in dataset.attrs:
            found = texts(dataset.attrs[name])
            if len(found) == dataset.ndim and any(found):
                return found
    return [
        "" if scale is None else str(scale.name).rpartition("/")[2] for scale in scales(dataset)
    ]


def scales(dataset: Any) -> list[Any]:
    """Dimension scale of each axis of a dataset, None where it has none or several."""
    none: list[Any] = [None] * dataset.ndim
    if "DIMENSION_LIST" not in dataset.attrs:
        return none
    kind = h5py.check_vlen_dtype(dataset.attrs.get_id("DIMENSION_LIST").dtype)
    if kind is None or h5py.check_ref_dtype(kind) is not h5py.Reference:
        return none
    lists = np.atleast_1d(dataset.attrs["DIMENSION_LIST"])
    if lists.shape != (dataset.ndim,):
        return none
    for i, references in enumerate(lists):
        if len(references) == 1 and references[0]:
            item = dataset.file[references[0]]
            none[i] = item if isinstance(item, h5py.Dataset) and item.ndim == 1 else None
    return none
