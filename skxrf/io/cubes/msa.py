"""Single spectra ``.msa`` (EMSA/MAS, ISO 22029): lines ``#KEY -unit: value``, then the counts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skxrf.exceptions import Argument, CountsError, EnergyAxisError, FileFormatError
from skxrf.utils.units import decimal, is_rate, to_kev

from .axes import axis_or_reason
from .single import one_spectrum
from .source import CubeRequest, CubeSource
from .stated_axis import stated_axis
from .text_spectrum import (
    TextSpectrum,
    decoded,
    read_spectrum,
    same_length,
    seconds,
    whole_counts,
)

_LINE = re.compile(r"#+(\w+)[ \t]*(?:-(\w+))?[ \t]*:[ \t]*(.*)")
_AXIS = ("OFFSET", "XPERCHAN")


def recognizes(path: Path, head: bytes) -> bool:
    """Recognize an EMSA file by its start."""
    return re.match(r"\s*#FORMAT\s*:\s*EMSA", decoded(head), re.IGNORECASE) is not None


def open_msa(path: Path, request: CubeRequest) -> tuple[CubeSource, CubeRequest]:
    """Describe a single spectrum as a cube of one pixel."""
    spectrum, attrs = msa_spectrum(decoded(read_spectrum(path)), path)
    from_ = f"the header of {path}"
    return one_spectrum(path, "EMSA (.msa)", spectrum, energy_from=from_, attrs=attrs), request


def msa_spectrum(content: str, path: Path) -> tuple[TextSpectrum, dict[str, str | float]]:
    """Read a spectrum, and what else its header states."""
    header, data = _parts(content, path)
    found = [match for line in header.splitlines() if (match := _LINE.fullmatch(line.strip()))]
    keys = {match[1].upper(): match[3].strip() for match in found}
    units = {match[1].upper(): match[2] or "" for match in found}
    if is_rate(keys.get("YUNITS", "")):
        raise CountsError(
            f"{path} says #YUNITS {keys['YUNITS']!r}: expected counts. Export counts."
        )
    counts, positions = _numbers(data, keys, path)
    energy, problem = axis_or_reason(lambda: _energy(keys, units, positions, path))
    live_time, real_time = (
        seconds(keys.get(key), units.get(key, "")) for key in ("LIVETIME", "REALTIME")
    )
    spectrum = TextSpectrum(
        whole_counts(counts), energy, problem, live_time=live_time, real_time=real_time
    )
    return spectrum, _about(keys)


def _parts(content: str, path: Path) -> tuple[str, str]:
    """Header and counts, which end at lines of their own."""
    parts = re.split(r"(?im)^#SPECTRUM\b.*$", content, maxsplit=1)
    ended = re.split(r"(?im)^#ENDOFDATA\b", parts[-1], maxsplit=1)
    if len(parts) < 2 or len(ended) < 2:
        raise FileFormatError(
            f"{path} has no line #SPECTRUM with counts up to a line #ENDOFDATA: it was cut short. "
            "Copy it again."
        )
    return parts[0], ended[0]


def _numbers(
    data: str, keys: Mapping[str, str], path: Path
) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
    """Counts, and where they come in pairs their places on the axis."""
    stated = decimal(keys.get("NPOINTS"))
    pairs = keys.get("DATATYPE", "Y").upper() == "XY"
    # A comma is a separator, or else that of a decimal where the numbers are then as many as stated.
    words = data.replace(",", " ").split()
    as_decimals = data.replace(", ", " ").replace(",\n", " ").replace(",", ".").split()
    if stated is not None and len(words) != stated * (1 + pairs) == len(as_decimals):
        words = as_decimals
    try:
        values = np.array(words, np.float64)
    except ValueError as error:
        raise FileFormatError(f"{path} holds counts that are no numbers: {error}.") from None
    positions = None
    if pairs:
        if values.size % 2:
            raise FileFormatError(f"{path} holds {values.size} numbers: expected pairs (XY).")
        positions, values = values[::2], values[1::2]
    if stated is not None:
        same_length(stated, values.size, "its spectrum", path)
    return values, positions


def _energy(
    keys: Mapping[str, str],
    units: Mapping[str, str],
    positions: NDArray[np.float64] | None,
    path: Path,
) -> Any:
    own = [units.get(key, "") for key in _AXIS]
    unit = keys.get("XUNITS", "") or next(filter(None, reversed(own)), "")
    if positions is not None:
        return stated_axis(values=positions, units=unit, source=str(path))
    unread = [key for key in _AXIS if key in keys and decimal(keys.get(key)) is None]
    if unread:
        raise EnergyAxisError(f"{path} says #{unread[0]} {keys[unread[0]]!r}: expected a number.")
    line = [one for key in _AXIS if (one := decimal(keys.get(key))) is not None]
    if len(line) < len(_AXIS):
        return None
    if not unit:
        raise EnergyAxisError(
            f"{path} says no unit of its axis (#XUNITS): pass ", Argument("energy"), "."
        )
    # OFFSET is that of the first number; CHOFFSET, in Bruker's files, names the channel of zero energy.
    source = f"#OFFSET, #XPERCHAN and #XUNITS in {path}"
    kev = [
        float(to_kev(one, said or unit, source=source)) for one, said in zip(line, own, strict=True)
    ]
    return stated_axis(coefficients=kev, units="keV", source=source)


def _about(keys: Mapping[str, str]) -> dict[str, str | float]:
    found: dict[str, str | float] = {
        name: keys[key]
        for name, key in (("title", "TITLE"), ("date", "DATE"), ("detector", "RTDET"))
        if keys.get(key)
    }
    voltage = decimal(keys.get("BEAMKV"))
    if voltage:
        found["beam_energy_keV"] = voltage
    return found
