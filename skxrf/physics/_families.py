"""Families of a line group: lines whose ratio neither paint layers nor air can change much."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._lines import LineGroup

__all__ = ["line_families"]


def line_families(group: LineGroup) -> dict[str, NDArray[np.bool_]]:
    """Split a line group into families.

    K lines fall into K-alpha and K-beta, L lines into those of the three sub-shells, M lines
    into the main lines of M4 and M5, their soft transitions to N2 and N3 (M-zeta), and the rest.

    Parameters
    ----------
    group : LineGroup
        The group to split.

    Returns
    -------
    dict of str to ndarray of shape (n_lines,), bool
        For each family, which lines belong to it; each line belongs to one.
    """
    labels = np.array([_family(group.shell, line) for line in group.lines])
    return {str(label): labels == label for label in dict.fromkeys(labels)}


def _family(shell: str, line: str) -> str:
    if shell == "K":
        return "alpha" if line[1] == "L" else "beta"
    if shell == "L":
        return line[:2]
    if line[:2] not in ("M4", "M5"):
        return "M1-M3"
    return "zeta" if line[2:] in ("N2", "N3") else "alpha-beta"
