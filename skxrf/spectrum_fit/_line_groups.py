"""Line groups in the fit of an axis: evidence for each, and partners that come with it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from skxrf.exceptions import LineGroupError
from skxrf.physics import known_line_groups, line_group
from skxrf.physics._line_table import WHOLE, line_table
from skxrf.physics.constants import (
    FIRST_WITH_L_LINES,
    FIRST_WITH_M_LINES,
    HIDDEN_BESIDE,
    SEARCHED_LINE_GROUPS,
    UNCOMMON_LINE_GROUPS,
)
from skxrf.spectrum_fit._model import Solution, SumSpectrumModel, smoothed


def with_partners(
    names: Collection[str], energy_range: tuple[float, float], tube_voltage: float
) -> list[str]:
    """Line groups and the softer lines of their elements, by the energy of the main line.

    `names`: line groups that are present. `energy_range`: fitted range [keV]. `tube_voltage`:
    voltage of the tube [kV]. Returns where there are L lines there are M lines, weak as they may
    be, and with the K lines of tin its L lines: left out, they would be counted as sulfur,
    potassium or calcium. What a sum spectrum cannot tell from them, sulfur beside M lines of lead
    and argon beside L lines of the tube, is measured in pixels.
    """
    partners = [_softer(name) for name in names]
    partners += [hidden for hidden, others in HIDDEN_BESIDE.items() if others & {*names, *partners}]
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


@dataclass(frozen=True)
class Evidence:
    """Evidence for a line group in a fit of all candidates together."""

    name: str  # line group
    area: float  # net counts
    error: float  # standard error [counts], the error of the model included

    @property
    def significance(self) -> float:
        """Net counts in standard errors."""
        return self.area / max(self.error, 1e-12)


@dataclass(frozen=True)
class DetectionRule:
    """Thresholds above which a line group takes part in the fit of an axis."""

    significance: float = 5.0  # standard errors of the net counts
    uncommon_significance: float = 7.0
    """The same for `UNCOMMON_LINE_GROUPS`, which few paintings hold and which lie beside lines of
    what most do."""
    unexplained: float = 6.0
    """Standard errors of the residuals of a fit, for line groups that it leaves out."""
    unexplained_unsearched: float = 12.0  # the same for groups outside `SEARCHED_LINE_GROUPS`
    most_unexplained: int = 8  # most such groups
    worth_fitting: float = 2e-4
    """Share of all counts in a coarse search above which a group is fitted at all."""
    model_error: float = 0.03
    """Share of a channel by which the fit may be wrong, for the question of presence."""

    def least(self, name: str) -> float:
        """Standard errors above which a line group is believed."""
        return self.uncommon_significance if name in UNCOMMON_LINE_GROUPS else self.significance


RULE = DetectionRule()


def evidence(model: SumSpectrumModel, solution: Solution) -> list[Evidence]:
    """Evidence for each line group of a model.

    `model`: model of all candidates.
    """
    areas, errors = model.areas(solution.amplitudes), model.errors(solution)
    return [Evidence(name, areas[name], errors[name]) for name in model.groups]


def present(
    found: Iterable[Evidence], *, required: Collection[str] = (), rule: DetectionRule = RULE
) -> list[str]:
    """Line groups that are present, by significance and partner lines.

    `found`: evidence for all candidates. `required`: line groups that are kept in any case. Returns
    names in the order of the evidence. M lines need the L lines of their element, where those were
    candidates.
    """
    found = list(found)
    tried = {one.name for one in found}
    seen = {one.name for one in found if one.significance > rule.least(one.name)}
    return [
        one.name
        for one in found
        if one.name in required
        or (one.name in seen and (_harder(one.name) in seen or _harder(one.name) not in tried))
    ]


def worth_fitting(
    totals: Mapping[str, float], counts: float, *, rule: DetectionRule = RULE
) -> list[str]:
    """Line groups of a coarse search that are worth a place in a fit.

    `totals`: net counts in the coarse search.
    """
    return [name for name, total in totals.items() if total > rule.worth_fitting * counts]


def unexplained_groups(
    model: SumSpectrumModel,
    x: Mapping[str, float],
    solution: Solution,
    kept: Collection[str],
    *,
    rule: DetectionRule = RULE,
) -> list[str]:
    """Line groups that the residuals of a fit ask for.

    `kept`: groups that are present; M lines are tried with the L lines of their element only.
    Returns groups of all elements, the clearest first; what one explains no other is asked for.
    """
    edges = model.correction(x)(model.binned.edges)
    others = [
        name
        for name in known_line_groups(float(edges[0]) + 0.1, float(edges[-1]) - 0.3)
        if name not in model.groups and (name[-1] != "M" or _harder(name) in kept)
    ]
    # Not the weights of the fit, which are low just where something is missing.
    smooth = smoothed(model.binned.counts)
    weights = 1 / np.sqrt(model.variance + (rule.model_error * smooth) ** 2)
    columns = line_table(others, detail=WHOLE).render(edges, model.detector(x))
    columns = columns * weights[:, None]
    missing = -solution.residuals[: len(columns)] * weights / model.weights
    size = np.linalg.norm(columns, axis=0) + 1e-12
    usual = np.array([name in SEARCHED_LINE_GROUPS for name in others], dtype=bool)
    least = np.where(usual, rule.unexplained, rule.unexplained_unsearched)
    added: list[str] = []
    for _ in range(rule.most_unexplained):
        scores = columns.T @ missing / size / least
        best = int(np.argmax(scores))
        if scores[best] < 1 or others[best] in added:
            break
        added.append(others[best])
        unit = columns[:, best] / size[best]
        missing = missing - unit * (unit @ missing)
    return added


def _harder(name: str) -> str:
    """Line group that an element must show besides this one; itself but for M lines."""
    return f"{name[:-2]}_L" if name[-1] == "M" else name
