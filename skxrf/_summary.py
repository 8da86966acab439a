"""The facts of a cube in words, for the command line."""

from __future__ import annotations

import numpy as np
import xarray as xr

from skxrf.utils.energy import describe_axis

__all__ = ["summarize_cube"]


def summarize_cube(cube: xr.DataArray) -> dict[str, str]:
    """Describe a cube: shape, axis, counts, dead pixels.

    Parameters
    ----------
    cube : DataArray of dims (y, x, energy)
        Counts; a lazy cube is read once, block by block.

    Returns
    -------
    dict of str to str
        What stands on each line, by its heading.

    Raises
    ------
    CountsError
        If a lazily opened cube holds negative or non-finite counts.
    """
    wide = np.float64 if np.issubdtype(cube.dtype, np.floating) else np.uint64
    per_pixel = cube.sum("energy", dtype=wide)
    facts = xr.Dataset(
        {"counts": per_pixel, "highest": cube.max(), "spectrum": cube.sum(("y", "x"), dtype=wide)}
    ).compute()
    counts = facts["counts"].to_numpy()
    n_pixels, total = counts.size, float(counts.sum(dtype=np.float64))
    n_dead = int((counts == 0).sum())
    spectrum = facts["spectrum"].to_numpy()
    energy = cube["energy"].to_numpy()
    lines = {
        "shape": f"{cube.sizes['y']} rows x {cube.sizes['x']} columns x {energy.size} channels, "
        f"{cube.dtype}",
        "pixels": _pixel_size(cube),
        "energy axis": describe_axis(energy),
        "counts": f"{total:,.0f} in all, {total / n_pixels:,.1f} per pixel "
        f"({counts.min():,.0f} to {counts.max():,.0f}), at most "
        f"{float(facts['highest']):,.0f} in a channel",
        "fullest": f"channel {int(spectrum.argmax())}, {energy[spectrum.argmax()]:.3f} keV, in the "
        "sum spectrum",
        "dead pixels": f"{n_dead:,} of {n_pixels:,} without counts" if n_dead else "none",
    }
    if "live_time" in cube.coords:
        times = cube["live_time"].to_numpy()
        lines["live time"] = f"{times.min():.3g} to {times.max():.3g} s per pixel"
    for name in ("instrument", "tube", "dataset", "reader"):
        if cube.attrs.get(name):
            lines[name] = str(cube.attrs[name])
    return lines


def _pixel_size(cube: xr.DataArray) -> str:
    steps = []
    for dim in ("y", "x"):
        values = cube[dim].to_numpy() if dim in cube.coords else np.arange(cube.sizes[dim])
        if np.issubdtype(values.dtype, np.integer) or values.size < 2:
            return "size unknown"
        steps.append(abs(float(values[-1] - values[0])) / (values.size - 1))
    unit = cube["y"].attrs.get("units", "mm")
    return f"{steps[0]:.3g} x {steps[1]:.3g} {unit}"
