"""Blocks of an HDF5 dataset through a handle that can be pickled."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import h5py
import numpy as np
from numpy.typing import NDArray

from skxrf.exceptions import FileFormatError

from .._hdf5_access import open_file, require_filters, require_readable
from .source import Slices

__all__ = ["HDF5Reader", "open_dataset"]


@dataclass(frozen=True)
class HDF5Reader:
    """Blocks of one dataset. It opens the file for each, so that it can be pickled and shared."""

    path: Path
    dataset: str
    shape: tuple[int, int, int]
    dtype: np.dtype[Any]
    chunks: tuple[int, int, int] | None
    # Tells a changed file from the one that was opened, in dask's keys.
    stamp: tuple[int, int] = field(repr=False)

    @classmethod
    def of(cls, dataset: Any) -> HDF5Reader:
        """Reader of an open three-dimensional dataset."""
        require_readable(dataset)
        path = Path(dataset.file.filename)
        status = os.stat(path)
        return cls(
            path=path,
            dataset=dataset.name,
            shape=dataset.shape,
            dtype=dataset.dtype,
            chunks=dataset.chunks,
            stamp=(status.st_mtime_ns, status.st_size),
        )

    def read(self, key: Slices) -> NDArray[Any]:
        """Read one block."""
        with open_file(self.path) as file:
            dataset = open_dataset(file, self.dataset, self.shape)
            return cast(NDArray[Any], dataset[key])


def open_dataset(file: Any, name: str, shape: tuple[int, ...]) -> Any:
    """A dataset as it was when the cube was opened, ready to be read."""
    dataset = file.get(name)
    if not isinstance(dataset, h5py.Dataset) or dataset.shape != shape:
        found = getattr(dataset, "shape", "nothing")
        raise FileFormatError(
            f"{file.filename} has changed since it was opened: {name!r} had the shape {shape}, now "
            f"{found}. Open it again."
        )
    require_filters(dataset)
    return dataset
