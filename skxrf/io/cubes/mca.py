"""Cubes of ``.mca`` files: a folder with a file for each pixel, or one file of many spectra.

Amptek's are called ``.txt`` where XISMuS wrote them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skxrf.exceptions import FileFormatError

from .mca_text import TextSpectrum, is_amptek, is_spec, parse_facts, parse_spectra
from .memory_map import file_stamp
from .numbered import files_in, grid_of, numbered
from .single import ArrayReader
from .source import CubeRequest, CubeSource, Slices

__all__ = ["open_mca", "recognizes"]

_LAYOUT = ".mca (text)"
# What stands before the counts is a few hundred bytes.
_HEAD_BYTES = 4096


def recognizes(path: Path, head: bytes) -> bool:
    """Whether the file starts as one does, or the folder holds some."""
    if path.is_dir():
        return bool(files_in(path, ".mca")) or any(map(_holds_amptek, files_in(path, ".txt")))
    return is_amptek(head) or is_spec(head)


def open_mca(path: Path, request: CubeRequest) -> tuple[CubeSource, CubeRequest]:
    """Describe a folder of spectra, or the spectra of one file.

    Parameters
    ----------
    path : Path
        The folder, whose files are ordered by the numbers in their names; or one file.
    request : CubeRequest
        ``shape`` tells rows and columns where the names do not.

    Returns
    -------
    source : CubeSource
        The cube; in a folder the files are read with their blocks.
    request : CubeRequest
        As given.

    Raises
    ------
    FileFormatError
        If a file is damaged or missing, or rows and columns are not known.
    """
    if path.is_dir():
        return _folder(path, request), request
    spectra = parse_spectra(path.read_bytes(), path)
    lengths = {len(spectrum.counts) for spectrum in spectra}
    if len(lengths) > 1:
        raise FileFormatError(
            f"{path} holds spectra of {' and '.join(map(str, sorted(lengths)))} channels: expected "
            "those of one detector."
        )
    shape = grid_of([(i,) for i in range(len(spectra))], request.shape, str(path))
    counts = np.stack([spectrum.counts for spectrum in spectra])
    reader = ArrayReader(counts.reshape(*shape, counts.shape[1]))
    return _source(path, reader, spectra, shape), request


@dataclass(frozen=True, eq=False)
class FolderReader:
    """Blocks of a folder with one file for each pixel."""

    files: tuple[Path, ...]
    shape: tuple[int, int, int]
    dtype: np.dtype[Any]
    stamp: tuple[tuple[int, int], ...] = field(repr=False)
    chunks: None = None

    def read(self, key: Slices) -> NDArray[Any]:
        """Read one block, file by file: there is no other way."""
        rows, columns = (
            range(*one.indices(n)) for one, n in zip(key, self.shape[:2], strict=False)
        )
        block = np.empty((len(rows), len(columns), self.shape[2]), self.dtype)
        for i, y in enumerate(rows):
            for j, x in enumerate(columns):
                block[i, j] = self._spectrum(self.files[y * self.shape[1] + x])
        return block[:, :, key[2]]

    def _spectrum(self, file: Path) -> NDArray[Any]:
        counts = _only_spectrum(file).counts
        if len(counts) != self.shape[2]:
            raise FileFormatError(
                f"{file} has {len(counts)} channels, but the first file of its folder "
                f"{self.shape[2]}: they are not of one scan, or it was cut short."
            )
        if not np.can_cast(counts.dtype, self.dtype):
            raise FileFormatError(
                f"{file} holds counts that are not whole numbers, unlike the first file of its "
                "folder: they are not of one scan."
            )
        return counts


def _holds_amptek(file: Path) -> bool:
    """Whether a text file starts as Amptek's do; False where it cannot be read."""
    try:
        with file.open("rb") as stream:
            return is_amptek(stream.read(100))
    except OSError:
        return False


def _folder(path: Path, request: CubeRequest) -> CubeSource:
    if files_in(path, ".edf"):
        raise FileFormatError(
            f"{path} holds both .mca and .edf files: put those of one cube into a folder of their "
            "own."
        )
    found = files_in(path, ".mca") or list(filter(_holds_amptek, files_in(path, ".txt")))
    numbers, files = numbered(found, str(path))
    shape = grid_of(numbers, request.shape, str(path))
    first = _only_spectrum(files[0]).counts
    reader = FolderReader(
        files=tuple(files),
        shape=(*shape, len(first)),
        dtype=first.dtype,
        stamp=tuple(file_stamp(file) for file in files),
    )
    return _source(path, reader, [_facts(file) for file in files], shape)


def _facts(file: Path) -> TextSpectrum:
    """Calibration and times of a file, of which as little is read as can be."""
    with file.open("rb") as stream:
        content = stream.read(_HEAD_BYTES)
        if b"<<DATA>>" not in content and b"\n@A" not in content:
            content += stream.read()
    return parse_facts(content, file)


def _only_spectrum(file: Path) -> TextSpectrum:
    if not file.is_file():
        raise FileFormatError(f"{file} is missing since its folder was opened. Open it again.")
    spectra = parse_spectra(file.read_bytes(), file)
    if len(spectra) > 1:
        raise FileFormatError(
            f"{file} holds {len(spectra)} spectra: in a folder each file is one pixel. Open the "
            "file itself, with shape=(rows, columns)."
        )
    return spectra[0]


def _source(
    path: Path, reader: Any, spectra: Sequence[TextSpectrum], shape: tuple[int, int]
) -> CubeSource:
    energy = spectra[0].energy
    others = [i for i, one in enumerate(spectra) if not _same(one.energy, energy)]
    if others:
        raise FileFormatError(
            f"{path}: spectrum {others[0]} has another calibration than the first one. A cube has "
            "one energy axis: calibrate all in the same way, or remove the calibrations and pass "
            "energy=."
        )
    return CubeSource(
        path=path,
        dataset="",
        layout=_LAYOUT,
        reader=reader,
        dims=("y", "x", "energy"),
        dims_from="the order of its spectra",
        energy=energy,
        energy_from=f"the calibration in {path}",
        live_time=_times([one.live_time for one in spectra], shape),
        real_time=_times([one.real_time for one in spectra], shape),
    )


def _same(one: Any, other: Any) -> bool:
    if one is None or other is None:
        return one is other
    return np.array_equal(one.coef, other.coef, equal_nan=True)


def _times(values: list[float | None], shape: tuple[int, int]) -> NDArray[np.float64] | None:
    """Times [s] of the pixels, where all have one."""
    if None in values:
        return None
    return np.array(values, np.float64).reshape(shape)
