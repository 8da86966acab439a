"""Limits of detection as they are claimed, against the share of simulated cases that are found."""

from __future__ import annotations

import click
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.tables import RESULTS, write_rows
from skxrf.physics import DetectorResponse, line_group
from skxrf.physics._line_table import scattered_tube_families
from skxrf.spectrum_fit._elements import find_elements
from skxrf.spectrum_fit._evidence import LineEvidence
from skxrf.spectrum_fit._tube import Tube

__all__ = ["main", "shares_found"]

Array = NDArray[np.float64]

ENERGY = 0.02 * np.arange(1, 1400)
EDGES = np.append(ENERGY - 0.01, ENERGY[-1] + 0.01)
DETECTOR = DetectorResponse(tail_fraction=0.01)
TUBE = Tube.stated("Rh", 50.0, 28.0)
# Net counts of the spectra that are simulated, and line groups put into each at their limits: not
# in the place of others, and far apart.
SPECTRA = {
    "painting": (
        {"Pb_L": 1e6, "Pb_M": 1.3e5, "Ca_K": 2e5, "Fe_K": 4e5, "Cu_K": 5e4, "Hg_L": 1e5},
        ("Ti_K", "Cr_K", "Ni_K", "Zr_K"),
    ),
    "rock": (
        {"Si_K": 2e4, "K_K": 6e4, "Ca_K": 2e5, "Ti_K": 4e4, "Fe_K": 2e6, "Zr_K": 1e4},
        ("Cl_K", "Cr_K", "Cu_K", "Br_K"),
    ),
    "bronze": ({"Cu_K": 2e6, "Sn_L": 6e4, "Sn_K": 5e4, "Pb_L": 1e5}, ("Ti_K", "Mn_K", "Sr_K")),
}
CONTINUUM, SCATTER = 150.0, 1e5
SEED = 7
_FOUND = ("present", "instrument")


def expected(areas: dict[str, float]) -> Array:
    """Expected counts per channel of line groups, continuum and scattered tube lines."""
    counts = CONTINUUM * (1 + ENERGY / 10) * np.exp(-ENERGY / 12)
    for name, area in areas.items():
        counts += area * DETECTOR.template(line_group(name), EDGES)
    parts = scattered_tube_families("Rh", DETECTOR, EDGES)
    counts += 0.3 * SCATTER * parts["Rh_rayleigh alpha"]
    return np.asarray(counts + SCATTER * parts["Rh_compton alpha 135"])


def shares_found(
    areas: dict[str, float], added: tuple[str, ...], dose: float, n_cases: int
) -> list[dict[str, object]]:
    """Share of the cases in which line groups at their claimed limits are found.

    Parameters
    ----------
    areas : dict of str to float
        Net counts of the spectrum.
    added : tuple of str
        Line groups that are put into it.
    dose : float
        Factor of all counts.
    n_cases : int
        Spectra drawn.

    Returns
    -------
    list of dict
        One for each added line group: mean of the claimed limit, share found at it, and share of
        spectra without it in which it, and any other absent line group, is claimed.
    """
    rng = np.random.default_rng(SEED)
    base = dose * expected(areas)
    limits, alarms, others = [], [], []
    for _ in range(n_cases):
        said = _said(rng.poisson(base).astype(float))
        limits.append([said[name].limit_counts for name in added])
        claimed = {name for name, one in said.items() if one.answer == "present"}
        alarms.append([name in claimed for name in added])
        others.append(len(claimed - set(areas) - set(added)))
    mean = np.mean(limits, axis=0)
    full = base + sum(
        limit * DETECTOR.template(line_group(name), EDGES)
        for name, limit in zip(added, mean, strict=True)
    )
    found = []
    for _ in range(n_cases):
        said = _said(rng.poisson(full).astype(float))
        found.append([said[name].answer in _FOUND for name in added])
    return [
        {
            "line_group": name,
            "limit": round(float(mean[i])),
            "found_at_limit": round(float(np.mean(found, axis=0)[i]), 3),
            "claimed_without": round(float(np.mean(alarms, axis=0)[i]), 3),
            "others_claimed": round(float(np.mean(others)), 3),
            "cases": n_cases,
        }
        for i, name in enumerate(added)
    ]


def _said(spectrum: Array) -> dict[str, LineEvidence]:
    found = find_elements(spectrum, ENERGY, TUBE, refined=False, detector=DETECTOR)
    return {one.line_group: one for one in found.evidence}


@click.command("limits")
@click.option("--cases", default=16, show_default=True, help="Spectra drawn of each kind.")
def main(cases: int) -> None:
    """Line groups at their claimed limits of detection: against the share of cases found."""
    rows = []
    for name, (areas, added) in SPECTRA.items():
        for dose in (0.03, 1.0):
            for row in shares_found(areas, added, dose, cases):
                rows.append({"spectrum": name, "dose": dose, **row})
                print(rows[-1], flush=True)
    write_rows(RESULTS / "element_limits.csv", rows)
    print(pd.DataFrame(rows).groupby("dose")[["found_at_limit", "claimed_without"]].mean())
