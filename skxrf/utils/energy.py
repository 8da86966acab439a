"""Energy axes: bin centers in keV, given as an array or as an ``(offset, gain)`` pair."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skxrf.exceptions import EnergyAxisError
from skxrf.utils.units import refuse_absurd_energies, to_kev


def resolve_energy(
    energy: ArrayLike | Sequence[float], n_channels: int, *, source: str = "energy"
) -> NDArray[np.float64]:
    """Bin centers in keV from an array or an ``(offset, gain)`` pair.

    `energy` (n_channels,): bin centers [keV], or offset [keV] and gain [keV per channel] of
    ``offset + gain * i``. A DataArray that states ``units="eV"`` is converted. `n_channels`: number
    of channels that the axis must have. `source`: what the error message calls the axis. Returns
    (n_channels,), float64: increasing bin centers [keV].
    """
    units = str(getattr(energy, "attrs", {}).get("units", ""))
    try:
        axis = to_kev(np.asarray(energy, dtype=np.float64), units, source=source)
    except EnergyAxisError:
        raise
    except (TypeError, ValueError):
        axis = np.empty((0, 0))
    if axis.ndim != 1:
        raise EnergyAxisError(
            f"{source} must be bin centers in keV or an (offset, gain) pair, got {energy!r:.100}."
        )
    if axis.size == 2 and n_channels != 2:
        offset, gain = axis
        axis = offset + gain * np.arange(n_channels)
    if axis.size != n_channels:
        raise EnergyAxisError(
            f"{source} has {axis.size} values, but the spectra have {n_channels} channels: "
            f"pass {n_channels} bin centers in keV, or an (offset, gain) pair."
        )
    if not np.all(np.isfinite(axis)):
        raise EnergyAxisError(f"{source} contains values that are not finite.")
    if n_channels > 1 and not np.all(np.diff(axis) > 0):
        falls = bool(np.all(np.diff(axis) < 0))
        remedy = " Reverse it together with the counts." if falls else ""
        raise EnergyAxisError(
            f"{source} must increase from channel to channel, got {describe_axis(axis)}.{remedy}"
        )
    refuse_absurd_energies(axis, source=source)
    return axis


def bin_edges(energy: NDArray[np.float64]) -> NDArray[np.float64]:
    """Edges [keV] of the bins whose centers are `energy`: midway, the outer ones mirrored."""
    if energy.size == 1:
        return np.array([energy[0] - 0.5, energy[0] + 0.5])
    middle = (energy[1:] + energy[:-1]) / 2
    first, last = 2 * energy[0] - middle[0], 2 * energy[-1] - middle[-1]
    return np.concatenate([[first], middle, [last]])


def axes_agree(
    first: NDArray[np.float64], second: NDArray[np.float64], *, tolerance: float = 0.05
) -> bool:
    """Compare two axes to within `tolerance` of a channel, everywhere."""
    if first.shape != second.shape:
        return False
    if first.size < 2:
        return bool(np.all(first == second))
    width = float(np.min(np.diff(first)))
    return bool(np.max(np.abs(first - second)) <= tolerance * width)


def describe_axis(energy: NDArray[np.float64]) -> str:
    """One phrase for error messages, such as ``1024 channels, 0.10 to 40.30 keV, 39.3 eV each``."""
    n = energy.size
    if n == 0:
        return "no channels"
    width = 1000 * (energy[-1] - energy[0]) / max(n - 1, 1)
    return f"{n} channels, {energy[0]:.3f} to {energy[-1]:.3f} keV, {width:.2f} eV each"
