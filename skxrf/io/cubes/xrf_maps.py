"""XRF-Maps and MapsTorch: ``/MAPS/Spectra/mca_arr``.

XRF-Maps stores the energy first, (samples, rows, columns), in chunks of whole spectra; MapsTorch
writes ``/MAPS/mca_arr`` with the energy last, and no calibration. Which it is follows from the length
of the energy vector, else of the summed spectrum, which both have. Version 9 has hard links
``/MAPS/mca_arr``, ``/MAPS/energy``, ``/MAPS/energy_calib`` and ``/MAPS/int_spec``. Of the fitted
maps, K lines are called by the element alone, the others ``Pb_L`` and ``Pb_M``; they are in counts
per second.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._hdf5_values import numbers, pixel_times, units_of
from .axes import pixels_around_energy
from .hdf5_reader import hdf5_source
from .source import CubeSource
from .stated_axis import axis_facts


def find(file: Any, cubes: list[Any]) -> list[Any]:
    """The cube, under either of its names."""
    return [cube for cube in cubes if re.fullmatch(r"/MAPS/(Spectra/)?mca_arr", cube.name)]


def read(cube: Any) -> CubeSource:
    """Describe the cube."""
    file = cube.file
    vector, vector_from, units = _numbers(file, ("MAPS/Spectra/Energy", "MAPS/energy"))
    calibration, calibration_from, _ = _numbers(
        file, ("MAPS/Spectra/Energy_Calibration", "MAPS/energy_calib")
    )
    telling, dims_from = vector, "the length of its energy vector"
    if vector is None:
        telling, _, _ = _numbers(file, ("MAPS/Spectra/Integrated_Spectra/Spectra", "MAPS/int_spec"))
        dims_from = "the length of its summed spectrum"
    fitting = [
        i for i, size in enumerate(cube.shape) if telling is not None and size == telling.size
    ]
    # Where two axes have that length, the caller is asked.
    dims = pixels_around_energy(fitting[0]) if len(fitting) == 1 else None
    return hdf5_source(
        cube,
        "XRF-Maps",
        dims=dims,
        dims_from=dims_from,
        live_time=pixel_times(file.get("MAPS/Spectra/Elapsed_Livetime"), cube.shape),
        real_time=pixel_times(file.get("MAPS/Spectra/Elapsed_Realtime"), cube.shape),
        **axis_facts(
            vector_from if vector is not None else calibration_from,
            values=vector,
            coefficients=calibration,
            units=units,
        ),
    )


def _numbers(file: Any, names: tuple[str, ...]) -> tuple[NDArray[np.float64] | None, str, str]:
    """First of the named vectors, where it stands, and its unit."""
    for name in names:
        item = file.get(name)
        values = numbers(item)
        if values is not None and values.ndim == 1:
            return values.astype(np.float64), f"{item.name!r} in {file.filename}", units_of(item)
    return None, "", ""
