"""Lazy cube of any known file: `open_cube`."""

from __future__ import annotations

import operator
import os
from collections.abc import Sequence
from pathlib import Path

import xarray as xr
from numpy.typing import ArrayLike

from skxrf.exceptions import FileFormatError
from skxrf.utils.files import existing_file

from ._guard import own_errors
from ._other_formats import refuse_other_formats
from ._packed import unpacked_head
from .cubes import column_text
from .cubes.build import build_cube
from .cubes.formats import CUBE_FORMATS
from .cubes.snake import turn_odd_rows
from .cubes.source import Chunks, CubeRequest


def open_cube(
    path: str | os.PathLike[str],
    *,
    dataset: str | None = None,
    energy: ArrayLike | str | None = None,
    axes: Sequence[str] | None = None,
    shape: tuple[int, int] | None = None,
    snake: bool = False,
    detector: int | str | None = None,
    scan: int | str | None = None,
    clip_negative: bool = False,
    follow_links: bool = False,
    chunks: Chunks = "auto",
) -> xr.DataArray:
    """Open a spectral cube lazily: nothing but its description is read.

    The format is recognized by content: HDF5 in several layouts, or any other by `dataset` and
    `energy`; Bruker's ``.bcf``, ``.spx`` and ARTAX ``.rtx``; Ripple, ``.rpl`` with ``.raw``; ``.mca``,
    ``.spe`` and ``.msa``; rows of ``.edf``; and a spectrum in columns of text. Texts
    and ``.edf`` may be packed by gzip or bzip2.

    Parameters
    ----------
    path : str or path-like
        The file; or the folder, where each pixel or row has a file of its own.
    dataset : str, optional
        Name of the cube in a file that holds several, such as ``"xrf/counts"``.
    energy : array-like of shape (n_channels,), pair of float, or str, optional
        Bin centers [keV]; or offset [keV] and gain [keV per channel]; or the name of the
        file's dataset that holds the bin centers. It replaces the file's own calibration, and
        is needed where the file has none.
    axes : sequence of str, optional
        Names of the stored axes in their stored order, where the file does not tell: ``"energy"`` and
        ``"y"`` and ``"x"``, or ``"point"`` where an axis counts spectra, and ``"detector"`` or
        ``"scan"`` where there is such an axis. The order is taken from what the file says,
        else from the length of the energy axis where exactly one stored axis has it (two
        others are then rows before columns, as stored, unless they may be points and detectors); it
        is never guessed. For a folder of files whose names count two numbers without words, ``("y",
        "x", "energy")`` says that the row comes first.
    shape : pair of int, optional
        Rows and columns of a cube of single spectra (a folder of ``.mca`` files, one that
        holds many, or a table in HDF5) where nothing tells. Where a scan was stopped, spectra may be
        missing at the end; they have no counts, and a coordinate ``measured`` is False there.
    snake : bool
        Whether every second row was scanned backwards and its spectra stand in the file in the
        order in which they were measured: the rows 1, 3, 5, ... are then turned. Whole rows are
        read at a time.
    detector : int, str or "sum", optional
        The detector, by its name or its position from 0, of a file that keeps several apart; or
        ``"sum"`` to add them.
    scan : int or str, optional
        The scan of a file that holds several, by its number or name.
    clip_negative : bool
        Whether negative counts, which some exports hold, become zeros; they are refused otherwise.
    follow_links : bool
        Whether links, external storage and virtual sources in other folders than the file's are
        followed: a file from a stranger could make other files of yours appear as counts.
    chunks : "auto" or pair of int
        Rows and columns of a block, rounded up to whole chunks of the file; ``"auto"`` makes
        blocks of about 8 MiB. A block always holds whole spectra.

    Returns
    -------
    DataArray of dims (y, x, energy)
        Named ``counts``, a lazy dask array in the file's dtype (native byte order) that can be
        pickled and computed in other processes. Coordinates: ``energy``, bin centers [keV];
        ``y`` and ``x``, positions [mm] where the file gives a unit of length, else integer
        pixel indices; ``live_time`` and ``real_time`` [s] on (y, x) where the file has them, and
        ``measured`` where pixels are missing.
        ``attrs``: units, source, dataset, reader, history, and instrument and tube where known.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    FileFormatError
        If the file is of no known format, truncated, holds no cube or several, or does not
        tell which axis is which, or detectors or scans are to be chosen.
    EnergyAxisError
        If there is no energy axis, or it does not fit the channels or does not increase.
    CountsError
        If the cube is empty; and, when a block is computed, if it holds negative or non-finite
        counts. Unsigned integers are never checked, they cannot be wrong in that way.

    Examples
    --------
    >>> import h5py, pathlib, tempfile
    >>> from skxrf.io import open_cube
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "scan.h5")
    ...     with h5py.File(path, "w") as file:
    ...         file["xrf"] = [[[0, 1, 7, 2]] * 3] * 2
    ...     cube = open_cube(path, energy=(0.0, 0.01), axes=("y", "x", "energy"))
    ...     print(dict(cube.sizes), int(cube.sum()))
    {'y': 2, 'x': 3, 'energy': 4} 60
    """
    file, head = _file_or_folder(path)
    request = CubeRequest(
        dataset=dataset,
        energy=energy,
        axes=axes,
        chunks=chunks,
        shape=_checked_shape(shape),
        detector=detector,
        scan=scan,
        clip_negative=clip_negative,
        follow_links=follow_links,
        snake=snake,
    )
    inside = unpacked_head(file, head)
    for one in CUBE_FORMATS:
        if one.recognizes(file, inside if one.unpacks else head):
            with own_errors(file, one.name):
                source, request = one.open(file, request)
            cube = build_cube(source, request)
            return turn_odd_rows(cube) if snake else cube
    refuse_other_formats(file, head)
    if file.is_dir():
        raise FileFormatError(
            f"{file} is a folder without .mca, .spe, .msa, .spx or .edf files, or texts of spectra: expected a "
            "file, or a folder with one of them for each pixel or row."
        )
    raise FileFormatError(
        f"{file} is of no known cube format, it starts with {head[:16]!r}. Known are: "
        f"{', '.join(one.name for one in CUBE_FORMATS)}.{column_text.too_many_columns(inside)}"
    )


def _file_or_folder(path: str | os.PathLike[str]) -> tuple[Path, bytes]:
    """Absolute path, and the first bytes of a file or none of a folder."""
    folder = Path(os.path.abspath(Path(path).expanduser()))
    return (folder, b"") if folder.is_dir() else existing_file(path, "a spectral cube")


def _checked_shape(shape: tuple[int, int] | None) -> tuple[int, int] | None:
    if shape is None:
        return None
    try:
        rows, columns = (operator.index(n) for n in shape)
    except (TypeError, ValueError):
        rows = columns = 0
    if min(rows, columns) < 1:
        raise FileFormatError(f"shape must be a pair (rows, columns) of at least 1, got {shape!r}.")
    return rows, columns
