"""One spectrum of a text file, and numbers as text files write them."""

from __future__ import annotations

import codecs
import re
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.polynomial import Polynomial
from numpy.typing import NDArray

from skxrf.exceptions import Argument, FileFormatError
from skxrf.utils.units import decimal, seconds_per

from .._packed import read_bytes


@dataclass(frozen=True)
class TextSpectrum:
    """One spectrum and what its file says about it."""

    counts: NDArray[Any]
    """Shape (n_channels,), uint32 where they are whole numbers that fit, else float64."""
    energy: NDArray[np.float64] | Polynomial | None = None
    """Energies [keV], or a polynomial that gives them from stored channels from 0."""
    problem: tuple[str | Argument, ...] = ()  # reason for which a calibration is not used
    live_time: float | None = None  # seconds
    real_time: float | None = None
    scan: str = ""  # number of its scan, with that of the repetition where a number occurs twice
    detector: str = ""  # name of its detector, empty where there is one
    motors: Mapping[str, float] = field(default_factory=dict)
    """Positions at its point, by the name of the motor."""


def whole_counts(values: NDArray[np.float64]) -> NDArray[Any]:
    """Counts in uint32 where they are whole numbers that fit, else as they are."""
    with np.errstate(invalid="ignore"):
        whole = np.all((values >= 0) & (values < 2**32) & (values == np.floor(values)))
    return values.astype(np.uint32) if whole else values


def counts_of(words: list[str], path: Path) -> NDArray[Any]:
    """Counts from the words of a file."""
    try:
        values = np.array(words, np.float64)
    except ValueError as error:
        raise FileFormatError(f"{path} holds counts that are no numbers: {error}.") from None
    return whole_counts(values)


def floats(words: Iterable[str]) -> list[float]:
    """Numbers with a decimal point or comma, NaN for what is none."""
    return [np.nan if (found := decimal(word)) is None else found for word in words]


def seconds(value: str | float | None, units: str = "") -> float | None:
    """Positive time [s], with a decimal point or comma; None for what is none."""
    number, _, word = str(value or "").strip().partition(" ")
    found, factor = decimal(number), seconds_per(units or word)
    if (found is None or factor is None) and re.search(r"\d", number):
        warnings.warn(
            f"the time {str(value)[:40]!r} {units} is no number of seconds: it is left out.".replace(
                "  ", " "
            ),
            UserWarning,
            stacklevel=2,
        )
    return found * factor if factor is not None and found is not None and found > 0 else None


def decoded(content: bytes) -> str:
    """Text of a file with plain line ends: UTF-16 where its mark begins it, UTF-8, else Latin-1."""
    utf_16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = content.decode(
            "utf-16" if utf_16 else "utf-8-sig", "replace" if utf_16 else "strict"
        )
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read_spectrum(path: Path, at_most: int = 1 << 24) -> bytes:
    """Content of a file of text that is no longer than a spectrum may be; its numbers take ten times that."""
    return read_bytes(path, at_most)


def same_length(stated: float, found: int, what: str, path: Path) -> None:
    """Refuse a spectrum that is not as long as its header says, but for a count that is off by one.

    Only where the end of the spectrum is marked: nothing is missing then.
    """
    if abs(stated - found) > 1:
        raise FileFormatError(
            f"{path} says that {what} has {stated:g} channels and holds {found}: it is damaged or was cut "
            "short. Copy it again."
        )
    if stated != found:
        warnings.warn(
            f"{path} says that {what} has {stated:g} channels, and holds {found} up to its end.",
            UserWarning,
            stacklevel=2,
        )
