"""Paints of the simple simulator: which line groups a layer of each gives, and how it absorbs.

Net counts per unit of coverage, relative to lead white's Pb L lines; orders of magnitude as a
50 kV rhodium tube in air gives them on icons (assumed, not measured).
"""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["GROUND", "PAINTS", "Paint"]


@dataclass(frozen=True)
class Paint:
    """A layer of one material.

    Parameters
    ----------
    lines : dict of str to float
        Net counts of each line group at coverage 1, relative.
    absorption : float
        How strongly coverage 1 absorbs lines from below: the optical depth at 5 keV.
    scatter : float
        Continuum that coverage 1 adds, relative to the ground's.
    """

    lines: dict[str, float] = field(default_factory=dict)
    absorption: float = 0.3
    scatter: float = 0.1


# Gypsum on a panel, with the strontium that comes with it.
GROUND = Paint({"Ca_K": 0.9, "S_K": 0.15, "Sr_K": 0.08, "K_K": 0.01, "Fe_K": 0.03}, 0.0, 1.0)

PAINTS: dict[str, Paint] = {
    "lead white": Paint({"Pb_L": 1.0, "Pb_M": 0.12}, 1.6, 0.05),
    "vermilion": Paint({"Hg_L": 1.1, "Hg_M": 0.08, "S_K": 0.15}, 1.5, 0.05),
    "azurite": Paint({"Cu_K": 1.8, "Fe_K": 0.05}, 0.6, 0.12),
    "malachite": Paint({"Cu_K": 1.6, "Zn_K": 0.04}, 0.6, 0.12),
    "red ochre": Paint({"Fe_K": 1.3, "K_K": 0.03, "Ca_K": 0.05, "Ti_K": 0.03}, 0.5, 0.2),
    "umber": Paint({"Fe_K": 1.0, "Mn_K": 0.35, "K_K": 0.03, "Ti_K": 0.02}, 0.5, 0.2),
    "green earth": Paint({"Fe_K": 0.6, "K_K": 0.12, "Mn_K": 0.02, "Cr_K": 0.01}, 0.4, 0.25),
    "viridian": Paint({"Cr_K": 0.9, "Ca_K": 0.04}, 0.5, 0.2),
    "chrome yellow": Paint({"Cr_K": 0.25, "Pb_L": 0.8, "Pb_M": 0.09}, 1.5, 0.06),
    "orpiment": Paint({"As_K": 1.0, "S_K": 0.10}, 0.9, 0.1),
    "bone black": Paint({"Ca_K": 0.5, "P_K": 0.015}, 0.3, 0.3),
    "zinc white": Paint({"Zn_K": 1.4}, 0.7, 0.1),
    "gold leaf": Paint({"Au_L": 0.7, "Au_M": 0.05}, 0.8, 0.02),
    "shell gold": Paint({"Au_L": 0.35, "Au_M": 0.02, "Cu_K": 0.04}, 0.5, 0.05),
    "bole": Paint({"Fe_K": 0.7, "K_K": 0.04, "Ti_K": 0.02}, 0.4, 0.3),
}
