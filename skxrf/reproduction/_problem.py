"""Data of the experiment: spectra, labels, groups to hold out; simulated or from files."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from skxrf.exceptions import LineGroupError, SkxrfError
from skxrf.samples import to_maps, to_samples
from skxrf.spectra import max_spectrum, sum_spectrum
from skxrf.utils.line_group_names import find_line_groups

from ._result import DataDescription


@dataclass(frozen=True)
class Problem:
    """Spectra with labels, and how they are split."""

    X: NDArray[Any]  # (n_pixels, n_channels): spectra as stored [counts]
    Y: pd.DataFrame
    """(n_pixels, n_elements): reference intensities [counts] over the ``(painting, y, x)`` index; a
    row with a NaN is not labeled."""
    truth: pd.DataFrame | None  # same shape: true expected intensities [counts]
    groups: NDArray[np.intp]  # (n_pixels,): number of the group that a pixel is held out with
    coordinates: dict[str, dict[str, xr.DataArray]]
    """Coordinates ``y`` and ``x`` of the maps of each painting."""
    data: DataDescription  # description for the report

    @property
    def labeled(self) -> NDArray[np.bool_]:
        """Mask of the pixels with a reference for every line group, of shape (n_pixels,)."""
        return np.asarray(self.Y.notna().all(axis=1).to_numpy())

    def maps(self, values: pd.DataFrame | NDArray[Any]) -> dict[str, xr.DataArray]:
        """Turn a table over all pixels into the maps of each painting, with their coordinates."""
        maps = to_maps(values, like=self.Y, squeeze=False)
        return {
            name: m.astype(np.float32).assign_coords(self.coordinates[name])
            for name, m in maps.items()
        }


def simulated_problem(
    n_paintings: int,
    random_state: int,
    *,
    shape: tuple[int, int] | None = None,
    elements: Sequence[str] | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> Problem:
    """Simulate small paintings; label them by a template fit, as one would a real scan.

    `n_paintings`: number of paintings, each held out once. `random_state`: seed of the first
    painting; the other training paintings follow. The test icon has that of the one whose mean
    counts are those of real icons, plus `random_state`. `shape`: rows and columns of each painting;
    by default about 1,560 pixels in the proportions of each. `elements`: line groups; by default
    the paper's eleven. `say`: told what is being done.
    """
    from skxrf.model_selection import painting_groups
    from skxrf.simulation import Instrument, simulate_painting

    options: dict[str, Any] = {} if elements is None else {"elements": find_line_groups(elements)}
    # Offset and gain [keV] and channels: coarse, which keeps the demo quick.
    options["instrument"] = Instrument.m6_jetstream().with_axis(0.0, 0.025, 1024)
    cubes, truths = {}, {}
    for k, (palette, seed) in enumerate(_paintings(n_paintings, random_state)):
        name = palette if palette not in cubes else f"{palette} ({k + 1})"
        rows, columns = shape or _own_shape(palette)
        say(f"simulating {name}, {rows} × {columns} pixels ({k + 1} of {n_paintings})")
        cubes[name], truths[name] = simulate_painting(
            palette, shape=(rows, columns), random_state=seed, **options
        )
    samples = to_samples(cubes)
    truth = cast(pd.DataFrame, to_samples(truths))
    energy = cubes[next(iter(cubes))]["energy"].to_numpy()
    X = np.asarray(samples)
    say("fitting line templates, for the reference maps")
    Y = fitted_labels(X, energy, truth.index, [str(name) for name in truth.columns])
    titles = dict.fromkeys(str(cube.attrs.get("title", "")) for cube in cubes.values())
    source = "Simulated by skxrf.simulation.simulate_painting: " + "; ".join(filter(None, titles))
    data = _description(
        cubes,
        X,
        Y,
        name=f"{n_paintings} simulated icons",
        source=source,
        simulated=True,
        reference_name="template fit",
        split_name="whole paintings",
    )
    return Problem(X, Y, truth, painting_groups(Y), _coordinates(cubes), data)


def _paintings(n_paintings: int, random_state: int) -> list[tuple[str, int]]:
    """Palettes and seeds: the paper's three training paintings in turn, its test painting last."""
    training = [(f"icon_{k % 3 + 1}", random_state + k) for k in range(n_paintings - 1)]
    # Seed of the test icon, before the caller's is added: with it the mean counts of every line
    # group are within a factor of 1.3 of those of real icons (benchmarks/icon_counts.py); other
    # seeds draw other amounts of rare materials. Checked by a test.
    return [*training, ("icon_test", random_state + 6)]


def _own_shape(palette_name: str) -> tuple[int, int]:
    """Rows and columns in the proportions of a painting: another shape is another composition."""
    from skxrf.simulation import palette

    height, width = palette(palette_name).size_mm or (1.0, 1.0)
    # The paintings of the demo are small, each of about so many pixels in its own proportions.
    step = (height * width / (46 * 34)) ** 0.5
    return round(height / step), round(width / step)


def problem_from_files(
    cube_path: str | os.PathLike[str],
    maps_path: str | os.PathLike[str] | None,
    *,
    n_folds: int,
    elements: Sequence[str] | None = None,
    dataset: str | None = None,
    energy: Any = None,
    axes: Sequence[str] | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> Problem:
    """Open a cube, and its reference maps or fit them.

    `cube_path`: file of the cube. `maps_path`: file of reference maps of the cube's pixels, NaN
    where there is no reference; without, a template fit of the cube makes them. `n_folds`: number
    of parts that the blocks must be enough for. `elements`: line groups; by default those of the
    maps, or those found in the sum spectrum. `say`: told what is being done.
    """
    from skxrf.io import open_cube

    say(f"reading {cube_path}")
    lazy = open_cube(cube_path, dataset=dataset, energy=energy, axes=axes)
    _refuse_what_does_not_fit(lazy, cube_path)
    cube = lazy.compute()
    name = Path(cube_path).name
    cubes = {name: cube}
    samples = to_samples(cubes)
    X = np.asarray(samples)
    axis = cube["energy"].to_numpy()
    index = samples.indexes["sample"]
    if maps_path is None:
        say("fitting line templates, for the reference maps")
        Y, reference_name = fitted_labels(X, axis, index, elements), "template fit"
    else:
        Y = _opened(maps_path, cube, cube_path, index, elements)
        reference_name = "reference maps"
    groups, side = _blocks(Y, n_folds)
    data = _description(
        cubes,
        X,
        Y,
        name=name,
        source=f"File {name}" + (f", reference maps {Path(maps_path).name}" if maps_path else ""),
        simulated=False,
        reference_name=reference_name,
        split_name=f"blocks of {side} × {side} pixels",
    )
    return Problem(X, Y, None, groups, _coordinates(cubes), data)


def _refuse_what_does_not_fit(cube: xr.DataArray, path: str | os.PathLike[str]) -> None:
    """Refuse at once, rather than be killed half-way."""
    if not hasattr(os, "sysconf"):  # not on Windows
        return
    # The spectra, once more as float64 in the linear models, and room to work.
    needed = cube.size * (cube.dtype.itemsize + 16)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if needed > memory:
        raise SkxrfError(
            f"{path} is too large for this experiment: {cube.sizes['y']} x {cube.sizes['x']} "
            f"pixels of {cube.sizes['energy']} channels need about {needed / 2**30:.0f} GiB of "
            f"memory, this machine has {memory / 2**30:.0f}. Cut out a part of the cube; "
            "skxrf.inference.predict_maps maps the whole of it in blocks."
        )


def fitted_labels(
    X: NDArray[Any], energy: NDArray[np.float64], index: pd.Index, elements: Sequence[str] | None
) -> pd.DataFrame:
    """Fit line templates, calibrated on the sum of the spectra, for reference intensities."""
    from skxrf.linear_model import TemplateFitRegressor

    wanted = None if elements is None else list(elements)
    fit = TemplateFitRegressor(wanted, energy=energy).fit(X)
    table = pd.DataFrame(fit.predict(X), index=index, columns=pd.Index(fit.line_groups_))
    return table if wanted is not None else table[_without_repeated_elements(fit.line_groups_)]


def _without_repeated_elements(line_groups: list[str]) -> list[str]:
    """One map an element is enough here: no M lines where its L lines are mapped, and so on."""
    return [
        name
        for name in line_groups
        if not any(f"{name[:-1]}{shell}" in line_groups for shell in "KLM"[: "KLM".index(name[-1])])
    ]


def _opened(
    path: str | os.PathLike[str],
    cube: xr.DataArray,
    cube_path: str | os.PathLike[str],
    index: pd.Index,
    elements: Sequence[str] | None,
) -> pd.DataFrame:
    from skxrf.io import open_maps

    maps = open_maps(path, elements=None if elements is None else list(elements))
    if isinstance(maps, xr.Dataset):
        maps = maps["intensity"]
    sizes = {dim: maps.sizes[dim] for dim in ("y", "x")}
    expected = {dim: cube.sizes[dim] for dim in ("y", "x")}
    if sizes != expected:
        raise SkxrfError(
            f"{path} contains maps of {sizes['y']} x {sizes['x']} pixels, but the cube in {cube_path} "
            f"has {expected['y']} x {expected['x']}: the maps must be of the same pixels."
        )
    values = maps.transpose("y", "x", "element").to_numpy().reshape(len(index), -1)
    if np.isinf(values).any():
        raise SkxrfError(f"{path} contains infinite intensities: mark missing pixels as NaN.")
    table = pd.DataFrame(values, index=index, columns=pd.Index(maps["element"].to_numpy()))
    empty = [str(name) for name in table if table[name].isna().all()]
    if empty:
        raise LineGroupError(
            f"{path} has no value for {', '.join(empty)}: choose the others with elements, such as "
            f"{[str(n) for n in table if str(n) not in empty][:3]}."
        )
    return table


def _blocks(Y: pd.DataFrame, n_folds: int) -> tuple[NDArray[np.intp], int]:
    """Square blocks, about six for each fold, none smaller than the window of SSIM allows."""
    from skxrf.model_selection import block_groups

    labeled = Y[Y.notna().all(axis=1)]
    # The least side of a held-out block: the window of SSIM has 7 pixels.
    side = max(8, round((len(labeled) / (6 * n_folds)) ** 0.5))
    groups = block_groups(Y, block_shape=side)
    present = np.unique(groups[Y.notna().all(axis=1).to_numpy()])
    if len(present) < n_folds:
        raise SkxrfError(
            f"{len(labeled)} pixels with a reference make {len(present)} blocks of {side} x {side} "
            f"pixels, too few for {n_folds} folds: ask for fewer folds or label more pixels."
        )
    return groups, side


def _coordinates(cubes: dict[str, xr.DataArray]) -> dict[str, dict[str, xr.DataArray]]:
    return {
        name: {dim: cube[dim] for dim in ("y", "x") if dim in cube.coords}
        for name, cube in cubes.items()
    }


def _description(
    cubes: dict[str, xr.DataArray], X: NDArray[Any], Y: pd.DataFrame, **texts: Any
) -> DataDescription:
    energy = next(iter(cubes.values()))["energy"].to_numpy()
    return DataDescription(
        shapes={name: (cube.sizes["y"], cube.sizes["x"]) for name, cube in cubes.items()},
        n_channels=X.shape[1],
        energy=energy,
        sum_spectrum=np.sum([sum_spectrum(cube) for cube in cubes.values()], axis=0),
        maximum_spectrum=np.max([max_spectrum(cube) for cube in cubes.values()], axis=0),
        n_labeled=int(Y.notna().all(axis=1).sum()),
        **texts,
    )
