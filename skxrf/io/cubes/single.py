"""Counts that were read whole because the file is small: a single spectrum, a folder's table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .source import CubeSource, Slices
from .text_spectrum import TextSpectrum

__all__ = ["ArrayReader", "one_spectrum"]


@dataclass(frozen=True, eq=False)
class ArrayReader:
    """Blocks of an array in memory."""

    values: NDArray[Any]
    chunks: None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes of its axes."""
        return self.values.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of its counts."""
        return self.values.dtype

    def read(self, key: Slices) -> NDArray[Any]:
        """Copy one block."""
        return self.values[key].copy()


def one_spectrum(
    path: Path,
    layout: str,
    spectrum: TextSpectrum,
    *,
    energy_from: str,
    attrs: Mapping[str, str | float] | None = None,
) -> CubeSource:
    """Describe a single spectrum as a cube of one pixel."""
    times = {
        name: None if seconds is None else np.array([[seconds]])
        for name, seconds in (
            ("live_time", spectrum.live_time),
            ("real_time", spectrum.real_time),
        )
    }
    return CubeSource(
        path=path,
        dataset="",
        layout=layout,
        reader=ArrayReader(_smallest_unsigned(spectrum.counts).reshape(1, 1, -1)),
        dims=("y", "x", "energy"),
        dims_from="being one spectrum",
        energy=spectrum.energy,
        energy_hint=spectrum.problem,
        energy_from=energy_from,
        live_time=times["live_time"],
        real_time=times["real_time"],
        attrs=attrs or {},
    )


def _smallest_unsigned(counts: NDArray[Any]) -> NDArray[Any]:
    """The same counts, in uint16 or uint32 where they fit: text files have no type of their own."""
    highest = int(counts.max(initial=0)) if counts.dtype.kind == "u" else 2**64
    for dtype in (np.uint16, np.uint32):
        if highest <= np.iinfo(dtype).max:
            return counts.astype(dtype)
    return counts
