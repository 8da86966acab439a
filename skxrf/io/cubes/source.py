"""Description of a cube in a file: where the counts are and what the file says about them.

A format knows its file and nothing of xarray; `build.build_cube` turns any `CubeSource` into the
library's cube. So a new format is one module that makes a `CubeSource`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.polynomial import Polynomial
from numpy.typing import ArrayLike, NDArray

from skxrf.exceptions import Argument

Slices = tuple[slice, ...]
Chunks = Literal["auto"] | tuple[int, int]
Times = NDArray[Any] | tuple[NDArray[Any], tuple[str, ...] | None] | None


class BlockReader(Protocol):
    """Reader of blocks of an array of counts, in the axis order of the file.

    It travels to worker processes, so it must be picklable (hold a path, not an open file), and
    several threads read through it at once.
    """

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes of the axes as stored."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the counts as stored, in the file's byte order."""

    @property
    def chunks(self) -> tuple[int, ...] | None:
        """Sizes of the file's own chunks, or None where it has none."""

    def read(self, key: Slices) -> NDArray[Any]:
        """Read one block; the slices have no negative step."""


@dataclass(frozen=True)
class CubeRequest:
    """Arguments of `open_cube`."""

    dataset: str | None = None
    energy: ArrayLike | str | None = None
    axes: Sequence[str] | None = None
    chunks: Chunks = "auto"
    shape: tuple[int, int] | None = None
    detector: int | str | None = None
    scan: int | str | None = None
    clip_negative: bool = False
    follow_links: bool = False
    snake: bool = False


@dataclass(frozen=True)
class CubeSource:
    """A cube in a file, and all that the file says about it."""

    path: Path  # the file, absolute
    dataset: str  # name of the cube within the file; empty where a file holds only one
    layout: str  # what the file was recognized as, for people
    reader: BlockReader  # access to the counts
    dims: tuple[str, ...] | None = None
    """Names of the stored axes, where the file tells: ``"energy"``, and ``"y"`` and ``"x"`` or
    ``"point"``, and perhaps ``"detector"`` and ``"scan"``."""
    dims_from: str = ""  # what told them, for error messages
    energy: NDArray[np.float64] | Polynomial | None = None
    """Bin centers [keV], or a polynomial that gives them from channel numbers from 0."""
    energy_from: str = ""  # where the axis was found, for error messages
    energy_hint: tuple[str | Argument, ...] = ()
    """Facts of the axis where the file has none, or faults of the one it has, in
    sentences for the error that asks for it."""
    # y, x: positions of the rows and columns [mm]
    y: NDArray[np.float64] | None = None
    x: NDArray[np.float64] | None = None
    # live_time, real_time: per pixel [s], as stored; or a pair of that and the names of its axes,
    # where the file has them.
    live_time: Times = None
    real_time: Times = None
    missing: NDArray[np.bool_] | None = None
    """(n_rows, n_columns): pixels that the scan did not reach and that have no counts."""
    motors: Sequence[Any] = ()
    """Positions of each point, from which the coordinates along rows and columns are made."""
    coords: Mapping[str, tuple[tuple[str, ...], NDArray[Any], Mapping[str, Any]]] = field(
        default_factory=dict
    )
    """Other coordinates, over y, x and energy."""
    coord_attrs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Attributes of energy, positions and times beside their units."""
    detectors: tuple[str, ...] = ()
    """Names of the detectors, where the file has several and names them."""
    any_axes: bool = False
    """True where the layout does not say that the axes beside the energy are rows and columns."""
    columns_first: bool = False
    """True where of two axes of pixels the first counts columns, as in files of MATLAB's."""
    steps: str = ""  # what was chosen or done on the way, for the history
    attrs: Mapping[str, str | float] = field(default_factory=dict)  # instrument, tube and the like

    @property
    def where(self) -> str:
        """The cube's address for error messages: file, and dataset where there is a name."""
        return f"{self.path}, dataset {self.dataset!r}" if self.dataset else str(self.path)
