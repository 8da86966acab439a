"""Constants of nature, and tables of the line groups and anodes that occur in practice."""

from __future__ import annotations

import math
from dataclasses import dataclass

# Rest energy of the electron [keV], CODATA 2018.
ELECTRON_MASS = 510.99895
# Inverse of the fine-structure constant, CODATA 2018: the momentum m c in atomic units.
INVERSE_FINE_STRUCTURE = 137.036
# Mean energy per electron-hole pair in silicon [keV], Lowe & Sareen 2007, NIM A 576, 367.
PAIR_ENERGY = 3.66e-3
# Full width at half maximum of a Gaussian of unit standard deviation.
FWHM_OF_SIGMA = 2.0 * math.sqrt(2.0 * math.log(2.0))


@dataclass(frozen=True)
class Semiconductor:
    """Material of a detector.

    Parameters
    ----------
    atomic_number : int
        Atomic number.
    k_alpha, k_edge : float
        Energies [keV] of its K-alpha line and its K edge.
    density : float
        Density [g/cm3].
    """

    atomic_number: int
    k_alpha: float
    k_edge: float
    density: float


# Deslattes et al. 2003, Rev. Mod. Phys. 75, 35; density: CRC Handbook of Chemistry and Physics.
SILICON = Semiconductor(atomic_number=14, k_alpha=1.740, k_edge=1.839, density=2.329)

# Relative spread of the share of a family of lines about theory: paint layers and air absorb the
# soft lines of a group more. M families are far apart compared with their energy.
FAMILY_SPREAD = {"K": 0.05, "L": 0.1, "M": 0.25}
# Share of its group below which K-beta of aluminum, silicon and phosphorus lies, and its relative
# spread: valence electrons emit it, and chemical bonds change it. In certified rocks that of silicon
# is twice theory's.
WEAK_BETA, WEAK_BETA_SPREAD = 0.05, 0.5


@dataclass(frozen=True)
class BetaSatellites:
    """Radiative Auger satellites of K-beta: a photon that lacks the energy of an ejected M electron.

    Form and size are those in which thick Ti, Cr, Fe, Ni, Cu and Zr exceed Voigt profiles in NIST's
    spectra of pure elements; the process: Campbell et al. 1986, Phys. Rev. A 33, 2410.
    """

    depths: tuple[float, ...] = (0.7, 2.2, 4.5)
    """Distances below K-beta of the peaks that make up the band, in binding energies of M1."""
    parts: tuple[float, ...] = (0.64, 0.20, 0.16)  # counts of each, as shares of the band
    width: float = 0.5  # full width at half maximum of each, as a share of its distance
    share: float = 0.12
    """Counts of the band per count of K-beta where M1 is bound by 0.1 keV, near iron."""
    power: float = -0.8  # exponent of the binding energy of M1 by which that share falls
    first: int = 20
    """Lightest element with a band: below, it is no wider than the natural width."""


# Lightest elements whose softer lines are fitted besides: M lines of lighter ones lie below
# 1.3 keV; L lines of elements lighter than silver, below 3 keV, hardly leave a painting.
FIRST_WITH_M_LINES = 68
FIRST_WITH_L_LINES = 47

# Anodes of X-ray tubes, and the lines of each that an object scatters most.
ANODES = {"Rh": "Rh_K", "Ag": "Ag_K", "Mo": "Mo_K", "Pd": "Pd_K", "W": "W_L", "Cu": "Cu_K"}
# Further ones, whose lines an object scatters too little to tell them from its own.
SOFT_ANODES = ("Ti", "Cr", "Au")

# Argon, 0.93 % of the air by volume, shines wherever the beam passes it.
AIR_LINE_GROUP = "Ar_K"
# Metals of windows, collimators, chambers and detectors that instruments show in every spectrum.
INSTRUMENT_METALS = frozenset({"Al", "Ni", "Cu", "Zn", "W", "Au"})
# Metals of steel parts near the beam; objects hold them as often.
STEEL = frozenset({"Cr", "Fe"})
# Anodes that are hardly ever elements of an object: their K lines are scattered ones.
TUBE_ONLY = ("Rh", "Pd")

# Line groups that others lie so close to that a sum spectrum cannot tell if those are there: sulfur
# beside M lines, argon of the air beside L lines of the tube.
HIDDEN_BESIDE = {
    "S_K": frozenset({"Au_M", "Hg_M", "Tl_M", "Pb_M", "Bi_M", "Mo_L"}),
    "Ar_K": frozenset({"Rh_L", "Pd_L", "Ag_L"}),
}

# Line groups of paintings, rocks, air and instruments (elements of pigments: Eastaugh et al. 2008,
# Pigment Compendium), and how each is used: c, candidate in a sum spectrum; s, part of the search
# for an axis; b, possibly among the brightest peaks; u, uncommon candidate beside common lines.
# L lines where K lines are out of a 50 kV tube's reach or beyond the usual axis.
_USES = {
    "Al_K": "cs", "Si_K": "csb", "P_K": "cs", "S_K": "csb", "Cl_K": "csb", "Ar_K": "csb",
    "K_K": "csb", "Ca_K": "csb", "Ti_K": "csb", "V_K": "csu", "Cr_K": "csb", "Mn_K": "csb",
    "Fe_K": "csb", "Co_K": "csb", "Ni_K": "csb", "Cu_K": "csb", "Zn_K": "csb", "As_K": "csb",
    "Se_K": "csbu", "Br_K": "csbu", "Rb_K": "s", "Sr_K": "csb", "Y_K": "s", "Zr_K": "csb",
    "Nb_K": "s", "Mo_K": "cbu", "Rh_K": "cb", "Pd_K": "b", "Ag_K": "cb", "Cd_K": "csb",
    "Sn_K": "csb", "Sb_K": "cs", "Mo_L": "s", "Rh_L": "s", "Pd_L": "s", "Ag_L": "cs",
    "Cd_L": "c", "Sn_L": "cs", "Sb_L": "c", "Ba_L": "csb", "W_L": "cbu", "Au_L": "csb",
    "Hg_L": "csb", "Pb_L": "csb", "Bi_L": "csbu", "Au_M": "c", "Hg_M": "c", "Pb_M": "csb",
    "Bi_M": "c",
}  # fmt: skip


def _used(letter: str) -> tuple[str, ...]:
    return tuple(name for name, uses in _USES.items() if letter in uses)


COMMON_LINE_GROUPS = _used("c")
SEARCHED_LINE_GROUPS = _used("s")
BRIGHT_LINE_GROUPS = _used("b")
UNCOMMON_LINE_GROUPS = frozenset(_used("u"))
