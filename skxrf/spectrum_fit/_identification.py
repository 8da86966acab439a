"""Line groups that a sum spectrum shows: the one rule of the library."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Collection
from dataclasses import replace

import numpy as np

from skxrf.physics import line_group
from skxrf.physics._lines import line_families
from skxrf.physics._xraylib import atomic_number, edge_energy
from skxrf.physics.constants import COMMON_LINE_GROUPS, SEARCHED_LINE_GROUPS
from skxrf.spectrum_fit._competitors import ratio_error
from skxrf.spectrum_fit._group_fit import GroupFit, explained, solved
from skxrf.spectrum_fit._least_squares import LeastSquares
from skxrf.spectrum_fit._unknown_peaks import UnknownPeak
from skxrf.utils.typing import Array

__all__ = ["Identification"]


class Identification(GroupFit):
    """Search for the line groups of one spectrum, see :class:`GroupFit` for the parameters.

    Line groups are accepted by significance, the brightest first, and judged by their main line, its
    partner, its centroid and its width once all brighter ones are part of the fit. A peak that no
    line group explains becomes a component of its own.
    """

    share: float | None = None
    """Share of the counts of all parts, in a search of one; None in one of all spectra."""

    def additional(self, *, of_all: bool = False) -> list[str]:
        """Line groups that a part of the spectra shows besides those that it takes for granted.

        Of elements that are looked for in paintings and rocks, or `of_all`: a grain may reflect at any
        energy.
        """
        granted = {*self.kept, *self.undecided}
        return [
            name for name in self.areas if name not in granted and (of_all or _is_looked_for(name))
        ]

    def run(self) -> None:
        """Find the line groups."""
        self.start()
        self.refit()
        self.shift_sums()
        self._search(self.refit())

    def broad_share(self) -> float:
        """Share of all counts in peaks of unknown origin that are broader than lines."""
        widest = self.rule.widest
        broad = sum(peak.area for peak in self.unknown if peak.is_seen and peak.width > widest)
        return broad / float(self.counts.sum())

    def part(self, counts: Array, photons: Array, share: float) -> Identification:
        """Find what a part of the spectra shows besides.

        `counts` (n_bins,): sum of those spectra. `photons` (n_channels,): its counts that pile up.
        `share`: share of the counts of all parts. Returns the search of the part, which takes
        for granted what this one has found.
        """
        part = copy.copy(self)
        part._begin(counts, photons)
        part.share = share
        ratio = float(counts.sum() / self.counts.sum())
        # Coincidences of a pixel are as probable as in all, but pairs of counts of a part are fewer.
        part.rate = part.least_rate = min(self.rate / ratio, part.most)
        granted = [name for name in self.areas if name not in self.undecided]
        part.kept = list(dict.fromkeys([*self.kept, *granted]))
        part.areas = {name: area * ratio for name, area in self.areas.items()}
        seen = [peak for peak in self.unknown if peak.is_seen]
        part.unknown = [replace(peak, area=peak.area * ratio) for peak in seen]
        part.inflated = True
        part._search(part.refit())
        return part

    def _search(self, fit: LeastSquares) -> None:
        for _ in range(self.rule.most_rounds):
            area, error = self.scores(fit)
            score = area / error
            for i, name in enumerate(self.names):
                if name in self.areas or self.refusals.get(name, 0) > 1:
                    score[i] = 0
            if score.max() >= self.rule.significance:
                self._add(fit, score, area)
            elif not (self._verify() or self._explain_peak() or self._keep_undecided()):
                break
            fit = self.refit()
        self.final = fit

    def _add(self, fit: LeastSquares, score: Array, area: Array) -> None:
        """Accept the most significant line groups, or make their peaks components."""
        rule = self.rule
        units = self.whole * np.sqrt(fit.weights)[:, None]
        units = units / np.linalg.norm(units, axis=0)
        score = score.copy()
        # Errors of the shapes are judged when nothing bright is missing any more.
        self.inflated = score.max() < rule.nearly_done * rule.significance
        strict = bool(score.max() < rule.done * rule.significance)
        least = max(rule.significance, rule.share_of_best * float(score.max()))
        while score.max() > least:
            top = int(score.argmax())
            cosine = units.T @ units[:, top]
            rivals = np.flatnonzero(
                (cosine > rule.overlap) & (score > max(rule.rival * score[top], rule.significance))
            )
            ranked = self._ranked(rivals.tolist(), score)
            chosen = next((i for i in ranked if self._accepts(fit, i, score, strict=strict)), None)
            if chosen is not None:
                self.areas[self.names[chosen]] = float(area[chosen])
            else:
                mine = [self.place[name] for name in self.areas]
                if not mine or (units.T[mine] @ units[:, top]).max() < rule.same:
                    self._absorb(fit, self.names[top], float(area[top]))
            score[cosine > rule.beside] = 0

    def _ranked(self, rivals: list[int], score: Array) -> list[int]:
        """Rivals for a peak: the most significant first, but common ones before their equals."""
        best = float(score[rivals].max())

        def rank(place: int) -> tuple[bool, float]:
            tied = best**2 - float(score[place]) ** 2 < self.rule.tie
            common = self.names[place] in COMMON_LINE_GROUPS
            return not (tied and common), -float(score[place])

        return sorted(rivals, key=rank)

    def _accepts(self, fit: LeastSquares, place: int, score: Array, *, strict: bool) -> bool:
        name = self.names[place]
        why = ""
        if score[place] < self.rule.bright:
            why = self.judge(fit, name, float(score[place]), strict=strict)
        why = why or self.lacks_harder(name, score)
        if why and self._comes_with_others(name):
            self.undecided[name] = ""
            return True
        if why:
            self.rejected[name] = why
            self.refusals[name] = self.refusals.get(name, 0) + 1
        return not why

    def _absorb(self, fit: LeastSquares, name: str, area: float) -> None:
        """Make a peak that no line group explains a component."""
        energy = self.energies[self.place[name]]
        peak = UnknownPeak(energy, 1.0, area).fitted(fit, self.edges, self.detector)
        shape = peak.shapes(self.edges, self.detector)[:, 0]
        of_lines = float(self.lines @ shape / (shape @ shape))
        # In the place of a bright line it would be an error of that line's shape.
        if min(area, peak.area) < self.rule.least_visible * of_lines:
            return
        if not any(one.is_at(peak.energy, self.detector) for one in self.unknown):
            self.unknown.append(peak)

    def _peak(self, name: str) -> list[Array]:
        """Main family of lines, and its derivatives by energy and width."""
        group = line_group(name, tube_voltage=self.voltage)
        mine = line_families(group, fine=True)
        main = next(iter(mine.values()))
        energies, shares = group.energies[main], group.intensities[main]
        shares = shares / shares.sum()
        peaks = self.detector.peaks
        here = peaks(energies, shares, self.edges)
        moved = peaks(energies + 0.005, shares, self.edges)
        moved = (moved - peaks(energies - 0.005, shares, self.edges)) / 0.01
        wide = (self.detector.scaled(1.1).peaks(energies, shares, self.edges) - here) / 0.1
        return [here, moved, wide]

    def lacks_harder(self, name: str, score: Array) -> str:
        """Reason why softer lines are not there: the tube excites harder ones, which are not seen."""
        for harder in _harder(name, self.voltage, self.rule.overvoltage):
            if harder not in self.place or harder in self.areas:
                continue
            if score[self.place[harder]] < self.rule.partner:
                return f"no {harder.replace('_', ' ')} lines"
        return ""

    def judge(self, fit: LeastSquares, name: str, score: float, *, strict: bool = True) -> str:
        """Judge a line group by its main line, partner line, centroid and width.

        `fit`: fit of all others. `strict`: whether centroid and width count, and a single line of a
        seldom element does not do. Returns the reason why it is not there, though it would
        explain counts; empty where there is none.
        """
        alone, why = self._partner(fit, name)
        if why or not strict:
            return why
        if name not in self.usual and score < self.needed(name):
            if alone:
                self.excluded.add(name)
            return "too few standard errors for an element that is seldom there"
        if why := self._misshapen(fit, name):
            self.excluded.add(name)
        return why

    def _partner(self, fit: LeastSquares, name: str) -> tuple[bool, str]:
        """Tell if the partner of the main line is not seen, and what is wrong with either."""
        rule, (rendered, shares, families) = self.rule, self.families(name)
        information, right = fit.reduced(rendered)
        information[np.diag_indices_from(information)] *= 1 + 1e-6
        spread = np.sqrt(self.around(rendered))
        one = np.eye(shares.size)
        rest = np.where(np.arange(shares.size) == 0, 0.0, shares)
        counts, errors = solved(information, right, np.stack([one[0], rest])[: shares.size])
        # Counts below zero are an error of the lines in the place of the main one.
        error = max(errors[0] * spread[0], -counts[0])
        hidden = rule.ratio_error * self.of_others()[self.place[name]] * shares[0] > abs(counts[0])
        if hidden or counts[0] < rule.main_seen * error:
            partners, their_error = self.by_partners(fit, name)
            if partners > rule.significance * their_error:
                return True, ""  # a brighter line hides the main one, as Pb L-alpha that of As
        if counts[0] < rule.main_seen * error:
            expected = shares[0] * float(counts[-1])
            if counts[0] + rule.partner_doubt * error < rule.least_partner * expected:
                self.excluded.add(name)
            return True, f"{families[0]} lines have {counts[0]:,.0f} +- {error:,.0f} counts"
        if shares.size == 1 or name[-1] == "M":
            return True, ""
        basis = np.vstack([one[:2], np.where(np.arange(shares.size) < 2, 0.0, shares)])
        counts, errors = solved(information, right, basis[: shares.size])
        others = float(rendered[:, 1] @ self.lines / rendered[:, 1].max())
        error = float(np.hypot(errors[1] * spread[1], rule.overlap_error * others))
        expected = shares[1] / shares[0] * max(float(counts[0]), 0.0)
        visible = expected > max(rule.partner * error, rule.least_visible * others)
        if visible and counts[1] + rule.partner_doubt * error < rule.least_partner * expected:
            self.excluded.add(name)
            return True, (
                f"{families[1]} lines have {counts[1]:,.0f} +- {error:,.0f} of "
                f"{expected:,.0f} counts"
            )
        return bool(counts[1] < rule.partner_seen * error), ""

    def _misshapen(self, fit: LeastSquares, name: str) -> str:
        """Distance of the centroid and width of the main line, where they are no errors."""
        rule, place = self.rule, self.place[name]
        here, moved, wide = self._peak(name)
        extra = np.column_stack([self.whole[:, place], moved, wide])
        information, right = fit.reduced(extra)
        if np.linalg.cond(information) > rule.worst_condition:
            return ""
        counts, errors = solved(information, right, np.eye(3))
        if counts[0] <= 0:
            return "off center or broad"
        main = counts[0] * float(self.table.shares[self.table.columns_of(name)][0])
        # Beside brighter lines the centroid is mostly an error of their shapes. Seldom elements
        # would explain such errors too.
        brighter = self.of_others()[place] > counts[0]
        if brighter and name in COMMON_LINE_GROUPS:
            return ""
        errors = errors * float(np.sqrt(self.around(here[:, None])[0])) / main
        away, wider = counts[1] / main, counts[2] / main
        allowed = rule.off_center + rule.axis_error * self.energies[place]
        if abs(away) > max(rule.shape_sigmas * errors[1], allowed):
            return f"the line lies {1000 * away:+.0f} eV off"
        if self.is_hump(fit, place):
            return "a broad hump explains more"
        if wider > max(rule.shape_sigmas * errors[2], rule.widest - 1 + errors[2]):
            return f"the line is {1 + wider:.2f} times as wide as it should be"
        return ""

    def _verify(self) -> bool:
        """Judge what was accepted in the presence of all others; false where all may stay."""
        if not self.inflated:
            self.inflated = True
            return True
        judged = [name for name in self.areas if name not in {*self.kept, *self.undecided}]
        # Seldom elements first: those that stay in their place make common ones insignificant.
        order = sorted(judged, key=lambda name: (name in COMMON_LINE_GROUPS, self.areas[name]))
        for name in order:
            if self._is_one_broad_peak(name, order):
                return True
            why = self.doubt(name)
            if why and self._comes_with_others(name):
                self.undecided[name] = ""
                return True
            if why:
                self.rejected[name] = why
                self.refusals[name] = 2
                del self.areas[name]
                return True
        return False

    def _is_one_broad_peak(self, name: str, judged: Collection[str]) -> bool:
        """Put one broad peak in the place of neighboring line groups that explain no more than it.

        Only of seldom ones: any two lines of usual elements, such as K K beside Sn L, are much like it.
        """
        mine = self.place[name]
        reach = self.rule.near * float(self.detector.fwhm(self.energies[mine]))
        together = [
            one
            for one in judged
            if abs(self.energies[self.place[one]] - self.energies[mine]) < reach
            and one not in self.usual
        ]
        if len(together) < 2 or name not in together:
            return False
        without = self.fit(leave_out=together)
        area = sum(self.areas[one] for one in together)
        peak = UnknownPeak(self.energies[mine], 1.0, area).fitted(
            without, self.edges, self.detector
        )
        columns = self.whole[:, [self.place[one] for one in together]]
        lines = explained(without, columns)
        broad = explained(without, peak.shapes(self.edges, self.detector)[:, :1])
        if broad < lines - self.rule.tie:
            return False
        for one in together:
            del self.areas[one]
            self.rejected[one], self.refusals[one] = f"part of a {peak.name}", 2
        self.unknown.append(peak)
        return True

    def _explain_peak(self) -> bool:
        """Put one or two line groups of usual elements in the place of a peak of unknown origin.

        Beside brighter lines that are not yet fitted, or alone in the place of two, a line group may
        have looked wrong: Sr K without its beta lines, K K beside Sn L off center.
        """
        for peak in sorted(self.unknown, key=lambda peak: -peak.area):
            if any(abs(peak.energy - tried) < self.rule.off_center for tried in self.tried):
                continue
            self.tried.append(peak.energy)
            others, without = self.unknown, self.fit(leave_out=[peak.name])
            self.unknown = [other for other in others if other is not peak]
            if self._explained_by_lines(peak, without):
                return True
            self.unknown = others
        return False

    def _explained_by_lines(self, peak: UnknownPeak, without: LeastSquares) -> bool:
        """Accept one or two line groups that explain a peak, where each is believed beside the other.

        `without` is the fit without the peak.
        """
        area, error = self.scores(without)
        score = area / error
        reach = self.rule.near * float(self.detector.fwhm(peak.energy))
        near = [
            name
            for name in self.usual
            if name in self.place
            and name not in self.areas
            and abs(self.energies[self.place[name]] - peak.energy) < reach
            and score[self.place[name]] > self.rule.significance
            and not self.lacks_harder(name, score)
        ]
        near = sorted(near, key=lambda name: -score[self.place[name]])[: self.rule.most_near]
        for names in [*((name,) for name in near), *itertools.combinations(near, 2)]:
            information, right = without.reduced(
                self.whole[:, [self.place[name] for name in names]]
            )
            counts = np.linalg.solve(information, right)
            if counts.min() <= 0:
                continue
            self.areas |= dict(zip(names, counts.tolist(), strict=True))
            if not any(self.doubt(name) for name in names):
                self.excluded -= set(names)
                for name in names:
                    self.rejected.pop(name, None)
                return True
            for name in names:
                del self.areas[name]
        return False

    def _comes_with_others(self, name: str) -> bool:
        """Tell if these are M or L lines of an element whose L or M lines are there.

        They stay part of the fit whatever their shape: lines of others lie among them, which are
        found only beside them, or in the place of the strongest, as As K-alpha in that of Pb L-alpha.
        """
        if name[-1] == "L":
            softer = f"{name[:-2]}_M"
            return softer in self.areas and softer not in self.undecided
        return name[-1] == "M" and f"{name[:-2]}_L" in self.areas

    def _must_come_with_harder(self, name: str) -> bool:
        """Tell if L lines of a usual element are so bright that its M lines must be there.

        Their shape is no evidence then: tables of M lines are less certain, and lines of others lie
        among them.
        """
        harder = self.areas.get(f"{name[:-2]}_L", 0.0) if name[-1] == "M" else 0.0
        return name in self.usual and harder > self.rule.softer_share * self.areas[name]

    def doubt(self, name: str) -> str:
        """Reason why an accepted line group is not believed beside all others; empty for none."""
        without = self.fit(leave_out=[name])
        area, error = self.scores(without)
        score = area / error
        i = self.place[name]
        self.errors[name] = float(error[i])
        if why := self.lacks_harder(name, score):
            return why
        if score[i] < self.rule.doubtful * self.rule.significance:
            return f"{score[i]:.1f} standard errors"
        # The reflection of a grain may be the brightest peak of the few spectra that show it.
        undoubted = self.rule.undoubted if self.share is None else 1.0
        bright = self.areas[name] > undoubted * float(self.counts.sum())
        if not bright and not self._must_come_with_harder(name):
            return self.judge(without, name, float(score[i]))
        return ""

    def _keep_undecided(self) -> bool:
        """Let a line group stay whose absence is not established and that others would replace.

        Left out, it would make one of those that are there too bright by more than its error, and by
        more than the error of its own ratios, which may be all that there is.
        """
        if self.share is not None:
            return False  # in a part of the spectra, where only what is there is asked for
        rule, fit = self.rule, self.fit()
        there = [i for i, name in enumerate(self.fitted) if name in self.errors]
        if not there:
            return False
        area, error = self.scores(fit)
        score = area / error
        names = [self.fitted[i] for i in there]
        errors = np.array(
            [max(self.errors[name], ratio_error(name, self.areas[name])) for name in names]
        )
        bias = fit.leakage(self.whole)[there] * area / errors[:, None]
        units = self.whole * np.sqrt(fit.weights)[:, None]
        units = units / np.linalg.norm(units, axis=0)
        alike = units[:, [self.place[name] for name in names]].T @ units
        for i in np.argsort(-score)[: np.count_nonzero(score > rule.undecided)]:
            name, nearest = self.names[i], int(alike[:, i].argmax())
            other = names[nearest]
            least = rule.undecided
            if name not in self.usual:
                least *= rule.uncommon_significance / rule.significance
            taken = name in self.areas or name in self.undecided or name in self.excluded
            # What is far away is biased only by way of others, and no competitor.
            small = score[i] < least or bias[:, i].max() < 1 or alike[nearest, i] < rule.beside
            if small or taken or self.lacks_harder(name, score):
                continue
            self.judge(fit, name, float(score[i]))
            if name in self.excluded:
                continue
            self.areas[name] = float(area[i])
            left = self.scores(self.fit(leave_out=[other]))
            mine = self.place[other]
            if left[0][mine] > rule.significance * left[1][mine]:
                self.undecided[name] = other
                return True
            del self.areas[name]
        return False


def _is_looked_for(name: str) -> bool:
    """Tell if a line group is one that is looked for in paintings and rocks."""
    return name in COMMON_LINE_GROUPS or name in SEARCHED_LINE_GROUPS


def _harder(name: str, voltage: float, overvoltage: float) -> list[str]:
    """Line groups of the same element that the tube excites well and that are harder."""
    symbol, shell = name.split("_")
    number = atomic_number(symbol)
    found = []
    for harder in "KLM"[: "KLM".index(shell)]:
        edge = edge_energy(number, {"K": "K", "L": "L3", "M": "M5"}[harder])
        if edge * overvoltage < voltage:
            found.append(f"{symbol}_{harder}")
    return found[-1:]
