"""Lines of the tube that the object scatters, and what is known of their ratios."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from skxrf.physics import DetectorResponse
from skxrf.physics._line_table import EXACT, line_table
from skxrf.physics._lines import line_families
from skxrf.physics._scatter import scattered_tube_group
from skxrf.utils.typing import Array


class SameAngle(NamedTuple):
    """Places of the Compton peaks of K-beta and K-alpha at one angle, and what tells their ratio."""

    beta: int
    alpha: int
    rayleigh_beta: int
    rayleigh_alpha: int
    most: float  # ratio that the anode emits


def scattered_peaks(
    anode: str, edges: Array, detector: DetectorResponse, least: float
) -> dict[tuple[str, str], Array]:
    """Scattered lines of an anode by kind and by family and angle, each of one count.

    `edges` (n_bins + 1,): true bin edges [keV]. `least`: share of a peak that must lie in the range.
    """
    table = line_table((), (anode,), detail=EXACT)
    parts = zip(table.labels, table.render(edges, detector).T, strict=True)
    return {label: one for label, one in parts if one.sum() > least}


def same_angles(anode: str, labels: Sequence[tuple[str, str]]) -> list[SameAngle]:
    """Compton peaks of K-beta whose K-alpha, and both Rayleigh peaks, are among some peaks.

    `labels`: of :func:`scattered_peaks`. Returns none for anodes of which L lines are scattered.
    """
    group = scattered_tube_group(anode)
    if group.shell != "K":
        return []
    families = line_families(group)
    alpha, beta = (float(group.intensities[families[name]].sum()) for name in ("alpha", "beta"))
    place = {(kind.partition("_")[2], name): i for i, (kind, name) in enumerate(labels)}
    found = []
    for (kind, name), at in place.items():
        others = [
            ("compton", name.replace("beta", "alpha")),
            ("rayleigh", "beta"),
            ("rayleigh", "alpha"),
        ]
        if kind == "compton" and name.startswith("beta") and all(one in place for one in others):
            own, *rayleigh = (place[one] for one in others)
            found.append(SameAngle(at, own, rayleigh[0], rayleigh[1], beta / alpha))
    return found


def with_weak_lines(mixture: Array, angles: Iterable[SameAngle]) -> Array:
    """Counts of scattered peaks, those of K-beta as many as those of K-alpha ask for.

    All lines are scattered by the same angles. Compton scatter has at least the share of K-beta that
    Rayleigh scatter has, which falls faster with the energy. `mixture` (n_peaks,): positive counts.
    """
    mixture = mixture.copy()
    for one in angles:
        share = min(mixture[one.rayleigh_beta] / mixture[one.rayleigh_alpha], one.most)
        mixture[one.beta] = max(mixture[one.beta], share * mixture[one.alpha])
    return np.asarray(mixture)
