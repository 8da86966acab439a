"""Units of length and energy, as files spell them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skxrf.exceptions import EnergyAxisError

__all__ = ["to_kev", "to_mm"]

_MM = {
    "m": 1e3,
    "cm": 10.0,
    "mm": 1.0,
    "millimeter": 1.0,
    "millimetre": 1.0,
    "um": 1e-3,
    "µm": 1e-3,  # the micro sign
    "μm": 1e-3,  # the Greek letter
    "micrometer": 1e-3,
    "micrometre": 1e-3,
    "nm": 1e-6,
}


def to_kev(values: ArrayLike, units: str, *, source: str) -> NDArray[np.float64]:
    """Energies in keV from values in `units`; no unit means keV."""
    factor = {"": 1.0, "kev": 1.0, "ev": 1e-3}.get(units.strip().lower())
    if factor is None:
        raise EnergyAxisError(f"{source} is in {units!r}: expected keV or eV; pass energy=.")
    return np.asarray(values, dtype=np.float64) * factor


def to_mm(values: ArrayLike, units: str) -> NDArray[np.float64] | None:
    """Positions in mm from values in `units`, or None where that is not a unit of length."""
    factor = _MM.get(units.strip() if units.strip() in _MM else units.strip().lower())
    return None if factor is None else np.asarray(values, dtype=np.float64) * factor
