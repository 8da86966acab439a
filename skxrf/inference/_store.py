"""Store of unfinished maps, `OUT.partial`, that outlives the process which fills it."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import warnings
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Self

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skxrf.exceptions import Argument, FileFormatError, SkxrfError
from skxrf.io import open_maps, save_maps
from skxrf.io._save_maps import as_dataset
from skxrf.io.maps.netcdf import reserve_netcdf
from skxrf.io.maps.writers import SUFFIXES
from skxrf.utils.files import check_writable, lock_file, refuse_irregular

Maps = xr.DataArray | xr.Dataset

# Behind the netCDF file, which HDF5 ignores, while the maps are not complete: the header (a line:
# checksum and JSON), a flag for each block (0, or 2**32 plus the checksum of its values), the
# position of the header, and this.
_FOOTER = b"skxrf partial maps 2\n"
_FLAG = np.dtype("<u8")
_FINISHED = 2**32


class PartialMaps:
    """Maps that are written block by block to a file beside the target, and later replace it.

    The file is netCDF with all its room reserved, filled without the HDF5 library: finished
    blocks stay, whatever ends the process, and a full disk is an ordinary error. Checksums of
    the file's head and of each block are compared when a run is resumed: a damaged block is
    computed again, a damaged head refused. Use :meth:`create` or :meth:`resume`, then
    :meth:`write` and :meth:`complete`; close it.

    `target`: path of the complete maps. `path`: the file: the target with ``.partial`` behind its
    name. `finished`: blocks that are written.
    """

    def __init__(self, target: str | os.PathLike[str]) -> None:
        self.target = Path(os.path.realpath(Path(target).expanduser()))
        self.path = self.target.with_name(self.target.name + ".partial")
        self.finished: NDArray[np.bool_] = np.zeros((0, 0), bool)
        self._stream: BinaryIO | None = None
        self._header: dict[str, Any] = {}
        self._end = self._flags_at = 0

    # -- opening

    def check(self, inputs: Sequence[str] = ()) -> None:
        """Refuse a target that could not be written, or that is one of the files that are read."""
        if self.target.suffix.lower() not in SUFFIXES:
            raise FileFormatError(
                f"cannot write maps as {self.target}: known suffixes are {', '.join(SUFFIXES)}."
            )
        check_writable(self.target, inputs)
        # The target of a link would be overwritten.
        if os.path.lexists(self.path):
            refuse_irregular(self.path)

    @classmethod
    def create(
        cls,
        target: str | os.PathLike[str],
        maps: Maps,
        blocks: tuple[Sequence[int], Sequence[int]],
        identity: Mapping[str, Any],
    ) -> Self:
        """Reserve the room, replacing an earlier file.

        `target`: path of the complete maps; the suffix is one of `save_maps`. `maps`: coordinates,
        attributes, shape and dtype of the maps; the values are not looked at. `blocks`: heights and
        widths of the blocks [pixels]. `identity`: description of the run's inputs, kept for
        :meth:`resume`.
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
            self.discard()
            if isinstance(error, OSError):
                raise self._explained(error) from error
            raise
        return self

    def _rehearse(self, maps: xr.Dataset) -> None:
        """Write a corner of such maps elsewhere, so that a format's refusal comes before the work."""
        if self._is_netcdf():
            return
        with tempfile.TemporaryDirectory() as folder:
            corner = maps.isel(y=slice(2), x=slice(2))
            with warnings.catch_warnings():
                # The warning of what the format leaves out comes when the maps are saved.
                warnings.simplefilter("ignore", UserWarning)
                save_maps(corner, Path(folder, f"maps{self.target.suffix}"))

    def _create(
        self,
        dataset: xr.Dataset,
        blocks: tuple[Sequence[int], Sequence[int]],
        identity: Mapping[str, Any],
    ) -> None:
        places = reserve_netcdf(dataset, self.path)
        self._end = self.path.stat().st_size
        self._header = {
            "identity": dict(identity),
            "variables": places,
            "shape": [dataset.sizes[dim] for dim in ("y", "x", "element")],
            "dtype": next(iter(dataset.data_vars.values())).dtype.str,
            "blocks": [list(map(int, sizes)) for sizes in blocks],
        }
        self._header["checksum"] = self._checksum(self._head())
        self.finished = np.zeros(tuple(map(len, blocks)), bool)
        text = json.dumps(self._header).encode()
        line = b"%08x %s\n" % (zlib.crc32(text), text)
        self._flags_at = self._end + len(line)
        flags = bytes(self.finished.size * _FLAG.itemsize)
        tail = line + flags + self._end.to_bytes(_FLAG.itemsize, "little") + _FOOTER
        stream = self._opened()
        if hasattr(os, "posix_fallocate"):
            # So that the disk cannot get full later, except by other programs.
            os.posix_fallocate(stream.fileno(), 0, self._end + len(tail))
        _write_all(stream, self._end, tail)
        os.fsync(stream.fileno())

    @classmethod
    def resume(cls, target: str | os.PathLike[str]) -> Self | None:
        """Open the file of an earlier run; None where there is none.

        Blocks whose checksum does not agree with their values count as not finished.
        """
        self = cls(target)
        self.check()
        if not self.path.exists():
            return None
        try:
            self._take(self.path.open("r+b", buffering=0))
            try:
                self._read()
            except (ValueError, KeyError, TypeError, OSError, OverflowError) as error:
                raise FileFormatError(
                    f"{self.path} contains no unfinished maps that could be resumed ({error}): "
                    "remove it, or start over with ",
                    Argument("restart", True),
                    ".",
                ) from error
        except BaseException:
            self.close()
            raise
        return self

    def _read(self) -> None:
        stream = self._opened()
        size = stream.seek(0, os.SEEK_END)
        length = _FLAG.itemsize + len(_FOOTER)
        foot = _read_all(stream, max(size - length, 0), length)
        if not foot.endswith(_FOOTER):
            raise ValueError("it does not end like one")
        self._end = int.from_bytes(foot[: _FLAG.itemsize], "little")
        tail = _read_all(stream, self._end, max(size - length - self._end, 0))
        line, newline, stored = tail.partition(b"\n")
        checksum, _, text = line.partition(b" ")
        if int(checksum, 16) != zlib.crc32(text):
            raise ValueError("its header is damaged")
        self._header = json.loads(text)
        if self._checksum(self._head()) != self._header["checksum"]:
            raise ValueError("its head is damaged")
        self._flags_at = self._end + len(line) + len(newline)
        flags = np.frombuffer(stored, _FLAG).reshape([*map(len, self._header["blocks"])])
        self.finished = np.zeros(flags.shape, bool)
        for row, column in np.argwhere(flags >= _FINISHED):
            found = _FINISHED + self._checksum(self._pieces(row, column))
            self.finished[row, column] = found == flags[row, column]

    @property
    def identity(self) -> dict[str, Any]:
        """Description of the run's inputs, as given to :meth:`create`."""
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
        """Write one block, then flag it as finished, through to the disk.

        `row`, `column`: number of the block, down and across. `values`
        (height, width, n_elements, n_variables): the maps in the block.
        """
        heights, widths = self._header["blocks"]
        shape = (heights[row], widths[column], self._header["shape"][2])
        if values.shape != (*shape, len(self._header["variables"])):
            raise SkxrfError(f"block {row}, {column} has the shape {values.shape}.")
        ordered = np.moveaxis(values, 3, 0).astype(self._header["dtype"], order="C")
        data = ordered.reshape(-1).view(np.uint8).data
        stream = self._opened()
        flag = _FINISHED + zlib.crc32(data)
        try:
            start = 0
            for place, size in self._pieces(row, column):
                _write_all(stream, place, data[start : start + size])
                start += size
            os.fsync(stream.fileno())
            place = self._flags_at + _FLAG.itemsize * (row * len(widths) + column)
            _write_all(stream, place, flag.to_bytes(_FLAG.itemsize, "little"))
        except OSError as error:
            kept = "What is finished is kept, and the same call goes on from there."
            raise self._explained(error, kept) from error
        self.finished[row, column] = True

    def complete(self, finish: Callable[[Maps], Maps] | None = None) -> None:
        """Turn the file into the target, once all blocks are finished.

        `finish`: function of the whole maps; the target contains what it returns. The file stays as
        it is until the target is there.
        """
        if not self.finished.all():
            raise SkxrfError(f"{self.path}: there are blocks that are not finished.")
        as_it_is = self._is_netcdf()
        maps = None
        if finish is not None or not as_it_is:
            # HDF5 locks what it reads.
            self.close()
            read = open_maps(self.path)
            self._take(self.path.open("r+b", buffering=0))
            maps = read if finish is None else finish(read)
            if as_it_is and maps is read:
                maps = None
        self.close()
        if maps is None:
            if self.target.exists():
                self.path.chmod(self.target.stat().st_mode)
            self.path.replace(self.target)
            # Afterwards, as HDF5 ignores the rest: whenever the process ends, there are either
            # blocks to resume from or whole maps.
            os.truncate(self.target, self._end)
            return
        try:
            save_maps(maps, self.target)
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
        """Close the file, which stays."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    # -- inner

    def _pieces(self, row: int, column: int) -> Iterator[tuple[int, int]]:
        """Position and length [bytes] of the contiguous pieces of a block, variable by variable."""
        heights, widths = self._header["blocks"]
        _, n_x, n_elements = self._header["shape"]
        pixel = n_elements * np.dtype(self._header["dtype"]).itemsize
        y, x = sum(heights[:row]), sum(widths[:column])
        # Whole rows are one piece of the file.
        n_pieces, n_rows = (1, heights[row]) if widths[column] == n_x else (heights[row], 1)
        for start in self._header["variables"].values():
            for i in range(n_pieces):
                yield start + ((y + i) * n_x + x) * pixel, n_rows * widths[column] * pixel

    def _head(self) -> Iterator[tuple[int, int]]:
        """Pieces of the netCDF file that are no values of maps."""
        size = int(np.prod(self._header["shape"])) * np.dtype(self._header["dtype"]).itemsize
        position = 0
        for start in sorted(self._header["variables"].values()):
            yield position, start - position
            position = start + size
        yield position, self._end - position

    def _is_netcdf(self) -> bool:
        """True if the file already is of the target's format, once the rest is cut off."""
        return SUFFIXES.get(self.target.suffix.lower()) == "netcdf"

    def _checksum(self, pieces: Iterator[tuple[int, int]], at_once: int = 2**22) -> int:
        stream, checksum = self._opened(), 0
        for place, size in pieces:
            for start in range(0, size, at_once):
                read = _read_all(stream, place + start, min(at_once, size - start))
                checksum = zlib.crc32(read, checksum)
        return checksum

    def _take(self, stream: BinaryIO) -> None:
        """Lock the file: two processes would write into each other's maps."""
        self._stream = stream
        try:
            lock_file(stream)
        except BlockingIOError as error:
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


def _write_all(stream: BinaryIO, place: int, data: bytes | memoryview) -> None:
    """Write all of it: an unbuffered stream may take a part."""
    stream.seek(place)
    view = memoryview(data)
    while view:
        view = view[stream.write(view) :]


def _read_all(stream: BinaryIO, place: int, size: int) -> bytes:
    """Read all of it: an unbuffered stream may give a part."""
    stream.seek(place)
    parts = []
    while size and (part := stream.read(size)):
        parts.append(part)
        size -= len(part)
    if size:
        raise ValueError("it was cut off")
    return b"".join(parts)
