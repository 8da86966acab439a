"""Drift of the energy axis over the rows of a cube."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skxrf.preprocessing import rebin_counts
from skxrf.preprocessing._axis_drift import AxisDrift
from skxrf.spectrum_fit._drift import LineAxis
from skxrf.utils.energy import axes_agree, resolve_energy
from skxrf.utils.validation import name_of


@dataclass(frozen=True)
class BlockRule:
    """Numbers of the blocks of rows that a drift is looked for in."""

    most: int = 12  # blocks, at most
    least: int = 4  # blocks, at least: fewer show no smooth course
    rows: int = 5
    """Rows of a block with spectra, on average, at least: a scan of a few rows does not last long."""
    counts: float = 1e5  # counts of a block, on average, at least


def axis_drift(
    find_axis: Callable[[], LineAxis | None],
    cube: xr.DataArray,
    spectra: NDArray[Any],
    rows: NDArray[np.intp],
    fitted: NDArray[np.float64] | None = None,
) -> AxisDrift | None:
    """Drift that the cube's attribute ``axis_drift`` states, or that its spectra show.

    `find_axis`: returns the mean axis and its lines, or None where they are not known. Called only
    where the spectra are enough. `cube` (y, x, energy): the cube. `spectra`
    (n_spectra, n_channels): spectra spread over it, or sums of them [counts]. `rows`
    (n_spectra,), int: their rows, increasing. `fitted` (n_channels,): stated bin centers that the
    mean axis corrects [keV]; default those of the cube. Returns None for an axis at rest.
    """
    if states_drift(cube):
        return stated_drift(cube)
    if "energy" not in cube.coords:
        return None
    energy = _energy(cube)
    there, starts = np.unique(rows, return_index=True)
    total = float(spectra.sum(dtype=np.float64))
    n_blocks = min(BlockRule.most, there.size // BlockRule.rows, int(total / BlockRule.counts))
    if n_blocks < BlockRule.least or (axis := find_axis()) is None:
        return None
    first = np.arange(n_blocks) * there.size // n_blocks
    parts = np.split(spectra, starts[first[1:]])
    sums = np.stack([part.sum(axis=0, dtype=np.float64) for part in parts])
    if fitted is not None and not axes_agree(energy, fitted):
        sums = rebin_counts(sums, energy, fitted)
    shifts = axis.drift(sums)
    if shifts is None:
        return None
    return AxisDrift(np.concatenate([[0], there[first[1:]]]), shifts, energy)


def states_drift(cube: xr.DataArray) -> bool:
    """Tell if the cube's attribute ``axis_drift`` says whether its axis drifts."""
    return "energy" in cube.coords and cube.attrs.get("axis_drift") is not None


def stated_drift(cube: xr.DataArray) -> AxisDrift | None:
    """Read the drift that the cube's attribute states; None for an axis at rest."""
    return AxisDrift.stated(str(cube.attrs["axis_drift"]), _energy(cube))


def _energy(cube: xr.DataArray) -> NDArray[np.float64]:
    return resolve_energy(
        cube["energy"].to_numpy(),
        cube.sizes["energy"],
        source=f"the energy axis of {name_of(cube)}",
    )
