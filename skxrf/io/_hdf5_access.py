"""Reading HDF5: blocks through a picklable handle, errors that name the file, small look-ups."""

from __future__ import annotations

import contextlib
import importlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from skxrf.exceptions import FileFormatError, SkxrfError

__all__ = [
    "cubes_in",
    "is_hdf5",
    "listed",
    "open_file",
    "require_filters",
    "require_readable",
    "scalar_attrs",
    "text",
    "texts",
    "units_of",
]


def is_hdf5(path: Path, head: bytes) -> bool:
    """Recognize HDF5 by its signature, which may stand behind a block of the user's."""
    return head.startswith(b"\x89HDF\r\n\x1a\n") or bool(h5py.is_hdf5(path))


@contextlib.contextmanager
def open_file(path: str | Path) -> Iterator[Any]:
    """Open an HDF5 file for reading; what goes wrong in it becomes a `FileFormatError`."""
    try:
        with h5py.File(path, "r") as file:
            yield file
    except (FileNotFoundError, PermissionError, SkxrfError):
        raise
    except (OSError, RuntimeError, KeyError, TypeError, ValueError, MemoryError) as error:
        # What h5py raises for damaged files, depending on where the damage is.
        what = "is truncated" if "truncated" in str(error) else "cannot be read as HDF5"
        size = os.path.getsize(path)
        raise FileFormatError(
            f"{path} ({size} bytes) {what}: {error}. Copy it again, or repair it with HDF5's tools."
        ) from error


def require_readable(dataset: Any) -> None:
    """Load what is needed to read a dataset, or say what is missing."""
    require_filters(dataset)
    _require_sources(dataset)


def require_filters(dataset: Any) -> None:
    """Load the plugins of compressed data, or say which are missing."""
    properties = dataset.id.get_create_plist()
    for i in range(properties.get_nfilters()):
        code, _, _, name = properties.get_filter(i)
        if h5py.h5z.filter_avail(code):
            continue
        # The plugins are a package that registers them when it is imported; many files of
        # synchrotrons need it, most files do not.
        with contextlib.suppress(ImportError):
            importlib.import_module("hdf5plugin")
        if not h5py.h5z.filter_avail(code):
            raise FileFormatError(
                f"{dataset.file.filename}, dataset {dataset.name!r} is compressed with the HDF5 "
                f"filter {code} ({text(name) or 'no name'}), which is not installed: "
                "pip install hdf5plugin."
            )


def _require_sources(dataset: Any) -> None:
    """Refuse a virtual dataset whose source files are missing: HDF5 would read zeros there."""
    if not dataset.is_virtual:
        return
    folder = Path(dataset.file.filename).parent
    names = {source.file_name for source in dataset.virtual_sources()}
    # "." is the file itself; "%" is a pattern for a growing series, whose end only HDF5 knows.
    missing = sorted(
        name for name in names if name != "." and "%" not in name and not (folder / name).exists()
    )
    if missing:
        raise FileFormatError(
            f"{dataset.file.filename}, dataset {dataset.name!r} is put together from other files, "
            f"of which {len(missing)} are missing, such as {missing[0]!r}: copy them beside it."
        )


def cubes_in(file: Any) -> list[Any]:
    """All three-dimensional datasets of numbers in a file, each once, by name."""
    found: list[Any] = []

    def visit(_: str, item: Any) -> None:
        numbers = isinstance(item, h5py.Dataset) and item.dtype.kind in "uif"
        # A name that is not UTF-8 comes as bytes: damage.
        if numbers and item.ndim == 3 and isinstance(item.name, str):
            found.append(item)

    file.visititems(visit)
    return sorted(found, key=lambda dataset: str(dataset.name))


def listed(datasets: list[Any]) -> str:
    """Datasets for an error message: names, shapes and types, at most ten."""
    if not datasets:
        return "none"
    names = [f"{d.name!r} {d.shape} {d.dtype}" for d in datasets[:10]]
    return ", ".join(names) + (f" and {len(datasets) - 10} more" if len(datasets) > 10 else "")


def text(value: Any) -> str:
    """One string from an attribute or scalar, whatever HDF5 stored; empty where there is none."""
    if isinstance(value, np.ndarray):
        value = value.ravel()[0] if value.size == 1 else ""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value if isinstance(value, str) else ""


def texts(value: Any) -> list[str]:
    """Several strings from an attribute: an array of them, or one with commas or blanks."""
    if isinstance(value, np.ndarray) and value.ndim:
        return [text(one) for one in value]
    return text(value).replace(",", " ").split()


def units_of(dataset: Any) -> str:
    """Unit that a dataset carries, or an empty string."""
    return text(dataset.attrs.get("units"))


def scalar_attrs(item: Any, names: tuple[str, ...]) -> dict[str, str | float]:
    """Those of the named attributes that are a text or a number."""
    found: dict[str, str | float] = {}
    for name in names:
        value = item.attrs.get(name)
        if text(value):
            found[name] = text(value)
        elif np.ndim(value) == 0 and isinstance(value, int | float | np.number):
            found[name] = float(value)
    return found
