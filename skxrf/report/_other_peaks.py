"""Peaks of a spectrum that are no element's: scattered tube lines, escape and sum peaks, argon."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skxrf.exceptions import LineGroupError
from skxrf.physics import LineGroup, line_group
from skxrf.physics._scatter import compton_energy, scattered_tube_group
from skxrf.physics.constants import ANODES, SILICON
from skxrf.utils.html import label

from ._cube_spectra import CubeSpectra


@dataclass(frozen=True)
class PeakMarks:
    """Rule for peaks that a page marks besides those of elements."""

    n_bright: int = 3
    """Number of the brightest line groups whose escape and sum peaks are looked for."""
    half_width: float = 0.07
    """Half the width of the window that is compared with the windows beside it [keV]: half the full
    width at half maximum of a silicon detector near 6 keV."""
    significance: float = 4.0  # least excess over the neighboring windows [standard errors]
    angles: tuple[float, float] = (75.0, 180.0)
    """Scattering angles between which a Compton peak is looked for [degrees]."""


def anode_of(fit: Any, *attributes: Mapping[Any, Any]) -> str | None:
    """Tube anode, by the fit, else by the tube that a file states."""
    found = getattr(fit, "anode", None)
    stated = [str(one.get("tube", "")).split(",")[0].split()[:1] for one in attributes]
    return found or next((words[0] for words in stated if words and words[0] in ANODES), None)


def other_peaks(
    spectra: CubeSpectra,
    totals: Mapping[str, float],
    anode: str | None,
    rule: PeakMarks | None = None,
) -> list[dict[str, Any]]:
    """List the peaks that stand out in the sum spectrum where theory expects one.

    `spectra`: sum spectrum and its energies. `totals`: counts of each line group in all pixels.
    `anode`: chemical symbol of the tube's anode. `rule`: what is looked for. Returns ``label`` and
    ``energy`` [keV].
    """
    rule = rule or PeakMarks()
    total = np.asarray(spectra.total, dtype=np.float64)
    marks = []
    for name, energy in _candidates(spectra.energy, total, totals, anode, rule):
        if _stands_out(spectra.energy, total, energy, rule):
            marks.append({"label": name, "energy": float(f"{energy:.5g}")})
    return marks


def _candidates(
    energy: NDArray[np.float64],
    total: NDArray[np.float64],
    totals: Mapping[str, float],
    anode: str | None,
    rule: PeakMarks,
) -> Iterator[tuple[str, float]]:
    yield "Ar, air", line_group("Ar_K").main_energy
    if anode is not None:
        line = scattered_tube_group(anode).main_energy
        yield f"{anode}, tube", line
        low, high = (float(compton_energy(line, angle)) for angle in reversed(rule.angles))
        between = (energy > low) & (energy < high)
        if between.any():
            yield f"{anode}, Compton", float(energy[between][total[between].argmax()])
    bright = _brightest(totals, rule.n_bright)
    for group in bright:
        if group.main_energy > SILICON.k_edge:
            yield f"{label(group.name)}, escape", group.main_energy - SILICON.k_alpha
    for one, other in combinations_with_replacement(bright, 2):
        yield f"{label(one.name)} + {label(other.name)}", one.main_energy + other.main_energy


def _brightest(totals: Mapping[str, float], n: int) -> list[LineGroup]:
    groups: list[LineGroup] = []
    for name in sorted(totals, key=lambda name: -totals[name]):
        if len(groups) < n and np.isfinite(totals[name]):
            try:
                groups.append(line_group(name))
            except LineGroupError:
                continue
    return groups


def _stands_out(
    energy: NDArray[np.float64], total: NDArray[np.float64], at: float, rule: PeakMarks
) -> bool:
    """Compare the counts of a window with those of the two windows beside it."""
    away = np.abs(energy - at)
    inside = total[away < rule.half_width]
    beside = total[(away > 1.5 * rule.half_width) & (away < 2.5 * rule.half_width)]
    if not inside.size or not beside.size:
        return False
    excess = inside.sum() - beside.mean() * inside.size
    variance = inside.sum() + beside.sum() * (inside.size / beside.size) ** 2
    return bool(excess > rule.significance * np.sqrt(max(variance, 1.0)))
