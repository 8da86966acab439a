"""Blocks of an HDF5 dataset through a handle that can be pickled."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from skxrf.exceptions import CountsError, FileFormatError
from skxrf.utils.units import is_counts, is_rate

from .._hdf5_access import open_file, require_filters, value_files
from .._hdf5_values import Scale, units_of
from .._limits import LIMITS
from .hdf5_chunks import read_block
from .memory_map import Stamps, file_stamp, require_all_unchanged
from .source import CubeSource, Slices


@dataclass(frozen=True)
class HDF5Reader:
    """Blocks of one dataset. It opens the file for each, so that it can be pickled and shared."""

    path: Path
    dataset: str
    shape: tuple[int, ...]
    stored: np.dtype[Any]
    chunks: tuple[int, ...] | None
    stamps: Stamps = field(repr=False)
    scale: Scale = field(default_factory=Scale)
    never_written: float = np.nan
    """Stored number where nothing was written, other than zero."""
    unwritten: NDArray[np.bool_] | None = field(default=None, repr=False, compare=False)
    """Chunks for which the file has no room, on the grid of all, or of a virtual dataset rows and columns
    without a source; None where there is room for all or none."""

    @classmethod
    def of(cls, dataset: Any) -> HDF5Reader:
        """Reader of an open dataset; its scale, offset and fill value are obeyed."""
        path = Path(dataset.file.filename)
        _refuse_rates(dataset)
        _refuse_huge_chunks(dataset)
        scale = Scale.of(dataset, beside=True)
        # Raises where it is damaged; a look at the value itself would end the process.
        stated = dataset.id.get_create_plist().fill_value_defined()
        filled = stated == h5py.h5d.FILL_VALUE_USER_DEFINED and dataset.dtype.kind in "uif"
        never_written = float(dataset.fillvalue) if filled else 0.0
        return cls(
            path=path,
            dataset=dataset.name,
            shape=dataset.shape,
            stored=dataset.dtype,
            chunks=dataset.chunks,
            stamps=stamps_of(dataset),
            # A pixel without counts has zeros, whatever they are called.
            scale=replace(scale, fills=tuple(one for one in scale.fills if one != 0)),
            never_written=never_written or np.nan,
            unwritten=_unwritten(dataset),
        )

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the counts: the stored one, or one that holds them after their scale."""
        return self.scale.dtype(self.stored)

    def read(self, key: Slices) -> NDArray[Any]:
        """Read one block."""
        return self.values(self.read_stored(key))

    def read_stored(self, key: Slices) -> NDArray[Any]:
        """Read the numbers of one block as they are stored."""
        with open_file(self.path) as file:
            dataset = open_dataset(file, self.dataset, self.shape)
            require_all_unchanged(self.stamps)
            return read_block(dataset, key)

    @property
    def may_be_blank(self) -> bool:
        """True where some stored number can mean that a pixel was not measured."""
        return self.stored.kind == "f" or bool(self.scale.fills) or not np.isnan(self.never_written)

    def is_blank(self, stored: NDArray[Any]) -> NDArray[np.bool_]:
        """True where a stored number is NaN, missing by its attributes, or was never written."""
        blank: NDArray[np.bool_] = np.isnan(stored) | (stored == self.never_written)
        return blank | self.scale.missing(stored)

    def values(self, stored: NDArray[Any]) -> NDArray[Any]:
        """Counts of stored numbers; one that means a missing value is refused."""
        missing = self.scale.missing(stored)
        if missing.any():
            raise CountsError(
                f"{self.path}, dataset {self.dataset!r} holds the value {stored[missing][0]:g} that its attributes "
                "name as missing: the scan is not complete there. Cut these pixels out."
            )
        return self.scale.values(stored)


def _unwritten(dataset: Any) -> NDArray[np.bool_] | None:
    if dataset.is_virtual:
        return _without_source(dataset)
    if not dataset.chunks or 0 in dataset.shape:
        return None
    grid = [-(-n // chunk) for n, chunk in zip(dataset.shape, dataset.chunks, strict=True)]
    if not 0 < dataset.id.get_num_chunks() < math.prod(grid) < LIMITS.chunks:
        return None
    unwritten = np.ones(grid, bool)

    def mark(stored: Any) -> None:
        at = zip(stored.chunk_offset, dataset.chunks, strict=True)
        unwritten[tuple(offset // chunk for offset, chunk in at)] = False

    dataset.id.chunk_iter(mark)
    return unwritten


def _without_source(dataset: Any) -> NDArray[np.bool_] | None:
    """Rows and columns of a virtual dataset that no source covers, along its first two axes."""
    if dataset.ndim < 2 or dataset.shape[0] * dataset.shape[1] > LIMITS.chunks:
        return None
    bare = np.ones(dataset.shape[:2], bool)
    for source in dataset.virtual_sources():
        try:
            first, last = source.vspace.get_select_bounds()
        except RuntimeError:
            # It grows without a limit.
            return None
        bare[first[0] : last[0] + 1, first[1] : last[1] + 1] = False
    return bare if 0 < bare.sum() < bare.size else None


def hdf5_source(cube: Any, layout: str, **facts: Any) -> CubeSource:
    """Describe a dataset by the facts that its layout states; see `CubeSource`."""
    reader = HDF5Reader.of(cube)
    return CubeSource(path=reader.path, dataset=cube.name, layout=layout, reader=reader, **facts)


def _refuse_rates(dataset: Any) -> None:
    units = units_of(dataset)
    if is_rate(units) or units.lower().startswith(("log", "ln", "%", "percent")):
        raise CountsError(
            f"{dataset.file.filename}, dataset {dataset.name!r} is in {units!r}: expected counts. Multiply "
            "rates by the time that each pixel was measured, or export counts."
        )
    if not is_counts(units):
        warnings.warn(
            f"{dataset.file.filename}, dataset {dataset.name!r} is in {units!r}, which is taken for counts.",
            UserWarning,
            stacklevel=2,
        )


def _refuse_huge_chunks(dataset: Any) -> None:
    if dataset.chunks is None:
        return
    nbytes = int(np.prod(dataset.chunks, dtype=np.float64)) * dataset.dtype.itemsize
    if nbytes > LIMITS.chunk_bytes:
        small = "x".join(
            str(min(size, 8 if i < dataset.ndim - 1 else size))
            for i, size in enumerate(dataset.shape)
        )
        raise FileFormatError(
            f"{dataset.file.filename}, dataset {dataset.name!r} has chunks of {dataset.chunks}, "
            f"{nbytes / 2**20:,.0f} MiB that must be unpacked for each pixel. Repack it: h5repack -l "
            f"{dataset.name}:CHUNK={small} {dataset.file.filename} repacked.h5"
        )


def stamps_of(dataset: Any) -> Stamps:
    """State of the file of a dataset, and of others that hold values of it."""
    files = (Path(dataset.file.filename), *value_files(dataset))
    return tuple((path, file_stamp(path)) for path in files)


def open_dataset(file: Any, name: str, shape: tuple[int, ...]) -> Any:
    """Open a dataset as it was when the cube was opened, ready to be read."""
    dataset = file.get(name)
    if isinstance(dataset, h5py.Dataset) and dataset.external:
        # External files lie beside the file, not in the folder that the process runs in.
        access = h5py.h5p.create(h5py.h5p.DATASET_ACCESS)
        access.set_efile_prefix(b"${ORIGIN}")
        # HDF5 keeps the way in which one that is open was opened.
        del dataset
        dataset = h5py.Dataset(h5py.h5d.open(file.id, name.encode(), access))
    if not isinstance(dataset, h5py.Dataset) or dataset.shape != shape:
        found = getattr(dataset, "shape", "nothing")
        raise FileFormatError(
            f"{file.filename} has changed since it was opened: {name!r} had the shape {shape}, now "
            f"{found}. Open it again."
        )
    require_filters(dataset)
    return dataset
