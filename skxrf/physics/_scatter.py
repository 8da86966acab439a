"""Tube lines that the object scatters."""

from __future__ import annotations

from skxrf.exceptions import LineGroupError

from ._lines import LineGroup, line_group

__all__ = ["scattered_tube_group"]


def scattered_tube_group(anode: str) -> LineGroup:
    """Lines of a tube that an object scatters most.

    Parameters
    ----------
    anode : str
        Chemical symbol of the tube's anode.

    Returns
    -------
    LineGroup
        Its K lines, or the L lines where 50 kV excite no K lines, as of tungsten.

    Raises
    ------
    LineGroupError
        If there is no such element.
    """
    try:
        return line_group(f"{anode}_K")
    except LineGroupError:
        return line_group(f"{anode}_L")
