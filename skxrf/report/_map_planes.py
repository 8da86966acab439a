"""Element maps for a page: planes with the ranges of their colors, packed into a given size."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skxrf.utils.validation import as_map_dataset

from ._limits import LIMITS
from ._packing import Packed, pack, trim_mantissa


@dataclass(frozen=True)
class MapPlanes:
    """Packed planes, by kind of map and element; each value is the mean of `side` x `side` pixels."""

    planes: dict[str, list[Packed]]
    shape: tuple[int, int]
    side: int
    digits: int

    @property
    def size(self) -> int:
        """Characters in the page, with the tags around them."""
        return sum(plane.size + 80 for planes in self.planes.values() for plane in planes)


def map_arrays(maps: Any, what: str) -> dict[str, xr.DataArray]:
    """Load ``intensity`` and, where there is one, ``uncertainty``, of dims (y, x, element)."""
    dataset = as_map_dataset(maps, what)
    return {
        kind: dataset[kind].compute() for kind in ("intensity", "uncertainty") if kind in dataset
    }


def color_limits(values: NDArray[Any]) -> dict[str, list[float]]:
    """Range of the colors: of all finite values, and without the extremes."""
    finite = values[np.isfinite(values)]
    if not finite.size:
        return {"all": [0.0, 1.0], "most": [0.0, 1.0]}
    whole = [float(finite.min()), float(finite.max())]
    low, high = (float(v) for v in np.percentile(finite, LIMITS.color_percentiles))
    return {"all": _spread(whole), "most": _spread([low, high] if high > low else whole)}


def pack_planes(
    values: Mapping[str, NDArray[Any]],
    classes: NDArray[Any] | None,
    budget: int,
    paints: NDArray[np.uint8] | None = None,
) -> MapPlanes:
    """Pack maps with as many digits, and then as many pixels, as the budget has room for.

    `values` (n_y, n_x, n_elements): maps by their kind; standard errors are called ``uncertainty``.
    `classes` (n_y, n_x, n_elements): classes of |z|, 0 to 3, NaN where there is none; packed as
    ``z``. `paints` (n_y, n_x): paint of each pixel; packed as ``paint``. A square gets that of its
    first pixel.
    """
    side = 1
    while True:
        for digits, bits, fewer in LIMITS.map_digits:
            planes = {
                kind: _packed(maps, fewer if kind == "uncertainty" else bits)
                for kind, maps in values.items()
            }
            if classes is not None:
                # Class of |z| of a pixel without a value.
                known = np.where(np.isfinite(classes), classes, 255).astype(np.uint8)
                planes["z"] = [pack(known[..., k]) for k in range(known.shape[2])]
            if paints is not None:
                planes["paint"] = [pack(paints[::side, ::side])]
            n_y, n_x = next(iter(values.values())).shape[:2]
            packed = MapPlanes(planes, (n_y, n_x), side, digits)
            if packed.size <= budget or n_y * n_x == 1:
                return packed
        side *= 2
        values = {kind: _halved(maps) for kind, maps in values.items()}
        classes = None if classes is None else np.rint(_halved(classes))


def _packed(maps: NDArray[Any], bits: int) -> list[Packed]:
    return [pack(trim_mantissa(maps[..., k], bits)) for k in range(maps.shape[2])]


def _halved(maps: NDArray[Any]) -> NDArray[np.float32]:
    """Mean of squares of 2 x 2 pixels, of those that have a value."""
    n_y, n_x, n = maps.shape
    filled = np.full((n_y + n_y % 2, n_x + n_x % 2, n), np.nan, np.float32)
    filled[:n_y, :n_x] = maps
    squares = filled.reshape(filled.shape[0] // 2, 2, filled.shape[1] // 2, 2, n)
    with warnings.catch_warnings():
        # A square without any value stays without.
        warnings.filterwarnings("ignore", "Mean of empty slice", RuntimeWarning)
        return np.asarray(np.nanmean(squares, axis=(1, 3)), dtype=np.float32)


def _spread(limits: list[float]) -> list[float]:
    return limits if limits[1] > limits[0] else [limits[0], limits[0] + 1.0]
