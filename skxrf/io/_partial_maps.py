"""Maps in the making: `OUT.partial`, which outlives the process that fills it."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Self

import h5py
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skxrf.exceptions import Argument, FileFormatError, SkxrfError

from ._open_maps import open_maps
from ._save_maps import as_dataset, save_maps
from .maps.netcdf import storable, write_netcdf
from .maps.writers import SUFFIXES

__all__ = ["PartialMaps"]

# What follows the netCDF file while the maps are not complete: a line of JSON, a byte for each
# block (1: finished), and where that line begins. HDF5 ignores what stands behind its own end.
_FOOTER = b"skxrf partial maps 1\n"
_NUMBER_BYTES = 8
# Formats that the file already is, once what follows is cut off.
_AS_IT_IS = (".nc", ".h5")


class PartialMaps:
    """Maps that are written block by block to a file beside the target, and later take its place.

    The file is netCDF with all its room reserved, filled without the HDF5 library: what is
    finished stays, whatever ends the process, and a full disk is an ordinary error. Use
    :meth:`create` or :meth:`resume`, then :meth:`write` and :meth:`complete`; close it.

    Parameters
    ----------
    target : str or path-like
        Where the complete maps will be.

    Attributes
    ----------
    path : Path
        The file, the target with ``.partial`` behind its name.
    finished : ndarray of bool, shape (n_block_rows, n_block_columns)
        Which blocks were written.
    """

    def __init__(self, target: str | os.PathLike[str]) -> None:
        self.target = Path(os.path.realpath(Path(target).expanduser()))
        self.path = self.target.with_name(self.target.name + ".partial")
        self.finished: NDArray[np.bool_] = np.zeros((0, 0), bool)
        self._stream: BinaryIO | None = None
        self._header: dict[str, Any] = {}
        self._end = self._flags_at = 0

    # -- opening

    def check(self) -> None:
        """Refuse a target that could not be written.

        Raises
        ------
        FileFormatError
            If the suffix is unknown.
        OSError
            If the folder is missing, or folder or file are protected.
        """
        if self.target.suffix.lower() not in SUFFIXES:
            raise FileFormatError(
                f"cannot write maps as {self.target}: known suffixes are {', '.join(SUFFIXES)}."
            )
        folder = self.target.parent
        if not folder.is_dir():
            raise FileNotFoundError(
                f"cannot write {self.target}: there is no folder {folder}. Make it first."
            )
        if self.target.is_dir():
            raise IsADirectoryError(f"cannot write {self.target}: it is a folder.")
        if not os.access(self.target if self.target.exists() else folder, os.W_OK):
            raise PermissionError(f"cannot write {self.target}: it is protected against writing.")

    @classmethod
    def create(
        cls,
        target: str | os.PathLike[str],
        maps: xr.DataArray | xr.Dataset,
        blocks: tuple[Sequence[int], Sequence[int]],
        identity: Mapping[str, Any],
    ) -> Self:
        """Reserve the room, replacing an earlier file.

        Parameters
        ----------
        target : str or path-like
            Where the complete maps will be; the suffix is one that `save_maps` knows.
        maps : DataArray or Dataset
            Coordinates, attributes, shape and dtype of the maps; the values are not looked at.
        blocks : pair of sequence of int
            Heights and widths of the blocks [pixels].
        identity : mapping of str to str
            What the maps are made of, kept for :meth:`resume`.

        Raises
        ------
        FileFormatError
            If the suffix is unknown, or its format cannot hold these maps.
        OSError
            If the folder is missing or cannot be written to, or the disk has too little room.
        """
        self = cls(target)
        self.check()
        dataset = as_dataset(maps)
        self._rehearse(dataset)
        needed = sum(variable.nbytes for variable in dataset.data_vars.values())
        free = shutil.disk_usage(self.target.parent).free
        if needed > free:
            raise OSError(
                f"cannot write {self.target}: the maps take {needed / 2**20:,.0f} MiB, and "
                f"{free / 2**20:,.0f} MiB are free on that disk."
            )
        try:
            # Not emptied before it is known that no other process writes it.
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            raise self._explained(error) from error
        self._take(os.fdopen(descriptor, "r+b", buffering=0))
        try:
            self._create(dataset, blocks, identity)
        except BaseException as error:
            self.close()
            self.path.unlink(missing_ok=True)
            if isinstance(error, OSError):
                raise self._explained(error) from error
            raise
        return self

    def _rehearse(self, maps: xr.Dataset) -> None:
        """Write a corner of such maps elsewhere, to hear now what the format cannot hold."""
        if self.target.suffix.lower() in _AS_IT_IS:
            return
        with tempfile.TemporaryDirectory() as folder:
            corner = maps.isel(y=slice(2), x=slice(2))
            save_maps(corner, Path(folder, f"maps{self.target.suffix}"))

    def _create(
        self,
        dataset: xr.Dataset,
        blocks: tuple[Sequence[int], Sequence[int]],
        identity: Mapping[str, Any],
    ) -> None:
        places = _write_skeleton(dataset, self.path)
        self._end = self.path.stat().st_size
        self._header = {
            "identity": dict(identity),
            "variables": places,
            "shape": [dataset.sizes[dim] for dim in ("y", "x", "element")],
            "dtype": next(iter(dataset.data_vars.values())).dtype.str,
            "blocks": [list(map(int, sizes)) for sizes in blocks],
        }
        self.finished = np.zeros(tuple(map(len, blocks)), bool)
        header = json.dumps(self._header).encode() + b"\n"
        self._flags_at = self._end + len(header)
        tail = header + bytes(self.finished.size) + self._end.to_bytes(_NUMBER_BYTES, "little")
        stream = self._opened()
        if hasattr(os, "posix_fallocate"):
            # So that the disk cannot get full later, except for those who share it.
            os.posix_fallocate(stream.fileno(), 0, self._end + len(tail) + len(_FOOTER))
        stream.seek(self._end)
        _write_all(stream, tail + _FOOTER)
        os.fsync(stream.fileno())

    @classmethod
    def resume(cls, target: str | os.PathLike[str]) -> Self | None:
        """Open the file of an earlier run; None where there is none.

        Parameters
        ----------
        target : str or path-like
            Where the complete maps will be.

        Returns
        -------
        PartialMaps or None

        Raises
        ------
        FileFormatError
            If there is a file of that name that is something else, or one cut off.
        """
        self = cls(target)
        self.check()
        if not self.path.exists():
            return None
        if not self.path.is_file():
            raise FileFormatError(f"{self.path} is a folder: move it away, or name another output.")
        try:
            self._take(self.path.open("r+b", buffering=0))
            self._read_header()
        except BaseException:
            self.close()
            raise
        return self

    def _read_header(self) -> None:
        stream = self._opened()
        size = stream.seek(0, os.SEEK_END)
        length = _NUMBER_BYTES + len(_FOOTER)
        try:
            stream.seek(max(size - length, 0))
            foot = stream.read(length)
            if not foot.endswith(_FOOTER):
                raise ValueError("it does not end like one")
            self._end = int.from_bytes(foot[:_NUMBER_BYTES], "little")
            stream.seek(self._end)
            line, newline, flags = stream.read(size - length - self._end).partition(b"\n")
            self._header = json.loads(line)
            self._flags_at = self._end + len(line) + len(newline)
            n_y, n_x = map(len, self._header["blocks"])
            self.finished = np.frombuffer(flags, np.uint8).reshape(n_y, n_x) == 1
        except (ValueError, KeyError, TypeError, OSError, OverflowError) as error:
            raise FileFormatError(
                f"{self.path} holds no unfinished maps that could be gone on with ({error}): "
                "remove it, or start over with ",
                Argument("restart", True),
                ".",
            ) from error

    @property
    def identity(self) -> dict[str, Any]:
        """What the maps are made of, as it was given to :meth:`create`."""
        return dict(self._header["identity"])

    @property
    def n_pixels(self) -> int:
        """Number of pixels in the finished blocks."""
        heights, widths = map(np.asarray, self._header["blocks"])
        return int((self.finished * heights[:, None] * widths).sum())

    @property
    def n_rows(self) -> int:
        """Number of rows of which every pixel is finished."""
        return int(np.asarray(self._header["blocks"][0])[self.finished.all(axis=1)].sum())

    # -- filling

    def write(self, row: int, column: int, values: NDArray[Any]) -> None:
        """Write one block and note that it is finished, in this order, through to the disk.

        Parameters
        ----------
        row, column : int
            Number of the block, down and across.
        values : ndarray of shape (height, width, n_elements, n_variables)
            The maps in the block.

        Raises
        ------
        OSError
            If it cannot be written.
        """
        heights, widths = self._header["blocks"]
        y, x = sum(heights[:row]), sum(widths[:column])
        height, width = heights[row], widths[column]
        _, n_x, n_elements = self._header["shape"]
        dtype = np.dtype(self._header["dtype"])
        if values.shape != (height, width, n_elements, len(self._header["variables"])):
            raise SkxrfError(f"block {row}, {column} has the shape {values.shape}.")
        stream = self._opened()
        try:
            for k, start in enumerate(self._header["variables"].values()):
                block = np.ascontiguousarray(values[..., k], dtype=dtype)
                # Whole rows are one piece of the file.
                pieces = [block] if width == n_x else list(block)
                for i, piece in enumerate(pieces):
                    place = ((y + i) * n_x + x) * n_elements * dtype.itemsize
                    stream.seek(start + place)
                    _write_all(stream, piece.tobytes())
            os.fsync(stream.fileno())
            stream.seek(self._flags_at + row * len(widths) + column)
            _write_all(stream, b"\x01")
        except OSError as error:
            kept = "What is finished is kept, and the same call goes on from there."
            raise self._explained(error, kept) from error
        self.finished[row, column] = True

    def complete(self) -> None:
        """Make the target of the file, once all blocks are finished.

        Raises
        ------
        OSError
            If it cannot be written; the file is then as before.
        """
        if not self.finished.all():
            raise SkxrfError(f"{self.path}: there are blocks that are not finished.")
        if self.target.suffix.lower() in _AS_IT_IS:
            self.close()
            if self.target.exists():
                self.path.chmod(self.target.stat().st_mode)
            os.replace(self.path, self.target)
            # Afterwards, as HDF5 does not mind what stands behind its end: whenever the process
            # ends, there are either blocks to go on with or whole maps.
            os.truncate(self.target, self._end)
            return
        # HDF5 locks what it reads.
        self.close()
        try:
            save_maps(open_maps(self.path), self.target)
        except OSError as error:
            raise type(error)(
                f"{str(error).replace(' Nothing was left there.', '')} The finished maps are kept "
                f"in {self.path}: the same call only has to save them."
            ) from error
        self.discard()

    def discard(self) -> None:
        """Remove the file."""
        self.close()
        self.path.unlink(missing_ok=True)

    def close(self) -> None:
        """Let go of the file, which stays."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    # -- inner

    def _take(self, stream: BinaryIO) -> None:
        """Hold the file alone: two processes would write into each other's maps."""
        self._stream = stream
        try:
            import fcntl
        except ImportError:  # Windows
            return
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self.close()
            raise SkxrfError(
                f"{self.path} is being written by another process: wait for it, or name another "
                "output."
            ) from error

    def _opened(self) -> BinaryIO:
        if self._stream is None:
            raise SkxrfError(f"{self.path} was closed.")
        return self._stream

    def _explained(self, error: OSError, what_now: str = "") -> OSError:
        reason = f"cannot write {self.path}: {error.strerror or error}. {what_now}"
        return type(error)(reason.rstrip())


def _write_skeleton(maps: xr.Dataset, path: Path) -> dict[str, int]:
    """Write the file without values; where those of each variable begin."""
    write_netcdf(maps.drop_vars([str(name) for name in maps.data_vars]), path)
    with h5py.File(path, "r+", locking=False) as file:
        for name, variable in maps.data_vars.items():
            # In one piece, with its room reserved and nothing written to it yet.
            layout = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
            layout.set_layout(h5py.h5d.CONTIGUOUS)
            layout.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
            layout.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
            layout.set_obj_track_times(False)
            kind = h5py.h5t.py_create(variable.dtype)
            space = h5py.h5s.create_simple(variable.shape)
            identifier = h5py.h5d.create(file.id, str(name).encode(), kind, space, layout)
            dataset = h5py.Dataset(identifier)
            for axis, dim in enumerate(variable.dims):
                dataset.dims[axis].attach_scale(file[str(dim)])
            dataset.attrs.update(storable(variable.attrs))
        return {str(name): int(file[str(name)].id.get_offset()) for name in maps.data_vars}


def _write_all(stream: BinaryIO, data: bytes) -> None:
    """Write all of it: an unbuffered stream may take a part."""
    view = memoryview(data)
    while view:
        view = view[stream.write(view) :]
