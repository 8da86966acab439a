"""Line groups that a sum spectrum shows, and the evidence for each: the one rule of the library."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d

from skxrf.physics import DetectorResponse, line_group
from skxrf.physics._continuum import clamped_splines
from skxrf.physics._line_table import EXACT, line_table
from skxrf.physics._lines import line_families
from skxrf.physics._pile_up import coincidences
from skxrf.physics.constants import (
    ANODES,
    COMMON_LINE_GROUPS,
    INSTRUMENT_METALS,
    SEARCHED_LINE_GROUPS,
    UNCOMMON_LINE_GROUPS,
)
from skxrf.spectrum_fit._competitors import (
    Competitor,
    bright_lines,
    companions,
    steps,
    sum_peaks,
)
from skxrf.spectrum_fit._model import misfit_weights, nonnegative, smoothed

Array = NDArray[np.float64]

_USUAL = {*COMMON_LINE_GROUPS, *SEARCHED_LINE_GROUPS} - UNCOMMON_LINE_GROUPS


@dataclass(frozen=True)
class IdentificationRule:
    """Thresholds of the identification.

    Parameters
    ----------
    significance : float
        Standard errors above which a line group is believed.
    bright : float
        Standard errors above which a line group is fitted before its partner lines are judged.
    share_of_best : float
        Share of the greatest significance above which line groups are added in one round: errors
        of a line that is not yet fitted look like others.
    rival : float
        Share of a candidate's significance from which on an overlapping one is its rival.
    overlap : float
        Cosine of the angle between two line groups above which they overlap.
    partner : float
        Standard errors that a family of lines must be expected to have for its absence to count.
    least_partner : float
        Share of its expected counts that it must have.
    off_center : float
        Distance of the measured centroid from the table [keV] that is no error of the axis.
    widest : float
        Greatest width of a line, relative to the detector's; broader peaks are reflections.
    shape_sigmas : float
        Standard errors by which centroid and width must miss.
    overvoltage : float
        Ratio of voltage to edge above which the harder lines of an element must be there too.
    softer_share : float
        Counts of the softer lines of an element that is present, per count of its harder ones.
    model_error : float
        Share of a bin by which the fit may be wrong.
    knots : float
        Spacing of the continuum's knots, in widths of a peak.
    pile_up : float
        Greatest share of all counts that are sums of two photons.
    local : float
        Width over which residuals are averaged [keV].
    tie : float
        Difference of squared significances below which two line groups explain a line as well.
    """

    significance: float = 5.0
    bright: float = 100.0
    share_of_best: float = 0.3
    rival: float = 0.6
    overlap: float = 0.3
    partner: float = 4.0
    least_partner: float = 0.5
    least_visible: float = 0.1
    off_center: float = 0.02
    axis_error: float = 0.001
    widest: float = 1.4
    shape_sigmas: float = 3.0
    overvoltage: float = 1.5
    softer_share: float = 1.0
    line_error: float = 0.01
    continuum_error: float = 0.002
    scatter_error: float = 0.03
    sum_shifts: tuple[float, ...] = (-0.08, -0.06, -0.04, -0.02, 0.0, 0.02)
    overlap_error: float = 0.01
    uncommon_significance: float = 12.0
    partner_seen: float = 3.0
    anode_gain: float = 100.0
    anode_margin: float = 1.5
    instrument: float = 3e-4
    start_error: float = 0.03
    knots: float = 3.0
    pile_up: float = 0.05
    local: float = 0.6
    tie: float = 9.0


RULE = IdentificationRule()


@dataclass(frozen=True)
class LineEvidence:
    """Evidence for a line group.

    Parameters
    ----------
    line_group : str
        Such as ``Fe_K``.
    answer : str
        ``present``, of the object; ``air``, ``instrument``, ``tube``, ``sum peak``, ``escape peak``
        or ``diffraction``, where there is a signal of that origin; ``not seen``.
    significance : float
        Net counts beside all else that is there, in standard errors.
    reason : str
        Reason, in words.
    competitor : str
        Signal that explains the same counts; empty where there is none.
    counts, error : float
        Net counts in the sum, and their standard error.
    limit_counts : float
        Limit of detection [counts in the sum]: a line group of so many counts is found in half of
        the cases.
    fitted : bool
        Whether the line group is a component of the fit.
    """

    line_group: str
    answer: str
    significance: float
    reason: str
    competitor: str
    counts: float
    error: float
    limit_counts: float
    fitted: bool

    def stated(self, n_pixels: float = 1) -> dict[str, Any]:
        """Evidence as plain values, with the mean limit of detection of a number of pixels."""
        plain = asdict(self) | {"limit_per_pixel": self.limit_counts / max(n_pixels, 1)}
        plain.pop("fitted")
        return {
            key: float(f"{value:.4g}") if isinstance(value, float) else value
            for key, value in plain.items()
        }


class _LeastSquares:
    """Weighted least squares with components of known spread, and scores of further columns."""

    def __init__(self, columns: Array, sizes: Array, counts: Array, weights: Array) -> None:
        self.weights, self.counts = weights, counts
        norm = np.sqrt(np.maximum(weights @ columns**2, 1e-300))
        self.columns = columns / norm
        weighted = self.columns * weights[:, None]
        information = self.columns.T @ weighted
        with np.errstate(divide="ignore"):
            prior = 1 / np.square(sizes * norm)
        information[np.diag_indices_from(information)] += prior + 1e-9
        self.weighted = weighted
        self.inverse = np.linalg.inv(information)
        solution = self.inverse @ (weighted.T @ counts)
        self.amplitudes = solution / norm
        self.errors = np.sqrt(np.maximum(np.diag(self.inverse), 0.0)) / norm
        self.model = self.columns @ solution

    def reduced(self, extra: Array) -> tuple[Array, Array]:
        """Information matrix and right-hand side of further columns beside these."""
        weighted = extra * self.weights[:, None]
        shared = self.weighted.T @ extra
        information = extra.T @ weighted - shared.T @ self.inverse @ shared
        return information, weighted.T @ (self.counts - self.model)

    def scores(self, extra: Array) -> tuple[Array, Array]:
        """Amplitude of each further column, alone beside these, and its standard error."""
        shared = self.weighted.T @ extra
        norm = self.weights @ extra**2 - np.einsum("ij,ij->j", shared, self.inverse @ shared)
        free = self.weights @ extra**2
        norm = np.maximum(norm, 1e-6 * free + 1e-300)
        right = (extra * self.weights[:, None]).T @ (self.counts - self.model)
        return right / norm, 1 / np.sqrt(norm)


class Identification:
    """Search for the line groups of one spectrum."""

    def __init__(
        self,
        counts: Array,
        edges: Array,
        photons: Array,
        axis: Array,
        detector: DetectorResponse,
        candidates: Sequence[str],
        *,
        anode: str | None,
        voltage: float,
        required: Collection[str] = (),
        rule: IdentificationRule = RULE,
        debug: bool = False,
    ) -> None:
        self.counts, self.edges, self.rule, self.debug = counts, edges, rule, debug
        self.detector, self.anode, self.voltage = detector, anode, voltage
        self.pile_ups = {
            shift: coincidences(photons, axis, edges - shift) for shift in rule.sum_shifts
        }
        self.sum_shift = 0.0
        self.names = list(candidates)
        self.table = line_table(
            self.names, detail=EXACT, tube_voltage=voltage, thickness=detector.thickness
        )
        rendered = self.rendered = self.table.render(edges, detector)
        self.whole = np.stack(
            [
                rendered[:, mine] @ self.table.shares[mine]
                for mine in map(self.table.columns_of, self.names)
            ],
            axis=1,
        )
        self.place = {name: i for i, name in enumerate(self.names)}
        self.energies = [line_group(name, tube_voltage=voltage).main_energy for name in self.names]
        smooth = smoothed(counts)
        self.variance = smooth + (rule.start_error * smooth) ** 2 + 1
        self.weights = 1 / self.variance
        self.inflation = np.ones(counts.size)
        self.lines = np.zeros(counts.size)
        self.always = self._always()
        self.areas: dict[str, float] = {}
        self.known: dict[str, list[Competitor]] = {}
        self.absorbed: list[Competitor] = []
        self.rejected: dict[str, str] = {}
        self.most = rule.pile_up * float(counts.sum()) / max(float(self.pile_ups[0.0].sum()), 1.0)
        self.rate = self.most
        self.dropped: dict[str, int] = {}
        self.tube = [f"{anode}_{shell}" for shell in "LM" if f"{anode}_{shell}" in self.place]
        self.kept = list(dict.fromkeys([*self.tube, *required]))

    def _always(self) -> list[Competitor]:
        edges = self.edges
        places = [float(edges[0])]
        while places[-1] < edges[-1]:
            places.append(places[-1] + self.rule.knots * float(self.detector.fwhm(places[-1])))
        knots = np.linspace(0, 1, len(places))
        knots = float(edges[0]) + (np.array(places) - places[0]) * (edges[-1] - edges[0]) / (
            places[-1] - places[0]
        )
        knots[-1] = edges[-1]
        centers = np.clip((edges[1:] + edges[:-1]) / 2, edges[0], edges[-1])
        splines = clamped_splines(centers, knots, 3) * np.diff(edges)[:, None]
        parts = [Competitor("continuum", one, np.inf) for one in splines.T]
        number = 0
        if self.anode is not None:
            scatter = line_table((), (self.anode,), detail=EXACT).render(edges, self.detector)
            parts += [
                Competitor(f"{self.anode} scatter", one, np.inf)
                for one in scatter.T
                if one.sum() > 0.2
            ]
            number = line_group(f"{self.anode}_L").atomic_number
        parts += steps(number, edges, self.detector, self.counts)
        return parts

    def fit(self, leave_out: Collection[str] = ()) -> _LeastSquares:
        """Fit all that is accepted so far."""
        parts = list(self.always)
        parts.append(
            Competitor(
                "pile-up", self.pile_ups[self.sum_shift] * self.rate, 1.0 if self.areas else 0.1
            )
        )
        for name, area in self.areas.items():
            if name in leave_out:
                continue
            parts += self._companions(name, max(area, 1.0))
        lines = bright_lines(self.areas, float(self.counts.sum()), self.voltage)
        parts += sum_peaks(lines, self.rate, self.sum_shift, self.edges, self.detector)
        parts += self.absorbed
        mine = [name for name in self.areas if name not in leave_out]
        self.fitted = mine
        own = self.whole[:, [self.place[name] for name in mine]]
        sizes = np.array([part.size for part in parts])
        columns = np.column_stack([own, *(part.spectrum for part in parts)])
        self.parts = parts
        sizes = np.concatenate([[self._size(name) for name in mine], sizes])
        return _LeastSquares(columns, sizes, self.counts, self.weights)

    def _companions(self, name: str, area: float) -> list[Competitor]:
        if name not in self.known:
            found = companions(name, self.edges, self.detector, self.voltage)
            self.known[name] = list(found)
        return [
            replace(one, size=one.size * area, expected=one.expected * area)
            for one in self.known[name]
        ]

    def _size(self, name: str) -> float:
        return np.inf

    def clear(self, least_share: float) -> list[str]:
        """Line groups that hold a share of all counts in a first fit."""
        self._start()
        self._refit()
        least = least_share * float(self.counts.sum())
        return [name for name, area in self.areas.items() if area > least]

    def run(self) -> None:
        """Find the line groups."""
        rule = self.rule
        self._start()
        fit = self._refit()
        self._shift_sums()
        fit = self._refit()
        for _ in range(60):
            area, error = self._scores(fit)
            score = area / error
            for i, name in enumerate(self.names):
                if name in self.areas or self.dropped.get(name, 0) > 1:
                    score[i] = 0
            best = float(score.max())
            if best < rule.significance:
                if self._verify(fit):
                    fit = self._refit()
                    continue
                break
            least = max(rule.significance, rule.share_of_best * best)
            self._add(fit, score, area, least)
            fit = self._refit()
        self.final = fit

    def _shift_sums(self) -> None:
        """Find how far sum peaks lie from the sum of both energies, as pulses overlap in part."""
        costs = {}
        for shift in self.pile_ups:
            self.sum_shift = shift
            costs[shift] = float(self.weights @ (self.counts - self.fit().model) ** 2)
        self.sum_shift = min(costs, key=lambda shift: costs[shift])
        if self.debug:
            print("   sum shift", self.sum_shift, {k: round(v) for k, v in costs.items()})

    def _scores(self, fit: _LeastSquares) -> tuple[Array, Array]:
        area, error = fit.scores(self.whole)
        if not self._narrow:
            return area, error
        others = self._beside(self.whole)
        for name in self.areas:
            if name in self.place:
                others[self.place[name]] -= self.areas[name]
        others = np.maximum(others, 0.0) * self.rule.overlap_error
        return area, np.hypot(error * np.sqrt(self._around(self.whole)), others)

    def _beside(self, columns: Array) -> Array:
        """Counts of lines in the place of the main line of each column, per count of all of it."""
        norm = np.einsum("ij,ij->j", columns, columns)
        return np.asarray(self.lines @ columns / np.maximum(norm, 1e-300))

    def _around(self, columns: Array) -> Array:
        """Mean squared residual around each column, in units of its expected square, 1 or more."""
        units = columns**2 * self.weights[:, None]
        return np.asarray(self.inflation @ units / np.maximum(units.sum(axis=0), 1e-300))

    def _start(self) -> None:
        """Accept what stands out of a non-negative fit of all candidates together."""
        smooth = smoothed(self.counts)
        weights = 1 / np.sqrt(smooth + (self.rule.start_error * smooth) ** 2 + 1)
        others = [part.spectrum for part in self.always if np.isinf(part.size)]
        design = np.column_stack([self.whole, self.pile_ups[self.sum_shift] * self.rate, *others])
        design = design * weights[:, None]
        amplitudes, _, _ = nonnegative(design, self.counts * weights)
        used = np.flatnonzero(amplitudes > 0)
        part = design[:, used] / np.linalg.norm(design[:, used], axis=0)
        covariance = np.linalg.pinv(part.T @ part, rcond=1e-12, hermitian=True)
        errors = np.sqrt(np.diag(covariance)) / np.linalg.norm(design[:, used], axis=0)
        for i, error in zip(used, errors, strict=True):
            if i < len(self.names) and amplitudes[i] > self.rule.significance * error:
                self.areas[self.names[i]] = float(amplitudes[i])
        for name in self.kept:
            self.areas.setdefault(name, 1e-3 * float(self.counts.sum()))
        if self.debug:
            print("   start", {k: round(v) for k, v in self.areas.items()})

    def _refit(self) -> _LeastSquares:
        for _ in range(2):
            fit = self.fit()
            self._learn(fit)
        return self.fit()

    def _learn(self, fit: _LeastSquares) -> None:
        """Take amplitudes over; drop what has become insignificant."""
        for i, name in enumerate(self.fitted):
            if name in self.kept:
                self.areas[name] = max(float(fit.amplitudes[i]), 1.0)
            elif fit.amplitudes[i] < self.rule.significance * 0.6 * fit.errors[i]:
                if self.debug:
                    print("   dropped", name, fit.amplitudes[i], fit.errors[i])
                del self.areas[name]
                self.dropped[name] = self.dropped.get(name, 0) + 1
            else:
                self.areas[name] = float(fit.amplitudes[i])
        n = len(self.fitted)
        for i, part in enumerate(self.parts):
            if part.name == "pile-up":
                factor = float(np.clip(fit.amplitudes[n + i], 0.01, 2.0))
                self.rate = max(self.rate * factor, 1e-4 * self.most)
        measured = smoothed(self.counts)
        smooth = np.maximum(np.maximum(fit.model, 0.0), 0.25 * measured)
        continuum, scatter = (
            np.clip(self._sum_of(fit, kind), 0.0, measured) for kind in ("continuum", "scatter")
        )
        self.lines = np.maximum(smooth - continuum - scatter, 0.0)
        lines = maximum_filter1d(self.lines, 3)
        error = (
            self.rule.line_error * lines
            + self.rule.continuum_error * continuum
            + self.rule.scatter_error * scatter
        )
        self.variance = smooth + error**2 + 1
        self.weights = 1 / self.variance
        n_local = max(
            3, round(self.rule.local / float(np.median(np.diff(self.edges)))) // 2 * 2 + 1
        )
        self.inflation = 1 / (
            misfit_weights(self.counts - fit.model, self.variance, n_local) ** 2 * self.variance
        )

    _narrow = False

    def _sum_of(self, fit: _LeastSquares, kind: str) -> Array:
        n = len(self.fitted)
        return sum(
            (
                fit.amplitudes[n + i] * part.spectrum
                for i, part in enumerate(self.parts)
                if part.name.endswith(kind)
            ),
            np.zeros(self.counts.size),
        )

    def _add(self, fit: _LeastSquares, score: Array, area: Array, least: float) -> None:
        root = np.sqrt(fit.weights)[:, None]
        units = self.whole * root
        units = units / np.linalg.norm(units, axis=0)
        score = score.copy()
        self._narrow = score.max() < 10 * self.rule.significance
        strict = score.max() < 3 * self.rule.significance
        while score.max() > least:
            top = int(score.argmax())
            cosine = units.T @ units[:, top]
            rivals = np.flatnonzero(
                (cosine > self.rule.overlap)
                & (score > self.rule.rival * score[top])
                & (score > self.rule.significance)
            )
            rivals = rivals[np.argsort(-score[rivals])]
            for one in rivals:
                name = self.names[one]
                why = (
                    ""
                    if score[top] > self.rule.bright
                    else self.judge(fit, name, float(score[one]), strict=strict)
                )
                if not why:
                    why = self._lacks_harder(name, score)
                if not why:
                    self.areas[name] = float(area[one])
                    if self.debug:
                        print(f"   + {name} {score[one]:.1f}", [self.names[r] for r in rivals])
                    break
                self.rejected[name] = why
                self.dropped[name] = self.dropped.get(name, 0) + 1
                if self.debug:
                    print(f"   - {name} {score[one]:.1f} {why}")
            else:
                mine = [self.place[name] for name in self.areas]
                if not mine or (units.T[mine] @ units[:, top]).max() < 0.9:
                    self._absorb(self.names[top], float(area[top]))
            score[(cosine > 0.1)] = 0

    def _absorb(self, name: str, area: float) -> None:
        group = line_group(name, tube_voltage=self.voltage)
        if self.debug:
            print("   absorbed", name)
        label = f"peak at {group.main_energy:.2f} keV"
        if any(one.name == label for one in self.absorbed):
            return
        for part, size in zip(self._peak(name), (2.0, 0.05, 0.5), strict=True):
            self.absorbed.append(Competitor(label, part, size * max(area, 1.0)))

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

    def _lacks_harder(self, name: str, score: Array) -> str:
        for harder in _harder(name, self.voltage, self.rule.overvoltage):
            if harder not in self.place or harder in self.areas:
                continue
            if score[self.place[harder]] < 4:
                return f"no {harder}"
        return ""

    def judge(self, fit: _LeastSquares, name: str, score: float, *, strict: bool = True) -> str:
        """Reason why a line group that would explain counts is not there; empty where none."""
        rule = self.rule
        mine = self.table.columns_of(name)
        shares = self.table.shares[mine]
        rendered = self.rendered[:, mine]
        inside = rendered.sum(axis=0) > 0.5
        rendered, shares = rendered[:, inside], shares[inside]
        information, right = fit.reduced(rendered)
        information[np.diag_indices_from(information)] *= 1 + 1e-6
        families = [self.table.labels[m][1] for m, seen in zip(mine, inside, strict=True) if seen]
        main = int(shares.argmax())
        order, alone = np.argsort(-shares), True
        spread = np.sqrt(self._around(rendered))
        beside = np.delete(shares, order[0])
        basis = np.zeros((2 if beside.size else 1, len(shares)))
        basis[0, order[0]] = 1.0
        basis[1:] = np.where(np.arange(len(shares)) == order[0], 0.0, shares)
        covariance = np.linalg.pinv(basis @ information @ basis.T, hermitian=True)
        amplitude = float((covariance @ (basis @ right))[0])
        error = float(np.sqrt(max(covariance[0, 0], 0.0))) * spread[order[0]]
        if amplitude < 3 * error:
            return f"{families[order[0]]} lines have {amplitude:.0f} +- {error:.0f} counts"
        if len(order) > 1 and name[-1] != "M":
            basis = np.eye(len(shares))[order[:2]]
            covariance = np.linalg.pinv(basis @ information @ basis.T, hermitian=True)
            first, second = covariance @ (basis @ right)
            error = float(np.sqrt(max(covariance[1, 1], 0.0))) * spread[order[1]]
            alone = second < rule.partner_seen * error
            expected = shares[order[1]] / shares[order[0]] * max(float(first), 0.0)
            peak = rendered[:, order[1]] / rendered[:, order[1]].max()
            others = float(peak @ self.lines)
            if expected > max(rule.partner * error, rule.least_visible * others) and second < (
                rule.least_partner * expected - error
            ):
                return (
                    f"{families[order[1]]} lines have {second:.0f} +- {error:.0f} "
                    f"of {expected:.0f} counts"
                )
        if not strict:
            return ""
        if alone and name not in _USUAL and score < rule.uncommon_significance:
            return "one line alone, of an element that is seldom there"
        here, moved, wide = self._peak(name)
        extra = np.column_stack([self.whole[:, self.place[name]], moved, wide])
        information, right = fit.reduced(extra)
        if np.linalg.cond(information) > 1e14:
            return ""
        covariance = np.linalg.inv(information)
        amplitude, shift, width = covariance @ right
        errors = np.sqrt(np.maximum(np.diag(covariance), 0))
        main = amplitude * float(self.table.shares[mine][0])
        if amplitude <= 0:
            return "off center or broad"
        # moved = d/dE: a shift of -coefficient / area.
        away, its_error = -shift / main, errors[1] / abs(main)
        spread = np.sqrt(self._around(here[:, None])[0])
        allowed = rule.off_center + rule.axis_error * self.energies[self.place[name]]
        if abs(away) > max(rule.shape_sigmas * its_error * spread, allowed):
            return f"{1000 * away:+.0f} eV off"
        if width / main > max(rule.shape_sigmas * spread * errors[2] / abs(main), rule.widest - 1):
            return f"{1 + width / main:.2f} times as wide"
        return ""

    def _verify(self, fit: _LeastSquares) -> bool:
        """Judge what was accepted in the presence of all others; true where something was dropped."""
        if not self._narrow:
            self._narrow = True
            return True
        judged = [name for name in self.areas if name not in self.kept]
        order = sorted(judged, key=lambda name: self.areas[name])
        total = float(self.counts.sum())
        for name in order:
            without = self.fit(leave_out=[name])
            area, error = self._scores(without)
            score = area / error
            i = self.place[name]
            why = self._lacks_harder(name, score)
            if not why and score[i] < self.rule.significance:
                why = f"{score[i]:.1f} standard errors"
            if not why and self.areas[name] < 0.05 * total:
                why = self.judge(without, name, float(score[i]))
            if why:
                if self.debug:
                    print("   verify:", name, f"{score[i]:.1f}", why)
                self.rejected[name] = why
                self.dropped[name] = 2
                del self.areas[name]
                return True
        return False

    def scattering_anode(self) -> str | None:
        """Anode whose scattered lines explain what all else leaves, where one does clearly."""
        gains: dict[str, float] = {}
        for anode, group in ANODES.items():
            low, high = self.edges[0], self.edges[-1]
            if not low < 0.95 * line_group(group, tube_voltage=1e3).main_energy < high:
                continue
            own = [f"{anode}_{shell}" for shell in "KLM"]
            without = self.fit(leave_out=own)
            table = line_table((), (anode,), detail=EXACT)
            scatter = table.render(self.edges, self.detector)
            lines = (
                [self.whole[:, [self.place[f"{anode}_L"]]]] if f"{anode}_L" in self.place else []
            )
            extra = np.column_stack([scatter[:, scatter.sum(axis=0) > 0.2], *lines])
            information, right = without.reduced(extra)
            # The square root of the information makes it a least-squares problem.
            values, vectors = np.linalg.eigh(information)
            kept = values > 1e-9 * values.max()
            root = np.sqrt(values[kept])[:, None] * vectors[:, kept].T
            target = (vectors[:, kept].T @ right) / np.sqrt(values[kept])
            amplitudes, _, residuals = nonnegative(root, target)
            gains[anode] = float(target @ target - residuals @ residuals)
        if self.debug:
            print("   anodes", {k: round(v) for k, v in gains.items()})
        if not gains:
            return None
        best = max(gains, key=lambda anode: gains[anode])
        rest = max((gain for anode, gain in gains.items() if anode != best), default=0.0)
        return best if gains[best] > self.rule.anode_gain + self.rule.anode_margin * rest else None

    def evidence(self) -> list[LineEvidence]:
        """Evidence for each line group that tube and axis allow, by energy."""
        rule, total = self.rule, float(self.counts.sum())
        scattered = set() if self.anode is None else {f"{self.anode}_{shell}" for shell in "KLM"}
        area, error = self._scores(self.final)
        others = self._competition(self.final)
        found = []
        for i in np.argsort(self.energies):
            name, reason, competitor = self.names[i], self.rejected.get(self.names[i], ""), ""
            limit = rule.significance * float(error[i])
            if name in self.areas:
                counts = self.areas[name]
                score, spread, rivals = self._alone(name)
                answer = "present"
                if name in scattered:
                    answer, reason = "tube", f"a line of the anode, {self.anode}"
                elif name == "Ar_K":
                    answer, reason = "air", "argon of the air"
                elif name[:-2] in INSTRUMENT_METALS and counts < rule.instrument * total:
                    answer = "instrument"
                    reason = "a trace of a metal that instruments are made of"
                else:
                    reason = f"{score:.0f} standard errors"
                if rivals and answer == "present":
                    reason += f"; {name.replace('_', ' ')} or " + " or ".join(
                        rival.replace("_", " ") for rival in rivals
                    )
                    competitor = rivals[0]
                if name in self.kept and score < rule.significance and answer == "present":
                    answer, reason = "not seen", "asked for"
                found.append(
                    LineEvidence(
                        name,
                        answer,
                        score,
                        reason,
                        competitor,
                        counts,
                        spread,
                        rule.significance * spread,
                        True,
                    )
                )
                continue
            answer = "tube" if name in scattered else "not seen"
            what, size = max(
                ((label, float(part[i])) for label, part in others.items()),
                key=lambda pair: pair[1],
                default=("", 0.0),
            )
            if size > limit and answer == "not seen":
                competitor = what
                if " + " in what:
                    answer = "sum peak"
                elif what.endswith("escape"):
                    answer = "escape peak"
                elif what.startswith("peak at"):
                    answer = "diffraction"
                if answer != "not seen":
                    reason = f"{size:,.0f} counts there are of {what}"
            found.append(
                LineEvidence(
                    name,
                    answer,
                    float(area[i] / error[i]),
                    reason,
                    competitor,
                    0.0,
                    float(error[i]),
                    limit,
                    False,
                )
            )
        return found

    def _alone(self, name: str) -> tuple[float, float, list[str]]:
        """Significance beside all others, standard error, and line groups that do as well."""
        without = self.fit(leave_out=[name])
        area, error = self._scores(without)
        score = area / error
        i = self.place[name]
        root = np.sqrt(without.weights)[:, None]
        units = self.whole * root
        cosine = (
            units.T @ units[:, i] / (np.linalg.norm(units, axis=0) * np.linalg.norm(units[:, i]))
        )
        rivals = [
            other
            for other in self.names
            if other != name
            and other not in self.areas
            and cosine[self.place[other]] > self.rule.overlap
            and score[self.place[other]] ** 2 > score[i] ** 2 - self.rule.tie
            and score[self.place[other]] > self.rule.significance
            and not self._lacks_harder(other, score)
        ]
        return float(score[i]), float(error[i]), rivals

    def _competition(self, fit: _LeastSquares) -> dict[str, Array]:
        """Counts of each competitor that a line group would have been given in its place."""
        self.fit()
        n = len(self.fitted)
        norm = np.maximum(np.einsum("ij,ij->j", self.whole, self.whole), 1e-300)
        found: dict[str, Array] = {}
        for i, part in enumerate(self.parts):
            if not (
                " + " in part.name
                or part.name.endswith("escape")
                or part.name.startswith("peak at")
            ) or part.name.endswith("position"):
                continue
            counts = float(fit.amplitudes[n + i]) + part.expected
            found[part.name] = found.get(part.name, 0.0) + counts * (
                part.spectrum @ self.whole / norm
            )
        return found


def _harder(name: str, voltage: float, overvoltage: float) -> list[str]:
    """Line groups of the same element that the tube excites well and that are harder."""
    from skxrf.physics._xraylib import atomic_number, edge_energy

    symbol, shell = name.split("_")
    number = atomic_number(symbol)
    found = []
    for harder in "KLM"[: "KLM".index(shell)]:
        edge = edge_energy(number, {"K": "K", "L": "L3", "M": "M5"}[harder])
        if edge * overvoltage < voltage:
            found.append(f"{symbol}_{harder}")
    return found[-1:]
