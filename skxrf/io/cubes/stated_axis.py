"""Energy axis as a file states it: from values or coefficients, unit, first channel and step."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.polynomial import Polynomial
from numpy.typing import ArrayLike, NDArray

from skxrf.exceptions import Argument, EnergyAxisError
from skxrf.utils.units import to_kev

from .axes import axis_or_reason


def axis_facts(source: str, **stated: Any) -> dict[str, Any]:
    """Energy axis for a `CubeSource`: the axis, or why it is not used, and its place."""
    energy, reason = axis_or_reason(lambda: stated_axis(source=source, **stated))
    return {"energy": energy, "energy_hint": reason, "energy_from": source}


def stated_axis(
    *,
    source: str,
    values: ArrayLike | None = None,
    coefficients: ArrayLike | None = None,
    points: ArrayLike | None = None,
    units: str = "",
    first: float = 0.0,
    step: float = 1.0,
) -> NDArray[np.float64] | Polynomial | None:
    """Energies [keV] of the stored channels.

    - `source`: where they stand, for error messages.
    - `values` (n_channels,): energy of each stored channel.
    - `coefficients` (n_coefficients,): polynomial in the channel number: offset, gain, ...
    - `points` (n_points, 2): channels and their energies, of which the straight line nearest to
      them is the axis.
    - `units`: of the energies; none means keV.
    - `first`: number of the first stored channel.
    - `step`: channels that were added into one.
    - Returns None where what is stated only counts channels.
    """
    if values is not None:
        energy = np.asarray(values, np.float64).ravel()
        if not units and counts_channels(energy):
            return None
        return to_kev(energy, units, source=source)
    if points is not None:
        coefficients = _line_through(np.asarray(points, np.float64), source)
    if coefficients is None:
        return None
    line = np.asarray(coefficients, np.float64).ravel()
    if not np.isfinite([*line, first, step]).all() or line.size < 2:
        raise EnergyAxisError(
            f"{source} is {line.tolist()} from channel {first:g} in steps of {step:g}: expected "
            "(a, b, c) of E = a + b n + c n^2 in keV; pass ",
            Argument("energy"),
            ".",
        )
    polynomial = Polynomial(line)
    # 0 1 0 counts channels; it is written where there is no calibration.
    if not units and np.array_equal(polynomial.trim().coef, [0.0, 1.0]):
        return None
    if step != 1:
        raise EnergyAxisError(
            f"{source}: {step:g} channels were added into one, and it is not stated whether the "
            "calibration counts those before or after: pass ",
            Argument("energy", placeholder="offset, gain"),
            " in keV for the stored channels.",
        )
    scaled = Polynomial(to_kev(line, units, source=source))
    return scaled if first == 0 else scaled(Polynomial([first, 1.0]))


def _line_through(points: NDArray[np.float64], source: str) -> NDArray[np.float64]:
    """Coefficients of the straight line nearest to pairs of channel and energy."""
    usable = points.ndim == 2 and points.shape[1:] == (2,) and np.isfinite(points).all()
    if not usable or np.unique(points[:, 0]).size < 2:
        raise EnergyAxisError(
            f"{source} is {points.tolist()!s:.100}: expected at least two pairs of channel and energy; pass ",
            Argument("energy"),
            ".",
        )
    channel, energy = points.T
    if np.array_equal(channel, energy):
        return np.array([0.0, 1.0])
    distance = channel - channel.mean()
    gain = (distance * energy).sum() / (distance**2).sum()
    return np.array([energy.mean() - gain * channel.mean(), gain])


def same_axis(one: Any, other: Any) -> bool:
    """Compare two axes: values, polynomials, or None."""
    if isinstance(one, Polynomial) and isinstance(other, Polynomial):
        one, other = one.coef, other.coef
    alike = type(one) is type(other) and one is not None
    return one is other or (alike and np.array_equal(one, other, equal_nan=True))


def counts_channels(values: NDArray[np.float64]) -> bool:
    """Recognize an axis that only counts channels: consecutive whole numbers."""
    whole = values.size < 2 or bool(np.all(np.diff(values) == 1))
    return whole and bool(np.all(values == np.round(values)))
