"""Spectra of a cube for a page: read once, summed over squares of pixels and over channels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skxrf.exceptions import EnergyAxisError, SkxrfError
from skxrf.spectra import sum_dtype
from skxrf.utils.energy import axes_agree, describe_axis, resolve_energy
from skxrf.utils.progress import ProgressReport
from skxrf.utils.validation import as_cube, name_of, require_counts

from ._limits import LIMITS
from ._packing import Packed, pack, smallest_counts, trim_mantissa

# Squares of pixels on the side of a tile, the part that a page unpacks at a click.
TILE = 16


@dataclass(frozen=True)
class CubeSpectra:
    """Spectra of squares of pixels, and of the whole."""

    counts: NDArray[Any]
    """(n_rows, n_columns, n_bins): sums over `side` x `side` pixels and `joined` channels; fewer at
    the far edges."""
    energy: NDArray[np.float64]  # (n_channels,): bin centers of the cube [keV]
    # total, maximum (n_channels,): sum and maximum-pixel spectrum, channel by channel
    total: NDArray[Any]
    maximum: NDArray[Any]
    amplitudes: NDArray[np.float32] | None
    """(n_rows, n_columns, n_components): counts of each component of a fit, summed like the
    spectra."""
    n_pixels: int  # number of spectra in the cube
    # side, joined: pixels on the side of a square, channels in a bin
    side: int = 1
    joined: int = 1

    @property
    def binned_energy(self) -> NDArray[np.float64]:
        """Bin centers of `counts` [keV]."""
        starts = _starts(self.energy.size, self.joined)
        sizes = np.diff([*starts, self.energy.size])
        return np.asarray(np.add.reduceat(self.energy, starts) / sizes)

    def over_bins(self, spectra: NDArray[Any]) -> NDArray[Any]:
        """Sum the channels of other spectra, (..., n_channels), in the same way."""
        return _summed(spectra, self.joined, -1)

    def coarser(self) -> CubeSpectra:
        """Sum pairs of bins, where that leaves the peaks as they are, else 2 x 2 squares."""
        n_rows, n_columns = self.counts.shape[:2]
        side, joined = _coarser(
            self.side, self.joined, self.energy, one_square=n_rows * n_columns == 1
        )
        if joined != self.joined:
            return replace(self, counts=_summed(self.counts, 2, 2), joined=joined)
        counts = _summed(_summed(self.counts, 2, 0), 2, 1)
        amplitudes = self.amplitudes
        if amplitudes is not None:
            amplitudes = _summed(_summed(amplitudes, 2, 0), 2, 1)
        return replace(self, counts=counts, amplitudes=amplitudes, side=side)

    @property
    def n_tiles(self) -> tuple[int, int]:
        """Rows and columns of tiles."""
        return -(-self.counts.shape[0] // TILE), -(-self.counts.shape[1] // TILE)

    def over_tiles(self, values: NDArray[Any]) -> NDArray[Any]:
        """Sum `counts`, or `amplitudes`, over the squares of each tile: (n_tiles, n_values)."""
        summed = _summed(_summed(values, TILE, 0), TILE, 1)
        return summed.reshape(-1, values.shape[2])

    def tile(self, row: int, column: int) -> SpectrumTile:
        """Pack one tile: bin by bin, all its pixels, which are alike."""
        part = np.s_[row * TILE : (row + 1) * TILE, column * TILE : (column + 1) * TILE]
        counts = self.counts[part]
        packed = pack(smallest_counts(counts).reshape(-1, counts.shape[2]).T)
        if self.amplitudes is None:
            return SpectrumTile(packed, None)
        amplitudes = trim_mantissa(self.amplitudes[part], LIMITS.curve_bits)
        return SpectrumTile(packed, pack(amplitudes.reshape(-1, amplitudes.shape[2]).T))


@dataclass(frozen=True)
class SpectrumTile:
    """A square of spectra as text, and the amplitudes of their fits."""

    counts: Packed
    amplitudes: Packed | None

    @property
    def size(self) -> int:
        """Characters in the page, with the tags around them."""
        return self.counts.size + (self.amplitudes.size if self.amplitudes else 0) + 160


def read_spectra(cube: xr.DataArray, fit: Any = None, *, progress: bool = False) -> CubeSpectra:
    """Read a cube once, block by block, summing as much as needed to keep it in memory.

    `cube` (y, x, energy): counts. `fit`: fitted on the same channels: gives the amplitudes.
    `progress`: whether to show the progress on standard error.
    """
    cube = as_cube(cube)
    energy = resolve_energy(
        cube["energy"].to_numpy() if "energy" in cube.coords else (0.0, 1.0), cube.sizes["energy"]
    )
    n_y, n_x, n_channels = cube.shape
    if fit is not None:
        _require_same_axis(fit, energy, "energy" in cube.coords)
    side, joined = 1, 1
    while -(-n_y // side) * -(-n_x // side) * -(-n_channels // joined) > LIMITS.spectrum_values:
        side, joined = _coarser(side, joined, energy, one_square=max(n_y, n_x) <= side)
    floating = cube.dtype.kind == "f"
    shape = (-(-n_y // side), -(-n_x // side))
    counts = np.zeros((*shape, -(-n_channels // joined)), np.float32 if floating else np.uint16)
    amplitudes = None
    if fit is not None:
        amplitudes = np.zeros((*shape, len(fit.components_)), np.float32)
    total = np.zeros(n_channels, sum_dtype(cube.dtype))
    maximum = np.zeros(n_channels, cube.dtype)
    with ProgressReport(n_y * n_x, "spectra of the report", enabled=progress) as report:
        for rows, columns in _rectangles(cube):
            block = cube.isel(y=rows, x=columns).to_numpy()
            places = (range(rows.start, rows.stop), range(columns.start, columns.stop))
            require_counts(block, name_of(cube), (*places, range(n_channels)))
            total += block.sum(axis=(0, 1), dtype=total.dtype)
            np.maximum(maximum, block.max(axis=(0, 1)), out=maximum)
            summed = block if joined == 1 else _summed(block, joined, 2)
            counts = _added(counts, summed, rows, columns, side)
            if amplitudes is not None:
                found = fit.decompose(block.reshape(-1, n_channels))
                found = found.reshape(*block.shape[:2], -1)
                amplitudes = _added(amplitudes, found, rows, columns, side)
            report.advance(block.shape[0] * block.shape[1])
    return CubeSpectra(counts, energy, total, maximum, amplitudes, n_y * n_x, side, joined)


def fitting_size(spectra: CubeSpectra, budget: int) -> tuple[CubeSpectra, list[SpectrumTile]]:
    """Sum the spectra until their tiles take at most `budget` characters; give both."""
    while True:
        if _estimated_size(spectra) <= budget:
            n_rows, n_columns = spectra.n_tiles
            tiles = [spectra.tile(row, k) for row in range(n_rows) for k in range(n_columns)]
            if sum(tile.size for tile in tiles) <= budget:
                return spectra, tiles
        if spectra.counts.size == 1:
            raise SkxrfError(f"{budget} bytes are too few for a single value of the spectra.")
        spectra = spectra.coarser()


def _estimated_size(spectra: CubeSpectra) -> float:
    """Size of all tiles, from some of them."""
    n_rows, n_columns = spectra.n_tiles
    n_tiles = n_rows * n_columns
    chosen = np.unique(np.linspace(0, n_tiles - 1, min(n_tiles, 12)).astype(int))
    sizes = [spectra.tile(*divmod(int(k), n_columns)).size for k in chosen]
    return n_tiles * float(np.mean(sizes))


def _coarser(
    side: int, joined: int, energy: NDArray[np.float64], *, one_square: bool
) -> tuple[int, int]:
    width = (energy[-1] - energy[0]) / max(energy.size - 1, 1)
    if one_square or (2 * joined * width <= LIMITS.bin_width and joined < energy.size):
        return side, 2 * joined
    return 2 * side, joined


def _require_same_axis(fit: Any, energy: NDArray[np.float64], known: bool) -> None:
    if not all(hasattr(fit, name) for name in ("components_", "decompose", "energy_")):
        raise SkxrfError(
            f"fit must be a fitted TemplateFitRegressor, got {type(fit).__name__}: only that "
            "has components to draw."
        )
    fits = fit.energy_.size == energy.size if not known else axes_agree(energy, fit.energy_)
    if not fits:
        raise EnergyAxisError(
            f"the cube has {describe_axis(energy)}, but the fit was made on "
            f"{describe_axis(fit.energy_)}: fit it on this cube."
        )


def _rectangles(cube: xr.DataArray) -> Iterator[tuple[slice, slice]]:
    """The chunks of a lazy cube, each read once; else groups of rows."""
    chunks = cube.chunksizes
    if chunks:
        heights, widths = chunks["y"], chunks["x"]
    else:
        n_y, n_x, n_channels = cube.shape
        height = max(1, LIMITS.read_bytes // (n_x * n_channels * cube.dtype.itemsize))
        heights = tuple(min(height, n_y - y) for y in range(0, n_y, height))
        widths = (n_x,)
    y = 0
    for height in heights:
        x = 0
        for width in widths:
            yield slice(y, y + height), slice(x, x + width)
            x += width
        y += height


def _added(
    sums: NDArray[Any], block: NDArray[Any], rows: slice, columns: slice, side: int
) -> NDArray[Any]:
    """Add a block of the cube's pixels to the squares it lies in; wider integers where needed."""
    places = []
    for axis, place in enumerate((rows, columns)):
        first = place.start // side
        if side > 1:
            starts = np.maximum(np.arange(first, -(-place.stop // side)) * side - place.start, 0)
            block = np.add.reduceat(block, starts, axis=axis, dtype=_wide(block.dtype))
        places.append(slice(first, -(-place.stop // side)))
    target = (places[0], places[1])
    if sums.dtype.kind == "f":
        sums[target] += block
        return sums
    added = sums[target].astype(np.uint64) + block.astype(np.uint64)
    top = int(added.max())
    if top > np.iinfo(sums.dtype).max:
        sums = sums.astype(np.uint32 if top < 2**32 else np.uint64)
    sums[target] = added
    return sums


def _summed(values: NDArray[Any], n: int, axis: int) -> NDArray[Any]:
    """Sum runs of `n` along an axis; the last run may be shorter."""
    if n == 1:
        return values
    starts = _starts(values.shape[axis], n)
    summed = np.add.reduceat(values, starts, axis=axis, dtype=_wide(values.dtype))
    return summed if summed.dtype.kind == "f" else _narrowed(summed)


def _narrowed(values: NDArray[Any]) -> NDArray[Any]:
    top = values.max(initial=0)
    return values.astype(np.uint16 if top < 2**16 else np.uint32 if top < 2**32 else np.uint64)


def _wide(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """A type for sums; 32 bits suffice for those of 65,536 values of 16, more than a square has."""
    if dtype.kind == "f":
        return dtype
    return np.dtype(np.uint32 if dtype.itemsize < 4 else np.uint64)


def _starts(length: int, n: int) -> NDArray[np.intp]:
    return np.arange(0, length, n)
