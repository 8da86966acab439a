"""Methods that are audited: estimators, functions and commands that make maps of a cube."""

from __future__ import annotations

import shlex
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from skxrf.exceptions import SkxrfError
from skxrf.inference import bind, predict_maps
from skxrf.io import open_maps, save_cube
from skxrf.utils.validation import as_map_dataset

MapMethod = Callable[[xr.DataArray], Any]


@dataclass(frozen=True)
class CommandMethod:
    """Command of any program that reads a cube and writes maps.

    Parameters
    ----------
    command : str
        With ``{cube}`` and ``{maps}`` in the places of the two files, such as
        ``"skxrf fit {cube} -o {maps}"``. The cube is an HDF5 file (``counts``, ``energy_keV``); the
        maps may be of any format that :func:`skxrf.io.open_maps` reads.
    suffix : str
        Suffix of the file for the maps.
    timeout : float
        Seconds after which the command counts as failed.
    """

    command: str
    suffix: str = ".nc"
    timeout: float = 3600.0

    def __post_init__(self) -> None:
        missing = [name for name in ("{cube}", "{maps}") if name not in self.command]
        if missing:
            raise SkxrfError(
                f"the command {self.command!r} lacks {' and '.join(missing)}: name the places of "
                "its files, such as 'skxrf fit {cube} -o {maps}'."
            )

    def __call__(self, cube: xr.DataArray) -> Any:
        """Run the command on a cube, and read its maps."""
        with tempfile.TemporaryDirectory() as folder:
            counts, maps = Path(folder) / "cube.h5", Path(folder) / f"maps{self.suffix}"
            save_cube(cube, counts)
            places = {"{cube}": str(counts), "{maps}": str(maps)}
            words = [places.get(word, word) for word in shlex.split(self.command)]
            self._run(words)
            if not maps.exists():
                raise SkxrfError(f"the command {self.command!r} wrote no maps: expected {maps}.")
            opened = open_maps(maps)
            return opened.load()

    def _run(self, words: list[str]) -> None:
        try:
            done = subprocess.run(
                words, capture_output=True, text=True, timeout=self.timeout, check=False
            )
        except subprocess.TimeoutExpired:
            raise SkxrfError(
                f"the command {self.command!r} took longer than {self.timeout:g} s."
            ) from None
        if done.returncode:
            said = (done.stderr or done.stdout).strip().splitlines()
            raise SkxrfError(
                f"the command {self.command!r} failed with status {done.returncode}"
                + (f": {said[-1]}" if said else ".")
            )


def method_of(method: Any, cube: xr.DataArray) -> MapMethod:
    """Turn an estimator or a function into a function from cubes to maps.

    `method`: a fitted estimator, which is bound to the cube where it adapts to paintings; or a
    function. `cube` (y, x, energy): the scan. Returns a function from a cube to maps.
    """
    if not hasattr(method, "predict"):
        if not callable(method):
            raise SkxrfError(
                f"a method must be a fitted estimator, a function from a cube to maps or a "
                f"CommandMethod, got {type(method).__name__}."
            )
        return method  # type: ignore[no-any-return]
    bound = bind(method, cube)

    def maps(part: xr.DataArray) -> Any:
        try:
            return predict_maps(bound, part, return_std=True)
        except (TypeError, SkxrfError):
            return predict_maps(bound, part)

    return maps


def run_method(
    name: str, method: MapMethod, cube: xr.DataArray, elements: list[str] | None = None
) -> xr.Dataset:
    """Make maps, and check that they are maps of these pixels.

    `name`: name of the method in error messages. `method`: from a cube to maps. `cube`
    (y, x, energy): counts. `elements`: line groups that are wanted; one that the method does not
    give is a map of NaN. Returns (y, x, element): ``intensity`` and perhaps ``uncertainty``
    [counts].
    """
    try:
        maps = as_map_dataset(method(cube), f"the maps of {name}")
    except Exception as error:
        kind = "" if isinstance(error, SkxrfError) else f"{type(error).__name__}: "
        raise SkxrfError(
            f"{name} failed on a cube of {cube.sizes['y']} x {cube.sizes['x']} pixels: {kind}{error}"
        ) from error
    for dim in ("y", "x"):
        if maps.sizes[dim] != cube.sizes[dim]:
            raise SkxrfError(
                f"the maps of {name} have {maps.sizes['y']} x {maps.sizes['x']} pixels, the cube "
                f"{cube.sizes['y']} x {cube.sizes['x']}: they are of another scan, or the method "
                "crops."
            )
    if not np.isfinite(maps["intensity"].to_numpy()).all():
        raise SkxrfError(f"the maps of {name} contain values that are not finite.")
    return maps if elements is None else maps.reindex(element=elements)
