"""The energy axis and the line groups of the shipped model."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from skxrf.exceptions import LineGroupError
from skxrf.physics import LineGroup, line_group

# Bin centers [keV]: from below the softest line that leaves a painting through air to the K lines
# of antimony; bins of a quarter of the width of S K.
ENERGY: NDArray[np.float64] = np.asarray(0.02 * np.arange(50, 1470))

# Line groups that the model maps.
LINE_GROUPS = (
    *("Si_K", "P_K", "S_K", "Cl_K", "Ar_K", "K_K", "Ca_K", "Ti_K", "V_K", "Cr_K", "Mn_K", "Fe_K"),
    *("Co_K", "Ni_K", "Cu_K", "Zn_K", "As_K", "Se_K", "Br_K", "Rb_K", "Sr_K", "Zr_K", "Ag_K"),
    *("Cd_K", "Sn_K", "Sb_K", "Ba_L", "Au_L", "Hg_L", "Pb_L", "Pb_M", "Bi_L"),
)
# Further parts of a spectrum, with the share of its counts that each seldom exceeds.
_COMPANIONS = {
    "Sr_L": 0.02, "Zr_L": 0.01, "Ag_L": 0.02, "Cd_L": 0.02, "Sn_L": 0.02, "Sb_L": 0.02,
    "Au_M": 0.05, "Hg_M": 0.05, "Bi_M": 0.02, "Rh_L": 0.02, "W_L": 0.01, "W_M": 0.01,
}  # fmt: skip
_RARE = (
    *("Al_K", "Sc_K", "Ga_K", "Ge_K", "Y_K", "Nb_K", "Mo_K", "Rh_K", "Pd_K", "In_K", "Mo_L"),
    *("Te_L", "I_L", "Cs_L", "La_L", "Ce_L", "Pt_L", "Tl_L", "Th_L", "U_L"),
)
# Uncommon in paintings: no component of the network, but of the fits of a painting
# whose single spectra show it.
UNCOMMON_GROUPS = (
    *("Ru_K", "Pr_L", "Nd_L", "Sm_L", "Eu_L", "Gd_L", "Tb_L", "Dy_L", "Ho_L", "Er_L", "Tm_L"),
    *("Yb_L", "Lu_L", "Hf_L", "Ta_L", "Re_L", "Os_L", "Ir_L"),
)
COMPONENT_GROUPS = (*LINE_GROUPS, *_COMPANIONS, *_RARE)
# Companions of a K line group: found with it.
L_GROUP_OF_K = {f"{symbol}_L": f"{symbol}_K" for symbol in ("Sr", "Zr", "Ag", "Cd", "Sn", "Sb")}
# Smooth shapes that a pixel's continuum is made of.
N_BACKGROUND = 10
# Shares of a pixel's counts that components may have: mapped line groups, their companions, and
# those that paintings hardly contain.
PRIOR_SHARES: NDArray[np.float64] = np.array(
    [0.3] * len(LINE_GROUPS)
    + list(_COMPANIONS.values())
    + [0.01] * len(_RARE)
    + [1.0] * N_BACKGROUND
)


def component_group(name: str) -> LineGroup:
    """Lines of a group; tubes of more than 50 kV excite the K lines of heavier elements."""
    try:
        return line_group(name)
    except LineGroupError:
        return line_group(name, tube_voltage=100.0)
