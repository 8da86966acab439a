"""Paints that maps come with: clusters of pixels with alike spectra, and their mean spectra."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skxrf.exceptions import SkxrfError
from skxrf.plotting._color_table import color_table

from ._limits import LIMITS
from ._map_tables import percent

# Place in the list of paints of a pixel that belongs to none.
NO_PAINT = 255


@dataclass(frozen=True)
class Paints:
    """Paints of a painting."""

    plane: NDArray[np.uint8]
    """(n_y, n_x), uint8: place of each pixel's paint in the list; 255 where there is none."""
    names: list[str]  # names of the paints
    # spectra, fits (paint, energy): mean spectra and their fits [counts per pixel]
    spectra: xr.DataArray | None
    fits: xr.DataArray | None

    @property
    def colors(self) -> NDArray[np.uint8]:
        """Red, green and blue of each paint."""
        return np.resize(color_table("tab20", 20), (len(self.names), 3))

    def rows(self) -> list[dict[str, str]]:
        """Name, pixels and share of each paint, as text."""
        pixels = np.bincount(self.plane.ravel(), minlength=256)[: len(self.names)]
        return [
            {"name": name, "pixels": f"{n:,}", "share": percent(n / self.plane.size)}
            for name, n in zip(self.names, pixels, strict=True)
        ]

    def entry(self) -> dict[str, Any]:
        """Describe the paints to the script of the page."""
        entry: dict[str, Any] = {"names": self.names, "colors": self.colors.tolist()}
        for name, spectra in (("spectra", self.spectra), ("fits", self.fits)):
            entry[name] = None
            if spectra is not None:
                energy = spectra["energy"].to_numpy()
                joined = _joined(energy)
                entry["energy"] = _rounded(_over(energy[None], joined)[0] / joined)
                entry[name] = [_rounded(row) for row in _over(spectra.to_numpy(), joined)]
        return entry


def paints_of(maps: Any) -> Paints | None:
    """Paints of maps with ``paint`` (y, x), and perhaps ``paint_spectrum`` and ``paint_fit``."""
    if not isinstance(maps, xr.Dataset) or "paint" not in maps:
        return None
    if set(maps["paint"].dims) != {"y", "x"}:
        raise SkxrfError(f"paint has the dims {maps['paint'].dims}: expected (y, x).")
    labels = maps["paint"].transpose("y", "x").to_numpy()
    spectra, fits = (
        maps[name].transpose(..., "energy") if name in maps else None
        for name in ("paint_spectrum", "paint_fit")
    )
    n = len(spectra) if spectra is not None else int(labels.max(initial=-1)) + 1
    if n > NO_PAINT or labels.max(initial=-1) >= n:
        raise SkxrfError(
            f"paint holds labels up to {labels.max()} for {n} paints: expected 0 to {n - 1}, and -1 "
            f"for none; a report shows at most {NO_PAINT}."
        )
    plane = np.where(labels < 0, NO_PAINT, labels).astype(np.uint8)
    return Paints(plane, [f"Paint {k + 1}" for k in range(n)], spectra, fits)


def _joined(energy: NDArray[np.float64]) -> int:
    """Channels that are summed, so that the peaks stay as they are."""
    joined, width = 1, float(np.ptp(energy)) / max(energy.size - 1, 1)
    while 2 * joined * width <= LIMITS.bin_width and 2 * joined <= energy.size:
        joined *= 2
    return joined


def _over(values: NDArray[Any], joined: int) -> NDArray[np.float64]:
    whole = values.shape[1] // joined * joined
    parts = values[:, :whole].reshape(len(values), -1, joined).astype(np.float64)
    return np.asarray(parts.sum(axis=2))


def _rounded(values: NDArray[np.float64]) -> list[float | None]:
    return [float(f"{v:.5g}") if np.isfinite(v) else None for v in values]
