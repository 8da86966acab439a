"""`open_maps`: element maps from any known file."""

from __future__ import annotations

import os

import xarray as xr

from skxrf.exceptions import FileFormatError
from skxrf.utils.files import existing_file

from ._guard import own_errors
from ._other_formats import refuse_other_formats
from ._packed import unpacked_head
from .maps.columns import Elements
from .maps.formats import MAPS_FORMATS
from .maps.source import MapsRequest


def open_maps(
    path: str | os.PathLike[str], *, elements: Elements = None, dataset: str | None = None
) -> xr.DataArray | xr.Dataset:
    r"""Open element maps, with their uncertainties where the file has them.

    The format is recognized by content: all that :func:`save_maps` writes but pictures; results of
    PyMca, ewoksfluo, XRF-Maps and PyXRF in HDF5; a text table of one line a pixel with the columns
    ``row`` and ``column`` (PyMca's ``.dat`` and ``.csv``); Datamuncher's ``.dms`` and ``.ims``; TIFF
    and EDF, one file with a page a map or a folder with a file a map; and Bruker's ``.rtx``.

    Parameters
    ----------
    path : str or path-like
        The file, or a folder of TIFF or EDF files.
    elements : sequence of str or mapping of str to str, optional
        The maps to read, in this order; or a mapping from the file's names to line groups, such
        as ``{"Fe": "Fe_K"}``. By default all: in a table every column must then be a line group
        (``Fe_K``, ``Fe-K``, ``Fe K`` and ``FeK`` are the same) or one of PyMca's other columns,
        which are left out (mass fractions, scatter, background, figures of merit).
    dataset : str, optional
        Name of the group of maps in an HDF5 file that holds several, such as
        ``"/images/xrf_fit"`` or ``"/MAPS/XRF_Analyzed/NNLS"``; any group of images will do.

    Returns
    -------
    DataArray or Dataset
        The maps, of dims (y, x, element), named ``intensity`` [counts]; or, where the file has
        uncertainties, a Dataset of ``intensity`` and ``uncertainty`` [counts, one standard
        deviation; NaN for a map that has none]. They are in memory; binary formats keep their
        dtype, tables are float64. In tables, missing values are those that the table calls
        ``nan``. XRF-Maps stores counts per second, as the attribute ``units`` then says.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    FileFormatError
        If the file is of no known format, truncated or empty, or its pixels are not a full grid.
    LineGroupError
        If a wanted map is missing, or it is not clear which line group a column means.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from skxrf.io import open_maps
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "maps.csv")
    ...     _ = path.write_text("row;column;Fe-K;Pb-L\n0;0;1.5;2\n0;1;3;4\n")
    ...     maps = open_maps(path)
    >>> maps.sel(element="Fe_K").values
    array([[1.5, 3. ]])
    """
    file, head = existing_file(path, "element maps", folders=True)
    # PNG, JPEG, BMP, GIF
    if head.startswith((b"\x89PNG", b"\xff\xd8\xff", b"BM", b"GIF8")):
        raise FileFormatError(
            f"{file} is a picture: pictures are made to look at, they hold no intensities. Open the "
            "maps that it was made from."
        )
    inside = unpacked_head(file, head)
    refuse_other_formats(file, inside)
    folder = file.is_dir()
    for one in MAPS_FORMATS:
        if one.folder == folder and one.recognizes(file, inside if one.unpacks else head):
            with own_errors(file, one.name):
                maps = one.open(file, MapsRequest(elements, dataset))
            break
    else:
        refuse_other_formats(file, head)
        found = "a folder without TIFF or EDF files" if folder else f"it starts with {head[:16]!r}"
        raise FileFormatError(
            f"{file} is of no known format for maps, {found}. Known are: "
            f"{', '.join(one.name for one in MAPS_FORMATS)}."
        )
    if 0 in maps["intensity"].shape:
        raise FileFormatError(
            f"{file} holds maps of shape {maps['intensity'].shape}: expected at least one pixel "
            "and one line group."
        )
    if set(maps.data_vars) != {"intensity"}:
        return maps
    intensity = maps["intensity"]
    return intensity.assign_attrs({**maps.attrs, **intensity.attrs})
