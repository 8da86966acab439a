"""Cubes of ``.mca`` and ``.spe`` files: a folder with a file for each pixel, or one file of many spectra.

Amptek's are called ``.txt`` where XISMuS wrote them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skxrf.exceptions import Argument, FileFormatError

from .._limits import LIMITS, READ
from .._packed import opened
from . import column_text
from .arrange import chosen_names, chosen_one
from .detectors import added
from .mca_sections import is_gse, is_spe
from .mca_text import is_amptek, is_spec, parse_facts, parse_spectra
from .memory_map import file_stamp, require_unchanged
from .numbered import Series, files_in, grid_of, series
from .single import alike, several_spectra, times
from .source import CubeRequest, CubeSource, Slices
from .text_spectrum import TextSpectrum, read_spectrum

_LAYOUT = ".mca (text)"


def recognizes(path: Path, head: bytes) -> bool:
    """Recognize a file by its start, a folder by its files."""
    if path.is_dir():
        return bool(_files_of(path))
    return is_amptek(head) or is_spec(head) or is_gse(head) or is_spe(head)


def open_mca(path: Path, request: CubeRequest) -> tuple[CubeSource, CubeRequest]:
    """Describe a folder of spectra, or the spectra of one file."""
    if path.is_dir():
        return _folder(path, request), replace(request, detector=None, shape=None, axes=None)
    with opened(path) as stream:
        many = is_spec(stream.read(100))
    content = read_spectrum(path, LIMITS.spectra_bytes) if many else read_spectrum(path)
    spectra = _of_one_scan(parse_spectra(content, path), request, path)
    names = tuple(dict.fromkeys(one.detector for one in spectra))
    wanted = chosen_names(request.detector, names, str(path))
    steps = _steps(spectra, wanted if len(wanted) < len(names) else ())
    sources = [
        several_spectra(
            path, _LAYOUT, [one for one in spectra if one.detector == name], request, steps=steps
        )
        for name in wanted
    ]
    return added(sources, wanted), replace(request, detector=None, scan=None, dataset=None)


def _of_one_scan(
    spectra: list[TextSpectrum], request: CubeRequest, path: Path
) -> list[TextSpectrum]:
    """The spectra of the scan that the caller chose; all, where each scan has but one point."""
    names = tuple(dict.fromkeys(one.scan for one in spectra))
    n_detectors = {
        name: len({one.detector for one in spectra if one.scan == name}) for name in names
    }
    wanted = request.scan if request.scan is not None else request.dataset
    single = all(sum(one.scan == name for one in spectra) == n_detectors[name] for name in names)
    if wanted is None and (len(names) == 1 or single):
        return spectra
    if isinstance(wanted, str) and wanted not in names:
        wanted = wanted.removesuffix(".1")
    choice = chosen_one(wanted, names, "scan", str(path))
    return [one for one in spectra if one.scan == names[int(choice)]]


def _steps(spectra: Sequence[TextSpectrum], chosen: Sequence[str]) -> str:
    scan = f"scan {spectra[0].scan}" if len({one.scan for one in spectra}) == 1 else ""
    steps = [scan if spectra[0].scan else "", *(f"detector {name}" for name in chosen)]
    return ", ".join(filter(None, steps))


@dataclass(frozen=True, eq=False)
class FolderReader:
    """Blocks of a folder with one file for each pixel."""

    files: tuple[Path | None, ...]  # row by row, None for those that a stopped scan did not reach
    shape: tuple[int, int, int]
    dtype: np.dtype[Any]
    stamps: tuple[tuple[int, int] | None, ...] = field(repr=False)
    chunks: None = None

    def read(self, key: Slices) -> NDArray[Any]:
        """Read one block, file by file: there is no other way."""
        rows, columns = (
            range(*one.indices(n)) for one, n in zip(key, self.shape[:2], strict=False)
        )
        block = np.zeros((len(rows), len(columns), self.shape[2]), self.dtype)
        for i, y in enumerate(rows):
            for j, x in enumerate(columns):
                at = y * self.shape[1] + x
                file, stamp = self.files[at], self.stamps[at]
                if file is not None and stamp is not None:
                    block[i, j] = self._spectrum(file, stamp)
        return block[:, :, key[2]]

    def _spectrum(self, file: Path, stamp: tuple[int, int]) -> NDArray[Any]:
        require_unchanged(file, stamp)
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


def _files_of(path: Path) -> list[Path]:
    """Files of a folder that hold a spectrum each."""
    for suffix in (".mca", ".spe", ".msa", ".spx"):
        if found := files_in(path, suffix):
            return found
    for suffix in (".txt", ".csv", ".xy"):
        if found := list(filter(_holds_spectrum, files_in(path, suffix))):
            return found
    return []


def _holds_spectrum(file: Path) -> bool:
    """Recognize a text file of Amptek's or of columns; one that cannot be read is none."""
    try:
        with opened(file) as stream:
            head = stream.read(READ.head_bytes)
    except (OSError, FileFormatError):
        return False
    return is_amptek(head) or column_text.recognizes(file, head)


def _folder(path: Path, request: CubeRequest) -> CubeSource:
    if files_in(path, ".edf"):
        raise FileFormatError(
            f"{path} holds both .mca and .edf files: put those of one cube into a folder of their "
            "own."
        )
    by_detector = series(_files_of(path), str(path)).by_detector()
    chosen = chosen_names(request.detector, tuple(by_detector), str(path))
    return added([_of_files(path, by_detector[name], request) for name in chosen], chosen)


def _of_files(path: Path, ordered: Series, request: CubeRequest) -> CubeSource:
    """Describe the files of one detector."""
    shape, files = grid_of(ordered, request.shape, str(path), axes=request.axes)
    here = [file for file in files if file is not None]
    first = _only_spectrum(here[0]).counts
    reader = FolderReader(
        files=tuple(files),
        shape=(*shape, len(first)),
        dtype=first.dtype,
        stamps=tuple(None if file is None else file_stamp(file) for file in files),
    )
    facts = [None if file is None else _facts(file) for file in files]
    missing = np.array([file is None for file in files]).reshape(shape)
    return replace(
        alike(path, _LAYOUT, reader, list(filter(None, facts)), request),
        dims=("y", "x", "energy"),
        live_time=times([None if one is None else one.live_time for one in facts], shape),
        real_time=times([None if one is None else one.real_time for one in facts], shape),
        missing=missing,
    )


def _facts(file: Path) -> TextSpectrum:
    """Calibration and times of a file, of which as little is read as can be."""
    with opened(file) as stream:
        content = stream.read(READ.head_bytes)
    if b"<<DATA>>" not in content and b"\n@A" not in content:
        content = read_spectrum(file)
    return parse_facts(content, file)


def _only_spectrum(file: Path) -> TextSpectrum:
    if not file.is_file():
        raise FileFormatError(f"{file} is missing since its folder was opened. Open it again.")
    spectra = parse_spectra(read_spectrum(file), file)
    if len(spectra) > 1:
        raise FileFormatError(
            f"{file} holds {len(spectra)} spectra: in a folder each file is one pixel. Open the "
            "file itself, with ",
            Argument("shape", placeholder="rows, columns"),
            ".",
        )
    return spectra[0]
