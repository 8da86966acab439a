"""Range of the energy axis that is fitted, and its channels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from skxrf.exceptions import Argument, EnergyAxisError, LineGroupError
from skxrf.physics import line_group
from skxrf.utils.energy import describe_axis

__all__ = ["channels_between", "fitted_range"]

# Fewer channels than this in the fitted range cannot tell lines from a continuum.
_LEAST_CHANNELS = 32
# The default range [keV]: below, air and windows absorb nearly all; above the lines end, but the
# range is never narrower than to the L lines of lead.
_LOWEST_ENERGY, _LEAST_HIGHEST_LINE = 1.3, 16.0
_BEYOND_LINES = 1.0
# Lines weaker than this share of their group do not extend the range.
_LEAST_SHARE = 0.02


def fitted_range(
    energy: NDArray[np.float64],
    wanted: Sequence[str],
    energy_range: tuple[float, float] | None,
    tube_voltage: float,
) -> tuple[float, float]:
    """Range [keV] that is fitted: the one given, or the one that the wanted lines need.

    Parameters
    ----------
    energy : ndarray of shape (n_channels,)
        Bin centers [keV].
    wanted : sequence of str
        Line groups that are asked for.
    energy_range : pair of float, optional
        The range that is asked for [keV].
    tube_voltage : float
        Voltage of the tube [kV].

    Returns
    -------
    pair of float
        Within the axis.

    Raises
    ------
    LineGroupError
        If a wanted line group lies outside.
    """
    groups = {name: line_group(name, tube_voltage=tube_voltage) for name in wanted}
    if energy_range is not None:
        low, high = (float(bound) for bound in energy_range)
    else:
        highest = _LEAST_HIGHEST_LINE
        for group in groups.values():
            highest = max(highest, float(group.energies[group.intensities > _LEAST_SHARE].max()))
        low, high = _LOWEST_ENERGY, highest + _BEYOND_LINES
    low, high = max(low, float(energy[0])), min(high, float(energy[-1]))
    outside = [
        f"{name} ({group.main_energy:.2f} keV)"
        for name, group in groups.items()
        if not low < group.main_energy < high
    ]
    if outside:
        raise LineGroupError(
            f"{', '.join(outside)} outside the fitted range of {low:.2f} to {high:.2f} keV "
            f"on an axis of {describe_axis(energy)}: leave them out, or check ",
            Argument("energy"),
            " and ",
            Argument("energy_range"),
            ".",
        )
    return low, high


def channels_between(energy: NDArray[np.float64], low: float, high: float) -> slice:
    """Channels whose centers lie in a range.

    Parameters
    ----------
    energy : ndarray of shape (n_channels,)
        Bin centers [keV].
    low, high : float
        The range [keV].

    Returns
    -------
    slice

    Raises
    ------
    EnergyAxisError
        If there are too few for a fit.
    """
    inside = np.flatnonzero((energy >= low) & (energy <= high))
    if inside.size < _LEAST_CHANNELS:
        raise EnergyAxisError(
            f"only {inside.size} channels between {low:g} and {high:g} keV on an axis of "
            f"{describe_axis(energy)}: the fit needs at least {_LEAST_CHANNELS}; check ",
            Argument("energy"),
            " and ",
            Argument("energy_range"),
            ".",
        )
    return slice(int(inside[0]), int(inside[-1]) + 1)
