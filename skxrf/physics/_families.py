"""Families of a line group: lines whose ratios paint layers and air hardly change."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._lines import LineGroup

__all__ = ["line_families"]


def line_families(group: LineGroup, *, fine: bool = False) -> dict[str, NDArray[np.bool_]]:
    """Split a line group into families.

    K lines fall into K-alpha and K-beta, L lines into those of the three sub-shells, M lines
    into the main lines of M4 and M5, their soft transitions to N2 and N3 (M-zeta), and the rest.

    Parameters
    ----------
    group : LineGroup
        The group to split.
    fine : bool
        Whether to part the L lines of each sub-shell once more, into transitions to M1, to the
        other M sub-shells, and to what lies further out. M1 is an eighth lower in energy, what
        is further out a fifth higher: L-gamma lines of gold, mercury and lead lie above the L3
        edge of their own element, which absorbs them in thick paint.

    Returns
    -------
    dict of str to ndarray of shape (n_lines,), bool
        For each family, which lines belong to it; each line belongs to one.
    """
    labels = np.array([_family(group.shell, line, fine) for line in group.lines])
    return {str(label): labels == label for label in dict.fromkeys(labels)}


def _family(shell: str, line: str, fine: bool) -> str:
    if shell == "K":
        return "alpha" if line[1] == "L" else "beta"
    if shell == "L":
        return line[:2] + (_outer_shell(line[2:]) if fine else "")
    if line[:2] not in ("M4", "M5"):
        return "M1-M3"
    return "zeta" if line[2:] in ("N2", "N3") else "alpha-beta"


def _outer_shell(shell: str) -> str:
    if shell == "M1":
        return "-M1"
    return "-M" if shell[0] == "M" else "-N"
