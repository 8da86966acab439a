"""Fit of a sum spectrum by line groups, their errors, and all that may be taken for a line."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from scipy.ndimage import maximum_filter1d, uniform_filter1d

from skxrf.physics import DetectorResponse, line_group
from skxrf.physics._continuum import clamped_splines
from skxrf.physics._line_table import EXACT, line_table
from skxrf.physics._pile_up import coincidences
from skxrf.physics.constants import (
    ANODES,
    COMMON_LINE_GROUPS,
    SEARCHED_LINE_GROUPS,
    TUBE_ONLY,
    UNCOMMON_LINE_GROUPS,
)
from skxrf.spectrum_fit._competitors import (
    ALL_ESCAPES,
    FOOT,
    Competitor,
    bright_lines,
    common_escape,
    companions,
    steps,
    sum_peaks,
)
from skxrf.spectrum_fit._identification_rule import RULE, IdentificationRule
from skxrf.spectrum_fit._least_squares import LeastSquares
from skxrf.spectrum_fit._model import misfit_weights, nonnegative, smoothed
from skxrf.spectrum_fit._tube_scatter import (
    SameAngle,
    same_angles,
    scattered_peaks,
    with_weak_lines,
)
from skxrf.spectrum_fit._unknown_peaks import UnknownPeak
from skxrf.utils.typing import Array

__all__ = ["GroupFit", "explained", "solved"]


class GroupFit:
    """Fit of a spectrum by the line groups that are accepted so far.

    - `counts` (n_bins,): counts.
    - `edges` (n_bins + 1,): true bin edges [keV].
    - `photons`, `axis` (n_channels,): counts that pile up, and their true energies [keV].
    - `detector`: width and tail of a peak.
    - `candidates`: line groups to try.
    - `anode`: anode of the tube, whose scattered lines are part of the fit.
    - `voltage`: voltage of the tube [kV].
    - `required`: line groups that stay in the fit.
    """

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
    ) -> None:
        self.edges, self.axis, self.rule = edges, axis, rule
        self.detector, self.anode, self.voltage = detector, anode, voltage
        self.names = list(candidates)
        self.table = line_table(
            self.names, detail=EXACT, tube_voltage=voltage, thickness=detector.thickness
        )
        rendered = self.rendered = self.table.render(edges, detector)
        # In Fortran's order, as `LeastSquares` asks for.
        self.whole = np.stack(
            [
                rendered[:, mine] @ self.table.shares[mine]
                for mine in map(self.table.columns_of, self.names)
            ]
        ).T
        own = [np.array(self.table.columns_of(name)) for name in self.names]
        strongest = np.array([mine[self.table.shares[mine].argmax()] for mine in own], dtype=int)
        self.main, self.main_shares = rendered[:, strongest], self.table.shares[strongest]
        self.place = {name: i for i, name in enumerate(self.names)}
        self.energies = [line_group(name, tube_voltage=voltage).main_energy for name in self.names]
        step = float(np.median(np.diff(edges)))
        self.n_local = max(3, round(rule.local / step) // 2 * 2 + 1)
        self.scatter: list[Array] = []
        self.same_angle: list[SameAngle] = []
        if anode is not None:
            scatter = scattered_peaks(anode, edges, detector, rule.least_scatter)
            self.scatter, self.same_angle = list(scatter.values()), same_angles(anode, [*scatter])
        self.known: dict[str, list[Competitor]] = {}
        self.known_sums: dict[float, tuple[Array, Array]] = {}
        self.sum_shift, self.escaping = 0.0, 1.0
        self.usual = {*COMMON_LINE_GROUPS, *SEARCHED_LINE_GROUPS} - UNCOMMON_LINE_GROUPS
        self.tube = [f"{anode}_{shell}" for shell in "LM" if f"{anode}_{shell}" in self.place]
        self.kept = list(dict.fromkeys([*self.tube, *required]))
        self._begin(counts, photons)

    def _begin(self, counts: Array, photons: Array) -> None:
        """Take a spectrum, of which nothing is known yet."""
        rule, self.counts = self.rule, counts
        self.pile_ups = {
            shift: coincidences(photons, self.axis, self.edges - shift) for shift in rule.sum_shifts
        }
        smooth = smoothed(counts)
        self.variance = smooth + (rule.start_error * smooth) ** 2 + 1
        self.weights = 1 / self.variance
        self.inflation = np.ones(counts.size)
        self.lines = np.zeros(counts.size)
        self.always = self._always()
        self.mixture = np.full(len(self.scatter), rule.least_scattered * float(counts.sum()))
        self.areas: dict[str, float] = {}
        self.unknown: list[UnknownPeak] = []
        self.rejected: dict[str, str] = {}
        self.most = rule.pile_up * float(counts.sum()) / max(float(self.pile_ups[0.0].sum()), 1.0)
        self.rate, self.least_rate = self.most, 1e-4 * self.most
        self.refusals: dict[str, int] = {}
        self.errors: dict[str, float] = {}
        self.undecided: dict[str, str] = {}
        self.excluded: set[str] = set()
        self.tried: list[float] = []
        self.inflated = False
        self.solved: tuple[object, int, LeastSquares] | None = None

    def _always(self) -> list[Competitor]:
        edges = self.edges
        places = [float(edges[0])]
        while places[-1] < edges[-1]:
            places.append(places[-1] + self.rule.knots * float(self.detector.fwhm(places[-1])))
        knots = float(edges[0]) + (np.array(places) - places[0]) * (edges[-1] - edges[0]) / (
            places[-1] - places[0]
        )
        knots[-1] = edges[-1]
        centers = np.clip((edges[1:] + edges[:-1]) / 2, edges[0], edges[-1])
        splines = clamped_splines(centers, knots, 3) * np.diff(edges)[:, None]
        parts = [Competitor("continuum", one, np.inf) for one in splines.T]
        number = 0
        if self.anode is not None:
            number = line_group(f"{self.anode}_L").atomic_number
        parts += steps(number, edges, self.detector, self.counts)
        return parts

    def _mixture(self, amplitudes: Array) -> Array:
        """Counts of each scattered peak: none is negative, and each may be seen yet."""
        least = self.rule.least_scattered * float(self.counts.sum()) / max(amplitudes.size, 1)
        return with_weak_lines(np.maximum(amplitudes, least), self.same_angle)

    def _scattered(self) -> list[Competitor]:
        """Scattered lines as they were found, and deviations by peak.

        Peaks that lie closer than they are wide must not become differences, which look like lines.
        """
        if not self.scatter:
            return []
        name, whole = f"{self.anode} scatter", float(self.mixture.sum())
        spectra = np.column_stack(self.scatter)
        found = [Competitor(name, spectra @ self.mixture / whole, np.inf)]
        sizes = self.rule.scatter_spread * self.mixture
        return found + [
            Competitor(name, *one) for one in zip(self.scatter, sizes.tolist(), strict=True)
        ]

    def fit(self, leave_out: Collection[str] = ()) -> LeastSquares:
        """Fit all that is accepted so far, or all but some line groups and what comes with them.

        Peaks of unknown origin may be left out by their names, too.
        """
        state = (
            tuple(self.areas.items()),
            tuple(self.unknown),
            self.mixture.tobytes(),
            (self.rate, self.sum_shift, self.escaping),
        )
        if self.solved is None or self.solved[:2] != (state, id(self.weights)):
            self.solved = (state, id(self.weights), self._solved())
        places = [i for name in leave_out for i in self.places.get(name, ())]
        return self.solved[2].without(places) if places else self.solved[2]

    def _solved(self) -> LeastSquares:
        parts = [*self.always, *self._scattered()]
        parts.append(
            Competitor(
                "pile-up", self.pile_ups[self.sum_shift] * self.rate, 1.0 if self.areas else 0.1
            )
        )
        self.fitted = list(self.areas)
        self.places = {name: [place] for place, name in enumerate(self.fitted)}
        for name, area in self.areas.items():
            mine = self._companions(name, area) if area > self.rule.faint else []
            mine = [one for one in mine if self._is_felt(one)]
            first = len(self.fitted) + len(parts)
            self.places[name] += range(first, first + len(mine))
            parts += mine
        lines = bright_lines(self.areas, float(self.counts.sum()), self.voltage)
        parts += common_escape(parts)
        sums = sum_peaks(
            lines, self.rate, self.sum_shift, self.edges, self.detector, self.known_sums
        )
        parts += [one for one in sums if self._is_felt(one)]
        for peak in self.unknown:
            first = len(self.fitted) + len(parts)
            self.places.setdefault(peak.name, []).extend(range(first, first + 3))
            parts += peak.components(self.edges, self.detector)
        self.parts = parts
        own = self.whole.T[[self.place[name] for name in self.fitted]]
        sizes = np.array([np.inf] * len(own) + [part.size for part in parts])
        columns = np.vstack([own, *(part.spectrum for part in parts)]).T
        return LeastSquares(columns, sizes, self.counts, self.weights)

    def _is_felt(self, part: Competitor) -> bool:
        """Tell if the largest departure of a component is not far below the noise."""
        departure = part.size**2 * (self.weights @ part.spectrum**2)
        return bool(departure > self.rule.least_departure**2)

    def _companions(self, name: str, area: float) -> list[Competitor]:
        if name not in self.known:
            tube = name in self.tube
            found = companions(name, self.edges, self.detector, self.voltage, of_tube=tube)
            self.known[name] = list(found)
        return [
            Competitor(one.name, one.spectrum, one.size * area, one.expected * area)
            for one in self.known[name]
        ]

    def clear(self, least_share: float) -> list[str]:
        """Line groups that hold a share of all counts in a first fit."""
        self.start()
        self.refit()
        least = least_share * float(self.counts.sum())
        return [name for name, area in self.areas.items() if area > least]

    def start(self) -> None:
        """Accept what stands out of a non-negative fit of all candidates together."""
        smooth = smoothed(self.counts)
        weights = 1 / np.sqrt(smooth + (self.rule.start_error * smooth) ** 2 + 1)
        others = [part.spectrum for part in self.always if np.isinf(part.size)]
        others = [*self.scatter, *others]
        design = np.column_stack([self.whole, self.pile_ups[self.sum_shift] * self.rate, *others])
        design = design * weights[:, None]
        amplitudes, _, _ = nonnegative(design, self.counts * weights)
        first = len(self.names) + 1
        self.mixture = self._mixture(amplitudes[first : first + len(self.scatter)])
        used = np.flatnonzero(amplitudes > 0)
        part = design[:, used] / np.linalg.norm(design[:, used], axis=0)
        covariance = np.linalg.pinv(part.T @ part, rcond=1e-12, hermitian=True)
        errors = np.sqrt(np.diag(covariance)) / np.linalg.norm(design[:, used], axis=0)
        for i, error in zip(used, errors, strict=True):
            if i < len(self.names) and amplitudes[i] > self.rule.significance * error:
                self.areas[self.names[i]] = float(amplitudes[i])
        for name in self.kept:
            self.areas.setdefault(name, 1e-3 * float(self.counts.sum()))

    def refit(self) -> LeastSquares:
        """Fit again, with the errors and sizes that the last fit shows."""
        for _ in range(2):
            fit = self.fit()
            self._learn(fit)
        return self.fit()

    def _learn(self, fit: LeastSquares) -> None:
        """Take amplitudes over; drop what has become insignificant."""
        for i, name in enumerate(self.fitted):
            least = self.rule.undecided if name in self.undecided else self.rule.significance
            if name in self.kept:
                self.areas[name] = max(float(fit.amplitudes[i]), 1.0)
            elif fit.amplitudes[i] < least * self.rule.still_there * fit.errors[i]:
                del self.areas[name]
                self.refusals[name] = self.refusals.get(name, 0) + 1
            else:
                self.areas[name] = float(fit.amplitudes[i])
        n = len(self.fitted)
        for i, part in enumerate(self.parts):
            if part.name == "pile-up":
                factor = float(np.clip(fit.amplitudes[n + i], 0.01, 2.0))
                self.rate = max(self.rate * factor, self.least_rate)
            elif part.name == ALL_ESCAPES:
                self.escaping = float(np.clip(1 + fit.amplitudes[n + i], 0.0, 2.0))
        first = n + len(self.parts) - 3 * len(self.unknown)
        own = self.whole[:, [self.place[name] for name in self.areas]] @ list(self.areas.values())
        rest = np.maximum(self.counts - own, 0.0)
        self.unknown = [
            peak.moved(
                fit.amplitudes[first + 3 * i : first + 3 * i + 3],
                self.detector,
                # Counts of line groups stay theirs: errors of their shapes are no further peaks.
                peak.counts_there(rest, self.edges, self.detector),
            )
            for i, peak in enumerate(self.unknown)
        ]
        measured = smoothed(self.counts)
        smooth = np.maximum(np.maximum(fit.model, 0.0), 0.25 * measured)
        continuum, scatter, unknown = (
            np.clip(self._sum_of(fit, kind), 0.0, measured)
            for kind in ("continuum", "scatter", "keV")
        )
        if self.scatter:
            first = next(i for i, part in enumerate(self.parts) if part.name.endswith("scatter"))
            whole, *deviations = fit.amplitudes[n + first :][: 1 + len(self.scatter)]
            learned = max(float(whole), 0.0) * self.mixture / self.mixture.sum() + deviations
            self.mixture = self._mixture(learned)
        self.lines = np.maximum(smooth - continuum - scatter, 0.0)
        self.foot = np.maximum(sum(self._sum_of(fit, kind) for kind in FOOT), 0.0)
        lines = maximum_filter1d(self.lines, 3)
        error = (
            self.rule.line_error * lines
            + self.rule.continuum_error * continuum
            + self.rule.scatter_error * scatter
            + self.rule.unknown_error * unknown
        )
        self.variance = smooth + error**2 + 1
        self.weights = 1 / self.variance
        self.inflation = 1 / (
            misfit_weights(self.counts - fit.model, self.variance, self.n_local) ** 2
            * self.variance
        )

    def _sum_of(self, fit: LeastSquares, kind: str) -> Array:
        n = len(self.fitted)
        return sum(
            (
                fit.amplitudes[n + i] * part.spectrum
                for i, part in enumerate(self.parts)
                if part.name.endswith(kind)
            ),
            np.zeros(self.counts.size),
        )

    def shift_sums(self) -> None:
        """Find how far sum peaks lie from the sum of both energies, as pulses overlap in part."""
        costs = {}
        for shift in self.pile_ups:
            self.sum_shift = shift
            costs[shift] = self.misfit(self.fit())
        self.sum_shift = min(costs, key=lambda shift: costs[shift])

    def misfit(self, fit: LeastSquares) -> float:
        """Chi-square of a fit, by the weights of this spectrum."""
        return float(self.weights @ (self.counts - fit.model) ** 2)

    def scores(self, fit: LeastSquares) -> tuple[Array, Array]:
        """Counts of each candidate beside a fit, and their standard errors."""
        area, error = fit.scores(self.whole)
        if not self.inflated:
            return area, error
        norm = np.einsum("ij,ij->j", self.main, self.main) * self.main_shares
        foot = np.asarray(self.foot @ self.main / np.maximum(norm, 1e-300))
        others = np.hypot(self.of_others() * self.rule.overlap_error, foot * self.rule.foot_error)
        units = self.whole**2 * self.weights[:, None]
        units /= np.maximum(units.sum(axis=0), 1e-300)
        # Residuals that a candidate explains are no errors of the fit.
        own = np.einsum("ij,ij->j", units, uniform_filter1d(units, self.n_local, axis=0))
        explained = np.square(np.maximum(area, 0.0) / error) * own
        around = np.maximum(self.inflation @ units - explained, 1.0)
        total = np.hypot(error * np.sqrt(around), others)
        least = self.rule.significance
        for i in np.flatnonzero((area > least * error) & (area < least * total)):
            if self.names[i] in self.usual:
                counts, spread = self.by_partners(fit, self.names[i])
                if counts / spread > area[i] / total[i]:
                    area[i], total[i] = counts, spread
        return area, total

    def families(self, name: str) -> tuple[Array, Array, list[str]]:
        """Spectra of the families of a line group in the range, their shares, the main first, and names."""
        mine = np.array(self.table.columns_of(name))
        mine = mine[self.rendered[:, mine].sum(axis=0) > self.rule.least_inside]
        mine = mine[np.argsort(-self.table.shares[mine])]
        names = [self.table.labels[m][1] for m in mine]
        return self.rendered[:, mine], self.table.shares[mine], names

    def by_partners(self, fit: LeastSquares, name: str) -> tuple[float, float]:
        """Counts of a line group by all its lines but the main one, and their standard error.

        A brighter line may hide the main one, as Pb L-alpha that of As.
        """
        rendered, shares, _ = self.families(name)
        if shares.size < 2:
            return 0.0, np.inf
        rest = rendered[:, 1:] @ shares[1:]
        information, right = fit.reduced(np.column_stack([rendered[:, 0], rest]))
        information[np.diag_indices(2)] *= 1 + 1e-6
        counts, errors = solved(information, right, np.eye(2))
        error = errors[1] * np.sqrt(self.around(rest[:, None])[0])
        others, foot = rest @ np.stack([self.lines, self.foot]).T / (rest @ rest)
        others = max(float(others) - counts[1], 0.0) * self.rule.overlap_error
        return float(counts[1]), float(
            np.hypot(error, np.hypot(others, foot * self.rule.foot_error))
        )

    def least_errors(self, fit: LeastSquares, errors: Array) -> Array:
        """Standard errors of counts by all lines, or by all but the main one, whichever is less.

        Of usual candidates that are no part of the fit; of others as they are.
        """
        least = errors.copy()
        for i, name in enumerate(self.names):
            if name in self.usual and name not in self.areas:
                least[i] = min(errors[i], self.by_partners(fit, name)[1])
        return least

    def needed(self, name: str) -> float:
        """Standard errors above which a line group is believed: more of an element seldom there."""
        usual = name in self.usual
        return self.rule.significance if usual else self.rule.uncommon_significance

    def limits(self, errors: Array) -> Array:
        """Counts of each candidate, absent now, that would be as significant as the rule asks for.

        `errors` (n_candidates,): standard errors of their counts while they are absent. Returns
        (n_candidates,): the noise of its own counts comes on top of those errors (Currie 1968,
        Anal. Chem. 40, 586).
        """
        weighted = self.whole * self.weights[:, None]
        information = np.einsum("ij,ij->j", weighted, self.whole)
        own = np.einsum("ij,ij,ij->j", weighted, weighted, self.whole)
        own = own / np.maximum(information, 1e-300) ** 2
        needed = np.array([self.needed(name) for name in self.names])
        half = needed**2 * own / 2
        return np.asarray(half + np.hypot(half, needed * errors))

    def of_others(self) -> Array:
        """Counts that each candidate would have by the lines of others in the place of its main line."""
        norm = np.einsum("ij,ij->j", self.main, self.main) * self.main_shares
        counts = np.asarray(self.lines @ self.main / np.maximum(norm, 1e-300))
        for name in self.areas:
            if name in self.place:
                counts[self.place[name]] -= self.areas[name]
        return np.asarray(np.maximum(counts, 0.0))

    def around(self, columns: Array) -> Array:
        """Mean squared residual around each column, in units of its expected square, 1 or more."""
        units = columns**2 * self.weights[:, None]
        return np.asarray(self.inflation @ units / np.maximum(units.sum(axis=0), 1e-300))

    def is_hump(self, fit: LeastSquares, place: int) -> bool:
        """Tell if a broad hump explains more than a candidate: reflections, errors of the continuum."""
        energy, lines = np.array([self.energies[place]]), explained(fit, self.whole[:, [place]])

        def of_hump(width: float) -> float:
            hump = self.detector.scaled(width).peaks(energy, np.ones(1), self.edges)
            return explained(fit, hump[:, None])

        return any(of_hump(width) > lines + more for width, more in self.rule.humps)

    def scattering_anode(self) -> str | None:
        """Anode whose scattered lines explain what all else leaves, where one does clearly."""
        gains: dict[str, float] = {}
        for anode, group in ANODES.items():
            low, high = self.edges[0], self.edges[-1]
            # The Compton peak lies a twentieth lower.
            if not low < 0.95 * line_group(group, tube_voltage=1e3).main_energy < high:
                continue
            own = [f"{anode}_{shell}" for shell in "KLM"]
            without = self.fit(leave_out=own)
            softer = [self.place[name] for name in own if name[-1] == "L" and name in self.place]
            scatter = scattered_peaks(anode, self.edges, self.detector, self.rule.least_scatter)
            lines = np.column_stack([*scatter.values(), self.whole[:, softer]])
            gains[anode] = explained(without, lines)
            # An element of the object shows the same lines, but no Compton peak.
            if anode not in TUBE_ONLY and group in self.place:
                own_lines = explained(without, self.whole[:, [self.place[group]]])
                if own_lines > self.rule.own_lines * gains[anode]:
                    gains[anode] = 0.0
        if not gains:
            return None
        best = max(gains, key=lambda anode: gains[anode])
        rest = max((gain for anode, gain in gains.items() if anode != best), default=0.0)
        return best if gains[best] > self.rule.anode_gain + self.rule.anode_margin * rest else None


def solved(information: Array, right: Array, basis: Array) -> tuple[Array, Array]:
    """Amplitudes and standard errors in a basis of the columns, (n_basis, n_columns)."""
    covariance = np.linalg.pinv(basis @ information @ basis.T, hermitian=True)
    return covariance @ (basis @ right), np.sqrt(np.maximum(np.diag(covariance), 0.0))


def explained(fit: LeastSquares, extra: Array) -> float:
    """Decrease of chi-square by non-negative amplitudes of further columns."""
    information, right = fit.reduced(extra)
    # The square root of the information makes it a least-squares problem.
    values, vectors = np.linalg.eigh(information)
    kept = values > 1e-9 * values.max()
    root = np.sqrt(values[kept])[:, None] * vectors[:, kept].T
    target = (vectors[:, kept].T @ right) / np.sqrt(values[kept])
    _, _, residuals = nonnegative(root, target)
    return float(target @ target - residuals @ residuals)
