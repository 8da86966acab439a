"""The cube formats that `open_cube` knows. A new format is a module and one line here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from . import _bcf, _bruker_xml, _edf, _hdf5, _mca, _msa, _ripple
from ._source import CubeRequest, CubeSource

__all__ = ["CUBE_FORMATS", "CubeFormat"]


class CubeFormat(NamedTuple):
    """One file format for cubes, recognised by content."""

    name: str
    recognises: Callable[[Path, bytes], bool]
    """From the path and its first bytes, none for a folder; cheap, and never an error."""
    open: Callable[[Path, CubeRequest], tuple[CubeSource, CubeRequest]]
    """Describe the cube; the request comes back with what the format resolved in it."""


CUBE_FORMATS = (
    CubeFormat("HDF5", _hdf5.recognises, _hdf5.open_hdf5),
    CubeFormat("Bruker .bcf", _bcf.recognises, _bcf.open_bcf),
    CubeFormat("Bruker .spx", _bruker_xml.recognises, _bruker_xml.open_spx),
    CubeFormat("Ripple (.rpl, .raw)", _ripple.recognises, _ripple.open_ripple),
    CubeFormat(".mca (text)", _mca.recognises, _mca.open_mca),
    CubeFormat("EDF rows", _edf.recognises, _edf.open_edf),
    CubeFormat("EMSA (.msa)", _msa.recognises, _msa.open_msa),
)
