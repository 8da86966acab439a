"""The anode of the tube: the user's choice, else the statement of the cube's file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["anode_of", "anode_option"]

anode_option = click.option(
    "--anode",
    metavar="SYMBOL",
    help="Anode of the tube, such as Rh, whose scattered lines are then no elements; none to fit "
    "none. Default: as the file states.",
)


def anode_of(cube: xr.DataArray, chosen: str | None) -> str | None:
    """Symbol of the anode, or None where unknown or none is wanted.

    Parameters
    ----------
    cube : DataArray
        With ``anode_atomic_number`` or ``tube`` in its attributes, where the file has them.
    chosen : str, optional
        The user's choice: a symbol, or ``none``.
    """
    from skxrf.physics import line_group
    from skxrf.physics.constants import ANODES, SOFT_ANODES

    if chosen is not None:
        return None if chosen.lower() == "none" else chosen
    # Other symbols in a tube's name are of something else.
    anodes = {*ANODES, *SOFT_ANODES}
    number = cube.attrs.get("anode_atomic_number")
    for symbol in anodes if number is not None else ():
        if line_group(f"{symbol}_L").atomic_number == number:
            return symbol
    words = re.split(r"[^A-Za-z]+", str(cube.attrs.get("tube", "")))
    known = {word for word in words if word in anodes}
    return known.pop() if len(known) == 1 else None
