"""Spectra as text: ``.mca`` files of Amptek's, and of SPEC and PyMca.

Amptek's have sections ``<<PMCA SPECTRUM>>`` (lines such as ``LIVE_TIME - 29.5``),
``<<CALIBRATION>>`` (pairs of channel and energy) and ``<<DATA>>`` (a count on each line, up to
``<<END>>``). SPEC's have ``#@CALIB a b c``, ``#@CHANN`` (number, first, last), ``#@CTIME`` (preset,
live, real) and counts that start with ``@A``, a backslash at the end of each line that goes on.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.polynomial import Polynomial
from numpy.typing import NDArray

from skxrf.exceptions import FileFormatError
from skxrf.utils.units import to_kev

__all__ = ["TextSpectrum", "is_amptek", "is_spec", "parse_facts", "parse_spectra", "whole_counts"]

_SECTION = re.compile(r"^<<([^<>\n]+)>>[ \t]*$", re.MULTILINE)
_ENERGY_UNITS = ("kev", "ev")


@dataclass(frozen=True)
class TextSpectrum:
    """One spectrum and what its file says about it."""

    counts: NDArray[Any]
    """Shape (n_channels,), uint32 where they are whole numbers that fit, else float64."""
    energy: Polynomial | None = None
    """Energy [keV] of channel numbers from 0."""
    live_time: float | None = None
    """Seconds."""
    real_time: float | None = None


def is_amptek(head: bytes) -> bool:
    """Whether a file's first bytes are those of an Amptek ``.mca``."""
    return head.lstrip(b"\xef\xbb\xbf \r\n").startswith(b"<<PMCA SPECTRUM>>")


def is_spec(head: bytes) -> bool:
    """Whether a file's first bytes are those of a SPEC file."""
    return head.startswith((b"#F ", b"#S "))


def parse_spectra(content: bytes, path: Path) -> list[TextSpectrum]:
    """All spectra of a file.

    Parameters
    ----------
    content : bytes
        The file.
    path : Path
        Its name, for error messages.

    Returns
    -------
    list of TextSpectrum
        In the order of the file; at least one.

    Raises
    ------
    FileFormatError
        If the file is of neither kind, holds no spectrum, or is damaged.
    """
    text = content.decode("latin-1").replace("\r\n", "\n").lstrip("\xef\xbb\xbf")
    if is_amptek(content[:100]):
        return [_amptek(text, path)]
    if is_spec(content[:100]):
        return _spec(text, path)
    raise FileFormatError(
        f"{path} starts with {content[:16]!r}: expected an .mca file, of Amptek's (<<PMCA "
        "SPECTRUM>>) or of SPEC and PyMca (#F, #S)."
    )


def parse_facts(content: bytes, path: Path) -> TextSpectrum:
    """What stands before the counts of a file with one spectrum; its counts are left empty.

    Parameters
    ----------
    content : bytes
        The start of the file, down to its counts at least.
    path : Path
        Its name, for error messages.

    Returns
    -------
    TextSpectrum
        Calibration and times.

    Raises
    ------
    FileFormatError
        If the file is of neither kind.
    """
    if is_amptek(content[:100]):
        header = content.partition(b"<<DATA>>")[0]
        return parse_spectra(header + b"\n<<DATA>>\n<<END>>\n", path)[0]
    if not is_spec(content[:100]):
        return parse_spectra(content, path)[0]  # the error that says so
    lines = []
    for line in content.splitlines():
        if line.startswith(b"@A"):
            break
        # The number of channels says nothing where no counts are looked at.
        lines.append(re.sub(rb"^#@CHANN\s+\S+", b"#@CHANN 0", line))
    return parse_spectra(b"\n".join([*lines, b"@A"]), path)[0]


def whole_counts(values: NDArray[np.float64]) -> NDArray[Any]:
    """Counts in uint32 where they are whole numbers that fit, else as they are."""
    with np.errstate(invalid="ignore"):
        whole = np.all((values >= 0) & (values < 2**32) & (values == np.floor(values)))
    return values.astype(np.uint32) if whole else values


def _amptek(text: str, path: Path) -> TextSpectrum:
    parts = _SECTION.split(text)
    sections = dict(zip(parts[1::2], parts[2::2], strict=True))
    if "DATA" not in sections or "END" not in sections:
        raise FileFormatError(
            f"{path} has no section <<DATA>> that ends with <<END>>: it was cut short. Copy it "
            "again."
        )
    facts = dict(re.findall(r"^([A-Z_]+) - (.*)$", sections.get("PMCA SPECTRUM", ""), re.MULTILINE))
    return TextSpectrum(
        counts=_counts(sections["DATA"].split(), path),
        energy=_line_through(sections.get("CALIBRATION", ""), path),
        live_time=_seconds(facts.get("LIVE_TIME")),
        real_time=_seconds(facts.get("REAL_TIME")),
    )


def _line_through(section: str, path: Path) -> Polynomial | None:
    """The straight line [keV] nearest to pairs of channel and energy; two at least."""
    label = re.search(r"^LABEL - (.*)$", section, re.MULTILINE)
    unit = label[1].strip().lower() if label else ""
    points = np.array(
        [_floats(line.split()) for line in section.splitlines() if len(line.split()) == 2]
    )
    points = points.reshape(-1, 2)
    if len(np.unique(points[:, 0])) < 2 or not np.isfinite(points).all():
        return None
    energy = to_kev(points[:, 1], unit if unit in _ENERGY_UNITS else "", source=str(path))
    channel = points[:, 0] - points[:, 0].mean()
    spread = (channel**2).sum()
    if not 0 < spread < np.inf:
        return None
    gain = float((channel * energy).sum() / spread)
    return Polynomial([float(energy.mean() - gain * points[:, 0].mean()), gain])


def _spec(text: str, path: Path) -> list[TextSpectrum]:
    found: list[TextSpectrum] = []
    state: dict[str, list[float]] = {}
    lines = iter(text.split("\n"))
    for line in lines:
        if line.startswith("#S "):
            state = {}
        elif match := re.match(r"#@(CALIB|CHANN|CTIME)\s+(.*)", line):
            state[match[1]] = _floats(match[2].split())
        elif line.startswith("@A"):
            words = _continued(line.removeprefix("@A"), lines)
            found.append(_with_header(_counts(words, path), state, path))
    if not found:
        raise FileFormatError(f"{path} is a SPEC file without spectra: expected lines from @A on.")
    return found


def _continued(line: str, lines: Iterable[str]) -> list[str]:
    words: list[str] = []
    while line.rstrip().endswith("\\"):
        words += line.rstrip().removesuffix("\\").split()
        line = next(iter(lines), "")
    return words + line.split()


def _with_header(counts: NDArray[Any], state: dict[str, list[float]], path: Path) -> TextSpectrum:
    first = 0.0
    if len(state.get("CHANN", [])) >= 2:
        n_channels, first = state["CHANN"][:2]
        if n_channels != len(counts):
            raise FileFormatError(
                f"{path} says that a spectrum has {n_channels:g} channels and holds {len(counts)}: "
                "it is damaged or was cut short. Copy it again."
            )
    energy = None
    calibration = state.get("CALIB", [])
    # 0 1 0 counts channels; it is written where there is no calibration.
    if len(calibration) >= 2 and calibration not in ([0, 1], [0, 1, 0]):
        energy = Polynomial(calibration)(Polynomial([first, 1.0]))
    times = [*state.get("CTIME", []), np.nan, np.nan, np.nan]
    return TextSpectrum(counts, energy, _seconds(times[1]), _seconds(times[2]))


def _counts(words: list[str], path: Path) -> NDArray[Any]:
    try:
        values = np.array(words, np.float64)
    except ValueError as error:
        raise FileFormatError(f"{path} holds counts that are no numbers: {error}.") from None
    return whole_counts(values)


def _floats(words: Iterable[str]) -> list[float]:
    found = []
    for word in words:
        try:
            found.append(float(word.replace(",", ".")))
        except ValueError:
            found.append(np.nan)
    return found


def _seconds(value: str | float | None) -> float | None:
    try:
        seconds = float(value) if value is not None else np.nan
    except ValueError:
        return None
    return seconds if 0 < seconds < np.inf else None
