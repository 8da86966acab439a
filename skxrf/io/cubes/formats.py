"""The cube formats that `open_cube` knows. A new format is a module and one line here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from .._hdf5_access import is_hdf5
from . import bcf, bruker_xml, column_text, edf, hdf5, mca, msa, ripple
from .source import CubeRequest, CubeSource


class CubeFormat(NamedTuple):
    """One file format for cubes, recognized by content."""

    name: str
    recognizes: Callable[[Path, bytes], bool]
    """From the path and its first bytes, none for a folder; cheap, and never an error."""
    open: Callable[[Path, CubeRequest], tuple[CubeSource, CubeRequest]]
    """Describe the cube of a path; the request comes back without what the format resolved in it.

    Raises `FileFormatError` where the file is damaged, cut short or leaves a choice that the request does
    not make, `EnergyAxisError` for an axis that cannot be used, `CountsError` for rates.
    """
    unpacks: bool = False  # True where it reads files packed by gzip or bzip2


CUBE_FORMATS = (
    CubeFormat("HDF5", is_hdf5, hdf5.open_hdf5),
    CubeFormat("Bruker .bcf", bcf.recognizes, bcf.open_bcf),
    CubeFormat("Bruker .spx", bruker_xml.recognizes, bruker_xml.open_spx, unpacks=True),
    CubeFormat("Ripple (.rpl, .raw)", ripple.recognizes, ripple.open_ripple),
    CubeFormat(".mca, .spe (text)", mca.recognizes, mca.open_mca, unpacks=True),
    CubeFormat("EDF rows", edf.recognizes, edf.open_edf, unpacks=True),
    CubeFormat("EMSA (.msa)", msa.recognizes, msa.open_msa, unpacks=True),
    # Any text with lines of numbers, so it comes last.
    CubeFormat("columns of text", column_text.recognizes, column_text.open_columns, unpacks=True),
)
