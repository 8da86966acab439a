"""Interface to xraylib, which no other module calls (Schoonjans et al. 2011, Spectrochim. Acta B 66, 776).

xraylib signals a missing datum by an exception; here it is a zero.
"""

from __future__ import annotations

import functools
import math
import re

import xraylib

_SHELLS = {"K": ("K",), "L": ("L1", "L2", "L3"), "M": ("M1", "M2", "M3", "M4", "M5")}
_LINE = re.compile(r"^(K|L[1-3]|M[1-5])([KLMNOPQ]\d*)_LINE$")


def atomic_number(symbol: str) -> int:
    """Atomic number of an element, or 0 where there is no such symbol."""
    try:
        return int(xraylib.SymbolToAtomicNumber(symbol))
    except ValueError:
        return 0


def atomic_weight(number: int) -> float:
    """Standard atomic weight [g/mol]."""
    return float(xraylib.AtomicWeight(number))


def element_symbol(number: int) -> str:
    """Chemical symbol of an atomic number."""
    return str(xraylib.AtomicNumberToSymbol(number))


@functools.cache
def line_names(shell: str) -> tuple[str, ...]:
    """IUPAC names of all lines of a shell K, L or M, such as ``L3M5``."""
    found: dict[int, str] = {}
    for name in dir(xraylib):
        match = _LINE.match(name)
        if match and match[1] in _SHELLS[shell]:
            found.setdefault(getattr(xraylib, name), name.removesuffix("_LINE"))
    return tuple(sorted(found.values()))


def line_energy(number: int, line: str) -> float:
    """Energy [keV] of a line, 0 where there is none."""
    try:
        return float(xraylib.LineEnergy(number, getattr(xraylib, f"{line}_LINE")))
    except ValueError:
        return 0.0


def radiative_rate(number: int, line: str) -> float:
    """Share of a line among the radiative transitions into its sub-shell, 0 where unknown."""
    try:
        return float(xraylib.RadRate(number, getattr(xraylib, f"{line}_LINE")))
    except ValueError:
        return 0.0


def production_cross_section(number: int, line: str, energy: float) -> float:
    """Line production cross section [cm2/g] at a photon energy [keV], cascades included."""
    try:
        return float(
            xraylib.CS_FluorLine_Kissel_Cascade(number, getattr(xraylib, f"{line}_LINE"), energy)
        )
    except ValueError:
        return 0.0


def edge_energy(number: int, subshell: str) -> float:
    """Absorption edge [keV] of a sub-shell such as ``K`` or ``L3``, 0 where there is none."""
    try:
        return float(xraylib.EdgeEnergy(number, getattr(xraylib, f"{subshell}_SHELL")))
    except ValueError:
        return 0.0


def fluorescence_yield(number: int, subshell: str) -> float:
    """Fluorescence yield of a sub-shell."""
    return float(xraylib.FluorYield(number, getattr(xraylib, f"{subshell}_SHELL")))


def level_width(number: int, subshell: str) -> float:
    """Natural width [keV] of a level such as ``K`` or ``L3``, 0 where unknown.

    Campbell & Papp 2001, At. Data Nucl. Data Tables 77, 1.
    """
    try:
        return float(xraylib.AtomicLevelWidth(number, getattr(xraylib, f"{subshell}_SHELL")))
    except (AttributeError, ValueError):
        return 0.0


def jump_ratio(number: int, subshell: str) -> float:
    """Jump of the photoelectric cross section at a sub-shell's edge."""
    return float(xraylib.JumpFactor(number, getattr(xraylib, f"{subshell}_SHELL")))


def total_attenuation(number: int, energy: float) -> float:
    """Total mass attenuation coefficient [cm2/g] of an element at an energy [keV]."""
    between = _BETWEEN_M5_AND_M4.get(number)
    if between is not None:
        low, high = edge_energy(number, "M5"), edge_energy(number, "M4")
        if low < energy < high:
            share = math.log(energy / low) / math.log(high / low)
            return float(between[0] ** (1 - share) * between[1] ** share)
    return float(xraylib.CS_Total(number, energy))


# xraylib's table of attenuation has no point between these edges and draws a line across the M5
# jump: 30 % too little at S K-alpha in mercury. Attenuation [cm2/g] just above M5 and just
# below M4 from EPDL97 (Cullen, Hubbell & Kissel 1997, UCRL-50400 vol. 6).
_BETWEEN_M5_AND_M4 = {
    72: (2193.0, 2962.0),  # Hf
    73: (2092.0, 2810.0),  # Ta
    74: (1980.0, 2632.0),  # W
    75: (2221.0, 2446.0),  # Re
    76: (1691.0, 2323.0),  # Os
    77: (1669.0, 2228.0),  # Ir
    78: (1587.0, 2091.0),  # Pt
    79: (1530.0, 1968.0),  # Au
    80: (1492.0, 1946.0),  # Hg
    81: (1515.0, 1849.0),  # Tl
    82: (1640.0, 1817.0),  # Pb
    83: (1849.0, 1779.0),  # Bi
}


def photo_attenuation(number: int, energy: float) -> float:
    """Photoelectric mass attenuation coefficient [cm2/g] of an element at an energy [keV]."""
    return float(xraylib.CS_Photo(number, energy))


def compton_attenuation(number: int, energy: float) -> float:
    """Total Compton cross section [cm2/g] of an element at an energy [keV]."""
    return float(xraylib.CS_Compt(number, energy))


def rayleigh_scattering(number: int, energy: float, angle: float) -> float:
    """Differential Rayleigh cross section [cm2/g/sr] at an energy [keV] and angle [radians]."""
    return float(xraylib.DCS_Rayl(number, energy, angle))


def compton_scattering(number: int, energy: float, angle: float) -> float:
    """Differential Compton cross section [cm2/g/sr] at an energy [keV] and angle [radians].

    Zero for momentum transfers below xraylib's table, where binding forbids the process.
    """
    try:
        return float(xraylib.DCS_Compt(number, energy, angle))
    except ValueError:
        return 0.0


def electron_shells(number: int) -> list[tuple[int, float, float]]:
    """Index, binding energy [keV] and electrons of the shells of an atom with Compton profiles."""
    shells = []
    for shell in range(31):
        try:
            electrons = float(xraylib.ElectronConfig(number, shell))
            binding = float(xraylib.EdgeEnergy(number, shell))
            xraylib.ComptonProfile_Partial(number, shell, 0.0)
        except ValueError:
            continue
        shells.append((shell, binding, electrons))
    return shells


def shell_compton_profile(number: int, shell: int, momentum: float) -> float:
    """Compton profile of an electron of a shell at a momentum, both in atomic units."""
    return float(xraylib.ComptonProfile_Partial(number, shell, momentum))


def compton_profile(number: int, momentum: float) -> float:
    """Compton profile of an atom, all electrons, at a momentum, both in atomic units.

    Biggs, Mendelsohn & Mann 1975, At. Data Nucl. Data Tables 16, 201.
    """
    return float(xraylib.ComptonProfile(number, momentum))


def element_density(number: int) -> float:
    """Density [g/cm3] of an element."""
    return float(xraylib.ElementDensity(number))


def mass_fractions(formula: str) -> dict[str, float]:
    """Mass fractions of the elements of a formula such as ``C5H8O2``; empty where it is none."""
    try:
        compound = xraylib.CompoundParser(formula)
    except ValueError:
        return {}
    return {
        element_symbol(number): float(share)
        for number, share in zip(compound["Elements"], compound["massFractions"], strict=True)
    }


def subshell_cross_section(number: int, subshell: str, energy: float) -> float:
    """Fluorescence cross section [cm2/g] of a sub-shell at an energy [keV], cascades included."""
    try:
        return float(
            xraylib.CS_FluorShell_Kissel_Cascade(
                number, getattr(xraylib, f"{subshell}_SHELL"), energy
            )
        )
    except ValueError:
        return 0.0
