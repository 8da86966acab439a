"""PyXRF: ``xrfmap/detsum/counts`` of (rows, columns, channels), and its fits ``xrf_fit``.

``detsum`` is the sum over the detectors ``det1``, ``det2``, ... The files hold no energy axis: PyXRF
takes 10 eV a channel from 0 by default, and keeps what was refined in a separate parameter file.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import h5py

from skxrf.exceptions import FileFormatError

from ._columns import line_group_name
from ._hdf5_access import HDF5Reader, texts
from ._maps import MapsSource, refuse_absurd_size
from ._source import CubeSource

__all__ = ["find", "find_maps", "read", "read_maps"]

_DETECTOR = re.compile(r"/xrfmap/(detsum|det\d+)")


def find(file: Any, cubes: list[Any]) -> list[Any]:
    """The summed cube, or those of single detectors where there is no sum."""
    found = [
        cube
        for cube in cubes
        if cube.name.endswith("/counts") and _DETECTOR.fullmatch(cube.parent.name)
    ]
    summed = [cube for cube in found if cube.parent.name == "/xrfmap/detsum"]
    return summed or found


def read(cube: Any) -> CubeSource:
    """Describe one cube."""
    reader = HDF5Reader.of(cube)
    return CubeSource(
        path=reader.path,
        dataset=cube.name,
        layout="PyXRF",
        reader=reader,
        dims=("y", "x", "energy"),
        dims_from="PyXRF's layout",
        energy_hint="PyXRF's own default is energy=(0, 0.010); the refined calibration is in its "
        "parameter file",
    )


def find_maps(file: Any) -> list[str]:
    """Names of the detectors that have a fit; the sum alone, where it has one."""
    group = file.get("xrfmap")
    names = [] if not isinstance(group, h5py.Group) else sorted(group)
    found = [
        f"/xrfmap/{name}"
        for name in names
        if _DETECTOR.fullmatch(f"/xrfmap/{name}") and f"{name}/xrf_fit" in group
    ]
    return ["/xrfmap/detsum"] if "/xrfmap/detsum" in found else found


def read_maps(file: Any, name: str) -> MapsSource:
    """Describe the fit of one detector."""
    group = file[name]
    stack = group["xrf_fit"]
    where = f"{file.filename}, dataset {stack.name!r}"
    stored = group.get("xrf_fit_name")
    names = [] if stored is None else texts(stored[()])
    if stack.ndim != 3 or stack.dtype.kind not in "uif" or stack.shape[0] != len(names):
        raise FileFormatError(
            f"{where} has the shape {stack.shape} and type {stack.dtype} beside {len(names)} names "
            "in xrf_fit_name: expected one image for each of them."
        )
    refuse_absurd_size(stack.nbytes, stack.id.get_storage_size(), where)
    # Scatter, background and figures of merit stand among the line groups.
    images = {
        one: image
        for one, image in zip(names, stack[()], strict=True)
        if line_group_name(one) is not None
    }
    return MapsSource(path=Path(file.filename), layout="PyXRF", images=images, group=name)
