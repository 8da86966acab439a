"""The facts of a cube, for the command line."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skxrf.spectra import max_spectrum, sum_dtype, sum_spectrum
from skxrf.spectrum_fit._like_spectra import sums_of_like_spectra
from skxrf.utils.energy import describe_axis


@dataclass(frozen=True)
class CubeSummary:
    """Summary of a cube."""

    shape: tuple[int, int, int]  # rows, columns, channels
    dtype: str  # of the counts as stored
    pixel_size: tuple[float, float] | None  # steps in y and x, where the file tells them
    pixel_unit: str  # their unit
    energy: NDArray[np.float64] = field(repr=False)  # (n_channels,): bin centers [keV]
    sum_spectrum: NDArray[Any] = field(repr=False)  # (n_channels,): counts of all pixels
    max_spectrum: NDArray[Any] = field(repr=False)
    """(n_channels,): in each channel, the counts of the pixel that has most."""
    pixel_counts: tuple[float, float]  # fewest and most counts in a pixel
    n_dead: int  # pixels without counts
    live_time: tuple[float, float] | None  # shortest and longest [s]
    attrs: dict[str, str]  # instrument, tube, dataset, reader, where known
    drift: str = ""  # drift of the energy axis over the rows, in words; empty for an axis at rest
    parts: NDArray[np.float64] | None = field(default=None, repr=False)
    """(n_parts, n_channels): sums of like spectra, of pixels spread over the cube."""

    @property
    def n_pixels(self) -> int:
        """Number of pixels."""
        return self.shape[0] * self.shape[1]

    @property
    def total(self) -> float:
        """Counts in all."""
        return float(self.sum_spectrum.sum(dtype=np.float64))

    def lines(self) -> dict[str, str]:
        """Text of each line, by its heading."""
        n_y, n_x, n_channels = self.shape
        low, high = self.pixel_counts
        fullest = self._fullest()
        size = self.pixel_size
        per_pixel = ""
        if self.n_pixels > 1:
            mean = self.total / self.n_pixels
            per_pixel = f"{mean:,.1f} per pixel ({low:,.0f} to {high:,.0f}), "
        lines = {
            "shape": f"{_counted(n_y, 'row')} x {_counted(n_x, 'column')} x {n_channels} channels, "
            f"{self.dtype}",
            "pixels": f"{size[0]:.3g} x {size[1]:.3g} {self.pixel_unit}"
            if size is not None
            else "size unknown",
            "energy axis": describe_axis(self.energy),
            "counts": f"{self.total:,.0f} in all, {per_pixel}at most "
            f"{float(self.max_spectrum.max()):,.0f} in a channel",
            "fullest": f"channel {fullest}, {self.energy[fullest]:.3f} keV, in the sum spectrum",
            "dead pixels": f"{self.n_dead:,} of {self.n_pixels:,} without counts"
            if self.n_dead
            else "none",
        }
        if self.live_time is not None:
            shortest, longest = (f"{time:.3g}" for time in self.live_time)
            times = shortest if shortest == longest else f"{shortest} to {longest}"
            lines["live time"] = f"{times} s per pixel"
        if self.drift:
            lines["axis drifts"] = f"{self.drift}; maps are corrected for it"
        return lines | self.attrs

    def _fullest(self) -> int:
        """The channel with most counts, of those where lines are: Bruker's have a peak at 0 keV."""
        # Lines start at 0.5 keV.
        counts = np.where(self.energy >= 0.5, self.sum_spectrum, 0)
        return int((counts if counts.any() else self.sum_spectrum).argmax())

    def facts(self) -> dict[str, Any]:
        """Facts of the summary as numbers, for scripts."""
        return {
            "rows": self.shape[0],
            "columns": self.shape[1],
            "channels": self.shape[2],
            "dtype": self.dtype,
            "pixel_size": self.pixel_size,
            "pixel_unit": self.pixel_unit if self.pixel_size is not None else None,
            "counts": self.total,
            "counts_per_pixel": self.total / self.n_pixels,
            "fewest_counts": self.pixel_counts[0],
            "most_counts": self.pixel_counts[1],
            "dead_pixels": self.n_dead,
            "live_time": self.live_time,
            "axis_drift": self.drift or None,
            **self.attrs,
            "energy_keV": self.energy,
            "sum_spectrum": self.sum_spectrum,
            "max_spectrum": self.max_spectrum,
        }


def summarize_cube(cube: xr.DataArray) -> CubeSummary:
    """Describe a cube: shape, axis, counts, dead pixels, spectra.

    `cube` (y, x, energy): counts; a lazy cube is read once, block by block.
    """
    facts = xr.Dataset(
        {
            "counts": cube.sum("energy", dtype=sum_dtype(cube.dtype)),
            "sum": sum_spectrum(cube),
            "max": max_spectrum(cube),
            "rows": cube.sum("x", dtype=sum_dtype(cube.dtype)),
            "some": _spread(cube).rename(y="some_y", x="some_x"),
        }
    ).compute()
    counts = facts["counts"].to_numpy()
    times = cube["live_time"].to_numpy() if "live_time" in cube.coords else None
    return CubeSummary(
        shape=(cube.sizes["y"], cube.sizes["x"], cube.sizes["energy"]),
        dtype=str(cube.dtype),
        pixel_size=_pixel_size(cube),
        pixel_unit=str(cube["y"].attrs.get("units", "mm")) if "y" in cube.coords else "mm",
        energy=cube["energy"].to_numpy(),
        sum_spectrum=facts["sum"].to_numpy(),
        max_spectrum=facts["max"].to_numpy(),
        pixel_counts=(float(counts.min()), float(counts.max())),
        n_dead=int((counts == 0).sum()),
        live_time=None if times is None else (float(times.min()), float(times.max())),
        attrs={
            name: str(cube.attrs[name])
            for name in ("instrument", "tube", "dataset", "reader")
            if cube.attrs.get(name)
        },
        drift=_drift(cube, facts["rows"].transpose("y", "energy").to_numpy()),
        parts=sums_of_like_spectra(
            facts["some"].transpose(..., "energy").to_numpy().reshape(-1, cube.sizes["energy"])
        ),
    )


def _spread(cube: xr.DataArray, most: int = 6000) -> xr.DataArray:
    """Some thousand pixels, spread over the rows and columns of a cube."""
    step = max(1, int(np.ceil(np.sqrt(cube.sizes["y"] * cube.sizes["x"] / most))))
    return cube.drop_vars(list(cube.coords)).isel(
        y=slice(None, None, step), x=slice(None, None, step)
    )


def _drift(cube: xr.DataArray, rows: NDArray[Any]) -> str:
    """Drift of the axis in words, from the sum spectrum of each row."""
    from skxrf.inference._drift import axis_drift
    from skxrf.preprocessing import EnergyCalibrator
    from skxrf.utils.threads import single_threaded_blas

    energy = cube["energy"].to_numpy()
    alive = np.flatnonzero(rows.any(axis=1))
    with single_threaded_blas(), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # no lines: no drift is seen
        drift = axis_drift(
            lambda: EnergyCalibrator(energy=energy).fit(rows).line_axis_, cube, rows[alive], alive
        )
    return "" if drift is None else str(drift)


def _counted(n: int, what: str) -> str:
    return f"{n} {what}{'' if n == 1 else 's'}"


def _pixel_size(cube: xr.DataArray) -> tuple[float, float] | None:
    steps = []
    for dim in ("y", "x"):
        values = cube[dim].to_numpy() if dim in cube.coords else np.arange(cube.sizes[dim])
        if np.issubdtype(values.dtype, np.integer) or values.size < 2:
            return None
        steps.append(abs(float(values[-1] - values[0])) / (values.size - 1))
    return steps[0], steps[1]
