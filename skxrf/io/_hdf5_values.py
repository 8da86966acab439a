"""Values of HDF5 files that are not counts: texts, numbers and labels of axes, none read unchecked."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from skxrf.exceptions import FileFormatError
from skxrf.utils.units import to_mm, to_seconds

__all__ = [
    "axis_labels",
    "numbers",
    "pixel_times",
    "positions",
    "scalar_attrs",
    "scales",
    "text",
    "texts",
    "units_of",
]

# Values of one dataset beside the counts: no axis and no list of names is longer.
_MOST_VALUES = 2**20


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
    """Unit that a dataset carries, or an empty string."""
    return text(dataset.attrs.get("units"))


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


def numbers(item: Any, *, at_most: int = _MOST_VALUES) -> NDArray[Any] | None:
    """Numbers of a dataset beside the counts, read only after a look at its size.

    Parameters
    ----------
    item : object
        What stands under a name in the file.
    at_most : int
        The largest number of values that makes sense.

    Returns
    -------
    ndarray or None
        None where it is no dataset of numbers.

    Raises
    ------
    FileFormatError
        If it has more values, or lies outside the file.
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
    return np.asarray(item[()])


def positions(item: Any, size: int, *, units: str = "") -> NDArray[np.float64] | None:
    """Positions [mm] of `size` rows or columns, or None where a dataset holds none.

    Parameters
    ----------
    item : object
        What stands under their name in the file.
    size : int
        Number of rows or columns; a dataset of another length is left alone.
    units : str
        Unit where the dataset carries none.
    """
    if not isinstance(item, h5py.Dataset) or item.shape != (size,):
        return None
    values = numbers(item, at_most=size)
    return None if values is None else to_mm(values, units_of(item) or units)


def pixel_times(
    item: Any, shape: tuple[int, ...], *, seconds: float = 1.0
) -> tuple[NDArray[Any], tuple[str, ...] | None] | None:
    """Times [s] of pixels, and the names of their axes where the dataset carries them.

    Parameters
    ----------
    item : object
        What stands under their name in the file.
    shape : tuple of int
        Of the counts.
    seconds : float
        Seconds of one where the dataset carries no unit.

    Returns
    -------
    (ndarray, tuple of str or None) or None
        None where there are none: a single time says nothing about a pixel. A dataset of another size
        is not read, its values are NaN.
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
    labels = axis_labels(item)
    words = tuple(label.lower() for label in labels)
    return times, words if len(words) == times.ndim and all(words) else None


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
