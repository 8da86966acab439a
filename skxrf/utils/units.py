"""Units of energy, length and time, as files and arrays state them, in keV, mm and s."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skxrf.exceptions import Argument, EnergyAxisError

_KEV = {"": 1.0, "kev": 1.0, "ev": 1e-3, "mev": 1e3}
# As words, blanks and hyphens left out.
_KEV |= {"electronvolt": 1e-3, "kiloelectronvolt": 1.0}
_MM = {
    "m": 1e3,
    "meter": 1e3,
    "meters": 1e3,
    "metre": 1e3,
    "metres": 1e3,
    "inch": 25.4,
    "cm": 10.0,
    "centimeter": 10.0,
    "centimetre": 10.0,
    "mm": 1.0,
    "millimeter": 1.0,
    "millimeters": 1.0,
    "millimetre": 1.0,
    "millimetres": 1.0,
    "um": 1e-3,
    "µm": 1e-3,  # the micro sign
    "μm": 1e-3,  # the Greek letter
    "micrometer": 1e-3,
    "micrometers": 1e-3,
    "micrometre": 1e-3,
    "micrometres": 1e-3,
    "micron": 1e-3,
    "microns": 1e-3,
    "nm": 1e-6,
}
_SECONDS = {
    "": 1.0,
    "s": 1.0,
    "sec": 1.0,
    "second": 1.0,
    "seconds": 1.0,
    "ms": 1e-3,
    "millisecond": 1e-3,
    "milliseconds": 1e-3,
    "us": 1e-6,
    "µs": 1e-6,  # the micro sign
    "μs": 1e-6,  # the Greek letter
    "microsecond": 1e-6,
    "microseconds": 1e-6,
    "ns": 1e-9,
    "min": 60.0,
    "minute": 60.0,
    "minutes": 60.0,
    "h": 3600.0,
    "hour": 3600.0,
    "hours": 3600.0,
}
_COUNTS = {"", "1", "count", "counts", "ct", "cts", "photons", "events", "dimensionless"}
_RATES = ("/s", "cps", "hz", "s-1", "s^-1", "per second", "/sec")


def to_kev(values: ArrayLike, units: str, *, source: str) -> NDArray[np.float64]:
    """Convert energies to keV.

    `units`: ``"keV"`` or ``"eV"`` in any case, or in words; empty means keV. `source`: what the
    error message calls the axis. Returns energies [keV].
    """
    word = units.strip().lower()
    factor = _KEV.get(word, _KEV.get(re.sub(r"[\s_-]|s$", "", word)))
    # MeV, but meV is no unit of X-rays.
    if factor is None or units.strip().startswith("m"):
        raise EnergyAxisError(
            f"{source} is in {units!r}: expected keV or eV; pass ", Argument("energy"), "."
        )
    return np.asarray(values, dtype=np.float64) * factor


def refuse_absurd_energies(energy: NDArray[np.float64], *, source: str) -> None:
    """Refuse an axis [keV] that can only be in eV or in channel numbers."""
    # No X-ray tube reaches this [keV]; an axis that does is in eV or in channel numbers.
    farthest = max(energy[-1], energy[0], key=abs) if energy.size else 0.0
    if abs(farthest) > 1000.0:
        raise EnergyAxisError(
            f"{source} reaches {farthest:g} keV, which no X-ray fluorescence spectrum does: "
            "energies are in keV, so an axis in eV must be divided by 1000, and channel numbers "
            "need a calibration, ",
            Argument("energy", placeholder="offset, gain"),
            " in keV.",
        )


def to_mm(values: ArrayLike, units: str) -> NDArray[np.float64] | None:
    """Convert positions to mm; None where `units` is no unit of length."""
    factor = _factor(units, _MM)
    return None if factor is None else np.asarray(values, dtype=np.float64) * factor


def seconds_per(units: str) -> float | None:
    """Seconds in a unit of time, 1 where none is stated; None where `units` is none of time."""
    return _factor(units, _SECONDS)


def to_seconds(
    values: ArrayLike, units: str, *, otherwise: float = 1.0
) -> NDArray[np.float64] | None:
    """Convert times to s; None where `units` is no unit of time.

    `units`: their unit, empty where the file states none. `otherwise`: seconds of one where no unit
    is stated. Returns times [s]; those in s keep their type.
    """
    factor = seconds_per(units) if units.strip() else otherwise
    if factor is None:
        return None
    return np.asarray(values) if factor == 1 else np.asarray(values, dtype=np.float64) * factor


def is_pixels(units: str) -> bool:
    """Tell positions that only count pixels, or state nothing."""
    return units.strip().lower() in ("", "px", "pixel", "pixels", "index", "1", "<undefined>")


def is_counts(units: str) -> bool:
    """Tell counts, or no unit, from rates and other quantities."""
    return units.strip().lower() in _COUNTS


def is_rate(units: str) -> bool:
    """Recognize a unit of counts per time, which counts must not have."""
    return units.strip().lower().endswith(_RATES)


def decimal(text: str | None) -> float | None:
    """Read a finite number with a decimal point or comma; None for what is none."""
    try:
        found = float((text or "").strip().replace(",", "."))
    except ValueError:
        return None
    return found if np.isfinite(found) else None


def may_divide_thousands(word: str) -> bool:
    """Recognize a number whose mark may as well divide thousands as be that of decimals: ``1,234``."""
    return re.fullmatch(r"[-+]?[1-9]\d{0,2}[.,]\d{3}", word) is not None


def _factor(units: str, table: dict[str, float]) -> float | None:
    word = units.strip()
    # "M" is another prefix than "m": lower case only for what is not in the table as it stands.
    return table.get(word, table.get(word.lower()))
