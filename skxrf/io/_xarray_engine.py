"""The engine ``skxrf`` of xarray: cubes by ``xr.open_dataset(path, engine="skxrf")``."""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import xarray as xr
from numpy.typing import NDArray
from xarray.backends import BackendArray, BackendEntrypoint
from xarray.core import indexing

from skxrf.exceptions import FileFormatError

from ._open_cube import open_cube


class _Counts(BackendArray):
    """The cube's blocks as xarray wants them: read when indexed, whatever then makes of it."""

    def __init__(self, blocks: Any) -> None:
        self.blocks = blocks
        self.shape = blocks.shape
        self.dtype = blocks.dtype

    def __getitem__(self, key: indexing.ExplicitIndexer) -> NDArray[Any]:
        found: NDArray[Any] = indexing.explicit_indexing_adapter(
            key, self.shape, indexing.IndexingSupport.BASIC, self._read
        )
        return found

    def _read(self, key: Any) -> NDArray[Any]:
        # In this thread: it may be one of dask's already.
        block: NDArray[Any] = self.blocks[key].compute(scheduler="synchronous")
        return block


class CubeBackend(BackendEntrypoint):
    """xarray's way to :func:`~skxrf.io.open_cube`: a Dataset that holds the cube as ``counts``."""

    description = "Spectral cubes of X-ray fluorescence scanners"
    open_dataset_parameters = (
        "filename_or_obj",
        "drop_variables",
        *(
            name
            for name in inspect.signature(open_cube).parameters
            if name not in ("path", "chunks")
        ),
    )

    def open_dataset(
        self,
        filename_or_obj: Any,
        *,
        drop_variables: str | Iterable[str] | None = None,
        **options: Any,
    ) -> xr.Dataset:
        """Open a cube lazily.

        `filename_or_obj`: the file, or the folder of a cube of many files. `drop_variables`:
        variables to leave out, such as ``"live_time"``. `**options`: as :func:`~skxrf.io.open_cube`
        takes them: ``dataset``, ``energy``, ... Returns the variable ``counts`` and the coordinates
        of the cube. As with other engines, it is read where it is indexed, and is a dask array with
        ``chunks={}`` (the blocks of `open_cube`) or other ``chunks``.
        """
        if not isinstance(filename_or_obj, str | os.PathLike):
            raise FileFormatError(
                f"the engine skxrf opens files by their path, got {type(filename_or_obj).__name__}."
            )
        cube = open_cube(filename_or_obj, **options)
        counts = xr.Variable(
            cube.dims,
            indexing.LazilyIndexedArray(_Counts(cube.data)),
            cube.attrs,
            encoding={"preferred_chunks": dict(zip(cube.dims, cube.data.chunksize, strict=True))},
        )
        opened = xr.Dataset({"counts": counts}, coords=cube.coords)
        names = [drop_variables] if isinstance(drop_variables, str) else list(drop_variables or ())
        return opened.drop_vars(names, errors="ignore")

    def guess_can_open(self, filename_or_obj: Any) -> bool:
        """Recognize the name of a cube, for xarray to choose an engine.

        Returns whether the suffix is one that only cubes have; HDF5 is left to xarray's own
        engines.
        """
        if not isinstance(filename_or_obj, str | os.PathLike):
            return False
        # Suffixes that no other engine claims, so that xarray may pick this one by itself.
        return Path(filename_or_obj).suffix.lower() in {".bcf", ".spx", ".rpl", ".mca", ".msa"}
