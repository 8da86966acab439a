"""Candidates for the line groups of a spectrum: what tube and axis allow, and their partners."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from skxrf.exceptions import LineGroupError
from skxrf.physics import line_group
from skxrf.physics._scatter import scattered_tube_group
from skxrf.physics.constants import COMMON_LINE_GROUPS, FIRST_WITH_L_LINES, FIRST_WITH_M_LINES

__all__ = ["candidates_in_range", "with_partners", "within_range"]


def candidates_in_range(
    energy_range: tuple[float, float],
    *,
    required: Sequence[str] = (),
    candidates: Sequence[str] = COMMON_LINE_GROUPS,
    anode: str | None = None,
    tube_voltage: float = 50.0,
) -> list[str]:
    """Line groups that a spectrum may show: excited by the tube, with lines in the range.

    Parameters
    ----------
    energy_range : pair of float
        Fitted range [keV].
    required : sequence of str
        Line groups that are kept in any case.
    candidates : sequence of str
        Line groups to try.
    anode : str, optional
        Element of the tube: its scattered lines cannot be told from emitted ones and are no
        candidates; its L lines beside scattered K lines are one.
    tube_voltage : float
        Voltage of the tube [kV].

    Returns
    -------
    list of str
        The required ones first.
    """
    scattered = None if anode is None else scattered_tube_group(anode).name
    tube = [] if anode is None else [f"{anode}_L"]
    return [
        name
        for name in dict.fromkeys([*required, *candidates, *tube])
        if name in required or (name != scattered and _is_excited(name, energy_range, tube_voltage))
    ]


def with_partners(
    names: Collection[str], energy_range: tuple[float, float], tube_voltage: float
) -> list[str]:
    """Line groups and the softer lines of their elements, by the energy of the main line.

    Parameters
    ----------
    names : collection of str
        Line groups that are present.
    energy_range : pair of float
        Fitted range [keV].
    tube_voltage : float
        Voltage of the tube [kV].

    Returns
    -------
    list of str
        Where there are L lines there are M lines, weak as they may be, and with the K lines of tin
        its L lines: left out, they would be counted as sulfur, potassium or calcium.
    """
    partners = (_softer(name) for name in names)
    kept = {*names} | {
        name for name in partners if name and _is_excited(name, energy_range, tube_voltage)
    }
    return sorted(kept, key=lambda name: line_group(name, tube_voltage=tube_voltage).main_energy)


def within_range(groups: Sequence[str], low: float, high: float) -> list[str]:
    """Line groups whose strongest line lies well inside a range [keV]."""
    return [name for name in groups if low + 0.1 <= _main_energy(name) <= high - 0.2]


def _main_energy(name: str) -> float:
    return line_group(name, tube_voltage=1e3 if name[-1] == "K" else 50.0).main_energy


def _is_excited(name: str, energy_range: tuple[float, float], tube_voltage: float) -> bool:
    if name[-1] == "M" and line_group(f"{name[:-2]}_L").atomic_number < FIRST_WITH_M_LINES:
        return False
    try:
        energy = _main_energy(name)
    except LineGroupError:
        return False
    low, high = energy_range
    return energy < 0.9 * tube_voltage and low + 0.1 <= energy <= high - 0.1


def _softer(name: str) -> str | None:
    """Line group that the same element shows at lower energies."""
    symbol, shell = name.split("_")
    if shell == "L":
        return f"{symbol}_M"
    if shell == "K" and line_group(name, tube_voltage=1e3).atomic_number >= FIRST_WITH_L_LINES:
        return f"{symbol}_L"
    return None
