"""HDF5 cubes: choice of the dataset and of its layout."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import h5py
from numpy.polynomial import Polynomial

from skxrf.exceptions import Argument, EnergyAxisError, FileFormatError
from skxrf.utils.units import to_kev

from .._hdf5_access import (
    datasets_in,
    link_problem,
    listed,
    open_file,
    refuse_foreign_sources,
    require_readable,
    value_files,
)
from .._hdf5_heaps import refuse_damaged_heaps
from .._hdf5_values import numbers, units_of
from .._limits import LIMITS
from . import (
    bcf_converter,
    counts,
    crono,
    generic,
    hyperspy,
    larch,
    nexus,
    nxdata,
    pyxrf,
    xismus,
    xrdxrfutils,
    xrf_maps,
)
from .arrange import SUM
from .axes import folds
from .beside import motors_beside
from .detectors import added, chosen_datasets
from .source import CubeRequest, CubeSource


class HDF5Layout(NamedTuple):
    """One way to keep a cube in HDF5."""

    name: str
    find: Callable[[Any, list[Any]], list[Any]]
    """Of the open file and its datasets of fitting axes, those that are cubes of this layout."""
    read: Callable[[Any], CubeSource]  # describe one of them
    n_axes: tuple[int, ...] = (3,)  # numbers of axes that its counts may have


# The first that recognizes a dataset reads it; the last one takes any.
LAYOUTS = (
    HDF5Layout("HyperSpy", hyperspy.find, hyperspy.read, (1, 2, 3, 4)),
    HDF5Layout("counts and energy_keV", counts.find, counts.read, (1, 2, 3, 4)),
    HDF5Layout("CRONO (XGLab)", crono.find, crono.read),
    HDF5Layout("XRF-Maps", xrf_maps.find, xrf_maps.read),
    # Older maps of larch have PyXRF's names, and more.
    HDF5Layout("larch map", larch.find, larch.read),
    HDF5Layout("PyXRF", pyxrf.find, pyxrf.read),
    HDF5Layout("XISMuS", xismus.find, xismus.read),
    HDF5Layout("XRDXRFUtils", xrdxrfutils.find, xrdxrfutils.read),
    HDF5Layout("BCF Converter", bcf_converter.find, bcf_converter.read),
    HDF5Layout("NeXus (NXdata with axes)", nxdata.find, nxdata.read, (1, 2, 3, 4)),
    HDF5Layout("NeXus (PyMca stack)", nexus.find, nexus.read, (2, 3, 4)),
    HDF5Layout("any, by dataset and energy", generic.find, generic.read),
)


def open_hdf5(path: Path, request: CubeRequest) -> tuple[CubeSource, CubeRequest]:
    """Find the cube in an HDF5 file."""
    refuse_damaged_heaps(path)
    with open_file(path) as file:
        refuse_foreign_sources(file, follow=request.follow_links)
        found, request = _of_scan(datasets_in(file), request, path)
        if request.dataset is not None:
            cube, source = _named(file, found, request)
            others = value_files(cube)
        else:
            _refuse_maps(file)
            layout, cubes = _recognized(file, found, request)
            if len(cubes) > 1:
                where = f"{path} holds {len(cubes)} cubes: {listed(cubes)}"
                cubes = chosen_datasets(cubes, request, where)
                request = replace(request, detector=None)
            for one in cubes:
                require_readable(one)
            sources = [layout.read(one) for one in cubes]
            cube, source = cubes[0], added(sources, [repr(one.name) for one in cubes])
            others = [path for one in cubes for path in value_files(one)]
        source = replace(_with_others(source, others), motors=motors_beside(cube))
        if isinstance(request.energy, str):
            energy = _energy_dataset(file, cube, request.energy)
            request = replace(request, energy=energy)
        elif request.energy is None and source.energy is None:
            source = replace(source, energy_hint=_hints(file, cube, source))
    return source, request


def _of_scan(found: list[Any], request: CubeRequest, path: Path) -> tuple[list[Any], CubeRequest]:
    """Datasets under the name of the scan that the caller chose; all, where it may be on an axis of one."""
    if request.scan is None:
        return found, request
    names = {str(request.scan), f"{request.scan}.1"}
    inside = [one for one in found if names & set(one.name.split("/"))]
    if inside:
        return inside, replace(request, scan=None)
    if "scan" in (request.axes or ()) or any(one.ndim > 3 for one in found):
        return found, request
    raise FileFormatError(f"{path} holds no scan {str(request.scan)!r}. Datasets: {listed(found)}.")


def _refuse_maps(file: Any) -> None:
    """Refuse maps that `save_maps` wrote: their variables look like cubes."""
    if {"intensity", "element"} <= set(file):
        raise FileFormatError(
            f"{file.filename} contains element maps, not spectra: name the cube that they were made "
            "from. Maps are opened by open_maps."
        )


def _with_others(source: CubeSource, others: list[Path]) -> CubeSource:
    """Name the further files that hold counts, in the history and the attribute ``sources``."""
    if not others:
        return source
    steps = f"counts of {', '.join(map(str, others[:10]))}{' ...' if len(others) > 10 else ''}"
    return replace(
        source,
        steps=", ".join(filter(None, (source.steps, steps))),
        attrs={**source.attrs, "sources": "\n".join(map(str, (source.path, *others)))},
    )


def _named(file: Any, found: list[Any], request: CubeRequest) -> tuple[Any, CubeSource]:
    """Dataset of the name that the caller gave, and its description."""
    name = str(request.dataset)
    problem = link_problem(file, name)
    dataset = file.get(name)
    path = file.filename
    if not isinstance(dataset, h5py.Dataset):
        what = "holds no dataset" if dataset is None else "holds a group, not a dataset,"
        why = f": {problem}" if problem else ""
        raise FileFormatError(
            f"{path} {what} {name!r}{why}. Its datasets of three axes: "
            f"{listed([one for one in found if one.ndim == 3])}; of others: "
            f"{listed([one for one in found if one.ndim != 3 and one.size > 1])}."
        )
    require_readable(dataset)
    # Under the name of a link other things may stand beside it than where it lies.
    same = [dataset, *(one for one in found if one == dataset and one.name != dataset.name)]
    sources = []
    for one in same:
        for layout in LAYOUTS:
            hits = layout.find(file, [one] if one.ndim in layout.n_axes else [])
            if any(hit == one for hit in hits):
                sources.append((layout is not LAYOUTS[-1], layout.read(one)))
                break
    if not sources:
        # A table or vector may be spectra, where the caller says how they lie.
        told = request.shape is not None or request.axes is not None
        fewest = 1 if request.energy is not None else 2 if told else 3
        if dataset.dtype.kind not in "uif" or not fewest <= dataset.ndim <= 5:
            raise FileFormatError(
                f"{path}, dataset {name!r} has the shape {dataset.shape} and type {dataset.dtype}: "
                "expected numbers over three axes, or up to five with those of detectors and scans; a "
                "table of spectra opens by ",
                Argument("energy"),
                " and ",
                Argument("shape", placeholder="rows, columns"),
                f". Datasets of three axes: {listed([one for one in found if one.ndim == 3])}.",
            )
        return dataset, generic.read(dataset)
    # The one that says most.
    best = max(sources, key=lambda pair: (pair[1].energy is not None, pair[0], _said(pair[1])))
    return dataset, best[1]


def _said(source: CubeSource) -> int:
    return sum(one is not None for one in (source.dims, source.y, source.live_time))


def _recognized(file: Any, found: list[Any], request: CubeRequest) -> tuple[HDF5Layout, list[Any]]:
    """First layout that recognizes datasets, and these."""
    inside = found
    if request.detector not in (None, SUM):
        # The sum of the detectors stands beside them.
        inside = [one for one in found if not one.parent.name.endswith(SUM)] or found
    three = [one for one in inside if one.ndim == 3]
    # Of four axes or more of which all but three have one value.
    three = three or [one for one in inside if one.ndim > 3 and sum(n > 1 for n in one.shape) == 3]
    # A table of spectra, where the caller says how they lie, or as many axes as the caller names.
    named = 0 if request.axes is None else len(request.axes)
    tables = [
        one
        for one in inside
        if (request.shape and one.ndim == 2 and _folds(one, request.shape)) or one.ndim == named
    ]
    for layout, candidates in [
        *((layout, three) for layout in LAYOUTS),
        *((layout, [one for one in inside if one.ndim in layout.n_axes]) for layout in LAYOUTS),
        (LAYOUTS[-1], tables),
    ]:
        if hits := layout.find(file, candidates):
            return layout, hits
    others = [one for one in inside if one.size > 1]
    raise FileFormatError(
        f"{file.filename} is HDF5, but holds no three-dimensional dataset of numbers: expected "
        f"counts over (y, x, energy). Known layouts: {'; '.join(one.name for one in LAYOUTS)}. A table "
        "of spectra opens by ",
        Argument("dataset"),
        " and ",
        Argument("shape"),
        ", counts over more axes by ",
        Argument("axes"),
        f". Other datasets: {listed(others)}{_no_numbers(file)}.",
    )


def _folds(table: Any, shape: tuple[int, int]) -> bool:
    """True where one axis of a table has the spectra of rows and columns, the other channels."""
    n_spectra, n_channels = table.shape
    return (folds(n_spectra, shape) and n_channels >= LIMITS.fewest_channels) or (
        folds(n_channels, shape) and n_spectra >= LIMITS.fewest_channels
    )


def _no_numbers(file: Any) -> str:
    """Datasets that are not of numbers, for an error message that lists what there is."""
    found: list[Any] = []

    def visit(_: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset) and item.shape and item.dtype.kind not in "uif":
            found.append(item)

    file.visititems(visit)
    return f"; none of numbers: {listed(found)}" if found else ""


def _energy_dataset(file: Any, cube: Any, name: str) -> Any:
    """Values [keV] of the dataset called `name`, in the file or beside the cube."""
    for group in (file, cube.parent):
        item = group.get(name)
        if isinstance(item, h5py.Dataset):
            source = f"{item.name!r} in {file.filename}"
            # One of its axes may have the length 1.
            is_vector = item.ndim > 0 and item.size == max(item.shape)
            values = numbers(item) if is_vector else None
            if values is None:
                raise EnergyAxisError(
                    f"{source} has the shape {item.shape} and type {item.dtype}: expected one "
                    "energy in keV for each channel."
                )
            if values.size == 3 and 3 not in cube.shape:
                # Coefficients, as two of them are.
                return Polynomial(to_kev(values.ravel(), units_of(item), source=source))
            if values.size not in (2, *cube.shape):
                raise EnergyAxisError(
                    f"{source} has {values.size} values, the size of no axis of {cube.name!r} "
                    f"{cube.shape}. Datasets of a fitting length: {_vectors(file, cube) or 'none'}."
                )
            return to_kev(values.ravel(), units_of(item), source=source)
    raise EnergyAxisError(
        f"{file.filename} holds no dataset {name!r} for the energy axis. Datasets of a fitting "
        f"length: {_vectors(file, cube) or 'none'}."
    )


def _vectors(file: Any, cube: Any, sizes: Collection[int] = ()) -> str:
    """Names of the datasets that may be the energy axis, by their size."""
    wanted = sizes or cube.shape
    fitting = [
        one
        for one in datasets_in(file)
        if one.size in wanted and one.size == max(one.shape) and one.size > 1
    ]
    return ", ".join(f"{one.name!r} ({one.size})" for one in fitting[:10])


def _hints(file: Any, cube: Any, source: CubeSource) -> tuple[str | Argument, ...]:
    known = source.energy_hint
    at = source.dims.index("energy") if source.dims else None
    fitting = _vectors(file, cube, () if at is None else (source.reader.shape[at],))
    if not fitting:
        return known
    datasets = ("Datasets of a fitting length, for ", Argument("energy"), f": {fitting}.")
    return (*known, " ", *datasets) if known else datasets
