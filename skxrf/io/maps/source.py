"""From what a format's module found in a file to the library's maps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

import skxrf
from skxrf.exceptions import FileFormatError
from skxrf.utils.files import printable_attrs

from .._hdf5_values import Scale, numbers, texts
from .._limits import refuse_absurd_size
from .columns import UNCERTAINTY, Elements, chosen_columns


class MapsRequest(NamedTuple):
    """Arguments of `open_maps`."""

    elements: Elements = None
    dataset: str | None = None


@dataclass(frozen=True)
class MapsSource:
    """Maps in a file, and all that the file says about them."""

    path: Path  # the file or folder, absolute
    layout: str  # what it was recognized as, for people
    images: Mapping[str, Any]
    """(n_rows, n_columns): by the file's names; arrays or open HDF5 datasets, of which only the
    chosen ones are read."""
    errors: Mapping[str, Any] = field(default_factory=dict)
    """Standard deviations, by the same names."""
    group: str = ""  # name of the group of images within the file, where it has one
    units: str = "counts"  # of the images
    # y, x: positions of rows and columns, in mm where there is a unit of length
    y: NDArray[Any] | None = None
    x: NDArray[Any] | None = None
    exact_names: bool = False
    """True where the names are to be taken as they are, because the library wrote them."""
    attrs: Mapping[str, Any] = field(default_factory=dict)  # what else describes the maps

    @property
    def where(self) -> str:
        """The maps' address for error messages."""
        return f"{self.path}, group {self.group!r}" if self.group else str(self.path)


def build_maps(source: MapsSource, elements: Elements) -> xr.Dataset:
    """Read the chosen maps, in the type of the file and the byte order of the machine."""
    names = list(source.images)
    if elements is None and source.exact_names:
        chosen = {name: name for name in names}
    else:
        chosen = chosen_columns(names, elements, where=source.where)
    intensity = _stacked({name: source.images[name] for name in chosen}, source.where)
    n_y, n_x = intensity.shape[:2]
    maps = xr.Dataset(
        {"intensity": (("y", "x", "element"), intensity)},
        coords={
            "y": _positions("y", n_y, source.y),
            "x": _positions("x", n_x, source.x),
            "element": np.array(list(chosen.values())),
        },
    )
    if any(name in source.errors for name in chosen):
        nan = np.broadcast_to(np.float32(np.nan), (n_y, n_x))
        errors = {name: source.errors.get(name, nan) for name in chosen}
        maps["uncertainty"] = (("y", "x", "element"), _stacked(errors, source.where, (n_y, n_x)))
    for variable in maps.data_vars.values():
        variable.attrs = printable_attrs(
            {
                "units": source.units,
                **source.attrs,
                "source": str(source.path),
                "reader": source.layout,
                "history": f"skxrf {skxrf.__version__}: opened {source.where} as {source.layout}",
            }
        )
    return maps


def images_of_stack(group: Any, dataset: str, names: str) -> dict[str, NDArray[Any]]:
    """Images of an HDF5 dataset of (names, rows, columns), by the names that stand beside it."""
    stack, stored = group[dataset], group.get(names)
    where = f"{group.file.filename}, dataset {stack.name!r}"
    found = [] if stored is None else [one.strip() for one in texts(stored[()])]
    if stack.ndim != 3 or stack.dtype.kind not in "uif" or stack.shape[0] != len(found):
        raise FileFormatError(
            f"{where} has the shape {stack.shape} and type {stack.dtype} beside {len(found)} names in "
            f"{names}: expected one image for each of them."
        )
    refuse_absurd_size(stack.nbytes, stack.id.get_storage_size(), where)
    return by_name(zip(found, stack[()], strict=True), where)


def by_name(images: Iterable[tuple[str, Any]], where: str) -> dict[str, Any]:
    """Images by name; two of one name are refused."""
    found: dict[str, Any] = {}
    for name, image in images:
        if name in found:
            raise FileFormatError(f"{where} holds two maps called {name!r}: keep one of them.")
        found[name] = image
    return found


def split_errors(images: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Maps by name, and apart from them their standard deviations, which are called ``s(Fe_K)``."""
    errors = {match[1]: images[n] for n in images if (match := UNCERTAINTY.fullmatch(n))}
    return {n: one for n, one in images.items() if not UNCERTAINTY.fullmatch(n)}, errors


def _stacked(
    images: Mapping[str, Any], where: str, shape: tuple[int, ...] | None = None
) -> NDArray[Any]:
    """Images of one shape as (n_rows, n_columns, n_images)."""
    for name, image in images.items():
        if image.ndim != 2 or image.dtype.kind not in "uif":
            raise FileFormatError(
                f"{where}: {name!r} has the shape {tuple(image.shape)} and type {image.dtype}: "
                "expected a map, numbers over rows and columns."
            )
        shape = tuple(image.shape) if shape is None else shape
        if tuple(image.shape) != shape:
            raise FileFormatError(
                f"{where}: {name!r} has the shape {tuple(image.shape)}, but "
                f"{next(iter(images))!r} {shape}: maps of one painting have one shape."
            )
    # Datasets of HDF5 are read only now: all together must not claim what the file cannot hold.
    stored = [image for image in images.values() if hasattr(image, "id")]
    kept = sum(int(image.id.get_storage_size()) for image in stored)
    refuse_absurd_size(sum(image.nbytes for image in stored), kept, f"{where}, all maps together,")
    dtype = np.result_type(*map(_dtype, images.values())).newbyteorder("=")
    try:
        stack = np.empty((*(shape or ()), len(images)), dtype)
    except (MemoryError, ValueError) as error:
        raise FileFormatError(
            f"{where} claims {len(images)} maps of shape {shape}, more than fit into memory."
        ) from error
    for k, image in enumerate(images.values()):
        stack[..., k] = numbers(image, at_most=image.size) if hasattr(image, "id") else image
    return stack


def _dtype(image: Any) -> np.dtype[Any]:
    """Type of the values of an image, which may have a scale and missing ones."""
    found: np.dtype[Any] = image.dtype
    if hasattr(image, "id"):
        scale = Scale.of(image)
        found = scale.dtype(found)
        # NaN takes the place of what is missing.
        found = np.result_type(found, np.float32) if scale.fills else found
    return found


def _positions(dim: str, size: int, values: NDArray[Any] | None) -> Any:
    if values is None or values.shape != (size,):
        return (dim, np.arange(size))
    return (dim, values, {"units": "mm"} if values.dtype.kind == "f" else {})
