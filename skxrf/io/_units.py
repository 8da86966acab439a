"""Units of length, energy and time as files spell them, and numbers with a decimal comma."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skxrf.exceptions import EnergyAxisError

__all__ = ["decimal", "is_rate", "to_kev", "to_mm", "to_seconds"]

_MM = {
    "m": 1e3,
    "cm": 10.0,
    "mm": 1.0,
    "millimeter": 1.0,
    "millimeters": 1.0,
    "millimetre": 1.0,
    "um": 1e-3,
    "µm": 1e-3,  # the micro sign
    "μm": 1e-3,  # the Greek letter
    "micron": 1e-3,
    "microns": 1e-3,
    "micrometer": 1e-3,
    "micrometers": 1e-3,
    "micrometre": 1e-3,
    "nm": 1e-6,
}
_KEV = {"": 1.0, "kev": 1.0, "ev": 1e-3, "mev": 1e3}
_SECONDS = {
    "s": 1.0,
    "sec": 1.0,
    "second": 1.0,
    "seconds": 1.0,
    "ms": 1e-3,
    "millisecond": 1e-3,
    "milliseconds": 1e-3,
    "us": 1e-6,
    "µs": 1e-6,
    "μs": 1e-6,
    "microsecond": 1e-6,
    "microseconds": 1e-6,
    "ns": 1e-9,
    "min": 60.0,
}
_RATES = ("/s", "cps", "hz", "cts/s", "counts/s", "s-1", "s^-1", "per second", "/sec")


def decimal(text: str) -> float:
    """Number from text, with a decimal point or comma.

    Raises
    ------
    ValueError
        If it is none.
    """
    return float(text.strip().replace(",", "."))


def is_rate(units: str) -> bool:
    """Recognize a unit of counts per time, which counts must not have."""
    word = units.strip().lower()
    return word in _RATES or word.endswith(_RATES)


def to_kev(values: ArrayLike, units: str, *, source: str) -> NDArray[np.float64]:
    """Energies in keV from values in `units`; no unit means keV."""
    factor = _KEV.get(units.strip().lower())
    if factor is None or units.strip().startswith("m"):
        raise EnergyAxisError(f"{source} is in {units!r}: expected keV or eV; pass energy=.")
    return np.asarray(values, dtype=np.float64) * factor


def to_mm(values: ArrayLike, units: str) -> NDArray[np.float64] | None:
    """Positions in mm from values in `units`, or None where that is not a unit of length."""
    factor = _MM.get(units.strip() if units.strip() in _MM else units.strip().lower())
    return None if factor is None else np.asarray(values, dtype=np.float64) * factor


def to_seconds(
    values: ArrayLike, units: str, *, otherwise: float = 1.0
) -> NDArray[np.float64] | None:
    """Times in s from values in `units`; None where that is not a unit of time.

    Parameters
    ----------
    values : array-like
        Times.
    units : str
        Their unit, empty where the file states none.
    otherwise : float
        Seconds of one where no unit is stated.
    """
    word = units.strip()
    factor = otherwise if not word else _SECONDS.get(word if word in _SECONDS else word.lower())
    if factor is None:
        return None
    # Times in s keep their type.
    return np.asarray(values) if factor == 1 else np.asarray(values, dtype=np.float64) * factor
