"""Single spectra ``.msa`` (EMSA/MAS, ISO 22029): lines ``#KEY : value``, then the counts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skxrf.exceptions import Argument, EnergyAxisError, FileFormatError
from skxrf.utils.units import decimal

from .single import ArrayReader, smallest_unsigned
from .source import CubeRequest, CubeSource
from .stated_axis import stated_axis
from .text_spectrum import whole_counts

__all__ = ["open_msa", "recognizes"]

_LARGEST = 1 << 24
# A key may carry its unit, as in "#LIVETIME  -s: 120".
_LINE = re.compile(r"#+(\w+)[ \t]*(?:-\w+)?[ \t]*:[ \t]*(.*)")


def recognizes(path: Path, head: bytes) -> bool:
    """Recognize an EMSA file by its start."""
    return re.match(rb"\s*#FORMAT\s*:\s*EMSA", head, re.IGNORECASE) is not None


def open_msa(path: Path, request: CubeRequest) -> tuple[CubeSource, CubeRequest]:
    """Describe a single spectrum as a cube of one pixel.

    Parameters
    ----------
    path : Path
        The ``.msa`` file.
    request : CubeRequest
        An energy axis of the caller's replaces that of the file.

    Returns
    -------
    source : CubeSource
        The cube of shape (1, 1, n_channels).
    request : CubeRequest
        As given.

    Raises
    ------
    FileFormatError
        If the file is damaged or holds no spectrum.
    EnergyAxisError
        If its axis is in an unknown unit.
    """
    header, data = _parts(path)
    keys = {
        match[1].upper(): match[2].strip()
        for line in header.splitlines()
        if (match := _LINE.fullmatch(line.strip()))
    }
    counts, positions = _numbers(data, keys, path)
    energy = None if request.energy is not None else _energy(keys, positions, path)
    whole = whole_counts(counts)
    source = CubeSource(
        path=path,
        dataset="",
        layout="EMSA (.msa)",
        reader=ArrayReader(
            (smallest_unsigned(whole) if whole.dtype.kind == "u" else whole).reshape(1, 1, -1)
        ),
        dims=("y", "x", "energy"),
        dims_from="being one spectrum",
        energy=energy,
        energy_from=f"the header of {path}",
        live_time=_seconds(keys.get("LIVETIME")),
        real_time=_seconds(keys.get("REALTIME")),
        attrs=_about(keys),
    )
    return source, request


def _parts(path: Path) -> tuple[str, str]:
    """Header and counts, which end at lines of their own."""
    if path.stat().st_size > _LARGEST:
        raise FileFormatError(f"{path} has {path.stat().st_size:,} bytes, more than any spectrum.")
    text = path.read_bytes().decode("latin-1").replace("\r\n", "\n")
    parts = re.split(r"(?im)^#SPECTRUM\b.*$", text, maxsplit=1)
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
    stated = _number(keys, "NPOINTS")
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
    if stated is not None and stated != values.size:
        raise FileFormatError(
            f"{path} says that its spectrum has {stated:g} channels and holds {values.size}: it is "
            "damaged or was cut short. Copy it again."
        )
    return values, positions


def _energy(keys: Mapping[str, str], positions: NDArray[np.float64] | None, path: Path) -> Any:
    unit = keys.get("XUNITS", "")
    if positions is not None:
        return stated_axis(values=positions, units=unit, source=str(path))
    line = [_number(keys, key) for key in ("OFFSET", "XPERCHAN")]
    unread = [key for key in ("OFFSET", "XPERCHAN") if key in keys and _number(keys, key) is None]
    if unread:
        raise EnergyAxisError(f"{path} says #{unread[0]} {keys[unread[0]]!r}: expected a number.")
    known = [one for one in line if one is not None]
    if len(known) < len(line):
        return None
    if not unit:
        raise EnergyAxisError(
            f"{path} says no unit of its axis (#XUNITS): pass ", Argument("energy"), "."
        )
    # OFFSET is that of the first number; CHOFFSET, in Bruker's files, names the channel of zero energy.
    source = f"#OFFSET, #XPERCHAN and #XUNITS in {path}"
    return stated_axis(coefficients=known, units=unit, source=source)


def _number(keys: Mapping[str, str], key: str) -> float | None:
    try:
        value = decimal(keys[key])
    except (KeyError, ValueError):
        return None
    return value if np.isfinite(value) else None


def _seconds(text: str | None) -> NDArray[np.float64] | None:
    value = _number({} if text is None else {"": text}, "")
    return None if value is None or value <= 0 else np.array([[value]])


def _about(keys: Mapping[str, str]) -> dict[str, str | float]:
    found: dict[str, str | float] = {
        name: keys[key]
        for name, key in (("title", "TITLE"), ("date", "DATE"), ("detector", "RTDET"))
        if keys.get(key)
    }
    voltage = _number(keys, "BEAMKV")
    if voltage:
        found["beam_energy_keV"] = voltage
    return found
