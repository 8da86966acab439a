"""One spectrum of a text file, and numbers as text files write them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.polynomial import Polynomial
from numpy.typing import NDArray

from skxrf.exceptions import Argument, FileFormatError

__all__ = ["TextSpectrum", "counts_of", "floats", "seconds", "whole_counts"]


@dataclass(frozen=True)
class TextSpectrum:
    """One spectrum and what its file says about it."""

    counts: NDArray[Any]
    """Shape (n_channels,), uint32 where they are whole numbers that fit, else float64."""
    energy: Polynomial | None = None
    """Energy [keV] of stored channels from 0."""
    problem: tuple[str | Argument, ...] = ()
    """Reason for which a calibration is not used."""
    live_time: float | None = None
    """Seconds."""
    real_time: float | None = None
    scan: str = ""
    """Number of its scan, with that of the repetition where a number occurs twice."""
    detector: str = ""
    """Name of its detector, empty where there is one."""


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
    found = []
    for word in words:
        try:
            found.append(float(word.replace(",", ".")))
        except ValueError:
            found.append(np.nan)
    return found


def seconds(value: str | float | None) -> float | None:
    """Positive time, None for what is none."""
    try:
        found = float(value) if value is not None else np.nan
    except ValueError:
        return None
    return found if 0 < found < np.inf else None
