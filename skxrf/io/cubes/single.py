"""Spectra that were read whole because the file is small, as cubes: one, or several of one calibration."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skxrf.exceptions import Argument, FileFormatError

from .arrange import ArrayReader
from .beside import Motor
from .source import BlockReader, CubeRequest, CubeSource
from .stated_axis import same_axis
from .text_spectrum import TextSpectrum


def one_spectrum(
    path: Path,
    layout: str,
    spectrum: TextSpectrum,
    *,
    energy_from: str,
    attrs: Mapping[str, str | float] | None = None,
) -> CubeSource:
    """Describe a single spectrum as a cube of one pixel."""
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
        live_time=times([spectrum.live_time], (1, 1)),
        real_time=times([spectrum.real_time], (1, 1)),
        attrs=attrs or {},
    )


def _smallest_unsigned(counts: NDArray[Any]) -> NDArray[Any]:
    """The same counts, in uint16 or uint32 where they fit: text files have no type of their own."""
    highest = int(counts.max(initial=0)) if counts.dtype.kind == "u" else 2**64
    for dtype in (np.uint16, np.uint32):
        if highest <= np.iinfo(dtype).max:
            return counts.astype(dtype)
    return counts


def several_spectra(
    path: Path,
    layout: str,
    spectra: Sequence[TextSpectrum],
    request: CubeRequest,
    *,
    steps: str = "",
    attrs: Mapping[str, str | float] | None = None,
) -> CubeSource:
    """Describe the spectra of one detector in one file, a point each."""
    lengths = {len(one.counts) for one in spectra}
    if len(lengths) > 1:
        raise FileFormatError(
            f"{path} holds spectra of {' and '.join(map(str, sorted(lengths)))} channels: expected "
            "those of one detector."
        )
    shape = (len(spectra),)
    reader = ArrayReader(np.stack([one.counts for one in spectra]))
    return replace(
        alike(path, layout, reader, spectra, request),
        dims=("point", "energy"),
        live_time=times([one.live_time for one in spectra], shape),
        real_time=times([one.real_time for one in spectra], shape),
        motors=_motors(spectra),
        steps=steps,
        attrs=attrs or {},
    )


def alike(
    path: Path,
    layout: str,
    reader: BlockReader,
    spectra: Sequence[TextSpectrum],
    request: CubeRequest,
) -> CubeSource:
    """Describe spectra by their one calibration; several are refused unless the caller gives the axis."""
    energy = spectra[0].energy
    others = [i for i, one in enumerate(spectra) if not same_axis(one.energy, energy)]
    if others and request.energy is None:
        raise FileFormatError(
            f"{path}: spectrum {others[0]} has another calibration than the first one. A cube has "
            "one energy axis: calibrate all in the same way, or pass ",
            Argument("energy"),
            ", the axis of all.",
        )
    return CubeSource(
        path=path,
        dataset="",
        layout=layout,
        reader=reader,
        dims_from="the order of its spectra",
        energy=energy,
        energy_hint=spectra[0].problem,
        energy_from=f"the calibration in {path}",
    )


def times(values: Sequence[float | None], shape: tuple[int, ...]) -> NDArray[np.float64] | None:
    """Times [s] of the pixels, where there are any; NaN for those without."""
    # None becomes NaN.
    found = np.array(values, np.float64).reshape(shape)
    return None if np.isnan(found).all() else found


def _motors(spectra: Sequence[TextSpectrum]) -> list[Motor]:
    """Motors that have a position for each spectrum; a unit stands in brackets behind the name."""
    found = []
    for label in spectra[0].motors:
        match = re.fullmatch(r"(.*?)\s*(?:[(\[](\w*)[)\]])?", label)
        if match and all(label in one.motors for one in spectra):
            values = np.array([one.motors[label] for one in spectra])
            found.append(Motor(match[1], values, match[2] or ""))
    return found
