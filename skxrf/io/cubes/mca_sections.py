"""Spectra as text with a key or section a line: multi-element ``.mca`` of GSECARS, and IAEA's ``.spe``.

GSECARS: lines ``KEY: value``, among them ``ELEMENTS`` (number of detectors), ``CHANNELS``, ``REAL_TIME``,
``LIVE_TIME``, ``CAL_OFFSET``, ``CAL_SLOPE`` and ``CAL_QUAD`` (one value a detector, in keV); after ``DATA:`` a line a
channel with a count a detector (as larch writes and reads them).
IAEA: sections ``$MEAS_TIM:`` (live and real time), ``$DATA:`` (first and last channel, then counts),
``$MCA_CAL:`` (number of coefficients; they and their unit), ``$ENER_FIT:`` (offset and gain) or
``$ENER_DATA:`` (number of pairs of channel and energy; they).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from skxrf.exceptions import FileFormatError

from .axes import axis_or_reason
from .stated_axis import stated_axis
from .text_spectrum import TextSpectrum, counts_of, floats, seconds

_COEFFICIENTS = ("CAL_OFFSET", "CAL_SLOPE", "CAL_QUAD")


def is_gse(head: bytes) -> bool:
    """Recognize a file of GSECARS by its first bytes."""
    return (
        re.match(rb"(?i)\s*(VERSION|ELEMENTS|DATE):[ \t].*", head) is not None
        and b"CHANNELS:" in head.upper()
    )


def is_spe(head: bytes) -> bool:
    """Recognize a file of IAEA's by its first bytes."""
    return re.match(rb"(?i)\s*\$[A-Z_]+:", head) is not None


def gse_spectra(text: str, path: Path) -> list[TextSpectrum]:
    """Read the spectrum of each detector; they are called ``1``, ``2``, ... where there are several."""
    header, found, data = (
        re.split(r"(?m)^(DATA:)[ \t]*\n", text + "\n", maxsplit=1)[:3]
        if ("DATA:" in text)
        else (text, "", "")
    )
    keys: dict[str, list[str]] = {}
    for line in header.splitlines():
        key, colon, value = line.partition(":")
        if colon:
            keys.setdefault(key.strip().upper(), value.split())
    n_detectors = _whole(keys, "ELEMENTS", 1)
    n_channels = _whole(keys, "CHANNELS", 0)
    lines = [line.split() for line in data.splitlines() if line.strip()]
    if not found or len(lines) != n_channels or any(len(one) != n_detectors for one in lines):
        raise FileFormatError(
            f"{path} says that it has {n_channels} channels of {n_detectors} detectors, and holds "
            f"{len(lines)} lines{'' if found else ' and no DATA'}: it is damaged or was cut short. Copy it again."
        )
    return [_of_detector(i, keys, [one[i] for one in lines], path) for i in range(n_detectors)]


def _whole(keys: dict[str, list[str]], name: str, default: int) -> int:
    said = keys.get(name, [])
    return int(said[0]) if said and re.fullmatch(r"\d{1,7}", said[0]) else default


def _of_detector(i: int, keys: dict[str, list[str]], words: list[str], path: Path) -> TextSpectrum:
    def stated(name: str) -> float | None:
        values = floats(keys.get(name, []))
        return values[i] if i < len(values) else None

    line = [stated(name) for name in _COEFFICIENTS]
    known = [one for one in line if one is not None]
    energy, problem = axis_or_reason(
        lambda: stated_axis(
            coefficients=known if len(known) > 1 and any(known) else None,
            source=f"{', '.join(_COEFFICIENTS)} in {path}",
        )
    )
    return TextSpectrum(
        counts_of(words, path),
        energy,
        problem,
        live_time=seconds(stated("LIVE_TIME")),
        real_time=seconds(stated("REAL_TIME")),
        detector=str(i + 1) if _whole(keys, "ELEMENTS", 1) > 1 else "",
    )


def spe_spectrum(text: str, path: Path) -> TextSpectrum:
    """Read the one spectrum of a ``.spe``."""
    parts = re.split(r"(?m)^[ \t]*\$([A-Za-z_]+):[ \t]*\n?", text)
    sections = dict(zip(map(str.upper, parts[1::2]), parts[2::2], strict=True))
    words = sections.get("DATA", "").split()
    if len(words) < 3 or not all(re.fullmatch(r"\d{1,7}", one) for one in words[:2]):
        raise FileFormatError(
            f"{path} has no section $DATA: with a first and last channel and counts: it was cut short, or is "
            "no .spe of text. Copy it again."
        )
    first, last = int(words[0]), int(words[1])
    # The last channel, or in some files the number of channels.
    if len(words) - 2 not in (last - first + 1, last - first):
        raise FileFormatError(
            f"{path} says that its channels are {first} to {last} and holds {len(words) - 2}: it is damaged or "
            "was cut short. Copy it again."
        )
    energy, problem = axis_or_reason(lambda: _spe_axis(sections, first, path))
    times = [*floats(sections.get("MEAS_TIM", "").split()), np.nan, np.nan]
    return TextSpectrum(
        counts_of(words[2:], path),
        energy,
        problem,
        live_time=seconds(times[0]),
        real_time=seconds(times[1]),
    )


def _spe_axis(sections: dict[str, str], first: int, path: Path) -> Any:
    words = sections.get("MCA_CAL", "").split()
    n = int(words.pop(0)) if words and re.fullmatch(r"[1-9]", words[0]) else 0
    if not n:
        words = sections.get("ENER_FIT", "").split()
        n = next((i for i, one in enumerate(words) if np.isnan(floats([one])[0])), len(words))
    coefficients, unit = floats(words[:n]), "".join(words[n : n + 1])
    source = f"the calibration in {path}"
    if any(coefficients[1:]):
        return stated_axis(coefficients=coefficients, units=unit, first=first, source=source)
    pairs = floats(sections.get("ENER_DATA", "").split()[1:])
    points = list(zip(pairs[::2], pairs[1::2], strict=False))
    return stated_axis(points=points if len(points) > 1 else None, first=first, source=source)
