"""Which line groups a sum spectrum holds, so that a fit leaves none of them out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from skxrf.physics import DetectorResponse, line_group
from skxrf.physics._scatter import scattered_tube_group

from ._sum_spectrum import fit_sum_spectrum

__all__ = ["COMMON_LINE_GROUPS", "find_line_groups"]

# What paintings, their supports, the air and the instruments themselves are made of (elements
# of pigments: Eastaugh et al. 2008, Pigment Compendium). L lines where K lines are out of a
# 50 kV tube's reach or beyond the usual axis; M lines are tried where the L lines are found.
COMMON_LINE_GROUPS = (
    *("Al_K", "Si_K", "P_K", "S_K", "Cl_K", "Ar_K", "K_K", "Ca_K", "Ti_K", "V_K", "Cr_K", "Mn_K"),
    *("Fe_K", "Co_K", "Ni_K", "Cu_K", "Zn_K", "As_K", "Se_K", "Br_K", "Sr_K", "Zr_K", "Mo_K"),
    *("Rh_K", "Ag_K", "Cd_K", "Sn_K", "Sb_K", "Ag_L", "Cd_L", "Sn_L", "Sb_L", "Ba_L", "W_L"),
    *("Au_L", "Hg_L", "Pb_L", "Bi_L"),
    *("Au_M", "Hg_M", "Pb_M", "Bi_M"),
)
# Share of a channel by which the model may be wrong, for the question whether a line is there:
# tails and line ratios near bright lines are not known better.
_MODEL_ERROR = 0.03
_LEAST_SIGNIFICANCE = 5.0
# What few paintings hold, and lies beside lines of what most do, has to be clearer.
_RARE_SIGNIFICANCE = 7.0
_RARE = frozenset({"V_K", "Se_K", "Br_K", "Mo_K", "W_L", "Bi_L"})
# Line ratios are held half as tightly as when areas are wanted: thick paint, whose Pb L-alpha is
# 6 % stronger than theory's, must not look like arsenic.
_FAMILY_SPREAD = 2.0
# M lines of lighter elements lie below 1.3 keV, where nothing is fitted; L lines of elements
# lighter than silver, below 3 keV, hardly leave a painting.
_FIRST_WITH_M_LINES = 68
_FIRST_WITH_L_LINES = 47


def find_line_groups(
    spectrum: NDArray[np.float64],
    energy: NDArray[np.float64],
    *,
    energy_range: tuple[float, float],
    required: Sequence[str] = (),
    candidates: Sequence[str] = COMMON_LINE_GROUPS,
    anode: str | None = None,
    tube_voltage: float = 50.0,
    refine: bool = True,
    detector: DetectorResponse | None = None,
) -> list[str]:
    """Line groups that stand out of a sum spectrum, and those asked for.

    All candidates are fitted together; those below five standard errors (seven for what is rare),
    a model error of 3 % of each channel included, are left out. M lines in the range come with
    the L lines of their element, and L lines with the K lines of silver and what is heavier.
    M lines without their element's L lines are left out where those were tried.

    Parameters
    ----------
    spectrum : ndarray of shape (n_channels,)
        Counts, summed over many pixels.
    energy : ndarray of shape (n_channels,)
        Nominal bin centres [keV].
    energy_range : pair of float
        The fitted range [keV].
    required : sequence of str
        Line groups that are kept whatever the spectrum says.
    candidates : sequence of str
        Line groups to try.
    anode : str, optional
        Tube anode: its scattered lines, which are part of the model, are no candidates; its L lines
        beside scattered K lines are one.
    tube_voltage : float
        Voltage of the tube [kV].
    refine : bool
        Whether to refine the calibration first.
    detector : DetectorResponse, optional
        Start of the refinement, or the response as it is if `refine` is false.

    Returns
    -------
    list of str
        By the energy of the main line, the required ones included.
    """
    low, high = energy_range
    tube = [f"{anode}_L"] if anode is not None else []
    # What is scattered cannot be told from what is emitted.
    scattered = None if anode is None else scattered_tube_group(anode).name
    tried = [
        name
        for name in dict.fromkeys([*required, *candidates, *tube])
        if name in required or (name != scattered and _reachable(name, low, high, tube_voltage))
    ]
    fit = fit_sum_spectrum(
        spectrum,
        energy,
        tried,
        energy_range=energy_range,
        anode=anode,
        tube_voltage=tube_voltage,
        refine=refine,
        detector=detector,
        model_error=_MODEL_ERROR,
        family_spread=_FAMILY_SPREAD,
    )
    found = {name for name in tried if fit.areas[name] > _least(name) * fit.errors[name]}
    kept = {*required, *(name for name in found if _supported(name, found, tried))}
    # Where there are L lines there are M lines, weak as they may be, and with the K lines of tin
    # its L lines: left out, they would be counted as sulphur, potassium or calcium.
    partners = [softer for name in kept if (softer := _softer(name)) is not None]
    kept.update(name for name in partners if _reachable(name, low, high, tube_voltage))
    return sorted(kept, key=lambda name: line_group(name, tube_voltage=tube_voltage).main_energy)


def _reachable(name: str, low: float, high: float, tube_voltage: float) -> bool:
    if name[-1] == "M" and line_group(f"{name[:-2]}_L").atomic_number < _FIRST_WITH_M_LINES:
        return False
    group = line_group(name) if name[-1] != "K" else line_group(name, tube_voltage=1e3)
    edge_is_reached = group.main_energy < 0.9 * tube_voltage
    return edge_is_reached and low + 0.1 <= group.main_energy <= high - 0.1


def _least(name: str) -> float:
    """Standard errors above which a line group is believed."""
    return _RARE_SIGNIFICANCE if name in _RARE else _LEAST_SIGNIFICANCE


def _softer(name: str) -> str | None:
    """The line group that the same element shows at lower energies."""
    symbol, shell = name.split("_")
    if shell == "L":
        return f"{symbol}_M"
    if shell == "K" and line_group(name, tube_voltage=1e3).atomic_number >= _FIRST_WITH_L_LINES:
        return f"{symbol}_L"
    return None


def _supported(name: str, found: set[str], tried: list[str]) -> bool:
    """M lines are believed only with the L lines of their element, where those were tried."""
    if not name.endswith("_M"):
        return True
    partner = f"{name.removesuffix('_M')}_L"
    return partner in found or partner not in tried
