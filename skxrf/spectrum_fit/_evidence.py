"""Evidence for and against each line group of an identification."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from skxrf.physics.constants import AIR_LINE_GROUP, INSTRUMENT_METALS, STEEL
from skxrf.spectrum_fit._competitors import ALL_ESCAPES
from skxrf.spectrum_fit._identification import Identification
from skxrf.utils.typing import Array

__all__ = ["INSTRUMENT", "LineEvidence", "evidence_of", "evidence_of_parts"]

INSTRUMENT = "the instrument"
"""Competitor of a trace that object or instrument may hold."""


@dataclass(frozen=True)
class LineEvidence:
    """Evidence for a line group."""

    line_group: str  # name, such as ``Fe_K``
    answer: str
    """``present``, of the object; ``air``, ``instrument``, ``tube``, ``sum peak``, ``escape
    peak`` or ``diffraction``, where there is a signal of that origin; ``not seen``."""
    significance: float  # net counts beside all else that is there, in standard errors
    reason: str  # reason, in words
    competitor: str  # signal that explains the same counts; empty where there is none
    counts: float  # net counts in the sum
    error: float  # their standard error
    limit_counts: float
    """Limit of detection [counts in the sum]: a line group of so many counts is found in half
    of the cases."""
    fitted: bool  # True if the line group is a component of the fit

    def stated(self, n_pixels: float = 1) -> dict[str, Any]:
        """Evidence as plain values, with the mean limit of detection of a number of pixels."""
        plain = asdict(self) | {"limit_per_pixel": self.limit_counts / max(n_pixels, 1)}
        plain.pop("fitted")
        return {
            key: float(f"{value:.4g}") if isinstance(value, float) else value
            for key, value in plain.items()
        }


def evidence_of(search: Identification) -> list[LineEvidence]:
    """State the evidence for each line group that tube and axis allow, by energy."""
    area, error = search.scores(search.final)
    least = search.least_errors(search.final, error)
    limits = search.limits(least)
    competition = _competition(search)
    with np.errstate(divide="ignore"):
        noise = 1 / np.sqrt(np.square(search.whole).T @ (1 / np.maximum(search.counts, 1.0)))
    hidden = error > search.rule.hidden * noise
    found = []
    for i in np.argsort(search.energies):
        name = search.names[i]
        if name in search.areas:
            found.append(_of_fitted(search, name))
            continue
        limit = float(limits[i])
        answer, reason, competitor = _other_origin(
            search, name, competition, int(i), limit, hidden=bool(hidden[i])
        )
        score = float(area[i] / error[i])
        found.append(
            LineEvidence(
                name, answer, score, reason, competitor, 0.0, float(least[i]), limit, False
            )
        )
    return found


def evidence_of_parts(
    parts: Iterable[Identification], scale: float = 1.0, *, of_all: bool = False
) -> dict[str, LineEvidence]:
    """Strongest evidence for each line group that a part of the spectra shows, but not their sum.

    `parts`: finished searches of sums of like spectra. `scale`: counts of all spectra per count of
    the parts. `of_all`: whether line groups count of elements that are not looked for, too. Returns
    dict of str to LineEvidence.
    """
    found: dict[str, LineEvidence] = {}
    for part in parts:
        for name in part.additional(of_all=of_all):
            one = _of_fitted(part, name)
            usual = name in part.usual
            least = part.rule.part_significance if usual else part.rule.uncommon_significance
            if one.answer == "not seen" or one.significance < least:
                continue
            if name not in found or one.significance > found[name].significance:
                share = f"seen in like spectra with {100 * (part.share or 1):.2g} % of the counts"
                rivals = one.reason.partition("; ")[2]
                found[name] = replace(
                    one,
                    reason="; ".join(filter(None, (share, rivals))),
                    counts=scale * one.counts,
                    error=scale * one.error,
                    limit_counts=scale * one.limit_counts,
                )
    return found


def _of_fitted(search: Identification, name: str) -> LineEvidence:
    """Evidence for a line group that is part of the fit: of the object, or of air, tube, instrument."""
    rule, counts = search.rule, search.areas[name]
    score, error, rivals = _alone(search, name)
    whole = float(search.counts.sum())
    answer, reason, competitor = "present", f"{score:.0f} standard errors", ""
    if name in search.tube:
        answer, reason = "tube", f"a line of the anode, {search.anode}"
    elif name == AIR_LINE_GROUP:
        answer, reason = "air", "argon of the air"
    elif name in search.undecided and (why := search.doubt(name)):
        answer, reason, competitor = "not seen", why, search.undecided[name]
        if competitor:
            reason += f"; cannot be told from {_words(competitor)}"
    elif score < rule.significance:
        answer, reason = "not seen", f"{score:.1f} standard errors"
        nearest, alike = _nearest(search, name)
        if alike > rule.beside:
            reason, competitor = f"{reason}; cannot be told from {_words(nearest)}", nearest
    elif name[:-2] in INSTRUMENT_METALS and counts < rule.instrument * whole:
        answer, reason = "instrument", "a trace of a metal that instruments are made of"
    elif rivals:
        names = " or ".join(map(_words, (name, *rivals)))
        reason, competitor = f"{reason}; {names}", rivals[0]
    elif name[:-2] in INSTRUMENT_METALS | STEEL and counts < rule.perhaps_instrument * whole:
        reason, competitor = f"{reason}; of the object or of the instrument", INSTRUMENT
    limit = search.needed(name) * error
    return LineEvidence(name, answer, score, reason, competitor, counts, error, limit, True)


def _other_origin(
    search: Identification,
    name: str,
    competition: dict[str, Array],
    place: int,
    limit: float,
    *,
    hidden: bool,
) -> tuple[str, str, str]:
    """Answer, reason and competitor of a line group that is no part of the fit."""
    if search.anode is not None and name.startswith(f"{search.anode}_"):
        return "tube", f"a line of the anode, {search.anode}", ""
    what = max(competition, key=lambda label: competition[label][place], default="")
    size = float(competition[what][place]) if what else 0.0
    if size > limit:
        kinds = {" + ": "sum peak", "escape": "escape peak", "peak at": "diffraction"}
        answer = next(kind for sign, kind in kinds.items() if sign in what)
        return answer, f"{size:,.0f} counts there are of {what}", what
    if search.rejected.get(name, "").startswith("no "):
        return "not seen", search.rejected[name], ""
    nearest, alike = _nearest(search, name)
    if nearest and (alike > search.rule.alike or hidden):
        return "not seen", f"cannot be told from {_words(nearest)}", nearest
    return "not seen", search.rejected.get(name, ""), ""


def _nearest(search: Identification, name: str) -> tuple[str, float]:
    """Other line group of the fit that is most like one, and the cosine between both."""
    units = search.whole * np.sqrt(search.final.weights)[:, None]
    units = units / np.linalg.norm(units, axis=0)
    alike = {
        other: float(units[:, search.place[name]] @ units[:, search.place[other]])
        for other in search.areas
        if other != name
    }
    nearest = max(alike, key=lambda other: alike[other], default="")
    return nearest, alike.get(nearest, 0.0)


def _words(name: str) -> str:
    """Line group as sentences name it."""
    return name.replace("_", " ")


def _alone(search: Identification, name: str) -> tuple[float, float, list[str]]:
    """Significance beside all others, standard error, and line groups that do as well."""
    without = search.fit(leave_out=[name])
    area, error = search.scores(without)
    score, mine = area / error, search.place[name]
    units = search.whole * np.sqrt(without.weights)[:, None]
    units = units / np.linalg.norm(units, axis=0)
    rule = search.rule
    as_good = (
        (units.T @ units[:, mine] > rule.overlap)
        & (score**2 > score[mine] ** 2 - rule.tie)
        & (score > rule.significance)
    )
    rivals = [
        search.names[i]
        for i in np.flatnonzero(as_good)
        if search.names[i] not in search.areas and not search.lacks_harder(search.names[i], score)
    ]
    return float(score[mine]), float(error[mine]), rivals


def _competition(search: Identification) -> dict[str, Array]:
    """Counts of sum peaks, escape peaks and reflections in the place of each line group."""
    fit = search.fit()
    n_groups = len(search.fitted)
    norm = np.maximum(np.einsum("ij,ij->j", search.whole, search.whole), 1e-300)
    found: dict[str, Array] = {}
    for i, part in enumerate(search.parts):
        named = any(sign in part.name for sign in (" + ", "escape", "peak at"))
        if not named or part.name.endswith("position") or part.name == ALL_ESCAPES:
            continue
        escaping = search.escaping if part.name.endswith("escape") else 1.0
        counts = float(fit.amplitudes[n_groups + i]) + escaping * part.expected
        there = counts * (part.spectrum @ search.whole / norm)
        found[part.name] = found.get(part.name, np.zeros(len(search.names))) + there
    return found
