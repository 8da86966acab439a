"""Line groups: all characteristic lines of one shell of one element, ``Fe_K`` or ``Pb_L``."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from skxrf.exceptions import LineGroupError
from skxrf.physics import _xraylib


def line_families(group: LineGroup, *, fine: bool = False) -> dict[str, NDArray[np.bool_]]:
    """Split a line group into families.

    K lines fall into K-alpha and K-beta, L lines into those of the three sub-shells, M lines
    into the main lines of M4 and M5, their soft transitions to N2 and N3 (M-zeta), and the rest.

    `group`: the group to split. `fine`: whether to part the L lines of each sub-shell once more,
    into transitions to M1, to the other M sub-shells, and to what lies further out. M1 is an eighth
    lower in energy, what is further out a fifth higher: L-gamma lines of gold, mercury and lead lie
    above the L3 edge of their own element, which absorbs them in thick paint. Returns
    (n_lines,), bool: for each family, which lines belong to it; each line belongs to one.
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


# Initial and final level of a line; xraylib writes pairs such as L3O4 and L3O5 as L3O45.
_LEVELS = re.compile(r"^(K|[LM]\d)([KLMNOPQ]\d?)")
_NAME = re.compile(r"^([A-Z][a-z]?)_([KLM])$")
_SUBSHELLS = {"K": ("K",), "L": ("L3", "L2", "L1"), "M": ("M5", "M4", "M3", "M2", "M1")}
# Below this share of its group a line is not worth a term in a template.
_LEAST_SHARE = 1e-4


@dataclass(frozen=True)
class LineGroup:
    """Characteristic lines of one shell of one element.

    Parameters
    ----------
    name : str
        The field's spelling, such as ``Fe_K``.
    element : str
        Chemical symbol.
    atomic_number : int
        Atomic number of the element.
    shell : str
        ``K``, ``L`` or ``M``.
    lines : tuple of str
        IUPAC names of the lines, such as ``KL3``; the strongest first.
    energies : ndarray of shape (n_lines,)
        Line energies [keV].
    intensities : ndarray of shape (n_lines,)
        Shares of the lines in the group; their sum is 1.
    """

    name: str
    element: str
    atomic_number: int
    shell: str
    lines: tuple[str, ...]
    energies: NDArray[np.float64] = field(repr=False)
    intensities: NDArray[np.float64] = field(repr=False)

    @functools.cached_property
    def widths(self) -> NDArray[np.float64]:
        """Natural widths of the lines, the sum of those of both levels [keV], (n_lines,).

        Full widths at half maximum of Lorentzians; 0 where a level's is unknown.
        """
        levels = (_LEVELS.match(line) for line in self.lines)
        return np.array(
            [
                sum(_xraylib.level_width(self.atomic_number, one) for one in match.groups())
                if match
                else 0.0
                for match in levels
            ]
        )

    @property
    def main_energy(self) -> float:
        """Energy [keV] of the group's strongest line."""
        return float(self.energies[0])


def line_group(name: str, *, tube_voltage: float = 50.0) -> LineGroup:
    """Look up the lines of a group and their relative intensities.

    K lines share the radiative rates of the K shell. In the L and M shells the sub-shells are
    filled by photoionization and by cascades, which depends on the exciting energy: their
    production cross sections (Kissel photoionization, full cascade) are averaged over the
    continuum of a tube, Kramers' law I(E) ~ E0/E - 1 (Kramers 1923, Phil. Mag. 46, 836).

    Parameters
    ----------
    name : str
        Element and shell, such as ``Fe_K``, ``Pb_L`` or ``Pb_M``.
    tube_voltage : float
        Voltage of the exciting tube [kV].

    Returns
    -------
    LineGroup
        Lines above 1e-4 of the group, the strongest first.

    Raises
    ------
    LineGroupError
        If there is no such element or shell, or the tube voltage is below its edge.

    References
    ----------
    Data: xraylib, Schoonjans et al. 2011, Spectrochim. Acta B 66, 776.

    Examples
    --------
    >>> from skxrf.physics import line_group
    >>> iron = line_group("Fe_K")
    >>> iron.lines[0], round(iron.main_energy, 3)
    ('KL3', 6.404)
    """
    return _line_group(str(name), float(tube_voltage))


@functools.lru_cache(maxsize=1024)
def _line_group(name: str, tube_voltage: float) -> LineGroup:
    match = _NAME.match(name)
    number = _xraylib.atomic_number(match[1]) if match else 0
    if match is None or number == 0:
        raise LineGroupError(
            f"unknown line group {name!r}: expected an element and its shell K, L or M, such as "
            "'Fe_K', 'Pb_L' or 'Pb_M'."
        )
    symbol, shell = match[1], match[2]
    edges = [_xraylib.edge_energy(number, subshell) for subshell in _SUBSHELLS[shell]]
    edge = min((e for e in edges if e > 0), default=0.0)
    if edge >= tube_voltage:
        raise LineGroupError(
            f"{name} has its edge at {edge:.2f} keV and cannot be excited by a tube at "
            f"{tube_voltage:g} kV: choose another shell or raise tube_voltage."
        )
    if edge <= 0:
        raise LineGroupError(f"{symbol} has no {shell} lines with known energies and intensities.")
    names = _xraylib.line_names(shell)
    if shell == "K":
        weights = np.array([_xraylib.radiative_rate(number, line) for line in names])
    else:
        weights = _tube_averaged_production(number, names, edge, tube_voltage)
    energies = np.array([_xraylib.line_energy(number, line) for line in names])
    weights = np.where(energies > 0, weights, 0.0)
    if weights.sum() <= 0:
        raise LineGroupError(f"{symbol} has no {shell} lines with known energies and intensities.")
    weights /= weights.sum()
    order = np.argsort(-weights, kind="stable")
    order = order[weights[order] > _LEAST_SHARE]
    shares = weights[order] / weights[order].sum()
    energies = energies[order]
    for array in (energies, shares):
        array.setflags(write=False)  # shared by the cache
    return LineGroup(name, symbol, number, shell, tuple(names[i] for i in order), energies, shares)


def _tube_averaged_production(
    number: int, names: tuple[str, ...], edge: float, tube_voltage: float
) -> NDArray[np.float64]:
    # Logarithmic steps: photoionization falls as about E^-3, most of it happens near the edge.
    steps = np.geomspace(edge * 1.001, tube_voltage * 0.999, 25)
    photons = (tube_voltage / steps - 1) * np.gradient(steps)
    produced = {
        subshell: sum(
            weight * _xraylib.subshell_cross_section(number, subshell, float(energy))
            for energy, weight in zip(steps, photons, strict=True)
        )
        for subshell in {name[:2] for name in names}
    }
    # xraylib has no cross sections of transitions within the M shell.
    return np.array(
        [
            0.0
            if name[0] == name[2] == "M"
            else produced[name[:2]] * _xraylib.radiative_rate(number, name)
            for name in names
        ]
    )


def known_line_groups(
    low: float, high: float, *, tube_voltage: float = 50.0, elements: tuple[str, ...] | None = None
) -> list[str]:
    """Line groups whose strongest line lies in an energy range.

    Parameters
    ----------
    low, high : float
        Range of the strongest line [keV].
    tube_voltage : float
        Voltage of the exciting tube [kV]; groups it cannot excite are left out.
    elements : tuple of str, optional
        The elements to consider; default all from Na to U but the noble gases He, Ne, Kr, Xe
        and Rn and the elements without stable or long-lived isotopes.

    Returns
    -------
    list of str
        Names by atomic number, then shell.
    """
    if elements is None:
        elements = tuple(
            _xraylib.element_symbol(z) for z in (*range(11, 84), 90, 92) if z not in _NOT_IN_PAINT
        )
    found = []
    for symbol in elements:
        for shell in "KLM":
            try:
                group = line_group(f"{symbol}_{shell}", tube_voltage=tube_voltage)
            except LineGroupError:
                continue
            if low <= group.main_energy <= high:
                found.append(group.name)
    return found


# Kr, Tc, Xe, Pm: no solid compounds in use, or no stable isotope.
_NOT_IN_PAINT = frozenset({36, 43, 54, 61})
