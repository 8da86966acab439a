"""Counts with axes of detectors, scans or points as counts of rows, columns and channels."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skxrf.exceptions import Argument, FileFormatError

from .axes import folded_shape
from .source import BlockReader, CubeRequest, CubeSource, Slices

SUM = "sum"


@dataclass(frozen=True)
class ArrangedReader:
    """Blocks of three axes of a reader that has others."""

    inner: BlockReader  # the stored counts
    axes: tuple[str, ...]  # names of the stored axes
    detector: int | str | None = None  # the detector that is read, or all of them added
    scan: int | None = None  # the scan that is read
    grid: tuple[int, int] | None = None  # rows and columns that the axis of points is folded into
    missing: float = 0  # value of the points that are missing at its end

    @property
    def order(self) -> tuple[str, ...]:
        """Names of the three axes that are left, in stored order."""
        found: list[str] = []
        for name in self.axes:
            found += ["y", "x"] if name == "point" else [name] * (name not in ("detector", "scan"))
        return (*(name for name in ("y", "x") if name not in found), *found)

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes of the axes that are left."""
        sizes = dict(zip(self.axes, self.inner.shape, strict=True))
        if self.grid is not None:
            sizes["y"], sizes["x"] = self.grid
        return tuple(sizes.get(name, 1) for name in self.order)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the counts; that of a sum is wide enough not to overflow."""
        stored = self.inner.dtype
        return stored if self.detector != SUM else _wide(stored)

    @property
    def chunks(self) -> tuple[int, ...] | None:
        """Chunks of the file as they lie on the axes that are left."""
        if self.inner.chunks is None:
            return None
        sizes = dict(zip(self.axes, self.inner.chunks, strict=True))
        if self.grid is not None:
            sizes["y"] = min(max(-(-sizes["point"] // self.grid[1]), 1), self.grid[0])
            sizes["x"] = self.grid[1]
        return tuple(sizes.get(name, 1) for name in self.order)

    def read(self, key: tuple[slice, ...]) -> NDArray[Any]:
        """Read one block."""
        wanted = dict(zip(self.order, key, strict=True))
        block = self.inner.read(tuple(self._stored_key(name, wanted) for name in self.axes))
        names = list(self.axes)
        for name in {"detector", "scan"} & set(names):
            # Of what is not added, only one was read.
            block = block.sum(names.index(name), dtype=self.dtype)
            names.remove(name)
        if "point" in names:
            at = names.index("point")
            block = self._folded(block, at, wanted)
            names[at : at + 1] = ["y", "x"]
        for name in {"y", "x"} - set(names):
            block = block[np.newaxis][wanted[name]]
            names.insert(0, name)
        return block.transpose([names.index(name) for name in self.order])

    def _stored_key(self, name: str, wanted: dict[str, slice]) -> slice:
        if name in ("detector", "scan"):
            one = self.detector if name == "detector" else self.scan
            return slice(None) if one == SUM else slice(int(one or 0), int(one or 0) + 1)
        if name != "point" or self.grid is None:
            return wanted[name]
        rows = range(*wanted["y"].indices(self.grid[0]))
        if not rows:
            return slice(0, 0)
        return slice(rows[0] * self.grid[1], (rows[-1] + 1) * self.grid[1])

    def _folded(self, block: NDArray[Any], at: int, wanted: dict[str, slice]) -> NDArray[Any]:
        """Points of whole rows as rows and columns, those that are missing filled."""
        n_rows, n_columns = self.grid or (1, 1)
        rows = range(*wanted["y"].indices(n_rows))
        n_read = rows[-1] + 1 - rows[0] if rows else 0
        missing = [(0, 0)] * block.ndim
        missing[at] = 0, max(n_read * n_columns - block.shape[at], 0)
        whole = np.pad(block, missing, constant_values=self.missing)
        grid = whole.reshape(*block.shape[:at], n_read, n_columns, *block.shape[at + 1 :])
        return np.asarray(grid[(*[slice(None)] * at, slice(None, None, rows.step), wanted["x"])])


@dataclass(frozen=True, eq=False)
class ArrayReader:
    """Blocks of an array in memory."""

    values: NDArray[Any]
    chunks: None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes of its axes."""
        return self.values.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of its counts."""
        return self.values.dtype

    def read(self, key: Slices) -> NDArray[Any]:
        """Copy one block."""
        return self.values[key].copy()


@dataclass(frozen=True)
class SummedReader:
    """Sum of the counts of several readers of one shape, each of a detector."""

    readers: tuple[BlockReader, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes of the axes, those of each."""
        return self.readers[0].shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type wide enough not to overflow."""
        return _wide(np.result_type(*(one.dtype for one in self.readers)))

    @property
    def chunks(self) -> tuple[int, ...] | None:
        """Chunks of the first."""
        return self.readers[0].chunks

    def read(self, key: tuple[slice, ...]) -> NDArray[Any]:
        """Read and add one block."""
        total = self.readers[0].read(key).astype(self.dtype)
        for one in self.readers[1:]:
            total += one.read(key)
        return total


def _wide(stored: np.dtype[Any]) -> np.dtype[Any]:
    """Type of a sum that does not overflow."""
    return (
        stored
        if stored.kind == "f"
        else np.dtype(f"{stored.kind}{4 if stored.itemsize <= 2 else 8}")
    )


def arranged(source: CubeSource, request: CubeRequest, axes: tuple[str, ...]) -> ArrangedReader:
    """Choose detector and scan and fold points; a choice that is missing is asked for."""
    sizes = dict(zip(axes, source.reader.shape, strict=True))
    detector = scan = None
    if "detector" in sizes:
        wanted = request.detector
        # A file that says which axis counts them lets the caller choose; else the caller has said it.
        named = source.dims is None and (request.axes or request.shape) is not None
        if wanted is None and named and sizes["detector"] > 1:
            wanted = SUM
            warnings.warn(
                f"{source.where}: its {sizes['detector']} detectors are added; pass detector= with the "
                "number of one, or detector='sum' to say that this is meant.",
                UserWarning,
                stacklevel=2,
            )
        names = source.detectors or tuple(map(str, range(sizes["detector"])))
        detector = chosen_one(wanted, names, "detector", source.where, may_add=True)
    elif request.detector not in (None, SUM):
        chosen_one(request.detector, ("0",), "detector", source.where)
    if "scan" in sizes:
        names = tuple(map(str, range(sizes["scan"])))
        scan = int(chosen_one(request.scan, names, "scan", source.where))
    elif request.scan is not None:
        chosen_one(request.scan, ("0",), "scan", source.where)
    grid = None
    if "point" in sizes:
        grid = folded_shape(sizes["point"], request.shape, source.where)
    elif request.shape is not None and request.shape != (sizes.get("y", 1), sizes.get("x", 1)):
        raise FileFormatError(
            f"{source.where} holds {sizes.get('y', 1)} rows and {sizes.get('x', 1)} columns, not those of ",
            Argument("shape", tuple(request.shape)),
            ": leave it out, or pass ",
            Argument("axes"),
            " where it is their order.",
        )
    return ArrangedReader(source.reader, axes, detector, scan, grid)


def chosen_names(wanted: int | str | None, names: Sequence[str], where: str) -> tuple[str, ...]:
    """Names of the detectors to read: the one that is meant, or all where they are to be added."""
    one = chosen_one(wanted, names, "detector", where, may_add=True)
    return tuple(names) if one == SUM else (names[int(one)],)


def chosen_one(
    wanted: int | str | None,
    names: Sequence[str],
    what: str,
    where: str,
    *,
    may_add: bool = False,
) -> int | str:
    """Position from 0 of the detector or scan that is meant, by position or name, or ``"sum"``.

    Of one nothing need be said; several, of these names, are asked for. `may_add` allows the sum.
    """
    listed = ", ".join(names[:20]) + (" ..." if len(names) > 20 else "")
    adding: tuple[str | Argument, ...] = ()
    if may_add:
        adding = (", or ", Argument(what, SUM), " to add them")
    if wanted is None:
        if len(names) == 1:
            return 0
        raise FileFormatError(
            f"{where} holds the spectra of {len(names)} {what}s ({listed}): pass ",
            Argument(what),
            " with the name of one or its position from 0",
            *adding,
            ".",
        )
    if wanted == SUM and may_add:
        return SUM if len(names) > 1 else 0
    if str(wanted) in names:
        return list(names).index(str(wanted))
    try:
        at = int(wanted)
    except (TypeError, ValueError):
        at = -1
    if not 0 <= at < len(names) or isinstance(wanted, bool):
        raise FileFormatError(
            f"{where} holds no {what} {wanted!r}, but {listed}: pass ",
            Argument(what),
            f" with one of these names or a position from 0 to {len(names) - 1}",
            *adding,
            ".",
        )
    return at


def arranged_times(
    times: NDArray[Any], labels: tuple[str, ...] | None, reader: ArrangedReader
) -> NDArray[Any] | None:
    """Times of the pixels on (y, x), or None where their number does not fit.

    `times`: as stored: over the axes of the counts but the energy, with or without that of
    detectors; flat or not. `labels`: names of the axes of `times`, where they have some. `reader`:
    what makes pixels of the stored axes.
    """
    sizes = dict(zip(reader.axes, reader.inner.shape, strict=True))
    if labels is not None and set(labels) <= set(sizes) and len(labels) == times.ndim:
        names: list[str] | None = list(labels)
        if times.shape != tuple(sizes[name] for name in labels):
            return None
    else:
        names, times = _stored_names(times, sizes)
    if names is None:
        return None
    if reader.grid is not None:
        times = times.astype(np.float64)
    stored = ArrayReader(times[..., np.newaxis])
    whole = replace(reader, inner=stored, axes=(*names, "energy"), missing=np.nan)
    found = whole.read((slice(None),) * 3).squeeze(whole.order.index("energy"))
    if reader.detector == SUM and "detector" in names:
        # The rate of a sum of detectors is that of their mean time.
        found = found / times.shape[names.index("detector")]
    return found if whole.order.index("y") < whole.order.index("x") else found.T


def _stored_names(
    times: NDArray[Any], sizes: dict[str, int]
) -> tuple[list[str] | None, NDArray[Any]]:
    """Names of the axes of times without labels: those of the counts, in the stored order."""
    pixels = [name for name in sizes if name != "energy"]
    single = [name for name in pixels if name not in ("detector", "scan")]
    for names in (pixels, single):
        shape = tuple(sizes[name] for name in names)
        if times.shape == shape or times.shape == (math.prod(shape),):
            return list(names), times.reshape(shape)
    # Rows before columns, though the counts are stored the other way.
    if times.shape == (sizes.get("y", 1), sizes.get("x", 1)):
        return ["y", "x"], times
    if 1 in times.shape[-1:]:
        return _stored_names(times[..., 0], sizes)
    return None, times
